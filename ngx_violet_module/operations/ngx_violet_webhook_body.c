
/*
 * Reads the body of a webhook, which nginx has in memory, in a temporary file,
 * or in both.  Between two pieces the worker serves others: to hash 4 MB at
 * once would stop it for some milliseconds.
 */


#include "ngx_violet_webhook.h"


#if (NGX_VIOLET_CRYPTO)

#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "ngx_violet_secret.h"


/* bytes of the body that are read at once */
#define NGX_VIOLET_WEBHOOK_PIECE  65536

/* of these, pieces of a temporary file */
#define NGX_VIOLET_WEBHOOK_FILE   16384

/* ms of the timer between two pieces: the next round of the event loop */
#define NGX_VIOLET_WEBHOOK_PAUSE  0


static ngx_int_t ngx_violet_webhook_failed(void);
static void ngx_violet_webhook_cleanup(void *data);
static void ngx_violet_webhook_take_hash(ngx_violet_webhook_ctx_t *webhook,
    u_char *data, size_t len);
static void ngx_violet_webhook_take_scan(ngx_violet_webhook_ctx_t *webhook,
    u_char *data, size_t len);
static ngx_int_t ngx_violet_webhook_read(ngx_violet_webhook_ctx_t *webhook,
    ngx_violet_webhook_take_pt take);
static ssize_t ngx_violet_webhook_piece(ngx_violet_webhook_ctx_t *webhook,
    size_t size, u_char **data);
static ngx_int_t ngx_violet_webhook_pause(ngx_violet_webhook_ctx_t *webhook);
static void ngx_violet_webhook_go_on(ngx_event_t *ev);


ngx_int_t
ngx_violet_webhook_open(ngx_http_request_t *r,
    ngx_violet_webhook_ctx_t *webhook, ngx_violet_app_t *app)
{
    HMAC_CTX             *hmac;
    ngx_uint_t            i;
    ngx_http_cleanup_t   *cln;
    ngx_violet_secret_t  *secret;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_violet_webhook_cleanup;
    cln->data = webhook;

    webhook->event.handler = ngx_violet_webhook_go_on;
    webhook->event.data = webhook;
    webhook->event.log = ngx_cycle->log;

    for (i = 0; i < 2; i++) {

        secret = app->secrets[NGX_VIOLET_APP_SECRET + i];

        if (secret == NULL || secret->value.len == 0) {
            continue;
        }

        hmac = HMAC_CTX_new();
        if (hmac == NULL) {
            return ngx_violet_webhook_failed();
        }

        webhook->hmac[i] = hmac;

        if (HMAC_Init_ex(hmac, secret->value.data, (int) secret->value.len,
                         EVP_sha256(), NULL)
            != 1)
        {
            return ngx_violet_webhook_failed();
        }
    }

    return NGX_OK;
}


/* nginx would report an error that stays in libcrypto's queue as one of TLS. */

static ngx_int_t
ngx_violet_webhook_failed(void)
{
    ERR_clear_error();

    return NGX_ERROR;
}


/* The request may end while the worker is between two pieces. */

static void
ngx_violet_webhook_cleanup(void *data)
{
    ngx_violet_webhook_ctx_t  *webhook = data;

    ngx_uint_t  i;

    for (i = 0; i < 2; i++) {
        HMAC_CTX_free(webhook->hmac[i]);
        webhook->hmac[i] = NULL;
    }

    if (webhook->event.timer_set) {
        ngx_del_timer(&webhook->event);
        ngx_violet_wait_end(webhook->wait);
    }
}


ngx_int_t
ngx_violet_webhook_hash(ngx_violet_webhook_ctx_t *webhook)
{
    return ngx_violet_webhook_read(webhook, ngx_violet_webhook_take_hash);
}


ngx_int_t
ngx_violet_webhook_scan(ngx_violet_webhook_ctx_t *webhook)
{
    if (!webhook->started) {
        violet_event_scan_start(&webhook->scan);
    }

    return ngx_violet_webhook_read(webhook, ngx_violet_webhook_take_scan);
}


static void
ngx_violet_webhook_take_hash(ngx_violet_webhook_ctx_t *webhook, u_char *data,
    size_t len)
{
    ngx_uint_t  i;

    for (i = 0; i < 2; i++) {

        if (webhook->hmac[i] == NULL) {
            continue;
        }

        if (HMAC_Update(webhook->hmac[i], data, len) != 1) {
            webhook->failed = 1;
        }
    }
}


static void
ngx_violet_webhook_take_scan(ngx_violet_webhook_ctx_t *webhook, u_char *data,
    size_t len)
{
    violet_event_scan(&webhook->scan, (char *) data, len);
}


ngx_int_t
ngx_violet_webhook_signed(ngx_violet_webhook_ctx_t *webhook)
{
    u_char       digest[EVP_MAX_MD_SIZE];
    unsigned     len;
    ngx_uint_t   i, right;

    /* both are compared, whatever the first one says */

    for (i = 0, right = 0; i < 2; i++) {

        if (webhook->hmac[i] == NULL) {
            continue;
        }

        if (HMAC_Final(webhook->hmac[i], digest, &len) != 1) {
            webhook->failed = 1;
            continue;
        }

        if (len == VIOLET_SIGNATURE
            && CRYPTO_memcmp(digest, webhook->signature, VIOLET_SIGNATURE)
               == 0)
        {
            right = 1;
        }
    }

    if (webhook->failed) {
        return ngx_violet_webhook_failed();
    }

    return right ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_violet_webhook_read(ngx_violet_webhook_ctx_t *webhook,
    ngx_violet_webhook_take_pt take)
{
    u_char              *data;
    size_t               left;
    ssize_t              n;
    ngx_http_request_t  *r;

    r = webhook->request;

    if (!webhook->started) {
        webhook->started = 1;
        webhook->cl = r->request_body ? r->request_body->bufs : NULL;
        webhook->done = 0;
    }

    for (left = NGX_VIOLET_WEBHOOK_PIECE; webhook->cl; left -= (size_t) n) {

        if (webhook->done == ngx_buf_size(webhook->cl->buf)) {
            webhook->cl = webhook->cl->next;
            webhook->done = 0;
            n = 0;
            continue;
        }

        if (left == 0) {
            return ngx_violet_webhook_pause(webhook);
        }

        n = ngx_violet_webhook_piece(webhook, left, &data);

        if (n <= 0) {
            return NGX_ERROR;
        }

        take(webhook, data, (size_t) n);

        webhook->done += n;
    }

    webhook->started = 0;

    return NGX_OK;
}


/* The next bytes of the buffer, at most "size": how many, or NGX_ERROR. */

static ssize_t
ngx_violet_webhook_piece(ngx_violet_webhook_ctx_t *webhook, size_t size,
    u_char **data)
{
    ngx_buf_t  *b;

    b = webhook->cl->buf;

    size = (size_t) ngx_min((off_t) size, ngx_buf_size(b) - webhook->done);

    if (ngx_buf_in_memory(b)) {
        *data = b->pos + webhook->done;
        return (ssize_t) size;
    }

    if (webhook->buf == NULL) {
        webhook->buf = ngx_pnalloc(webhook->request->pool,
                                   NGX_VIOLET_WEBHOOK_FILE);
        if (webhook->buf == NULL) {
            return NGX_ERROR;
        }
    }

    *data = webhook->buf;

    return ngx_read_file(b->file, webhook->buf,
                         ngx_min(size, NGX_VIOLET_WEBHOOK_FILE),
                         b->file_pos + webhook->done);
}


/*
 * Parks the request until the worker has served what else is ready.  It is a
 * timer, and not a posted event: a worker that shuts down ends when it has no
 * timers.
 */

static ngx_int_t
ngx_violet_webhook_pause(ngx_violet_webhook_ctx_t *webhook)
{
    webhook->wait = ngx_violet_wait_start(webhook->request);

    if (webhook->wait == NULL) {
        return NGX_ERROR;
    }

    ngx_add_timer(&webhook->event, NGX_VIOLET_WEBHOOK_PAUSE);

    return NGX_AGAIN;
}


static void
ngx_violet_webhook_go_on(ngx_event_t *ev)
{
    ngx_violet_webhook_ctx_t  *webhook;

    webhook = ev->data;

    ngx_violet_wait_end(webhook->wait);
}

#endif /* NGX_VIOLET_CRYPTO */


/*
 * The cart-submit flow before and instead of the submit: what the guard says
 * to it, the answer that is repeated, and the read of a cart that clears up
 * what became of a lost one.  All it makes lives in the request's pool; the
 * record itself is the service's, ngx_violet_cart_record.c.
 */


#include "ngx_violet.h"
#include "ngx_violet_cart.h"
#include "ngx_violet_header.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_redis.h"
#include "ngx_violet_wait.h"


static ngx_int_t ngx_violet_cart_claimed(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_refuse(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, violet_cart_refusal_t kind);
static ngx_int_t ngx_violet_cart_fetch(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_repeat(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_looked(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_seen(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_stream(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_get(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_exchange_t *e);
static void ngx_violet_cart_got(void *data, ngx_violet_exchange_t *e);
static ngx_int_t ngx_violet_cart_record(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, int64_t id);
static ngx_int_t ngx_violet_cart_mark(ngx_http_request_t *r, char *name,
    const char *text);


ngx_int_t
ngx_violet_cart_guard(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_violet_wait_t      *wait;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    if (vlcf->submit_guard == 0) {
        return ngx_violet_cart_exchange(r, ctx);
    }

    rc = ngx_violet_cart_record(r, ctx, ctx->route.cart_id);

    if (rc == NGX_DECLINED) {
        return ngx_violet_cart_exchange(r, ctx);
    }

    if (rc != NGX_OK) {
        return ngx_violet_cart_unmade(r, ctx);
    }

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return ngx_violet_cart_unmade(r, ctx);
    }

    /* a caller who shuts its side down has said all, and is not gone */

    r->read_event_handler = ngx_http_block_reading;

    ctx->next = ngx_violet_cart_claimed;

    if (ngx_violet_record_claim(ctx->cart->record, wait) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    return ngx_violet_cart_claimed(r, ctx);
}


/* What cannot be read may say so: it is taken for a submit. */

ngx_int_t
ngx_violet_cart_payment(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  body;

    rc = ngx_violet_cart_body(r, &body);

    if (rc == NGX_ERROR) {
        return ngx_violet_cart_unmade(r, ctx);
    }

    if (rc == NGX_OK
        && !violet_cart_read_completes((char *) body.data, body.len))
    {
        ctx->route.id = VIOLET_ROUTE_OTHER;

        return ngx_violet_cart_stream(r, ctx);
    }

    return ngx_violet_cart_guard(r, ctx);
}


static ngx_int_t
ngx_violet_cart_claimed(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t       *vlcf;
    ngx_violet_record_result_t  *result;

    vlcf = ngx_violet_loc_conf(r);

    result = ngx_violet_record_result(ctx->cart->record);

    ctx->seen.redis = ngx_violet_redis_status_merge(ctx->seen.redis,
                                                    result->redis);

    /* Redis is there, and other hosts may have asked it */

    if (result->redis == NGX_VIOLET_REDIS_MEMORY
        && result->verdict == VIOLET_RECORD_CLAIMED)
    {
        return ngx_violet_cart_unmade(r, ctx);
    }

    if (result->full) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "violet: no room in the shared memory zone to guard a "
                      "submit, which is refused: make \"violet_zone\" larger");

        return ngx_violet_cart_refuse(r, ctx, VIOLET_CART_REFUSAL_NO_GUARD);
    }

    if (result->verdict == VIOLET_RECORD_CLAIMED) {
        return ngx_violet_cart_exchange(r, ctx);
    }

    if (result->verdict == VIOLET_RECORD_OTHER_BODY) {
        return ngx_violet_cart_refuse(r, ctx,
                                      VIOLET_CART_REFUSAL_OTHER_BODY);
    }

    switch (result->state) {

    case VIOLET_RECORD_IN_FLIGHT:
        return ngx_violet_cart_refuse(r, ctx,
                                      VIOLET_CART_REFUSAL_IN_FLIGHT);

    case VIOLET_RECORD_PARTIAL:

        /* who had Violet's own answer gets it again */

        if (vlcf->cart_errors == NGX_VIOLET_CART_OFF) {
            return ngx_violet_cart_fetch(r, ctx);
        }

        if (ngx_violet_cart_mark(r, "X-Violet-Submit", "repeated") != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_violet_cart_refuse(r, ctx, VIOLET_CART_REFUSAL_PARTIAL);

    case VIOLET_RECORD_COMPLETED:
        return ngx_violet_cart_fetch(r, ctx);

    default: /* VIOLET_RECORD_UNKNOWN */
        return ngx_violet_cart_refuse(r, ctx, VIOLET_CART_REFUSAL_UNKNOWN);
    }
}


/* The submit is not sent, and the caller is told why in the one schema. */

static ngx_int_t
ngx_violet_cart_refuse(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    violet_cart_refusal_t kind)
{
    u_char                       buf[NGX_VIOLET_CART_NAME];
    ngx_str_t                    id, name;
    violet_cart_answer_t         answer;
    violet_cart_verdict_t       *verdict;
    ngx_violet_record_result_t  *result;

    result = ngx_violet_record_result(ctx->cart->record);

    ngx_violet_answer_request_id(r, &id);

    ngx_memzero(&answer, sizeof(violet_cart_answer_t));

    answer.cart_id = ctx->route.cart_id;
    answer.request_id.data = (char *) id.data;
    answer.request_id.len = id.len;

    verdict = &ctx->cart->verdict;

    if (violet_cart_refusal(kind, result->status, &answer, verdict) != 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->cart->judged = 1;

    if (ngx_violet_cart_take_problem(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    name = ngx_violet_cart_name(ctx, buf);

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "violet: submit of %V was not sent: %s, an earlier one is "
                  "%s", &name, violet_reason_name(verdict->reason),
                  violet_record_name(result->state));

    return ngx_violet_cart_answer_problem(r, ctx);
}


/*
 * The order that a submit made is asked for anew: it holds secrets, and is
 * stored nowhere.
 */

static ngx_int_t
ngx_violet_cart_fetch(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    u_char                 *p;
    ngx_violet_exchange_t  *e;

    if (ctx->route.cart_id == 0) {
        return ngx_violet_cart_refuse(r, ctx,
                                      VIOLET_CART_REFUSAL_COMPLETED);
    }

    e = ngx_pcalloc(r->pool, sizeof(ngx_violet_exchange_t));
    p = ngx_pnalloc(r->pool, ctx->route.path_offset
                             + sizeof("checkout/cart/") + NGX_INT64_LEN);

    if (e == NULL || p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    e->uri.data = p;

    p = ngx_cpymem(p, r->uri.data, ctx->route.path_offset);
    p = ngx_sprintf(p, "checkout/cart/%L", ctx->route.cart_id);

    e->uri.len = p - e->uri.data;

    ctx->next = ngx_violet_cart_repeat;

    return ngx_violet_cart_get(r, ctx, e);
}


static ngx_int_t
ngx_violet_cart_repeat(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                    rc;
    ngx_violet_exchange_t       *e;
    ngx_violet_record_result_t  *result;

    e = ctx->cart->fetched;

    r->disable_not_modified = 1;

    if (e->result != NGX_VIOLET_EXCHANGE_ANSWERED
        || e->status != NGX_HTTP_OK
        || violet_cart_read((char *) e->content.data, e->content.len,
                            ctx->route.cart_id)
           == VIOLET_CART_READ_NOTHING)
    {
        return ngx_violet_cart_refuse(r, ctx,
                                      VIOLET_CART_REFUSAL_COMPLETED);
    }

    result = ngx_violet_record_result(ctx->cart->record);

    ctx->cart->judged = 1;
    ctx->cart->verdict.outcome = result->state == VIOLET_RECORD_PARTIAL
                                 ? VIOLET_CART_PARTIAL
                                 : VIOLET_CART_COMPLETED;

    if (ngx_violet_cart_set_outcome(r, ctx->cart->verdict.outcome) != NGX_OK
        || ngx_violet_cart_mark(r, "X-Violet-Submit", "repeated") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_violet_cart_pass(r, ctx, e);

    ctx->answer.status = ngx_violet_record_result(ctx->cart->record)->status;

    return rc;
}


ngx_int_t
ngx_violet_cart_read_handler(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_wait_t      *wait;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    /* a body that is sent with it, only proxy_pass knows what to do with */

    if (vlcf->submit_guard == 0
        || r->headers_in.content_length_n > 0 || r->headers_in.chunked)
    {
        return ngx_violet_cart_stream(r, ctx);
    }

    if (ngx_violet_cart_ctx(r, ctx) == NULL
        || ngx_violet_cart_record(r, ctx, ctx->route.read_id) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->next = ngx_violet_cart_looked;

    if (ngx_violet_record_look(ctx->cart->record, wait) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    return ngx_violet_cart_looked(r, ctx);
}


static ngx_int_t
ngx_violet_cart_looked(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_exchange_t       *e;
    ngx_violet_record_result_t  *result;

    result = ngx_violet_record_result(ctx->cart->record);

    ctx->seen.redis = ngx_violet_redis_status_merge(ctx->seen.redis,
                                                    result->redis);

    if (result->state != VIOLET_RECORD_UNKNOWN) {
        return ngx_violet_cart_stream(r, ctx);
    }

    e = ngx_pcalloc(r->pool, sizeof(ngx_violet_exchange_t));
    if (e == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    e->uri = r->uri;
    e->args = r->args;
    e->headers = 1;

    ctx->next = ngx_violet_cart_seen;

    return ngx_violet_cart_get(r, ctx, e);
}


/* The caller gets what Violet said, and the guard learns from it. */

static ngx_int_t
ngx_violet_cart_seen(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_exchange_t  *e;

    e = ctx->cart->fetched;

    /* a read may be repeated: proxy_pass tells the caller what is wrong */

    if (e->result != NGX_VIOLET_EXCHANGE_ANSWERED) {
        return ngx_violet_cart_stream(r, ctx);
    }

    if (e->status == NGX_HTTP_OK
        && violet_cart_read((char *) e->content.data, e->content.len,
                            ctx->route.read_id)
           == VIOLET_CART_READ_OPEN)
    {
        ngx_violet_tell_id(r);

        ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                      "violet: cart %L was not submitted, as a read of it "
                      "shows, and may be submitted again",
                      ctx->route.read_id);

        ngx_violet_record_reopen(ctx->cart->record);
    }

    r->disable_not_modified = 1;

    return ngx_violet_cart_pass(r, ctx, e);
}


/* To proxy_pass, which from now on gets the credentials. */

static ngx_int_t
ngx_violet_cart_stream(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ctx->credentials = 1;
    r->valid_unparsed_uri = 0;

    return NGX_DECLINED;
}


/* One read of Violet, captured, carried by the caller's own request. */

static ngx_int_t
ngx_violet_cart_get(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    e->carrier = r;
    e->app = ctx->app;
    e->limit = vlcf->buffer_limit;
    e->timeout = vlcf->upstream_timeout;
    e->get = 1;
    e->handler = ngx_violet_cart_got;
    e->data = r;

    ctx->waiting = 1;

    r->read_event_handler = ngx_http_block_reading;

    if (ngx_violet_exchange_start(e) != NGX_OK) {
        e->result = NGX_VIOLET_EXCHANGE_UNREACHABLE;

        ctx->waiting = 0;
        ctx->cart->fetched = e;

        return ctx->next(r, ctx);
    }

    return NGX_AGAIN;
}


static void
ngx_violet_cart_got(void *data, ngx_violet_exchange_t *e)
{
    ngx_violet_ctx_t    *ctx;
    ngx_http_request_t  *r;

    r = data;
    ctx = ngx_violet_ctx(r);

    ctx->waiting = 0;
    ctx->cart->fetched = e;

    if (e->result == NGX_VIOLET_EXCHANGE_ANSWERED) {
        (void) ngx_violet_credentials_feedback(ctx->app, &e->used, e->status);
    }

    (void) ngx_violet_exchange_copy_states(r->pool, &r->upstream_states,
                                           e->states);
}


/* The record of a cart; NGX_DECLINED if there is nothing to know it by. */

static ngx_int_t
ngx_violet_cart_record(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    int64_t id)
{
    ngx_table_elt_t           *key, *submit;
    ngx_violet_loc_conf_t     *vlcf;
    ngx_violet_main_conf_t    *vmcf;
    ngx_violet_record_conf_t   conf;

    vmcf = ngx_violet_main_conf(r);
    vlcf = ngx_violet_loc_conf(r);

    ngx_memzero(&conf, sizeof(ngx_violet_record_conf_t));

    key = ngx_violet_header_find(&r->headers_in.headers, "Idempotency-Key");
    submit = ngx_violet_header_find(&r->headers_in.headers, "X-Violet-Submit");

    if (key) {
        conf.key = key->value;
    }

    if (id == 0 && conf.key.len == 0) {
        return NGX_DECLINED;
    }

    if (conf.key.len && ngx_violet_cart_digest(r, &conf.body) != NGX_OK) {
        return NGX_ERROR;
    }

    conf.redis = vmcf->redis;
    conf.zone = vmcf->zone;
    conf.keys = ctx->app->keys;
    conf.cart_id = id;
    conf.log = r->connection->log;
    conf.time = vlcf->submit_guard;
    conf.override_unknown = (submit
                             && ngx_violet_header_is(&submit->value, "again"));

    ctx->cart->record = ngx_violet_record_create(r->pool, &conf);

    return ctx->cart->record ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_violet_cart_mark(ngx_http_request_t *r, char *name, const char *text)
{
    ngx_str_t  value;

    value.data = (u_char *) text;
    value.len = ngx_strlen(text);

    return ngx_violet_answer_header(r, name, &value);
}

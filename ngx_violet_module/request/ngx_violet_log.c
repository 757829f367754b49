
/*
 * No memory is allocated while a line is written: its texts are on the stack
 * of the function that writes it, and the id of a request is made before the
 * first line about the request.
 *
 * Angie 1.12 and later call r->log_handler as their own handler of objects,
 * which may also write JSON; `config` looks which form there is.
 */


#include "ngx_violet.h"
#include "ngx_violet_answer.h"
#include "ngx_violet_log.h"
#include "ngx_violet_random.h"


/* hexadecimal digits of $request_id */
#define NGX_VIOLET_LOG_ID  32


static void ngx_violet_log_make_id(ngx_http_request_t *r);


#if (NGX_VIOLET_LOG_OBJECT)

typedef ngx_log_ext_handler_pt   ngx_violet_log_handler_pt;

static u_char *ngx_violet_log_handler(ngx_log_t *log, u_char *buf,
    u_char *last, void *data);

#else

typedef ngx_http_log_handler_pt  ngx_violet_log_handler_pt;

static u_char *ngx_violet_log_handler(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);

#endif

static u_char *ngx_violet_log_id(ngx_http_request_t *r, u_char *buf,
    u_char *last);
static void ngx_violet_log_clean(u_char *p, u_char *last);


/* nginx's own handler, which adds the server and the request to a line */

static ngx_violet_log_handler_pt  ngx_violet_next_log_handler;


ngx_str_t
ngx_violet_log_text(ngx_str_t *text, u_char *buf)
{
    ngx_str_t  shown;

    shown.data = buf;
    shown.len = violet_text_shown((char *) text->data, text->len,
                                  (char *) buf);

    return shown;
}


void
ngx_violet_log_request_id(ngx_http_request_t *r)
{
    r = r->main;

    if (ngx_violet_next_log_handler == NULL) {
        ngx_violet_next_log_handler = r->log_handler;
    }

    /* not if it is ours already, or if another module has set its own */

    if (r->log_handler == ngx_violet_next_log_handler) {
        ngx_violet_log_make_id(r);
        r->log_handler = ngx_violet_log_handler;
    }
}


/*
 * Sets $request_id to random digits, as nginx does when the variable is first
 * used; nginx takes them from OpenSSL, which costs ten times as much.
 */

static void
ngx_violet_log_make_id(ngx_http_request_t *r)
{
    u_char                     *p;
    u_char                      bytes[NGX_VIOLET_LOG_ID / 2];
    ngx_str_t                   id;
    ngx_http_variable_value_t  *v;
    ngx_violet_main_conf_t     *vmcf;

    vmcf = ngx_violet_main_conf(r);

    v = &r->variables[vmcf->request_id];

    if (v->valid || v->not_found) {
        return;
    }

    p = ngx_pnalloc(r->pool, NGX_VIOLET_LOG_ID);

    if (p == NULL || ngx_violet_random(bytes, sizeof(bytes)) != NGX_OK) {
        ngx_violet_answer_request_id(r, &id);
        return;
    }

    (void) ngx_hex_dump(p, bytes, sizeof(bytes));

    v->data = p;
    v->len = NGX_VIOLET_LOG_ID;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
}


#if (NGX_VIOLET_LOG_OBJECT)

u_char *
ngx_violet_log_request(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char              *p, *last;
    ngx_http_log_ctx_t  *ctx;

    p = buf;
    last = buf + len;
    ctx = log->data;

    if (log->action) {
        p = ngx_log_action(log, p, last, log->action);
    }

    if (ctx->request) {
        p = ngx_log_object(log, p, last, ngx_http_log_prop(REQUEST),
                           ctx->request->log_handler, ctx);
    }

    return p;
}


static u_char *
ngx_violet_log_handler(ngx_log_t *log, u_char *buf, u_char *last, void *data)
{
    u_char              *p;
    ngx_http_log_ctx_t  *ctx;

    /* JSON has members of Angie's own only, and escapes what they hold */

    if (log->format.type == NGX_STR_ESCAPE_JSON) {
        return ngx_violet_next_log_handler(log, buf, last, data);
    }

    ctx = data;
    p = ngx_violet_log_id(ctx->request, buf, last);
    last = ngx_violet_next_log_handler(log, p, last, data);

    ngx_violet_log_clean(p, last);

    return last;
}

#else

u_char *
ngx_violet_log_request(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char              *p;
    ngx_http_request_t  *r;
    ngx_http_log_ctx_t  *ctx;

    p = buf;
    ctx = log->data;
    r = ctx->request;

    if (log->action) {
        p = ngx_snprintf(buf, len, " while %s", log->action);
        len -= p - buf;
    }

    if (r) {
        p = r->log_handler(r, ctx->current_request, p, len);
    }

    return p;
}


static u_char *
ngx_violet_log_handler(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char  *p, *last;

    p = ngx_violet_log_id(r, buf, buf + len);
    last = ngx_violet_next_log_handler(r, sr, p, len - (p - buf));

    ngx_violet_log_clean(p, last);

    return last;
}

#endif


static u_char *
ngx_violet_log_id(ngx_http_request_t *r, u_char *buf, u_char *last)
{
    ngx_http_variable_value_t  *id;
    ngx_violet_main_conf_t     *vmcf;

    vmcf = ngx_violet_main_conf(r);

    id = &r->variables[vmcf->request_id];

    if (!id->valid) {
        return buf;
    }

    return ngx_slprintf(buf, last, ", id: %v", id);
}


/* nginx writes header fields raw, and the URI of a subrequest decoded */

static void
ngx_violet_log_clean(u_char *p, u_char *last)
{
    for ( /* void */ ; p < last; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *p = '?';
        }
    }
}

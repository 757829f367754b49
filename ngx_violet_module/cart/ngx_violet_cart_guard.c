
/*
 * The submit guard of a request: asks whether the submit may be sent, reads
 * the order if that is needed, and then sends the submit or answers.  A
 * question what became of a submit goes the same way, and sends nothing.
 */


#include "ngx_violet.h"
#include "ngx_violet_cart.h"
#include "ngx_violet_header.h"
#include "ngx_violet_log.h"
#include "ngx_violet_redis.h"
#include "ngx_violet_wait.h"


static ngx_int_t ngx_violet_cart_start(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_step(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_cart_log_unshared(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, violet_cart_guard_t *guard);
static ngx_int_t ngx_violet_cart_resolved(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_no_memory(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_record(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_uint_t question);
static void ngx_violet_cart_ask(ngx_http_request_t *r, ngx_violet_ctx_t *ctx);


ngx_int_t
ngx_violet_cart_guard(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    if (vlcf->submit_guard == 0) {
        return ngx_violet_cart_exchange(r, ctx);
    }

    rc = ngx_violet_cart_record(r, ctx, 0);

    if (rc == NGX_DECLINED) {
        return ngx_violet_cart_exchange(r, ctx);
    }

    if (rc != NGX_OK) {
        return ngx_violet_cart_out_of_memory(r, ctx);
    }

    return ngx_violet_cart_start(r, ctx);
}


ngx_int_t
ngx_violet_cart_outcome_handler(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_violet_cart_ctx(r, ctx) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->cart->question = 1;

    /* without a guard there is no record: the order is read */

    if (vlcf->submit_guard == 0) {
        ngx_violet_cart_ask(r, ctx);
        return ngx_violet_cart_resolve(r, ctx, ngx_violet_cart_resolved);
    }

    if (ngx_violet_cart_record(r, ctx, 1) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_violet_cart_start(r, ctx);
}


/* A body over the limit may contain complete_checkout: treat it as a submit. */

ngx_int_t
ngx_violet_cart_payment(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  body;

    rc = ngx_violet_cart_body(r, &body);

    if (rc == NGX_ERROR) {
        return ngx_violet_cart_out_of_memory(r, ctx);
    }

    if (rc == NGX_OK
        && !violet_cart_read_completes((char *) body.data, body.len))
    {
        ctx->route.id = VIOLET_ROUTE_OTHER;

        ctx->credentials = 1;
        r->valid_unparsed_uri = 0;

        return NGX_DECLINED;
    }

    return ngx_violet_cart_guard(r, ctx);
}


static ngx_int_t
ngx_violet_cart_start(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_wait_t  *wait;

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return ngx_violet_cart_no_memory(r, ctx);
    }

    /* a caller that has closed its sending side still waits for an answer */

    r->read_event_handler = ngx_http_block_reading;

    ctx->next = ngx_violet_cart_step;

    if (ngx_violet_record_ask(ctx->cart->record, wait) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    return ngx_violet_cart_step(r, ctx);
}


static ngx_int_t
ngx_violet_cart_step(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    violet_cart_guard_t        *guard;
    ngx_violet_redis_status_e   redis;

    redis = ngx_violet_record_redis(ctx->cart->record);

    ctx->seen.redis = ngx_violet_redis_status_merge(ctx->seen.redis, redis);

    guard = ngx_violet_record_guard(ctx->cart->record);

    switch (ngx_violet_record_step(ctx->cart->record)) {

    case VIOLET_GUARD_READ:
        return ngx_violet_cart_resolve(r, ctx, ngx_violet_cart_resolved);

    case VIOLET_GUARD_SEND:

        /* nothing is sent for a caller who left while the order was read */

        if (ctx->cart->resolved && ngx_violet_cart_caller_left(r)) {
            ngx_violet_record_unsent(ctx->cart->record);
            return NGX_HTTP_CLIENT_CLOSED_REQUEST;
        }

        /* the verdict on what was read is not one on this submit */

        ngx_memzero(&ctx->cart->verdict, sizeof(violet_cart_verdict_t));
        ngx_str_null(&ctx->cart->problem);
        ctx->cart->judged = 0;

        ctx->cart->decision = guard->decision;
        ngx_violet_cart_count_guard(ctx);
        ngx_violet_cart_log_unshared(r, ctx, guard);

        return ngx_violet_cart_exchange(r, ctx);

    default: /* VIOLET_GUARD_ANSWER */
        ctx->cart->decision = guard->decision;
        return ngx_violet_cart_replay(r, ctx);
    }
}


/* The one case in which two hosts may order a cart, as the pages say. */

static void
ngx_violet_cart_log_unshared(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    violet_cart_guard_t *guard)
{
    u_char      buf[NGX_VIOLET_CART_NAME];
    ngx_str_t   name;
    ngx_uint_t  level;

    if (!guard->redis || !guard->ask.unshared) {
        return;
    }

    name = ngx_violet_cart_name(ctx, buf);
    level = guard->away ? NGX_LOG_WARN : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0,
                  "violet: submit of %V is sent although Redis %s: another "
                  "host may send it, too",
                  &name, guard->away ? "is away and has no claim of it"
                                     : "may have lost an earlier record");
}


static ngx_int_t
ngx_violet_cart_resolved(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_wait_t     *wait;
    violet_cart_record_t   none;

    r->disable_not_modified = 1;

    if (ctx->cart->record == NULL) {
        ngx_memzero(&none, sizeof(violet_cart_record_t));

        violet_cart_decide(&none, &ctx->cart->shown, &ctx->cart->ask,
                           &ctx->cart->decision);

        return ngx_violet_cart_replay(r, ctx);
    }

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return ngx_violet_cart_no_memory(r, ctx);
    }

    r->read_event_handler = ngx_http_block_reading;

    ctx->next = ngx_violet_cart_step;

    if (ngx_violet_record_shown(ctx->cart->record, &ctx->cart->shown, wait)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    return ngx_violet_cart_step(r, ctx);
}


static ngx_int_t
ngx_violet_cart_no_memory(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    return ctx->cart->question ? NGX_HTTP_INTERNAL_SERVER_ERROR
                               : ngx_violet_cart_out_of_memory(r, ctx);
}


/*
 * Makes the handle of the record; NGX_DECLINED if the request has neither the
 * id of a cart nor an Idempotency-Key.
 */

static ngx_int_t
ngx_violet_cart_record(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_uint_t question)
{
    ngx_table_elt_t           *key;
    ngx_violet_loc_conf_t     *vlcf;
    ngx_violet_main_conf_t    *vmcf;
    ngx_violet_record_conf_t   conf;

    vmcf = ngx_violet_main_conf(r);
    vlcf = ngx_violet_loc_conf(r);

    ngx_violet_cart_ask(r, ctx);

    ngx_memzero(&conf, sizeof(ngx_violet_record_conf_t));

    /* a cart has its id; a key says nothing about it */

    if (ctx->route.cart_id == 0) {
        key = ngx_violet_header_find(&r->headers_in.headers,
                                     "Idempotency-Key");

        if (key == NULL || key->value.len == 0) {
            return NGX_DECLINED;
        }

        conf.key = key->value;

        if (ngx_violet_cart_digest(r, &conf.body) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    conf.records = vmcf->records;
    conf.keys = ctx->app->keys;
    conf.cart_id = ctx->route.cart_id;
    conf.doubts = ctx->app->counts.doubts;
    conf.log = r->connection->log;
    conf.time = vlcf->submit_guard;
    conf.timeout = vlcf->read_timeout;
    conf.again = ctx->cart->ask.again;
    conf.question = question;
    conf.refuse = vlcf->submit_refuse;

    ctx->cart->record = ngx_violet_record_create(r->pool, &conf);

    return ctx->cart->record ? NGX_OK : NGX_ERROR;
}


/* Fills in the question for the decision about a cart without a record. */

static void
ngx_violet_cart_ask(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_table_elt_t        *submit;
    violet_cart_ask_t      *ask;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    submit = ngx_violet_header_find(&r->headers_in.headers, "X-Violet-Submit");

    ask = &ctx->cart->ask;

    ask->again = (submit && ngx_violet_header_is(&submit->value, "again"));
    ask->question = ctx->cart->question;
    ask->settle = violet_cart_settle_first((int64_t) vlcf->read_timeout);
}


/*
 * The submit guard: claims the record of the cart and then sends, refuses or
 * repeats the submit.  A read of a cart whose submit is unknown passes here as
 * well: it may show that nothing was ordered.  ngx_violet_cart_record.c stores
 * the record; all else is allocated in the request's pool.
 */


#include "ngx_violet.h"
#include "ngx_violet_cart.h"
#include "ngx_violet_header.h"
#include "ngx_violet_log.h"
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
static ngx_int_t ngx_violet_cart_mark_repeated(ngx_http_request_t *r);


/* for the log, by violet_cart_refusal_t */

static const char *const  ngx_violet_cart_refusals[] = {
    "another submit of it is in flight",
    "the result of an earlier submit is unknown",
    "an earlier submit ordered it",
    "an earlier submit ordered some of its bags",
    "the Idempotency-Key was used with another body",
    "there is no memory for its record"
};


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
        return ngx_violet_cart_out_of_memory(r, ctx);
    }

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return ngx_violet_cart_out_of_memory(r, ctx);
    }

    /* a caller that has closed its sending side still waits for an answer */

    r->read_event_handler = ngx_http_block_reading;

    ctx->next = ngx_violet_cart_claimed;

    if (ngx_violet_record_claim(ctx->cart->record, wait) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    return ngx_violet_cart_claimed(r, ctx);
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

    /* other hosts may have claimed the record in Redis, which works */

    if (result->redis == NGX_VIOLET_REDIS_MEMORY
        && result->verdict == VIOLET_RECORD_CLAIMED)
    {
        return ngx_violet_cart_out_of_memory(r, ctx);
    }

    if (result->full) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "violet: no room in the shared memory zone for the "
                      "record of a submit, which is refused: make "
                      "\"violet_zone\" larger");

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

        /* the first answer was Violet's own order: read the order again */

        if (vlcf->cart_errors == NGX_VIOLET_CART_OFF) {
            return ngx_violet_cart_fetch(r, ctx);
        }

        if (ngx_violet_cart_mark_repeated(r) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_violet_cart_refuse(r, ctx, VIOLET_CART_REFUSAL_PARTIAL);

    case VIOLET_RECORD_COMPLETED:
        return ngx_violet_cart_fetch(r, ctx);

    default: /* VIOLET_RECORD_UNKNOWN */
        return ngx_violet_cart_refuse(r, ctx, VIOLET_CART_REFUSAL_UNKNOWN);
    }
}


/* Answers a submit that is not sent with the problem of this kind. */

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
                  "violet: submit of %V was not sent: %s, %s", &name,
                  violet_reason_name(verdict->reason),
                  ngx_violet_cart_refusals[kind]);

    return ngx_violet_cart_answer_problem(r, ctx);
}


/*
 * Reads the order of an earlier submit from Violet.  The gateway has no copy:
 * an order has payment secrets, which are not stored.
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
        || ngx_violet_cart_mark_repeated(r) != NGX_OK)
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

    /* a read with a body is left to proxy_pass */

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


/*
 * Opens the record if Violet's answer shows that nothing was ordered; the
 * caller gets the answer.
 */

static ngx_int_t
ngx_violet_cart_seen(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_exchange_t  *e;

    e = ctx->cart->fetched;

    /* proxy_pass repeats the read and answers the caller if it fails */

    if (e->result != NGX_VIOLET_EXCHANGE_ANSWERED) {
        return ngx_violet_cart_stream(r, ctx);
    }

    if (e->status == NGX_HTTP_OK
        && violet_cart_read((char *) e->content.data, e->content.len,
                            ctx->route.read_id)
           == VIOLET_CART_READ_OPEN)
    {
        ngx_violet_log_request_id(r);

        ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                      "violet: a read of cart %L shows that it was not "
                      "submitted: it may be submitted again",
                      ctx->route.read_id);

        ngx_violet_record_reopen(ctx->cart->record);
    }

    r->disable_not_modified = 1;

    return ngx_violet_cart_pass(r, ctx, e);
}


/* Goes on to proxy_pass, with the credentials. */

static ngx_int_t
ngx_violet_cart_stream(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ctx->credentials = 1;
    r->valid_unparsed_uri = 0;

    return NGX_DECLINED;
}


/* Reads from Violet in an exchange whose carrier is the caller's request. */

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


/*
 * Makes the handle of the record; NGX_DECLINED if the request has neither the
 * id of a cart nor an Idempotency-Key.
 */

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

    conf.redis = ngx_violet_submit_redis(vmcf);
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
ngx_violet_cart_mark_repeated(ngx_http_request_t *r)
{
    ngx_str_t  value;

    ngx_str_set(&value, "repeated");

    return ngx_violet_answer_header(r, "X-Violet-Submit", &value);
}


/*
 * The cart-submit flow: reads the caller's body, claims the record of the
 * cart, sends the submit in one exchange whose carrier is the caller's
 * request, lets violet_cart.c judge the answer, settles the record, and
 * answers.  A submit is sent a second time only after a 401.  A caller who
 * leaves does not stop it.
 */


#include "ngx_violet.h"
#include "ngx_violet_cart.h"
#include "ngx_violet_count.h"
#include "ngx_violet_credentials.h"

#include "violet_token_json.h"


/* ms until the answer to a submit must be whole */
#define NGX_VIOLET_CART_TIMEOUT  300000


typedef struct {
    ngx_queue_t            queue;
    ngx_http_request_t    *request;
    ngx_violet_ctx_t      *ctx;
} ngx_violet_cart_sent_t;


static void ngx_violet_cart_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_violet_cart_mark_sent(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_cart_exchanged(void *data,
    ngx_violet_exchange_t *exchange);
static void ngx_violet_cart_unsent(ngx_violet_ctx_t *ctx);
static void ngx_violet_cart_conclude(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_exchange_t *e);
static ngx_uint_t ngx_violet_cart_passes(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_uint_t ngx_violet_cart_refused(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_exchange_t *e);
static ngx_int_t ngx_violet_cart_submit_again(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_cart_cleanup(void *data);
static void ngx_violet_cart_end(ngx_violet_cart_sent_t *sent, char *what);
static char *ngx_violet_cart_advice(ngx_violet_ctx_t *ctx);
static void ngx_violet_cart_log(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_exchange_t *e);
static ngx_int_t ngx_violet_cart_judged(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


ngx_int_t
ngx_violet_cart_handler(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    u_char               buf[NGX_VIOLET_CART_NAME];
    ngx_int_t            rc;
    ngx_str_t            name, detail;
    ngx_http_cleanup_t  *cln;

    if (ngx_violet_cart_ctx(r, ctx) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* an internal redirect clears the context, but keeps the cleanups */

    for (cln = r->main->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_violet_cart_cleanup) {
            continue;
        }

        ngx_str_set(&detail, "the cart was sent before this request was "
                             "redirected inside the gateway, and is not sent "
                             "again: read the cart");

        name = ngx_violet_cart_name(ctx, buf);

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "violet: submit of %V: unknown, %V", &name, &detail);

        if (ngx_violet_cart_set_outcome(r, VIOLET_CART_UNKNOWN) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_CONFIGURATION,
                                         0, &detail);
    }

    /* no step is due if the phases run while the body is being read */

    ctx->waiting = 1;
    ctx->next = ctx->route.id == VIOLET_ROUTE_CART_PAYMENT
                ? ngx_violet_cart_payment : ngx_violet_cart_guard;

    rc = ngx_http_read_client_request_body(r, ngx_violet_cart_body_handler);

    if (rc == NGX_HTTP_INTERNAL_SERVER_ERROR) {

        /* an unknown part of the body is still unread */

        r->keepalive = 0;

        return ngx_violet_cart_out_of_memory(r, ctx);
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_violet_cart_body_handler(ngx_http_request_t *r)
{
    ngx_violet_ctx_t  *ctx;

    ctx = ngx_violet_ctx(r);

    ctx->waiting = 0;

    r->preserve_body = 1;

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


ngx_int_t
ngx_violet_cart_exchange(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t  *vlcf;
    ngx_violet_exchange_t  *e;

    vlcf = ngx_violet_loc_conf(r);

    e = ngx_pcalloc(r->pool, sizeof(ngx_violet_exchange_t));

    if (e == NULL
        || ngx_violet_exchange_uri(r, &ctx->route, &e->uri) != NGX_OK
        || (!ctx->cart->submit_repeated
            && ngx_violet_cart_mark_sent(r, ctx) != NGX_OK))
    {
        return ngx_violet_cart_out_of_memory(r, ctx);
    }

    e->carrier = r;
    e->app = ctx->app;
    e->route = ctx->route.id;
    e->args = r->args;
    e->limit = vlcf->buffer_limit;
    e->timeout = NGX_VIOLET_CART_TIMEOUT;
    e->body = 1;
    e->headers = 1;
    e->handler = ngx_violet_cart_exchanged;
    e->data = r;

    ctx->waiting = 1;
    ctx->next = ngx_violet_cart_judged;

    r->read_event_handler = ngx_http_block_reading;
    ngx_violet_cart_hold_caller(r, ctx);

    if (ctx->cart->record) {
        ngx_violet_record_sent(ctx->cart->record);
    }

    if (ngx_violet_exchange_start(e) != NGX_OK) {
        return ngx_violet_cart_out_of_memory(r, ctx);
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_violet_cart_out_of_memory(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    u_char     buf[NGX_VIOLET_CART_NAME];
    ngx_str_t  name;

    static ngx_violet_exchange_t  none = {
        .result = NGX_VIOLET_EXCHANGE_UNREACHABLE
    };

    name = ngx_violet_cart_name(ctx, buf);

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "violet: submit of %V was not sent: no memory for the submit "
                  "or for the connection to Redis", &name);

    ngx_violet_cart_unsent(ctx);

    ctx->waiting = 0;
    ctx->cart->submitted = &none;

    ngx_violet_cart_conclude(r, ctx, ctx->cart->submitted);

    return ngx_violet_cart_judged(r, ctx);
}


/*
 * Marks the request as sent by a cleanup, which an internal redirect does not
 * remove, and adds it to the worker's queue of submits.
 */

static ngx_int_t
ngx_violet_cart_mark_sent(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_http_cleanup_t      *cln;
    ngx_violet_cart_sent_t  *sent;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);

    cln = ngx_http_cleanup_add(r, sizeof(ngx_violet_cart_sent_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    sent = cln->data;

    sent->request = r;
    sent->ctx = ctx;

    ngx_queue_insert_tail(&vmcf->submits, &sent->queue);

    ngx_violet_count_in_flight(ctx->app, 1);

    cln->handler = ngx_violet_cart_cleanup;

    return NGX_OK;
}


/*
 * Called while the subrequest ends.  The answer is judged here and not in a
 * step, since no step runs if the caller has left and nginx is about to free
 * the request.
 */

static void
ngx_violet_cart_exchanged(void *data, ngx_violet_exchange_t *e)
{
    ngx_violet_ctx_t    *ctx;
    ngx_http_request_t  *r;

    r = data;
    ctx = ngx_violet_ctx(r);

    ctx->waiting = 0;
    ctx->cart->submitted = e;

    (void) ngx_violet_exchange_copy_states(r->pool, &r->upstream_states,
                                           e->states);

    if (e->result == NGX_VIOLET_EXCHANGE_REFUSED) {
        ngx_violet_cart_release_caller(r, ctx);
        ngx_violet_cart_unsent(ctx);
        return;
    }

    if (ngx_violet_cart_refused(r, ctx, e)) {
        return;
    }

    ngx_violet_cart_conclude(r, ctx, e);
}


static void
ngx_violet_cart_unsent(ngx_violet_ctx_t *ctx)
{
    if (ctx->cart->record) {
        ngx_violet_record_unsent(ctx->cart->record);
    }
}


static void
ngx_violet_cart_conclude(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e)
{
    /* a read before the submit may have been judged */

    ctx->cart->judged = (ngx_violet_cart_judge(r, ctx, e) == NGX_OK);

    if (!ctx->cart->judged) {
        ngx_memzero(&ctx->cart->verdict, sizeof(violet_cart_verdict_t));
        ctx->cart->verdict.outcome = VIOLET_CART_UNKNOWN;
    }

    ngx_violet_cart_settle(r, ctx, e);

    ngx_violet_cart_count(ctx);
    ngx_violet_cart_log(r, ctx, e);

    ngx_violet_cart_release_caller(r, ctx);
}


/* True if the caller gets Violet's answer unchanged. */

static ngx_uint_t
ngx_violet_cart_passes(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    return ctx->cart->problem.len == 0
           || (!ctx->cart->doubted
               && vlcf->cart_errors == NGX_VIOLET_CART_OFF
               && ctx->cart->submitted->result == NGX_VIOLET_EXCHANGE_ANSWERED);
}


/*
 * True if Violet's answer is a complete 401 about the token, with which Violet
 * did nothing, and there is another token or one may come: the submit is then
 * sent a second time.
 */

static ngx_uint_t
ngx_violet_cart_refused(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e)
{
    ngx_int_t  rc;

    if (e->result != NGX_VIOLET_EXCHANGE_ANSWERED
        || ctx->cart->submit_repeated
        || (e->status == NGX_HTTP_UNAUTHORIZED
            && !violet_token_is_refused((char *) e->content.data,
                                        e->content.len)))
    {
        return 0;
    }

    rc = ngx_violet_credentials_feedback(ctx->app, &e->used, e->status);

    if (e->status != NGX_HTTP_UNAUTHORIZED
        || (rc != NGX_AGAIN
            && !ngx_violet_credentials_token_differs(ctx->app, &e->used)))
    {
        return 0;
    }

    ctx->next = ngx_violet_cart_submit_again;

    return 1;
}


static ngx_int_t
ngx_violet_cart_submit_again(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_exchange_t  *e;

    e = ctx->cart->submitted;

    if (!ctx->cart->submit_repeated) {
        ctx->cart->submit_repeated = 1;

        if (ngx_violet_credentials_park(r, ctx->app, &e->used) == NGX_AGAIN) {

            /* a caller who leaves does not stop the submit */

            r->read_event_handler = ngx_http_block_reading;

            return NGX_AGAIN;
        }
    }

    if (ngx_violet_credentials_token_differs(ctx->app, &e->used)) {
        ctx->cart->submitted = NULL;
        return ngx_violet_cart_exchange(r, ctx);
    }

    ngx_violet_cart_conclude(r, ctx, e);

    return ngx_violet_cart_judged(r, ctx);
}


/*
 * The end of a request whose submit was sent.  If a worker must stop, nginx
 * ends the request before Violet has answered: the submit is unknown then.
 */

static void
ngx_violet_cart_cleanup(void *data)
{
    ngx_violet_cart_sent_t  *sent = data;

    ngx_queue_remove(&sent->queue);

    ngx_violet_count_in_flight(sent->ctx->app, -1);

    ngx_violet_cart_end(sent, "nginx ended the request");
}


/* A worker that is told to stop at once runs no cleanups of its requests. */

void
ngx_violet_cart_stop(ngx_violet_main_conf_t *vmcf)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&vmcf->submits);
         q != ngx_queue_sentinel(&vmcf->submits);
         q = ngx_queue_next(q))
    {
        ngx_violet_cart_end(ngx_queue_data(q, ngx_violet_cart_sent_t, queue),
                            "the worker was told to stop");
    }
}


/*
 * The shared memory ends with the master process: also when the binary is
 * upgraded, since the new master makes its own.
 */

void
ngx_violet_cart_exit_master(ngx_cycle_t *cycle)
{
    ngx_uint_t               n;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_violet_module);

    if (vmcf == NULL || !vmcf->used || ngx_violet_submit_redis(vmcf)) {
        return;
    }

    n = ngx_violet_record_count_doubts(vmcf->zone);

    if (n) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "violet: %ui records of submits are in doubt or in "
                      "flight and are forgotten now, since there is no Redis: "
                      "read their carts before they are submitted again", n);
    }
}


static void
ngx_violet_cart_end(ngx_violet_cart_sent_t *sent, char *what)
{
    u_char             buf[NGX_VIOLET_CART_NAME];
    ngx_str_t          name;
    ngx_violet_ctx_t  *ctx;

    ctx = sent->ctx;

    if (ctx->cart->submitted) {

        /* the request waited for another token after a 401 */

        if (!ctx->cart->judged && ctx->next == ngx_violet_cart_submit_again) {
            ngx_violet_cart_conclude(sent->request, ctx, ctx->cart->submitted);
        }

        return;
    }

    ctx->cart->judged = 1;
    ctx->cart->verdict.outcome = VIOLET_CART_UNKNOWN;

    ngx_violet_cart_count(ctx);

    name = ngx_violet_cart_name(ctx, buf);

    ngx_log_error(NGX_LOG_ERR, sent->request->connection->log, 0,
                  "violet: submit of %V: unknown, %s before Violet answered, "
                  "app \"%V\": %s",
                  &name, what, &ctx->app->name, ngx_violet_cart_advice(ctx));
}


/* Only a record that Redis has outlives a gateway that is stopped. */

static char *
ngx_violet_cart_advice(ngx_violet_ctx_t *ctx)
{
    if (ctx->route.cart_id == 0) {
        return "look in Violet for the order before it is sent again";
    }

    if (ctx->cart->record
        && ngx_violet_record_redis(ctx->cart->record) == NGX_VIOLET_REDIS_OK)
    {
        return "submit it again, the gateway reads the cart first";
    }

    return "read the cart before it is submitted again";
}


static void
ngx_violet_cart_log(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e)
{
    u_char                  buf[NGX_VIOLET_CART_NAME];
    ngx_str_t               name;
    ngx_uint_t              level, left;
    violet_cart_verdict_t  *verdict;

    verdict = &ctx->cart->verdict;

    name = ngx_violet_cart_name(ctx, buf);

    left = ngx_violet_cart_caller_left(r);

    switch (verdict->outcome) {

    case VIOLET_CART_PARTIAL:
    case VIOLET_CART_UNKNOWN:
        level = NGX_LOG_ERR;
        break;

    case VIOLET_CART_FAILED:
        level = NGX_LOG_WARN;
        break;

    default:
        level = NGX_LOG_INFO;
    }

    if (left) {
        level = NGX_LOG_ERR;
    }

    ngx_log_error(level, r->connection->log, 0,
                  "violet: submit of %V: %s%s%s, evidence %s, Violet's "
                  "status %ui, app \"%V\"%s",
                  &name,
                  violet_cart_outcome_name(verdict->outcome),
                  verdict->has_reason ? ", " : "",
                  verdict->has_reason ? violet_reason_name(verdict->reason)
                                      : "",
                  violet_cart_evidence_name(verdict->evidence),
                  e->status, &ctx->app->name,
                  left ? ", the caller did not wait for it" : "");

    if (verdict->detail) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "violet: the answer to the submit of %V is not an order: "
                      "%s (%uz bytes, at byte %uz)",
                      &name, verdict->detail, e->content.len,
                      verdict->offset);
    }
}


static ngx_int_t
ngx_violet_cart_judged(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_str_t               detail;
    ngx_violet_exchange_t  *e;

    e = ctx->cart->submitted;

    /* never answer a submit with 304 */

    r->disable_not_modified = 1;

    if (e->result == NGX_VIOLET_EXCHANGE_REFUSED) {
        ngx_violet_answer_refusal(e->refused, &detail);

        if (ngx_violet_cart_not_sent(r, ctx, &detail) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_violet_answer_refused(r, e->refused);
    }

    if (!ctx->cart->judged) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_violet_cart_passes(r, ctx)) {

        if (ngx_violet_cart_set_outcome(r, ctx->cart->verdict.outcome)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_violet_cart_pass(r, ctx, e);
    }

    return ngx_violet_cart_answer_problem(r, ctx);
}


/*
 * The answers to a submit that is not sent, and to the question what became of
 * one: the order as it was read, or a problem.
 */


#include "ngx_violet.h"
#include "ngx_violet_cart.h"


static ngx_int_t ngx_violet_cart_refuse(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_show(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_recorded(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_partial(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, violet_cart_record_t *record);
static ngx_int_t ngx_violet_cart_not_submitted(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_cart_mark_replayed(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/* for the log, by violet_cart_refusal_t */

static const char *const  ngx_violet_cart_refusals[] = {
    "another submit of it is in flight",
    "an earlier submit is not cleared up",
    "an earlier submit ordered it, but its order cannot be shown",
    "the Idempotency-Key was used with another body",
    "neither memory nor Redis can guard it",
    "Violet refused to show its order",
    "an earlier submit is in doubt"
};


ngx_int_t
ngx_violet_cart_replay(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    r->disable_not_modified = 1;

    ngx_violet_cart_count_guard(ctx);

    if (ctx->cart->shown.state == VIOLET_READ_ORDER
        && ngx_violet_cart_mark_replayed(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (ctx->cart->decision.action) {

    case VIOLET_DECISION_SHOWN:
        return ngx_violet_cart_show(r, ctx);

    case VIOLET_DECISION_RECORDED:
        return ngx_violet_cart_recorded(r, ctx);

    case VIOLET_DECISION_NOT_SUBMITTED:
        return ngx_violet_cart_not_submitted(r, ctx);

    default: /* VIOLET_DECISION_REFUSE */
        return ngx_violet_cart_refuse(r, ctx);
    }
}


/* A problem of the guard's own. */

static ngx_int_t
ngx_violet_cart_refuse(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    u_char                   buf[NGX_VIOLET_CART_NAME];
    ngx_str_t                name;
    ngx_uint_t               level;
    violet_cart_answer_t     answer;
    violet_cart_decision_t  *decision;

    decision = &ctx->cart->decision;

    ngx_violet_cart_answer_init(r, ctx, &answer);

    if (violet_cart_refusal(decision->refusal, decision->manual, &answer,
                            &ctx->cart->verdict)
        != 0)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->cart->judged = 1;
    ctx->cart->after = decision->after;

    if (!ctx->cart->question) {
        ngx_violet_cart_count_reason(ctx);
    }

    if (ngx_violet_cart_take_problem(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    name = ngx_violet_cart_name(ctx, buf);

    if (ctx->cart->question) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "violet: the outcome of %V was asked for: %s, %s",
                      &name, violet_reason_name(ctx->cart->verdict.reason),
                      ngx_violet_cart_refusals[decision->refusal]);

    } else {
        level = decision->alarm ? NGX_LOG_ERR : NGX_LOG_WARN;

        ngx_log_error(level, r->connection->log, 0,
                      "violet: submit of %V was not sent: %s, %s%s", &name,
                      violet_reason_name(ctx->cart->verdict.reason),
                      ngx_violet_cart_refusals[decision->refusal],
                      decision->alarm
                      ? ": Violet shows that it was not submitted" : "");
    }

    return ngx_violet_cart_answer_problem(r, ctx);
}


/* The order as it was read and judged. */

static ngx_int_t
ngx_violet_cart_show(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    if (ctx->cart->problem.len && vlcf->cart_errors != NGX_VIOLET_CART_OFF) {
        return ngx_violet_cart_answer_problem(r, ctx);
    }

    if (ngx_violet_cart_set_outcome(r, ctx->cart->verdict.outcome) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_violet_cart_pass(r, ctx, ctx->cart->fetched);
}


/*
 * The order as it was read, with the outcome of the record: what was refunded
 * or canceled since was ordered all the same, and a partial never becomes
 * better.
 */

static ngx_int_t
ngx_violet_cart_recorded(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    violet_cart_record_t   *record;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    record = &ngx_violet_record_guard(ctx->cart->record)->record;

    if (record->state == VIOLET_RECORD_PARTIAL
        && vlcf->cart_errors != NGX_VIOLET_CART_OFF)
    {
        if (ngx_violet_cart_partial(r, ctx, record) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_violet_cart_answer_problem(r, ctx);
    }

    ngx_memzero(&ctx->cart->verdict, sizeof(violet_cart_verdict_t));

    ctx->cart->judged = 1;
    ctx->cart->verdict.outcome = record->state == VIOLET_RECORD_PARTIAL
                                 ? VIOLET_CART_PARTIAL
                                 : VIOLET_CART_COMPLETED;

    if (ngx_violet_cart_set_outcome(r, ctx->cart->verdict.outcome) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_violet_cart_pass(r, ctx, ctx->cart->fetched);
}


static ngx_int_t
ngx_violet_cart_partial(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    violet_cart_record_t *record)
{
    violet_cart_answer_t    answer;
    ngx_violet_exchange_t  *e;

    e = ctx->cart->fetched;

    ngx_violet_cart_answer_init(r, ctx, &answer);

    answer.status = e->status;
    answer.body.data = (char *) e->content.data;
    answer.body.len = e->content.len;

    if (violet_cart_replay_partial(&answer, record, &ctx->cart->verdict)
        != 0)
    {
        return NGX_ERROR;
    }

    ctx->cart->judged = 1;

    return ngx_violet_cart_take_problem(r, ctx);
}


static ngx_int_t
ngx_violet_cart_not_submitted(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_str_t  none, detail;

    ngx_str_set(&none, "none");
    ngx_str_set(&detail, "Violet shows that the cart was not submitted.");

    ctx->cart->judged = 0;

    if (ngx_violet_answer_header(r, "X-Violet-Cart-Outcome", &none) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_NOT_SUBMITTED, 0,
                                     &detail);
}


static ngx_int_t
ngx_violet_cart_mark_replayed(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_str_t  value;

    ngx_str_set(&value, "true");

    ctx->cart->replayed = 1;

    return ngx_violet_answer_header(r, "X-Violet-Submit-Replayed", &value);
}

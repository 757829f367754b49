
/*
 * The verdict on a submit: passes the result of the exchange to
 * core/cart/violet_cart.c, and copies the problem document to the request's
 * pool.
 */


#include "ngx_violet.h"
#include "ngx_violet_cart.h"


/* bytes: the buffer for a problem if memory runs out */
#define NGX_VIOLET_CART_FALLBACK  1280


static ngx_int_t ngx_violet_cart_judge_answer(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, violet_cart_answer_t *answer);
static violet_cart_transport_t ngx_violet_cart_transport(
    ngx_violet_exchange_t *e);


ngx_int_t
ngx_violet_cart_judge(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e)
{
    violet_cart_answer_t    answer;
    violet_cart_verdict_t  *verdict;

    ngx_violet_cart_answer_init(r, ctx, &answer);

    answer.transport = ngx_violet_cart_transport(e);
    answer.status = e->status;
    answer.body.data = (char *) e->content.data;
    answer.body.len = e->content.len;
    answer.guarded = (ctx->cart->record != NULL);

    if (ngx_violet_cart_judge_answer(r, ctx, &answer) != NGX_OK) {
        return NGX_ERROR;
    }

    verdict = &ctx->cart->verdict;

    if (ctx->route.cart_id || !answer.guarded
        || verdict->outcome != VIOLET_CART_UNKNOWN || verdict->seen.id.known)
    {
        return NGX_OK;
    }

    /* no order can be read: a repeat finds nothing out */

    answer.guarded = 0;

    return ngx_violet_cart_judge_answer(r, ctx, &answer);
}


ngx_int_t
ngx_violet_cart_judge_read(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e, int64_t id)
{
    violet_cart_answer_t    answer;
    violet_cart_verdict_t  *verdict;

    ngx_violet_cart_answer_init(r, ctx, &answer);

    answer.transport = ngx_violet_cart_transport(e);
    answer.status = e->status;
    answer.body.data = (char *) e->content.data;
    answer.body.len = e->content.len;

    /*
     * An order that is read and unknown is shown only where no record holds a
     * doubt: "later" would say that a repeat is not sent.
     */
    answer.guarded = 0;

    if (ctx->cart->record) {
        answer.sent = ngx_violet_record_guard(ctx->cart->record)->record.sent;
    }

    verdict = &ctx->cart->verdict;

    ngx_str_null(&ctx->cart->problem);

    if (violet_cart_judge_read(&answer, id, verdict) != 1) {
        return NGX_ERROR;
    }

    return verdict->problem ? ngx_violet_cart_take_problem(r, ctx) : NGX_OK;
}


void
ngx_violet_cart_answer_init(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    violet_cart_answer_t *answer)
{
    ngx_str_t                id;
    ngx_violet_loc_conf_t   *vlcf;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);
    vlcf = ngx_violet_loc_conf(r);

    ngx_violet_answer_request_id(r, &id);

    ngx_memzero(answer, sizeof(violet_cart_answer_t));

    answer->cart_id = ctx->route.cart_id;
    answer->request_id.data = (char *) id.data;
    answer->request_id.len = id.len;
    answer->partial_status = vlcf->cart_partial_status;
    answer->reasons = vmcf->reasons;
}


static ngx_int_t
ngx_violet_cart_judge_answer(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    violet_cart_answer_t *answer)
{
    u_char                 *p;
    violet_cart_verdict_t  *verdict;

    verdict = &ctx->cart->verdict;

    ngx_str_null(&ctx->cart->problem);

    if (violet_cart_judge(answer, verdict) == 0) {

        if (verdict->problem == NULL) {
            return NGX_OK;
        }

        if (ngx_violet_cart_take_problem(r, ctx) == NGX_OK) {
            return NGX_OK;
        }
    }

    /* out of memory: the answer cannot be read, the submit is unknown */

    p = ngx_pnalloc(r->pool, NGX_VIOLET_CART_FALLBACK);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->cart->problem.data = p;
    ctx->cart->problem.len = violet_cart_judge_fallback(answer, verdict,
                                                  (char *) p,
                                                  NGX_VIOLET_CART_FALLBACK);

    return ctx->cart->problem.len ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_violet_cart_take_problem(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_str_t              *problem;
    violet_cart_verdict_t  *verdict;

    verdict = &ctx->cart->verdict;
    problem = &ctx->cart->problem;

    problem->len = verdict->problem_len;
    problem->data = ngx_pnalloc(r->pool, verdict->problem_len);

    if (problem->data) {
        ngx_memcpy(problem->data, verdict->problem, verdict->problem_len);
    }

    free(verdict->problem);
    verdict->problem = NULL;

    if (problem->data == NULL) {
        ngx_str_null(problem);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static violet_cart_transport_t
ngx_violet_cart_transport(ngx_violet_exchange_t *e)
{
    switch (e->result) {

    case NGX_VIOLET_EXCHANGE_ANSWERED:
        return e->encoded ? VIOLET_CART_CUT : VIOLET_CART_ANSWERED;

    case NGX_VIOLET_EXCHANGE_UNREACHABLE:
        return VIOLET_CART_UNREACHABLE;

    case NGX_VIOLET_EXCHANGE_TIMEOUT:
        return VIOLET_CART_TIMEOUT;

    case NGX_VIOLET_EXCHANGE_TOO_LARGE:
        return VIOLET_CART_TOO_LARGE;

    default:
        return VIOLET_CART_CUT;
    }
}

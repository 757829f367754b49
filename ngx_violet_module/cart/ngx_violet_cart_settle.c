
/*
 * The end of a submit: what its record says from now on, and what the caller
 * is told about a repeat.
 */


#include "ngx_violet.h"
#include "ngx_violet_cart.h"
#include "ngx_violet_header.h"


/* s: Retry-After of a submit that did nothing, by the reason */
#define NGX_VIOLET_CART_AFTER_UNREACHABLE  5
#define NGX_VIOLET_CART_AFTER_CREDENTIALS  30

/* s: the longest Retry-After of Violet's that is used */
#define NGX_VIOLET_CART_AFTER_MAX          3600


static void ngx_violet_cart_doubted(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static int64_t ngx_violet_cart_after(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_exchange_t *e);
static int64_t ngx_violet_cart_settle_left(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static int64_t ngx_violet_cart_retry_after(ngx_http_headers_out_t *out);


/* Runs before the answer is sent: the caller may repeat the submit at once. */

void
ngx_violet_cart_settle(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e)
{
    ngx_uint_t              doubted;
    violet_cart_end_t       end;
    violet_cart_verdict_t  *verdict;

    verdict = &ctx->cart->verdict;
    doubted = 0;

    if (ctx->cart->record) {
        ngx_memzero(&end, sizeof(violet_cart_end_t));

        end.outcome = verdict->outcome;
        end.seen = violet_cart_seen_bits(&verdict->seen);
        end.manual = verdict->retry == VIOLET_CART_RETRY_MANUAL;
        end.more = violet_cart_failed_bags(verdict, end.bags);

        if (ctx->route.cart_id == 0 && verdict->seen.id.known
            && verdict->seen.id.value > 0)
        {
            end.order_id = verdict->seen.id.value;
        }

        doubted = ngx_violet_record_settle(ctx->cart->record, &end);
    }

    ctx->cart->after = ngx_violet_cart_after(r, ctx, e);

    if (doubted && ctx->cart->judged) {
        ngx_violet_cart_doubted(r, ctx);
    }
}


/* The submit has failed, but an earlier one may have ordered. */

static void
ngx_violet_cart_doubted(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    violet_cart_answer_t    answer;
    violet_cart_evidence_t  evidence;

    evidence = ctx->cart->verdict.evidence;

    ngx_violet_cart_answer_init(r, ctx, &answer);

    if (violet_cart_refusal(VIOLET_CART_REFUSAL_DOUBTED,
                            ctx->route.cart_id == 0, &answer,
                            &ctx->cart->verdict)
        != 0
        || ngx_violet_cart_take_problem(r, ctx) != NGX_OK)
    {
        ctx->cart->judged = 0;
        ctx->cart->verdict.outcome = VIOLET_CART_UNKNOWN;
        return;
    }

    ctx->cart->doubted = 1;
    ctx->cart->verdict.evidence = evidence;
    ctx->cart->after = ngx_violet_cart_settle_left(r, ctx);
}


/* s: Retry-After, if the verdict is that the submit may be repeated later. */

static int64_t
ngx_violet_cart_after(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e)
{
    int64_t                 after, asked;
    violet_cart_verdict_t  *verdict;

    verdict = &ctx->cart->verdict;

    if (verdict->outcome == VIOLET_CART_FAILED) {
        return verdict->has_reason
               && verdict->reason == VIOLET_REASON_CREDENTIALS_REJECTED
               ? NGX_VIOLET_CART_AFTER_CREDENTIALS
               : NGX_VIOLET_CART_AFTER_UNREACHABLE;
    }

    after = ngx_violet_cart_settle_left(r, ctx);

    if (e->status == NGX_HTTP_TOO_MANY_REQUESTS && e->headers_out) {
        asked = ngx_violet_cart_retry_after(e->headers_out);
        after = ngx_max(after, asked);
    }

    return after;
}


static int64_t
ngx_violet_cart_settle_left(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    violet_cart_record_t    none, *record;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    record = &none;

    if (ctx->cart->record) {
        record = &ngx_violet_record_guard(ctx->cart->record)->record;

    } else {
        ngx_memzero(&none, sizeof(violet_cart_record_t));
    }

    return violet_cart_settle_left(record,
               violet_cart_settle_first((int64_t) vlcf->read_timeout));
}


/*
 * Returns the seconds of Violet's own Retry-After; 0 if it is missing or is no
 * number of seconds.
 */

static int64_t
ngx_violet_cart_retry_after(ngx_http_headers_out_t *out)
{
    ngx_int_t         after;
    ngx_table_elt_t  *h;

    h = ngx_violet_header_find(&out->headers, "Retry-After");

    if (h == NULL) {
        return 0;
    }

    after = ngx_atoi(h->value.data, h->value.len);

    return after == NGX_ERROR ? 0
                              : ngx_min(after, NGX_VIOLET_CART_AFTER_MAX);
}

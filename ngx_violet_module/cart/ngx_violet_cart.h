
/*
 * What the parts of the cart-submit flow share: the submit itself
 * (ngx_violet_cart.c), the guard before it (ngx_violet_cart_guard.c), the
 * reading of requests (ngx_violet_cart_request.c) and the answers
 * (ngx_violet_cart_answer.c).  For nobody else.
 */

#ifndef NGX_VIOLET_CART_H
#define NGX_VIOLET_CART_H


#include "ngx_violet.h"
#include "ngx_violet_exchange.h"
#include "ngx_violet_cart_record.h"

#include "violet_cart.h"
#include "violet_cart_read.h"
#include "violet_cart_refusal.h"


/* the flow's part of a request's context */

typedef struct ngx_violet_cart_ctx_s {
    ngx_violet_record_t          *record;       /* NULL: not guarded */
    ngx_violet_exchange_t        *submitted;    /* once it has ended */
    ngx_violet_exchange_t        *fetched;      /* a read of the cart */
    violet_cart_verdict_t         verdict;      /* valid if "judged" */
    ngx_str_t                     problem;      /* empty: Violet's answer */
    ngx_event_handler_pt          caller_read;  /* nginx's own, while the */
    ngx_event_handler_pt          caller_write;  /* submit is in flight */

    unsigned                      judged:1;
    unsigned                      submit_repeated:1;  /* sent a second time,
                                                         after a 401 */
} ngx_violet_cart_ctx_t;


/*
 * The flow's part of the context, made when it is first asked for.  NULL if
 * memory runs out.
 */

ngx_violet_cart_ctx_t *ngx_violet_cart_ctx(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * The flow, entered by the handler on the routes that submit.  Returns
 * NGX_DECLINED to go on (to proxy_pass, or to the answer it has set),
 * NGX_AGAIN if the request waits, or an HTTP status.
 */

ngx_int_t ngx_violet_cart_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/* A read of a cart or an order, which may clear up what became of a submit. */

ngx_int_t ngx_violet_cart_read_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * The outcome of a submit that stayed here, for the header, the variable and
 * the error log, which is told why.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_cart_not_sent(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *why);


/* The worker ends at once: submits under way have their line in the log. */

void ngx_violet_cart_stop(ngx_violet_main_conf_t *vmcf);


/* A step: asks the guard, then submits, refuses or repeats. */

ngx_int_t ngx_violet_cart_guard(ngx_http_request_t *r, ngx_violet_ctx_t *ctx);


/* A step: is this payment a submit as well?  If not, to proxy_pass. */

ngx_int_t ngx_violet_cart_payment(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/* A step: sends the submit, of which the guard holds the claim, if any. */

ngx_int_t ngx_violet_cart_exchange(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * Memory ran out before there was anything to send: the claim is taken back,
 * and the answer says that the cart may be submitted again.
 */

ngx_int_t ngx_violet_cart_unmade(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * Sets ctx->cart->verdict, and ctx->cart->problem unless the submit has
 * succeeded.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_cart_judge(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e);


/*
 * Moves the problem document of ctx->cart->verdict, which core/ allocated with
 * malloc(), to ctx->cart->problem in the request's pool.  NGX_ERROR if memory
 * runs out.
 */

ngx_int_t ngx_violet_cart_take_problem(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * ngx_violet_cart_caller.c: from when the submit is sent until it has ended, a
 * caller who leaves does not end the request, over any version of HTTP; has he
 * left?  Holding twice is holding once, and so is releasing.
 */

void ngx_violet_cart_hold_caller(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
void ngx_violet_cart_release_caller(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
ngx_uint_t ngx_violet_cart_caller_left(ngx_http_request_t *r);


/* Sets the answer to Violet's own, byte for byte, with its headers. */

ngx_int_t ngx_violet_cart_pass(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e);


/* Sets the answer to ctx->cart->problem, with the headers that go with it. */

ngx_int_t ngx_violet_cart_answer_problem(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * What a submit is of, for the error log: a cart, by its id, or an order.  The
 * text may lie in "buf", which has room for NGX_VIOLET_CART_NAME bytes.
 */

#define NGX_VIOLET_CART_NAME  (sizeof("cart ") - 1 + NGX_INT64_LEN)

ngx_str_t ngx_violet_cart_name(ngx_violet_ctx_t *ctx, u_char *buf);


/* Adds X-Violet-Cart-Outcome.  NGX_OK or NGX_ERROR. */

ngx_int_t ngx_violet_cart_set_outcome(ngx_http_request_t *r,
    violet_cart_outcome_t outcome);


/*
 * The caller's body, which nginx has read, in one piece; empty if there is
 * none.  NGX_DECLINED if it is over violet_buffer_limit, NGX_ERROR if memory
 * runs out or the file that nginx put it in cannot be read.
 */

ngx_int_t ngx_violet_cart_body(ngx_http_request_t *r, ngx_str_t *body);


/*
 * A digest of the caller's body, whatever its size, in the request's pool.
 * NGX_ERROR as above.
 */

ngx_int_t ngx_violet_cart_digest(ngx_http_request_t *r, ngx_str_t *digest);


#endif /* NGX_VIOLET_CART_H */

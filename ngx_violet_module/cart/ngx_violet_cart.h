
/*
 * What the parts of the cart-submit flow share: the submit itself
 * (ngx_violet_cart.c), the guard before it (ngx_violet_cart_guard.c), the
 * reading of requests (ngx_violet_cart_request.c) and the answers
 * (ngx_violet_cart_answer.c).  For nobody else.
 */

#ifndef NGX_VIOLET_CART_H
#define NGX_VIOLET_CART_H


#include "ngx_violet_module.h"


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
 * Sets ctx->verdict, and ctx->problem unless the submit has succeeded.
 * NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_cart_judge(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e);


/* Sets the answer to Violet's own, byte for byte, with its headers. */

ngx_int_t ngx_violet_cart_pass(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e);


/* Sets the answer to ctx->problem, with the headers that go with it. */

ngx_int_t ngx_violet_cart_answer_problem(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/* Adds X-Violet-Cart-Outcome.  NGX_OK or NGX_ERROR. */

ngx_int_t ngx_violet_cart_set_outcome(ngx_http_request_t *r,
    violet_cart_outcome_t outcome);


/* The first header of the caller's that has this name, or NULL. */

ngx_table_elt_t *ngx_violet_cart_header(ngx_http_request_t *r, char *name);


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

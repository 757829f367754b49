
/*
 * The cart-submit flow: the submit (ngx_violet_cart.c), the guard before it
 * (ngx_violet_cart_guard.c), the gateway's own read (ngx_violet_cart_resolve.c)
 * and the answers without a submit (ngx_violet_cart_replay.c), the caller's
 * connection (ngx_violet_cart_caller.c), the caller's body
 * (ngx_violet_cart_request.c), the verdict (ngx_violet_cart_judge.c) and the
 * answer (ngx_violet_cart_answer.c).
 */

#ifndef NGX_VIOLET_CART_H
#define NGX_VIOLET_CART_H


#include "ngx_violet.h"
#include "ngx_violet_exchange.h"
#include "ngx_violet_cart_record.h"

#include "violet_cart.h"
#include "violet_cart_decision.h"
#include "violet_cart_read.h"
#include "violet_cart_refusal.h"


/* the flow's part of a request's context */

typedef struct ngx_violet_resolve_s  ngx_violet_resolve_t;


typedef struct ngx_violet_cart_ctx_s {
    ngx_violet_record_t          *record;       /* NULL: not guarded */
    ngx_violet_exchange_t        *submitted;    /* once it has ended */
    violet_cart_verdict_t         verdict;      /* valid if "judged" */
    ngx_str_t                     problem;      /* empty: Violet's answer */
    int64_t                       after;        /* s: Retry-After */

    /* before the submit: what is asked, read and decided */
    violet_cart_ask_t             ask;
    ngx_violet_resolve_t         *resolve;
    ngx_violet_exchange_t        *fetched;      /* the read */
    violet_cart_shown_t           shown;
    violet_cart_decision_t        decision;

    /* nginx's handlers of the connection while the submit is in flight */
    ngx_event_handler_pt          caller_read;
    ngx_event_handler_pt          caller_write;

    unsigned                      question:1;   /* the caller only asks what
                                                   became of the submit */
    unsigned                      resolved:1;   /* the order was read */
    unsigned                      replayed:1;   /* the answer is made from
                                                   that read */
    unsigned                      doubted:1;    /* this submit failed, and an
                                                   earlier one is in doubt */
    unsigned                      judged:1;     /* "verdict" is valid */
    unsigned                      counted:1;    /* the outcome is counted */
    unsigned                      submit_repeated:1;  /* sent a second time,
                                                         after a 401 */
} ngx_violet_cart_ctx_t;


/*
 * The flow's part of the context, allocated by the first call.  NULL if
 * memory runs out.
 */

ngx_violet_cart_ctx_t *ngx_violet_cart_ctx(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * Starts the flow, on the routes that submit.  Returns NGX_DECLINED to go on
 * to proxy_pass or to the answer that is set, NGX_AGAIN if the request waits,
 * or an HTTP status.
 */

ngx_int_t ngx_violet_cart_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * The same for GET checkout/cart/{id}/submit: what became of the submit.
 * Nothing is sent but a read.
 */

ngx_int_t ngx_violet_cart_outcome_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * Sets the outcome "failed" of a submit that was not sent, in the header and
 * the variable, and logs why.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_cart_not_sent(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *why);


/* Logs all submits in flight of a worker that is told to stop at once. */

void ngx_violet_cart_stop(ngx_violet_main_conf_t *vmcf);


/* Warns of doubts that are forgotten with the master process. */

void ngx_violet_cart_exit_master(ngx_cycle_t *cycle);


/* A step: claims the record, then submits, refuses or repeats. */

ngx_int_t ngx_violet_cart_guard(ngx_http_request_t *r, ngx_violet_ctx_t *ctx);


/*
 * A step: goes on to the guard if the payment is a submit as well, else to
 * proxy_pass.
 */

ngx_int_t ngx_violet_cart_payment(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * A step: reads the order and sets ctx->cart->shown, and, if an order was read,
 * ctx->cart->verdict and ctx->cart->problem.  Then "next" is called.
 */

ngx_int_t ngx_violet_cart_resolve(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_step_pt next);


/* Answers without a submit, as ctx->cart->decision says. */

ngx_int_t ngx_violet_cart_replay(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/* A step: sends the submit.  Its record, if there is one, is claimed. */

ngx_int_t ngx_violet_cart_exchange(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * Memory ran out before the submit was sent, for the request or for the
 * connection to Redis: takes the claim back and sets an answer that says that
 * the cart may be submitted again.
 */

ngx_int_t ngx_violet_cart_out_of_memory(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * Count the outcome of a submit, once, with its reason; the reason alone; and
 * what the guard did.
 */

void ngx_violet_cart_count(ngx_violet_ctx_t *ctx);
void ngx_violet_cart_count_reason(ngx_violet_ctx_t *ctx);
void ngx_violet_cart_count_guard(ngx_violet_ctx_t *ctx);


/*
 * Sets ctx->cart->verdict, and ctx->cart->problem unless the submit has
 * succeeded.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_cart_judge(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e);


/*
 * The same for the answer to a read.  NGX_ERROR also if it is not a whole 200
 * with the order of this id.
 */

ngx_int_t ngx_violet_cart_judge_read(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_exchange_t *e, int64_t id);


/* Sets what every answer has for core/cart: ids and the operator's wishes. */

void ngx_violet_cart_answer_init(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, violet_cart_answer_t *answer);


/*
 * Settles the record, if there is one, by ctx->cart->verdict, and sets
 * ctx->cart->after.  "e" is the exchange.
 */

void ngx_violet_cart_settle(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e);


/*
 * Moves the problem document of ctx->cart->verdict, which core/ allocated with
 * malloc(), to ctx->cart->problem in the request's pool.  NGX_ERROR if memory
 * runs out.
 */

ngx_int_t ngx_violet_cart_take_problem(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * ngx_violet_cart_caller.c: between hold and release, a caller who leaves does
 * not end the request, over any version of HTTP.  A second call of either does
 * nothing.  ngx_violet_cart_caller_left() is true if the caller has left.
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
 * The name of the cart for the error log, with its id, or of an order.  The
 * text may point into "buf", which must have NGX_VIOLET_CART_NAME bytes.
 */

#define NGX_VIOLET_CART_NAME  (sizeof("cart ") - 1 + NGX_INT64_LEN)

ngx_str_t ngx_violet_cart_name(ngx_violet_ctx_t *ctx, u_char *buf);


/* Adds X-Violet-Cart-Outcome.  NGX_OK or NGX_ERROR. */

ngx_int_t ngx_violet_cart_set_outcome(ngx_http_request_t *r,
    violet_cart_outcome_t outcome);


/*
 * The caller's body, which nginx has read, in one piece; empty if there is
 * no body.  NGX_DECLINED if it is over violet_buffer_limit, NGX_ERROR if
 * memory runs out or the temporary file of the body cannot be read.
 */

ngx_int_t ngx_violet_cart_body(ngx_http_request_t *r, ngx_str_t *body);


/*
 * A digest of the caller's body of any size, in the request's pool.  NGX_ERROR
 * as above.
 */

ngx_int_t ngx_violet_cart_digest(ngx_http_request_t *r, ngx_str_t *digest);


#endif /* NGX_VIOLET_CART_H */


/*
 * The verdict on Violet's answer to a cart submit, and the problem document
 * for the caller.  The input is the body of the answer and the result of the
 * exchange; nothing is kept between calls.
 *
 * In doubt the verdict is "unknown": after a wrong "failed" the caller orders
 * twice, after a wrong "completed" the order is lost.
 *
 * Sources: Violet, "Submit Cart" (orders, errors[], API exceptions), and
 * RFC 9457 (problem details).
 */

#ifndef VIOLET_CART_H
#define VIOLET_CART_H


#include <stdint.h>
#include <stddef.h>

#include "violet_cart_words.h"
#include "violet_reason.h"
#include "violet_text.h"


/* how the exchange with Violet ended */

typedef enum {
    VIOLET_CART_ANSWERED = 0,     /* a whole answer: status and body */
    VIOLET_CART_UNREACHABLE,      /* nothing was sent to any peer */
    VIOLET_CART_TIMEOUT,          /* sent, but not answered in time */
    VIOLET_CART_CUT,              /* answer cut off or not valid HTTP */
    VIOLET_CART_TOO_LARGE         /* over violet_buffer_limit */
} violet_cart_transport_t;


typedef struct {
    violet_cart_transport_t   transport;
    unsigned                  status;       /* HTTP status, if answered */
    violet_text_t             body;         /* as received */

    int64_t                   cart_id;      /* from the request's path */
    violet_text_t             request_id;   /* $request_id */

    unsigned                  partial_status;   /* 200, 207, 422 or 502 */
    const violet_reasons_t   *reasons;          /* the operator's; may be
                                                   NULL */
} violet_cart_answer_t;


typedef struct {
    violet_cart_outcome_t     outcome;

    /* of a problem only */
    unsigned                  status;       /* to the caller */
    violet_cart_retry_t       retry;

    /* the reason of the first blocking error; valid if has_reason */
    unsigned                  has_reason:1;
    violet_reason_t           reason;

    /*
     * The problem document: allocated with malloc(), to be freed with
     * free().  NULL if Violet's answer passes unchanged (completed, pending
     * and requires_action).
     */
    char                     *problem;
    size_t                    problem_len;

    /*
     * For the log: why an answer under 2xx is not an order, static; NULL if
     * it is one.  The offset is where the JSON parser stopped, in bytes.
     */
    const char               *detail;
    size_t                    offset;
} violet_cart_verdict_t;


/*
 * Judges an answer.  Returns 0, or -1 if memory ran out; the caller then calls
 * violet_cart_judge_fallback(), which allocates nothing.
 */

int violet_cart_judge(const violet_cart_answer_t *answer,
    violet_cart_verdict_t *verdict);


/*
 * The verdict if memory ran out: unknown, check_first, UPSTREAM_INVALID.
 * Writes the document to "buffer" and returns its length in bytes, or 0 if
 * "size" is below 1280.
 */

size_t violet_cart_judge_fallback(const violet_cart_answer_t *answer,
    violet_cart_verdict_t *verdict, char *buffer, size_t size);


#endif /* VIOLET_CART_H */


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
#include "violet_json.h"
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

    unsigned                  partial_status;   /* 200, 207 or 422 */
    const violet_reasons_t   *reasons;          /* the operator's; may be
                                                   NULL */

    /*
     * The guard holds a record of this submit, so that a repeat finds out what
     * became of it: "later" is right for "unknown".  Else it is "manual".
     */
    unsigned                  guarded:1;

    /* ms since the epoch: when the submit was sent; 0 if not known */
    int64_t                   sent;
} violet_cart_answer_t;


/*
 * The evidence of a submit in an order.  The order came as the answer to the
 * submit or by a later read of the cart.
 */

typedef struct {
    unsigned                  order:1;      /* an order that can be judged;
                                               without it all others are 0 */
    violet_id_t               id;           /* of the order */

    /* a bag is, by its status or by the table of bags */
    unsigned                  submitted:1;
    unsigned                  made:1;       /* the merchant has the order */
    unsigned                  accepted:1;
    unsigned                  failed:1;
    unsigned                  unknown:1;

    /* the order's own status */
    unsigned                  processing:1;
    unsigned                  ordered:1;    /* ACCEPTED or COMPLETED */

    /* every bag, or the order, is REJECTED or CANCELED */
    unsigned                  rejected:1;

    /* this submit did nothing yet */
    unsigned                  not_submitted:1;
} violet_cart_seen_t;


/* the ids of bags that are kept of a verdict; see violet_cart_verdict_t */

#define VIOLET_CART_FAILED_BAGS  32


typedef struct {
    violet_cart_outcome_t     outcome;
    violet_cart_evidence_t    evidence;     /* the one thing that decided */
    violet_cart_seen_t        seen;

    /*
     * The bags of an order that are neither accepted nor pending: their
     * number, and the ids of the first VIOLET_CART_FAILED_BAGS, where 0 is a
     * bag without an id.
     */
    size_t                    nfailed;
    int64_t                   failed[VIOLET_CART_FAILED_BAGS];

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
 * The verdict if memory ran out: unknown, UPSTREAM_INVALID.  Writes the
 * document to "buffer" and returns its length in bytes, or 0 if "size" is
 * below 1280.
 */

size_t violet_cart_judge_fallback(const violet_cart_answer_t *answer,
    violet_cart_verdict_t *verdict, char *buffer, size_t size);


#endif /* VIOLET_CART_H */


/*
 * The problem documents of the submit guard's own answers, and of a partial
 * order that is shown again.
 */

#ifndef VIOLET_CART_REFUSAL_H
#define VIOLET_CART_REFUSAL_H


#include "violet_cart.h"
#include "violet_cart_record.h"


typedef enum {
    VIOLET_CART_REFUSAL_IN_FLIGHT = 0,  /* another submit is in flight */
    VIOLET_CART_REFUSAL_UNKNOWN,        /* an earlier one is not cleared up */
    VIOLET_CART_REFUSAL_COMPLETED,      /* ordered, but the order cannot be
                                           shown */
    VIOLET_CART_REFUSAL_OTHER_BODY,     /* same key, but another body */
    VIOLET_CART_REFUSAL_NO_GUARD,       /* neither memory nor Redis has room */
    VIOLET_CART_REFUSAL_CREDENTIALS,    /* Violet refused to show the order */
    VIOLET_CART_REFUSAL_DOUBTED         /* sent, and failed, but an earlier
                                           one is in doubt */
} violet_cart_refusal_t;


/*
 * Fills in the verdict and its document, as violet_cart_judge() does, for a
 * submit that was not sent.  Only cart_id and request_id of the answer are
 * read.  "manual": a person must look; else the submit may be repeated later.
 * Returns 0, or -1 if memory ran out.
 */

int violet_cart_refusal(violet_cart_refusal_t kind, int manual,
    const violet_cart_answer_t *answer, violet_cart_verdict_t *verdict);


/*
 * The same for a partial order: the answer is the order as it was read, the
 * record says which bags have failed.  All others were ordered, whatever
 * became of them since.
 */

int violet_cart_replay_partial(const violet_cart_answer_t *answer,
    const violet_cart_record_t *record, violet_cart_verdict_t *verdict);


#endif /* VIOLET_CART_REFUSAL_H */

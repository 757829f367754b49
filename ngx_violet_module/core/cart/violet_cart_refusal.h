
/*
 * The problem documents for submits that the submit guard refuses to send.
 */

#ifndef VIOLET_CART_REFUSAL_H
#define VIOLET_CART_REFUSAL_H


#include "violet_cart.h"


typedef enum {
    VIOLET_CART_REFUSAL_IN_FLIGHT = 0,  /* another submit is in flight */
    VIOLET_CART_REFUSAL_UNKNOWN,        /* an earlier result is unknown */
    VIOLET_CART_REFUSAL_COMPLETED,      /* ordered, but the order cannot be
                                           read */
    VIOLET_CART_REFUSAL_PARTIAL,        /* an earlier submit was partial */
    VIOLET_CART_REFUSAL_OTHER_BODY,     /* same key, but another body */
    VIOLET_CART_REFUSAL_NO_GUARD,       /* no memory for a record */
    VIOLET_CART_REFUSAL_CREDENTIALS     /* Violet refused to show the order */
} violet_cart_refusal_t;


/*
 * Fills in the verdict and its document, as violet_cart_judge() does, for a
 * submit that was not sent.  Only cart_id and request_id of the answer are
 * read.  "status" is the HTTP status for PARTIAL; the other kinds have a fixed
 * one.  Returns 0, or -1 if memory ran out.
 */

int violet_cart_refusal(violet_cart_refusal_t kind, unsigned status,
    const violet_cart_answer_t *answer, violet_cart_verdict_t *verdict);


#endif /* VIOLET_CART_REFUSAL_H */

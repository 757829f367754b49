
/*
 * The problem documents for submits that the guard does not send.
 */

#ifndef VIOLET_CART_REFUSAL_H
#define VIOLET_CART_REFUSAL_H


#include "violet_cart.h"


typedef enum {
    VIOLET_CART_REFUSAL_IN_FLIGHT = 0,  /* one is under way */
    VIOLET_CART_REFUSAL_UNKNOWN,        /* what became of one is not known */
    VIOLET_CART_REFUSAL_COMPLETED,      /* one is, the order is not here */
    VIOLET_CART_REFUSAL_PARTIAL,        /* one was, repeated */
    VIOLET_CART_REFUSAL_OTHER_BODY,
    VIOLET_CART_REFUSAL_NO_GUARD        /* no room to remember one */
} violet_cart_refusal_t;


/*
 * The problem for a submit that was not sent.  Of the answer, cart_id and
 * request_id are read.  The status of PARTIAL is "status", that of the others
 * their own.  Fills in the verdict and its document as violet_cart_judge()
 * does; returns 0, or -1 if memory ran out.
 */

int violet_cart_refusal(violet_cart_refusal_t kind, unsigned status,
    const violet_cart_answer_t *answer, violet_cart_verdict_t *verdict);


#endif /* VIOLET_CART_REFUSAL_H */

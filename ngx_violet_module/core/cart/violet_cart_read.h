
/*
 * Bodies other than the answer to a submit: a payment, which may complete the
 * checkout, and Violet's answer to the read of a cart or an order, which may
 * show that nothing was ordered.  No pointer into a body is kept.
 */

#ifndef VIOLET_CART_READ_H
#define VIOLET_CART_READ_H


#include <stddef.h>
#include <stdint.h>

#include "violet_cart.h"


/*
 * True if the body of a payment has a "complete_checkout" that Violet may
 * take for true, or if the body cannot be parsed.
 */

int violet_cart_read_completes(const char *data, size_t len);


/*
 * Judges the answer to the gateway's own read of a cart or an order, as
 * violet_cart_judge() judges the answer to a submit; answer->sent says when
 * the submit was sent.  Returns 1 if the answer is a whole 200 with the order
 * of this id, 0 if the read failed, and -1 if memory ran out.  After 0 and -1
 * there is no verdict and no problem document; after 1 the document is the
 * caller's to free, and verdict->seen says what the order shows.
 */

int violet_cart_judge_read(const violet_cart_answer_t *answer, int64_t id,
    violet_cart_verdict_t *verdict);


#endif /* VIOLET_CART_READ_H */

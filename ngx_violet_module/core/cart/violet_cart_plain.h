
/*
 * The shortest way to the most frequent verdict: an order that is completed,
 * without errors, whose bags are all accepted.  It is read where it lies, and
 * nothing is allocated.
 */

#ifndef VIOLET_CART_PLAIN_H
#define VIOLET_CART_PLAIN_H


#include <stdint.h>

#include "violet_text.h"


/*
 * True if the text is JSON, and such an order: its status is COMPLETED or
 * ACCEPTED; it lists a bag, and the status of each is of the first list; it has
 * no errors; each payment is authorized, captured or bypassed.  Sets *id to its
 * id.
 *
 * False says nothing: the text must then be read by violet_cart_body_read(),
 * which finds the same verdict for an order for which this is true.  One kind
 * of order differs: if an accepted bag has a name such as "id" twice, that
 * function finds the order unknown, and this one finds it completed.
 */

int violet_cart_is_plain(violet_text_t text, int64_t *id);


#endif /* VIOLET_CART_PLAIN_H */

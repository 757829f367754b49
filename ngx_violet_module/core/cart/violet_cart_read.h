
/*
 * Bodies that are read beside the answer to a submit: a payment that may
 * complete the checkout, and the read of a cart or an order, which may show
 * that nothing was ordered.  Nothing is kept of either.
 */

#ifndef VIOLET_CART_READ_H
#define VIOLET_CART_READ_H


#include <stddef.h>
#include <stdint.h>


/*
 * Does the body of a payment say "complete_checkout"?  Whatever Violet might
 * read as true does, and so does a body that cannot be parsed.
 */

int violet_cart_read_completes(const char *data, size_t len);


/* what an answer to the read of a cart or an order says of its submit */

typedef enum {
    VIOLET_CART_READ_NOTHING = 0,  /* it is no order of this id */
    VIOLET_CART_READ_ORDER,        /* it is, and may be submitted */
    VIOLET_CART_READ_OPEN          /* it shows that nothing was ordered */
} violet_cart_read_t;


/*
 * Reads the body of a complete 200.  Nothing was ordered only if all of this
 * holds: the order has the id and the status IN_PROGRESS; its bags are an
 * array of objects and each has a status, IN_PROGRESS; no bag is paid,
 * authorized or pending; no payment is being worked on or was made.
 */

violet_cart_read_t violet_cart_read(const char *data, size_t len,
    int64_t id);


#endif /* VIOLET_CART_READ_H */

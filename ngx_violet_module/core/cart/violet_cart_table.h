
/*
 * The two tables of docs/cart-errors.md: what an answer means for the cart.
 * Rows are constant; choosing one allocates nothing.
 */

#ifndef VIOLET_CART_TABLE_H
#define VIOLET_CART_TABLE_H


#include "violet_cart.h"
#include "violet_cart_body.h"


/* the status of a row: that of the operator's violet_cart_partial_status */

#define VIOLET_CART_TABLE_PARTIAL  1


typedef struct {
    violet_cart_outcome_t    outcome;
    unsigned                 status;        /* 0: that of the answer */
    violet_cart_retry_t      retry;

    /* reasons come from the errors in the body, not from the row */
    unsigned                 from_body;
    violet_reason_t          reason;

    /* a sentence for the caller, static; NULL where Violet's answer passes */
    const char              *detail;
} violet_cart_table_t;


/* The row that follows without a body; NULL if the body has to be read. */

const violet_cart_table_t *violet_cart_table_transport(
    const violet_cart_answer_t *answer);


/* The row for an answer whose body was read. */

const violet_cart_table_t *violet_cart_table_answer(
    const violet_cart_answer_t *answer, violet_cart_body_t *body);


/* The row for an answer that could not be read, for want of memory. */

const violet_cart_table_t *violet_cart_table_fallback(void);


#endif /* VIOLET_CART_TABLE_H */

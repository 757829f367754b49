
/*
 * The tables of docs/cart-errors.md: what an answer, or an order, means for the
 * cart.  Rows are constant; choosing one allocates nothing.
 */

#ifndef VIOLET_CART_TABLE_H
#define VIOLET_CART_TABLE_H


#include "violet_cart.h"
#include "violet_cart_body.h"
#include "violet_order.h"


/* statuses of a row that are no HTTP status */

#define VIOLET_CART_TABLE_SAME     0   /* that of the answer */
#define VIOLET_CART_TABLE_PARTIAL  1   /* violet_cart_partial_status */
#define VIOLET_CART_TABLE_4XX      2   /* that of the answer if 4xx, else 502 */


typedef struct {
    violet_cart_outcome_t    outcome;
    unsigned                 status;        /* to the caller */
    violet_cart_retry_t      retry;

    /* reasons come from the errors in the body, if there are any */
    unsigned                 from_body;
    violet_reason_t          reason;

    violet_cart_evidence_t   evidence;

    /* a sentence for the caller, static; NULL where Violet's answer passes */
    const char              *detail;
} violet_cart_verdict_row_t;


/*
 * The row for an answer whose body was read.  *evidence is that of the row, or
 * of the bag that decided.
 */

const violet_cart_verdict_row_t *violet_cart_table_find(
    const violet_cart_answer_t *answer, violet_cart_body_t *body,
    violet_cart_evidence_t *evidence);


/* The row for an order alone. */

const violet_cart_verdict_row_t *violet_order_table_find(
    const violet_order_t *order, violet_cart_evidence_t *evidence);


/* The row for an answer that could not be read, for want of memory. */

const violet_cart_verdict_row_t *violet_cart_table_fallback(void);


#endif /* VIOLET_CART_TABLE_H */

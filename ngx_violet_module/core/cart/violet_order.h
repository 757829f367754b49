
/*
 * The parts of Violet's order that a verdict needs: its bags with the outcome
 * of each, and its errors.  Texts point into the JSON tree of the order.
 * violet_order_t owns the bags; the caller owns the list of errors.
 */

#ifndef VIOLET_ORDER_H
#define VIOLET_ORDER_H


#include <stddef.h>

#include <jansson.h>

#include "violet_bags.h"
#include "violet_error.h"
#include "violet_json.h"
#include "violet_text.h"


typedef struct {
    violet_text_t           status;

    violet_bags_t           bags;
    violet_errors_t        *errors;
    violet_words_t         *words;

    size_t                  failed;         /* of the bags */

    unsigned                has_status:1;       /* of any JSON type */
    unsigned                canceled:1;         /* the whole order, or it was
                                                   rejected */
    unsigned                requires_action:1;
    unsigned                contradiction:1;    /* an accepted bag with an
                                                   EXTERNAL_SUBMIT_CART error */
    unsigned                blocking:1;         /* there is a blocking error */
    unsigned                blocking_other:1;   /* and its scope is not
                                                   PAYMENT */
    unsigned                all_blocked:1;      /* a payment for all bags
                                                   failed */
} violet_order_t;


typedef enum {
    VIOLET_ORDER_REQUIRES_ACTION = 0,
    VIOLET_ORDER_PARTIAL,
    VIOLET_ORDER_CONTRADICTION,
    VIOLET_ORDER_COMPLETED,
    VIOLET_ORDER_PENDING,
    VIOLET_ORDER_NO_BAGS,
    VIOLET_ORDER_PAYMENT_FAILED,
    VIOLET_ORDER_FAILED_OPEN,       /* the cart may be submitted again */
    VIOLET_ORDER_FAILED,
    VIOLET_ORDER_UNCLEAR
} violet_order_verdict_t;


/*
 * Reads an order, which must list no more than VIOLET_BAGS_MAX bags, and adds
 * its errors to the list.  Returns 0, or -1 if memory ran out; call
 * violet_order_free() after either.
 */

int violet_order_read(violet_order_t *order, const json_t *root,
    violet_words_t *words, violet_errors_t *errors);

void violet_order_free(violet_order_t *order);


/* The first row of the table of orders in docs/cart-errors.md that fits. */

violet_order_verdict_t violet_order_judge(const violet_order_t *order);


#endif /* VIOLET_ORDER_H */

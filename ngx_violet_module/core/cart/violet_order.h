
/*
 * Violet's order as far as a verdict needs it: its bags and how each ended,
 * and which errors stand in the way.  Texts point into the tree that was
 * read; the bags are owned by violet_order_t, the errors by the caller who
 * passed their list.
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

    unsigned                has_status:1;       /* of whatever type */
    unsigned                canceled:1;         /* or rejected, as a whole */
    unsigned                requires_action:1;
    unsigned                contradiction:1;
    unsigned                blocking:1;         /* an error of any scope */
    unsigned                blocking_other:1;   /* one that is no payment's */
    unsigned                all_blocked:1;      /* a payment for all bags */
} violet_order_t;


typedef enum {
    VIOLET_ORDER_REQUIRES_ACTION = 0,
    VIOLET_ORDER_PARTIAL,
    VIOLET_ORDER_CONTRADICTION,
    VIOLET_ORDER_COMPLETED,
    VIOLET_ORDER_PENDING,
    VIOLET_ORDER_NO_BAGS,
    VIOLET_ORDER_PAYMENT_FAILED,
    VIOLET_ORDER_FAILED_OPEN,       /* the cart can be submitted again */
    VIOLET_ORDER_FAILED,
    VIOLET_ORDER_UNCLEAR
} violet_order_verdict_t;


/*
 * Reads an order and adds its errors to the list.  Returns 0, or -1 if
 * memory ran out.  The order may be freed after either.  It must list no
 * more than VIOLET_BAGS_MAX.
 */

int violet_order_read(violet_order_t *order, const json_t *root,
    violet_words_t *words, violet_errors_t *errors);

void violet_order_free(violet_order_t *order);


/* The first row of the contract's table of orders that fits. */

violet_order_verdict_t violet_order_judge(const violet_order_t *order);


#endif /* VIOLET_ORDER_H */

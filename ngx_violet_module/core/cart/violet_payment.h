
/*
 * The payments of an order: the failed ones, their bags and their errors.
 * violet_payments_t owns nothing; texts point into the JSON tree of the order.
 */

#ifndef VIOLET_PAYMENT_H
#define VIOLET_PAYMENT_H


#include <jansson.h>

#include "violet_bags.h"
#include "violet_error.h"


typedef struct {

    /* set by the caller */

    violet_bags_t          *bags;       /* groups of failed payments are
                                           marked as blocked */
    violet_errors_t        *errors;     /* the payments' errors are added */
    violet_words_t         *words;

    /* set by violet_payments_read() */

    unsigned                requires_action:1;  /* by the shopper */
    unsigned                blocking:1;         /* a failed payment blocks */
    unsigned                all_blocked:1;      /* the failed payment was for
                                                   all bags */
} violet_payments_t;


/*
 * Reads payment_transactions[] of an order; its bags must have been read.
 * Returns 0, or -1 if memory runs out.
 */

int violet_payments_read(violet_payments_t *payments, const json_t *order);


#endif /* VIOLET_PAYMENT_H */

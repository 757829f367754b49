
/*
 * The payments of an order: which bags they speak for or against, and their
 * errors.  violet_payments_t owns nothing; texts point into the JSON tree of
 * the order.
 */

#ifndef VIOLET_PAYMENT_H
#define VIOLET_PAYMENT_H


#include <jansson.h>

#include "violet_bags.h"
#include "violet_error.h"


typedef struct {

    /* set by the caller */

    violet_bags_t          *bags;       /* what payments say is written to
                                           their groups */
    violet_errors_t        *errors;     /* to which those of payments are
                                           added */
    violet_words_t         *words;

    /* set by violet_payments_read() */

    violet_bag_group_t      all;        /* what payments of all bags say */
    violet_bag_group_t      unlisted;   /* of bags that are not listed */

    unsigned                requires_action:1;  /* by the shopper */
    unsigned                processing:1;       /* one is PROCESSING, and
                                                   its status has not
                                                   failed */
    unsigned                captured:1;         /* one is CAPTURED */
    unsigned                refunded:1;         /* one is refunded, or partly */
    unsigned                authorized:1;       /* one is AUTHORIZED */
    unsigned                blocks_all:1;       /* one of all bags blocks */
} violet_payments_t;


/*
 * Reads payment_transactions[] of an order; its bags must have been read.
 * Errors of a payment that failed are blocking, and if one is doubtful, the
 * groups of its bags are.  Returns 0, or -1 if memory runs out.
 */

int violet_payments_read(violet_payments_t *payments, const json_t *order);


/*
 * True if a payment of the group's bags failed, and none of them goes on: a
 * later one outweighs one that failed.
 */

int violet_payments_failed(const violet_payments_t *payments,
    const violet_bag_group_t *group);


/* True if a capture failed after an authorization, and no payment goes on. */

int violet_payments_uncaptured(const violet_payments_t *payments,
    const violet_bag_group_t *group);


/* True if there are payments of the group's bags, and each is BYPASSED. */

int violet_payments_bypassed(const violet_payments_t *payments,
    const violet_bag_group_t *group);


#endif /* VIOLET_PAYMENT_H */

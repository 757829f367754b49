
/*
 * The parts of Violet's order that a verdict needs: its bags with the outcome
 * of each, its errors, and what its payments say.  Texts point into the JSON
 * tree of the order.  violet_order_t owns the bags; the caller owns the list
 * of errors.
 */

#ifndef VIOLET_ORDER_H
#define VIOLET_ORDER_H


#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "violet_bags.h"
#include "violet_cart_words.h"
#include "violet_error.h"
#include "violet_payment.h"
#include "violet_text.h"


typedef struct {
    violet_text_t             status;

    violet_bags_t             bags;
    violet_payments_t         payments;
    violet_errors_t          *errors;
    violet_words_t           *words;

    /* numbers of bags: by outcome, and by status */
    size_t                    naccepted;
    size_t                    nfailed;
    size_t                    npending;
    size_t                    nunknown;
    size_t                    nin_progress;
    size_t                    nclosed;          /* REJECTED or CANCELED */
    size_t                    nsubmitted;

    unsigned                  has_status:1;     /* of any JSON type */

    /* the order's own status */
    unsigned                  in_progress:1;
    unsigned                  processing:1;
    unsigned                  accepted:1;       /* COMPLETED or ACCEPTED */
    unsigned                  canceled:1;       /* CANCELED or REJECTED */
    unsigned                  status_action:1;  /* REQUIRES_ACTION */

    unsigned                  requires_action:1;  /* so says its status, its
                                                     payment_status or a
                                                     payment */
    unsigned                  authorizes_first:1;  /* the shopper authorizes
                                                      before the submit */

    unsigned                  made:1;           /* a merchant has a bag */
    unsigned                  uncaptured:1;     /* a bag's capture failed */

    /* the order has a blocking error, and one of each of these kinds */
    unsigned                  blocking:1;
    unsigned                  doubtful:1;
    unsigned                  early:1;          /* of a step before the
                                                   submit */
    unsigned                  unlisted:1;       /* its bag is not listed */
    unsigned                  unnamed:1;        /* it names no bag */
} violet_order_t;


/*
 * Reads an order, which must list no more than VIOLET_BAGS_MAX bags, adds its
 * errors to the list, and finds the outcome of each bag.  Returns 0, or -1 if
 * memory ran out; call violet_order_free() after either.
 */

int violet_order_read(violet_order_t *order, const json_t *root,
    violet_words_t *words, violet_errors_t *errors);

void violet_order_free(violet_order_t *order);


/* True if this status of an order is COMPLETED or ACCEPTED. */

int violet_order_is_accepted(violet_text_t status);


/*
 * True if the order, as it was read, shows that it was not submitted at "sent"
 * (ms since the epoch; 0 if it is not known when, or whether, it was).
 */

int violet_order_not_submitted(const violet_order_t *order, int64_t sent);


#endif /* VIOLET_ORDER_H */

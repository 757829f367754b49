
/*
 * The table of orders, in the order of docs/cart-errors.md: the first row that
 * fits decides.  "Every bag" needs at least one.
 */

#include <stddef.h>

#include "violet_cart_table.h"


typedef struct {
    int                        (*fits)(const violet_order_t *order);
    violet_cart_verdict_row_t    row;
} violet_order_table_row_t;


static int violet_order_needs_action(const violet_order_t *order);
static int violet_order_partly_unknown(const violet_order_t *order);
static int violet_order_partly_failed(const violet_order_t *order);
static int violet_order_completed(const violet_order_t *order);
static int violet_order_pending(const violet_order_t *order);
static int violet_order_failed_early(const violet_order_t *order);
static int violet_order_failed_open(const violet_order_t *order);
static int violet_order_failed_closed(const violet_order_t *order);
static int violet_order_under_way(const violet_order_t *order);
static int violet_order_else(const violet_order_t *order);

static int violet_order_every_bag(const violet_order_t *order, size_t n);
static int violet_order_paying(const violet_order_t *order);
static violet_cart_evidence_t violet_order_evidence(
    const violet_order_t *order, const violet_cart_verdict_row_t *row);
static violet_cart_evidence_t violet_order_pending_evidence(
    const violet_order_t *order);
static violet_cart_evidence_t violet_order_unknown_evidence(
    const violet_order_t *order);
static violet_cart_evidence_t violet_order_bag_evidence(
    const violet_order_t *order, violet_bag_outcome_t outcome);


/* VIOLET_EVIDENCE_NONE: the evidence is that of a bag */

static const violet_order_table_row_t  violet_order_rows[] = {

    { violet_order_needs_action,
      { VIOLET_CART_REQUIRES_ACTION, VIOLET_CART_TABLE_SAME, 0,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_ACTION_REQUIRED,
        NULL } },

    { violet_order_partly_unknown,
      { VIOLET_CART_PARTIAL, VIOLET_CART_TABLE_PARTIAL,
        VIOLET_CART_RETRY_MANUAL,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_NONE,
        "Some of the bags were ordered; it is not known whether others "
        "were." } },

    { violet_order_partly_failed,
      { VIOLET_CART_PARTIAL, VIOLET_CART_TABLE_PARTIAL,
        VIOLET_CART_RETRY_NEW_CART_FOR_FAILED_BAGS,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_NONE,
        "Some of the bags were ordered, others were not." } },

    { violet_order_completed,
      { VIOLET_CART_COMPLETED, VIOLET_CART_TABLE_SAME, 0,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_NONE,
        NULL } },

    { violet_order_pending,
      { VIOLET_CART_PENDING, VIOLET_CART_TABLE_SAME, 0,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_NONE,
        NULL } },

    { violet_order_failed_early,
      { VIOLET_CART_FAILED, 422, VIOLET_CART_RETRY_AFTER_CHANGE,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_EARLY_ERROR,
        "No bag was ordered: the cart has errors of a step before the "
        "submit." } },

    { violet_order_failed_open,
      { VIOLET_CART_FAILED, 422, VIOLET_CART_RETRY_AFTER_CHANGE,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_NONE,
        "No bag was ordered." } },

    { violet_order_failed_closed,
      { VIOLET_CART_FAILED, 422, VIOLET_CART_RETRY_NEW_CART,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_NONE,
        "No bag was ordered, and the cart cannot be submitted again." } },

    { violet_order_under_way,
      { VIOLET_CART_UNKNOWN, 502, VIOLET_CART_RETRY_LATER,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_NONE,
        "Some of the bags may still be ordered." } },

    { violet_order_else,
      { VIOLET_CART_UNKNOWN, 502, VIOLET_CART_RETRY_MANUAL,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_NONE,
        "Violet's order does not say whether the cart was ordered." } }
};


const violet_cart_verdict_row_t *
violet_order_table_find(const violet_order_t *order,
    violet_cart_evidence_t *evidence)
{
    const violet_order_table_row_t  *row;

    for (row = violet_order_rows; !row->fits(order); row++) {
        /* the last row fits */
    }

    *evidence = violet_order_evidence(order, &row->row);

    return &row->row;
}


/* REQUIRES_ACTION in a status or a payment; no bag failed or unknown */

static int
violet_order_needs_action(const violet_order_t *order)
{
    return order->requires_action
           && order->nfailed == 0
           && order->nunknown == 0;
}


/*
 * A bag accepted, one unknown; or every bag accepted, and an error names one
 * that is not listed.
 */

static int
violet_order_partly_unknown(const violet_order_t *order)
{
    return (order->naccepted && order->nunknown)
           || (violet_order_every_bag(order, order->naccepted)
               && order->unlisted);
}


static int
violet_order_partly_failed(const violet_order_t *order)
{
    return order->naccepted && order->nfailed;
}


/*
 * Every bag accepted; or no bags listed, no blocking error, and the status
 * says so.
 */

static int
violet_order_completed(const violet_order_t *order)
{
    return violet_order_every_bag(order, order->naccepted)
           || (order->bags.nbags == 0 && !order->blocking && order->accepted);
}


/* no bag failed or unknown, no blocking error, and a status that goes on */

static int
violet_order_pending(const violet_order_t *order)
{
    return order->bags.nbags
           && order->nfailed == 0
           && order->nunknown == 0
           && !order->blocking
           && (!order->has_status || order->in_progress || order->processing
               || order->accepted);
}


/*
 * Violet submits no cart that has errors of earlier steps.  A capture that
 * failed shows that it was submitted nevertheless.
 */

static int
violet_order_failed_early(const violet_order_t *order)
{
    return (!order->has_status || order->in_progress)
           && violet_order_every_bag(order, order->nin_progress)
           && !order->made
           && !order->doubtful
           && !order->uncaptured
           && !violet_order_paying(order)
           && order->early;
}


static int
violet_order_failed_open(const violet_order_t *order)
{
    return violet_order_every_bag(order, order->nfailed)
           && (!order->has_status || order->in_progress)
           && !violet_order_paying(order);
}


static int
violet_order_failed_closed(const violet_order_t *order)
{
    return violet_order_every_bag(order, order->nfailed)
           && (order->canceled
               || violet_order_every_bag(order, order->nclosed))
           && !violet_order_paying(order);
}


/* a bag pending, order PROCESSING, or a transaction PROCESSING */

static int
violet_order_under_way(const violet_order_t *order)
{
    return order->npending || order->processing || order->payments.processing;
}


static int
violet_order_else(const violet_order_t *order)
{
    (void) order;

    return 1;
}


static int
violet_order_every_bag(const violet_order_t *order, size_t n)
{
    return n > 0 && n == order->bags.nbags;
}


/* a transaction PROCESSING or CAPTURED */

static int
violet_order_paying(const violet_order_t *order)
{
    return order->payments.processing || order->payments.captured;
}


static violet_cart_evidence_t
violet_order_evidence(const violet_order_t *order,
    const violet_cart_verdict_row_t *row)
{
    if (row->evidence != VIOLET_EVIDENCE_NONE) {
        return row->evidence;
    }

    switch (row->outcome) {

    case VIOLET_CART_COMPLETED:
        return order->bags.nbags ? VIOLET_EVIDENCE_BAG_ACCEPTED
                                 : VIOLET_EVIDENCE_ORDER_ACCEPTED;

    case VIOLET_CART_PENDING:
        return violet_order_pending_evidence(order);

    case VIOLET_CART_FAILED:
        return violet_order_bag_evidence(order, VIOLET_BAG_FAILED);

    case VIOLET_CART_PARTIAL:

        if (order->nunknown == 0 && order->nfailed) {
            return violet_order_bag_evidence(order, VIOLET_BAG_FAILED);
        }

        /* fall through */

    default: /* VIOLET_CART_UNKNOWN */
        return violet_order_unknown_evidence(order);
    }
}


static violet_cart_evidence_t
violet_order_pending_evidence(const violet_order_t *order)
{
    size_t  i;

    for (i = 0; i < order->bags.nbags; i++) {

        if (order->bags.bags[i].evidence != VIOLET_EVIDENCE_NOTHING_AGAINST) {
            return order->bags.bags[i].evidence;
        }
    }

    return order->processing || order->payments.processing
           ? VIOLET_EVIDENCE_PROCESSING : VIOLET_EVIDENCE_NOTHING_AGAINST;
}


static violet_cart_evidence_t
violet_order_unknown_evidence(const violet_order_t *order)
{
    if (order->nunknown) {
        return violet_order_bag_evidence(order, VIOLET_BAG_UNKNOWN);
    }

    if (order->unlisted || order->unnamed) {
        return VIOLET_EVIDENCE_UNLISTED_ERROR;
    }

    if (order->processing || order->payments.processing) {
        return VIOLET_EVIDENCE_PROCESSING;
    }

    if (order->payments.captured) {
        return VIOLET_EVIDENCE_PAID;
    }

    return order->npending
           ? violet_order_bag_evidence(order, VIOLET_BAG_PENDING)
           : order->nfailed ? VIOLET_EVIDENCE_CONTRADICTION
                            : VIOLET_EVIDENCE_NONE;
}


/* the evidence for the first bag with this outcome */

static violet_cart_evidence_t
violet_order_bag_evidence(const violet_order_t *order,
    violet_bag_outcome_t outcome)
{
    size_t  i;

    for (i = 0; i < order->bags.nbags; i++) {

        if (order->bags.bags[i].outcome == outcome) {
            return order->bags.bags[i].evidence;
        }
    }

    return VIOLET_EVIDENCE_NONE;
}

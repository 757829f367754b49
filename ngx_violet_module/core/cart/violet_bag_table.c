
/*
 * The rows of the table of bags in docs/cart-errors.md, in its order.  A bag
 * is "failed" only if something is against it and nothing says that the
 * merchant may have the order: after a wrong "failed" the caller orders twice.
 */

#include <stddef.h>

#include "violet_bag_table.h"


typedef struct {
    int                      (*fits)(const violet_order_t *order,
                                     const violet_bag_t *bag);
    violet_bag_outcome_t       outcome;
    violet_cart_evidence_t   (*evidence)(const violet_order_t *order,
                                         const violet_bag_t *bag);
} violet_bag_row_t;


static int violet_bag_paid(const violet_order_t *order,
    const violet_bag_t *bag);
static int violet_bag_contradicts(const violet_order_t *order,
    const violet_bag_t *bag);
static int violet_bag_is_listed(const violet_order_t *order,
    const violet_bag_t *bag);
static int violet_bag_has_nothing_against(const violet_order_t *order,
    const violet_bag_t *bag);
static int violet_bag_is_doubtful(const violet_order_t *order,
    const violet_bag_t *bag);
static int violet_bag_failed(const violet_order_t *order,
    const violet_bag_t *bag);
static int violet_bag_else(const violet_order_t *order,
    const violet_bag_t *bag);

static violet_cart_evidence_t violet_bag_contradiction(
    const violet_order_t *order, const violet_bag_t *bag);
static violet_cart_evidence_t violet_bag_accepted(
    const violet_order_t *order, const violet_bag_t *bag);
static violet_cart_evidence_t violet_bag_for(const violet_order_t *order,
    const violet_bag_t *bag);
static violet_cart_evidence_t violet_bag_doubt(const violet_order_t *order,
    const violet_bag_t *bag);
static violet_cart_evidence_t violet_bag_against(const violet_order_t *order,
    const violet_bag_t *bag);
static violet_cart_evidence_t violet_bag_open(const violet_order_t *order,
    const violet_bag_t *bag);


static const violet_bag_row_t  violet_bag_rows[] = {

    { violet_bag_contradicts,
      VIOLET_BAG_UNKNOWN, violet_bag_contradiction },

    { violet_bag_is_listed,
      VIOLET_BAG_ACCEPTED, violet_bag_accepted },

    { violet_bag_has_nothing_against,
      VIOLET_BAG_PENDING, violet_bag_for },

    { violet_bag_is_doubtful,
      VIOLET_BAG_UNKNOWN, violet_bag_doubt },

    { violet_bag_failed,
      VIOLET_BAG_FAILED, violet_bag_against },

    { violet_bag_else,
      VIOLET_BAG_UNKNOWN, violet_bag_open }
};


void
violet_bag_judge(const violet_order_t *order, violet_bag_t *bag)
{
    const violet_bag_row_t  *row;

    for (row = violet_bag_rows; !row->fits(order, bag); row++) {
        /* the last row fits */
    }

    bag->outcome = row->outcome;
    bag->evidence = row->evidence(order, bag);

    /* an error that no bag is named by may be about any of them */

    if ((order->unlisted || order->unnamed)
        && bag->outcome == VIOLET_BAG_PENDING)
    {
        bag->outcome = VIOLET_BAG_UNKNOWN;
        bag->evidence = VIOLET_EVIDENCE_UNLISTED_ERROR;
    }
}


int
violet_bag_made(const violet_order_t *order, const violet_bag_t *bag)
{
    return bag->listed || bag->external || violet_bag_paid(order, bag);
}


/* By its financial status alone; BYPASSED payments are no money. */

static int
violet_bag_paid(const violet_order_t *order, const violet_bag_t *bag)
{
    return bag->paid
           && !violet_payments_bypassed(&order->payments,
                                        &order->bags.groups[bag->group]);
}


/* accepted, an error of the submit names it, and nothing else is for it */

static int
violet_bag_contradicts(const violet_order_t *order, const violet_bag_t *bag)
{
    return bag->listed
           && order->bags.groups[bag->group].submit_error
           && !bag->external
           && !violet_bag_paid(order, bag);
}


static int
violet_bag_is_listed(const violet_order_t *order, const violet_bag_t *bag)
{
    (void) order;

    return bag->listed;
}


static int
violet_bag_has_nothing_against(const violet_order_t *order,
    const violet_bag_t *bag)
{
    const violet_bag_group_t  *group;

    group = &order->bags.groups[bag->group];

    return !bag->closed
           && !order->canceled
           && !group->blocked
           && !violet_payments_failed(&order->payments, group)
           && !violet_payments_uncaptured(&order->payments, group);
}


/* something is against it, and something says that it may be ordered */

static int
violet_bag_is_doubtful(const violet_order_t *order, const violet_bag_t *bag)
{
    const violet_bag_group_t  *group;

    group = &order->bags.groups[bag->group];

    return violet_bag_made(order, bag)
           || group->doubtful
           || (order->payments.all.doubtful
               && violet_payments_failed(&order->payments, group))
           || violet_payments_uncaptured(&order->payments, group);
}


static int
violet_bag_failed(const violet_order_t *order, const violet_bag_t *bag)
{
    if (bag->closed) {
        return 1;
    }

    return (!bag->has_status || violet_text_is(bag->status, "IN_PROGRESS"))
           && !order->processing;
}


/* SUBMITTED with an error, or an error while the order is PROCESSING */

static int
violet_bag_else(const violet_order_t *order, const violet_bag_t *bag)
{
    (void) order;
    (void) bag;

    return 1;
}


static violet_cart_evidence_t
violet_bag_contradiction(const violet_order_t *order, const violet_bag_t *bag)
{
    (void) order;
    (void) bag;

    return VIOLET_EVIDENCE_CONTRADICTION;
}


static violet_cart_evidence_t
violet_bag_accepted(const violet_order_t *order, const violet_bag_t *bag)
{
    (void) order;
    (void) bag;

    return VIOLET_EVIDENCE_BAG_ACCEPTED;
}


static violet_cart_evidence_t
violet_bag_for(const violet_order_t *order, const violet_bag_t *bag)
{
    if (violet_text_is(bag->status, "SUBMITTED")) {
        return VIOLET_EVIDENCE_BAG_SUBMITTED;
    }

    if (bag->external) {
        return VIOLET_EVIDENCE_EXTERNAL_ID;
    }

    return violet_bag_paid(order, bag) ? VIOLET_EVIDENCE_PAID
                                       : VIOLET_EVIDENCE_NOTHING_AGAINST;
}


static violet_cart_evidence_t
violet_bag_doubt(const violet_order_t *order, const violet_bag_t *bag)
{
    if (bag->external) {
        return VIOLET_EVIDENCE_EXTERNAL_ID;
    }

    if (violet_bag_paid(order, bag)) {
        return VIOLET_EVIDENCE_PAID;
    }

    return violet_payments_uncaptured(&order->payments,
                                      &order->bags.groups[bag->group])
           ? VIOLET_EVIDENCE_CAPTURE_FAILED : VIOLET_EVIDENCE_DOUBTFUL_ERROR;
}


static violet_cart_evidence_t
violet_bag_against(const violet_order_t *order, const violet_bag_t *bag)
{
    if (bag->closed || order->canceled) {
        return VIOLET_EVIDENCE_REJECTED;
    }

    return order->bags.groups[bag->group].blocked
           ? VIOLET_EVIDENCE_BAG_ERROR : VIOLET_EVIDENCE_PAYMENT_FAILED;
}


static violet_cart_evidence_t
violet_bag_open(const violet_order_t *order, const violet_bag_t *bag)
{
    if (violet_text_is(bag->status, "SUBMITTED")) {
        return VIOLET_EVIDENCE_BAG_SUBMITTED;
    }

    return order->processing ? VIOLET_EVIDENCE_PROCESSING
                             : VIOLET_EVIDENCE_NONE;
}

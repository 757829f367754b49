
/*
 * Bags are read first, then errors, then payments; then the outcome of each
 * bag is found.  The status of a bag decides whether an error about it blocks,
 * and blocking errors decide whether a bag failed.
 */

#include <string.h>

#include "violet_bag_table.h"
#include "violet_date.h"
#include "violet_order.h"


/* ms: how far Violet's clock and the gateway's may be apart */

#define VIOLET_ORDER_SKEW  60000


static void violet_order_status(violet_order_t *order, const json_t *root);
static int violet_order_errors(violet_order_t *order, const json_t *root);
static int violet_order_error(violet_order_t *order, const json_t *item);
static void violet_order_block(violet_order_t *order,
    violet_bag_group_t *group, const violet_error_t *error);
static int violet_order_payments(violet_order_t *order, const json_t *root);
static int violet_order_settle(violet_order_t *order);
static void violet_order_count(violet_order_t *order,
    const violet_bag_t *bag);
static int violet_order_unnamed(violet_order_t *order,
    const violet_bag_t *bag);


static const char *const  violet_order_canceled[] = {
    "REJECTED",
    "CANCELED",
    "CANCELLED",
    NULL
};


static const char *const  violet_order_accepted[] = {
    "COMPLETED",
    "ACCEPTED",
    NULL
};


/* the steps of the submit itself; all others come before it */

static const char *const  violet_order_late[] = {
    "EXTERNAL_SUBMIT_CART",
    "EXTERNAL_WRITE_ORDER",
    "EXTERNAL_MARK_ORDER_AS_PAID",
    NULL
};


int
violet_order_read(violet_order_t *order, const json_t *root,
    violet_words_t *words, violet_errors_t *errors)
{
    memset(order, 0, sizeof(violet_order_t));

    order->words = words;
    order->errors = errors;

    violet_order_status(order, root);

    if (violet_bags_read(&order->bags, root) == -1
        || violet_order_errors(order, root) == -1
        || violet_order_payments(order, root) == -1
        || violet_order_settle(order) == -1)
    {
        return -1;
    }

    return 0;
}


void
violet_order_free(violet_order_t *order)
{
    violet_bags_free(&order->bags);
}


static void
violet_order_status(violet_order_t *order, const json_t *root)
{
    const json_t   *status;
    violet_text_t   payment;

    status = violet_json_get(root, "status", NULL);
    payment = violet_json_text(root, "payment_status", "paymentStatus");

    order->has_status = (status != NULL);
    order->status = violet_json_to_text(status);

    order->in_progress = violet_text_is(order->status, "IN_PROGRESS");
    order->processing = violet_text_is(order->status, "PROCESSING");
    order->accepted = violet_order_is_accepted(order->status);
    order->canceled = violet_text_any(order->status, violet_order_canceled);
    order->status_action = violet_text_is(order->status, "REQUIRES_ACTION");

    order->requires_action = order->status_action
                             || violet_text_is(payment, "REQUIRES_ACTION");

    order->authorizes_first =
        json_is_true(violet_json_get(root, "intent_based_checkout",
                                     "intentBasedCheckout"))
        || json_is_true(violet_json_get(root, "wallet_based_checkout",
                                        "walletBasedCheckout"));
}


static int
violet_order_errors(violet_order_t *order, const json_t *root)
{
    size_t         i;
    const json_t  *items;

    items = violet_json_get(root, "errors", NULL);

    for (i = 0; i < violet_json_count(items); i++) {

        if (violet_order_error(order, violet_json_item(items, i)) == -1) {
            return -1;
        }
    }

    return 0;
}


/* An entry that is not an object becomes an error without any details. */

static int
violet_order_error(violet_order_t *order, const json_t *item)
{
    violet_error_t       error;
    violet_bag_group_t  *group;

    violet_error_read(&error, item, order->words);

    group = violet_bags_find(&order->bags, error.bag_id);

    if (!error.named && order->bags.nbags == 1) {
        group = &order->bags.groups[order->bags.bags[0].group];
    }

    violet_bags_set_merchant(&order->bags, group, &error);

    if (violet_text_is(error.type, "INTERNAL_ADD_ITEM")) {
        return violet_errors_add(order->errors, &error);
    }

    if (group && violet_text_is(error.type, "EXTERNAL_SUBMIT_CART")) {
        group->submit_error = 1;
    }

    if (group == NULL || !group->listed) {
        error.blocking = 1;
        violet_order_block(order, group, &error);
    }

    return violet_errors_add(order->errors, &error);
}


static void
violet_order_block(violet_order_t *order, violet_bag_group_t *group,
    const violet_error_t *error)
{
    order->blocking = 1;
    order->doubtful |= error->doubtful;

    if (error->type.len && !violet_text_any(error->type, violet_order_late)) {
        order->early = 1;
    }

    if (group) {
        group->blocked = 1;
        group->doubtful |= error->doubtful;

    } else if (error->named) {
        order->unlisted = 1;

    } else {
        order->unnamed = 1;
    }
}


static int
violet_order_payments(violet_order_t *order, const json_t *root)
{
    violet_payments_t         *payments;
    const violet_bag_group_t  *unlisted;

    payments = &order->payments;

    payments->bags = &order->bags;
    payments->errors = order->errors;
    payments->words = order->words;

    if (violet_payments_read(payments, root) == -1) {
        return -1;
    }

    order->requires_action |= payments->requires_action;
    order->doubtful |= payments->all.doubtful;

    unlisted = &payments->unlisted;

    if ((unlisted->failed || unlisted->uncaptured)
        && !unlisted->paying && !payments->all.paying)
    {
        order->blocking = 1;
        order->unlisted = 1;
    }

    if (order->bags.nbags == 0 && payments->blocks_all) {
        order->blocking = 1;
    }

    return 0;
}


static int
violet_order_settle(violet_order_t *order)
{
    size_t         i;
    violet_bag_t  *bag;

    for (i = 0; i < order->bags.nbags; i++) {
        bag = &order->bags.bags[i];

        violet_bag_judge(order, bag);

        violet_order_count(order, bag);

        if (bag->outcome == VIOLET_BAG_FAILED
            && violet_order_unnamed(order, bag) == -1)
        {
            return -1;
        }
    }

    return 0;
}


static void
violet_order_count(violet_order_t *order, const violet_bag_t *bag)
{
    switch (bag->outcome) {

    case VIOLET_BAG_ACCEPTED:
        order->naccepted++;
        break;

    case VIOLET_BAG_FAILED:
        order->nfailed++;
        break;

    case VIOLET_BAG_PENDING:
        order->npending++;
        break;

    case VIOLET_BAG_UNKNOWN:
        order->nunknown++;
        break;
    }

    order->nin_progress += violet_text_is(bag->status, "IN_PROGRESS");
    order->nsubmitted += violet_text_is(bag->status, "SUBMITTED");
    order->nclosed += bag->closed;

    order->doubtful |= order->bags.groups[bag->group].doubtful;
    order->made |= violet_bag_made(order, bag);
    order->uncaptured |= violet_payments_uncaptured(&order->payments,
                                            &order->bags.groups[bag->group]);
}


/* Adds an error for a failed bag that no blocking error names. */

static int
violet_order_unnamed(violet_order_t *order, const violet_bag_t *bag)
{
    const char                *message;
    violet_error_t             error;
    const violet_bag_group_t  *group;

    group = &order->bags.groups[bag->group];

    if (group->blocked
        || violet_payments_failed(&order->payments, group)
        || violet_payments_uncaptured(&order->payments, group))
    {
        return 0;
    }

    message = "The order was rejected or canceled as a whole.";

    if (violet_text_is(bag->status, "REJECTED")) {
        message = "The bag was rejected.";

    } else if (bag->closed) {
        message = "The bag was canceled.";
    }

    violet_error_init(&error, VIOLET_REASON_OTHER, VIOLET_SCOPE_BAG, message);

    error.blocking = 1;
    error.bag_id = bag->id;
    error.merchant_id = bag->merchant_id;

    order->blocking = 1;

    return violet_errors_add(order->errors, &error);
}


int
violet_order_is_accepted(violet_text_t status)
{
    return violet_text_any(status, violet_order_accepted);
}


int
violet_order_not_submitted(const violet_order_t *order, int64_t sent)
{
    size_t               i;
    int64_t              date;
    const violet_bag_t  *bag;

    if (order->bags.nbags == 0
        || order->nin_progress < order->bags.nbags
        || (!order->in_progress && !order->status_action)
        || order->made
        || order->payments.processing
        || order->payments.captured
        || order->payments.refunded
        || (order->payments.authorized && !order->authorizes_first))
    {
        return 0;
    }

    for (i = 0; i < order->bags.nbags; i++) {
        bag = &order->bags.bags[i];

        if (bag->has_date
            && (violet_date_parse(bag->date_submitted, &date) == -1
                || date > sent - VIOLET_ORDER_SKEW))
        {
            return 0;
        }
    }

    return 1;
}

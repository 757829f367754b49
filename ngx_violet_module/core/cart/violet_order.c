
/*
 * Bags are read first, then errors, then payments; then the outcome of each
 * bag is set.  The status of a bag decides whether an error about it blocks,
 * and blocking errors decide whether a bag failed.
 */

#include <string.h>

#include "violet_order.h"
#include "violet_payment.h"


static int violet_order_errors(violet_order_t *order, const json_t *root);
static int violet_order_error(violet_order_t *order, const json_t *item);
static int violet_order_payments(violet_order_t *order, const json_t *root);
static int violet_order_settle(violet_order_t *order);
static int violet_order_unnamed(violet_order_t *order,
    const violet_bag_t *bag);


/* Violet writes CANCELED for orders and bags, CANCELLED for payments */

static const char *const  violet_order_canceled[] = {
    "REJECTED",
    "CANCELED",
    "CANCELLED",
    NULL
};


static const char *const  violet_order_completed[] = {
    "COMPLETED",
    "ACCEPTED",
    NULL
};


int
violet_order_read(violet_order_t *order, const json_t *root,
    violet_words_t *words, violet_errors_t *errors)
{
    violet_text_t  payment_status;

    memset(order, 0, sizeof(violet_order_t));

    order->words = words;
    order->errors = errors;

    order->has_status = (violet_json_get(root, "status", NULL) != NULL);
    order->status = violet_json_text(root, "status", NULL);
    order->canceled = violet_text_any(order->status, violet_order_canceled);

    payment_status = violet_json_text(root, "payment_status",
                                      "paymentStatus");

    order->requires_action = violet_text_is(order->status, "REQUIRES_ACTION")
                             || violet_text_is(payment_status,
                                               "REQUIRES_ACTION");

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

    violet_bags_set_merchant(&order->bags, group, &error);

    if (violet_text_is(error.type, "INTERNAL_ADD_ITEM")) {
        return violet_errors_add(order->errors, &error);
    }

    if (group && group->accepted) {

        if (violet_text_is(error.type, "EXTERNAL_SUBMIT_CART")) {
            order->contradiction = 1;
        }

        return violet_errors_add(order->errors, &error);
    }

    if (group) {
        group->blocked = 1;
    }

    error.blocking = 1;
    order->blocking = 1;
    order->blocking_other = 1;

    return violet_errors_add(order->errors, &error);
}


static int
violet_order_payments(violet_order_t *order, const json_t *root)
{
    violet_payments_t  payments;

    memset(&payments, 0, sizeof(violet_payments_t));

    payments.bags = &order->bags;
    payments.errors = order->errors;
    payments.words = order->words;

    if (violet_payments_read(&payments, root) == -1) {
        return -1;
    }

    order->requires_action |= payments.requires_action;
    order->blocking |= payments.blocking;
    order->all_blocked |= payments.all_blocked;

    return 0;
}


static int
violet_order_settle(violet_order_t *order)
{
    int            named;
    size_t         i;
    violet_bag_t  *bag;

    for (i = 0; i < order->bags.nbags; i++) {
        bag = &order->bags.bags[i];

        if (bag->outcome == VIOLET_BAG_ACCEPTED) {
            continue;
        }

        named = order->all_blocked
                || (bag->id.known && order->bags.groups[bag->group].blocked);

        if (!named
            && !order->canceled
            && !violet_text_any(bag->status, violet_order_canceled))
        {
            continue;
        }

        bag->outcome = VIOLET_BAG_FAILED;
        order->failed++;

        if (!named && violet_order_unnamed(order, bag) == -1) {
            return -1;
        }
    }

    return 0;
}


/* Adds an error for a failed bag that no blocking error names. */

static int
violet_order_unnamed(violet_order_t *order, const violet_bag_t *bag)
{
    const char      *message;
    violet_error_t   error;

    message = "The order was rejected or canceled as a whole.";

    if (violet_text_is(bag->status, "REJECTED")) {
        message = "The bag was rejected.";

    } else if (violet_text_any(bag->status, violet_order_canceled)) {
        message = "The bag was canceled.";
    }

    violet_error_init(&error, VIOLET_REASON_OTHER, VIOLET_SCOPE_BAG, message);

    error.blocking = 1;
    error.bag_id = bag->id;
    error.merchant_id = bag->merchant_id;

    order->blocking = 1;
    order->blocking_other = 1;

    return violet_errors_add(order->errors, &error);
}


violet_order_verdict_t
violet_order_judge(const violet_order_t *order)
{
    if (order->requires_action && order->failed == 0) {
        return VIOLET_ORDER_REQUIRES_ACTION;
    }

    if (order->bags.naccepted && (order->failed || order->blocking)) {
        return VIOLET_ORDER_PARTIAL;
    }

    if (order->bags.naccepted && order->contradiction) {
        return VIOLET_ORDER_CONTRADICTION;
    }

    if (order->failed == 0 && !order->blocking) {

        if (order->bags.naccepted
            || violet_text_any(order->status, violet_order_completed))
        {
            return VIOLET_ORDER_COMPLETED;
        }

        return VIOLET_ORDER_PENDING;
    }

    if (order->bags.nbags == 0) {
        return VIOLET_ORDER_NO_BAGS;
    }

    if (!order->blocking_other) {
        return VIOLET_ORDER_PAYMENT_FAILED;
    }

    if (order->failed < order->bags.nbags) {
        return VIOLET_ORDER_UNCLEAR;
    }

    if (!order->has_status || violet_text_is(order->status, "IN_PROGRESS")) {
        return VIOLET_ORDER_FAILED_OPEN;
    }

    return VIOLET_ORDER_FAILED;
}



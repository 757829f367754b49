
/*
 * Bags first, then errors, then payments, then what became of each bag: an
 * error blocks or not by its bag's own status, and a bag fails by the errors
 * that block it.  Bags are found by id in a sorted array, so that thousands
 * of errors over thousands of bags cost no more than reading them.
 */

#include <stdlib.h>
#include <string.h>

#include "violet_order.h"
#include "violet_payment.h"


static int violet_order_bags(violet_order_t *order, const json_t *root);
static void violet_order_bag(violet_bag_t *bag, const json_t *item);
static int violet_order_groups(violet_order_t *order);
static int violet_order_compare(const void *one, const void *two);
static int violet_order_errors(violet_order_t *order, const json_t *root);
static int violet_order_error(violet_order_t *order, const json_t *item);
static int violet_order_settle(violet_order_t *order);
static int violet_order_unnamed(violet_order_t *order,
    const violet_bag_t *bag);
static int violet_order_is(violet_text_t status, const char *const *words);


static const char *const  violet_order_accepted[] = {
    "SUBMITTED",
    "ACCEPTED",
    "COMPLETED",
    "BACKORDERED",
    "PARTIALLY_REFUNDED",
    "REFUNDED",
    NULL
};


/* Violet spells it with one "l" on orders and bags, with two on payments */

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
    order->canceled = violet_order_is(order->status, violet_order_canceled);

    payment_status = violet_json_text(root, "payment_status",
                                      "paymentStatus");

    order->requires_action = violet_text_is(order->status, "REQUIRES_ACTION")
                             || violet_text_is(payment_status,
                                               "REQUIRES_ACTION");

    if (violet_order_bags(order, root) == -1
        || violet_order_groups(order) == -1
        || violet_order_errors(order, root) == -1
        || violet_payments_read(order, root) == -1
        || violet_order_settle(order) == -1)
    {
        return -1;
    }

    return 0;
}


void
violet_order_free(violet_order_t *order)
{
    free(order->bags);
    free(order->groups);

    order->bags = NULL;
    order->nbags = 0;
    order->groups = NULL;
    order->ngroups = 0;
}


static int
violet_order_bags(violet_order_t *order, const json_t *root)
{
    size_t         i, n;
    const json_t  *bags;

    bags = violet_json_array(root, "bags", NULL);
    n = json_array_size(bags);

    if (n == 0) {
        return 0;
    }

    order->bags = calloc(n, sizeof(violet_bag_t));
    if (order->bags == NULL) {
        return -1;
    }

    order->nbags = n;

    for (i = 0; i < n; i++) {
        violet_order_bag(&order->bags[i], json_array_get(bags, i));

        if (order->bags[i].outcome == VIOLET_BAG_ACCEPTED) {
            order->accepted++;
        }
    }

    return 0;
}


/* A bag that was not accepted is pending until errors have been read. */

static void
violet_order_bag(violet_bag_t *bag, const json_t *item)
{
    bag->id = violet_json_id(item, "id", NULL);

    if (!bag->id.known) {
        bag->id = violet_json_id(item, "bag_id", "bagId");
    }

    bag->status = violet_json_text(item, "status", NULL);

    if (bag->status.data == NULL) {
        bag->status = violet_json_text(item, "bag_status", "bagStatus");
    }

    bag->merchant_id = violet_json_id(item, "merchant_id", "merchantId");
    bag->merchant_name = violet_json_text(item, "merchant_name",
                                          "merchantName");
    bag->financial_status = violet_json_text(item, "financial_status",
                                             "financialStatus");

    bag->outcome = violet_order_is(bag->status, violet_order_accepted)
                   ? VIOLET_BAG_ACCEPTED : VIOLET_BAG_PENDING;
}


static int
violet_order_groups(violet_order_t *order)
{
    size_t               i, n;
    violet_bag_t        *bag;
    violet_bag_group_t  *groups;

    if (order->nbags == 0) {
        return 0;
    }

    groups = calloc(order->nbags, sizeof(violet_bag_group_t));
    if (groups == NULL) {
        return -1;
    }

    order->groups = groups;

    for (i = 0, n = 0; i < order->nbags; i++) {

        if (order->bags[i].id.known) {
            groups[n].id = order->bags[i].id.value;
            groups[n++].bag = i;
        }
    }

    qsort(groups, n, sizeof(violet_bag_group_t), violet_order_compare);

    for (i = 0; i < n; i++) {

        if (order->ngroups == 0
            || groups[order->ngroups - 1].id != groups[i].id)
        {
            groups[order->ngroups] = groups[i];
            groups[order->ngroups].accepted = 1;
            order->ngroups++;
        }

        bag = &order->bags[groups[i].bag];
        bag->group = order->ngroups - 1;

        if (bag->outcome != VIOLET_BAG_ACCEPTED) {
            groups[bag->group].accepted = 0;
        }
    }

    return 0;
}


static int
violet_order_compare(const void *one, const void *two)
{
    const violet_bag_group_t  *a = one;
    const violet_bag_group_t  *b = two;

    if (a->id != b->id) {
        return a->id < b->id ? -1 : 1;
    }

    return (a->bag > b->bag) - (a->bag < b->bag);
}


violet_bag_group_t *
violet_order_find(const violet_order_t *order, violet_id_t id)
{
    size_t  low, high, middle;

    low = 0;
    high = id.known ? order->ngroups : 0;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (order->groups[middle].id < id.value) {
            low = middle + 1;

        } else if (order->groups[middle].id > id.value) {
            high = middle;

        } else {
            return &order->groups[middle];
        }
    }

    return NULL;
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


/* An entry that is no object is an error about which nothing is known. */

static int
violet_order_error(violet_order_t *order, const json_t *item)
{
    violet_error_t       error;
    violet_bag_group_t  *group;

    violet_error_read(&error, item, order->words);

    group = violet_order_find(order, error.bag_id);

    violet_order_merchant(order, group, &error);

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


void
violet_order_merchant(const violet_order_t *order,
    const violet_bag_group_t *group, violet_error_t *error)
{
    if (group && order->bags[group->bag].merchant_id.known) {
        error->merchant_id = order->bags[group->bag].merchant_id;
    }
}


static int
violet_order_settle(violet_order_t *order)
{
    int            named;
    size_t         i;
    violet_bag_t  *bag;

    for (i = 0; i < order->nbags; i++) {
        bag = &order->bags[i];

        if (bag->outcome == VIOLET_BAG_ACCEPTED) {
            continue;
        }

        named = order->all_blocked
                || (bag->id.known && order->groups[bag->group].blocked);

        if (!named
            && !order->canceled
            && !violet_order_is(bag->status, violet_order_canceled))
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

    } else if (violet_order_is(bag->status, violet_order_canceled)) {
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


static int
violet_order_is(violet_text_t status, const char *const *words)
{
    for ( /* void */ ; *words; words++) {

        if (violet_text_is(status, *words)) {
            return 1;
        }
    }

    return 0;
}


violet_order_verdict_t
violet_order_judge(const violet_order_t *order)
{
    if (order->requires_action && order->failed == 0) {
        return VIOLET_ORDER_REQUIRES_ACTION;
    }

    if (order->accepted && (order->failed || order->blocking)) {
        return VIOLET_ORDER_PARTIAL;
    }

    if (order->accepted && order->contradiction) {
        return VIOLET_ORDER_CONTRADICTION;
    }

    if (order->failed == 0 && !order->blocking) {

        if (order->accepted
            || violet_order_is(order->status, violet_order_completed))
        {
            return VIOLET_ORDER_COMPLETED;
        }

        return VIOLET_ORDER_PENDING;
    }

    if (order->nbags == 0) {
        return VIOLET_ORDER_NO_BAGS;
    }

    if (!order->blocking_other) {
        return VIOLET_ORDER_PAYMENT_FAILED;
    }

    if (order->failed < order->nbags) {
        return VIOLET_ORDER_UNCLEAR;
    }

    if (!order->has_status || violet_text_is(order->status, "IN_PROGRESS")) {
        return VIOLET_ORDER_FAILED_OPEN;
    }

    return VIOLET_ORDER_FAILED;
}


const char *
violet_bag_outcome_name(violet_bag_outcome_t outcome)
{
    switch (outcome) {

    case VIOLET_BAG_ACCEPTED:
        return "accepted";

    case VIOLET_BAG_FAILED:
        return "failed";

    default: /* VIOLET_BAG_PENDING */
        return "pending";
    }
}

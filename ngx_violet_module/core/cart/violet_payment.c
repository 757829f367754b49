
/*
 * Payments are read twice: first all of them, since one payment can outweigh
 * another, then the errors of each.  When a shopper pays again, the order keeps
 * the failed payment beside the later one.
 */

#include <string.h>

#include "violet_payment.h"


static void violet_payment_read(violet_payments_t *payments,
    const json_t *item);
static void violet_payment_mark(violet_payments_t *payments,
    const json_t *item, const violet_bag_group_t *payment);
static void violet_payment_add(violet_bag_group_t *group,
    const violet_bag_group_t *payment);
static int violet_payment_is(const json_t *item, const char *const *words);
static const char *violet_payment_message(const json_t *item);
static int violet_payment_errors(violet_payments_t *payments,
    const json_t *item);
static int violet_payment_blocks(const violet_payments_t *payments,
    const json_t *related);
static int violet_payment_blocks_all(const violet_payments_t *payments);
static int violet_payment_blocks_group(const violet_payments_t *payments,
    const violet_bag_group_t *group);
static int violet_payment_error(violet_payments_t *payments,
    const json_t *related, violet_error_t *error);
static void violet_payment_doubt(violet_payments_t *payments,
    const json_t *related);


#define VIOLET_PAYMENT_RELATED  "related_bags", "relatedBags"


static const char *const  violet_payment_failed[] = {
    "FAILED",
    "CANCELLED",
    "CANCELED",
    "REQUIRES_PAYMENT_METHOD",
    NULL
};


static const char *const  violet_payment_going_on[] = {
    "AUTHORIZED",
    "PROCESSING",
    "CAPTURED",
    "BYPASSED",
    "REQUIRES_ACTION",
    "REQUIRES_AUTHORIZATION",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    NULL
};


static const char *const  violet_payment_action[] = { "REQUIRES_ACTION", NULL };
static const char *const  violet_payment_processing[] = { "PROCESSING", NULL };
static const char *const  violet_payment_captured[] = { "CAPTURED", NULL };
static const char *const  violet_payment_authorized[] = { "AUTHORIZED", NULL };

static const char *const  violet_payment_refunded[] = {
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    NULL
};


int
violet_payments_read(violet_payments_t *payments, const json_t *order)
{
    size_t         i;
    const json_t  *items;

    items = violet_json_get(order, "payment_transactions",
                            "paymentTransactions");

    for (i = 0; i < violet_json_count(items); i++) {
        violet_payment_read(payments, violet_json_item(items, i));
    }

    payments->blocks_all = violet_payment_blocks_all(payments);

    for (i = 0; i < violet_json_count(items); i++) {

        if (violet_payment_errors(payments, violet_json_item(items, i))
            == -1)
        {
            return -1;
        }
    }

    return 0;
}


static void
violet_payment_read(violet_payments_t *payments, const json_t *item)
{
    violet_text_t       status, capture;
    violet_bag_group_t  payment;

    memset(&payment, 0, sizeof(violet_bag_group_t));

    status = violet_json_text(item, "status", NULL);
    capture = violet_json_text(item, "capture_status", "captureStatus");

    if (violet_text_is(status, "AUTHORIZED")
        && violet_text_is(capture, "FAILED"))
    {
        payment.uncaptured = 1;

    } else if (violet_payment_is(item, violet_payment_failed)) {
        payment.failed = 1;

    } else if (violet_payment_is(item, violet_payment_going_on)) {
        payment.paying = 1;
    }

    if ((status.data || capture.data)
        && (status.data == NULL || violet_text_is(status, "BYPASSED"))
        && (capture.data == NULL || violet_text_is(capture, "BYPASSED")))
    {
        payment.bypassed = 1;

    } else {
        payment.not_bypassed = 1;
    }

    payments->requires_action |= violet_payment_is(item,
                                                   violet_payment_action);
    payments->processing |= violet_payment_is(item, violet_payment_processing)
                            && !violet_text_any(status,
                                                violet_payment_failed);
    payments->captured |= violet_payment_is(item, violet_payment_captured);
    payments->refunded |= violet_payment_is(item, violet_payment_refunded);
    payments->authorized |= violet_payment_is(item,
                                              violet_payment_authorized);

    violet_payment_mark(payments, item, &payment);
}


/* A payment that names no bags is of all. */

static void
violet_payment_mark(violet_payments_t *payments, const json_t *item,
    const violet_bag_group_t *payment)
{
    size_t               i;
    violet_id_t          id;
    const json_t        *related;
    violet_bag_group_t  *group;

    related = violet_json_get(item, VIOLET_PAYMENT_RELATED);

    if (violet_json_count(related) == 0) {
        violet_payment_add(&payments->all, payment);
        return;
    }

    for (i = 0; i < violet_json_count(related); i++) {

        id = violet_json_to_id(violet_json_item(related, i));
        group = violet_bags_find(payments->bags, id);

        violet_payment_add(group ? group : &payments->unlisted, payment);
    }
}


static void
violet_payment_add(violet_bag_group_t *group,
    const violet_bag_group_t *payment)
{
    group->paying |= payment->paying;
    group->failed |= payment->failed;
    group->uncaptured |= payment->uncaptured;
    group->bypassed |= payment->bypassed;
    group->not_bypassed |= payment->not_bypassed;
}


static int
violet_payment_is(const json_t *item, const char *const *words)
{
    return violet_text_any(violet_json_text(item, "status", NULL), words)
           || violet_text_any(violet_json_text(item, "capture_status",
                                               "captureStatus"), words);
}


int
violet_payments_failed(const violet_payments_t *payments,
    const violet_bag_group_t *group)
{
    return (group->failed || payments->all.failed)
           && !group->paying && !payments->all.paying;
}


int
violet_payments_uncaptured(const violet_payments_t *payments,
    const violet_bag_group_t *group)
{
    return (group->uncaptured || payments->all.uncaptured)
           && !group->paying && !payments->all.paying;
}


int
violet_payments_bypassed(const violet_payments_t *payments,
    const violet_bag_group_t *group)
{
    return (group->bypassed || payments->all.bypassed)
           && !group->not_bypassed && !payments->all.not_bypassed;
}


static const char *
violet_payment_message(const json_t *item)
{
    size_t         i;
    violet_text_t  texts[2];

    texts[0] = violet_json_text(item, "status", NULL);
    texts[1] = violet_json_text(item, "capture_status", "captureStatus");

    for (i = 0; i < 2; i++) {

        if (violet_text_is(texts[i], "FAILED")) {
            return i && violet_text_is(texts[0], "AUTHORIZED")
                   ? "The payment was authorized, but not captured."
                   : "The payment failed.";
        }

        if (violet_text_is(texts[i], "REQUIRES_PAYMENT_METHOD")) {
            return "The payment needs another payment method.";
        }

        if (violet_text_any(texts[i], violet_payment_failed)) {
            return "The payment was cancelled.";
        }
    }

    return NULL;
}


/* A failed payment without errors gets one with the gateway's message. */

static int
violet_payment_errors(violet_payments_t *payments, const json_t *item)
{
    int              blocking;
    size_t           i;
    const char      *message;
    const json_t    *items, *related, *entry;
    violet_error_t   error;

    items = violet_json_get(item, "errors", NULL);
    related = violet_json_get(item, VIOLET_PAYMENT_RELATED);

    message = violet_payment_message(item);
    blocking = message && violet_payment_blocks(payments, related);

    for (i = 0; i < violet_json_count(items); i++) {

        entry = violet_json_item(items, i);

        if (json_is_true(json_object_get(entry, "resolved"))) {
            continue;
        }

        violet_error_read(&error, entry, payments->words);

        error.blocking = blocking ? 1 : 0;

        if (violet_payment_error(payments, related, &error) == -1) {
            return -1;
        }

        message = NULL;
    }

    if (message == NULL) {
        return 0;
    }

    violet_error_init(&error, VIOLET_REASON_OTHER, VIOLET_SCOPE_PAYMENT,
                      message);

    error.blocking = blocking ? 1 : 0;

    return violet_payment_error(payments, related, &error);
}


/* A payment blocks if a bag that it was for has neither order nor payment. */

static int
violet_payment_blocks(const violet_payments_t *payments,
    const json_t *related)
{
    size_t                     i;
    violet_id_t                id;
    const violet_bag_group_t  *group;

    if (violet_json_count(related) == 0) {
        return payments->blocks_all;
    }

    for (i = 0; i < violet_json_count(related); i++) {

        id = violet_json_to_id(violet_json_item(related, i));
        group = violet_bags_find(payments->bags, id);

        if (violet_payment_blocks_group(payments,
                                        group ? group : &payments->unlisted))
        {
            return 1;
        }
    }

    return 0;
}


static int
violet_payment_blocks_all(const violet_payments_t *payments)
{
    size_t                     i;
    const violet_bag_group_t  *group;

    for (i = 0; i < payments->bags->nbags; i++) {

        group = &payments->bags->groups[payments->bags->bags[i].group];

        if (violet_payment_blocks_group(payments, group)) {
            return 1;
        }
    }

    return i == 0 && violet_payment_blocks_group(payments, &payments->all);
}


static int
violet_payment_blocks_group(const violet_payments_t *payments,
    const violet_bag_group_t *group)
{
    return !group->listed
           && (violet_payments_failed(payments, group)
               || violet_payments_uncaptured(payments, group));
}


static int
violet_payment_error(violet_payments_t *payments, const json_t *related,
    violet_error_t *error)
{
    error->scope = VIOLET_SCOPE_PAYMENT;

    if (error->reason == VIOLET_REASON_OTHER) {
        error->reason = VIOLET_REASON_PAYMENT_FAILED;
    }

    if (error->blocking && error->doubtful) {
        violet_payment_doubt(payments, related);
    }

    if (!error->bag_id.known && violet_json_count(related) == 1) {
        error->bag_id = violet_json_to_id(violet_json_item(related, 0));
    }

    violet_bags_set_merchant(payments->bags,
                             violet_bags_find(payments->bags, error->bag_id),
                             error);

    return violet_errors_add(payments->errors, error);
}


static void
violet_payment_doubt(violet_payments_t *payments, const json_t *related)
{
    size_t               i;
    violet_id_t          id;
    violet_bag_group_t  *group;

    if (violet_json_count(related) == 0) {
        payments->all.doubtful = 1;
        return;
    }

    for (i = 0; i < violet_json_count(related); i++) {

        id = violet_json_to_id(violet_json_item(related, i));
        group = violet_bags_find(payments->bags, id);

        if (group) {
            group->doubtful = 1;
        }
    }
}

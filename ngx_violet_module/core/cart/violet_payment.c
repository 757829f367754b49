
/*
 * A failed payment blocks the bags that it was for.  It blocks nothing if all
 * these bags were accepted: when a shopper pays again, the order keeps the
 * failed payment beside the successful one.
 */

#include "violet_payment.h"


static int violet_payment_read(violet_payments_t *payments, const json_t *item);
static const char *violet_payment_failed(violet_text_t status);
static int violet_payment_blocks(violet_payments_t *payments,
    const json_t *related);
static int violet_payment_blocks_all(violet_payments_t *payments);
static int violet_payment_errors(violet_payments_t *payments,
    const json_t *item, int blocking, const char *message);
static int violet_payment_add(violet_payments_t *payments,
    const json_t *related, int blocking, violet_error_t *error);


int
violet_payments_read(violet_payments_t *payments, const json_t *order)
{
    size_t         i;
    const json_t  *items;

    items = violet_json_get(order, "payment_transactions",
                            "paymentTransactions");

    for (i = 0; i < violet_json_count(items); i++) {

        if (violet_payment_read(payments, violet_json_item(items, i)) == -1) {
            return -1;
        }
    }

    return 0;
}


static int
violet_payment_read(violet_payments_t *payments, const json_t *item)
{
    int             blocking;
    const char     *message;
    violet_text_t   status, capture;

    status = violet_json_text(item, "status", NULL);
    capture = violet_json_text(item, "capture_status", "captureStatus");

    if (violet_text_is(status, "REQUIRES_ACTION")
        || violet_text_is(capture, "REQUIRES_ACTION"))
    {
        payments->requires_action = 1;
    }

    message = violet_payment_failed(status);

    if (message == NULL) {
        message = violet_payment_failed(capture);
    }

    blocking = 0;

    if (message) {
        blocking = violet_payment_blocks(payments,
                                         violet_json_get(item, "related_bags",
                                                         "relatedBags"));
    }

    return violet_payment_errors(payments, item, blocking, message);
}


static const char *
violet_payment_failed(violet_text_t status)
{
    if (violet_text_is(status, "FAILED")) {
        return "The payment failed.";
    }

    if (violet_text_is(status, "CANCELLED")
        || violet_text_is(status, "CANCELED"))
    {
        return "The payment was cancelled.";
    }

    if (violet_text_is(status, "REQUIRES_PAYMENT_METHOD")) {
        return "The payment needs another payment method.";
    }

    return NULL;
}


/* Marks the bags of a failed payment that were not accepted as blocked. */

static int
violet_payment_blocks(violet_payments_t *payments, const json_t *related)
{
    int                  blocking;
    size_t               i;
    violet_id_t          id;
    violet_bag_group_t  *group;

    if (violet_json_count(related) == 0) {
        return violet_payment_blocks_all(payments);
    }

    blocking = 0;

    for (i = 0; i < violet_json_count(related); i++) {

        id = violet_json_to_id(violet_json_item(related, i));
        group = violet_bags_find(payments->bags, id);

        if (group && group->accepted) {
            continue;
        }

        if (group) {
            group->blocked = 1;
        }

        blocking = 1;
        payments->blocking = 1;
    }

    return blocking;
}


/* A payment without related bags was for all bags of the order. */

static int
violet_payment_blocks_all(violet_payments_t *payments)
{
    if (payments->bags->nbags
        && payments->bags->naccepted == payments->bags->nbags)
    {
        return 0;
    }

    payments->all_blocked = 1;
    payments->blocking = 1;

    return 1;
}


/* A failed payment without errors gets one with the gateway's message. */

static int
violet_payment_errors(violet_payments_t *payments, const json_t *item,
    int blocking, const char *message)
{
    size_t           i;
    const json_t    *items, *related, *entry;
    violet_error_t   error;

    items = violet_json_get(item, "errors", NULL);
    related = violet_json_get(item, "related_bags", "relatedBags");

    for (i = 0; i < violet_json_count(items); i++) {

        entry = violet_json_item(items, i);

        if (json_is_true(json_object_get(entry, "resolved"))) {
            continue;
        }

        violet_error_read(&error, entry, payments->words);

        if (violet_payment_add(payments, related, blocking, &error) == -1) {
            return -1;
        }

        message = NULL;
    }

    if (message == NULL) {
        return 0;
    }

    violet_error_init(&error, VIOLET_REASON_OTHER, VIOLET_SCOPE_PAYMENT,
                      message);

    return violet_payment_add(payments, related, blocking, &error);
}


static int
violet_payment_add(violet_payments_t *payments, const json_t *related,
    int blocking, violet_error_t *error)
{
    error->scope = VIOLET_SCOPE_PAYMENT;
    error->blocking = blocking ? 1 : 0;

    if (error->reason == VIOLET_REASON_OTHER) {
        error->reason = VIOLET_REASON_PAYMENT_FAILED;
    }

    if (!error->bag_id.known && violet_json_count(related) == 1) {
        error->bag_id = violet_json_to_id(violet_json_item(related, 0));
    }

    violet_bags_set_merchant(payments->bags,
                             violet_bags_find(payments->bags, error->bag_id),
                             error);

    return violet_errors_add(payments->errors, error);
}

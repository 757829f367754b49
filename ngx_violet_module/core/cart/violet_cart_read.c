
/*
 * Both bodies are read by their outline, which has only the members that are
 * picked here.  The whole text is parsed only if there is no outline of it.
 */

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "violet_cart_body.h"
#include "violet_cart_read.h"
#include "violet_json.h"
#include "violet_json_outline.h"
#include "violet_text.h"


static int violet_cart_read_bags_open(const json_t *bags);
static int violet_cart_read_payments_open(const json_t *payments);


/*
 * The financial status of a bag, and the status of a payment, that show that
 * money was moved or is about to be moved.
 */

static const char *const  violet_cart_read_money[] = {
    "AUTHORIZED",
    "PENDING",
    "PAID",
    "PARTIALLY_PAID",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    NULL
};


static const char *const  violet_cart_read_paying[] = {
    "PROCESSING",
    "CAPTURED",
    "BYPASSED",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    NULL
};


/* the members that are read of the body of a payment, and of an order */

static const violet_json_pick_t  violet_cart_read_payment_picks[] = {
    { violet_text("complete_checkout"), NULL },
    { violet_text("completeCheckout"), NULL },
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_cart_read_bag_picks[] = {
    { violet_text("status"), NULL },
    { violet_text("financial_status"), NULL },
    { violet_text("financialStatus"), NULL },
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_cart_read_transaction_picks[] = {
    { violet_text("status"), NULL },
    { violet_text("capture_status"), NULL },
    { violet_text("captureStatus"), NULL },
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_cart_read_order_picks[] = {
    { violet_text("id"), NULL },
    { violet_text("status"), NULL },
    { violet_text("bags"), violet_cart_read_bag_picks },
    { violet_text("payment_transactions"), violet_cart_read_transaction_picks },
    { violet_text("paymentTransactions"), violet_cart_read_transaction_picks },
    { violet_text_null, NULL }
};


int
violet_cart_read_completes(const char *data, size_t len)
{
    int                  completes;
    json_t              *root, *value;
    violet_text_t        text;
    violet_json_error_t  error;

    if (len == 0) {
        return 0;
    }

    root = violet_json_outline(data, len, violet_cart_read_payment_picks);

    if (root == NULL) {
        root = violet_json_parse(data, len, &error);
    }

    if (root == NULL) {
        return 1;
    }

    value = violet_json_get(root, "complete_checkout", "completeCheckout");
    text = violet_json_to_text(value);

    completes = value != NULL
                && !json_is_false(value)
                && !(json_is_integer(value) && json_integer_value(value) == 0)
                && !(text.data && text.len == 0)
                && !violet_text_is(text, "false");

    json_decref(root);

    return completes;
}


int
violet_cart_judge_read(const violet_cart_answer_t *answer, int64_t id,
    violet_cart_verdict_t *verdict)
{
    int  rc;

    rc = violet_cart_judge(answer, verdict);

    if (rc == 0
        && answer->transport == VIOLET_CART_ANSWERED
        && answer->status == 200
        && verdict->seen.order
        && verdict->seen.id.known
        && verdict->seen.id.value == id)
    {
        return 1;
    }

    free(verdict->problem);
    memset(verdict, 0, sizeof(violet_cart_verdict_t));

    return rc;
}


violet_cart_read_t
violet_cart_read(const char *data, size_t len, int64_t id)
{
    int                   twice;
    json_t               *root;
    violet_id_t           got;
    violet_text_t         status;
    violet_cart_read_t    read;
    violet_json_error_t   error;

    twice = 0;
    root = violet_json_outline(data, len, violet_cart_read_order_picks);

    if (root == NULL) {
        root = violet_json_parse_loose(data, len, violet_cart_names,
                                       VIOLET_CART_NAMES_DEPTH, &twice,
                                       &error);
    }

    if (root == NULL || twice) {
        json_decref(root);
        return VIOLET_CART_READ_NOTHING;
    }

    got = violet_json_id(root, "id", NULL);
    status = violet_json_text(root, "status", NULL);
    read = VIOLET_CART_READ_NOTHING;

    if (got.known && got.value == id && status.data
        && violet_json_array(root, "bags", NULL))
    {
        read = VIOLET_CART_READ_ORDER;

        if (violet_text_is(status, "IN_PROGRESS")
            && violet_cart_read_bags_open(violet_json_array(root, "bags", NULL))
            && violet_cart_read_payments_open(
                   violet_json_get(root, "payment_transactions",
                                   "paymentTransactions")))
        {
            read = VIOLET_CART_READ_OPEN;
        }
    }

    json_decref(root);

    return read;
}


static int
violet_cart_read_bags_open(const json_t *bags)
{
    size_t         i;
    const json_t  *bag;

    for (i = 0; i < json_array_size(bags); i++) {
        bag = json_array_get(bags, i);

        if (!violet_text_is(violet_json_text(bag, "status", NULL),
                            "IN_PROGRESS")
            || violet_text_any(violet_json_text(bag, "financial_status",
                                                "financialStatus"),
                               violet_cart_read_money))
        {
            return 0;
        }
    }

    return i > 0;
}


static int
violet_cart_read_payments_open(const json_t *payments)
{
    size_t         i;
    const json_t  *item;

    for (i = 0; i < violet_json_count(payments); i++) {
        item = violet_json_item(payments, i);

        if (violet_text_any(violet_json_text(item, "status", NULL),
                            violet_cart_read_paying)
            || violet_text_any(violet_json_text(item, "capture_status",
                                                "captureStatus"),
                               violet_cart_read_paying))
        {
            return 0;
        }
    }

    return 1;
}

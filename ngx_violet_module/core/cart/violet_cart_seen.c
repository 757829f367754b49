
/*
 * What an order shows of its submit, beside the verdict on it: evidence, and
 * that it was not submitted.  The tree is freed before the call returns.
 */

#include <jansson.h>

#include "violet_cart_read.h"
#include "violet_cart_record.h"
#include "violet_date.h"
#include "violet_json.h"
#include "violet_json_outline.h"
#include "violet_text.h"


/* levels of an order that have a member of violet_seen_names */
#define VIOLET_SEEN_DEPTH  3

/* ms by which the clocks of Violet and of the gateway may differ */
#define VIOLET_SEEN_SLACK  60000


static json_t *violet_cart_seen_parse(const char *data, size_t len);
static unsigned violet_cart_seen_order(const json_t *root, int64_t sent);
static unsigned violet_cart_seen_bags(const json_t *bags,
    const json_t *payments, int64_t sent);
static unsigned violet_cart_seen_bag(const json_t *bag,
    const json_t *payments, int64_t sent);
static int violet_cart_seen_has_id(const json_t *bag, const char *snake,
    const char *camel);
static int violet_cart_seen_bypassed(const json_t *payments,
    violet_id_t bag);
static int violet_cart_seen_is_of(const json_t *payment, violet_id_t bag);
static int violet_cart_seen_after(const json_t *bag, int64_t sent);
static int violet_cart_seen_paying(const json_t *payments, int before);
static int violet_cart_seen_is_true(const json_t *root, const char *snake,
    const char *camel);


/* the merchant has the bag */

static const char *const  violet_seen_first[] = {
    "ACCEPTED",
    "COMPLETED",
    "BACKORDERED",
    "PARTIALLY_REFUNDED",
    "REFUNDED",
    NULL
};


static const char *const  violet_seen_paid[] = {
    "PAID",
    "PARTIALLY_PAID",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    NULL
};


static const char *const  violet_seen_against[] = {
    "REJECTED",
    "CANCELED",
    NULL
};


static const char *const  violet_seen_open[] = {
    "IN_PROGRESS",
    "REQUIRES_ACTION",
    NULL
};


static const char *const  violet_seen_ordered[] = {
    "ACCEPTED",
    "COMPLETED",
    NULL
};


/* money is moved, or was */

static const char *const  violet_seen_paying[] = {
    "PROCESSING",
    "CAPTURED",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    NULL
};


/* a text in which an object has one of these twice is not read */

static const char *const  violet_seen_names[] = {
    "bags",
    "captureStatus",
    "capture_status",
    "dateSubmitted",
    "date_submitted",
    "externalId",
    "externalOrderId",
    "external_id",
    "external_order_id",
    "financialStatus",
    "financial_status",
    "id",
    "intentBasedCheckout",
    "intent_based_checkout",
    "paymentTransactions",
    "payment_transactions",
    "relatedBags",
    "related_bags",
    "status",
    "walletBasedCheckout",
    "wallet_based_checkout",
    NULL
};


static const violet_json_pick_t  violet_seen_bag_picks[] = {
    { violet_text("id"), NULL },
    { violet_text("status"), NULL },
    { violet_text("financial_status"), NULL },
    { violet_text("financialStatus"), NULL },
    { violet_text("external_id"), NULL },
    { violet_text("externalId"), NULL },
    { violet_text("external_order_id"), NULL },
    { violet_text("externalOrderId"), NULL },
    { violet_text("date_submitted"), NULL },
    { violet_text("dateSubmitted"), NULL },
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_seen_payment_picks[] = {
    { violet_text("status"), NULL },
    { violet_text("capture_status"), NULL },
    { violet_text("captureStatus"), NULL },
    { violet_text("related_bags"), NULL },
    { violet_text("relatedBags"), NULL },
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_seen_picks[] = {
    { violet_text("id"), NULL },
    { violet_text("status"), NULL },
    { violet_text("intent_based_checkout"), NULL },
    { violet_text("intentBasedCheckout"), NULL },
    { violet_text("wallet_based_checkout"), NULL },
    { violet_text("walletBasedCheckout"), NULL },
    { violet_text("bags"), violet_seen_bag_picks },
    { violet_text("payment_transactions"), violet_seen_payment_picks },
    { violet_text("paymentTransactions"), violet_seen_payment_picks },
    { violet_text_null, NULL }
};


int
violet_cart_read_seen(const char *data, size_t len, int64_t id, int64_t sent,
    unsigned *seen)
{
    json_t       *root;
    violet_id_t   got;

    *seen = 0;

    root = violet_cart_seen_parse(data, len);
    if (root == NULL) {
        return -1;
    }

    got = violet_json_id(root, "id", NULL);

    if (violet_json_is_exception(root)
        || !got.known || (id != 0 && got.value != id)
        || (violet_json_text(root, "status", NULL).data == NULL
            && violet_json_array(root, "bags", NULL) == NULL))
    {
        json_decref(root);
        return -1;
    }

    *seen = violet_cart_seen_order(root, sent);

    json_decref(root);

    return 0;
}


/* NULL for a text that two readers could understand differently. */

static json_t *
violet_cart_seen_parse(const char *data, size_t len)
{
    int                   twice;
    json_t               *root;
    violet_json_error_t   error;

    root = violet_json_outline(data, len, violet_seen_picks);

    if (root) {
        return root;
    }

    twice = 0;

    root = violet_json_parse_loose(data, len, violet_seen_names,
                                   VIOLET_SEEN_DEPTH, &twice, &error);

    if (twice) {
        json_decref(root);
        return NULL;
    }

    return root;
}


static unsigned
violet_cart_seen_order(const json_t *root, int64_t sent)
{
    int            before;
    unsigned       seen;
    const json_t  *payments;
    violet_text_t  status;

    status = violet_json_text(root, "status", NULL);
    payments = violet_json_get(root, "payment_transactions",
                               "paymentTransactions");

    seen = violet_cart_seen_bags(violet_json_array(root, "bags", NULL),
                                 payments, sent);

    if (violet_text_is(status, "PROCESSING")) {
        seen |= VIOLET_SEEN_PROCESSING;
    }

    if (violet_text_any(status, violet_seen_ordered)) {
        seen |= VIOLET_SEEN_ORDERED;
    }

    if (violet_text_any(status, violet_seen_against)) {
        seen |= VIOLET_SEEN_REJECTED;
    }

    /* there the shopper authorizes before the submit */

    before = violet_cart_seen_is_true(root, "intent_based_checkout",
                                      "intentBasedCheckout")
             || violet_cart_seen_is_true(root, "wallet_based_checkout",
                                         "walletBasedCheckout");

    if (!violet_text_any(status, violet_seen_open)
        || violet_cart_seen_paying(payments, before))
    {
        seen &= ~(unsigned) VIOLET_SEEN_OPEN;
    }

    return seen;
}


/* OPEN and REJECTED are seen only if they are seen of every bag. */

static unsigned
violet_cart_seen_bags(const json_t *bags, const json_t *payments,
    int64_t sent)
{
    size_t    i;
    unsigned  one, all, any;

    all = VIOLET_SEEN_OPEN|VIOLET_SEEN_REJECTED;
    any = 0;

    for (i = 0; i < json_array_size(bags); i++) {
        one = violet_cart_seen_bag(json_array_get(bags, i), payments, sent);

        all &= one;
        any |= one & VIOLET_SEEN_EVIDENCE;
    }

    return i ? all | any : 0;
}


static unsigned
violet_cart_seen_bag(const json_t *bag, const json_t *payments, int64_t sent)
{
    unsigned       seen;
    violet_text_t  status, money;

    status = violet_json_text(bag, "status", NULL);
    money = violet_json_text(bag, "financial_status", "financialStatus");

    seen = 0;

    if (violet_text_is(status, "SUBMITTED")) {
        seen |= VIOLET_SEEN_SUBMITTED;
    }

    if (violet_text_any(status, violet_seen_first)
        || violet_cart_seen_has_id(bag, "external_id", "externalId")
        || violet_cart_seen_has_id(bag, "external_order_id",
                                   "externalOrderId")
        || (violet_text_any(money, violet_seen_paid)
            && !violet_cart_seen_bypassed(payments,
                                          violet_json_id(bag, "id", NULL))))
    {
        seen |= VIOLET_SEEN_MADE;
    }

    if (violet_text_any(status, violet_seen_against)) {
        seen |= VIOLET_SEEN_REJECTED;
    }

    if (violet_text_is(status, "IN_PROGRESS")
        && !(seen & VIOLET_SEEN_MADE)
        && !violet_cart_seen_after(bag, sent))
    {
        seen |= VIOLET_SEEN_OPEN;
    }

    return seen;
}


/* a number, or a string that is not empty */

static int
violet_cart_seen_has_id(const json_t *bag, const char *snake,
    const char *camel)
{
    const json_t  *value;

    value = violet_json_get(bag, snake, camel);

    return json_is_number(value) || violet_json_to_text(value).len > 0;
}


/* The bag has transactions, and all of them are of an external payment. */

static int
violet_cart_seen_bypassed(const json_t *payments, violet_id_t bag)
{
    size_t         i, n;
    const json_t  *payment;

    n = 0;

    for (i = 0; i < violet_json_count(payments); i++) {
        payment = violet_json_item(payments, i);

        if (!violet_cart_seen_is_of(payment, bag)) {
            continue;
        }

        if (!violet_text_is(violet_json_text(payment, "status", NULL),
                            "BYPASSED"))
        {
            return 0;
        }

        n++;
    }

    return n > 0;
}


/* A transaction that names no bags is of all. */

static int
violet_cart_seen_is_of(const json_t *payment, violet_id_t bag)
{
    size_t         i;
    violet_id_t    id;
    const json_t  *bags;

    bags = violet_json_get(payment, "related_bags", "relatedBags");

    if (violet_json_count(bags) == 0) {
        return 1;
    }

    for (i = 0; i < violet_json_count(bags); i++) {
        id = violet_json_to_id(violet_json_item(bags, i));

        if (id.known && bag.known && id.value == bag.value) {
            return 1;
        }
    }

    return 0;
}


/* A date that cannot be read counts as one after the submit. */

static int
violet_cart_seen_after(const json_t *bag, int64_t sent)
{
    int64_t        date;
    const json_t  *value;

    value = violet_json_get(bag, "date_submitted", "dateSubmitted");

    if (value == NULL) {
        return 0;
    }

    return violet_date_parse(violet_json_to_text(value), &date) != 0
           || date > sent - VIOLET_SEEN_SLACK;
}


static int
violet_cart_seen_paying(const json_t *payments, int before)
{
    size_t         i;
    const json_t  *payment;
    violet_text_t  status, capture;

    for (i = 0; i < violet_json_count(payments); i++) {
        payment = violet_json_item(payments, i);

        status = violet_json_text(payment, "status", NULL);
        capture = violet_json_text(payment, "capture_status",
                                   "captureStatus");

        if (violet_text_any(status, violet_seen_paying)
            || violet_text_any(capture, violet_seen_paying))
        {
            return 1;
        }

        if (!before
            && (violet_text_is(status, "AUTHORIZED")
                || violet_text_is(capture, "AUTHORIZED")))
        {
            return 1;
        }
    }

    return 0;
}


static int
violet_cart_seen_is_true(const json_t *root, const char *snake,
    const char *camel)
{
    return json_is_true(violet_json_get(root, snake, camel));
}

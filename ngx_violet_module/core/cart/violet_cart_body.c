
/*
 * The kind of a body follows from its members alone.  A body that fits two
 * kinds is not guessed at: an order under 2xx that also has the members of an
 * API exception is unclear, and so is an order whose bags cannot be read.
 */

#include <string.h>

#include "violet_cart_body.h"
#include "violet_json.h"
#include "violet_json_outline.h"


static json_t *violet_cart_body_parse(violet_text_t text, int *twice,
    violet_json_error_t *error);
static violet_body_kind_t violet_cart_body_kind(violet_cart_body_t *body,
    int expected);
static void violet_cart_body_twice(violet_cart_body_t *body);
static const char *violet_cart_body_unclear(const json_t *root,
    int expected);
static int violet_cart_body_has_status(const json_t *root);


const char *const  violet_cart_names[] = {
    "bag_id",
    "bagId",
    "bag_status",
    "bagStatus",
    "bags",
    "capture_status",
    "captureStatus",
    "code",
    "date_submitted",
    "dateSubmitted",
    "entity_id",
    "entityId",
    "entity_type",
    "entityType",
    "error",
    "error_code",
    "errorCode",
    "error_message",
    "errorMessage",
    "errors",
    "external_id",
    "externalId",
    "external_order_id",
    "externalOrderId",
    "financial_status",
    "financialStatus",
    "id",
    "intent_based_checkout",
    "intentBasedCheckout",
    "message",
    "payment_status",
    "paymentStatus",
    "payment_transactions",
    "paymentTransactions",
    "related_bags",
    "relatedBags",
    "resolved",
    "status",
    "type",
    "wallet_based_checkout",
    "walletBasedCheckout",
    NULL
};


#define violet_cart_pick(name)  { violet_text(name), NULL }


/*
 * The members that are read of an answer, here, in violet_order.c,
 * violet_payment.c and violet_error.c.  The outline leaves out all others
 * before jansson parses the text.
 */

static const violet_json_pick_t  violet_cart_bag_picks[] = {
    violet_cart_pick("id"),
    violet_cart_pick("bag_id"),
    violet_cart_pick("bagId"),
    violet_cart_pick("status"),
    violet_cart_pick("bag_status"),
    violet_cart_pick("bagStatus"),
    violet_cart_pick("financial_status"),
    violet_cart_pick("financialStatus"),
    violet_cart_pick("external_id"),
    violet_cart_pick("externalId"),
    violet_cart_pick("external_order_id"),
    violet_cart_pick("externalOrderId"),
    violet_cart_pick("date_submitted"),
    violet_cart_pick("dateSubmitted"),
    violet_cart_pick("merchant_id"),
    violet_cart_pick("merchantId"),
    violet_cart_pick("merchant_name"),
    violet_cart_pick("merchantName"),
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_cart_payment_picks[] = {
    violet_cart_pick("status"),
    violet_cart_pick("capture_status"),
    violet_cart_pick("captureStatus"),
    violet_cart_pick("related_bags"),
    violet_cart_pick("relatedBags"),
    violet_cart_pick("errors"),
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_cart_data_picks[] = {
    violet_cart_pick("skus"),
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_cart_order_picks[] = {
    violet_cart_pick("id"),
    violet_cart_pick("order_id"),
    violet_cart_pick("orderId"),
    violet_cart_pick("status"),
    violet_cart_pick("payment_status"),
    violet_cart_pick("paymentStatus"),
    violet_cart_pick("intent_based_checkout"),
    violet_cart_pick("intentBasedCheckout"),
    violet_cart_pick("wallet_based_checkout"),
    violet_cart_pick("walletBasedCheckout"),
    violet_cart_pick("errors"),
    { violet_text("bags"), violet_cart_bag_picks },
    { violet_text("payment_transactions"), violet_cart_payment_picks },
    { violet_text("paymentTransactions"), violet_cart_payment_picks },

    /* of an API exception */
    violet_cart_pick("code"),
    violet_cart_pick("error"),
    violet_cart_pick("error_code"),
    violet_cart_pick("message"),
    { violet_text("data"), violet_cart_data_picks },
    { violet_text_null, NULL }
};


void
violet_cart_body_init(violet_cart_body_t *body,
    const violet_cart_answer_t *answer)
{
    memset(body, 0, sizeof(violet_cart_body_t));

    violet_words_init(&body->words, answer->reasons);
}


int
violet_cart_body_read(violet_cart_body_t *body,
    const violet_cart_answer_t *answer)
{
    int                  expected, twice;
    violet_text_t        text;
    violet_json_error_t  error;

    expected = (answer->status >= 200 && answer->status < 300);

    /* RFC 8259, section 8.1: a BOM may be ignored */

    text = violet_json_trim(answer->body);

    body->root = violet_cart_body_parse(text, &twice, &error);

    if (body->root == NULL) {

        if (error.memory) {
            return -1;
        }

        if (expected) {
            body->why = error.reason;
            body->offset = error.offset + (text.data - answer->body.data);
        }

        return 0;
    }

    body->kind = violet_cart_body_kind(body, expected);

    if (twice) {
        violet_cart_body_twice(body);
    }

    if (!expected) {
        body->why = NULL;
    }

    violet_exception_read(&body->exception, body->root);

    if (body->kind == VIOLET_BODY_ORDER || body->kind == VIOLET_BODY_ERRORS) {
        return violet_order_read(&body->order, body->root, &body->words,
                                 &body->errors);
    }

    return 0;
}


/*
 * The outline has only the members that are read: a tree of the whole order
 * would be the most expensive part of the verdict.  The whole text is parsed
 * only if there is no outline of it.
 */

static json_t *
violet_cart_body_parse(violet_text_t text, int *twice,
    violet_json_error_t *error)
{
    json_t  *root;

    *twice = 0;

    root = violet_json_outline(text.data, text.len, violet_cart_order_picks);

    if (root) {
        return root;
    }

    return violet_json_parse_loose(text.data, text.len, violet_cart_names,
                                   VIOLET_CART_NAMES_DEPTH, twice, error);
}


void
violet_cart_body_free(violet_cart_body_t *body)
{
    violet_order_free(&body->order);
    violet_errors_free(&body->errors);
    json_decref(body->root);

    body->root = NULL;
}


int
violet_cart_body_is_order(const violet_cart_body_t *body)
{
    return body->kind == VIOLET_BODY_ORDER
           || body->kind == VIOLET_BODY_ERRORS
           || body->kind == VIOLET_BODY_UNCLEAR;
}


static violet_body_kind_t
violet_cart_body_kind(violet_cart_body_t *body, int expected)
{
    const json_t  *root;

    root = body->root;

    if (!json_is_object(root)) {
        body->why = "JSON, but not an object";
        return VIOLET_BODY_NONE;
    }

    body->why = violet_cart_body_unclear(root, expected);

    if (body->why) {
        return VIOLET_BODY_UNCLEAR;
    }

    if (violet_json_is_exception(root)) {
        body->why = "an API exception";
        return VIOLET_BODY_EXCEPTION;
    }

    if (violet_json_get(root, "bags", NULL)
        || violet_cart_body_has_status(root))
    {
        return VIOLET_BODY_ORDER;
    }

    if (violet_json_array(root, "errors", NULL)) {
        return VIOLET_BODY_ERRORS;
    }

    body->why = "an object, but not an order";

    if (violet_json_get(root, "message", NULL)
        || violet_json_get(root, "error", NULL))
    {
        return VIOLET_BODY_ERROR;
    }

    return VIOLET_BODY_OBJECT;
}


/*
 * The order stays part of the problem document, but no verdict is based on
 * it: Violet may have meant the other one of the two members.
 */

static void
violet_cart_body_twice(violet_cart_body_t *body)
{
    body->twice = 1;
    body->why = "JSON in which an object has an important name twice";

    if (violet_cart_body_is_order(body)) {
        body->kind = VIOLET_BODY_UNCLEAR;

    } else if (body->kind != VIOLET_BODY_NONE) {
        body->kind = VIOLET_BODY_OBJECT;
    }
}


/* Why an order cannot be judged; NULL if it can, or if it is not an order. */

static const char *
violet_cart_body_unclear(const json_t *root, int expected)
{
    const json_t  *bags;

    bags = violet_json_get(root, "bags", NULL);

    if (bags && !json_is_array(bags)) {
        return "an order whose bags are not an array";
    }

    if (json_array_size(bags) > VIOLET_BAGS_MAX) {
        return "an order with too many bags";
    }

    /* under 4xx an exception may have an id and a status as well */

    if (expected
        && violet_cart_body_has_status(root)
        && violet_json_is_exception(root))
    {
        return "both an order and an API exception";
    }

    return NULL;
}


/* True if there is an id and the status is a string, as in an order. */

static int
violet_cart_body_has_status(const json_t *root)
{
    return violet_json_get(root, "id", NULL) != NULL
           && json_is_string(violet_json_get(root, "status", NULL));
}


/*
 * Orders, row by row of the contract's table and from both sides of each:
 * when a bag is accepted or failed, when an error blocks, what payments do;
 * and orders that are broken, huge or hostile.
 */

#include <time.h>

#include "cart_check.h"


#define N(rows)  (sizeof(rows) / sizeof((rows)[0]))

#define COMPLETED    VIOLET_CART_COMPLETED
#define PENDING      VIOLET_CART_PENDING
#define ACTION       VIOLET_CART_REQUIRES_ACTION
#define FAILED       VIOLET_CART_FAILED
#define PARTIAL      VIOLET_CART_PARTIAL
#define UNKNOWN      VIOLET_CART_UNKNOWN
#define CHECK_FIRST  VIOLET_CART_RETRY_CHECK_FIRST
#define NEVER        VIOLET_CART_RETRY_NEVER
#define NEW_CART     VIOLET_CART_RETRY_NEW_CART
#define CHANGE       VIOLET_CART_RETRY_AFTER_CHANGE

#define OTHER        VIOLET_REASON_OTHER
#define PAYMENT      VIOLET_REASON_PAYMENT_FAILED
#define GONE         VIOLET_REASON_ITEM_UNAVAILABLE

#define BAG(id, status)  "{\"id\":" #id ",\"status\":\"" status "\"}"

#define OLD(id, type)                                                         \
    "{\"bag_id\":" #id ",\"type\":\"" type "\",\"message\":\"sold out\"}"

#define SUBMIT(id)  OLD(id, "EXTERNAL_SUBMIT_CART")

#define PAY(status, rest)  "{\"status\":\"" status "\"" rest "}"

#define HUGE_ERRORS  10000
#define HUGE_BAGS    1000


/* an order from its status, bags, errors and payments; NULL leaves one out */

typedef struct {
    const char             *status;
    const char             *bags;
    const char             *errors;
    const char             *payments;

    violet_cart_outcome_t   outcome;
    unsigned                to_caller;
    violet_cart_retry_t     retry;
    int                     reason;
} test_order_t;


static size_t
test_member(char *buffer, size_t len, const char *name, const char *value,
    const char *brackets)
{
    if (value == NULL) {
        return len;
    }

    return len + (size_t) sprintf(buffer + len, ",\"%s\":%.1s%s%s", name,
                                  brackets, value, brackets + 1);
}


static void
test_orders(const test_order_t *orders, size_t n)
{
    char         body[4096];
    size_t       i, len;
    check_row_t  row;

    for (i = 0; i < n; i++) {

        len = (size_t) sprintf(body, "{\"id\":10000");
        len = test_member(body, len, "status", orders[i].status, "\"\"");
        len = test_member(body, len, "bags", orders[i].bags, "[]");
        len = test_member(body, len, "errors", orders[i].errors, "[]");
        len = test_member(body, len, "payment_transactions",
                          orders[i].payments, "[]");
        (void) strcpy(body + len, "}");

        memset(&row, 0, sizeof(check_row_t));

        row.status = 200;
        row.body = body;
        row.outcome = orders[i].outcome;
        row.to_caller = orders[i].to_caller;
        row.retry = orders[i].retry;
        row.reason = orders[i].reason;

        check_rows(&row, 1);
    }
}


static void
test_bag_status(void **state)
{
    size_t        i;
    char          bags[128];
    test_order_t  order;

    static const struct {
        const char             *status;
        violet_cart_outcome_t   outcome;
    } rows[] = {
        { "SUBMITTED", COMPLETED },
        { "ACCEPTED", COMPLETED },
        { "COMPLETED", COMPLETED },
        { "BACKORDERED", COMPLETED },
        { "PARTIALLY_REFUNDED", COMPLETED },
        { "REFUNDED", COMPLETED },
        { "Accepted", COMPLETED },
        { "submitted", COMPLETED },
        { "REJECTED", FAILED },
        { "CANCELED", FAILED },
        { "CANCELLED", FAILED },
        { "rejected", FAILED },
        { "IN_PROGRESS", PENDING },
        { "ACCEPTED2", PENDING },
        { "ACCEPTE", PENDING },
        { "SOMETHING_NEW", PENDING },
        { "", PENDING }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        (void) snprintf(bags, sizeof(bags), "{\"id\":1,\"status\":\"%s\"}",
                        rows[i].status);

        memset(&order, 0, sizeof(test_order_t));

        order.bags = bags;
        order.outcome = rows[i].outcome;
        order.to_caller = 422;
        order.retry = CHANGE;
        order.reason = OTHER;

        test_orders(&order, 1);
    }
}


static void
test_requires_action(void **state)
{
    static const test_order_t  orders[] = {
        { "REQUIRES_ACTION", BAG(1, "IN_PROGRESS"), NULL, NULL, ACTION, 0, 0,
          0 },
        { "requires_action", NULL, NULL, NULL, ACTION, 0, 0, 0 },
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS"), NULL,
          PAY("REQUIRES_ACTION", ""), ACTION, 0, 0, 0 },
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS"), NULL,
          PAY("X", ",\"capture_status\":\"REQUIRES_ACTION\""), ACTION, 0, 0,
          0 },
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS"), NULL,
          PAY("X", ",\"captureStatus\":\"Requires_Action\""), ACTION, 0, 0,
          0 },

        /* before an accepted bag, and before an error that names no bag */
        { "REQUIRES_ACTION", BAG(1, "ACCEPTED"), NULL, NULL, ACTION, 0, 0,
          0 },
        { "REQUIRES_ACTION", BAG(1, "IN_PROGRESS"), "{}", NULL, ACTION, 0, 0,
          0 },

        /* a failed bag undoes it */
        { "REQUIRES_ACTION", BAG(1, "REJECTED"), NULL, NULL, FAILED, 422,
          NEW_CART, OTHER },
        { "REQUIRES_ACTION", BAG(1, "IN_PROGRESS") "," BAG(2, "ACCEPTED"),
          SUBMIT(1), NULL, PARTIAL, 207, NEVER, GONE },
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS") "," BAG(2, "IN_PROGRESS"),
          NULL, PAY("REQUIRES_ACTION", ",\"related_bags\":[1]") ","
          PAY("FAILED", ",\"related_bags\":[2]"), FAILED, 422, CHANGE,
          PAYMENT },

        /* and so does another word */
        { "REQUIRES_ACTIONS", BAG(1, "IN_PROGRESS"), NULL,
          PAY("REQUIRES_AUTHORIZATION", ""), PENDING, 0, 0, 0 }
    };

    static const check_row_t  rows[] = {
        { 0, 200, "{\"bags\":[],\"payment_status\":\"REQUIRES_ACTION\"}",
          ACTION, 0, 0, 0 },
        { 0, 200, "{\"bags\":[],\"paymentStatus\":\"REQUIRES_ACTION\"}",
          ACTION, 0, 0, 0 }
    };

    (void) state;

    test_orders(orders, N(orders));
    check_rows(rows, N(rows));
}


static void
test_partial(void **state)
{
    static const test_order_t  orders[] = {

        /* an accepted bag, and a failed one */
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "REJECTED"), NULL, NULL,
          PARTIAL, 207, NEVER, OTHER },
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "IN_PROGRESS"),
          SUBMIT(2), NULL, PARTIAL, 207, NEVER, GONE },
        { "CANCELED", BAG(1, "ACCEPTED") "," BAG(2, "IN_PROGRESS"), NULL,
          NULL, PARTIAL, 207, NEVER, OTHER },
        { "REJECTED", BAG(1, "ACCEPTED") "," BAG(2, "X"), NULL, NULL,
          PARTIAL, 207, NEVER, OTHER },

        /* or a blocking error: of no bag, or of one that is not listed */
        { "COMPLETED", BAG(1, "ACCEPTED"), "{\"message\":\"sold out\"}", NULL,
          PARTIAL, 207, NEVER, GONE },
        { "COMPLETED", BAG(1, "ACCEPTED"), SUBMIT(2), NULL, PARTIAL, 207,
          NEVER, GONE },
        { "COMPLETED", BAG(1, "ACCEPTED"), "null", NULL, PARTIAL, 207, NEVER,
          OTHER },

        /* before a contradiction */
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "REJECTED"), SUBMIT(1),
          NULL, PARTIAL, 207, NEVER, OTHER },

        /* a contradiction */
        { "COMPLETED", BAG(1, "ACCEPTED"), SUBMIT(1), NULL, PARTIAL, 207,
          CHECK_FIRST, CHECK_NONE },
        { "COMPLETED", BAG(1, "ACCEPTED"), OLD(1, "external_submit_cart"),
          NULL, PARTIAL, 207, CHECK_FIRST, CHECK_NONE },

        /* an accepted bag's other errors do not block */
        { "COMPLETED", BAG(1, "ACCEPTED"), OLD(1, "EXTERNAL_PRICE_CART"),
          NULL, COMPLETED, 0, 0, 0 },
        { "IN_PROGRESS", BAG(1, "ACCEPTED"), OLD(1, "SOMETHING_NEW"), NULL,
          COMPLETED, 0, 0, 0 },
        { "COMPLETED", BAG(1, "ACCEPTED"), "{\"bag_id\":1}", NULL, COMPLETED,
          0, 0, 0 },
        { "COMPLETED", BAG(1, "ACCEPTED"), "{\"bagId\":\"1\"}", NULL,
          COMPLETED, 0, 0, 0 },

        /* nor does INTERNAL_ADD_ITEM, anywhere */
        { "COMPLETED", BAG(1, "ACCEPTED"), OLD(1, "INTERNAL_ADD_ITEM"), NULL,
          COMPLETED, 0, 0, 0 },
        { "COMPLETED", BAG(1, "ACCEPTED"), OLD(2, "INTERNAL_ADD_ITEM"), NULL,
          COMPLETED, 0, 0, 0 },
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS"), OLD(1, "internal_add_item"),
          NULL, PENDING, 0, 0, 0 }
    };

    (void) state;

    test_orders(orders, N(orders));
}


static void
test_partial_status(void **state)
{
    size_t                  i;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    static const char      body[] = "{\"bags\":[" BAG(1, "ACCEPTED") ","
                                    BAG(2, "REJECTED") "]}";
    static const unsigned  rows[][2] = {
        { 200, 200 }, { 207, 207 }, { 422, 422 }, { 502, 502 }, { 0, 207 },
        { 404, 207 }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        check_answer(&answer, 200, body, strlen(body));
        answer.partial_status = rows[i][0];

        assert_int_equal(violet_cart_judge(&answer, &verdict), 0);
        assert_int_equal(verdict.outcome, PARTIAL);
        assert_int_equal(verdict.status, rows[i][1]);

        json_decref(check_problem(&verdict, verdict.problem,
                                  verdict.problem_len));
        free(verdict.problem);
    }
}


static void
test_completed_or_pending(void **state)
{
    static const test_order_t  orders[] = {
        { "COMPLETED", BAG(1, "ACCEPTED"), "", "", COMPLETED, 0, 0, 0 },
        { "IN_PROGRESS", BAG(1, "ACCEPTED") "," BAG(2, "IN_PROGRESS"), NULL,
          NULL, COMPLETED, 0, 0, 0 },
        { NULL, BAG(1, "ACCEPTED"), NULL, NULL, COMPLETED, 0, 0, 0 },
        { "COMPLETED", BAG(1, "IN_PROGRESS"), NULL, NULL, COMPLETED, 0, 0, 0 },
        { "ACCEPTED", BAG(1, "IN_PROGRESS"), NULL, NULL, COMPLETED, 0, 0, 0 },
        { "completed", NULL, NULL, NULL, COMPLETED, 0, 0, 0 },
        { "CANCELED", BAG(1, "ACCEPTED"), NULL, NULL, COMPLETED, 0, 0, 0 },

        { "IN_PROGRESS", BAG(1, "IN_PROGRESS"), NULL, NULL, PENDING, 0, 0, 0 },
        { "PROCESSING", BAG(1, "X"), "", NULL, PENDING, 0, 0, 0 },
        { NULL, "{}", NULL, NULL, PENDING, 0, 0, 0 },
        { NULL, "null,1,\"x\",[]", NULL, NULL, PENDING, 0, 0, 0 },
        { "PROCESSING", "", NULL, NULL, PENDING, 0, 0, 0 }
    };

    (void) state;

    test_orders(orders, N(orders));
}


static void
test_failed(void **state)
{
    static const test_order_t  orders[] = {

        /* no bags listed */
        { "COMPLETED", NULL, SUBMIT(1), NULL, PARTIAL, 207, CHECK_FIRST,
          GONE },
        { "IN_PROGRESS", "", "{}", NULL, PARTIAL, 207, CHECK_FIRST, OTHER },
        { "IN_PROGRESS", "", NULL, PAY("FAILED", ""), PARTIAL, 207,
          CHECK_FIRST, PAYMENT },

        /* every bag failed, and the cart is still open */
        { "IN_PROGRESS", BAG(1, "REJECTED"), NULL, NULL, FAILED, 422, CHANGE,
          OTHER },
        { "in_progress", BAG(1, "X"), SUBMIT(1), NULL, FAILED, 422, CHANGE,
          GONE },
        { NULL, BAG(1, "REJECTED") "," BAG(2, "CANCELED"), NULL, NULL, FAILED,
          422, CHANGE, OTHER },

        /* or it is not */
        { "COMPLETED", BAG(1, "REJECTED"), NULL, NULL, FAILED, 422, NEW_CART,
          OTHER },
        { "CANCELED", BAG(1, "IN_PROGRESS"), NULL, NULL, FAILED, 422,
          NEW_CART, OTHER },
        { "REJECTED", BAG(1, "IN_PROGRESS") "," BAG(2, "X"), NULL, NULL,
          FAILED, 422, NEW_CART, OTHER },
        { "PROCESSING", BAG(1, "X"), SUBMIT(1), NULL, FAILED, 422, NEW_CART,
          GONE },

        /* some failed, some pending */
        { "IN_PROGRESS", BAG(1, "REJECTED") "," BAG(2, "IN_PROGRESS"), NULL,
          NULL, UNKNOWN, 502, CHECK_FIRST, OTHER },
        { "COMPLETED", BAG(1, "X") "," BAG(2, "X"), SUBMIT(2), NULL, UNKNOWN,
          502, CHECK_FIRST, GONE },
        { "IN_PROGRESS", BAG(1, "REJECTED") ",null", NULL, NULL, UNKNOWN, 502,
          CHECK_FIRST, OTHER },

        /* an error that names no bag fails none */
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS"), "{}", NULL, UNKNOWN, 502,
          CHECK_FIRST, OTHER },
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS"), SUBMIT(2), NULL, UNKNOWN, 502,
          CHECK_FIRST, GONE },
        { "IN_PROGRESS", "{\"status\":\"X\"}", "{\"bag_id\":null}", NULL,
          UNKNOWN, 502, CHECK_FIRST, OTHER }
    };

    static const check_row_t  rows[] = {
        { 0, 200, "{\"status\":7,\"bags\":[" BAG(1, "REJECTED") "]}", FAILED,
          422, NEW_CART, OTHER },
        { 0, 200, "{\"status\":null,\"bags\":[" BAG(1, "REJECTED") "]}",
          FAILED, 422, CHANGE, OTHER },

        /* errors that are no array */
        { 0, 200, "{\"bags\":[" BAG(1, "ACCEPTED") "],\"errors\":{}}",
          PARTIAL, 207, NEVER, OTHER },
        { 0, 200, "{\"bags\":[" BAG(1, "ACCEPTED") "],\"errors\":\"sold out\"}",
          PARTIAL, 207, NEVER, GONE },
        { 0, 200, "{\"bags\":[" BAG(1, "ACCEPTED") "],\"errors\":null}",
          COMPLETED, 0, 0, 0 }
    };

    (void) state;

    test_orders(orders, N(orders));
    check_rows(rows, N(rows));
}


static void
test_payments(void **state)
{
    static const test_order_t  orders[] = {

        /* only payment errors, whatever the order's status */
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS"), NULL, PAY("FAILED", ""),
          FAILED, 422, CHANGE, PAYMENT },
        { "COMPLETED", BAG(1, "IN_PROGRESS"), NULL, PAY("CANCELLED", ""),
          FAILED, 422, CHANGE, PAYMENT },
        { "X", BAG(1, "X") "," BAG(2, "X"), "",
          PAY("requires_payment_method", ",\"relatedBags\":[\"1\"]"), FAILED,
          422, CHANGE, PAYMENT },
        { "X", BAG(1, "X"), NULL,
          PAY("AUTHORIZED", ",\"capture_status\":\"FAILED\""), FAILED, 422,
          CHANGE, PAYMENT },
        { "X", BAG(1, "X"), NULL, PAY("FAILED", ",\"related_bags\":[]"),
          FAILED, 422, CHANGE, PAYMENT },
        { "X", BAG(1, "X"), NULL, PAY("FAILED", ",\"related_bags\":\"1\""),
          FAILED, 422, CHANGE, PAYMENT },
        { "X", BAG(1, "REJECTED"), NULL, PAY("FAILED", ""), FAILED, 422,
          CHANGE, PAYMENT },

        /* not only */
        { "X", BAG(1, "X"), SUBMIT(1), PAY("FAILED", ""), FAILED, 422,
          NEW_CART, GONE },
        { "X", BAG(1, "REJECTED") "," BAG(2, "X"), NULL,
          PAY("FAILED", ",\"related_bags\":[2]"), FAILED, 422, NEW_CART,
          PAYMENT },
        { "IN_PROGRESS", BAG(1, "X") "," BAG(2, "X"), "{}",
          PAY("FAILED", ",\"related_bags\":[2]"), UNKNOWN, 502, CHECK_FIRST,
          OTHER },

        /* beside an accepted bag */
        { "X", BAG(1, "ACCEPTED") "," BAG(2, "X"), NULL, PAY("FAILED", ""),
          PARTIAL, 207, NEVER, PAYMENT },
        { "X", BAG(1, "ACCEPTED") "," BAG(2, "X"), NULL,
          PAY("FAILED", ",\"related_bags\":[\"1\",\"2\"]"), PARTIAL, 207,
          NEVER, PAYMENT },
        { "X", BAG(1, "ACCEPTED"), NULL,
          PAY("FAILED", ",\"related_bags\":[9]"), PARTIAL, 207, NEVER,
          PAYMENT },
        { "X", BAG(1, "ACCEPTED"), NULL,
          PAY("FAILED", ",\"related_bags\":[{}]"), PARTIAL, 207, NEVER,
          PAYMENT },

        /* one for accepted bags alone was tried again: it does not block */
        { "X", BAG(1, "ACCEPTED"), NULL, PAY("FAILED", ""), COMPLETED, 0, 0,
          0 },
        { "X", BAG(1, "ACCEPTED") "," BAG(2, "X"), NULL,
          PAY("FAILED", ",\"related_bags\":[1]"), COMPLETED, 0, 0, 0 },

        /* other transactions never block, with errors or without */
        { "X", BAG(1, "X"), NULL, PAY("PROCESSING", ""), PENDING, 0, 0, 0 },
        { "X", BAG(1, "X"), NULL,
          PAY("AUTHORIZED", ",\"errors\":[{\"resolved\":false}]"), PENDING, 0,
          0, 0 },
        { "X", BAG(1, "X"), NULL, "null,7,\"FAILED\",[]", PENDING, 0, 0, 0 }
    };

    (void) state;

    test_orders(orders, N(orders));
}


static void
test_payment_errors(void **state)
{
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    problem = check_judge(200,
        "{\"bags\":[{\"id\":1,\"merchant_id\":5,\"status\":\"X\"}],"
        "\"payment_transactions\":[{\"status\":\"FAILED\","
        "\"related_bags\":[\"1\"],\"errors\":["
        "{\"id\":7,\"error_code\":42,\"error_message\":\"Do not honor\","
        "\"resolved\":false,\"date_created\":\"d\"},"
        "{\"error_message\":\"old\",\"resolved\":true},"
        "{\"message\":\"hm\",\"error_code\":\"card_declined\"}]},"
        "{\"status\":\"CAPTURED\",\"errors\":[{\"message\":\"slow\"}]},"
        "{\"status\":\"CANCELLED\",\"errors\":[{\"resolved\":true}]}]}",
        &verdict);

    assert_int_equal(verdict.outcome, FAILED);
    assert_int_equal(json_array_size(check_at(problem, "errors")), 4);

    check_text(problem, "errors.0.scope", "PAYMENT");
    check_text(problem, "errors.0.reason", "PAYMENT_FAILED");
    check_text(problem, "errors.0.message", "Do not honor");
    assert_true(json_is_true(check_at(problem, "errors.0.blocking")));
    check_number(problem, "errors.0.bag_id", 1);
    check_number(problem, "errors.0.merchant_id", 5);
    check_number(problem, "errors.0.violet.id", 7);
    check_number(problem, "errors.0.violet.code", 42);
    check_text(problem, "errors.0.violet.date_created", "d");

    check_text(problem, "errors.1.message", "hm");
    check_text(problem, "errors.1.violet.error", "card_declined");
    check_text(problem, "errors.1.violet.code", NULL);

    check_text(problem, "errors.2.message", "slow");
    check_text(problem, "errors.2.scope", "PAYMENT");
    check_text(problem, "errors.2.bag_id", NULL);
    assert_true(json_is_false(check_at(problem, "errors.2.blocking")));

    check_text(problem, "errors.3.message", "The payment was cancelled.");
    assert_true(json_is_true(check_at(problem, "errors.3.blocking")));

    json_decref(problem);
}


static void
test_error_fields(void **state)
{
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    problem = check_judge(200,
        "{\"id\":\"77\",\"bags\":[{\"id\":\"1\",\"merchant_id\":\"5\","
        "\"merchant_name\":\"M\",\"status\":\"ACCEPTED\","
        "\"financial_status\":\"PAID\"},{\"bagId\":2,\"merchantId\":6,"
        "\"merchantName\":\"W\",\"bagStatus\":\"REJECTED\","
        "\"financialStatus\":\"VOIDED\"},7],\"errors\":["
        "{\"bag_id\":2,\"entity_type\":\"sku\",\"entity_id\":\"31\","
        "\"platform\":\"SHOPIFY\"},"
        "{\"entity_type\":\"BAG\",\"entity_id\":\"2\"},"
        "{\"bag_id\":2,\"entity_type\":\"ORDER\",\"entity_id\":10},"
        "{\"bagId\":2,\"entityType\":\"SKU\",\"entityId\":\"x\","
        "\"skuId\":4,\"orderSkuId\":\"5\",\"dateCreated\":\"d\"},"
        "{\"bag_id\":2},{\"entity_type\":\"NEW\"},"
        "{\"id\":\"e\",\"order_id\":1,\"bag_id\":true,\"entity_id\":{},"
        "\"entity_type\":3,\"type\":[],\"message\":{},\"platform\":1.5}]}",
        &verdict);

    check_number(problem, "order_id", 77);

    check_number(problem, "bags.0.bag_id", 1);
    check_number(problem, "bags.0.merchant_id", 5);
    check_text(problem, "bags.0.merchant_name", "M");
    check_text(problem, "bags.0.status", "ACCEPTED");
    check_text(problem, "bags.0.financial_status", "PAID");
    check_text(problem, "bags.0.outcome", "accepted");
    check_number(problem, "bags.1.bag_id", 2);
    check_text(problem, "bags.1.merchant_name", "W");
    check_text(problem, "bags.1.status", "REJECTED");
    check_text(problem, "bags.1.financial_status", "VOIDED");
    check_text(problem, "bags.1.outcome", "failed");
    check_text(problem, "bags.2.bag_id", NULL);
    check_text(problem, "bags.2.outcome", "pending");

    check_text(problem, "errors.0.scope", "SKU");
    check_number(problem, "errors.0.sku_id", 31);
    check_number(problem, "errors.0.merchant_id", 6);
    check_text(problem, "errors.0.platform", "SHOPIFY");
    check_text(problem, "errors.0.violet.entity_id", "31");
    check_text(problem, "errors.0.violet.entity_type", "sku");

    check_text(problem, "errors.1.scope", "BAG");
    check_number(problem, "errors.1.bag_id", 2);
    check_number(problem, "errors.1.merchant_id", 6);

    check_text(problem, "errors.2.scope", "CART");
    check_number(problem, "errors.2.violet.entity_id", 10);

    check_text(problem, "errors.3.scope", "SKU");
    check_number(problem, "errors.3.sku_id", 4);
    check_number(problem, "errors.3.order_sku_id", 5);
    check_text(problem, "errors.3.violet.entity_id", "x");
    check_text(problem, "errors.3.violet.date_created", "d");

    check_text(problem, "errors.4.scope", "BAG");
    check_text(problem, "errors.5.scope", "CART");

    check_text(problem, "errors.6.scope", "CART");
    check_text(problem, "errors.6.bag_id", NULL);
    check_text(problem, "errors.6.message", NULL);
    check_text(problem, "errors.6.violet.id", "e");
    check_text(problem, "errors.6.violet.entity_id", NULL);

    assert_int_equal(json_array_size(check_at(problem, "errors")), 7);
    json_decref(problem);
}


/* A failed bag that no blocking error names gets one of its own. */

static void
test_unnamed_bag(void **state)
{
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    problem = check_judge(200,
        "{\"status\":\"CANCELED\",\"bags\":[" BAG(1, "REJECTED") ","
        BAG(2, "CANCELED") "," BAG(3, "X") "," BAG(4, "REJECTED") "],"
        "\"errors\":[" SUBMIT(4) "," OLD(1, "INTERNAL_ADD_ITEM") "]}",
        &verdict);

    assert_int_equal(json_array_size(check_at(problem, "errors")), 5);
    check_number(problem, "errors.0.bag_id", 4);
    assert_true(json_is_false(check_at(problem, "errors.1.blocking")));
    check_number(problem, "errors.2.bag_id", 1);
    check_text(problem, "errors.2.scope", "BAG");
    check_text(problem, "errors.2.message", "The bag was rejected.");
    assert_true(json_is_true(check_at(problem, "errors.2.blocking")));
    check_text(problem, "errors.3.message", "The bag was canceled.");
    check_text(problem, "errors.4.message",
               "The order was rejected or canceled as a whole.");
    json_decref(problem);
}


static void
test_duplicate_bags(void **state)
{
    static const test_order_t  orders[] = {

        /* an id that two bags share is accepted if both are */
        { "X", BAG(1, "ACCEPTED") "," BAG(1, "ACCEPTED"),
          OLD(1, "EXTERNAL_WRITE_ORDER"), NULL, COMPLETED, 0, 0, 0 },
        { "X", BAG(1, "ACCEPTED") "," BAG(1, "X"),
          OLD(1, "EXTERNAL_WRITE_ORDER"), NULL, PARTIAL, 207, NEVER, GONE },
        { "X", BAG(1, "X") "," BAG(2, "X") "," BAG(1, "X"), SUBMIT(1), NULL,
          UNKNOWN, 502, CHECK_FIRST, GONE },
        { "IN_PROGRESS", BAG(1, "X") "," BAG(1, "X"), SUBMIT(1), NULL, FAILED,
          422, CHANGE, GONE },

        /* bags without an id are named by nothing */
        { "X", "{\"status\":\"ACCEPTED\"}", "{\"type\":\"X\"}", NULL, PARTIAL,
          207, NEVER, OTHER },

        /* ids that no int64_t holds are not known, and not the same */
        { "X", BAG(99999999999999999999, "ACCEPTED"),
          OLD(99999999999999999999, "EXTERNAL_WRITE_ORDER"), NULL, PARTIAL,
          207, NEVER, GONE },
        { "X", BAG(9223372036854775807, "ACCEPTED"),
          OLD(9223372036854775807, "EXTERNAL_WRITE_ORDER"), NULL, COMPLETED, 0,
          0, 0 },
        { "X", BAG(9007199254740993, "ACCEPTED") ","
          BAG(9007199254740992, "ACCEPTED"),
          OLD(9007199254740994, "EXTERNAL_WRITE_ORDER"), NULL, PARTIAL, 207,
          NEVER, GONE }
    };

    (void) state;

    test_orders(orders, N(orders));
}


static void
test_order_under_4xx(void **state)
{
    static const check_row_t  rows[] = {
        { 0, 422, "{\"bags\":[" BAG(1, "REJECTED") "]}", FAILED, 422, CHANGE,
          OTHER },
        { 0, 400, "{\"bags\":[" BAG(1, "ACCEPTED") "," BAG(2, "REJECTED")
          "]}", PARTIAL, 207, NEVER, OTHER },
        { 0, 400, "{\"bags\":[" BAG(1, "ACCEPTED") "]}", UNKNOWN, 400,
          CHECK_FIRST, OTHER },
        { 0, 403, "{\"id\":1,\"status\":\"IN_PROGRESS\"}", UNKNOWN, 403,
          CHECK_FIRST, OTHER },
        { 0, 409, "{\"bags\":[" BAG(1, "REJECTED") "]}", UNKNOWN, 409,
          CHECK_FIRST, VIOLET_REASON_SUBMIT_IN_PROGRESS }
    };

    (void) state;

    check_rows(rows, N(rows));
}


/* The order goes along, byte for byte but for the white space around it. */

static void
test_splice(void **state)
{
    char                   *found;
    json_t                 *problem;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    static const char  body[] =
        "\r\n {\"id\":99999999999999999999, \"order_id\": 7, \"x\":1e999,"
        "\"u\":\"\\u00e9\\u0000\\/\",\"bags\" : [" BAG(1, "REJECTED")
        "]}\t\n ";

    (void) state;

    check_answer(&answer, 200, body, strlen(body));
    assert_int_equal(violet_cart_judge(&answer, &verdict), 0);
    assert_int_equal(verdict.outcome, FAILED);

    verdict.problem[verdict.problem_len - 1] = '\0';
    found = strstr(verdict.problem, ",\"order\":");
    assert_non_null(found);
    assert_int_equal(strlen(found + 9), strlen(body) - 6);
    assert_memory_equal(found + 9, body + 3, strlen(body) - 6);
    assert_non_null(strstr(verdict.problem, "\"order_id\":7,"));
    free(verdict.problem);

    /* where nobody looked at the bags, too */

    problem = check_judge(503, "{\"id\":7,\"bags\":{}}", &verdict);
    check_number(problem, "order_id", 7);
    check_number(problem, "order.id", 7);
    json_decref(problem);

    problem = check_judge(503, "{\"bags\":[" BAG(1, "ACCEPTED") "],"
                          "\"errors\":[" SUBMIT(1) "]}", &verdict);
    check_text(problem, "errors.0.reason", "UPSTREAM_ERROR");
    check_text(problem, "errors.1.reason", "ITEM_UNAVAILABLE");
    check_text(problem, "bags.0.outcome", "accepted");
    check_text(problem, "order_id", NULL);
    check_text(problem, "order.bags.0.status", "ACCEPTED");
    json_decref(problem);
}


static void
test_files(void **state)
{
    char                   *data;
    size_t                  len;
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    data = check_file("order_completed.json", &len);
    assert_null(check_judge_bytes(200, data, len, &verdict));
    assert_int_equal(verdict.outcome, COMPLETED);
    assert_null(verdict.detail);
    free(data);

    data = check_file("multi_bag_errors_member.json", &len);
    problem = check_judge_bytes(200, data, len, &verdict);
    free(data);

    assert_int_equal(verdict.outcome, PARTIAL);
    assert_int_equal(verdict.retry, CHECK_FIRST);
    assert_int_equal(verdict.reason, GONE);

    check_text(problem, "title", "The cart was partly submitted");
    check_text(problem, "detail",
               "This item is no longer available for purchase.");
    check_text(problem, "errors.0.scope", "SKU");
    check_number(problem, "errors.0.bag_id", 77777);
    check_number(problem, "errors.0.sku_id", 99999);
    check_text(problem, "errors.0.platform", "SHOPIFY");
    check_number(problem, "errors.0.violet.id", 55555);
    check_text(problem, "errors.0.violet.type", "EXTERNAL_SUBMIT_CART");
    check_text(problem, "errors.0.violet.entity_id", "99999");
    check_text(problem, "errors.0.violet.entity_type", "SKU");
    check_text(problem, "errors.0.violet.date_created",
               "2023-11-07T05:31:56Z");
    check_text(problem, "upstream.error", NULL);
    check_number(problem, "order.errors.0.order_id", 66666);
    json_decref(problem);
}


static void
test_huge(void **state)
{
    int                     i;
    char                   *body, *p;
    size_t                  size;
    clock_t                 start;
    json_t                 *problem;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    (void) state;

    size = 128 * (HUGE_ERRORS + HUGE_BAGS);
    body = malloc(size);
    assert_non_null(body);

    p = body + sprintf(body, "{\"bags\":[");

    for (i = 0; i < HUGE_BAGS; i++) {
        p += sprintf(p, "%s{\"id\":%d,\"status\":\"%s\"}", i ? "," : "",
                     (i * 7919) % HUGE_BAGS, i % 2 ? "ACCEPTED" : "X");
    }

    p += sprintf(p, "],\"errors\":[");

    for (i = 0; i < HUGE_ERRORS; i++) {
        p += sprintf(p, "%s{\"bag_id\":\"%d\",\"message\":\"Item %d is out "
                     "of stock\"}", i ? "," : "", (i * 31) % HUGE_BAGS, i);
    }

    p += sprintf(p, "]}");

    check_answer(&answer, 200, body, (size_t) (p - body));

    start = clock();
    assert_int_equal(violet_cart_judge(&answer, &verdict), 0);
    print_message("%d errors, %d bags: %.1f ms\n", HUGE_ERRORS, HUGE_BAGS,
                  (double) (clock() - start) * 1000 / CLOCKS_PER_SEC);

    assert_int_equal(verdict.outcome, PARTIAL);
    assert_int_equal(verdict.retry, NEVER);

    problem = check_problem(&verdict, verdict.problem, verdict.problem_len);
    free(verdict.problem);

    assert_int_equal(json_array_size(check_at(problem, "errors")),
                     HUGE_ERRORS);
    assert_int_equal(json_array_size(check_at(problem, "bags")), HUGE_BAGS);
    json_decref(problem);
    free(body);
}


/* Bodies of a few bytes an item: neither memory nor the document explodes. */

static void
test_amplification(void **state)
{
    char                   *body;
    size_t                  i, n, len;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    static const struct {
        const char              *head;
        const char              *item;
        size_t                   items;
        violet_cart_outcome_t    outcome;
    } rows[] = {
        { "{\"errors\":[1", ",1", 1000000, PARTIAL },
        { "{\"errors\":[{}", ",{}", 100000, PARTIAL },
        { "{\"errors\":[{}", ",{}", 1000000, UNKNOWN },
        { "{\"bags\":[1", ",1", 1000000, UNKNOWN },
        { "{\"bags\":[1", ",1", 16383, PENDING },
        { "{\"bags\":[1", ",1", 16384, UNKNOWN }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        body = malloc(32 + 3 * rows[i].items);
        assert_non_null(body);

        len = (size_t) sprintf(body, "%s", rows[i].head);

        for (n = 0; n < rows[i].items; n++) {
            memcpy(body + len, rows[i].item, strlen(rows[i].item));
            len += strlen(rows[i].item);
        }

        memcpy(body + len, "]}", 2);
        len += 2;

        check_answer(&answer, 200, body, len);
        assert_int_equal(violet_cart_judge(&answer, &verdict), 0);
        assert_int_equal(verdict.outcome, rows[i].outcome);
        assert_true(verdict.problem_len < 10 * 1024 * 1024);

        free(verdict.problem);
        free(body);
    }
}


/* Whatever is cut off or changed: no crash, and never a wrong success. */

static void
test_mangled(void **state)
{
    char                   *data;
    size_t                  i, len;
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    data = check_file("order_completed.json", &len);

    while (data[len - 1] != '}') {
        len--;
    }

    for (i = 0; i < len; i++) {
        problem = check_judge_bytes(200, data, i, &verdict);
        assert_int_equal(verdict.outcome, UNKNOWN);
        assert_non_null(verdict.detail);
        json_decref(problem);
    }

    for (i = 0; i < len; i++) {
        data[i] ^= 0x15;
        json_decref(check_judge_bytes(200, data, len, &verdict));
        json_decref(check_judge_bytes(422, data, len, &verdict));
        data[i] ^= 0x15;
    }

    free(data);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_bag_status),
        cmocka_unit_test(test_requires_action),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_partial_status),
        cmocka_unit_test(test_completed_or_pending),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_payments),
        cmocka_unit_test(test_payment_errors),
        cmocka_unit_test(test_error_fields),
        cmocka_unit_test(test_unnamed_bag),
        cmocka_unit_test(test_duplicate_bags),
        cmocka_unit_test(test_order_under_4xx),
        cmocka_unit_test(test_splice),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_huge),
        cmocka_unit_test(test_amplification),
        cmocka_unit_test(test_mangled)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}

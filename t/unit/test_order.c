
/*
 * Orders, for each row of the table in docs/cart-errors.md, with answers that
 * just match and just do not: accepted and failed bags, blocking errors, and
 * payments.
 */

#include "cart_check.h"


static void
test_bag_status(void **state)
{
    size_t        i;
    char          bags[128];
    check_order_t  order;

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

        memset(&order, 0, sizeof(check_order_t));

        order.bags = bags;
        order.outcome = rows[i].outcome;
        order.to_caller = 422;
        order.retry = CHANGE;
        order.reason = OTHER;

        check_orders(&order, 1);
    }
}


static void
test_requires_action(void **state)
{
    static const check_order_t  orders[] = {
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

        /* it counts more than an accepted bag or an error without a bag */
        { "REQUIRES_ACTION", BAG(1, "ACCEPTED"), NULL, NULL, ACTION, 0, 0,
          0 },
        { "REQUIRES_ACTION", BAG(1, "IN_PROGRESS"), "{}", NULL, ACTION, 0, 0,
          0 },

        /* with a failed bag it does not count */
        { "REQUIRES_ACTION", BAG(1, "REJECTED"), NULL, NULL, FAILED, 422,
          NEW_CART, OTHER },
        { "REQUIRES_ACTION", BAG(1, "IN_PROGRESS") "," BAG(2, "ACCEPTED"),
          SUBMIT(1), NULL, PARTIAL, 207, NEVER, GONE },
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS") "," BAG(2, "IN_PROGRESS"),
          NULL, PAY("REQUIRES_ACTION", ",\"related_bags\":[1]") ","
          PAY("FAILED", ",\"related_bags\":[2]"), FAILED, 422, CHANGE,
          PAYMENT },

        /* with another word it does not count either */
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

    check_orders(orders, N(orders));
    check_rows(rows, N(rows));
}


static void
test_partial(void **state)
{
    static const check_order_t  orders[] = {

        /* an accepted bag, and a failed one */
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "REJECTED"), NULL, NULL,
          PARTIAL, 207, NEVER, OTHER },
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "IN_PROGRESS"),
          SUBMIT(2), NULL, PARTIAL, 207, NEVER, GONE },
        { "CANCELED", BAG(1, "ACCEPTED") "," BAG(2, "IN_PROGRESS"), NULL,
          NULL, PARTIAL, 207, NEVER, OTHER },
        { "REJECTED", BAG(1, "ACCEPTED") "," BAG(2, "X"), NULL, NULL,
          PARTIAL, 207, NEVER, OTHER },

        /* or a blocking error without a bag, or of a bag not listed */
        { "COMPLETED", BAG(1, "ACCEPTED"), "{\"message\":\"sold out\"}", NULL,
          PARTIAL, 207, NEVER, GONE },
        { "COMPLETED", BAG(1, "ACCEPTED"), SUBMIT(2), NULL, PARTIAL, 207,
          NEVER, GONE },
        { "COMPLETED", BAG(1, "ACCEPTED"), "null", NULL, PARTIAL, 207, NEVER,
          OTHER },

        /* it counts more than a contradiction */
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

    check_orders(orders, N(orders));
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
    static const check_order_t  orders[] = {
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

    check_orders(orders, N(orders));
}


static void
test_failed(void **state)
{
    static const check_order_t  orders[] = {

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

        /* every bag failed, and the cart is closed */
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

        /* an error without a bag does not fail any bag */
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

        /* errors that are not an array */
        { 0, 200, "{\"bags\":[" BAG(1, "ACCEPTED") "],\"errors\":{}}",
          PARTIAL, 207, NEVER, OTHER },
        { 0, 200, "{\"bags\":[" BAG(1, "ACCEPTED") "],\"errors\":\"sold out\"}",
          PARTIAL, 207, NEVER, GONE },
        { 0, 200, "{\"bags\":[" BAG(1, "ACCEPTED") "],\"errors\":null}",
          COMPLETED, 0, 0, 0 }
    };

    (void) state;

    check_orders(orders, N(orders));
    check_rows(rows, N(rows));
}


static void
test_payments(void **state)
{
    static const check_order_t  orders[] = {

        /* only payment errors, with any status of the order */
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

        /* payment errors and others */
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

        /* one for accepted bags alone was repeated: it does not block */
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

    check_orders(orders, N(orders));
}


static void
test_duplicate_bags(void **state)
{
    static const check_order_t  orders[] = {

        /* an id that two bags share is accepted if both are */
        { "X", BAG(1, "ACCEPTED") "," BAG(1, "ACCEPTED"),
          OLD(1, "EXTERNAL_WRITE_ORDER"), NULL, COMPLETED, 0, 0, 0 },
        { "X", BAG(1, "ACCEPTED") "," BAG(1, "X"),
          OLD(1, "EXTERNAL_WRITE_ORDER"), NULL, PARTIAL, 207, NEVER, GONE },
        { "X", BAG(1, "X") "," BAG(2, "X") "," BAG(1, "X"), SUBMIT(1), NULL,
          UNKNOWN, 502, CHECK_FIRST, GONE },
        { "IN_PROGRESS", BAG(1, "X") "," BAG(1, "X"), SUBMIT(1), NULL, FAILED,
          422, CHANGE, GONE },

        /* bags are found in any sequence */
        { "X", BAG(3, "ACCEPTED") "," BAG(1, "ACCEPTED") ","
          BAG(2, "ACCEPTED") "," BAG(-7, "ACCEPTED"),
          OLD(1, "X") "," OLD(2, "X") "," OLD(3, "X") "," OLD(-7, "X"),
          NULL, COMPLETED, 0, 0, 0 },

        /* no error can name a bag without an id */
        { "X", "{\"status\":\"ACCEPTED\"}", "{\"type\":\"X\"}", NULL, PARTIAL,
          207, NEVER, OTHER },

        /* ids beyond int64_t are unknown, and differ from each other */
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

    check_orders(orders, N(orders));
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
        cmocka_unit_test(test_duplicate_bags),
        cmocka_unit_test(test_order_under_4xx)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}

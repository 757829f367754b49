
/*
 * The table of orders in docs/cart-errors.md: each row, with orders that just
 * fit and their nearest neighbours that do not.  Bags are in test_bags.c.
 */

#include "cart_check.h"


/* the ends of rows that pass, and of some that occur often */

#define PASSES(outcome, evidence)  outcome, 0, 0, 0, EVIDENCE(evidence)

#define DEFECT(reason, evidence)  FAILED, 422, CHANGE, reason,                \
                                  EVIDENCE(evidence)

#define CLOSED(reason, evidence)  FAILED, 422, NEW_CART, reason,              \
                                  EVIDENCE(evidence)

#define UNDER_WAY(reason, evidence)  UNKNOWN, 502, LATER, reason,             \
                                     EVIDENCE(evidence)

#define CLUELESS(reason, evidence)  UNKNOWN, 502, MANUAL, reason,             \
                                    EVIDENCE(evidence)

#define PARTLY(retry, reason, evidence)  PARTIAL, 422, retry, reason,         \
                                         EVIDENCE(evidence)

#define DOUBT(id)                                                             \
    "{\"bag_id\":" #id ",\"type\":\"EXTERNAL_SUBMIT_CART\",\"message\":"      \
    "\"Read timed out\"}"

#define TIMEOUT  VIOLET_REASON_UPSTREAM_TIMEOUT

#define OPEN(id)  BAG(id, "IN_PROGRESS")


static void
test_requires_action(void **state)
{
    static const check_order_t  orders[] = {
        { "REQUIRES_ACTION", OPEN(1), NULL, NULL,
          PASSES(ACTION, ACTION_REQUIRED) },
        { "requires_action", NULL, NULL, NULL,
          PASSES(ACTION, ACTION_REQUIRED) },
        { "IN_PROGRESS", OPEN(1), NULL, PAY("REQUIRES_ACTION", ""),
          PASSES(ACTION, ACTION_REQUIRED) },
        { "IN_PROGRESS", OPEN(1), NULL,
          PAY("X", ",\"capture_status\":\"REQUIRES_ACTION\""),
          PASSES(ACTION, ACTION_REQUIRED) },
        { "IN_PROGRESS", OPEN(1), NULL,
          PAY("X", ",\"captureStatus\":\"Requires_Action\""),
          PASSES(ACTION, ACTION_REQUIRED) },
        { "REQUIRES_ACTION", BAG(1, "ACCEPTED"), NULL, NULL,
          PASSES(ACTION, ACTION_REQUIRED) },
        { "IN_PROGRESS", OPEN(1), NULL,
          PAY("FAILED", "") "," PAY("REQUIRES_ACTION", ""),
          PASSES(ACTION, ACTION_REQUIRED) },

        /* not with a bag that failed or is unknown */
        { "REQUIRES_ACTION", BAG(1, "REJECTED"), NULL, NULL,
          CLOSED(OTHER, REJECTED) },
        { "REQUIRES_ACTION", OPEN(1), SUBMIT(1), NULL,
          CLUELESS(GONE, CONTRADICTION) },
        { "REQUIRES_ACTION", OPEN(1) "," OPEN(2), "{}", NULL,
          CLUELESS(OTHER, UNLISTED_ERROR) },
        { "REQUIRES_ACTION", OPEN(1) "," BAG(2, "ACCEPTED"), SUBMIT(1), NULL,
          PARTLY(REST, GONE, BAG_ERROR) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), NULL,
          PAY("REQUIRES_ACTION", ",\"related_bags\":[1]") ","
          PAY("FAILED", ",\"related_bags\":[2]"),
          UNDER_WAY(PAYMENT, NOTHING_AGAINST) },

        /* nor with another word */
        { "REQUIRES_ACTIONS", OPEN(1), NULL,
          PAY("REQUIRES_AUTHORIZATION", ""),
          UNDER_WAY(OTHER, NOTHING_AGAINST) }
    };

    static const check_row_t  rows[] = {
        { 0, 200, "{\"bags\":[],\"payment_status\":\"REQUIRES_ACTION\"}",
          PASSES(ACTION, ACTION_REQUIRED) },
        { 0, 200, "{\"bags\":[],\"paymentStatus\":\"REQUIRES_ACTION\"}",
          PASSES(ACTION, ACTION_REQUIRED) }
    };

    (void) state;

    check_orders(orders, N(orders));
    check_rows(rows, N(rows));
}


static void
test_partial(void **state)
{
    static const check_order_t  orders[] = {

        /* a bag accepted, one unknown */
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "SUBMITTED"), SUBMIT(2),
          NULL, PARTLY(MANUAL, GONE, BAG_SUBMITTED) },
        { "COMPLETED", BAG(1, "ACCEPTED") "," OPEN(2), DOUBT(2), NULL,
          PARTLY(MANUAL, TIMEOUT, DOUBTFUL_ERROR) },
        { "COMPLETED", BAG(1, "ACCEPTED") "," OPEN(2), "{}", NULL,
          PARTLY(MANUAL, OTHER, UNLISTED_ERROR) },
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "ACCEPTED"), SUBMIT(1),
          NULL, PARTLY(MANUAL, OTHER, CONTRADICTION) },

        /* which counts more than one failed */
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "SUBMITTED") ","
          BAG(3, "REJECTED"), SUBMIT(2), NULL,
          PARTLY(MANUAL, GONE, BAG_SUBMITTED) },

        /* every bag accepted, and an error names one that is not listed */
        { "COMPLETED", BAG(1, "ACCEPTED"), SUBMIT(2), NULL,
          PARTLY(MANUAL, GONE, UNLISTED_ERROR) },
        { "COMPLETED", BAG(1, "ACCEPTED"), NULL,
          PAY("FAILED", ",\"related_bags\":[2]"),
          PARTLY(MANUAL, PAYMENT, UNLISTED_ERROR) },
        { "COMPLETED", BAG(1, "ACCEPTED"), OLD(2, "INTERNAL_ADD_ITEM"), NULL,
          PASSES(COMPLETED, BAG_ACCEPTED) },
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "ACCEPTED"), "{}", NULL,
          PASSES(COMPLETED, BAG_ACCEPTED) },

        /* a bag accepted, one failed */
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "REJECTED"), NULL, NULL,
          PARTLY(REST, OTHER, REJECTED) },
        { "COMPLETED", BAG(1, "ACCEPTED") "," OPEN(2), SUBMIT(2), NULL,
          PARTLY(REST, GONE, BAG_ERROR) },
        { "CANCELED", BAG(1, "ACCEPTED") "," OPEN(2), NULL, NULL,
          PARTLY(REST, OTHER, REJECTED) },
        { "IN_PROGRESS", BAG(1, "ACCEPTED") "," OPEN(2), NULL,
          PAY("FAILED", ",\"related_bags\":[\"2\"]"),
          PARTLY(REST, PAYMENT, PAYMENT_FAILED) },
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "REJECTED") "," OPEN(3),
          NULL, NULL, PARTLY(REST, OTHER, REJECTED) },

        /* FAILED of one bag, CAPTURED of another */
        { "IN_PROGRESS", BAG(1, "ACCEPTED") "," OPEN(2), NULL,
          PAY("CAPTURED", ",\"related_bags\":[1]") ","
          PAY("FAILED", ",\"related_bags\":[2]"),
          PARTLY(REST, PAYMENT, PAYMENT_FAILED) }
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
        { 200, 200 }, { 207, 207 }, { 422, 422 }, { 502, 422 }, { 0, 422 },
        { 404, 422 }
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
test_completed(void **state)
{
    static const check_order_t  orders[] = {

        /* every bag accepted */
        { "COMPLETED", BAG(1, "ACCEPTED"), "", "",
          PASSES(COMPLETED, BAG_ACCEPTED) },
        { "IN_PROGRESS", BAG(1, "ACCEPTED"), NULL, NULL,
          PASSES(COMPLETED, BAG_ACCEPTED) },
        { NULL, BAG(1, "ACCEPTED"), NULL, NULL,
          PASSES(COMPLETED, BAG_ACCEPTED) },
        { "CANCELED", BAG(1, "REFUNDED"), NULL, NULL,
          PASSES(COMPLETED, BAG_ACCEPTED) },
        { "COMPLETED", BAG(1, "ACCEPTED"), NULL, PAY("FAILED", ""),
          PASSES(COMPLETED, BAG_ACCEPTED) },
        { "COMPLETED", BAG(1, "ACCEPTED"), OLD(1, "EXTERNAL_PRICE_CART"),
          NULL, PASSES(COMPLETED, BAG_ACCEPTED) },

        /* not the order's status alone, where there are bags */
        { "COMPLETED", OPEN(1), NULL, NULL,
          PASSES(PENDING, NOTHING_AGAINST) },
        { "COMPLETED", BAG(1, "ACCEPTED") "," OPEN(2), NULL, NULL,
          PASSES(PENDING, BAG_ACCEPTED) },
        { "COMPLETED", BAG(1, "ACCEPTED") "," BAG(2, "SUBMITTED"), NULL, NULL,
          PASSES(PENDING, BAG_ACCEPTED) },

        /* no bags listed, no blocking error, COMPLETED or ACCEPTED */
        { "COMPLETED", "", NULL, NULL, PASSES(COMPLETED, ORDER_ACCEPTED) },
        { "accepted", NULL, NULL, NULL, PASSES(COMPLETED, ORDER_ACCEPTED) },
        { "COMPLETED", "", OLD(1, "INTERNAL_ADD_ITEM"), NULL,
          PASSES(COMPLETED, ORDER_ACCEPTED) },
        { "COMPLETED", "", SUBMIT(1), NULL, CLUELESS(GONE, UNLISTED_ERROR) },
        { "COMPLETED", "", "{}", NULL, CLUELESS(OTHER, UNLISTED_ERROR) },
        { "COMPLETED", "", NULL, PAY("FAILED", ""), CLUELESS(PAYMENT, NONE) },
        { "IN_PROGRESS", "", NULL, NULL, CLUELESS(OTHER, NONE) },
        { "CANCELED", "", NULL, NULL, CLUELESS(OTHER, NONE) },
        { "ERROR", NULL, NULL, NULL, CLUELESS(OTHER, NONE) },
        { "PROCESSING", "", NULL, NULL, UNDER_WAY(OTHER, PROCESSING) }
    };

    (void) state;

    check_orders(orders, N(orders));
}


static void
test_pending(void **state)
{
    static const check_order_t  orders[] = {
        { "IN_PROGRESS", OPEN(1), NULL, NULL,
          PASSES(PENDING, NOTHING_AGAINST) },
        { "PROCESSING", BAG(1, "X"), "", NULL, PASSES(PENDING, PROCESSING) },
        { "ACCEPTED", OPEN(1), NULL, NULL, PASSES(PENDING, NOTHING_AGAINST) },
        { NULL, "{}", NULL, NULL, PASSES(PENDING, NOTHING_AGAINST) },
        { NULL, "null,1,\"x\",[]", NULL, NULL,
          PASSES(PENDING, NOTHING_AGAINST) },
        { "IN_PROGRESS", BAG(1, "SUBMITTED"), NULL, NULL,
          PASSES(PENDING, BAG_SUBMITTED) },
        { "IN_PROGRESS", OPEN(1), OLD(1, "INTERNAL_ADD_ITEM"), NULL,
          PASSES(PENDING, NOTHING_AGAINST) },
        { "IN_PROGRESS", OPEN(1), NULL, PAY("PROCESSING", ""),
          PASSES(PENDING, PROCESSING) },

        /* FAILED, then CAPTURED, of one bag */
        { "IN_PROGRESS", OPEN(1), NULL,
          PAY("FAILED", ",\"related_bags\":[1]") ","
          PAY("CAPTURED", ",\"related_bags\":[1]"),
          PASSES(PENDING, NOTHING_AGAINST) },

        /* another status of the order */
        { "REFUNDED", OPEN(1), NULL, NULL,
          UNDER_WAY(OTHER, NOTHING_AGAINST) },
        { "X", OPEN(1), NULL, NULL, UNDER_WAY(OTHER, NOTHING_AGAINST) },
        { "CANCELED", BAG(1, "SUBMITTED"), NULL, NULL,
          CLUELESS(OTHER, BAG_SUBMITTED) }
    };

    static const check_row_t  rows[] = {
        { 0, 200, "{\"status\":7,\"bags\":[" OPEN(1) "]}",
          UNDER_WAY(OTHER, NOTHING_AGAINST) },
        { 0, 200, "{\"status\":null,\"bags\":[" OPEN(1) "]}",
          PASSES(PENDING, NOTHING_AGAINST) }
    };

    (void) state;

    check_orders(orders, N(orders));
    check_rows(rows, N(rows));
}


/* Violet submits no cart that has errors of earlier steps. */

static void
test_early(void **state)
{
    static const check_order_t  orders[] = {
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), OLD(1, "EXTERNAL_CREATE_CART"),
          NULL, DEFECT(GONE, EARLY_ERROR) },
        { NULL, OPEN(1) "," OPEN(2), OLD(1, "EXTERNAL_CREATE_CART"), NULL,
          DEFECT(GONE, EARLY_ERROR) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), OLD(1, "SOMETHING_NEW"), NULL,
          DEFECT(GONE, EARLY_ERROR) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), "{\"type\":\"EXTERNAL_X\"}",
          NULL, DEFECT(OTHER, EARLY_ERROR) },
        { "IN_PROGRESS", OPEN(1), OLD(2, "EXTERNAL_CREATE_CART"), NULL,
          DEFECT(GONE, EARLY_ERROR) },
        { "IN_PROGRESS", OPEN(1), OLD(1, "EXTERNAL_CREATE_CART"),
          PAY("AUTHORIZED", ""), DEFECT(GONE, EARLY_ERROR) },

        /* the steps of the submit itself, and no step at all */
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), SUBMIT(1), NULL,
          UNDER_WAY(GONE, NOTHING_AGAINST) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), OLD(1, "EXTERNAL_WRITE_ORDER"),
          NULL, UNDER_WAY(GONE, NOTHING_AGAINST) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2),
          OLD(1, "EXTERNAL_MARK_ORDER_AS_PAID"), NULL,
          UNDER_WAY(GONE, NOTHING_AGAINST) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), OLD(1, ""), NULL,
          UNDER_WAY(GONE, NOTHING_AGAINST) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), "{\"bag_id\":1}", NULL,
          UNDER_WAY(OTHER, NOTHING_AGAINST) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), OLD(1, "INTERNAL_ADD_ITEM"),
          NULL, PASSES(PENDING, NOTHING_AGAINST) },

        /* another status of the order, or of a bag */
        { "ACCEPTED", OPEN(1) "," OPEN(2), OLD(1, "EXTERNAL_CREATE_CART"),
          NULL, UNDER_WAY(GONE, NOTHING_AGAINST) },
        { "IN_PROGRESS", OPEN(1) "," BAG(2, "SUBMITTED"),
          OLD(1, "EXTERNAL_CREATE_CART"), NULL,
          UNDER_WAY(GONE, BAG_SUBMITTED) },
        { "IN_PROGRESS", "", OLD(1, "EXTERNAL_CREATE_CART"), NULL,
          CLUELESS(GONE, UNLISTED_ERROR) },

        /* one is made, a doubtful error, a payment under way or captured */
        { "IN_PROGRESS", OPEN(1) ",{\"id\":2,\"status\":\"IN_PROGRESS\","
          "\"external_id\":\"x\"}", OLD(1, "EXTERNAL_CREATE_CART"), NULL,
          UNDER_WAY(GONE, EXTERNAL_ID) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2),
          "{\"bag_id\":1,\"type\":\"EXTERNAL_CREATE_CART\",\"message\":"
          "\"Read timed out\"}", NULL, UNDER_WAY(TIMEOUT, DOUBTFUL_ERROR) },
        { "IN_PROGRESS", OPEN(1),
          "{\"bag_id\":9,\"type\":\"EXTERNAL_CREATE_CART\",\"message\":"
          "\"Read timed out\"}", NULL, CLUELESS(TIMEOUT, UNLISTED_ERROR) },
        { "IN_PROGRESS", OPEN(1), OLD(1, "EXTERNAL_CREATE_CART"),
          PAY("FAILED", ",\"errors\":[{\"message\":\"Read timed out\"}]"),
          CLUELESS(GONE, DOUBTFUL_ERROR) },
        { "IN_PROGRESS", OPEN(1), OLD(1, "EXTERNAL_CREATE_CART"),
          PAY("FAILED", ",\"related_bags\":[1],\"errors\":[{\"message\":"
              "\"Read timed out\"}]"), CLUELESS(GONE, DOUBTFUL_ERROR) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), OLD(1, "EXTERNAL_CREATE_CART"),
          PAY("PROCESSING", ""), UNDER_WAY(GONE, PROCESSING) },
        { "IN_PROGRESS", OPEN(1), OLD(1, "EXTERNAL_CREATE_CART"),
          PAY("CAPTURED", ""), CLUELESS(GONE, PAID) },
        { "IN_PROGRESS", OPEN(1), OLD(1, "EXTERNAL_CREATE_CART"),
          PAY("AUTHORIZED", ",\"capture_status\":\"FAILED\""),
          CLUELESS(GONE, CAPTURE_FAILED) }
    };

    (void) state;

    check_orders(orders, N(orders));
}


static void
test_failed(void **state)
{
    static const check_order_t  orders[] = {

        /* every bag failed, and the cart is still open */
        { "IN_PROGRESS", BAG(1, "REJECTED"), NULL, NULL,
          DEFECT(OTHER, REJECTED) },
        { "in_progress", OPEN(1), SUBMIT(1), NULL, DEFECT(GONE, BAG_ERROR) },
        { NULL, BAG(1, "REJECTED") "," BAG(2, "CANCELED"), NULL, NULL,
          DEFECT(OTHER, REJECTED) },
        { "IN_PROGRESS", OPEN(1), NULL, PAY("FAILED", ""),
          DEFECT(PAYMENT, PAYMENT_FAILED) },
        { "IN_PROGRESS", BAG(1, "REJECTED"), NULL, PAY("REFUNDED", ""),
          DEFECT(OTHER, REJECTED) },

        { "IN_PROGRESS", OPEN(1), NULL,
          PAY("REQUIRES_PAYMENT_METHOD", ",\"capture_status\":\"PROCESSING\""),
          DEFECT(PAYMENT, PAYMENT_FAILED) },

        /* and a payment is under way, or was captured */
        { "IN_PROGRESS", OPEN(1), NULL,
          PAY("PROCESSING", ",\"capture_status\":\"FAILED\""),
          UNDER_WAY(PAYMENT, PROCESSING) },
        { "IN_PROGRESS", BAG(1, "REJECTED"), NULL, PAY("PROCESSING", ""),
          UNDER_WAY(OTHER, PROCESSING) },
        { "IN_PROGRESS", BAG(1, "REJECTED"), NULL, PAY("CAPTURED", ""),
          CLUELESS(OTHER, PAID) },
        { "CANCELED", BAG(1, "REJECTED"), NULL, PAY("CAPTURED", ""),
          CLUELESS(OTHER, PAID) },

        /* every bag failed, and the cart is closed */
        { "COMPLETED", BAG(1, "REJECTED"), NULL, NULL,
          CLOSED(OTHER, REJECTED) },
        { "PROCESSING", BAG(1, "REJECTED"), NULL, NULL,
          CLOSED(OTHER, REJECTED) },
        { "CANCELED", OPEN(1), NULL, NULL, CLOSED(OTHER, REJECTED) },
        { "CANCELLED", OPEN(1), NULL, NULL, CLOSED(OTHER, REJECTED) },
        { "REJECTED", OPEN(1) "," OPEN(2), SUBMIT(1), NULL,
          CLOSED(GONE, REJECTED) },
        { "COMPLETED", OPEN(1), SUBMIT(1), NULL,
          CLUELESS(GONE, CONTRADICTION) },
        { "COMPLETED", OPEN(1) "," BAG(2, "REJECTED"), SUBMIT(1), NULL,
          CLUELESS(GONE, CONTRADICTION) }
    };

    (void) state;

    check_orders(orders, N(orders));
}


static void
test_unknown(void **state)
{
    static const check_order_t  orders[] = {

        /* a bag pending, the order or a payment PROCESSING */
        { "IN_PROGRESS", BAG(1, "REJECTED") "," OPEN(2), NULL, NULL,
          UNDER_WAY(OTHER, NOTHING_AGAINST) },
        { "IN_PROGRESS", BAG(1, "REJECTED") "," BAG(2, "SUBMITTED"), NULL,
          NULL, UNDER_WAY(OTHER, BAG_SUBMITTED) },
        { "PROCESSING", OPEN(1), SUBMIT(1), NULL,
          UNDER_WAY(GONE, PROCESSING) },
        { "IN_PROGRESS", OPEN(1), DOUBT(1), PAY("PROCESSING", ""),
          UNDER_WAY(TIMEOUT, DOUBTFUL_ERROR) },
        { "IN_PROGRESS", BAG(1, "REJECTED") ",null", NULL, NULL,
          UNDER_WAY(OTHER, NOTHING_AGAINST) },

        /* else */
        { "IN_PROGRESS", OPEN(1), DOUBT(1), NULL,
          CLUELESS(TIMEOUT, DOUBTFUL_ERROR) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), DOUBT(1) "," SUBMIT(2), NULL,
          CLUELESS(TIMEOUT, DOUBTFUL_ERROR) },
        { "IN_PROGRESS", OPEN(1), NULL,
          PAY("AUTHORIZED", ",\"capture_status\":\"FAILED\""),
          CLUELESS(PAYMENT, CAPTURE_FAILED) },
        { "COMPLETED", BAG(1, "ACCEPTED"), SUBMIT(1), NULL,
          CLUELESS(OTHER, CONTRADICTION) },
        { "IN_PROGRESS", OPEN(1), SUBMIT(2), NULL,
          CLUELESS(GONE, UNLISTED_ERROR) },
        { "IN_PROGRESS", OPEN(1) "," OPEN(2), "{}", NULL,
          CLUELESS(OTHER, UNLISTED_ERROR) }
    };

    static const check_row_t  rows[] = {

        /* errors that are not an array */
        { 0, 200, "{\"bags\":[" OPEN(1) "],\"errors\":{}}",
          DEFECT(OTHER, BAG_ERROR) },
        { 0, 200, "{\"bags\":[" OPEN(1) "],\"errors\":\"sold out\"}",
          DEFECT(GONE, BAG_ERROR) },
        { 0, 200, "{\"bags\":[" BAG(1, "ACCEPTED") "],\"errors\":null}",
          PASSES(COMPLETED, BAG_ACCEPTED) },
        { 0, 200, "{\"errors\":[" SUBMIT(1) "]}",
          CLUELESS(GONE, UNLISTED_ERROR) }
    };

    (void) state;

    check_orders(orders, N(orders));
    check_rows(rows, N(rows));
}


static void
test_order_under_4xx(void **state)
{
    static const check_row_t  rows[] = {
        { 0, 422, "{\"bags\":[" BAG(1, "REJECTED") "]}",
          DEFECT(OTHER, REJECTED) },
        { 0, 403, "{\"bags\":[" BAG(1, "REJECTED") "]}",
          DEFECT(OTHER, REJECTED) },
        { 0, 400, "{\"bags\":[" BAG(1, "ACCEPTED") "," BAG(2, "REJECTED")
          "]}", PARTLY(REST, OTHER, REJECTED) },

        /* without a failed bag it contradicts the status */
        { 0, 400, "{\"bags\":[" BAG(1, "ACCEPTED") "]}", UNKNOWN, 400, LATER,
          OTHER, EVIDENCE(NO_ORDER) },
        { 0, 404, "{\"bags\":[" OPEN(1) "],\"message\":\"x\"}", UNKNOWN, 404,
          LATER, OTHER, EVIDENCE(NO_ORDER) },
        { 0, 422, "{\"id\":1,\"status\":\"IN_PROGRESS\"}", UNKNOWN, 422,
          LATER, OTHER, EVIDENCE(NO_ORDER) },

        /* these statuses decide alone */
        { 0, 409, "{\"bags\":[" BAG(1, "REJECTED") "]}", UNKNOWN, 409, LATER,
          VIOLET_REASON_SUBMIT_IN_PROGRESS, EVIDENCE(CONFLICT) },
        { 0, 429, "{\"bags\":[" BAG(1, "REJECTED") "]}", UNKNOWN, 429, LATER,
          VIOLET_REASON_RATE_LIMITED, EVIDENCE(BUSY) },
        { 0, 408, "{\"bags\":[" BAG(1, "REJECTED") "]}", UNKNOWN, 408, LATER,
          OTHER, EVIDENCE(BUSY) },
        { 0, 425, "{\"bags\":[" BAG(1, "REJECTED") "]}", UNKNOWN, 425, LATER,
          OTHER, EVIDENCE(BUSY) }
    };

    (void) state;

    check_rows(rows, N(rows));
}


/* What is told to the guard beside the verdict. */

static void
test_seen(void **state)
{
    size_t                  i;
    violet_cart_verdict_t   verdict;

    static const char  order[] =
        "{\"id\":10000,\"status\":\"PROCESSING\",\"bags\":[" BAG(1, "ACCEPTED")
        "," BAG(2, "SUBMITTED") "," BAG(3, "REJECTED")
        ",{\"status\":\"CANCELED\",\"external_id\":\"x\"}]}";

    (void) state;

    json_decref(check_judge(200, order, &verdict));

    assert_true(verdict.seen.order);
    assert_int_equal(verdict.seen.id.value, 10000);
    assert_true(verdict.seen.submitted);
    assert_true(verdict.seen.made);
    assert_true(verdict.seen.accepted);
    assert_true(verdict.seen.failed);
    assert_true(verdict.seen.unknown);
    assert_true(verdict.seen.processing);
    assert_false(verdict.seen.ordered);
    assert_false(verdict.seen.rejected);
    assert_false(verdict.seen.not_submitted);

    assert_int_equal(verdict.nfailed, 2);
    assert_int_equal(verdict.failed[0], 3);
    assert_int_equal(verdict.failed[1], 0);

    json_decref(check_judge(200, "{\"order_id\":5,\"bags\":["
                            BAG(1, "REJECTED") "],\"status\":\"ACCEPTED\"}",
                            &verdict));

    assert_int_equal(verdict.seen.id.value, 5);
    assert_false(verdict.seen.made);
    assert_true(verdict.seen.ordered);
    assert_true(verdict.seen.rejected);
    assert_int_equal(verdict.nfailed, 1);

    /* no order: nothing is seen */

    json_decref(check_judge(400, EXCEPTION, &verdict));

    for (i = 0; i < sizeof(violet_cart_seen_t); i++) {
        assert_int_equal(((char *) &verdict.seen)[i], 0);
    }
}


static void
test_evidence(void **state)
{
    (void) state;

    assert_string_equal(violet_cart_evidence_name(EVIDENCE(NONE)),
                        "no_evidence");
    assert_string_equal(violet_cart_evidence_name(EVIDENCE(NO_ORDER)),
                        "no_order");
    assert_string_equal(violet_cart_evidence_name(EVIDENCE(BAG_ACCEPTED)),
                        "bag_accepted");
    assert_string_equal(violet_cart_evidence_name(EVIDENCE(REJECTED)),
                        "rejected");
    assert_string_equal(violet_cart_evidence_name(EVIDENCE(UNLISTED_ERROR)),
                        "unlisted_error");
    assert_string_equal(violet_cart_evidence_name(
                            (violet_cart_evidence_t) 77), "no_evidence");
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_requires_action),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_partial_status),
        cmocka_unit_test(test_completed),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_early),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_order_under_4xx),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_evidence)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}

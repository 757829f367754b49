
/*
 * The table of bags in docs/cart-errors.md: each row, and each rule about what
 * is for or against a bag, with an order that just fits and its nearest
 * neighbour that does not.  The outcome of a bag is read from the verdict on
 * its order, and from the problem where there is one.
 */

#include "cart_check.h"
#include "violet_bags.h"


/* an order of one bag; its members follow those of the bag */

#define ONE(bag, rest)  "{\"id\":10000,\"bags\":[{\"id\":1" bag "}]" rest "}"

#define STATUS(word)    ",\"status\":\"" word "\""
#define EXTERNAL        ",\"external_id\":\"543\""
#define PAID            ",\"financial_status\":\"PAID\""
#define ERRORS(items)   ",\"errors\":[" items "]"
#define PAYMENTS(items) ",\"payment_transactions\":[" items "]"

#define SUBMIT_ERROR    ERRORS(SUBMIT(1))
#define DOUBT                                                                 \
    ERRORS("{\"bag_id\":1,\"type\":\"EXTERNAL_SUBMIT_CART\",\"message\":"     \
           "\"Read timed out\"}")


typedef struct {
    const char              *body;
    const char              *outcome;    /* of the bag */
    violet_cart_evidence_t   evidence;   /* of the verdict */
} bag_row_t;


/*
 * One bag that is accepted makes the order completed, one that is pending
 * makes it pending; the problem names the two others.
 */

static void
bag_check(const bag_row_t *rows, size_t n)
{
    size_t                  i;
    json_t                 *problem;
    const char             *outcome;
    violet_cart_verdict_t   verdict;

    for (i = 0; i < n; i++) {
        problem = check_judge(200, rows[i].body, &verdict);

        outcome = verdict.outcome == COMPLETED ? "accepted" : "pending";

        if (problem) {
            outcome = json_string_value(check_at(problem, "bags.0.outcome"));
        }

        if (strcmp(outcome, rows[i].outcome) != 0
            || verdict.evidence != rows[i].evidence)
        {
            fail_msg("%s: %s, %s, %s", rows[i].body, outcome,
                     violet_cart_outcome_name(verdict.outcome),
                     violet_cart_evidence_name(verdict.evidence));
        }

        json_decref(problem);
    }
}


static void
test_rows(void **state)
{
    static const bag_row_t  rows[] = {

        /* accepted, with an EXTERNAL_SUBMIT_CART, and nothing else for it */
        { ONE(STATUS("ACCEPTED"), SUBMIT_ERROR), "unknown",
          EVIDENCE(CONTRADICTION) },
        { ONE(STATUS("ACCEPTED"), ERRORS(OLD(1, "external_submit_cart"))),
          "unknown", EVIDENCE(CONTRADICTION) },
        { ONE(STATUS("ACCEPTED") EXTERNAL, SUBMIT_ERROR), "accepted",
          EVIDENCE(BAG_ACCEPTED) },
        { ONE(STATUS("ACCEPTED") PAID, SUBMIT_ERROR), "accepted",
          EVIDENCE(BAG_ACCEPTED) },
        { ONE(STATUS("ACCEPTED") PAID, SUBMIT_ERROR
              PAYMENTS(PAY("BYPASSED", ""))), "unknown",
          EVIDENCE(CONTRADICTION) },
        { ONE(STATUS("ACCEPTED"), ERRORS(OLD(1, "EXTERNAL_WRITE_ORDER"))),
          "accepted", EVIDENCE(BAG_ACCEPTED) },

        /* accepted */
        { ONE(STATUS("ACCEPTED"), ""), "accepted", EVIDENCE(BAG_ACCEPTED) },
        { ONE(STATUS("ACCEPTED"), STATUS("CANCELED")), "accepted",
          EVIDENCE(BAG_ACCEPTED) },
        { ONE(STATUS("ACCEPTED"), PAYMENTS(PAY("FAILED", ""))), "accepted",
          EVIDENCE(BAG_ACCEPTED) },

        /* nothing against it */
        { ONE(STATUS("IN_PROGRESS"), ""), "pending",
          EVIDENCE(NOTHING_AGAINST) },
        { ONE(STATUS("SUBMITTED"), ""), "pending", EVIDENCE(BAG_SUBMITTED) },
        { ONE(STATUS("SHIPPED"), ""), "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE("", ""), "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE(STATUS("IN_PROGRESS") EXTERNAL, ""), "pending",
          EVIDENCE(EXTERNAL_ID) },
        { ONE(STATUS("IN_PROGRESS") PAID, ""), "pending", EVIDENCE(PAID) },

        /* made, a doubtful error, or a failed capture */
        { ONE(STATUS("REJECTED") EXTERNAL, ""), "unknown",
          EVIDENCE(EXTERNAL_ID) },
        { ONE(STATUS("IN_PROGRESS") PAID, SUBMIT_ERROR), "unknown",
          EVIDENCE(PAID) },
        { ONE(STATUS("REJECTED"), DOUBT), "unknown",
          EVIDENCE(DOUBTFUL_ERROR) },
        { ONE(STATUS("IN_PROGRESS"), DOUBT), "unknown",
          EVIDENCE(DOUBTFUL_ERROR) },
        { ONE(STATUS("IN_PROGRESS"),
              PAYMENTS(PAY("AUTHORIZED", ",\"capture_status\":\"FAILED\""))),
          "unknown", EVIDENCE(CAPTURE_FAILED) },

        /* REJECTED or CANCELED */
        { ONE(STATUS("REJECTED"), ""), "failed", EVIDENCE(REJECTED) },
        { ONE(STATUS("canceled"), ""), "failed", EVIDENCE(REJECTED) },
        { ONE(STATUS("CANCELLED"), STATUS("PROCESSING")), "failed",
          EVIDENCE(REJECTED) },

        /* IN_PROGRESS or no status, and the order not PROCESSING */
        { ONE(STATUS("IN_PROGRESS"), SUBMIT_ERROR), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE("", SUBMIT_ERROR), "failed", EVIDENCE(BAG_ERROR) },
        { ONE(",\"status\":null", SUBMIT_ERROR), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE(STATUS("IN_PROGRESS"), SUBMIT_ERROR STATUS("PROCESSING")),
          "unknown", EVIDENCE(PROCESSING) },
        { ONE("", SUBMIT_ERROR STATUS("PROCESSING")), "unknown",
          EVIDENCE(PROCESSING) },
        { ONE(",\"status\":7", SUBMIT_ERROR), "unknown", EVIDENCE(NONE) },
        { ONE(STATUS("SHIPPED"), SUBMIT_ERROR), "unknown", EVIDENCE(NONE) },
        { ONE(STATUS("SUBMITTED"), SUBMIT_ERROR), "unknown",
          EVIDENCE(BAG_SUBMITTED) }
    };

    (void) state;

    bag_check(rows, N(rows));
}


/* the first list, and words beside it */

static void
test_status(void **state)
{
    size_t     i;
    char       body[128];
    bag_row_t  row;

    static const struct {
        const char  *status;
        const char  *outcome;
    } rows[] = {
        { "ACCEPTED", "accepted" },
        { "COMPLETED", "accepted" },
        { "BACKORDERED", "accepted" },
        { "PARTIALLY_REFUNDED", "accepted" },
        { "REFUNDED", "accepted" },
        { "Accepted", "accepted" },
        { "ACCEPTE", "pending" },
        { "ACCEPTED2", "pending" },
        { "SUBMITTED", "pending" },
        { "IN_PROGRESS", "pending" },
        { "", "pending" }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        (void) snprintf(body, sizeof(body), "{\"id\":10000,\"bags\":[{\"id\":"
                        "1,\"status\":\"%s\"}]}", rows[i].status);

        row.body = body;
        row.outcome = rows[i].outcome;
        row.evidence = EVIDENCE(NOTHING_AGAINST);

        if (strcmp(rows[i].outcome, "accepted") == 0) {
            row.evidence = EVIDENCE(BAG_ACCEPTED);

        } else if (strcmp(rows[i].status, "SUBMITTED") == 0) {
            row.evidence = EVIDENCE(BAG_SUBMITTED);
        }

        bag_check(&row, 1);
    }
}


/* what shows that the merchant has the order: made is not "failed" */

static void
test_made(void **state)
{
    static const bag_row_t  rows[] = {
        { ONE(",\"external_id\":\"x\"", SUBMIT_ERROR), "unknown",
          EVIDENCE(EXTERNAL_ID) },
        { ONE(",\"external_id\":7", SUBMIT_ERROR), "unknown",
          EVIDENCE(EXTERNAL_ID) },
        { ONE(",\"externalId\":0", SUBMIT_ERROR), "unknown",
          EVIDENCE(EXTERNAL_ID) },
        { ONE(",\"external_order_id\":\"x\"", SUBMIT_ERROR), "unknown",
          EVIDENCE(EXTERNAL_ID) },
        { ONE(",\"externalOrderId\":\"x\"", SUBMIT_ERROR), "unknown",
          EVIDENCE(EXTERNAL_ID) },
        { ONE(",\"external_id\":\"\"", SUBMIT_ERROR), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE(",\"external_id\":null", SUBMIT_ERROR), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE(",\"external_id\":{}", SUBMIT_ERROR), "failed",
          EVIDENCE(BAG_ERROR) },

        /* that of a SKU says nothing */
        { ONE(",\"skus\":[{\"external_id\":\"x\"}]", SUBMIT_ERROR), "failed",
          EVIDENCE(BAG_ERROR) },

        { ONE(",\"financial_status\":\"PAID\"", SUBMIT_ERROR), "unknown",
          EVIDENCE(PAID) },
        { ONE(",\"financialStatus\":\"partially_paid\"", SUBMIT_ERROR),
          "unknown", EVIDENCE(PAID) },
        { ONE(",\"financial_status\":\"REFUNDED\"", SUBMIT_ERROR), "unknown",
          EVIDENCE(PAID) },
        { ONE(",\"financial_status\":\"PARTIALLY_REFUNDED\"", SUBMIT_ERROR),
          "unknown", EVIDENCE(PAID) },
        { ONE(",\"financial_status\":\"UNPAID\"", SUBMIT_ERROR), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE(",\"financial_status\":\"AUTHORIZED\"", SUBMIT_ERROR), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE(",\"financial_status\":\"PENDING\"", SUBMIT_ERROR), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE(",\"financial_status\":\"VOIDED\"", SUBMIT_ERROR), "failed",
          EVIDENCE(BAG_ERROR) },

        /* external payment is no money */
        { ONE(PAID, SUBMIT_ERROR PAYMENTS(PAY("BYPASSED",
              ",\"capture_status\":\"BYPASSED\""))), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE(PAID, SUBMIT_ERROR PAYMENTS(PAY("BYPASSED",
              ",\"related_bags\":[1]"))), "failed", EVIDENCE(BAG_ERROR) },
        { ONE(PAID, SUBMIT_ERROR PAYMENTS(PAY("BYPASSED", "") ","
              PAY("AUTHORIZED", ""))), "unknown", EVIDENCE(PAID) },
        { ONE(PAID, SUBMIT_ERROR PAYMENTS(PAY("BYPASSED",
              ",\"related_bags\":[2]"))), "unknown", EVIDENCE(PAID) },
        { ONE(PAID, SUBMIT_ERROR PAYMENTS(PAY("BYPASSED",
              ",\"capture_status\":\"CAPTURED\""))), "unknown",
          EVIDENCE(PAID) },
        { ONE(PAID, SUBMIT_ERROR PAYMENTS("")), "unknown", EVIDENCE(PAID) }
    };

    (void) state;

    bag_check(rows, N(rows));
}


/* which bag an error names, and whether it blocks */

static void
test_errors(void **state)
{
    static const bag_row_t  rows[] = {

        /* by the bag's id, else by its bag_id */
        { "{\"id\":10000,\"bags\":[{\"id\":1,\"bag_id\":2}],\"errors\":["
          SUBMIT(1) "]}", "failed", EVIDENCE(BAG_ERROR) },
        { "{\"id\":10000,\"bags\":[{\"id\":1,\"bag_id\":2}],\"errors\":["
          SUBMIT(2) "]}", "failed", EVIDENCE(BAG_ERROR) },
        { "{\"id\":10000,\"bags\":[{\"id\":1,\"bag_id\":2}],\"errors\":["
          SUBMIT(3) "]}", "unknown", EVIDENCE(UNLISTED_ERROR) },
        { "{\"id\":10000,\"bags\":[{\"id\":1,\"bag_id\":2},{\"id\":2,"
          "\"bag_id\":1}],\"errors\":[" SUBMIT(1) "]}", "failed",
          EVIDENCE(NOTHING_AGAINST) },
        { "{\"id\":10000,\"bags\":[{\"bagId\":2}],\"errors\":[" SUBMIT(2)
          "]}", "failed", EVIDENCE(BAG_ERROR) },
        { ONE("", ERRORS("{\"bagId\":\"1\"}")), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE("", ERRORS("{\"entity_type\":\"BAG\",\"entity_id\":\"1\"}")),
          "failed", EVIDENCE(BAG_ERROR) },
        { ONE("", ERRORS("{\"entity_type\":\"BAG\",\"entity_id\":\"2\"}")),
          "unknown", EVIDENCE(UNLISTED_ERROR) },

        /* in an order of one bag an error without a bag is that bag's */
        { ONE("", ERRORS("{\"message\":\"x\"}")), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE("", ERRORS("null")), "failed", EVIDENCE(BAG_ERROR) },
        { ONE("", ERRORS("{\"bag_id\":null}")), "failed",
          EVIDENCE(BAG_ERROR) },
        { ONE("", ERRORS("{\"bag_id\":\"none\"}")), "unknown",
          EVIDENCE(UNLISTED_ERROR) },
        { "{\"id\":10000,\"bags\":[{\"status\":\"IN_PROGRESS\"}],\"errors\":["
          "{}]}", "failed", EVIDENCE(BAG_ERROR) },
        { "{\"id\":10000,\"bags\":[{\"id\":1},{\"id\":2}],\"errors\":[{}]}",
          "unknown", EVIDENCE(UNLISTED_ERROR) },

        /* an accepted bag's errors do not block, nor INTERNAL_ADD_ITEM */
        { ONE(STATUS("ACCEPTED"), ERRORS(OLD(1, "EXTERNAL_PRICE_CART"))),
          "accepted", EVIDENCE(BAG_ACCEPTED) },
        { ONE(STATUS("IN_PROGRESS"), ERRORS(OLD(1, "INTERNAL_ADD_ITEM"))),
          "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE(STATUS("IN_PROGRESS"), ERRORS(OLD(2, "internal_add_item"))),
          "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE(STATUS("IN_PROGRESS"), ERRORS("{\"bag_id\":1,\"type\":"
              "\"INTERNAL_ADD_ITEM\",\"message\":\"Read timed out\"}")),
          "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE(STATUS("REJECTED"), ERRORS("{\"bag_id\":1,\"type\":"
              "\"INTERNAL_ADD_ITEM\",\"message\":\"Read timed out\"}")),
          "failed", EVIDENCE(REJECTED) },

        /* the order's own status */
        { ONE(STATUS("IN_PROGRESS"), STATUS("CANCELED")), "failed",
          EVIDENCE(REJECTED) },
        { ONE(STATUS("IN_PROGRESS"), STATUS("REJECTED")), "failed",
          EVIDENCE(REJECTED) },
        { ONE(STATUS("SUBMITTED"), STATUS("CANCELED")), "unknown",
          EVIDENCE(BAG_SUBMITTED) },
        { ONE(STATUS("IN_PROGRESS"), STATUS("COMPLETED")), "pending",
          EVIDENCE(NOTHING_AGAINST) }
    };

    (void) state;

    bag_check(rows, N(rows));
}


/* payments that failed, that go on, and that are another bag's */

static void
test_payments(void **state)
{
    static const bag_row_t  rows[] = {
        { ONE("", PAYMENTS(PAY("FAILED", ""))), "failed",
          EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("CANCELLED", ""))), "failed",
          EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("canceled", ""))), "failed",
          EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("REQUIRES_PAYMENT_METHOD", ""))), "failed",
          EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("X", ",\"capture_status\":\"FAILED\""))),
          "failed", EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("X", ",\"captureStatus\":\"FAILED\""))),
          "failed", EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("FAILED2", ""))), "pending",
          EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS(PAY("AUTHORIZED", ""))), "pending",
          EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS(PAY("BYPASSED", ""))), "pending",
          EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS("null,7,\"FAILED\",[]")), "pending",
          EVIDENCE(NOTHING_AGAINST) },

        /* authorized, and the capture failed */
        { ONE("", PAYMENTS(PAY("AUTHORIZED",
              ",\"capture_status\":\"FAILED\""))), "unknown",
          EVIDENCE(CAPTURE_FAILED) },
        { ONE("", PAYMENTS(PAY("AUTHORIZED",
              ",\"capture_status\":\"CANCELLED\""))), "failed",
          EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("FAILED", ",\"capture_status\":\"FAILED\""))),
          "failed", EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("FAILED", "") "," PAY("AUTHORIZED",
              ",\"capture_status\":\"FAILED\""))), "unknown",
          EVIDENCE(CAPTURE_FAILED) },
        { ONE("", PAYMENTS(PAY("AUTHORIZED", ",\"capture_status\":\"FAILED\"")
              "," PAY("AUTHORIZED", ",\"capture_status\":\"FAILED\""))),
          "unknown", EVIDENCE(CAPTURE_FAILED) },
        { ONE("", PAYMENTS(PAY("AUTHORIZED", ",\"capture_status\":\"FAILED\"")
              "," PAY("AUTHORIZED", ""))), "pending",
          EVIDENCE(NOTHING_AGAINST) },

        /* one that goes on outweighs one that failed */
        { ONE("", PAYMENTS(PAY("FAILED", "") "," PAY("AUTHORIZED", ""))),
          "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS(PAY("FAILED", "") "," PAY("PROCESSING", ""))),
          "pending", EVIDENCE(PROCESSING) },
        { ONE("", PAYMENTS(PAY("CAPTURED", "") "," PAY("FAILED", ""))),
          "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS(PAY("FAILED", "") "," PAY("BYPASSED", ""))),
          "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS(PAY("FAILED", "") ","
              PAY("REQUIRES_AUTHORIZATION", ""))), "pending",
          EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS(PAY("FAILED", "") "," PAY("REFUNDED", ""))),
          "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS(PAY("FAILED", "") ","
              PAY("X", ",\"capture_status\":\"PARTIALLY_REFUNDED\""))),
          "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS(PAY("FAILED", "") "," PAY("NEW_ONE", ""))),
          "failed", EVIDENCE(PAYMENT_FAILED) }
    };

    (void) state;

    bag_check(rows, N(rows));
}


/* A payment is of the bags that it names, or of all. */

static void
test_payments_of_bags(void **state)
{
    static const bag_row_t  rows[] = {
        { ONE("", PAYMENTS(PAY("FAILED", ",\"related_bags\":[\"1\"]"))),
          "failed", EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("FAILED", ",\"relatedBags\":1"))), "failed",
          EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("FAILED", ",\"related_bags\":[]"))), "failed",
          EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("FAILED", ",\"related_bags\":[1]") ","
              PAY("CAPTURED", ",\"related_bags\":[1]"))), "pending",
          EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS(PAY("FAILED", ",\"related_bags\":[1]") ","
              PAY("CAPTURED", ",\"related_bags\":[2]"))), "failed",
          EVIDENCE(PAID) },
        { ONE("", PAYMENTS(PAY("FAILED", ",\"related_bags\":[1]") ","
              PAY("CAPTURED", ""))), "pending", EVIDENCE(NOTHING_AGAINST) },
        { ONE("", PAYMENTS(PAY("FAILED", ",\"related_bags\":[2]"))),
          "unknown", EVIDENCE(UNLISTED_ERROR) },
        { ONE("", PAYMENTS(PAY("FAILED", ",\"related_bags\":[2]") ","
              PAY("CAPTURED", ",\"related_bags\":[2]"))), "pending",
          EVIDENCE(NOTHING_AGAINST) },

        /* a doubtful payment of all is no doubt of a bag with its own */
        { "{\"id\":10000,\"bags\":[" BAG(1, "REJECTED") "," BAG(2, "X") "],"
          "\"payment_transactions\":[{\"status\":\"FAILED\",\"errors\":["
          "{\"message\":\"Read timed out\"}]},{\"status\":\"AUTHORIZED\","
          "\"related_bags\":[1]}]}", "failed", EVIDENCE(DOUBTFUL_ERROR) },

        /* an error of a failed payment may be doubtful */
        { ONE("", PAYMENTS(PAY("FAILED", ",\"errors\":[{\"message\":"
              "\"Read timed out\"}]"))), "unknown",
          EVIDENCE(DOUBTFUL_ERROR) },
        { ONE("", PAYMENTS(PAY("FAILED", ",\"related_bags\":[1],\"errors\":["
              "{\"message\":\"PaymentIntent already succeeded\"}]"))),
          "unknown", EVIDENCE(DOUBTFUL_ERROR) },
        { ONE("", PAYMENTS(PAY("FAILED", ",\"errors\":[{\"message\":"
              "\"Read timed out\",\"resolved\":true}]"))), "failed",
          EVIDENCE(PAYMENT_FAILED) },
        { ONE("", PAYMENTS(PAY("AUTHORIZED", ",\"errors\":[{\"message\":"
              "\"Read timed out\"}]"))), "pending",
          EVIDENCE(NOTHING_AGAINST) }
    };

    (void) state;

    bag_check(rows, N(rows));
}


/* the evidence of "bags" of many ids */

static void
test_ids(void **state)
{
    static const check_order_t  orders[] = {

        /* an id that two bags share is accepted if both are */
        { "X", BAG(1, "ACCEPTED") "," BAG(1, "ACCEPTED"),
          OLD(1, "EXTERNAL_WRITE_ORDER"), NULL, COMPLETED, 0, 0, 0,
          EVIDENCE(BAG_ACCEPTED) },
        { "X", BAG(1, "ACCEPTED") "," BAG(1, "X"),
          OLD(1, "EXTERNAL_WRITE_ORDER"), NULL, PARTIAL, 422, MANUAL, GONE,
          EVIDENCE(NONE) },
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS") "," BAG(2, "IN_PROGRESS") ","
          BAG(1, "IN_PROGRESS"), SUBMIT(1), NULL, UNKNOWN, 502, LATER, GONE,
          EVIDENCE(NOTHING_AGAINST) },
        { "IN_PROGRESS", BAG(1, "IN_PROGRESS") "," BAG(1, "IN_PROGRESS"),
          SUBMIT(1), NULL, FAILED, 422, CHANGE, GONE, EVIDENCE(BAG_ERROR) },

        /* bags are found in any sequence */
        { "X", BAG(3, "ACCEPTED") "," BAG(1, "ACCEPTED") ","
          BAG(2, "ACCEPTED") "," BAG(-7, "ACCEPTED"),
          OLD(1, "X") "," OLD(2, "X") "," OLD(3, "X") "," OLD(-7, "X"),
          NULL, COMPLETED, 0, 0, 0, EVIDENCE(BAG_ACCEPTED) },

        /* ids beyond int64_t are none */
        { "X", BAG(99999999999999999999, "ACCEPTED"),
          OLD(99999999999999999999, "EXTERNAL_WRITE_ORDER"), NULL, COMPLETED,
          0, 0, 0, EVIDENCE(BAG_ACCEPTED) },
        { "X", BAG(1, "ACCEPTED"),
          "{\"bag_id\":\"99999999999999999999\"}", NULL, PARTIAL, 422, MANUAL,
          OTHER, EVIDENCE(UNLISTED_ERROR) },
        { "X", BAG(9223372036854775807, "ACCEPTED"),
          OLD(9223372036854775807, "EXTERNAL_WRITE_ORDER"), NULL, COMPLETED,
          0, 0, 0, EVIDENCE(BAG_ACCEPTED) },
        { "X", BAG(9007199254740993, "ACCEPTED") ","
          BAG(9007199254740992, "ACCEPTED"),
          OLD(9007199254740994, "EXTERNAL_WRITE_ORDER"), NULL, PARTIAL, 422,
          MANUAL, GONE, EVIDENCE(UNLISTED_ERROR) }
    };

    (void) state;

    check_orders(orders, N(orders));
}


/* One bag more than is allowed: no verdict is based on the order. */

static void
test_number(void **state)
{
    char                   *text;
    size_t                  i, n, len;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    static const char  head[] = "{\"id\":7,\"status\":\"COMPLETED\",\"bags\":[";

    (void) state;

    text = malloc(sizeof(head) + 2 * VIOLET_BAGS_MAX + 4);
    assert_non_null(text);

    for (n = VIOLET_BAGS_MAX; n <= VIOLET_BAGS_MAX + 1; n++) {

        memcpy(text, head, sizeof(head) - 1);
        len = sizeof(head) - 1;

        for (i = 0; i < n; i++) {
            text[len++] = '0';
            text[len++] = ',';
        }

        memcpy(text + len - 1, "]}", 2);

        memset(&answer, 0, sizeof(answer));

        answer.status = 200;
        answer.body.data = text;
        answer.body.len = len + 1;

        assert_int_equal(violet_cart_judge(&answer, &verdict), 0);

        if (n == VIOLET_BAGS_MAX) {
            assert_null(verdict.detail);
            assert_true(verdict.seen.order);

        } else {
            assert_string_equal(verdict.detail,
                                "an order with too many bags");
            assert_int_equal(verdict.outcome, VIOLET_CART_UNKNOWN);
            assert_false(verdict.seen.order);
        }

        free(verdict.problem);
    }

    free(text);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_payments),
        cmocka_unit_test(test_payments_of_bags),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_number)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}

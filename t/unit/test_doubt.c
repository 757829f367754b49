
/*
 * Doubtful errors: after them the order may exist, so no verdict is "failed".
 * Each pattern with a message that just fits and one that just does not.
 */

#include "cart_check.h"


typedef struct {
    const char       *text;
    violet_reason_t   reason;
} doubt_row_t;


/*
 * What an exception with this error, message and SKU's message makes; a reason
 * of -1 is any.
 */

static void
doubt_check(const char *error, const char *message, const char *sku,
    violet_cart_outcome_t outcome, int reason)
{
    char                    body[1024];
    size_t                  i;
    json_t                 *root, *problem;
    violet_cart_verdict_t   verdict;

    static const unsigned  statuses[] = { 400, 422, 404, 412, 200, 403 };

    root = json_pack("{s:s, s:s, s:i, s:{s:[{s:s, s:i}]}}", "error", error,
                     "message", message, "code", 1, "data", "skus", "message",
                     sku, "sku_id", 7);
    assert_non_null(root);

    i = json_dumpb(root, body, sizeof(body) - 1, 0);
    assert_true(i < sizeof(body));
    body[i] = '\0';
    json_decref(root);

    for (i = 0; i < N(statuses); i++) {
        problem = check_judge(statuses[i], body, &verdict);

        if (verdict.outcome != outcome
            || (outcome == UNKNOWN
                && (verdict.evidence != EVIDENCE(DOUBTFUL_ERROR)
                    || verdict.retry != LATER
                    || verdict.status != (statuses[i] == 200 ? 502
                                                             : statuses[i])
                    || (reason != -1 && (int) verdict.reason != reason))))
        {
            fail_msg("%u %s: %s, %s, %s", statuses[i], body,
                     violet_cart_outcome_name(verdict.outcome),
                     violet_cart_evidence_name(verdict.evidence),
                     violet_reason_name(verdict.reason));
        }

        json_decref(problem);
    }
}


static const doubt_row_t  doubt_messages[] = {

    { "Read timed out", VIOLET_REASON_UPSTREAM_TIMEOUT },
    { "java.net.SocketTimeoutException", VIOLET_REASON_UPSTREAM_TIMEOUT },
    { "504 Gateway Time-out", VIOLET_REASON_UPSTREAM_TIMEOUT },
    { "Payment timed out", VIOLET_REASON_UPSTREAM_TIMEOUT },
    { "deadline exceeded", VIOLET_REASON_UPSTREAM_TIMEOUT },

    { "Internal server error", VIOLET_REASON_UPSTREAM_ERROR },
    { "Could not complete external cart: 502 Bad Gateway",
      VIOLET_REASON_UPSTREAM_ERROR },
    { "Could not complete external cart: 503", VIOLET_REASON_UPSTREAM_ERROR },
    { "500", VIOLET_REASON_UPSTREAM_ERROR },
    { "502 <html>", VIOLET_REASON_UPSTREAM_ERROR },
    { "HTTP/1.1 503", VIOLET_REASON_UPSTREAM_ERROR },
    { "Server returned HTTP response code: 500", VIOLET_REASON_UPSTREAM_ERROR },
    { "The platform responded with 520", VIOLET_REASON_UPSTREAM_ERROR },
    { "Connection reset", VIOLET_REASON_UPSTREAM_ERROR },
    { "Broken pipe", VIOLET_REASON_UPSTREAM_ERROR },
    { "Unexpected end of stream", VIOLET_REASON_UPSTREAM_ERROR },
    { "Premature EOF", VIOLET_REASON_UPSTREAM_ERROR },
    { "The shipping service is unavailable", VIOLET_REASON_UPSTREAM_ERROR },

    { "Acme Cards is currently not accepting new orders. This is likely "
      "temporary. Please wait a few moments then try again.",
      VIOLET_REASON_MERCHANT_UNAVAILABLE },

    { "Submission in progress", VIOLET_REASON_SUBMIT_IN_PROGRESS },
    { "Cart is already being processed", VIOLET_REASON_SUBMIT_IN_PROGRESS },
    { "The order is being processed", VIOLET_REASON_SUBMIT_IN_PROGRESS },
    { "order one two three being processed",
      VIOLET_REASON_SUBMIT_IN_PROGRESS },
    { "Being processed: one two three order",
      VIOLET_REASON_SUBMIT_IN_PROGRESS },

    { "Cart has already been submitted", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Order 10000 was already submitted.", VIOLET_REASON_ALREADY_SUBMITTED },
    { "This order is already completed", VIOLET_REASON_ALREADY_SUBMITTED },
    { "The cart is completed", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Cart with id 10000 has been submitted",
      VIOLET_REASON_ALREADY_SUBMITTED },
    { "Order (10000) is completed and cannot be changed",
      VIOLET_REASON_ALREADY_SUBMITTED },
    { "ORDER ALREADY PLACED", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Cart already checked out", VIOLET_REASON_ALREADY_SUBMITTED },
    { "The order has already been processed",
      VIOLET_REASON_ALREADY_SUBMITTED },
    { "Order already created", VIOLET_REASON_ALREADY_SUBMITTED },
    { "An order was already created", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Order already exists", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Duplicate submission", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Duplicate of an earlier order", VIOLET_REASON_ALREADY_SUBMITTED },
    { "duplicated checkout", VIOLET_REASON_ALREADY_SUBMITTED },
    { "The cart's duplicate", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Cart was converted to an order", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Cart 10000 cannot be submitted. Current status: COMPLETED",
      VIOLET_REASON_ALREADY_SUBMITTED },
    { "Current status: COMPLETED", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Only an open cart can be sent to a merchant. Its current state is "
      "completed", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Status of the cart 77: COMPLETED", VIOLET_REASON_ALREADY_SUBMITTED },
    { "The state of this payment intent is now completed",
      VIOLET_REASON_ALREADY_SUBMITTED },
    { "Order status is completed", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Status COMPLETED of the cart", VIOLET_REASON_ALREADY_SUBMITTED },
    { "PaymentIntent already succeeded", VIOLET_REASON_ALREADY_SUBMITTED },
    { "You cannot confirm this PaymentIntent because it has already "
      "succeeded after being previously confirmed.",
      VIOLET_REASON_ALREADY_SUBMITTED },
    { "The payment-intent already succeeded",
      VIOLET_REASON_ALREADY_SUBMITTED },
    { "Could not complete external cart: Duplicate order",
      VIOLET_REASON_ALREADY_SUBMITTED }
};


static const char *const  doubt_none[] = {
    "Could not complete external cart: Duplicate discount code",
    "Duplicate discount code",
    "Duplicate one two three four order",
    "order one two three four duplicate",
    "order one two three four being processed",
    "Being processed: one two three four order",
    "Payment is being processed",
    "Customer already created",
    "Item already exists",
    "The order's sync: state of it all: completed",
    "Sync status: COMPLETED",
    "The status of the order is not completed",
    "The current status of the sync is completed",
    "Current status: INCOMPLETE",
    "A broken pipeline",
    "Refund already succeeded",
    "Points are converted to an ordinary coupon",
    "Could not complete external cart: it was not submitted",
    "The cart has not been submitted",
    "The cart could not be completed",
    "The cart must be completed before it is priced",
    "The order has not already been submitted",
    "This discount was already applied",
    "500 items at most",
    "499 Bad",
    "Discount code 503 is unknown",
    "Order 504 has no items",
    "The timetable is out",
    "This store is not accepting new orders",
    "The shipping service has no rates",
    "Your card was declined."
};


static void
test_messages(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < N(doubt_messages); i++) {
        doubt_check("some_error", doubt_messages[i].text, "x", UNKNOWN, -1);
        doubt_check("some_error", "x", doubt_messages[i].text, UNKNOWN,
                    (int) doubt_messages[i].reason);
    }

    for (i = 0; i < N(doubt_none); i++) {
        doubt_check("some_error", doubt_none[i], "x", FAILED, 0);
        doubt_check("some_error", "x", doubt_none[i], FAILED, 0);
    }
}


/* "error" as a word, and the words in it */

static void
test_slugs(void **state)
{
    size_t  i;

    static const doubt_row_t  slugs[] = {
        { "bag_submission_in_progress", VIOLET_REASON_SUBMIT_IN_PROGRESS },
        { "cart_already_submitted", VIOLET_REASON_ALREADY_SUBMITTED },
        { "order-already-completed", VIOLET_REASON_ALREADY_SUBMITTED },
        { "CART_SUBMITTED", VIOLET_REASON_ALREADY_SUBMITTED },
        { "order_is_completed", VIOLET_REASON_ALREADY_SUBMITTED },
        { "order_already_created", VIOLET_REASON_ALREADY_SUBMITTED },
        { "duplicate_order", VIOLET_REASON_ALREADY_SUBMITTED },
        { "gateway_timeout", VIOLET_REASON_UPSTREAM_TIMEOUT },
        { "internal_server_error", VIOLET_REASON_UPSTREAM_ERROR },
        { "Internal Server Error", VIOLET_REASON_UPSTREAM_ERROR }
    };

    static const char *const  none[] = {
        "bag_submission", "duplicate_discount", "cart_not_submitted",
        "already_created", "offer_not_published", "blocked_address", "time"
    };

    (void) state;

    for (i = 0; i < N(slugs); i++) {
        doubt_check(slugs[i].text, "x", "x", UNKNOWN, (int) slugs[i].reason);
    }

    for (i = 0; i < N(none); i++) {
        doubt_check(none[i], "x", "x", FAILED, 0);
    }
}


/* An operator's pattern can make an error doubtful, never the other way. */

static void
test_operator(void **state)
{
    size_t                  i;
    char                    error[64], body[128];
    violet_reasons_t       *reasons;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    static const struct {
        const char             *message;
        violet_cart_outcome_t   outcome;
        violet_reason_t         reason;
    } rows[] = {
        { "Try later: E17", UNKNOWN, VIOLET_REASON_UPSTREAM_ERROR },
        { "Try later: E18", FAILED, OTHER },
        { "The till is closed", FAILED, VIOLET_REASON_MERCHANT_UNAVAILABLE },
        { "The till is closed: Read timed out", UNKNOWN,
          VIOLET_REASON_UPSTREAM_TIMEOUT },
        { "The till is closed: order already submitted", UNKNOWN,
          VIOLET_REASON_ALREADY_SUBMITTED }
    };

    (void) state;

    reasons = violet_reasons_create();
    assert_non_null(reasons);

    assert_int_equal(violet_reasons_add(reasons,
                                        (violet_text_t) violet_text("E17"), 0,
                                        VIOLET_REASON_UPSTREAM_ERROR, error,
                                        sizeof(error)), 0);
    assert_int_equal(violet_reasons_add(reasons,
                                        (violet_text_t) violet_text("till"),
                                        0, VIOLET_REASON_MERCHANT_UNAVAILABLE,
                                        error, sizeof(error)), 0);

    for (i = 0; i < N(rows); i++) {
        (void) snprintf(body, sizeof(body), "{\"code\":1,\"message\":\"%s\"}",
                        rows[i].message);

        check_answer(&answer, 400, body, strlen(body));
        answer.reasons = reasons;

        assert_int_equal(violet_cart_judge(&answer, &verdict), 0);
        assert_int_equal(verdict.outcome, rows[i].outcome);
        assert_int_equal(verdict.reason, rows[i].reason);
        free(verdict.problem);
    }

    violet_reasons_destroy(reasons);
}


/* JSON errors that are no API exception, and bodies that are no JSON error */

static void
test_kinds(void **state)
{
    static const check_row_t  rows[] = {
        { ANSWERED, 400, "{\"message\":\"Read timed out\"}", UNKNOWN, 400,
          LATER, VIOLET_REASON_UPSTREAM_TIMEOUT, EVIDENCE(DOUBTFUL_ERROR) },
        { ANSWERED, 200, "{\"error\":\"cart_already_submitted\"}", UNKNOWN,
          502, LATER, VIOLET_REASON_ALREADY_SUBMITTED,
          EVIDENCE(DOUBTFUL_ERROR) },
        { ANSWERED, 404, "{\"error\":\"bag_submission_in_progress\"}", UNKNOWN,
          404, LATER, VIOLET_REASON_SUBMIT_IN_PROGRESS,
          EVIDENCE(DOUBTFUL_ERROR) },
        { ANSWERED, 412, "{\"error\":\"bag_submission_in_progress\"}", UNKNOWN,
          412, LATER, VIOLET_REASON_SUBMIT_IN_PROGRESS,
          EVIDENCE(DOUBTFUL_ERROR) },
        { ANSWERED, 400, "{\"x\":\"Read timed out\"}", UNKNOWN, 400, LATER,
          OTHER, EVIDENCE(NO_ORDER) },
        { ANSWERED, 200, "{\"id\":1,\"status\":\"COMPLETED\",\"code\":1,"
          "\"message\":\"Read timed out\"}", UNKNOWN, 502, LATER,
          VIOLET_REASON_UPSTREAM_INVALID, EVIDENCE(NO_ORDER) },

        /* an order under 4xx whose message is doubtful */
        { ANSWERED, 400, "{\"bags\":[" BAG(1, "REJECTED") "],\"message\":"
          "\"Read timed out\"}", UNKNOWN, 400, LATER, OTHER,
          EVIDENCE(DOUBTFUL_ERROR) },

        /* under these the status decides */
        { ANSWERED, 409, "{\"message\":\"Read timed out\",\"code\":1}",
          UNKNOWN, 409, LATER, VIOLET_REASON_SUBMIT_IN_PROGRESS,
          EVIDENCE(CONFLICT) },
        { ANSWERED, 500, "{\"message\":\"sold out\",\"code\":1}", UNKNOWN, 500,
          LATER, VIOLET_REASON_UPSTREAM_ERROR, EVIDENCE(SERVER_ERROR) }
    };

    (void) state;

    check_rows(rows, N(rows));
}


/* Messages that are not read are doubtful; a long one is asked in pieces. */

static void
test_long(void **state)
{
    size_t                  at;
    char                    body[40000], *p;
    size_t                  i, n;
    violet_cart_verdict_t   verdict;

    static const char  phrase[] = " order is being processed ";

    static const struct {
        size_t                  message;    /* bytes */
        size_t                  skus;
        violet_cart_outcome_t   outcome;
    } rows[] = {
        { 8192, 1, FAILED },
        { 20000, 1, FAILED },

        /* 32 kB of messages, and a little for each */
        { 8, 30, FAILED },
        { 8, 1600, UNKNOWN }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        p = body + sprintf(body, "{\"code\":1,\"message\":\"");
        memset(p, 'x', rows[i].message);
        p += rows[i].message;
        p += sprintf(p, "\",\"data\":{\"skus\":[");

        for (n = 0; n < rows[i].skus; n++) {
            p += sprintf(p, "%s{\"message\":\"%zu\"}", n ? "," : "", n);
        }

        p += sprintf(p, "]}}");

        json_decref(check_judge_bytes(400, body, (size_t) (p - body),
                                      &verdict));

        if (verdict.outcome != rows[i].outcome) {
            fail_msg("row %zu: %s", i,
                     violet_cart_outcome_name(verdict.outcome));
        }
    }

    /* wherever the doubt is in it */

    for (at = 0; at <= 8192 - (sizeof(phrase) - 1); at += 7) {
        p = body + sprintf(body, "{\"code\":1,\"message\":\"");
        memset(p, '.', 8192);
        memcpy(p + at, phrase, sizeof(phrase) - 1);
        p += 8192;
        p += sprintf(p, "\"}");

        json_decref(check_judge_bytes(400, body, (size_t) (p - body),
                                      &verdict));
        assert_int_equal(verdict.outcome, UNKNOWN);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_slugs),
        cmocka_unit_test(test_operator),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_long)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}

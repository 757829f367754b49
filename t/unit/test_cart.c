
/*
 * Answers to a submit that are not an order, for each row of the table in
 * docs/cart-errors.md, with answers that just match and just do not.  Orders
 * are in test_order.c.
 */

#include "cart_check.h"


static void
test_transport(void **state)
{
    static const check_row_t  rows[] = {
        { VIOLET_CART_UNREACHABLE, 0, NULL, FAILED, 502, LATER,
          VIOLET_REASON_UPSTREAM_UNREACHABLE },
        { VIOLET_CART_TIMEOUT, 0, NULL, UNKNOWN, 504, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_TIMEOUT },
        { VIOLET_CART_CUT, 0, NULL, UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { VIOLET_CART_CUT, 200, ORDER, UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { VIOLET_CART_TOO_LARGE, 200, ORDER, UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { VIOLET_CART_TOO_LARGE, 400, EXCEPTION, UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID }
    };

    (void) state;

    check_rows(rows, N(rows));
}


static void
test_status(void **state)
{
    size_t       i;
    check_row_t  row;

    static const struct {
        unsigned         status;
        unsigned         to_caller;
        violet_reason_t  reason;
    } rows[] = {
        { 0, 502, VIOLET_REASON_UPSTREAM_INVALID },
        { 100, 502, VIOLET_REASON_UPSTREAM_INVALID },
        { 101, 502, VIOLET_REASON_UPSTREAM_INVALID },
        { 199, 502, VIOLET_REASON_UPSTREAM_INVALID },
        { 300, 502, VIOLET_REASON_UPSTREAM_INVALID },
        { 301, 502, VIOLET_REASON_UPSTREAM_INVALID },
        { 304, 502, VIOLET_REASON_UPSTREAM_INVALID },
        { 399, 502, VIOLET_REASON_UPSTREAM_INVALID },
        { 500, 500, VIOLET_REASON_UPSTREAM_ERROR },
        { 502, 502, VIOLET_REASON_UPSTREAM_ERROR },
        { 503, 503, VIOLET_REASON_UPSTREAM_ERROR },
        { 599, 599, VIOLET_REASON_UPSTREAM_ERROR },
        { 600, 502, VIOLET_REASON_UPSTREAM_INVALID },
        { 999, 502, VIOLET_REASON_UPSTREAM_INVALID },
        { 408, 408, VIOLET_REASON_OTHER },
        { 409, 409, VIOLET_REASON_SUBMIT_IN_PROGRESS },
        { 425, 425, VIOLET_REASON_OTHER },
        { 429, 429, VIOLET_REASON_RATE_LIMITED }
    };

    static const char *const  bodies[] = {
        NULL, "", HTML, EXCEPTION, LEGACY, SPRING, ORDER, "{}",
        "{\"errors\":[]}",
        "{\"message\":\"The cart is already submitted\"}"
    };

    (void) state;

    /* the status alone decides, with any body */

    for (i = 0; i < N(rows) * N(bodies); i++) {
        memset(&row, 0, sizeof(check_row_t));

        row.status = rows[i % N(rows)].status;
        row.body = bodies[i / N(rows)];
        row.outcome = UNKNOWN;
        row.to_caller = rows[i % N(rows)].to_caller;
        row.retry = CHECK_FIRST;
        row.reason = (int) rows[i % N(rows)].reason;

        check_rows(&row, 1);
    }
}


static void
test_4xx(void **state)
{
    static const check_row_t  rows[] = {

        /* 401, with any body */
        { ANSWERED, 401, LEGACY, FAILED, 502, LATER,
          VIOLET_REASON_CREDENTIALS_REJECTED },
        { ANSWERED, 401, "", FAILED, 502, LATER,
          VIOLET_REASON_CREDENTIALS_REJECTED },
        { ANSWERED, 401, "{\"message\":\"order already submitted\"}", FAILED,
          502, LATER, VIOLET_REASON_CREDENTIALS_REJECTED },

        /* 403 is about the gateway, except with an API exception */
        { ANSWERED, 403, HTML, FAILED, 502, CHECK_FIRST,
          VIOLET_REASON_CREDENTIALS_REJECTED },
        { ANSWERED, 403, "", FAILED, 502, CHECK_FIRST,
          VIOLET_REASON_CREDENTIALS_REJECTED },
        { ANSWERED, 403, "{\"message\":\"no\"}", FAILED, 502, CHECK_FIRST,
          VIOLET_REASON_CREDENTIALS_REJECTED },
        { ANSWERED, 403, EXCEPTION, FAILED, 403, CHANGE,
          VIOLET_REASON_OTHER },
        { ANSWERED, 403, "{\"error\":\"e\",\"message\":\"m\"}", FAILED, 403,
          CHANGE, VIOLET_REASON_OTHER },

        /* 404 and 412 with a JSON error body, and without */
        { ANSWERED, 404, EXCEPTION, FAILED, 404, CHANGE,
          VIOLET_REASON_CART_NOT_FOUND },
        { ANSWERED, 404, SPRING, FAILED, 404, CHANGE,
          VIOLET_REASON_CART_NOT_FOUND },
        { ANSWERED, 404, "{\"message\":\"gone\"}", FAILED, 404, CHANGE,
          VIOLET_REASON_CART_NOT_FOUND },
        { ANSWERED, 404, "{\"error\":\"gone\"}", FAILED, 404, CHANGE,
          VIOLET_REASON_CART_NOT_FOUND },
        { ANSWERED, 404, HTML, UNKNOWN, 404, CHECK_FIRST,
          VIOLET_REASON_OTHER },
        { ANSWERED, 404, "{}", UNKNOWN, 404, CHECK_FIRST,
          VIOLET_REASON_OTHER },
        { ANSWERED, 404, "[]", UNKNOWN, 404, CHECK_FIRST,
          VIOLET_REASON_OTHER },
        { ANSWERED, 412, EXCEPTION, FAILED, 412, CHANGE,
          VIOLET_REASON_CART_NOT_READY },
        { ANSWERED, 412, "", UNKNOWN, 412, CHECK_FIRST,
          VIOLET_REASON_OTHER },

        /* each form of an API exception */
        { ANSWERED, 400, EXCEPTION, FAILED, 400, CHANGE,
          VIOLET_REASON_OTHER },
        { ANSWERED, 422, "{\"code\":1}", FAILED, 422, CHANGE,
          VIOLET_REASON_OTHER },
        { ANSWERED, 400, "{\"error_code\":1}", FAILED, 400, CHANGE,
          VIOLET_REASON_OTHER },
        { ANSWERED, 418, "{\"status\":418}", FAILED, 418, CHANGE,
          VIOLET_REASON_OTHER },
        { ANSWERED, 400, "{\"error\":\"e\",\"message\":\"m\"}", FAILED, 400,
          CHANGE, VIOLET_REASON_OTHER },
        { ANSWERED, 400, "{\"code\":1,\"bags\":null}", FAILED, 400, CHANGE,
          VIOLET_REASON_OTHER },
        { ANSWERED, 400, "{\"id\":\"x\",\"status\":\"BAD\",\"code\":1}",
          FAILED, 400, CHANGE, VIOLET_REASON_OTHER },
        { ANSWERED, 499, EXCEPTION, FAILED, 499, CHANGE,
          VIOLET_REASON_OTHER },

        /* bodies that are not an API exception */
        { ANSWERED, 400, "{\"code\":null}", UNKNOWN, 400, CHECK_FIRST,
          VIOLET_REASON_OTHER },
        { ANSWERED, 400, "{\"status\":\"400\"}", UNKNOWN, 400, CHECK_FIRST,
          VIOLET_REASON_OTHER },
        { ANSWERED, 400, "{\"message\":\"m\"}", UNKNOWN, 400, CHECK_FIRST,
          VIOLET_REASON_OTHER },
        { ANSWERED, 400, "{\"error\":\"e\"}", UNKNOWN, 400, CHECK_FIRST,
          VIOLET_REASON_OTHER },
        { ANSWERED, 400, "{\"errors\":[{\"message\":\"m\"}]}", UNKNOWN, 400,
          CHECK_FIRST, VIOLET_REASON_OTHER },
        { ANSWERED, 400, "{\"code\":1,\"bags\":{}}", UNKNOWN, 400,
          CHECK_FIRST, VIOLET_REASON_OTHER },
        { ANSWERED, 400, HTML, UNKNOWN, 400, CHECK_FIRST,
          VIOLET_REASON_OTHER },
        { ANSWERED, 400, "", UNKNOWN, 400, CHECK_FIRST,
          VIOLET_REASON_OTHER },
        { ANSWERED, 422, "{\"code\":1,\"code\":1}", UNKNOWN, 422,
          CHECK_FIRST, VIOLET_REASON_OTHER }
    };

    (void) state;

    check_rows(rows, N(rows));
}


static void
test_submitted(void **state)
{
    size_t                  i;
    char                    body[256];
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    static const char *const  submitted[] = {
        "Cart has already been submitted",
        "Order 10000 was already submitted.",
        "This order is already completed",
        "The cart is completed",
        "Cart with id 10000 has been submitted",
        "Order (10000) is completed and cannot be changed",
        "ORDER ALREADY PLACED",
        "Cart already checked out",
        "The order has already been processed"
    };

    static const char *const  not_submitted[] = {
        "Could not complete external cart: it was not submitted",
        "The cart has not been submitted",
        "The cart could not be completed",
        "The cart must be completed before it is priced",
        "The order has not already been submitted",
        "This discount was already applied"
    };

    static const char *const  slugs[] = {
        "cart_already_submitted",
        "order_already_completed",
        "cart-already-submitted",
        "CART_SUBMITTED",
        "order_is_completed"
    };

    (void) state;

    for (i = 0; i < 2 * N(submitted); i++) {
        (void) snprintf(body, sizeof(body), "{\"message\":\"%s\",\"code\":1}",
                        submitted[i / 2]);

        problem = check_judge(i % 2 ? 400 : 404, body, &verdict);
        assert_int_equal(verdict.outcome, UNKNOWN);
        assert_int_equal(verdict.status, i % 2 ? 400 : 404);
        assert_int_equal(verdict.retry, CHECK_FIRST);
        assert_int_equal(verdict.reason, VIOLET_REASON_ALREADY_SUBMITTED);
        check_text(problem, "detail", submitted[i / 2]);
        json_decref(problem);
    }

    for (i = 0; i < N(not_submitted); i++) {
        (void) snprintf(body, sizeof(body), "{\"message\":\"%s\",\"code\":1}",
                        not_submitted[i]);

        problem = check_judge(400, body, &verdict);
        assert_int_equal(verdict.outcome, FAILED);
        json_decref(problem);
    }

    for (i = 0; i < N(slugs); i++) {
        (void) snprintf(body, sizeof(body), "{\"error\":\"%s\"}", slugs[i]);

        problem = check_judge(403, body, &verdict);
        assert_int_equal(verdict.outcome, UNKNOWN);
        assert_int_equal(verdict.reason, VIOLET_REASON_ALREADY_SUBMITTED);
        json_decref(problem);
    }
}


/* A message about another submit is never judged as failed. */

static void
test_doubtful_exception(void **state)
{
    static const check_row_t  rows[] = {
        { ANSWERED, 400, "{\"error\":\"bag_submission_in_progress\","
          "\"message\":\"wait\"}", UNKNOWN, 400, CHECK_FIRST,
          VIOLET_REASON_SUBMIT_IN_PROGRESS },
        { ANSWERED, 200, "{\"code\":1,\"message\":\"Submission in progress\"}",
          UNKNOWN, 502, CHECK_FIRST, VIOLET_REASON_SUBMIT_IN_PROGRESS },
        { ANSWERED, 200, "{\"code\":1,\"message\":\"Cart already submitted\"}",
          UNKNOWN, 502, CHECK_FIRST, VIOLET_REASON_ALREADY_SUBMITTED },
        { ANSWERED, 200, "{\"id\":1,\"status\":\"COMPLETED\",\"code\":1}",
          UNKNOWN, 502, CHECK_FIRST, VIOLET_REASON_UPSTREAM_INVALID }
    };

    (void) state;

    check_rows(rows, N(rows));
}


static void
test_2xx(void **state)
{
    static const check_row_t  rows[] = {

        /* an API exception */
        { ANSWERED, 200, EXCEPTION, FAILED, 422, CHANGE,
          VIOLET_REASON_OTHER },
        { ANSWERED, 202, LEGACY, FAILED, 422, CHANGE,
          VIOLET_REASON_CREDENTIALS_REJECTED },
        { ANSWERED, 299, "{\"code\":7,\"message\":\"sold out\"}", FAILED, 422,
          CHANGE, VIOLET_REASON_ITEM_UNAVAILABLE },
        { ANSWERED, 200, "{\"code\":7,\"errors\":[{}]}", FAILED, 422, CHANGE,
          VIOLET_REASON_OTHER },

        /* not an order */
        { ANSWERED, 200, "", UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 204, NULL, UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "{}", UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "[]", UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "[" ORDER "]", UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "null", UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "\"bags\"", UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, HTML, UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "{\"message\":\"ok\"}", UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "{\"error\":\"cart_already_submitted\"}", UNKNOWN,
          502, CHECK_FIRST, VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "{\"id\":1}", UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "{\"status\":\"COMPLETED\"}", UNKNOWN, 502,
          CHECK_FIRST, VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "{\"id\":null,\"status\":\"COMPLETED\"}", UNKNOWN,
          502, CHECK_FIRST, VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "{\"bags\":{}}", UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "{\"bags\":\"\",\"id\":1,\"status\":\"COMPLETED\"}",
          UNKNOWN, 502, CHECK_FIRST, VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "{\"errors\":{}}", UNKNOWN, 502, CHECK_FIRST,
          VIOLET_REASON_UPSTREAM_INVALID },
        { ANSWERED, 200, "{\"errors\":null,\"bags\":null}", UNKNOWN, 502,
          CHECK_FIRST, VIOLET_REASON_UPSTREAM_INVALID },

        /* an order, in each of its forms */
        { ANSWERED, 200, ORDER, VIOLET_CART_COMPLETED, 0, 0, 0 },
        { ANSWERED, 299, ORDER, VIOLET_CART_COMPLETED, 0, 0, 0 },
        { ANSWERED, 200, "{\"bags\":[]}", VIOLET_CART_PENDING, 0, 0, 0 },
        { ANSWERED, 200, "{\"bags\":[],\"code\":1}", VIOLET_CART_PENDING, 0,
          0, 0 },
        { ANSWERED, 200, "{\"errors\":[]}", VIOLET_CART_PENDING, 0, 0, 0 },
        { ANSWERED, 200, "{\"id\":\"1\",\"status\":\"IN_PROGRESS\"}",
          VIOLET_CART_PENDING, 0, 0, 0 },
        { ANSWERED, 200, " \r\n\t" ORDER "\n", VIOLET_CART_COMPLETED, 0, 0, 0 }
    };

    (void) state;

    check_rows(rows, N(rows));
}


static void
test_log_detail(void **state)
{
    size_t                  i;
    violet_cart_verdict_t   verdict;

    static const struct {
        unsigned     status;
        const char  *body;
        const char  *detail;
        size_t       offset;
    } rows[] = {
        { 200, "", "empty", 0 },
        { 200, "<html>", "not JSON", 1 },
        { 200, "{\"id\":1", "JSON that ends early", 7 },
        { 200, "{} {}", "JSON with something after its end", 4 },
        { 200, "[]", "JSON, but not an object", 0 },
        { 200, "{}", "an object, but not an order", 0 },
        { 200, "{\"code\":1}", "an API exception", 0 },
        { 200, "{\"bags\":1}", "an order whose bags are not an array", 0 },
        { 200, ORDER, NULL, 0 },
        { 400, "<html>", NULL, 0 },
        { 400, "{\"code\":1}", NULL, 0 },
        { 500, "[]", NULL, 0 }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        json_decref(check_judge(rows[i].status, rows[i].body, &verdict));

        if (rows[i].detail == NULL) {
            assert_null(verdict.detail);

        } else {
            assert_string_equal(verdict.detail, rows[i].detail);
        }

        assert_int_equal(verdict.offset, rows[i].offset);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_transport),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_4xx),
        cmocka_unit_test(test_submitted),
        cmocka_unit_test(test_doubtful_exception),
        cmocka_unit_test(test_2xx),
        cmocka_unit_test(test_log_detail)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}

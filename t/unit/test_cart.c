
/*
 * Answers to a submit that are no order, row by row of the contract's table
 * and from both sides of each; the form of the problem; hostile bodies.
 * What orders mean is in test_order.c.
 */

#include <time.h>

#include "cart_check.h"


#define N(rows)  (sizeof(rows) / sizeof((rows)[0]))

#define ANSWERED     VIOLET_CART_ANSWERED
#define FAILED       VIOLET_CART_FAILED
#define UNKNOWN      VIOLET_CART_UNKNOWN
#define CHECK_FIRST  VIOLET_CART_RETRY_CHECK_FIRST
#define LATER        VIOLET_CART_RETRY_LATER
#define CHANGE       VIOLET_CART_RETRY_AFTER_CHANGE

#define EXCEPTION                                                             \
    "{\"message\":\"It did not work.\",\"error\":\"some_error\","             \
    "\"code\":1234}"

#define LEGACY                                                                \
    "{\"status\":401,\"message\":\"Token has expired\",\"error_code\":11,"    \
    "\"timestamp\":1700000000000}"

#define SPRING                                                                \
    "{\"timestamp\":\"2024-01-01T00:00:00Z\",\"status\":404,"                 \
    "\"error\":\"Not Found\",\"path\":\"/v1/checkout/cart/1/submit\"}"

#define HTML  "<html><body><h1>It broke</h1></body></html>"

#define ORDER  "{\"id\":1,\"status\":\"COMPLETED\",\"bags\":[]}"


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
    size_t              i;
    check_row_t         row;

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
        NULL, "", HTML, EXCEPTION, LEGACY, SPRING, ORDER, "{}", "{\"errors\":[]}",
        "{\"message\":\"The cart is already submitted\"}"
    };

    (void) state;

    /* the status alone decides, whatever the body says */

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

        /* 401, whatever came with it */
        { ANSWERED, 401, LEGACY, FAILED, 502, LATER,
          VIOLET_REASON_CREDENTIALS_REJECTED },
        { ANSWERED, 401, "", FAILED, 502, LATER,
          VIOLET_REASON_CREDENTIALS_REJECTED },
        { ANSWERED, 401, "{\"message\":\"order already submitted\"}", FAILED,
          502, LATER, VIOLET_REASON_CREDENTIALS_REJECTED },

        /* 403 is about the gateway, unless it says that it is about the cart */
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

        /* and what is none */
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


/* A message that tells of another submit never counts as a failure. */

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

        /* no order */
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

        /* and an order, by each of its forms */
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
        { 200, "[]", "JSON, but no object", 0 },
        { 200, "{}", "an object, but no order", 0 },
        { 200, "{\"code\":1}", "an API exception", 0 },
        { 200, "{\"bags\":1}", "an order whose bags are no array", 0 },
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


static void
test_single_bag_exception(void **state)
{
    char                   *data;
    size_t                  len;
    unsigned                status;
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    data = check_file("single_bag_exception.json", &len);

    for (status = 200; status <= 422; status += 222) {
        problem = check_judge_bytes(status, data, len, &verdict);

        assert_int_equal(verdict.outcome, FAILED);
        assert_int_equal(verdict.status, 422);
        assert_int_equal(verdict.retry, CHANGE);
        assert_int_equal(verdict.reason, VIOLET_REASON_ITEM_UNAVAILABLE);

        check_text(problem, "title", "The cart was not submitted");
        check_text(problem, "detail",
                   "Could not complete external cart: One or more items in "
                   "the cart are no longer available for purchase.");
        check_text(problem, "order_id", NULL);
        check_text(problem, "order", NULL);
        check_text(problem, "request_id", "b7e1");
        check_number(problem, "upstream.status", status);
        check_text(problem, "upstream.error",
                   "external_cart_completion_error");
        check_number(problem, "upstream.code", 2503);

        assert_int_equal(json_array_size(check_at(problem, "errors")), 1);
        check_text(problem, "errors.0.scope", "SKU");
        check_text(problem, "errors.0.message",
                   "This item is no longer available for purchase.");
        assert_true(json_is_true(check_at(problem, "errors.0.blocking")));
        check_number(problem, "errors.0.bag_id", 77777);
        check_number(problem, "errors.0.sku_id", 99999);
        check_number(problem, "errors.0.order_sku_id", 88888);
        check_text(problem, "errors.0.merchant_id", NULL);
        check_text(problem, "errors.0.name", "Sample Product");
        check_text(problem, "errors.0.platform", NULL);
        check_text(problem, "errors.0.violet.id", NULL);
        check_text(problem, "errors.0.violet.error",
                   "external_cart_completion_error");
        check_number(problem, "errors.0.violet.code", 2503);
        check_text(problem, "errors.0.violet.type", NULL);
        check_text(problem, "errors.0.violet.entity_id", NULL);
        check_text(problem, "errors.0.violet.entity_type", NULL);
        check_text(problem, "errors.0.violet.date_created", NULL);

        json_decref(problem);
    }

    free(data);
}


static void
test_exception_skus(void **state)
{
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    /* both casings, ids as text, an entry that is no object */

    problem = check_judge(400,
        "{\"message\":\"The card was declined\",\"error\":\"e\","
        "\"error_code\":\"12\",\"data\":{\"skus\":["
        "{\"message\":\"sold out\",\"skuId\":\"1\",\"orderSkuId\":2,"
        "\"bagId\":\"3\"},null,7,"
        "{\"sku_id\":99999999999999999999,\"bag_id\":\"007\"},"
        "{\"name\":\"n\",\"sku_id\":null,\"skuId\":5}]}}", &verdict);

    assert_int_equal(json_array_size(check_at(problem, "errors")), 3);
    check_text(problem, "errors.0.reason", "ITEM_UNAVAILABLE");
    check_number(problem, "errors.0.sku_id", 1);
    check_number(problem, "errors.0.order_sku_id", 2);
    check_number(problem, "errors.0.bag_id", 3);
    check_number(problem, "errors.0.violet.code", 12);
    check_text(problem, "errors.1.reason", "PAYMENT_FAILED");
    check_text(problem, "errors.1.message", NULL);
    check_text(problem, "errors.1.sku_id", NULL);
    check_text(problem, "errors.1.bag_id", NULL);
    check_number(problem, "errors.2.sku_id", 5);
    check_text(problem, "errors.2.name", "n");
    check_number(problem, "upstream.code", 12);
    json_decref(problem);

    /* none that can be read: one for the cart */

    problem = check_judge(422,
        "{\"message\":\"The card was declined\",\"code\":2503,\"id\":\"x\","
        "\"data\":{\"skus\":[1,[]]}}", &verdict);

    assert_int_equal(json_array_size(check_at(problem, "errors")), 1);
    check_text(problem, "errors.0.scope", "CART");
    check_text(problem, "errors.0.reason", "PAYMENT_FAILED");
    check_text(problem, "errors.0.message", "The card was declined");
    check_text(problem, "errors.0.violet.id", "x");
    json_decref(problem);

    /* the row's own reason goes before what the words say */

    problem = check_judge(409,
        "{\"message\":\"sold out\",\"code\":2503,\"data\":{\"skus\":["
        "{\"message\":\"sold out\"}]}}", &verdict);

    check_text(problem, "errors.0.scope", "SKU");
    check_text(problem, "errors.0.reason", "SUBMIT_IN_PROGRESS");
    json_decref(problem);
}


/* Without words of Violet's the caller gets ours. */

static void
test_our_words(void **state)
{
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    problem = check_judge(503, HTML, &verdict);
    check_text(problem, "detail",
               "Violet failed while it was asked to submit the cart.");
    check_text(problem, "errors.0.message",
               "Violet failed while it was asked to submit the cart.");
    check_text(problem, "title",
               "It is not known whether the cart was submitted");
    check_text(problem, "upstream.error", NULL);
    check_text(problem, "upstream.code", NULL);
    json_decref(problem);

    problem = check_judge(400, "{\"message\":\"\",\"code\":1}", &verdict);
    check_text(problem, "detail", "Violet refused the cart.");
    check_text(problem, "errors.0.message", "Violet refused the cart.");
    json_decref(problem);

    problem = check_judge(404, SPRING, &verdict);
    check_text(problem, "detail", "Violet knows no such cart.");
    check_text(problem, "upstream.error", "Not Found");
    json_decref(problem);

    problem = check_judge(500, "{\"message\":\"oops\"}", &verdict);
    check_text(problem, "detail", "oops");
    json_decref(problem);
}


static void
test_no_answer(void **state)
{
    json_t                 *problem;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    (void) state;

    check_answer(&answer, 200, ORDER, strlen(ORDER));
    answer.transport = VIOLET_CART_CUT;
    answer.request_id.data = NULL;
    answer.request_id.len = 0;

    assert_int_equal(violet_cart_judge(&answer, &verdict), 0);

    problem = check_problem(&verdict, verdict.problem, verdict.problem_len);
    free(verdict.problem);

    check_text(problem, "request_id", NULL);
    check_text(problem, "upstream.status", NULL);
    check_text(problem, "order", NULL);
    json_decref(problem);
}


static void
test_request_id(void **state)
{
    size_t                  i;
    json_t                 *problem;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    static const struct {
        const char  *bytes;
        const char  *text;
    } rows[] = {
        { "a\"b\\c/d", "a\"b\\c/d" },
        { "\x01\n\r\t\x1f\x7f", "\x01\n\r\t\x1f\x7f" },
        { "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
          "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },

        /* a lone byte, overlong, a surrogate, cut, beyond the last plane */
        { "a\x80z", "a\xef\xbf\xbdz" },
        { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xf4\x90\x80\x80",
          "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xff", "\xef\xbf\xbd" }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        check_answer(&answer, 500, "", 0);
        answer.request_id.data = rows[i].bytes;
        answer.request_id.len = strlen(rows[i].bytes);

        assert_int_equal(violet_cart_judge(&answer, &verdict), 0);

        problem = check_problem(&verdict, verdict.problem,
                                verdict.problem_len);
        free(verdict.problem);

        check_text(problem, "request_id", rows[i].text);
        json_decref(problem);
    }
}


static void
test_fallback(void **state)
{
    char                    buffer[1024], id[256];
    size_t                  len;
    json_t                 *problem;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    (void) state;

    memset(id, 1, sizeof(id));

    check_answer(&answer, 200, ORDER, strlen(ORDER));
    answer.request_id.data = id;
    answer.request_id.len = sizeof(id);

    len = violet_cart_judge_fallback(&answer, &verdict, buffer,
                                     sizeof(buffer));
    assert_true(len > 0 && len <= sizeof(buffer));

    assert_int_equal(verdict.outcome, UNKNOWN);
    assert_int_equal(verdict.status, 502);
    assert_int_equal(verdict.retry, CHECK_FIRST);
    assert_int_equal(verdict.reason, VIOLET_REASON_UPSTREAM_INVALID);
    assert_true(verdict.has_reason);
    assert_null(verdict.problem);

    problem = check_problem(&verdict, buffer, len);
    check_number(problem, "upstream.status", 200);
    json_decref(problem);

    /* the longest numbers, too */

    answer.cart_id = INT64_MAX;
    answer.status = 4294967295u;
    len = violet_cart_judge_fallback(&answer, &verdict, buffer,
                                     sizeof(buffer));
    assert_true(len > 0);

    len = violet_cart_judge_fallback(&answer, &verdict, buffer, 1023);
    assert_int_equal(len, 0);
    assert_int_equal(verdict.outcome, UNKNOWN);
}


/* What an operator calls a message does not change what it means. */

static void
test_operator_reasons(void **state)
{
    char                    error[128];
    violet_text_t           pattern = violet_text("did not work");
    violet_text_t           any = violet_text("already");
    violet_reasons_t       *reasons;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    static const char  again[] =
        "{\"message\":\"already submitted\",\"code\":1}";

    (void) state;

    reasons = violet_reasons_create();
    assert_non_null(reasons);
    assert_int_equal(violet_reasons_add(reasons, pattern, 0,
                                        VIOLET_REASON_DISCOUNT_INVALID,
                                        error, sizeof(error)),
                     0);
    assert_int_equal(violet_reasons_add(reasons, any, 0,
                                        VIOLET_REASON_ITEM_INVALID,
                                        error, sizeof(error)),
                     0);

    check_answer(&answer, 400, EXCEPTION, strlen(EXCEPTION));
    answer.reasons = reasons;

    assert_int_equal(violet_cart_judge(&answer, &verdict), 0);
    assert_int_equal(verdict.outcome, FAILED);
    assert_int_equal(verdict.reason, VIOLET_REASON_DISCOUNT_INVALID);
    free(verdict.problem);

    check_answer(&answer, 400, again, strlen(again));
    answer.reasons = reasons;

    assert_int_equal(violet_cart_judge(&answer, &verdict), 0);
    assert_int_equal(verdict.outcome, UNKNOWN);
    assert_int_equal(verdict.reason, VIOLET_REASON_ALREADY_SUBMITTED);
    free(verdict.problem);

    violet_reasons_destroy(reasons);
}


static void
test_names(void **state)
{
    (void) state;

    assert_string_equal(violet_cart_outcome_name(VIOLET_CART_COMPLETED),
                        "completed");
    assert_string_equal(violet_cart_outcome_name(VIOLET_CART_PENDING),
                        "pending");
    assert_string_equal(violet_cart_outcome_name(VIOLET_CART_REQUIRES_ACTION),
                        "requires_action");
    assert_string_equal(violet_cart_outcome_name(FAILED), "failed");
    assert_string_equal(violet_cart_outcome_name(VIOLET_CART_PARTIAL),
                        "partial");
    assert_string_equal(violet_cart_outcome_name(UNKNOWN), "unknown");
    assert_string_equal(violet_cart_outcome_name((violet_cart_outcome_t) 77),
                        "unknown");

    assert_string_equal(violet_cart_retry_name(CHANGE), "after_change");
    assert_string_equal(violet_cart_retry_name(LATER), "later");
    assert_string_equal(violet_cart_retry_name(VIOLET_CART_RETRY_NEW_CART),
                        "new_cart");
    assert_string_equal(violet_cart_retry_name(VIOLET_CART_RETRY_NEVER),
                        "never");
    assert_string_equal(violet_cart_retry_name(CHECK_FIRST), "check_first");
    assert_string_equal(violet_cart_retry_name((violet_cart_retry_t) 77),
                        "check_first");
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
        cmocka_unit_test(test_log_detail),
        cmocka_unit_test(test_single_bag_exception),
        cmocka_unit_test(test_exception_skus),
        cmocka_unit_test(test_our_words),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_request_id),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_operator_reasons),
        cmocka_unit_test(test_names)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}


/*
 * Answers to a submit that are not an order, for each row of the table in
 * docs/cart-errors.md, with answers that just match and just do not.  Orders
 * are in test_order.c.
 */

#include "cart_check.h"


/* the ends of rows that occur often */

#define TOKEN  FAILED, 502, LATER, VIOLET_REASON_CREDENTIALS_REJECTED,        \
               EVIDENCE(TOKEN_REFUSED)

#define DENIED  UNKNOWN, 502, MANUAL, VIOLET_REASON_CREDENTIALS_REJECTED,     \
                EVIDENCE(ACCESS_REFUSED)

#define GONE_CART  FAILED, 404, NEW_CART, VIOLET_REASON_CART_NOT_FOUND,       \
                   EVIDENCE(NO_CART)

#define NOT_READY  FAILED, 412, CHANGE, VIOLET_REASON_CART_NOT_READY,         \
                   EVIDENCE(NOT_READY)

#define UNCLEAR(status)  UNKNOWN, status, LATER, OTHER, EVIDENCE(NO_ORDER)

#define UNREADABLE  UNKNOWN, 502, LATER, VIOLET_REASON_UPSTREAM_INVALID,      \
                    EVIDENCE(NO_ORDER)


static void
test_transport(void **state)
{
    static const check_row_t  rows[] = {
        { VIOLET_CART_UNREACHABLE, 0, NULL, FAILED, 502, LATER,
          VIOLET_REASON_UPSTREAM_UNREACHABLE, EVIDENCE(NOTHING_SENT) },
        { VIOLET_CART_TIMEOUT, 0, NULL, UNKNOWN, 504, LATER,
          VIOLET_REASON_UPSTREAM_TIMEOUT, EVIDENCE(NO_ANSWER) },
        { VIOLET_CART_CUT, 0, NULL, UNKNOWN, 502, LATER,
          VIOLET_REASON_UPSTREAM_INVALID, EVIDENCE(INVALID_ANSWER) },
        { VIOLET_CART_CUT, 200, ORDER, UNKNOWN, 502, LATER,
          VIOLET_REASON_UPSTREAM_INVALID, EVIDENCE(INVALID_ANSWER) },
        { VIOLET_CART_TOO_LARGE, 200, ORDER, UNKNOWN, 502, LATER,
          VIOLET_REASON_UPSTREAM_INVALID, EVIDENCE(INVALID_ANSWER) },
        { VIOLET_CART_TOO_LARGE, 400, EXCEPTION, UNKNOWN, 502, LATER,
          VIOLET_REASON_UPSTREAM_INVALID, EVIDENCE(INVALID_ANSWER) }
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

        violet_cart_evidence_t  evidence;
    } rows[] = {
        { 0, 502, VIOLET_REASON_UPSTREAM_INVALID,
          EVIDENCE(INVALID_ANSWER) },
        { 100, 502, VIOLET_REASON_UPSTREAM_INVALID,
          EVIDENCE(INVALID_ANSWER) },
        { 101, 502, VIOLET_REASON_UPSTREAM_INVALID,
          EVIDENCE(INVALID_ANSWER) },
        { 199, 502, VIOLET_REASON_UPSTREAM_INVALID,
          EVIDENCE(INVALID_ANSWER) },
        { 300, 502, VIOLET_REASON_UPSTREAM_INVALID,
          EVIDENCE(INVALID_ANSWER) },
        { 301, 502, VIOLET_REASON_UPSTREAM_INVALID,
          EVIDENCE(INVALID_ANSWER) },
        { 304, 502, VIOLET_REASON_UPSTREAM_INVALID,
          EVIDENCE(INVALID_ANSWER) },
        { 399, 502, VIOLET_REASON_UPSTREAM_INVALID,
          EVIDENCE(INVALID_ANSWER) },
        { 500, 500, VIOLET_REASON_UPSTREAM_ERROR,
          EVIDENCE(SERVER_ERROR) },
        { 502, 502, VIOLET_REASON_UPSTREAM_ERROR,
          EVIDENCE(SERVER_ERROR) },
        { 503, 503, VIOLET_REASON_UPSTREAM_ERROR,
          EVIDENCE(SERVER_ERROR) },
        { 599, 599, VIOLET_REASON_UPSTREAM_ERROR,
          EVIDENCE(SERVER_ERROR) },
        { 600, 502, VIOLET_REASON_UPSTREAM_INVALID,
          EVIDENCE(INVALID_ANSWER) },
        { 999, 502, VIOLET_REASON_UPSTREAM_INVALID,
          EVIDENCE(INVALID_ANSWER) },
        { 408, 408, VIOLET_REASON_OTHER,
          EVIDENCE(BUSY) },
        { 409, 409, VIOLET_REASON_SUBMIT_IN_PROGRESS,
          EVIDENCE(CONFLICT) },
        { 425, 425, VIOLET_REASON_OTHER,
          EVIDENCE(BUSY) },
        { 429, 429, VIOLET_REASON_RATE_LIMITED,
          EVIDENCE(BUSY) }
    };

    static const char *const  bodies[] = {
        NULL, "", HTML, EXCEPTION, LEGACY, SPRING, ORDER, "{}",
        "{\"errors\":[]}",
        "{\"id\":10000,\"bags\":[" BAG(1, "REJECTED") "]}",
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
        row.retry = LATER;
        row.reason = rows[i % N(rows)].reason;
        row.evidence = rows[i % N(rows)].evidence;

        check_rows(&row, 1);
    }
}


static void
test_401(void **state)
{
    static const check_row_t  rows[] = {

        /* about the token: with it Violet did nothing */
        { ANSWERED, 401, LEGACY, TOKEN },
        { ANSWERED, 401, "", TOKEN },
        { ANSWERED, 401, NULL, TOKEN },
        { ANSWERED, 401, " \r\n\t", TOKEN },
        { ANSWERED, 401, "{\"error_code\":11,\"error\":null}", TOKEN },
        { ANSWERED, 401, "{\"error_code\":1.5}", TOKEN },

        /* about something else */
        { ANSWERED, 401, "{\"error_code\":\"11\"}", DENIED },
        { ANSWERED, 401, "{\"error_code\":11,\"error\":\"x\"}", DENIED },
        { ANSWERED, 401, "{\"error_code\":11,\"error\":false}", DENIED },
        { ANSWERED, 401, "{\"message\":\"order already submitted\"}",
          DENIED },
        { ANSWERED, 401, "{\"message\":\"Payment token expired\",\"error\":"
          "\"external_cart_completion_error\",\"code\":2503}", DENIED },
        { ANSWERED, 401, "{}", DENIED },
        { ANSWERED, 401, "[11]", DENIED },
        { ANSWERED, 401, HTML, DENIED },
        { ANSWERED, 401, "{\"error_code\":11", DENIED },
        { ANSWERED, 401, "{\"bags\":[" BAG(1, "REJECTED") "]}", DENIED }
    };

    (void) state;

    check_rows(rows, N(rows));
}


static void
test_4xx(void **state)
{
    static const check_row_t  rows[] = {

        /* 403 is about the gateway, except with an API exception */
        { ANSWERED, 403, HTML, DENIED },
        { ANSWERED, 403, "", DENIED },
        { ANSWERED, 403, "{\"message\":\"no\"}", DENIED },
        { ANSWERED, 403, "{\"error\":\"cart_already_submitted\"}", DENIED },
        { ANSWERED, 403, "{\"id\":1,\"status\":\"IN_PROGRESS\"}", DENIED },
        { ANSWERED, 403, EXCEPTION, FAILED, 403, CHANGE, OTHER,
          EVIDENCE(REFUSED) },
        { ANSWERED, 403, "{\"error\":\"e\",\"message\":\"m\"}", FAILED, 403,
          CHANGE, OTHER, EVIDENCE(REFUSED) },

        /* 404 with a JSON error that is not about the platform's cart */
        { ANSWERED, 404, EXCEPTION, GONE_CART },
        { ANSWERED, 404, SPRING, GONE_CART },
        { ANSWERED, 404, "{\"message\":\"gone\"}", GONE_CART },
        { ANSWERED, 404, "{\"error\":\"gone\"}", GONE_CART },
        { ANSWERED, 404, "{\"error\":\"external\",\"code\":1}", GONE_CART },
        { ANSWERED, 404, "{\"error\":\"external_\",\"code\":1}", FAILED, 404,
          CHANGE, OTHER, EVIDENCE(REFUSED) },
        { ANSWERED, 404, "{\"error\":\"External_Cart_X\",\"code\":1}", FAILED,
          404, CHANGE, OTHER, EVIDENCE(REFUSED) },
        { ANSWERED, 404, "{\"error\":\"external_cart_x\"}", UNCLEAR(404) },
        { ANSWERED, 404, HTML, UNCLEAR(404) },
        { ANSWERED, 404, "{}", UNCLEAR(404) },
        { ANSWERED, 404, "[]", UNCLEAR(404) },

        /* 412 with a JSON error */
        { ANSWERED, 412, EXCEPTION, NOT_READY },
        { ANSWERED, 412, "{\"message\":\"m\"}", NOT_READY },
        { ANSWERED, 412, "", UNCLEAR(412) },
        { ANSWERED, 412, "{\"x\":1}", UNCLEAR(412) },

        /* each form of an API exception */
        { ANSWERED, 400, EXCEPTION, FAILED, 400, CHANGE, OTHER,
          EVIDENCE(REFUSED) },
        { ANSWERED, 422, "{\"code\":1}", FAILED, 422, CHANGE, OTHER,
          EVIDENCE(REFUSED) },
        { ANSWERED, 400, "{\"error_code\":1}", FAILED, 400, CHANGE, OTHER,
          EVIDENCE(REFUSED) },
        { ANSWERED, 418, "{\"status\":418}", FAILED, 418, CHANGE, OTHER,
          EVIDENCE(REFUSED) },
        { ANSWERED, 400, "{\"error\":\"e\",\"message\":\"m\"}", FAILED, 400,
          CHANGE, OTHER, EVIDENCE(REFUSED) },
        { ANSWERED, 400, "{\"code\":1,\"bags\":null}", FAILED, 400, CHANGE,
          OTHER, EVIDENCE(REFUSED) },
        { ANSWERED, 400, "{\"id\":\"x\",\"status\":\"BAD\",\"code\":1}",
          FAILED, 400, CHANGE, OTHER, EVIDENCE(REFUSED) },
        { ANSWERED, 499, EXCEPTION, FAILED, 499, CHANGE, OTHER,
          EVIDENCE(REFUSED) },

        /* bodies that are not an API exception */
        { ANSWERED, 400, "{\"code\":null}", UNCLEAR(400) },
        { ANSWERED, 400, "{\"status\":\"400\"}", UNCLEAR(400) },
        { ANSWERED, 400, "{\"message\":\"m\"}", UNCLEAR(400) },
        { ANSWERED, 400, "{\"error\":\"e\"}", UNCLEAR(400) },
        { ANSWERED, 400, "{\"errors\":[{\"message\":\"m\"}]}",
          UNCLEAR(400) },
        { ANSWERED, 400, "{\"code\":1,\"bags\":{}}", UNCLEAR(400) },
        { ANSWERED, 400, HTML, UNCLEAR(400) },
        { ANSWERED, 400, "", UNCLEAR(400) },
        { ANSWERED, 422, "{\"code\":1,\"code\":1}", UNCLEAR(422) }
    };

    (void) state;

    check_rows(rows, N(rows));
}


/* "POST orders" has no cart: a 404 says nothing about one. */

static void
test_404_without_cart(void **state)
{
    violet_cart_answer_t   answer;
    violet_cart_verdict_t  verdict;

    (void) state;

    check_answer(&answer, 404, EXCEPTION, sizeof(EXCEPTION) - 1);
    answer.cart_id = 0;

    assert_int_equal(violet_cart_judge(&answer, &verdict), 0);
    assert_int_equal(verdict.outcome, FAILED);
    assert_int_equal(verdict.retry, CHANGE);
    assert_int_equal(verdict.evidence, EVIDENCE(REFUSED));
    free(verdict.problem);
}


/* Without a record of the guard nothing would stop a second submit. */

static void
test_unguarded(void **state)
{
    size_t                 i;
    violet_cart_answer_t   answer;
    violet_cart_verdict_t  verdict;

    static const struct {
        violet_cart_transport_t  transport;
        unsigned                 status;
        const char              *body;
        violet_cart_retry_t      guarded;
        violet_cart_retry_t      unguarded;
    } rows[] = {
        { VIOLET_CART_UNREACHABLE, 0, "", LATER, LATER },
        { VIOLET_CART_TIMEOUT, 0, "", LATER, MANUAL },
        { ANSWERED, 500, "", LATER, MANUAL },
        { ANSWERED, 401, "", LATER, LATER },
        { ANSWERED, 403, "", MANUAL, MANUAL },
        { ANSWERED, 400, EXCEPTION, CHANGE, CHANGE },
        { ANSWERED, 404, EXCEPTION, NEW_CART, NEW_CART },
        { ANSWERED, 200, "{}", LATER, MANUAL },
        { ANSWERED, 200, "{\"bags\":[" BAG(1, "SUBMITTED") "],\"status\":"
          "\"X\"}", LATER, MANUAL },
        { ANSWERED, 200, "{\"bags\":[" BAG(1, "ACCEPTED") ","
          BAG(2, "REJECTED") "]}", REST, REST }
    };

    (void) state;

    for (i = 0; i < 2 * N(rows); i++) {
        check_answer(&answer, rows[i / 2].status, rows[i / 2].body,
                     strlen(rows[i / 2].body));
        answer.transport = rows[i / 2].transport;
        answer.guarded = i % 2;

        assert_int_equal(violet_cart_judge(&answer, &verdict), 0);
        assert_int_equal(verdict.retry, i % 2 ? rows[i / 2].guarded
                                              : rows[i / 2].unguarded);

        json_decref(check_problem(&verdict, verdict.problem,
                                  verdict.problem_len));
        free(verdict.problem);
    }
}


static void
test_2xx(void **state)
{
    static const check_row_t  rows[] = {

        /* an API exception */
        { ANSWERED, 200, EXCEPTION, FAILED, 422, CHANGE, OTHER,
          EVIDENCE(REFUSED) },
        { ANSWERED, 202, LEGACY, FAILED, 422, CHANGE,
          VIOLET_REASON_CREDENTIALS_REJECTED, EVIDENCE(REFUSED) },
        { ANSWERED, 299, "{\"code\":7,\"message\":\"sold out\"}", FAILED, 422,
          CHANGE, GONE, EVIDENCE(REFUSED) },
        { ANSWERED, 200, "{\"code\":7,\"errors\":[{}]}", FAILED, 422, CHANGE,
          OTHER, EVIDENCE(REFUSED) },

        /* not an order */
        { ANSWERED, 200, "", UNREADABLE },
        { ANSWERED, 204, NULL, UNREADABLE },
        { ANSWERED, 200, "{}", UNREADABLE },
        { ANSWERED, 200, "[]", UNREADABLE },
        { ANSWERED, 200, "[" ORDER "]", UNREADABLE },
        { ANSWERED, 200, "null", UNREADABLE },
        { ANSWERED, 200, "\"bags\"", UNREADABLE },
        { ANSWERED, 200, HTML, UNREADABLE },
        { ANSWERED, 200, "{\"message\":\"ok\"}", UNREADABLE },
        { ANSWERED, 200, "{\"error\":\"cart_unknown\"}", UNREADABLE },
        { ANSWERED, 200, "{\"id\":1}", UNREADABLE },
        { ANSWERED, 200, "{\"status\":\"COMPLETED\"}", UNREADABLE },
        { ANSWERED, 200, "{\"id\":null,\"status\":\"COMPLETED\"}", UNREADABLE },
        { ANSWERED, 200, "{\"bags\":{}}", UNREADABLE },
        { ANSWERED, 200, "{\"bags\":\"\",\"id\":1,\"status\":\"COMPLETED\"}",
          UNREADABLE },
        { ANSWERED, 200, "{\"errors\":{}}", UNREADABLE },
        { ANSWERED, 200, "{\"errors\":null,\"bags\":null}", UNREADABLE },

        /* an order, in each of its forms */
        { ANSWERED, 200, ORDER, COMPLETED, 0, 0, 0, EVIDENCE(ORDER_ACCEPTED) },
        { ANSWERED, 299, ORDER, COMPLETED, 0, 0, 0, EVIDENCE(ORDER_ACCEPTED) },
        { ANSWERED, 200, " \r\n\t" ORDER "\n", COMPLETED, 0, 0, 0,
          EVIDENCE(ORDER_ACCEPTED) },
        { ANSWERED, 200, "{\"bags\":[" BAG(1, "IN_PROGRESS") "]}", PENDING, 0,
          0, 0, EVIDENCE(NOTHING_AGAINST) },

        /* and one that says nothing */
        { ANSWERED, 200, "{\"bags\":[]}", UNKNOWN, 502, MANUAL, OTHER,
          EVIDENCE(NONE) },
        { ANSWERED, 200, "{\"bags\":[],\"code\":1}", UNKNOWN, 502, MANUAL,
          OTHER, EVIDENCE(NONE) },
        { ANSWERED, 200, "{\"errors\":[]}", UNKNOWN, 502, MANUAL, OTHER,
          EVIDENCE(NONE) },
        { ANSWERED, 200, "{\"id\":\"1\",\"status\":\"IN_PROGRESS\"}", UNKNOWN,
          502, MANUAL, OTHER, EVIDENCE(NONE) }
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
        cmocka_unit_test(test_401),
        cmocka_unit_test(test_4xx),
        cmocka_unit_test(test_404_without_cart),
        cmocka_unit_test(test_unguarded),
        cmocka_unit_test(test_2xx),
        cmocka_unit_test(test_log_detail)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}

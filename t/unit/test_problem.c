
/*
 * The problem document of exceptions and orders: the values of its fields,
 * Violet's messages or the gateway's, and messages of any bytes.
 */

#include "cart_check.h"


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

        check_text(problem, "message",
                   "Could not complete external cart: One or more items in "
                   "the cart are no longer available for purchase.");
        check_text(problem, "error", "external_cart_completion_error");
        check_number(problem, "code", 2503);

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

    /* both spellings, ids as text, an entry that is not an object */

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

    /* no SKU can be read: one error for the cart */

    problem = check_judge(422,
        "{\"message\":\"The card was declined\",\"code\":2503,\"id\":\"x\","
        "\"data\":{\"skus\":[1,[]]}}", &verdict);

    assert_int_equal(json_array_size(check_at(problem, "errors")), 1);
    check_text(problem, "errors.0.scope", "CART");
    check_text(problem, "errors.0.reason", "PAYMENT_FAILED");
    check_text(problem, "errors.0.message", "The card was declined");
    check_text(problem, "errors.0.violet.id", "x");
    json_decref(problem);

    /* the reason of the row wins over that of the message */

    problem = check_judge(409,
        "{\"message\":\"sold out\",\"code\":2503,\"data\":{\"skus\":["
        "{\"message\":\"sold out\"}]}}", &verdict);

    check_text(problem, "errors.0.scope", "SKU");
    check_text(problem, "errors.0.reason", "SUBMIT_IN_PROGRESS");
    json_decref(problem);
}


/* Without a message of Violet's the caller gets the gateway's. */

static void
test_our_words(void **state)
{
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    problem = check_judge(503, HTML, &verdict);
    check_text(problem, "detail",
               "Violet failed while it processed the submit.");
    check_text(problem, "errors.0.message",
               "Violet failed while it processed the submit.");
    check_text(problem, "title",
               "It is not known whether the cart was submitted");
    check_text(problem, "upstream.error", NULL);
    check_text(problem, "upstream.code", NULL);
    check_text(problem, "message",
               "Violet failed while it processed the submit.");
    check_text(problem, "error", "upstream_error");
    check_text(problem, "code", NULL);
    json_decref(problem);

    problem = check_judge(400, "{\"message\":\"\",\"code\":1}", &verdict);
    check_text(problem, "detail", "Violet refused the cart.");
    check_text(problem, "errors.0.message", "Violet refused the cart.");
    json_decref(problem);

    problem = check_judge(404, SPRING, &verdict);
    check_text(problem, "detail", "Violet has no such cart.");
    check_text(problem, "upstream.error", "Not Found");
    json_decref(problem);

    problem = check_judge(500, "{\"message\":\"oops\"}", &verdict);
    check_text(problem, "detail", "oops");
    json_decref(problem);

    /* the gateway's message of one error is not the detail of the whole */

    problem = check_judge(200, "{\"bags\":[" BAG(1, "REJECTED") "]}",
                          &verdict);
    check_text(problem, "errors.0.message", "The bag was rejected.");
    check_text(problem, "detail", "No bag was ordered.");
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


/* A violet_cart_reason does not change the outcome. */

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
    check_text(problem, "bags.2.outcome", "unknown");

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


static void
test_payment_errors(void **state)
{
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    problem = check_judge(200,
        "{\"bags\":[{\"id\":1,\"merchant_id\":5}],"
        "\"payment_transactions\":[{\"status\":\"FAILED\","
        "\"related_bags\":[\"1\"],\"errors\":["
        "{\"id\":7,\"error_code\":42,\"error_message\":\"Do not honor\","
        "\"resolved\":false,\"date_created\":\"d\"},"
        "{\"error_message\":\"old\",\"resolved\":true},"
        "{\"message\":\"hm\",\"error_code\":\"card_declined\"}]},"
        "{\"status\":\"NEW_ONE\",\"errors\":[{\"message\":\"slow\"}]},"
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


/* A failed bag without a blocking error gets an error of its own. */

static void
test_unnamed_bag(void **state)
{
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    (void) state;

    problem = check_judge(200,
        "{\"status\":\"CANCELED\",\"bags\":[" BAG(1, "REJECTED") ","
        BAG(2, "CANCELED") "," BAG(3, "IN_PROGRESS") "," BAG(4, "REJECTED")
        "],"
        "\"errors\":[" SUBMIT(4) "," OLD(1, "INTERNAL_ADD_ITEM") "]}",
        &verdict);

    assert_int_equal(json_array_size(check_at(problem, "errors")), 5);
    check_number(problem, "errors.0.bag_id", 4);
    assert_true(json_is_false(check_at(problem, "errors.1.blocking")));
    check_number(problem, "errors.2.bag_id", 1);
    check_text(problem, "errors.2.scope", "BAG");
    check_text(problem, "errors.2.message", "The bag was rejected.");
    check_text(problem, "detail", "sold out");
    assert_true(json_is_true(check_at(problem, "errors.2.blocking")));
    check_text(problem, "errors.3.message", "The bag was canceled.");
    check_text(problem, "errors.4.message",
               "The order was rejected or canceled as a whole.");
    json_decref(problem);
}


/* The order is copied, without the white space around it. */

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

    /* also if the bags cannot be read */

    problem = check_judge(503, "{\"id\":7,\"bags\":{}}", &verdict);
    check_number(problem, "order_id", 7);
    check_number(problem, "order.id", 7);
    json_decref(problem);

    problem = check_judge(503, "{\"bags\":[" BAG(1, "ACCEPTED") "],"
                          "\"errors\":[" SUBMIT(1) "]}", &verdict);
    check_text(problem, "errors.0.reason", "UPSTREAM_ERROR");
    check_text(problem, "errors.1.reason", "ITEM_UNAVAILABLE");
    check_text(problem, "bags.0.outcome", "unknown");
    check_text(problem, "order_id", NULL);
    check_text(problem, "order.bags.0.status", "ACCEPTED");
    json_decref(problem);
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
    assert_string_equal(violet_cart_retry_name(NEW_CART), "new_cart");
    assert_string_equal(violet_cart_retry_name(REST),
                        "new_cart_for_failed_bags");
    assert_string_equal(violet_cart_retry_name(MANUAL), "manual");
    assert_string_equal(violet_cart_retry_name((violet_cart_retry_t) 77),
                        "manual");
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_single_bag_exception),
        cmocka_unit_test(test_exception_skus),
        cmocka_unit_test(test_our_words),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_request_id),
        cmocka_unit_test(test_operator_reasons),
        cmocka_unit_test(test_error_fields),
        cmocka_unit_test(test_payment_errors),
        cmocka_unit_test(test_unnamed_bag),
        cmocka_unit_test(test_splice),
        cmocka_unit_test(test_names)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}

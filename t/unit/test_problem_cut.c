
/*
 * A problem and too little room: texts of Violet that are too long, and a
 * document that is made after memory ran out.
 */

#include "cart_check.h"


static const char *
check_cut_text(json_t *problem, const char *path)
{
    const char  *text;

    text = json_string_value(check_at(problem, path));
    assert_non_null(text);

    return text;
}


/*
 * A text of Violet is cut between two characters: a message at 8,192 bytes with
 * its "...", any other text at 1,024 bytes.
 */

static void
check_cut(const char *unit, size_t units, size_t max, size_t kept)
{
    char                   *body, *p, *text;
    size_t                  i, k, len;
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    static const char *const  messages[] = {
        "{\"code\":1,\"error\":\"e\",\"message\":\"%s\"}", "detail",
        "{\"code\":1,\"error\":\"e\",\"message\":\"%s\"}",
            "errors.0.message",
        NULL
    };

    static const char *const  texts[] = {
        "{\"code\":1,\"message\":\"m\",\"error\":\"%s\"}",
            "upstream.error",
        "{\"code\":1,\"message\":\"m\",\"id\":\"%s\"}",
            "errors.0.violet.id",
        "{\"bags\":[" BAG(1, "REJECTED") "],\"errors\":[{\"name\":\"%s\"}]}",
            "errors.0.name",
        "{\"bags\":[" BAG(1, "REJECTED") "],\"errors\":[{\"platform\":"
            "\"%s\"}]}", "errors.0.platform",
        "{\"bags\":[" BAG(1, "REJECTED") "],\"errors\":[{\"type\":\"%s\"}]}",
            "errors.0.violet.type",
        "{\"bags\":[" BAG(1, "REJECTED") "],\"errors\":[{\"entity_id\":"
            "\"%s\"}]}", "errors.0.violet.entity_id",
        "{\"bags\":[" BAG(1, "REJECTED") "],\"errors\":[{\"date_created\":"
            "\"%s\"}]}", "errors.0.violet.date_created",
        "{\"bags\":[{\"id\":1,\"status\":\"REJECTED\",\"merchant_name\":"
            "\"%s\"}]}", "bags.0.merchant_name",
        NULL
    };

    const char *const  *rows = max == 8192 ? messages : texts;

    text = malloc(strlen(unit) * units + 1);
    body = malloc(strlen(unit) * units + 256);
    assert_non_null(text);
    assert_non_null(body);

    for (i = 0, p = text; i < units; i++) {
        p += sprintf(p, "%s", unit);
    }

    for (k = 0; rows[k]; k += 2) {

        len = (size_t) sprintf(body, rows[k], text);

        problem = check_judge_bytes(422, body, len, &verdict);
        len = strlen(check_cut_text(problem, rows[k + 1]));

        assert_int_equal(len, kept);

        if (strlen(text) <= max) {
            assert_string_equal(check_cut_text(problem, rows[k + 1]), text);

        } else {
            assert_true(len <= max);
            assert_memory_equal(check_cut_text(problem, rows[k + 1]), text,
                                len - 3);
            assert_string_equal(check_cut_text(problem, rows[k + 1]) + len - 3,
                                "\xe2\x80\xa6");
        }

        json_decref(problem);
    }

    free(body);
    free(text);
}


static void
test_cut(void **state)
{
    (void) state;

    check_cut("x", 8192, 8192, 8192);
    check_cut("x", 8193, 8192, 8192);
    check_cut("x", 100000, 8192, 8192);
    check_cut("\xc3\xa9", 4096, 8192, 8192);
    check_cut("\xc3\xa9", 4097, 8192, 8188 + 3);
    check_cut("\xe2\x82\xac", 2731, 8192, 8187 + 3);
    check_cut("\xf0\x9f\x98\x80", 2049, 8192, 8188 + 3);

    check_cut("x", 1024, 1024, 1024);
    check_cut("x", 1025, 1024, 1024);
    check_cut("\xc3\xa9", 513, 1024, 1020 + 3);
    check_cut("\xf0\x9f\x98\x80", 10000, 1024, 1020 + 3);
}


static void
test_fallback(void **state)
{
    char                    buffer[1280], id[256];
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
    assert_int_equal(verdict.retry, LATER);
    assert_int_equal(verdict.reason, VIOLET_REASON_UPSTREAM_INVALID);
    assert_true(verdict.has_reason);
    assert_null(verdict.problem);

    problem = check_problem(&verdict, buffer, len);
    check_number(problem, "upstream.status", 200);
    json_decref(problem);

    /* also for the longest numbers */

    answer.cart_id = INT64_MAX;
    answer.status = 4294967295u;
    len = violet_cart_judge_fallback(&answer, &verdict, buffer,
                                     sizeof(buffer));
    assert_true(len > 0);

    len = violet_cart_judge_fallback(&answer, &verdict, buffer, 1279);
    assert_int_equal(len, 0);
    assert_int_equal(verdict.outcome, UNKNOWN);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_fallback)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}


/*
 * Orders that are huge, cut off, changed, or made to grow; and Violet's own
 * examples, which must still be read correctly.
 */

#include <time.h>

#include "cart_check.h"


#define HUGE_ERRORS  6000
#define HUGE_BAGS    4000


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

    assert_int_equal(verdict.outcome, UNKNOWN);
    assert_int_equal(verdict.retry, MANUAL);
    assert_int_equal(verdict.reason, GONE);
    assert_int_equal(verdict.evidence, EVIDENCE(UNLISTED_ERROR));

    check_text(problem, "title",
               "It is not known whether the cart was submitted");
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
    int                     i, blocking;
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
                     (i * 7919) % HUGE_BAGS,
                     i % 2 ? "ACCEPTED" : "IN_PROGRESS");
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
    assert_int_equal(verdict.retry, MANUAL);

    problem = check_problem(&verdict, verdict.problem, verdict.problem_len);
    free(verdict.problem);

    assert_int_equal(json_array_size(check_at(problem, "errors")),
                     HUGE_ERRORS);

    /* bags with odd numbers were accepted: their errors do not block */

    for (i = 0, blocking = 0; i < HUGE_ERRORS; i++) {
        blocking += json_is_true(json_object_get(
                        json_array_get(check_at(problem, "errors"),
                                       (size_t) i), "blocking"));
    }

    assert_int_equal(blocking, HUGE_ERRORS / 2);
    assert_int_equal(json_array_size(check_at(problem, "bags")), HUGE_BAGS);
    json_decref(problem);
    free(body);
}


/* Bodies of a few bytes an item: memory and document stay within bounds. */

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
        { "{\"errors\":[1", ",1", 32000, UNKNOWN },
        { "{\"errors\":[1", ",1", 1000000, UNKNOWN },
        { "{\"errors\":[{}", ",{}", 32000, UNKNOWN },
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


/* A body that is cut off or changed: no crash, no wrong success. */

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
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_huge),
        cmocka_unit_test(test_amplification),
        cmocka_unit_test(test_mangled)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}

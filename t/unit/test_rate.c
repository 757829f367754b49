
/*
 * The arithmetic of a budget: the spellings of a rate, and budgets on a clock
 * that runs, stands still or jumps.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_rate.h"


#define TEST_NOW     1700000000000
#define TEST_MINUTE  60000
#define TEST_HOUR    3600000


typedef struct {
    const char   *text;
    uint32_t      requests;    /* 0: invalid */
    uint64_t      period;
} test_parse_t;


static const test_parse_t  test_parse_table[] = {
    { "1r/10m", 1, 600000 },
    { "30r/h", 30, 3600000 },
    { "1r/s", 1, 1000 },
    { "1r/1s", 1, 1000 },
    { "5r/90s", 5, 90000 },
    { "2r/d", 2, 86400000 },
    { "1000r/s", 1000, 1000 },
    { "1000000r/h", 1000000, 3600000 },
    { "1r/366d", 1, 31622400000 },
    { "1r/8784h", 1, 31622400000 },
    { "007r/m", 7, 60000 },
    { "1r/9999999s", 1, 9999999000 },

    { "", 0, 0 },
    { "1", 0, 0 },
    { "1r", 0, 0 },
    { "1r/", 0, 0 },
    { "1r/10", 0, 0 },
    { "r/s", 0, 0 },
    { "/s", 0, 0 },
    { "0r/s", 0, 0 },
    { "1r/0s", 0, 0 },
    { "1r/0m", 0, 0 },
    { "-1r/s", 0, 0 },
    { "+1r/s", 0, 0 },
    { "1.5r/s", 0, 0 },
    { " 1r/s", 0, 0 },
    { "1r/s ", 0, 0 },
    { "1r /s", 0, 0 },
    { "1R/s", 0, 0 },
    { "1r/S", 0, 0 },
    { "1r/ms", 0, 0 },
    { "1r/10ms", 0, 0 },
    { "1r/w", 0, 0 },
    { "1r/1h30m", 0, 0 },
    { "1r-10m", 0, 0 },
    { "1q/10m", 0, 0 },
    { "1r/-10m", 0, 0 },
    { "1001r/s", 0, 0 },
    { "1000001r/h", 0, 0 },
    { "1r/367d", 0, 0 },
    { "1r/8785h", 0, 0 },
    { "99999999999r/h", 0, 0 },
    { "1r/99999999999s", 0, 0 },
    { "18446744073709551617r/h", 0, 0 },
    { "1r/18446744073709551617h", 0, 0 },
    { "1r/18446744073709552s", 0, 0 }
};


static const violet_rate_t  test_merchant = { 1, 600000 };
static const violet_rate_t  test_app = { 30, 3600000 };


static void
test_parse(void **state)
{
    int             rc;
    char           *copy;
    size_t          i, len;
    violet_rate_t   rate;

    (void) state;

    for (i = 0; i < sizeof(test_parse_table) / sizeof(test_parse_t); i++) {

        /* a block of its own, so that a sanitizer sees a read past the end */

        len = strlen(test_parse_table[i].text);
        copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, test_parse_table[i].text, len);

        rc = violet_rate_parse(copy, len, &rate);

        free(copy);

        if (test_parse_table[i].requests == 0) {
            if (rc != -1) {
                fail_msg("\"%s\" is accepted as a rate",
                         test_parse_table[i].text);
            }

            continue;
        }

        if (rc != 0
            || rate.requests != test_parse_table[i].requests
            || rate.period != test_parse_table[i].period)
        {
            fail_msg("\"%s\": wrong rate", test_parse_table[i].text);
        }
    }
}


static void
test_one_in_ten_minutes(void **state)
{
    violet_rate_verdict_t  verdict;

    (void) state;

    violet_rate_check(&test_merchant, 0, TEST_NOW, &verdict);
    assert_true(verdict.allowed);
    assert_int_equal(verdict.remaining, 0);
    assert_int_equal(verdict.wait, 10 * TEST_MINUTE);
    assert_int_equal(verdict.tat, TEST_NOW + 10 * TEST_MINUTE);

    violet_rate_check(&test_merchant, verdict.tat, TEST_NOW + 60000,
                      &verdict);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.remaining, 0);
    assert_int_equal(verdict.wait, 9 * TEST_MINUTE);
    assert_int_equal(verdict.tat, TEST_NOW + 10 * TEST_MINUTE);

    /* one millisecond before the end and at the end */

    violet_rate_check(&test_merchant, verdict.tat,
                      TEST_NOW + 10 * TEST_MINUTE - 1, &verdict);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.wait, 1);

    violet_rate_check(&test_merchant, verdict.tat,
                      TEST_NOW + 10 * TEST_MINUTE, &verdict);
    assert_true(verdict.allowed);
    assert_int_equal(verdict.tat, TEST_NOW + 20 * TEST_MINUTE);
}


static void
test_thirty_at_once(void **state)
{
    int                     i;
    int64_t                 tat;
    violet_rate_verdict_t   verdict;

    (void) state;

    tat = 0;

    for (i = 1; i <= 30; i++) {
        violet_rate_check(&test_app, tat, TEST_NOW, &verdict);

        assert_true(verdict.allowed);
        assert_int_equal(verdict.remaining, 30 - i);
        assert_int_equal(verdict.wait, 2 * TEST_MINUTE);

        tat = verdict.tat;
    }

    assert_int_equal(tat, TEST_NOW + TEST_HOUR);

    violet_rate_check(&test_app, tat, TEST_NOW, &verdict);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.wait, 2 * TEST_MINUTE);
    assert_int_equal(verdict.tat, tat);

    /* an even refill: one every two minutes, so three after six minutes */

    violet_rate_check(&test_app, tat, TEST_NOW + 2 * TEST_MINUTE - 1,
                      &verdict);
    assert_false(verdict.allowed);

    violet_rate_check(&test_app, tat, TEST_NOW + 6 * TEST_MINUTE, &verdict);
    assert_true(verdict.allowed);
    assert_int_equal(verdict.remaining, 2);
    assert_int_equal(verdict.wait, 2 * TEST_MINUTE);
}


static void
test_unused_budget_does_not_grow(void **state)
{
    violet_rate_verdict_t  verdict;

    (void) state;

    violet_rate_check(&test_app, TEST_NOW - 100 * (int64_t) TEST_HOUR,
                      TEST_NOW, &verdict);
    assert_true(verdict.allowed);
    assert_int_equal(verdict.remaining, 29);
    assert_int_equal(verdict.tat, TEST_NOW + 2 * TEST_MINUTE);
}


static void
test_uneven_rate_rounds_up(void **state)
{
    int                     i;
    int64_t                 tat;
    violet_rate_t           rate;
    violet_rate_verdict_t   verdict;

    (void) state;

    rate.requests = 7;
    rate.period = TEST_HOUR;

    tat = 0;

    for (i = 1; i <= 7; i++) {
        violet_rate_check(&rate, tat, TEST_NOW, &verdict);
        assert_true(verdict.allowed);
        assert_int_equal(verdict.remaining, 7 - i);
        tat = verdict.tat;
    }

    violet_rate_check(&rate, tat, TEST_NOW, &verdict);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.wait, 514286);
}


static void
test_clock_that_jumped_back(void **state)
{
    violet_rate_verdict_t  verdict;

    (void) state;

    /* ten days ahead: spent now, one granted after one interval */

    violet_rate_check(&test_app, TEST_NOW + 240 * (int64_t) TEST_HOUR,
                      TEST_NOW, &verdict);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.wait, 2 * TEST_MINUTE);
    assert_int_equal(verdict.tat, TEST_NOW + TEST_HOUR);

    violet_rate_check(&test_app, verdict.tat, TEST_NOW + 2 * TEST_MINUTE,
                      &verdict);
    assert_true(verdict.allowed);
}


static void
test_any_number_for_a_tat(void **state)
{
    violet_rate_verdict_t  verdict;

    (void) state;

    violet_rate_check(&test_app, INT64_MAX, TEST_NOW, &verdict);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.tat, TEST_NOW + TEST_HOUR);

    violet_rate_check(&test_app, INT64_MIN, TEST_NOW, &verdict);
    assert_true(verdict.allowed);
    assert_int_equal(verdict.remaining, 29);

    violet_rate_check(&test_app, INT64_MAX, INT64_MIN, &verdict);
    assert_false(verdict.allowed);

    violet_rate_check(&test_app, INT64_MAX, INT64_MAX, &verdict);
    assert_true(verdict.allowed);
    assert_true(verdict.tat == INT64_MAX);

    assert_true(violet_rate_refund(&test_app, INT64_MIN, INT64_MIN)
                == INT64_MIN);
    assert_int_equal(violet_rate_refund(&test_app, INT64_MIN, TEST_NOW),
                     TEST_NOW - TEST_HOUR);
}


static void
test_refund(void **state)
{
    int64_t                 tat;
    violet_rate_verdict_t   verdict;

    (void) state;

    violet_rate_check(&test_merchant, 0, TEST_NOW, &verdict);

    tat = violet_rate_refund(&test_merchant, verdict.tat, TEST_NOW);
    assert_int_equal(tat, TEST_NOW);

    violet_rate_check(&test_merchant, tat, TEST_NOW, &verdict);
    assert_true(verdict.allowed);

    /* one of many is given back */

    tat = violet_rate_refund(&test_app, TEST_NOW + TEST_HOUR, TEST_NOW);
    assert_int_equal(tat, TEST_NOW + TEST_HOUR - 2 * TEST_MINUTE);

    violet_rate_check(&test_app, tat, TEST_NOW, &verdict);
    assert_true(verdict.allowed);
    assert_int_equal(verdict.remaining, 0);
}


static void
test_refund_is_never_more_than_a_budget(void **state)
{
    int                     i;
    int64_t                 tat;
    violet_rate_verdict_t   verdict;

    (void) state;

    tat = TEST_NOW + 2 * TEST_MINUTE;

    for (i = 0; i < 100; i++) {
        tat = violet_rate_refund(&test_app, tat, TEST_NOW);
        assert_true(tat >= TEST_NOW - TEST_HOUR);
    }

    assert_int_equal(tat, TEST_NOW - TEST_HOUR);

    violet_rate_check(&test_app, tat, TEST_NOW, &verdict);
    assert_true(verdict.allowed);
    assert_int_equal(verdict.remaining, 29);

    /* one is given back to a budget from a clock that was ahead, too */

    tat = violet_rate_refund(&test_merchant,
                             TEST_NOW + 99 * (int64_t) TEST_HOUR, TEST_NOW);
    assert_int_equal(tat, TEST_NOW);

    tat = violet_rate_refund(&test_app, TEST_NOW + 99 * (int64_t) TEST_HOUR,
                             TEST_NOW);
    assert_int_equal(tat, TEST_NOW + TEST_HOUR - 2 * TEST_MINUTE);
}


/* At any pace at most n + elapsed / interval requests are granted. */

static void
test_never_more_than_the_rate(void **state)
{
    int                     step;
    int64_t                 tat, now;
    uint64_t                allowed;
    violet_rate_verdict_t   verdict;

    (void) state;

    for (step = 1; step < 400000; step = step * 3 + 1) {

        tat = 0;
        allowed = 0;

        for (now = TEST_NOW; now < TEST_NOW + 3 * TEST_HOUR; now += step) {

            violet_rate_check(&test_app, tat, now, &verdict);
            allowed += verdict.allowed;
            tat = verdict.tat;

            assert_true(verdict.allowed || verdict.wait > 0);

            if (step < 1000 && !verdict.allowed) {

                /* skip ten million requests that would be refused */

                now += (int64_t) verdict.wait - step;
            }
        }

        assert_true(allowed <= 30 + 90);

        if (step < 100000) {
            assert_true(allowed >= 30 + 88);
        }
    }
}


static void
test_half(void **state)
{
    int64_t                 tat;
    unsigned                i;
    violet_rate_t           rate = { 4, 4000 };
    violet_rate_verdict_t   verdict;

    static const int  half[] = { 0, 0, 1, 1, 1 };

    (void) state;

    /* some ms later the budget has a little more than whole requests */

    for (i = 0, tat = 0; i <= 4; i++) {
        assert_int_equal(violet_rate_is_half(&rate, tat, 100000 + i), half[i]);

        violet_rate_check(&rate, tat, 100000 + i, &verdict);
        tat = verdict.tat;
    }

    assert_false(violet_rate_is_half(&rate, tat, 103000 + 4));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_half),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_one_in_ten_minutes),
        cmocka_unit_test(test_thirty_at_once),
        cmocka_unit_test(test_unused_budget_does_not_grow),
        cmocka_unit_test(test_uneven_rate_rounds_up),
        cmocka_unit_test(test_clock_that_jumped_back),
        cmocka_unit_test(test_any_number_for_a_tat),
        cmocka_unit_test(test_refund),
        cmocka_unit_test(test_refund_is_never_more_than_a_budget),
        cmocka_unit_test(test_never_more_than_the_rate)
    };

    return cmocka_run_group_tests_name("violet_rate", tests, NULL, NULL);
}

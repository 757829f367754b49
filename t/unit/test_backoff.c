
/*
 * Back-off: delays double from the least to the most, whatever the number of
 * failures, and jitter reaches both ends of its range.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "violet_backoff.h"


typedef struct {
    uint64_t    failures;
    uint64_t    least;
    uint64_t    most;
    uint64_t    delay;
} test_backoff_t;


typedef struct {
    uint64_t    last;
    uint64_t    least;
    uint64_t    most;
    uint64_t    delay;
} test_next_t;


typedef struct {
    uint64_t    shortest;
    uint64_t    longest;
    uint32_t    random;
    uint64_t    delay;
} test_jitter_t;


static void
test_backoff(void **state)
{
    size_t  i;

    static const test_backoff_t  table[] = {
        { 0, 100, 1000, 0 },
        { 1, 100, 1000, 100 },
        { 2, 100, 1000, 200 },
        { 3, 100, 1000, 400 },
        { 4, 100, 1000, 800 },
        { 5, 100, 1000, 1000 },
        { 6, 100, 1000, 1000 },

        /* the most is a delay of the row, and the only delay */

        { 4, 1000, 8000, 8000 },
        { 5, 1000, 8000, 8000 },
        { 1, 1000, 1000, 1000 },
        { 2, 1000, 1000, 1000 },
        { 1, 2000, 1000, 1000 },

        /* any number of failures, and delays that cannot be doubled */

        { 1000000, 1000, 300000, 300000 },
        { UINT64_MAX, 1000, 300000, 300000 },
        { UINT64_MAX, 1, UINT64_MAX, UINT64_MAX },
        { 64, 1, UINT64_MAX, (uint64_t) 1 << 63 },
        { 65, 1, UINT64_MAX, UINT64_MAX }
    };

    (void) state;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(violet_backoff(table[i].failures, table[i].least,
                                        table[i].most),
                         table[i].delay);
    }
}


static void
test_next(void **state)
{
    size_t  i;

    static const test_next_t  table[] = {
        { 0, 5000, 60000, 5000 },
        { 1, 5000, 60000, 5000 },
        { 2500, 5000, 60000, 5000 },
        { 2501, 5000, 60000, 5002 },
        { 5000, 5000, 60000, 10000 },
        { 30000, 5000, 60000, 60000 },
        { 30001, 5000, 60000, 60000 },
        { 60000, 5000, 60000, 60000 },
        { UINT64_MAX, 5000, 60000, 60000 }
    };

    (void) state;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(violet_backoff_next(table[i].last, table[i].least,
                                             table[i].most),
                         table[i].delay);
    }
}


static void
test_jitter(void **state)
{
    size_t  i;

    static const test_jitter_t  table[] = {
        { 50, 100, 0, 50 },
        { 50, 100, 1, 51 },
        { 50, 100, 50, 100 },
        { 50, 100, 51, 50 },
        { 50, 100, UINT32_MAX, 50 },
        { 750, 1250, 500, 1250 },
        { 750, 1250, 501, 750 },
        { 0, 0, 12345, 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(violet_backoff_jitter(table[i].shortest,
                                               table[i].longest,
                                               table[i].random),
                         table[i].delay);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_jitter)
    };

    return cmocka_run_group_tests_name("violet_backoff", tests, NULL, NULL);
}


/*
 * Instants: a clock of 32 bits that comes round, and how long ago one was,
 * also before the host was started.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "violet_clock.h"


#define TEST_ROUND  ((int64_t) 1 << 32)
#define TEST_HALF   ((int64_t) 1 << 31)
#define TEST_DAY    ((int64_t) 86400000)


typedef struct {
    uint32_t    count;
    int64_t     near;
    int64_t     instant;
} test_extend_t;


typedef struct {
    int64_t     then;
    int64_t     now;
    uint64_t    since;
} test_since_t;


static void
test_extend(void **state)
{
    size_t  i;

    static const test_extend_t  table[] = {
        { 0, 0, 0 },
        { 5, 3, 5 },
        { 3, 5, 3 },
        { 5, TEST_ROUND + 3, TEST_ROUND + 5 },
        { 3, TEST_ROUND + 5, TEST_ROUND + 3 },

        /* one of the two clocks has come round, the other not yet */

        { 2, TEST_ROUND - 3, TEST_ROUND + 2 },
        { UINT32_MAX, TEST_ROUND + 3, TEST_ROUND - 1 },
        { 2, 7 * TEST_ROUND - 3, 7 * TEST_ROUND + 2 },
        { UINT32_MAX, 7 * TEST_ROUND, 7 * TEST_ROUND - 1 },

        /* before the host was started, and as far off as can be */

        { UINT32_MAX, 0, -1 },
        { 0, -1, 0 },
        { UINT32_MAX, -1, -1 },
        { 0x7fffffff, 0, TEST_HALF - 1 },
        { 0x80000000, 0, -TEST_HALF },
        { 0x80000001, 0, -TEST_HALF + 1 }
    };

    (void) state;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(violet_clock_extend(table[i].count, table[i].near),
                         table[i].instant);
    }
}


/* Over half a year, with a second clock that is some seconds off. */

static void
test_extend_runs_on(void **state)
{
    int64_t  now, off;

    (void) state;

    for (now = 0; now < 180 * TEST_DAY; now += 777777) {
        for (off = -5000; off <= 5000; off += 1000) {
            assert_int_equal(violet_clock_extend((uint32_t) now, now + off),
                             now);
        }
    }
}


static void
test_since(void **state)
{
    size_t  i;

    static const test_since_t  table[] = {
        { 0, 0, 0 },
        { 3, 5, 2 },
        { 5, 3, 0 },
        { -3600000, 100000, 3700000 },
        { -3600000, 0, 3600000 },
        { -5, -3, 2 },
        { -3, -5, 0 },
        { INT64_MIN, INT64_MAX, UINT64_MAX },
        { INT64_MAX, INT64_MIN, 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_true(violet_clock_since(table[i].then, table[i].now)
                    == table[i].since);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_extend),
        cmocka_unit_test(test_extend_runs_on),
        cmocka_unit_test(test_since)
    };

    return cmocka_run_group_tests_name("violet_clock", tests, NULL, NULL);
}

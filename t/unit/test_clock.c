
/*
 * Instants of a 32-bit clock that overflows, and the age of an instant, also of
 * one before the host was started.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

        /* one of the two clocks has overflowed, the other not yet */

        { 2, TEST_ROUND - 3, TEST_ROUND + 2 },
        { UINT32_MAX, TEST_ROUND + 3, TEST_ROUND - 1 },
        { 2, 7 * TEST_ROUND - 3, 7 * TEST_ROUND + 2 },
        { UINT32_MAX, 7 * TEST_ROUND, 7 * TEST_ROUND - 1 },

        /* before the host was started, and the largest distance */

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


/* Half a year, with a second clock that differs by some seconds. */

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


/* A clock that is 1,000 ahead, asked over networks of all kinds. */

static void
test_there(void **state)
{
    violet_clock_far_t  far;

    (void) state;

    memset(&far, 0, sizeof(violet_clock_far_t));

    assert_int_equal(violet_clock_there(&far, 5000), -1);

    /* the clock's time is that of the middle of the round trip */

    assert_int_equal(violet_clock_sample(&far, 5000, 5400, 6200), 0);
    assert_int_equal(violet_clock_there(&far, 5400), 6400);

    assert_int_equal(violet_clock_sample(&far, 6000, 6004, 7002), 0);
    assert_int_equal(violet_clock_there(&far, 6004), 7004);

    /* a delayed sample is ignored: this one would be wrong by 400 */

    assert_int_equal(violet_clock_sample(&far, 7000, 7800, 8800), -1);
    assert_int_equal(violet_clock_there(&far, 7800), 8800);
    assert_int_equal(violet_clock_sample(&far, 8000, 8004, 9102), 0);
    assert_int_equal(violet_clock_there(&far, 8004), 9104);

    /* a clock that is set forward or back is followed at once */

    assert_int_equal(violet_clock_sample(&far, 9000, 9002, 1000001), 0);
    assert_int_equal(violet_clock_there(&far, 9002), 1000002);
    assert_int_equal(violet_clock_sample(&far, 9500, 9502, 1), 0);
    assert_int_equal(violet_clock_there(&far, 9502), 2);

    /* a time before the epoch is refused */

    assert_int_equal(violet_clock_there(&far, 9000), -1);
}


/* Samples of a network that stays slow are used after some of them. */

static void
test_there_slow(void **state)
{
    int                 i;
    violet_clock_far_t  far;

    (void) state;

    memset(&far, 0, sizeof(violet_clock_far_t));

    assert_int_equal(violet_clock_sample(&far, 1000, 1001, 2000), 0);

    for (i = 0; violet_clock_sample(&far, 2000, 2200, 5100) != 0; i++) {
        assert_true(i < 10);
    }

    assert_true(i > 2);
    assert_int_equal(violet_clock_there(&far, 2200), 5200);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_extend),
        cmocka_unit_test(test_extend_runs_on),
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_there),
        cmocka_unit_test(test_there_slow)
    };

    return cmocka_run_group_tests_name("violet_clock", tests, NULL, NULL);
}


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


/* Events 5 s before the clock was set, and 5 s after that. */

static void
test_elapsed(void **state)
{
    size_t              i;
    int64_t             day;
    violet_clock_far_t  far;

    static const int64_t  moves[] = { TEST_DAY, 3600000, 60000, -TEST_DAY };

    (void) state;

    for (i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        day = moves[i];

        memset(&far, 0, sizeof(violet_clock_far_t));

        assert_int_equal(violet_clock_elapsed(&far, 7000, 90000), 7000);

        assert_int_equal(violet_clock_sample(&far, 99000, 99002, 5 * TEST_DAY),
                         0);
        assert_int_equal(violet_clock_elapsed(&far, 7000, 99002), 7000);
        assert_int_equal(violet_clock_sample(&far, 100000, 100002,
                                             5 * TEST_DAY + 1000 + day), 0);

        assert_int_equal(violet_clock_elapsed(&far, 15000 + day, 110002),
                         15000);
        assert_int_equal(violet_clock_elapsed(&far, 5000, 110002), 5000);
        assert_int_equal(far.leaps, day >= 60000);
    }

    /* any number may come from there */

    (void) violet_clock_elapsed(&far, INT64_MIN, INT64_MAX);
    (void) violet_clock_elapsed(&far, INT64_MAX, INT64_MIN);
}


/* Redis's clock is asked with no delay, and says "there" at "now". */

static void
test_sample(violet_clock_far_t *far, int64_t now, int64_t there)
{
    assert_int_equal(violet_clock_sample(far, now, now, there), 0);
}


/* An event may be of before a step or of after it: the younger age counts. */

static void
test_elapsed_uncertain(void **state)
{
    violet_clock_far_t  far;

    (void) state;

    memset(&far, 0, sizeof(violet_clock_far_t));

    /* set back by a day, and then by 5 s, which is not noticed */

    test_sample(&far, 1000, 9 * TEST_DAY);
    test_sample(&far, 2000, 8 * TEST_DAY + 1000);
    assert_int_equal(violet_clock_elapsed(&far, 30000 - TEST_DAY, 12000),
                     30000);
    test_sample(&far, 3000, 8 * TEST_DAY - 3000);
    assert_int_equal(violet_clock_elapsed(&far, -4000, 4000), 0);
    assert_int_equal(violet_clock_elapsed(&far, -4000, 3 * TEST_DAY), 0);
    assert_int_equal(far.leaps, 0);
}


/* The last steps are taken off one after another. */

static void
test_elapsed_steps(void **state)
{
    violet_clock_far_t  far;

    (void) state;

    memset(&far, 0, sizeof(violet_clock_far_t));

    /* ahead by an hour, by 15 s ten seconds later, back by a day */

    test_sample(&far, 0, 5 * TEST_DAY);
    test_sample(&far, 100000, 5 * TEST_DAY + 100000 + 3600000);
    test_sample(&far, 110000, 5 * TEST_DAY + 110000 + 3615000);

    assert_int_equal(violet_clock_elapsed(&far, 30000 + 3615000, 120000),
                     30000);
    assert_int_equal(violet_clock_elapsed(&far, 18000 + 15000, 120000), 18000);
    assert_int_equal(violet_clock_elapsed(&far, 9000, 120000), 9000);

    test_sample(&far, 130000, 4 * TEST_DAY + 130000 + 3615000);

    assert_int_equal(violet_clock_elapsed(&far, 50000 + 3615000 - TEST_DAY,
                                          140000), 50000);
    assert_int_equal(violet_clock_elapsed(&far, 9000, 140000), 9000);
    assert_int_equal(far.leaps, 1);
}


/* A step is noticed although the connection was lost meanwhile. */

static void
test_step_unknown(void **state)
{
    violet_clock_far_t  far;

    (void) state;

    memset(&far, 0, sizeof(violet_clock_far_t));

    test_sample(&far, 1000, TEST_DAY);
    far.known = 0;
    test_sample(&far, 2000, 2 * TEST_DAY + 1000);

    assert_int_equal(far.leaps, 1);
    assert_int_equal(violet_clock_elapsed(&far, TEST_DAY + 9000, 3000), 9000);

    /* a long round trip is no step */

    far.known = 0;
    assert_int_equal(violet_clock_sample(&far, 3000, 63000,
                                         2 * TEST_DAY + 2000), 0);
    assert_int_equal(far.steps, 1);
    test_sample(&far, 64000, 2 * TEST_DAY + 63000);
    assert_int_equal(far.steps, 1);

    /* small steps add up, and what is set back does not count */

    test_sample(&far, 65000, 2 * TEST_DAY + 64000 + 40000);
    test_sample(&far, 66000, 2 * TEST_DAY + 65000);
    test_sample(&far, 67000, 2 * TEST_DAY + 66000 + 40000);
    assert_int_equal(far.leaps, 1);
    test_sample(&far, 68000, 2 * TEST_DAY + 67000 + 80000);
    assert_int_equal(far.leaps, 2);

    /* a minute after a longer step back may be too early for what came then */

    test_sample(&far, 69000, TEST_DAY);
    test_sample(&far, 70000, TEST_DAY + 1000 + 60000);
    assert_int_equal(far.leaps, 3);
}


/* A clock that drifts was not set. */

static void
test_drift(void **state)
{
    int64_t             now;
    violet_clock_far_t  far;

    (void) state;

    memset(&far, 0, sizeof(violet_clock_far_t));

    for (now = 0; now < 100000; now += 1000) {
        assert_int_equal(violet_clock_sample(&far, now, now, 9 * now), 0);
        assert_int_equal(far.steps, 0);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_extend),
        cmocka_unit_test(test_extend_runs_on),
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_there),
        cmocka_unit_test(test_there_slow),
        cmocka_unit_test(test_elapsed),
        cmocka_unit_test(test_elapsed_uncertain),
        cmocka_unit_test(test_elapsed_steps),
        cmocka_unit_test(test_step_unknown),
        cmocka_unit_test(test_drift)
    };

    return cmocka_run_group_tests_name("violet_clock", tests, NULL, NULL);
}

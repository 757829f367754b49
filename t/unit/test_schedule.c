
/*
 * The times of tokens and the pauses after failures: the lead, its jitter,
 * short lives, tokens without "exp", extreme numbers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_schedule.h"


#define TEST_NOW     1700000000000
#define TEST_SECOND  1000
#define TEST_MINUTE  (60 * TEST_SECOND)
#define TEST_HOUR    (60 * TEST_MINUTE)
#define TEST_DAY     (24 * (int64_t) TEST_HOUR)

#define N(rows)  (sizeof(rows) / sizeof((rows)[0]))


typedef struct {
    int64_t   life;
    int64_t   first;      /* the earliest, in ms before the token expires */
    int64_t   last;
} test_lead_t;


static const test_lead_t  test_lead_table[] = {

    /* 30 to 22.5 minutes ahead */
    { TEST_DAY, 30 * TEST_MINUTE, 22 * TEST_MINUTE + 30 * TEST_SECOND },
    { 365 * TEST_DAY, 30 * TEST_MINUTE, 22 * TEST_MINUTE + 30 * TEST_SECOND },
    { 16 * TEST_HOUR, 30 * TEST_MINUTE, 22 * TEST_MINUTE + 30 * TEST_SECOND },

    /* a 32nd of a shorter life */
    { 8 * TEST_HOUR, 15 * TEST_MINUTE, 11 * TEST_MINUTE + 15 * TEST_SECOND },
    { TEST_HOUR, 112500, 84375 },
    { 31 * TEST_MINUTE, 58125, 43594 },
    { 2 * TEST_SECOND, 62, 47 },
    { 32, 1, 1 }
};


/* random numbers around each divisor of a remainder */

static const uint32_t  test_random[] = {
    0, 1, 2, 14, 15, 16, 999, 1000, 29061, 449999, 450000, 450001, 1799999,
    1800000, 12345678, INT32_MAX - 1, INT32_MAX, UINT32_MAX - 1, UINT32_MAX
};


static void
test_lead(void **state)
{
    size_t              i, n;
    int64_t             ahead;
    const test_lead_t  *test;
    violet_schedule_t   schedule;

    (void) state;

    for (i = 0; i < N(test_lead_table); i++) {
        test = &test_lead_table[i];

        for (n = 0; n < N(test_random); n++) {
            assert_int_equal(violet_schedule_expiring(TEST_NOW,
                                                      TEST_NOW + test->life,
                                                      test_random[n],
                                                      &schedule),
                             0);

            assert_int_equal(schedule.expires, TEST_NOW + test->life);
            assert_true(schedule.renew >= TEST_NOW);

            ahead = schedule.expires - schedule.renew;

            if (ahead > test->first || ahead < test->last) {
                fail_msg("a life of %lld ms is renewed %lld ms ahead",
                         (long long) test->life, (long long) ahead);
            }
        }
    }
}


/* Jitter reaches both ends of its range, in steps of 1 ms. */

static void
test_jitter(void **state)
{
    uint32_t           quarter;
    violet_schedule_t  schedule;

    (void) state;

    quarter = VIOLET_SCHEDULE_LEAD / 4;

    (void) violet_schedule_expiring(TEST_NOW, TEST_NOW + TEST_DAY, 0,
                                    &schedule);
    assert_int_equal(schedule.expires - schedule.renew, VIOLET_SCHEDULE_LEAD);

    (void) violet_schedule_expiring(TEST_NOW, TEST_NOW + TEST_DAY, 1,
                                    &schedule);
    assert_int_equal(schedule.expires - schedule.renew,
                     VIOLET_SCHEDULE_LEAD - 1);

    (void) violet_schedule_expiring(TEST_NOW, TEST_NOW + TEST_DAY, quarter,
                                    &schedule);
    assert_int_equal(schedule.expires - schedule.renew,
                     VIOLET_SCHEDULE_LEAD - quarter);

    (void) violet_schedule_expiring(TEST_NOW, TEST_NOW + TEST_DAY,
                                    quarter + 1, &schedule);
    assert_int_equal(schedule.expires - schedule.renew, VIOLET_SCHEDULE_LEAD);
}


static void
test_has_expired(void **state)
{
    size_t             i;
    violet_schedule_t  schedule;

    static const int64_t  expires[] = {
        INT64_MIN, -1, 0, 1, TEST_NOW - TEST_DAY, TEST_NOW - 1, TEST_NOW,
        TEST_NOW + 1, TEST_NOW + 31
    };

    (void) state;

    for (i = 0; i < N(expires); i++) {
        assert_int_equal(violet_schedule_expiring(TEST_NOW, expires[i], 0,
                                                  &schedule),
                         -1);
    }
}


/* With any numbers the three instants are in the same order. */

static void
test_any_number(void **state)
{
    size_t             i, j, n;
    int64_t            usable;
    violet_schedule_t  schedule;

    static const int64_t  instants[] = {
        INT64_MIN, INT64_MIN + 1, INT64_MIN / 2, -TEST_DAY, -1, 0, 1, 33,
        TEST_DAY, TEST_NOW, 253402300799000, INT64_MAX / 2, INT64_MAX - 33,
        INT64_MAX - 1, INT64_MAX
    };

    (void) state;

    for (i = 0; i < N(instants); i++) {
        for (j = 0; j < N(instants); j++) {
            for (n = 0; n < N(test_random); n++) {

                if (violet_schedule_expiring(instants[i], instants[j],
                                             test_random[n], &schedule)
                    != 0)
                {
                    continue;
                }

                usable = violet_schedule_usable(&schedule);

                assert_true(schedule.expires == instants[j]);
                assert_true(schedule.renew >= instants[i]);
                assert_true(schedule.renew <= usable);
                assert_true(usable <= schedule.expires);
            }
        }
    }
}


static void
test_endless(void **state)
{
    size_t             n;
    int64_t            after;
    violet_schedule_t  schedule;

    (void) state;

    for (n = 0; n < N(test_random); n++) {
        violet_schedule_endless(TEST_NOW, test_random[n], &schedule);

        after = schedule.renew - TEST_NOW;

        assert_true(after <= 12 * TEST_HOUR);
        assert_true(after > 11 * TEST_HOUR + 30 * TEST_MINUTE);

        /* and the token is usable for decades */

        assert_true(violet_schedule_usable(&schedule)
                    > TEST_NOW + 365 * 99 * TEST_DAY);
    }

    violet_schedule_endless(TEST_NOW, 0, &schedule);
    assert_int_equal(schedule.renew, TEST_NOW + 12 * TEST_HOUR);

    violet_schedule_endless(TEST_NOW, 30 * TEST_MINUTE - 1, &schedule);
    assert_int_equal(schedule.renew,
                     TEST_NOW + 11 * TEST_HOUR + 30 * TEST_MINUTE + 1);
}


/* 10 s before it expires, or half of the lead if that is less. */

static void
test_usable(void **state)
{
    violet_schedule_t  schedule;

    (void) state;

    (void) violet_schedule_expiring(TEST_NOW, TEST_NOW + TEST_DAY, 0,
                                    &schedule);
    assert_int_equal(schedule.expires - violet_schedule_usable(&schedule),
                     10 * TEST_SECOND);

    (void) violet_schedule_expiring(TEST_NOW, TEST_NOW + 2 * TEST_SECOND, 0,
                                    &schedule);
    assert_int_equal(schedule.expires - violet_schedule_usable(&schedule),
                     31);
}


static void
test_pause(void **state)
{
    size_t    i, n;
    uint32_t  pause;

    static const uint32_t  doubled[] = {
        1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000,
        300000, 300000
    };

    (void) state;

    for (i = 0; i < N(doubled); i++) {
        for (n = 0; n < N(test_random); n++) {
            pause = violet_schedule_pause(i + 1, test_random[n]);

            assert_true(pause >= doubled[i] - doubled[i] / 4
                        && pause <= doubled[i] + doubled[i] / 4);
        }

        /* both ends of the range, and a value between */

        assert_int_equal(violet_schedule_pause(i + 1, 0), doubled[i] / 4 * 3);
        assert_int_equal(violet_schedule_pause(i + 1, 1),
                         doubled[i] / 4 * 3 + 1);
        assert_int_equal(violet_schedule_pause(i + 1, doubled[i] / 2 - 1),
                         doubled[i] / 4 * 5 - 1);
    }
}


static void
test_pause_of_none_and_of_many(void **state)
{
    (void) state;

    assert_int_equal(violet_schedule_pause(0, 12345), 0);
    assert_int_equal(violet_schedule_pause(1000000, 0), 225000);
    assert_int_equal(violet_schedule_pause(UINT64_MAX, 0), 225000);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_lead),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_has_expired),
        cmocka_unit_test(test_any_number),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_usable),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_pause_of_none_and_of_many)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}


/*
 * How many of something end in each minute.  So what has ended goes from the
 * count by itself, and nobody walks over it.  The number of a minute is used
 * again for the minute 34 hours later: its upper half says which minute it is
 * of, its lower half is the count.
 */


#include "violet_counters.h"


/* minutes in which something that has ended still counts */
#define VIOLET_COUNTERS_ENDED  (24 * 60)


static uint32_t violet_count_period(int64_t instant);
static long violet_count_periods(violet_counters_ends_t *ends, uint32_t first,
    uint32_t last);


void
violet_count_end(violet_counters_ends_t *ends, int64_t end, int n)
{
    int64_t            count;
    uint32_t           period;
    uint64_t           old, value;
    _Atomic uint64_t  *number;

    if (end < 0) {
        return;
    }

    period = violet_count_period(end);
    number = &ends->periods[period % VIOLET_COUNTERS_PERIODS];

    old = atomic_load(number);

    do {
        count = (old >> 32 == period) ? (int64_t) (uint32_t) old : 0;
        count += n;

        if (count < 0) {
            return;
        }

        value = ((uint64_t) period << 32) | (uint32_t) count;

    } while (!atomic_compare_exchange_weak(number, &old, value));
}


/* Never 0, which is the period of a number that was not used yet. */

static uint32_t
violet_count_period(int64_t instant)
{
    return (uint32_t) (instant / VIOLET_COUNTERS_PERIOD) + 1;
}


long
violet_count_not_ended(violet_counters_ends_t *ends, int64_t now)
{
    return violet_count_periods(ends, violet_count_period(now), UINT32_MAX);
}


long
violet_count_ended(violet_counters_ends_t *ends, int64_t now)
{
    uint32_t  period;

    period = violet_count_period(now);

    return violet_count_periods(ends, period > VIOLET_COUNTERS_ENDED
                                      ? period - VIOLET_COUNTERS_ENDED : 1,
                                period - 1);
}


static long
violet_count_periods(violet_counters_ends_t *ends, uint32_t first,
    uint32_t last)
{
    long      sum;
    unsigned  i;
    uint32_t  period;
    uint64_t  value;

    sum = 0;

    for (i = 0; i < VIOLET_COUNTERS_PERIODS; i++) {
        value = atomic_load_explicit(&ends->periods[i], memory_order_relaxed);
        period = (uint32_t) (value >> 32);

        if (period >= first && period <= last) {
            sum += (long) (uint32_t) value;
        }
    }

    return sum;
}


/*
 * Budgets in whole milliseconds.  The interval between two requests is rounded
 * up, so that a budget is never refilled faster than configured.  The capacity
 * is n intervals.  The caller stores the tat of a budget.
 */

#include "violet_rate.h"


#define VIOLET_RATE_MAX_REQUESTS  1000000

#define VIOLET_RATE_SECOND        1000ULL
#define VIOLET_RATE_MINUTE        (60 * VIOLET_RATE_SECOND)
#define VIOLET_RATE_HOUR          (60 * VIOLET_RATE_MINUTE)
#define VIOLET_RATE_DAY           (24 * VIOLET_RATE_HOUR)
#define VIOLET_RATE_MAX_PERIOD    (366 * VIOLET_RATE_DAY)


static size_t violet_rate_number(const char *data, size_t len,
    uint64_t *number);
static uint64_t violet_rate_unit(char unit);
static uint64_t violet_rate_interval(const violet_rate_t *rate);
static uint64_t violet_rate_owed(const violet_rate_t *rate, int64_t tat,
    int64_t now);
static int64_t violet_rate_later(int64_t time, uint64_t msec);
static int64_t violet_rate_earlier(int64_t time, uint64_t msec);


int
violet_rate_parse(const char *data, size_t len, violet_rate_t *rate)
{
    size_t      n;
    uint64_t    requests, count, unit;

    n = violet_rate_number(data, len, &requests);

    if (n == 0 || requests == 0 || requests > VIOLET_RATE_MAX_REQUESTS) {
        return -1;
    }

    data += n;
    len -= n;

    if (len < 3 || data[0] != 'r' || data[1] != '/') {
        return -1;
    }

    data += 2;
    len -= 2;

    n = violet_rate_number(data, len, &count);

    if (n == 0) {
        count = 1;
    }

    if (len - n != 1) {
        return -1;
    }

    unit = violet_rate_unit(data[n]);

    if (unit == 0 || count == 0 || count > VIOLET_RATE_MAX_PERIOD / unit) {
        return -1;
    }

    /* the unit is 1 ms, so the limit is one request per ms */

    if (requests > count * unit) {
        return -1;
    }

    rate->requests = (uint32_t) requests;
    rate->period = count * unit;

    return 0;
}


void
violet_rate_check(const violet_rate_t *rate, int64_t tat, int64_t now,
    violet_rate_verdict_t *verdict)
{
    uint64_t  owed, interval, capacity;

    interval = violet_rate_interval(rate);
    capacity = interval * rate->requests;

    owed = violet_rate_owed(rate, tat, now);

    verdict->allowed = (owed + interval <= capacity);

    if (verdict->allowed) {
        owed += interval;
    }

    /*
     * A refusal does not change the tat.  But a tat that a clock ahead of
     * this one has set is bounded by violet_rate_owed(): else all requests
     * would be refused until this clock reaches it.
     */

    verdict->tat = violet_rate_later(now, owed);

    verdict->remaining = (uint32_t) ((capacity - owed) / interval);
    verdict->wait = 0;

    if (owed) {
        verdict->wait = owed + (verdict->remaining + 1) * interval - capacity;
    }
}


int
violet_rate_is_half(const violet_rate_t *rate, int64_t tat, int64_t now)
{
    uint64_t  interval, left;

    interval = violet_rate_interval(rate);
    left = interval * rate->requests - violet_rate_owed(rate, tat, now);

    return 2 * (left / interval) <= rate->requests;
}


int64_t
violet_rate_refund(const violet_rate_t *rate, int64_t tat, int64_t now)
{
    int64_t  floor;

    if (tat > now) {
        tat = violet_rate_later(now, violet_rate_owed(rate, tat, now));
    }

    tat = violet_rate_earlier(tat, violet_rate_interval(rate));

    /* the budget is full with any earlier tat, too */

    floor = violet_rate_earlier(now, rate->period);

    return (tat > floor) ? tat : floor;
}


/* Reads digits and returns how many; 0 if there are none or too many. */

static size_t
violet_rate_number(const char *data, size_t len, uint64_t *number)
{
    size_t  n;

    *number = 0;

    for (n = 0; n < len && data[n] >= '0' && data[n] <= '9'; n++) {

        if (n == 10) {
            return 0;
        }

        *number = *number * 10 + (uint64_t) (data[n] - '0');
    }

    return n;
}


static uint64_t
violet_rate_unit(char unit)
{
    switch (unit) {

    case 's':
        return VIOLET_RATE_SECOND;

    case 'm':
        return VIOLET_RATE_MINUTE;

    case 'h':
        return VIOLET_RATE_HOUR;

    case 'd':
        return VIOLET_RATE_DAY;
    }

    return 0;
}


static uint64_t
violet_rate_interval(const violet_rate_t *rate)
{
    return (rate->period + rate->requests - 1) / rate->requests;
}


/*
 * The spent part of the budget in ms, from 0 to the capacity.  The difference
 * is unsigned, since the tat may come from Redis and be any number.
 */

static uint64_t
violet_rate_owed(const violet_rate_t *rate, int64_t tat, int64_t now)
{
    uint64_t  owed, capacity;

    if (tat <= now) {
        return 0;
    }

    owed = (uint64_t) tat - (uint64_t) now;
    capacity = violet_rate_interval(rate) * rate->requests;

    return (owed < capacity) ? owed : capacity;
}


static int64_t
violet_rate_later(int64_t time, uint64_t msec)
{
    if (time > 0 && msec > (uint64_t) INT64_MAX - (uint64_t) time) {
        return INT64_MAX;
    }

    return time + (int64_t) msec;
}


static int64_t
violet_rate_earlier(int64_t time, uint64_t msec)
{
    if (time < INT64_MIN + (int64_t) msec) {
        return INT64_MIN;
    }

    return time - (int64_t) msec;
}

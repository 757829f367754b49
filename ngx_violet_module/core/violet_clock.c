
/*
 * The difference of two counts of 32 bits wraps on purpose; differences of
 * instants are unsigned, since they may be beyond int64_t.
 */

#include "violet_clock.h"


/* ms of a round trip that count in any case */
#define VIOLET_CLOCK_TRIP  10


int64_t
violet_clock_extend(uint32_t count, int64_t near)
{
    uint32_t  ahead;

    ahead = count - (uint32_t) near;

    return (ahead & 0x80000000) ? near - (uint32_t) -ahead : near + ahead;
}


uint64_t
violet_clock_since(int64_t then, int64_t now)
{
    return (now > then) ? (uint64_t) now - (uint64_t) then : 0;
}


int
violet_clock_sample(violet_clock_far_t *far, int64_t asked, int64_t answered,
    int64_t there)
{
    int64_t  trip;

    trip = (int64_t) violet_clock_since(asked, answered);

    if (far->known && trip > far->longest) {

        /* a network that has become slower is believed at last */

        far->longest *= 2;

        return -1;
    }

    far->offset = there - (asked + trip / 2);
    far->longest = 2 * trip + VIOLET_CLOCK_TRIP;
    far->known = 1;

    return 0;
}


int64_t
violet_clock_there(const violet_clock_far_t *far, int64_t now)
{
    int64_t  there;

    if (!far->known) {
        return -1;
    }

    there = now + far->offset;

    return (there < 0) ? -1 : there;
}


/*
 * The difference of two counts of 32 bits wraps on purpose; differences of
 * instants are unsigned, since they may be beyond int64_t.
 */

#include <string.h>

#include "violet_clock.h"


/* ms of a round trip that count in any case */
#define VIOLET_CLOCK_TRIP  10

/* ms between two samples that are no drift: the other clock was set */
#define VIOLET_CLOCK_MOVE  10000

/* ms ahead by which the other machine may drop too early what it keeps */
#define VIOLET_CLOCK_LEAP  60000


static void violet_clock_step(violet_clock_far_t *far, int64_t by,
    int64_t now);
static int violet_clock_subtract(int64_t *elapsed, int64_t by);


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
    int64_t  trip, offset, by, limit;

    trip = (int64_t) violet_clock_since(asked, answered);

    if (far->known && trip > far->longest) {

        /* a network that has become slower is believed at last */

        far->longest *= 2;

        return -1;
    }

    offset = there - (asked + trip / 2);

    by = offset - far->offset;
    limit = VIOLET_CLOCK_MOVE + far->trip + trip;

    if (far->sampled && (by >= limit || by <= -limit)) {
        violet_clock_step(far, by, answered);
    }

    far->offset = offset;
    far->trip = trip;
    far->longest = 2 * trip + VIOLET_CLOCK_TRIP;
    far->sampled = 1;
    far->known = 1;

    return 0;
}


static void
violet_clock_step(violet_clock_far_t *far, int64_t by, int64_t now)
{
    memmove(&far->step[1], &far->step[0],
            (VIOLET_CLOCK_STEPS - 1) * sizeof(violet_clock_step_t));

    far->step[0].by = by;
    far->step[0].seen = now;

    if (far->steps < VIOLET_CLOCK_STEPS) {
        far->steps++;
    }

    far->ahead += by;

    if (far->ahead < 0) {
        far->ahead = 0;
    }

    if (far->ahead >= VIOLET_CLOCK_LEAP) {
        far->ahead = 0;
        far->leaps++;
    }
}


/*
 * An event before the clock was set ahead seems to be older by that step than
 * it is; an event before the clock was set back seems to be younger, or to lie
 * in the future.  So it was before a step if it seems to be older than the
 * step, or in the future by more than a drift.  The step itself was up to
 * some seconds before it was seen.
 */

int64_t
violet_clock_elapsed(const violet_clock_far_t *far, int64_t elapsed,
    int64_t now)
{
    unsigned  i;
    uint64_t  since;

    for (i = 0; i < far->steps; i++) {

        since = violet_clock_since(far->step[i].seen, now)
                + VIOLET_CLOCK_MOVE / 2;

        if (elapsed > -VIOLET_CLOCK_MOVE
            && (elapsed < 0 || (uint64_t) elapsed <= since))
        {
            break;
        }

        if (violet_clock_subtract(&elapsed, far->step[i].by) != 0) {
            return 0;
        }
    }

    return (elapsed < 0) ? 0 : elapsed;
}


/* Subtracts "by"; -1 if the result is beyond int64_t. */

static int
violet_clock_subtract(int64_t *elapsed, int64_t by)
{
    if ((by > 0 && *elapsed < INT64_MIN + by)
        || (by < 0 && *elapsed > INT64_MAX + by))
    {
        return -1;
    }

    *elapsed -= by;

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

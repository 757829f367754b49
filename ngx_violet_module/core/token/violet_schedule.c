
/*
 * The times of tokens.  "exp" comes from outside and may be any number: no
 * calculation here overflows.
 */

#include "violet_backoff.h"
#include "violet_schedule.h"


/* the lead is at most this part of a token's life: a 32nd */
#define VIOLET_SCHEDULE_PART    32

/* ms, for a request's way to Violet and the difference of two clocks */
#define VIOLET_SCHEDULE_MARGIN  10000

/* ms, about a hundred years */
#define VIOLET_SCHEDULE_FOREVER  ((int64_t) 100 * 366 * 86400 * 1000)


int
violet_schedule_expiring(int64_t now, int64_t expires, uint32_t random,
    violet_schedule_t *schedule)
{
    int64_t  lead;

    if (expires <= now) {
        return -1;
    }

    lead = VIOLET_SCHEDULE_LEAD;

    /* unsigned: the difference may be beyond int64_t */

    if ((uint64_t) expires - (uint64_t) now
        < (uint64_t) lead * VIOLET_SCHEDULE_PART)
    {
        lead = (expires - now) / VIOLET_SCHEDULE_PART;
    }

    if (lead == 0) {
        return -1;
    }

    schedule->expires = expires;
    schedule->renew = expires - lead + random % (lead / 4 + 1);

    return 0;
}


void
violet_schedule_endless(int64_t now, uint32_t random,
    violet_schedule_t *schedule)
{
    schedule->renew = now + VIOLET_SCHEDULE_ENDLESS
                      - random % VIOLET_SCHEDULE_LEAD;
    schedule->expires = schedule->renew + VIOLET_SCHEDULE_FOREVER;
}


int64_t
violet_schedule_usable(const violet_schedule_t *schedule)
{
    int64_t  margin;

    margin = (schedule->expires - schedule->renew) / 2;

    if (margin > VIOLET_SCHEDULE_MARGIN) {
        margin = VIOLET_SCHEDULE_MARGIN;
    }

    return schedule->expires - margin;
}


uint32_t
violet_schedule_pause(uint64_t n, uint32_t random)
{
    uint64_t  pause;

    pause = violet_backoff(n, VIOLET_SCHEDULE_PAUSE,
                           VIOLET_SCHEDULE_MAX_PAUSE);

    return (uint32_t) violet_backoff_jitter(pause - pause / 4,
                                            pause + pause / 4, random);
}

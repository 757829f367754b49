
/*
 * Delays that double up to a bound.  No calculation overflows.
 */

#include "violet_backoff.h"


uint64_t
violet_backoff(uint64_t failures, uint64_t least, uint64_t most)
{
    uint64_t  delay;

    delay = 0;

    while (failures && delay < most) {
        delay = violet_backoff_next(delay, least, most);
        failures--;
    }

    return delay;
}


uint64_t
violet_backoff_next(uint64_t last, uint64_t least, uint64_t most)
{
    if (last > most / 2) {
        return most;
    }

    last *= 2;

    if (last < least) {
        last = least;
    }

    return last < most ? last : most;
}


uint64_t
violet_backoff_jitter(uint64_t shortest, uint64_t longest, uint32_t random)
{
    return shortest + random % (longest - shortest + 1);
}

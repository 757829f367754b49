
/*
 * Instants, by arithmetic that wraps where it should and nowhere else.
 */

#include "violet_clock.h"


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

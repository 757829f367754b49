
/*
 * Instants, in milliseconds.  They are signed and have 64 bits, so that one
 * may lie before the host was started, and none ever comes round again.
 */

#ifndef VIOLET_CLOCK_H
#define VIOLET_CLOCK_H


#include <stdint.h>


/*
 * A clock of 32 bits comes round every 49.7 days.  Returns the instant that
 * it means: the one of all its instants that is nearest to "near".
 */

int64_t violet_clock_extend(uint32_t count, int64_t near);


/* How long ago an instant was; 0 if it is yet to come. */

uint64_t violet_clock_since(int64_t then, int64_t now);


#endif /* VIOLET_CLOCK_H */

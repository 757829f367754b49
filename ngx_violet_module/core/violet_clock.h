
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


/*
 * The clock of another machine, known by its offset.  All zeroes at first: it
 * is not known.
 */

typedef struct {
    int64_t     offset;      /* its instant minus ours */
    int64_t     longest;     /* round trip that still counts */
    unsigned    known:1;
} violet_clock_far_t;


/*
 * Takes a sample: the other machine was asked at "asked", its answer came at
 * "answered", and said "there".  A sample with a long round trip, compared
 * with the one before, says little and does not count; of several in a row
 * one does.  A clock that was set is followed by the next sample that counts.
 *
 * Returns 0 if the sample counts, else -1.
 */

int violet_clock_sample(violet_clock_far_t *far, int64_t asked,
    int64_t answered, int64_t there);


/* The other machine's instant at our "now"; -1 if it is not known. */

int64_t violet_clock_there(const violet_clock_far_t *far, int64_t now);


#endif /* VIOLET_CLOCK_H */

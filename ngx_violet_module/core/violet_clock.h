
/*
 * Instants, in milliseconds.  They are signed and have 64 bits: an instant may
 * lie before the start of the host, and the count never starts again.
 */

#ifndef VIOLET_CLOCK_H
#define VIOLET_CLOCK_H


#include <stdint.h>


/*
 * The instant of a clock whose count of milliseconds has 32 bits and starts
 * again every 49.7 days: of all instants with this count, the one that is
 * nearest to "near".
 */

int64_t violet_clock_extend(uint32_t count, int64_t near);


/* How many milliseconds ago an instant was; 0 if it is in the future. */

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

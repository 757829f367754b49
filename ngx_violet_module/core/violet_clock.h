
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
 * The clock of another machine, known by its offset, and the last steps by
 * which it was set.  All zeroes at first: it is not known.
 */

typedef struct {
    int64_t     by;          /* ms by which it was set, negative if back */
    int64_t     seen;        /* when that was seen, by ours */
} violet_clock_step_t;


#define VIOLET_CLOCK_STEPS  4


typedef struct {
    int64_t              offset;     /* its instant minus ours */
    int64_t              trip;       /* of the sample that gave the offset */
    int64_t              longest;    /* round trip that still counts */
    int64_t              ahead;      /* ms by which it was set ahead since the
                                        last leap, less what it was set back */
    violet_clock_step_t  step[VIOLET_CLOCK_STEPS];   /* the last one first */
    unsigned             steps;
    unsigned             leaps;      /* how often "ahead" reached a minute */
    unsigned             sampled:1;  /* there is an offset, perhaps of an
                                        earlier connection */
    unsigned             known:1;    /* the user clears it when the connection
                                        is lost */
} violet_clock_far_t;


/*
 * Takes a sample: the other machine was asked at "asked", its answer came at
 * "answered", and said "there".  A sample whose round trip is long, compared
 * with the one before, says little and does not count; if all round trips
 * become long, one of the next samples counts.  The first sample that counts
 * after the other clock was set shows the new time.
 *
 * Returns 0 if the sample counts, else -1.
 */

int violet_clock_sample(violet_clock_far_t *far, int64_t asked,
    int64_t answered, int64_t there);


/*
 * The age of an event in ms, at our "now", if it is "elapsed" ms by the other
 * machine's clock: the steps of that clock that were seen since the event are
 * taken off.  If the event may lie before a step or after it, the younger age
 * is returned.  Never negative.
 */

int64_t violet_clock_elapsed(const violet_clock_far_t *far, int64_t elapsed,
    int64_t now);


/* The other machine's instant at our "now"; -1 if it is not known. */

int64_t violet_clock_there(const violet_clock_far_t *far, int64_t now);


#endif /* VIOLET_CLOCK_H */

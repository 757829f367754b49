
/*
 * When access tokens are renewed, and how long a failure is let rest.  All
 * of it is arithmetic: the clock and the random numbers are the caller's.
 * Instants are milliseconds since the epoch, spans are milliseconds.
 */

#ifndef VIOLET_SCHEDULE_H
#define VIOLET_SCHEDULE_H


#include <stdint.h>


#define VIOLET_SCHEDULE_LEAD       1800000    /* 30 minutes */
#define VIOLET_SCHEDULE_ENDLESS    43200000   /* 12 hours */
#define VIOLET_SCHEDULE_PAUSE      1000
#define VIOLET_SCHEDULE_MAX_PAUSE  300000     /* 5 minutes */


/* of one token */

typedef struct {
    int64_t   expires;
    int64_t   renew;        /* from then on the next one is asked for */
} violet_schedule_t;


/*
 * A token that came now and expires then.  It is renewed 30 minutes ahead,
 * or by a 32nd of its life if that is less, and up to a quarter of that
 * later, as the random number says: hosts do not ask together.
 *
 * Returns 0, or -1 if it has expired or lives for less than 32 ms.
 */

int violet_schedule_expiring(int64_t now, int64_t expires, uint32_t random,
    violet_schedule_t *schedule);


/*
 * A token that does not say when it expires: it is renewed after 12 hours,
 * or up to half an hour earlier, and used on if that fails.
 */

void violet_schedule_endless(int64_t now, uint32_t random,
    violet_schedule_t *schedule);


/*
 * Until when requests are made with it.  That is short of its end, since a
 * request takes a while to reach Violet and clocks differ, and never before
 * it is renewed.
 */

int64_t violet_schedule_usable(const violet_schedule_t *schedule);


/*
 * How long to wait after the n-th failure in a row: 1 s, doubled with each
 * one up to 5 minutes, a quarter more or less.  0 for n = 0.
 */

uint32_t violet_schedule_pause(uint64_t n, uint32_t random);


#endif /* VIOLET_SCHEDULE_H */


/*
 * When access tokens are renewed, and the pauses after failures.  This is
 * only arithmetic: the caller passes the time and random numbers.  Instants
 * are milliseconds since the epoch, spans are milliseconds.
 */

#ifndef VIOLET_SCHEDULE_H
#define VIOLET_SCHEDULE_H


#include <stdint.h>


/* ms */
#define VIOLET_SCHEDULE_LEAD       1800000    /* 30 minutes */
#define VIOLET_SCHEDULE_ENDLESS    43200000   /* 12 hours */
#define VIOLET_SCHEDULE_PAUSE      1000
#define VIOLET_SCHEDULE_MAX_PAUSE  300000     /* 5 minutes */


/* the times of one token */

typedef struct {
    int64_t   expires;
    int64_t   renew;        /* instant from which on it is renewed */
} violet_schedule_t;


/*
 * The times of a token that was issued at "now" and expires at "expires".  It
 * is renewed 30 minutes before it expires, or a 32nd of its life if that is
 * less.  The random number shortens this lead by up to a quarter, so that not
 * all hosts renew at once.
 *
 * Returns 0, or -1 if it has expired or lives for less than 32 ms.
 */

int violet_schedule_expiring(int64_t now, int64_t expires, uint32_t random,
    violet_schedule_t *schedule);


/*
 * The times of a token without a time of expiry: it is renewed after 12
 * hours, or up to half an hour earlier, and is used until a renewal succeeds.
 */

void violet_schedule_endless(int64_t now, uint32_t random,
    violet_schedule_t *schedule);


/*
 * The instant until which requests are sent with a token: up to 10 s before
 * it expires, since a request takes time to reach Violet and clocks differ,
 * and always after the instant at which it is to be renewed.
 */

int64_t violet_schedule_usable(const violet_schedule_t *schedule);


/*
 * The pause after the n-th failure in a row, in ms: 1 s, doubled with each
 * failure up to 5 minutes, a quarter more or less.  0 for n = 0.
 */

uint32_t violet_schedule_pause(uint64_t n, uint32_t random);


#endif /* VIOLET_SCHEDULE_H */

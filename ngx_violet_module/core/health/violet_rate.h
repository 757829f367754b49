
/*
 * The arithmetic of a rate such as 30r/h: n requests at once, refilled evenly
 * over the period.  It is the generic cell rate algorithm (GCRA): a budget is
 * stored as one instant, its "theoretical arrival time" (tat), in ms of the
 * caller's clock.  A budget that was never used has a tat of 0.  One request
 * costs an interval of period / n, rounded up to whole ms; the capacity is n
 * intervals.  The script in Redis calculates in the same way.
 */

#ifndef VIOLET_RATE_H
#define VIOLET_RATE_H


#include <stdint.h>
#include <stddef.h>


typedef struct {
    uint32_t   requests;    /* n, 1 to 1000000, at most one per ms */
    uint64_t   period;      /* ms, from 1 s to 366 days */
} violet_rate_t;


typedef struct {
    unsigned   allowed:1;

    /* requests left in the budget after the decision */
    uint32_t   remaining;

    /*
     * milliseconds until the budget has one request more than "remaining";
     * 0 if it is full
     */
    uint64_t   wait;

    /*
     * the tat to store: with the request charged if it is allowed, else the
     * old tat, but no later than now plus the capacity
     */
    int64_t    tat;
} violet_rate_verdict_t;


/*
 * Parses "<n>r/<time>": the time is a number and a unit (s, m, h, d) or a
 * unit alone.  Returns 0, or -1 if the text is no such rate or out of the
 * bounds above.
 */

int violet_rate_parse(const char *data, size_t len, violet_rate_t *rate);


/*
 * Decides about one request now.  A tat later than now plus the capacity (the
 * clock was set back) counts as a budget that has just been used up.
 */

void violet_rate_check(const violet_rate_t *rate, int64_t tat, int64_t now,
    violet_rate_verdict_t *verdict);


/* True if half of the requests or less are left, whole ones counted. */

int violet_rate_is_half(const violet_rate_t *rate, int64_t tat, int64_t now);


/* The tat after a refund of one request; never before "now - period". */

int64_t violet_rate_refund(const violet_rate_t *rate, int64_t tat,
    int64_t now);


#endif /* VIOLET_RATE_H */

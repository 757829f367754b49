
/*
 * The arithmetic of a rate such as 30r/h: n at once, refilled evenly over
 * the period.  It is the generic cell rate algorithm (GCRA): all that is
 * kept of a budget is one instant, its "theoretical arrival time" (tat), in
 * milliseconds of whatever clock the caller reads; a budget that was never
 * used has a tat of 0.  One request is worth period / n, rounded up to
 * whole milliseconds, and n of them are the budget.  The script that Redis
 * runs does the same sums.
 */

#ifndef VIOLET_RATE_H
#define VIOLET_RATE_H


#include <stdint.h>
#include <stddef.h>


typedef struct {
    uint32_t   requests;    /* n, 1 to 1000000, at most one a ms */
    uint64_t   period;      /* milliseconds, 1 s to 366 days */
} violet_rate_t;


typedef struct {
    unsigned   allowed:1;

    /* what is left of the budget after the decision, in requests */
    uint32_t   remaining;

    /*
     * milliseconds until the budget has one request more than "remaining";
     * 0 if it is full
     */
    uint64_t   wait;

    /*
     * the tat to be kept, whatever the decision: with the request charged
     * if it is allowed; if not, the old one, or the end of what the budget
     * can owe where the old one lay beyond that
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
 * Would one request now be within the budget?  A tat beyond what the budget
 * can owe (a clock that jumped back) counts as a budget used up just now.
 */

void violet_rate_check(const violet_rate_t *rate, int64_t tat, int64_t now,
    violet_rate_verdict_t *verdict);


/* The tat after giving one request back: never below "now - period". */

int64_t violet_rate_refund(const violet_rate_t *rate, int64_t tat,
    int64_t now);


#endif /* VIOLET_RATE_H */

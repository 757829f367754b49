
/*
 * Back-off: how long to wait before something that failed is tried again.
 * This is only arithmetic: callers count their failures and pass random
 * numbers.  Delays are milliseconds.
 */

#ifndef VIOLET_BACKOFF_H
#define VIOLET_BACKOFF_H


#include <stdint.h>


/*
 * The delay after a number of failures in a row: "least" after the first one,
 * doubled with each further one, "most" at most.  0 without a failure.
 * "least" is above 0.
 */

uint64_t violet_backoff(uint64_t failures, uint64_t least, uint64_t most);


/*
 * The delay that follows the delay "last", for callers that keep the delay
 * and not the number of failures.  "last" is 0 before the first failure.
 */

uint64_t violet_backoff_next(uint64_t last, uint64_t least, uint64_t most);


/*
 * A delay from "shortest" to "longest", both included, chosen by a random
 * number, so that hosts and workers that failed together do not try again
 * together.  "shortest" is not above "longest".
 */

uint64_t violet_backoff_jitter(uint64_t shortest, uint64_t longest,
    uint32_t random);


#endif /* VIOLET_BACKOFF_H */

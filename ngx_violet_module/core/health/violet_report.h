
/*
 * A connection-health report, or a list of them: is it one, whose is it, and
 * what does it say of the merchant.  Nothing is kept between calls.
 *
 * Source: Violet, "Get Connection Health Report" (sections, their statuses)
 * and "Connection health" of the Violet Connect guides (what they mean).
 */

#ifndef VIOLET_REPORT_H
#define VIOLET_REPORT_H


#include <stdint.h>
#include <stddef.h>


typedef enum {
    VIOLET_REPORT_READY = 0,
    VIOLET_REPORT_DEGRADED,
    VIOLET_REPORT_BLOCKED
} violet_report_state_t;


typedef struct {
    violet_report_state_t   state;

    /* why it is not what was asked for, static; NULL if it is */
    const char             *reason;

    /* where the JSON parser gave up, in bytes; 0 if it did not */
    size_t                  offset;
} violet_report_check_t;


/*
 * Checks that the body is a JSON object with "merchant_id" or "merchantId"
 * (a number or a string) equal to merchant_id and with at least one known
 * section, and derives the merchant's state from it.
 *
 * Returns 0 and the state, or -1 and a reason that can be logged.  Memory
 * that runs out is a reason as well.
 */

int violet_report_check(const char *data, size_t len, int32_t merchant_id,
    violet_report_check_t *report);


/*
 * The same for the list of an app's merchants: a JSON array, empty if there
 * are none, each member an object with the id of a merchant and with at
 * least one known section.
 *
 * The state is the worst of all members, "ready" for an empty list.  It is
 * for the gateway's own books: X-Violet-Merchant-State speaks of one
 * merchant, and a list has none to speak of, so it is not sent there.
 *
 * Source: Violet, "Get Connection Health" (all merchants, unpaged).
 */

int violet_report_list_check(const char *data, size_t len,
    violet_report_check_t *report);


/* True if the body is an API exception: Violet refuses, in its own words. */

int violet_report_is_refusal(const char *data, size_t len);


/* "ready", "degraded" or "blocked", static and NUL-terminated. */

const char *violet_report_state_name(violet_report_state_t state);


/* The reverse; returns -1 if the text is none of the three. */

int violet_report_state_parse(const char *data, size_t len,
    violet_report_state_t *state);


#endif /* VIOLET_REPORT_H */

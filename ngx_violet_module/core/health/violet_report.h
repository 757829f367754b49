
/*
 * Checks a connection-health report, or a list of reports, and derives the
 * merchant's state.  No state is kept between calls.
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

    /* why the body is not the report that was asked for, static; or NULL */
    const char             *reason;

    /* offset in bytes at which the JSON is invalid, or 0 */
    size_t                  offset;
} violet_report_check_t;


/*
 * Checks that the body is a JSON object with "merchant_id" or "merchantId"
 * (a number or a string) equal to merchant_id and with at least one known
 * section, and derives the merchant's state from it.
 *
 * Returns 0 and the state, or -1 and a reason that can be logged; without
 * memory it returns -1, too.
 */

int violet_report_check(const char *data, size_t len, int32_t merchant_id,
    violet_report_check_t *report);


/*
 * Checks the list of an app's merchants: a JSON array, which may be empty.
 * Each entry is an object with the id of a merchant and at least one known
 * section.
 *
 * The state is the worst of all entries, "ready" for an empty list.  It is
 * stored but not sent: X-Violet-Merchant-State is the state of one merchant.
 *
 * Source: Violet, "Get Connection Health" (all merchants, unpaged).
 */

int violet_report_list_check(const char *data, size_t len,
    violet_report_check_t *report);


/* True if the body is an API exception of Violet. */

int violet_report_is_refusal(const char *data, size_t len);


/* "ready", "degraded" or "blocked", static and NUL-terminated. */

const char *violet_report_state_name(violet_report_state_t state);


/* Parses one of these three words; returns -1 for any other text. */

int violet_report_state_parse(const char *data, size_t len,
    violet_report_state_t *state);


#endif /* VIOLET_REPORT_H */

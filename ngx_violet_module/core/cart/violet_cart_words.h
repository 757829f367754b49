
/*
 * The words of a verdict on a cart submit: outcomes, retries, reasons and
 * evidence, as numbers in the code and as names in problems, headers and log
 * lines.  The names are static.
 *
 * Source: docs/cart-errors.md.  util/docs-tables compares it with the tables
 * of the judge.
 */

#ifndef VIOLET_CART_WORDS_H
#define VIOLET_CART_WORDS_H


#include <stddef.h>


typedef enum {
    VIOLET_CART_COMPLETED = 0,
    VIOLET_CART_PENDING,
    VIOLET_CART_REQUIRES_ACTION,
    VIOLET_CART_FAILED,
    VIOLET_CART_PARTIAL,
    VIOLET_CART_UNKNOWN
} violet_cart_outcome_t;


/* each word is one thing that the caller does */

typedef enum {
    VIOLET_CART_RETRY_LATER = 0,
    VIOLET_CART_RETRY_AFTER_CHANGE,
    VIOLET_CART_RETRY_NEW_CART,
    VIOLET_CART_RETRY_NEW_CART_FOR_FAILED_BAGS,
    VIOLET_CART_RETRY_MANUAL
} violet_cart_retry_t;


typedef enum {
    VIOLET_REASON_ITEM_UNAVAILABLE = 0,
    VIOLET_REASON_ITEM_INVALID,
    VIOLET_REASON_PAYMENT_FAILED,
    VIOLET_REASON_SHIPPING_INVALID,
    VIOLET_REASON_ADDRESS_INVALID,
    VIOLET_REASON_CUSTOMER_INVALID,
    VIOLET_REASON_DISCOUNT_INVALID,
    VIOLET_REASON_CART_NOT_READY,
    VIOLET_REASON_CART_NOT_FOUND,
    VIOLET_REASON_SUBMIT_IN_PROGRESS,
    VIOLET_REASON_ALREADY_SUBMITTED,
    VIOLET_REASON_SUBMIT_UNRESOLVED,
    VIOLET_REASON_GUARD_UNAVAILABLE,
    VIOLET_REASON_KEY_REUSED,
    VIOLET_REASON_MERCHANT_UNAVAILABLE,
    VIOLET_REASON_CREDENTIALS_REJECTED,
    VIOLET_REASON_RATE_LIMITED,
    VIOLET_REASON_UPSTREAM_ERROR,
    VIOLET_REASON_UPSTREAM_TIMEOUT,
    VIOLET_REASON_UPSTREAM_UNREACHABLE,
    VIOLET_REASON_UPSTREAM_INVALID,
    VIOLET_REASON_OTHER
} violet_reason_t;


/*
 * The one thing that decided a verdict.  docs/internals/judge.md says what
 * each word means.
 */

typedef enum {
    VIOLET_EVIDENCE_NONE = 0,
    VIOLET_EVIDENCE_NOTHING_SENT,
    VIOLET_EVIDENCE_NO_ANSWER,
    VIOLET_EVIDENCE_INVALID_ANSWER,
    VIOLET_EVIDENCE_SERVER_ERROR,
    VIOLET_EVIDENCE_TOKEN_REFUSED,
    VIOLET_EVIDENCE_ACCESS_REFUSED,
    VIOLET_EVIDENCE_CONFLICT,
    VIOLET_EVIDENCE_BUSY,
    VIOLET_EVIDENCE_DOUBTFUL_ERROR,
    VIOLET_EVIDENCE_NO_CART,
    VIOLET_EVIDENCE_NOT_READY,
    VIOLET_EVIDENCE_REFUSED,
    VIOLET_EVIDENCE_NO_ORDER,
    VIOLET_EVIDENCE_ACTION_REQUIRED,
    VIOLET_EVIDENCE_BAG_ACCEPTED,
    VIOLET_EVIDENCE_ORDER_ACCEPTED,
    VIOLET_EVIDENCE_BAG_SUBMITTED,
    VIOLET_EVIDENCE_EXTERNAL_ID,
    VIOLET_EVIDENCE_PAID,
    VIOLET_EVIDENCE_PROCESSING,
    VIOLET_EVIDENCE_NOTHING_AGAINST,
    VIOLET_EVIDENCE_REJECTED,
    VIOLET_EVIDENCE_EARLY_ERROR,
    VIOLET_EVIDENCE_BAG_ERROR,
    VIOLET_EVIDENCE_PAYMENT_FAILED,
    VIOLET_EVIDENCE_CAPTURE_FAILED,
    VIOLET_EVIDENCE_CONTRADICTION,
    VIOLET_EVIDENCE_UNLISTED_ERROR
} violet_cart_evidence_t;


/*
 * The name of a value, NUL-terminated.  A value that is out of range is named
 * "unknown", "manual", "OTHER" or "no_evidence".
 */

const char *violet_cart_outcome_name(violet_cart_outcome_t outcome);
const char *violet_cart_retry_name(violet_cart_retry_t retry);
const char *violet_reason_name(violet_reason_t reason);
const char *violet_cart_evidence_name(violet_cart_evidence_t evidence);


/* Finds a reason by its name.  Returns 0, or -1 if no reason is named so. */

int violet_reason_parse(const char *data, size_t len,
    violet_reason_t *reason);


#endif /* VIOLET_CART_WORDS_H */

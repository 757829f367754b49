
/*
 * The names of outcomes, retries, reasons and evidence.  The tables are in the
 * order of the enums in the header.
 */

#include <string.h>

#include "violet_cart_words.h"


static const char *const  violet_cart_outcome_names[] = {
    "completed",
    "pending",
    "requires_action",
    "failed",
    "partial",
    "unknown"
};


static const char *const  violet_cart_retry_names[] = {
    "later",
    "after_change",
    "new_cart",
    "new_cart_for_failed_bags",
    "manual"
};


static const char *const  violet_reason_names[] = {
    "ITEM_UNAVAILABLE",
    "ITEM_INVALID",
    "PAYMENT_FAILED",
    "SHIPPING_INVALID",
    "ADDRESS_INVALID",
    "CUSTOMER_INVALID",
    "DISCOUNT_INVALID",
    "CART_NOT_READY",
    "CART_NOT_FOUND",
    "SUBMIT_IN_PROGRESS",
    "ALREADY_SUBMITTED",
    "SUBMIT_UNRESOLVED",
    "GUARD_UNAVAILABLE",
    "KEY_REUSED",
    "MERCHANT_UNAVAILABLE",
    "CREDENTIALS_REJECTED",
    "RATE_LIMITED",
    "UPSTREAM_ERROR",
    "UPSTREAM_TIMEOUT",
    "UPSTREAM_UNREACHABLE",
    "UPSTREAM_INVALID",
    "OTHER"
};


static const char *const  violet_cart_evidence_names[] = {
    "no_evidence",
    "nothing_sent",
    "no_answer",
    "invalid_answer",
    "server_error",
    "token_refused",
    "access_refused",
    "conflict",
    "busy",
    "doubtful_error",
    "no_cart",
    "not_ready",
    "refused",
    "no_order",
    "action_required",
    "bag_accepted",
    "order_accepted",
    "bag_submitted",
    "external_id",
    "paid",
    "processing",
    "nothing_against",
    "rejected",
    "early_error",
    "bag_error",
    "payment_failed",
    "capture_failed",
    "contradiction",
    "unlisted_error"
};


const char *
violet_cart_outcome_name(violet_cart_outcome_t outcome)
{
    if ((unsigned) outcome > VIOLET_CART_UNKNOWN) {
        outcome = VIOLET_CART_UNKNOWN;
    }

    return violet_cart_outcome_names[outcome];
}


const char *
violet_cart_retry_name(violet_cart_retry_t retry)
{
    if ((unsigned) retry > VIOLET_CART_RETRY_MANUAL) {
        retry = VIOLET_CART_RETRY_MANUAL;
    }

    return violet_cart_retry_names[retry];
}


const char *
violet_reason_name(violet_reason_t reason)
{
    if ((unsigned) reason > VIOLET_REASON_OTHER) {
        reason = VIOLET_REASON_OTHER;
    }

    return violet_reason_names[reason];
}


const char *
violet_cart_evidence_name(violet_cart_evidence_t evidence)
{
    if ((unsigned) evidence > VIOLET_EVIDENCE_UNLISTED_ERROR) {
        evidence = VIOLET_EVIDENCE_NONE;
    }

    return violet_cart_evidence_names[evidence];
}


int
violet_reason_parse(const char *data, size_t len, violet_reason_t *reason)
{
    unsigned  i;

    for (i = 0; i <= VIOLET_REASON_OTHER; i++) {

        if (len == strlen(violet_reason_names[i])
            && memcmp(data, violet_reason_names[i], len) == 0)
        {
            *reason = (violet_reason_t) i;
            return 0;
        }
    }

    return -1;
}

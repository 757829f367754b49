
/*
 * The names of outcomes, retries and reasons.  The tables are in the order of
 * the enums in the header.
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
    "after_change",
    "later",
    "new_cart",
    "never",
    "check_first"
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
    "MERCHANT_UNAVAILABLE",
    "CREDENTIALS_REJECTED",
    "RATE_LIMITED",
    "UPSTREAM_ERROR",
    "UPSTREAM_TIMEOUT",
    "UPSTREAM_UNREACHABLE",
    "UPSTREAM_INVALID",
    "OTHER"
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
    if ((unsigned) retry > VIOLET_CART_RETRY_CHECK_FIRST) {
        retry = VIOLET_CART_RETRY_CHECK_FIRST;
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

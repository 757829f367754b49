
/*
 * The rows of both tables of docs/cart-errors.md, and the order in which they
 * are tried.
 *
 * An answer that no row describes is "unknown": after a wrong "failed" the
 * caller would order twice.
 */

#include "violet_cart_table.h"
#include "violet_reason.h"


/* bytes: a longer "error" is not searched for words */

#define VIOLET_CART_TABLE_SLUG  128


static const violet_cart_table_t *violet_cart_table_4xx(unsigned status,
    violet_cart_body_t *body);
static const violet_cart_table_t *violet_cart_table_2xx(
    violet_cart_body_t *body);
static const violet_cart_table_t *violet_cart_table_exception(
    violet_cart_body_t *body, const violet_cart_table_t *row,
    const violet_cart_table_t *in_progress);
static const violet_cart_table_t *violet_cart_table_order(
    const violet_cart_body_t *body);
static int violet_cart_table_is_submitted(violet_cart_body_t *body);


/* The table of answers that are not an order. */

static const violet_cart_table_t  violet_cart_unreachable = {
    VIOLET_CART_FAILED, 502, VIOLET_CART_RETRY_LATER, 0,
    VIOLET_REASON_UPSTREAM_UNREACHABLE,
    "Violet could not be reached; nothing was sent."
};


static const violet_cart_table_t  violet_cart_timeout = {
    VIOLET_CART_UNKNOWN, 504, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_UPSTREAM_TIMEOUT,
    "Violet did not answer in time; the cart may have been submitted."
};


static const violet_cart_table_t  violet_cart_invalid = {
    VIOLET_CART_UNKNOWN, 502, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_UPSTREAM_INVALID,
    "Violet's answer cannot be used; the cart may have been submitted."
};


static const violet_cart_table_t  violet_cart_upstream_error = {
    VIOLET_CART_UNKNOWN, 0, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_UPSTREAM_ERROR,
    "Violet failed while it processed the submit."
};


static const violet_cart_table_t  violet_cart_unauthorized = {
    VIOLET_CART_FAILED, 502, VIOLET_CART_RETRY_LATER, 0,
    VIOLET_REASON_CREDENTIALS_REJECTED,
    "Violet did not accept the gateway's credentials."
};


static const violet_cart_table_t  violet_cart_conflict = {
    VIOLET_CART_UNKNOWN, 0, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_SUBMIT_IN_PROGRESS,
    "Another submit of the cart is in progress."
};


static const violet_cart_table_t  violet_cart_rate_limited = {
    VIOLET_CART_UNKNOWN, 0, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_RATE_LIMITED,
    "A merchant's platform limits requests; other bags may be ordered."
};


static const violet_cart_table_t  violet_cart_submitted = {
    VIOLET_CART_UNKNOWN, 0, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_ALREADY_SUBMITTED,
    "The cart was submitted before."
};


static const violet_cart_table_t  violet_cart_forbidden = {
    VIOLET_CART_FAILED, 502, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_CREDENTIALS_REJECTED,
    "Violet denied the gateway access to the cart."
};


static const violet_cart_table_t  violet_cart_not_found = {
    VIOLET_CART_FAILED, 0, VIOLET_CART_RETRY_AFTER_CHANGE, 0,
    VIOLET_REASON_CART_NOT_FOUND,
    "Violet has no such cart."
};


static const violet_cart_table_t  violet_cart_not_ready = {
    VIOLET_CART_FAILED, 0, VIOLET_CART_RETRY_AFTER_CHANGE, 0,
    VIOLET_REASON_CART_NOT_READY,
    "The cart is not ready to be submitted."
};


static const violet_cart_table_t  violet_cart_exception = {
    VIOLET_CART_FAILED, 0, VIOLET_CART_RETRY_AFTER_CHANGE, 1,
    VIOLET_REASON_OTHER,
    "Violet refused the cart."
};


static const violet_cart_table_t  violet_cart_other = {
    VIOLET_CART_UNKNOWN, 0, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_OTHER,
    "Violet rejected the request but did not say whether the cart was "
    "submitted."
};


static const violet_cart_table_t  violet_cart_exception_2xx = {
    VIOLET_CART_FAILED, 422, VIOLET_CART_RETRY_AFTER_CHANGE, 1,
    VIOLET_REASON_OTHER,
    "Violet refused the cart."
};


static const violet_cart_table_t  violet_cart_no_order = {
    VIOLET_CART_UNKNOWN, 502, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_UPSTREAM_INVALID,
    "Violet's answer is not an order; the cart may have been submitted."
};


/*
 * An exception under 2xx whose message says that another submit succeeded or
 * is in progress: this one failed, but bags may have been ordered.
 */

static const violet_cart_table_t  violet_cart_submitted_2xx = {
    VIOLET_CART_UNKNOWN, 502, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_ALREADY_SUBMITTED,
    "The cart was submitted before."
};


static const violet_cart_table_t  violet_cart_conflict_2xx = {
    VIOLET_CART_UNKNOWN, 502, VIOLET_CART_RETRY_CHECK_FIRST, 0,
    VIOLET_REASON_SUBMIT_IN_PROGRESS,
    "Another submit of the cart is in progress."
};


/* The table of orders, in the sequence of violet_order_verdict_t. */

static const violet_cart_table_t  violet_cart_orders[] = {

    { VIOLET_CART_REQUIRES_ACTION, 0, VIOLET_CART_RETRY_CHECK_FIRST, 1,
      VIOLET_REASON_OTHER, NULL },

    { VIOLET_CART_PARTIAL, VIOLET_CART_TABLE_PARTIAL,
      VIOLET_CART_RETRY_NEVER, 1, VIOLET_REASON_OTHER,
      "Some of the bags were ordered, others were not." },

    { VIOLET_CART_PARTIAL, VIOLET_CART_TABLE_PARTIAL,
      VIOLET_CART_RETRY_CHECK_FIRST, 1, VIOLET_REASON_OTHER,
      "A bag is listed both as accepted and as failed." },

    { VIOLET_CART_COMPLETED, 0, VIOLET_CART_RETRY_CHECK_FIRST, 1,
      VIOLET_REASON_OTHER, NULL },

    { VIOLET_CART_PENDING, 0, VIOLET_CART_RETRY_CHECK_FIRST, 1,
      VIOLET_REASON_OTHER, NULL },

    { VIOLET_CART_PARTIAL, VIOLET_CART_TABLE_PARTIAL,
      VIOLET_CART_RETRY_CHECK_FIRST, 1, VIOLET_REASON_OTHER,
      "The order lists errors, but no bags." },

    { VIOLET_CART_FAILED, 422, VIOLET_CART_RETRY_AFTER_CHANGE, 1,
      VIOLET_REASON_OTHER,
      "The payment failed; no bag was ordered." },

    { VIOLET_CART_FAILED, 422, VIOLET_CART_RETRY_AFTER_CHANGE, 1,
      VIOLET_REASON_OTHER,
      "No bag was ordered." },

    { VIOLET_CART_FAILED, 422, VIOLET_CART_RETRY_NEW_CART, 1,
      VIOLET_REASON_OTHER,
      "No bag was ordered, and the cart cannot be submitted again." },

    { VIOLET_CART_UNKNOWN, 502, VIOLET_CART_RETRY_CHECK_FIRST, 1,
      VIOLET_REASON_OTHER,
      "Some of the bags may still be ordered." }
};


const violet_cart_table_t *
violet_cart_table_transport(const violet_cart_answer_t *answer)
{
    switch (answer->transport) {

    case VIOLET_CART_ANSWERED:
        break;

    case VIOLET_CART_UNREACHABLE:
        return &violet_cart_unreachable;

    case VIOLET_CART_TIMEOUT:
        return &violet_cart_timeout;

    default: /* VIOLET_CART_CUT, VIOLET_CART_TOO_LARGE */
        return &violet_cart_invalid;
    }

    if (answer->status < 200
        || (answer->status >= 300 && answer->status < 400)
        || answer->status > 599)
    {
        return &violet_cart_invalid;
    }

    return NULL;
}


const violet_cart_table_t *
violet_cart_table_fallback(void)
{
    return &violet_cart_invalid;
}


const violet_cart_table_t *
violet_cart_table_answer(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    if (answer->status >= 500) {
        return &violet_cart_upstream_error;
    }

    switch (answer->status) {

    case 401:
        return &violet_cart_unauthorized;

    case 408:
    case 425:
        return &violet_cart_other;

    case 409:
        return &violet_cart_conflict;

    case 429:
        return &violet_cart_rate_limited;
    }

    if (answer->status >= 400) {
        return violet_cart_table_4xx(answer->status, body);
    }

    return violet_cart_table_2xx(body);
}


static const violet_cart_table_t *
violet_cart_table_4xx(unsigned status, violet_cart_body_t *body)
{
    const violet_cart_table_t  *row;

    if (violet_cart_table_is_submitted(body)) {
        return &violet_cart_submitted;
    }

    /*
     * An order under 4xx is judged as an order if its bags failed.  An order
     * that would pass contradicts the status.
     */

    if (body->kind == VIOLET_BODY_ORDER) {
        row = violet_cart_table_order(body);

        return row->outcome < VIOLET_CART_FAILED ? &violet_cart_other : row;
    }

    if (status == 403 && body->kind != VIOLET_BODY_EXCEPTION) {
        return &violet_cart_forbidden;
    }

    if (body->kind != VIOLET_BODY_EXCEPTION
        && body->kind != VIOLET_BODY_ERROR)
    {
        return &violet_cart_other;
    }

    if (status == 404) {
        return &violet_cart_not_found;
    }

    if (status == 412) {
        return &violet_cart_not_ready;
    }

    if (body->kind == VIOLET_BODY_ERROR) {
        return &violet_cart_other;
    }

    return violet_cart_table_exception(body, &violet_cart_exception,
                                       &violet_cart_conflict);
}


static const violet_cart_table_t *
violet_cart_table_2xx(violet_cart_body_t *body)
{
    switch (body->kind) {

    case VIOLET_BODY_EXCEPTION:

        if (violet_cart_table_is_submitted(body)) {
            return &violet_cart_submitted_2xx;
        }

        return violet_cart_table_exception(body, &violet_cart_exception_2xx,
                                           &violet_cart_conflict_2xx);

    case VIOLET_BODY_ORDER:
    case VIOLET_BODY_ERRORS:
        return violet_cart_table_order(body);

    default:
        return &violet_cart_no_order;
    }
}


/* If Violet says that a submit is in progress, the cart has not failed. */

static const violet_cart_table_t *
violet_cart_table_exception(violet_cart_body_t *body,
    const violet_cart_table_t *row, const violet_cart_table_t *in_progress)
{
    violet_text_t    none = violet_text_null;
    violet_reason_t  reason;

    reason = violet_words_find(&body->words, body->exception.error, none,
                               body->exception.message);

    return reason == VIOLET_REASON_SUBMIT_IN_PROGRESS ? in_progress : row;
}


static const violet_cart_table_t *
violet_cart_table_order(const violet_cart_body_t *body)
{
    return &violet_cart_orders[violet_order_judge(&body->order)];
}


/*
 * The built-in patterns are tried even if one of the operator's patterns
 * matches: a violet_cart_reason may rename a message, but must not turn
 * "unknown" into "failed".
 */

static int
violet_cart_table_is_submitted(violet_cart_body_t *body)
{
    char    slug[VIOLET_CART_TABLE_SLUG];
    size_t  i;
    violet_text_t  error, message, none = violet_text_null;

    error = body->exception.error;
    message = body->exception.message;

    if (violet_reason_find(NULL, none, none, message)
        == VIOLET_REASON_ALREADY_SUBMITTED
        || violet_words_find(&body->words, error, none, message)
           == VIOLET_REASON_ALREADY_SUBMITTED)
    {
        return 1;
    }

    if (error.data == NULL || error.len > sizeof(slug)) {
        return 0;
    }

    for (i = 0; i < error.len; i++) {
        slug[i] = (error.data[i] == '_' || error.data[i] == '-')
                  ? ' ' : error.data[i];
    }

    error.data = slug;

    return violet_reason_find(NULL, none, none, error)
           == VIOLET_REASON_ALREADY_SUBMITTED;
}

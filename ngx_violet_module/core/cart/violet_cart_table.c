
/*
 * The table of answers that are no order, in the order of docs/cart-errors.md:
 * the first row that fits decides.
 *
 * An answer that no other row describes is "unknown": after a wrong "failed"
 * the caller would order twice.
 */

#include "violet_cart_table.h"
#include "violet_token_json.h"


typedef struct {
    int                        (*fits)(const violet_cart_answer_t *answer,
                                       violet_cart_body_t *body);
    violet_cart_verdict_row_t    row;
} violet_cart_table_row_t;


static int violet_cart_is_order(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);

static int violet_cart_not_sent(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_timed_out(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_invalid(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_5xx(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_401_token(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_401_or_403(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_409(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_429(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_408_or_425(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_doubtful(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_404(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_412(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_4xx_exception(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_2xx_exception(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_4xx(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);
static int violet_cart_2xx(const violet_cart_answer_t *answer,
    violet_cart_body_t *body);

static int violet_cart_is_error(const violet_cart_body_t *body);


static const violet_cart_table_row_t  violet_cart_rows[] = {

    { violet_cart_not_sent,
      { VIOLET_CART_FAILED, 502, VIOLET_CART_RETRY_LATER,
        0, VIOLET_REASON_UPSTREAM_UNREACHABLE, VIOLET_EVIDENCE_NOTHING_SENT,
        "Violet could not be reached; nothing was sent." } },

    { violet_cart_timed_out,
      { VIOLET_CART_UNKNOWN, 504, VIOLET_CART_RETRY_LATER,
        0, VIOLET_REASON_UPSTREAM_TIMEOUT, VIOLET_EVIDENCE_NO_ANSWER,
        "Violet did not answer in time; the cart may have been submitted." } },

    { violet_cart_invalid,
      { VIOLET_CART_UNKNOWN, 502, VIOLET_CART_RETRY_LATER,
        0, VIOLET_REASON_UPSTREAM_INVALID, VIOLET_EVIDENCE_INVALID_ANSWER,
        "Violet's answer cannot be used; the cart may have been submitted." } },

    { violet_cart_5xx,
      { VIOLET_CART_UNKNOWN, VIOLET_CART_TABLE_SAME, VIOLET_CART_RETRY_LATER,
        0, VIOLET_REASON_UPSTREAM_ERROR, VIOLET_EVIDENCE_SERVER_ERROR,
        "Violet failed while it processed the submit." } },

    { violet_cart_401_token,
      { VIOLET_CART_FAILED, 502, VIOLET_CART_RETRY_LATER,
        0, VIOLET_REASON_CREDENTIALS_REJECTED, VIOLET_EVIDENCE_TOKEN_REFUSED,
        "Violet did not accept the gateway's credentials." } },

    { violet_cart_401_or_403,
      { VIOLET_CART_UNKNOWN, 502, VIOLET_CART_RETRY_MANUAL,
        0, VIOLET_REASON_CREDENTIALS_REJECTED, VIOLET_EVIDENCE_ACCESS_REFUSED,
        "Violet denied access and did not say whether the cart was "
        "submitted." } },

    { violet_cart_409,
      { VIOLET_CART_UNKNOWN, VIOLET_CART_TABLE_SAME, VIOLET_CART_RETRY_LATER,
        0, VIOLET_REASON_SUBMIT_IN_PROGRESS, VIOLET_EVIDENCE_CONFLICT,
        "Another submit of the cart is in progress." } },

    { violet_cart_429,
      { VIOLET_CART_UNKNOWN, VIOLET_CART_TABLE_SAME, VIOLET_CART_RETRY_LATER,
        0, VIOLET_REASON_RATE_LIMITED, VIOLET_EVIDENCE_BUSY,
        "A merchant's platform limits requests; other bags may be ordered." } },

    { violet_cart_408_or_425,
      { VIOLET_CART_UNKNOWN, VIOLET_CART_TABLE_SAME, VIOLET_CART_RETRY_LATER,
        0, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_BUSY,
        "Violet rejected the request but did not say whether the cart was "
        "submitted." } },

    { violet_cart_doubtful,
      { VIOLET_CART_UNKNOWN, VIOLET_CART_TABLE_4XX, VIOLET_CART_RETRY_LATER,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_DOUBTFUL_ERROR,
        "After Violet's error the cart may have been submitted." } },

    { violet_cart_404,
      { VIOLET_CART_FAILED, VIOLET_CART_TABLE_SAME, VIOLET_CART_RETRY_NEW_CART,
        0, VIOLET_REASON_CART_NOT_FOUND, VIOLET_EVIDENCE_NO_CART,
        "Violet has no such cart." } },

    { violet_cart_412,
      { VIOLET_CART_FAILED, VIOLET_CART_TABLE_SAME,
        VIOLET_CART_RETRY_AFTER_CHANGE,
        0, VIOLET_REASON_CART_NOT_READY, VIOLET_EVIDENCE_NOT_READY,
        "The cart is not ready to be submitted." } },

    { violet_cart_4xx_exception,
      { VIOLET_CART_FAILED, VIOLET_CART_TABLE_SAME,
        VIOLET_CART_RETRY_AFTER_CHANGE,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_REFUSED,
        "Violet refused the cart." } },

    { violet_cart_2xx_exception,
      { VIOLET_CART_FAILED, 422, VIOLET_CART_RETRY_AFTER_CHANGE,
        1, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_REFUSED,
        "Violet refused the cart." } },

    { violet_cart_4xx,
      { VIOLET_CART_UNKNOWN, VIOLET_CART_TABLE_SAME, VIOLET_CART_RETRY_LATER,
        0, VIOLET_REASON_OTHER, VIOLET_EVIDENCE_NO_ORDER,
        "Violet rejected the request but did not say whether the cart was "
        "submitted." } },

    { violet_cart_2xx,
      { VIOLET_CART_UNKNOWN, 502, VIOLET_CART_RETRY_LATER,
        0, VIOLET_REASON_UPSTREAM_INVALID, VIOLET_EVIDENCE_NO_ORDER,
        "Violet's answer is not an order; the cart may have been "
        "submitted." } }
};


const violet_cart_verdict_row_t *
violet_cart_table_find(const violet_cart_answer_t *answer,
    violet_cart_body_t *body, violet_cart_evidence_t *evidence)
{
    const violet_cart_table_row_t  *row;

    if (violet_cart_is_order(answer, body)) {
        return violet_order_table_find(&body->order, evidence);
    }

    for (row = violet_cart_rows; !row->fits(answer, body); row++) {
        /* the last row fits */
    }

    *evidence = row->row.evidence;

    return &row->row;
}


const violet_cart_verdict_row_t *
violet_cart_table_fallback(void)
{
    const violet_cart_table_row_t  *row;

    for (row = violet_cart_rows; row->fits != violet_cart_invalid; row++) {
        /* it is there */
    }

    return &row->row;
}


/*
 * An order under 4xx is judged as an order if it lists failed bags; another
 * contradicts the status.
 */

static int
violet_cart_is_order(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    if (answer->transport != VIOLET_CART_ANSWERED
        || (body->kind != VIOLET_BODY_ORDER
            && body->kind != VIOLET_BODY_ERRORS))
    {
        return 0;
    }

    if (answer->status < 300) {
        return 1;
    }

    return answer->status < 500
           && body->order.nfailed
           && answer->status != 401
           && !violet_cart_409(answer, body)
           && !violet_cart_429(answer, body)
           && !violet_cart_408_or_425(answer, body)
           && !violet_cart_doubtful(answer, body);
}


static int
violet_cart_not_sent(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    (void) body;

    return answer->transport == VIOLET_CART_UNREACHABLE;
}


static int
violet_cart_timed_out(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    (void) body;

    return answer->transport == VIOLET_CART_TIMEOUT;
}


/* cut off, invalid HTTP, 1xx, 3xx, over the buffer limit */

static int
violet_cart_invalid(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    (void) body;

    return answer->transport != VIOLET_CART_ANSWERED
           || answer->status < 200
           || (answer->status >= 300 && answer->status < 400)
           || answer->status > 599;
}


static int
violet_cart_5xx(const violet_cart_answer_t *answer, violet_cart_body_t *body)
{
    (void) body;

    return answer->status >= 500;
}


static int
violet_cart_401_token(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    (void) body;

    return answer->status == 401
           && violet_token_is_refused(answer->body.data, answer->body.len);
}


static int
violet_cart_401_or_403(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    return answer->status == 401
           || (answer->status == 403
               && body->kind != VIOLET_BODY_EXCEPTION);
}


static int
violet_cart_409(const violet_cart_answer_t *answer, violet_cart_body_t *body)
{
    (void) body;

    return answer->status == 409;
}


static int
violet_cart_429(const violet_cart_answer_t *answer, violet_cart_body_t *body)
{
    (void) body;

    return answer->status == 429;
}


static int
violet_cart_408_or_425(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    (void) body;

    return answer->status == 408 || answer->status == 425;
}


/* 4xx or 2xx with a JSON error after which the cart may be ordered */

static int
violet_cart_doubtful(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    return (violet_cart_is_error(body)
            || (answer->status >= 400 && body->kind == VIOLET_BODY_ORDER))
           && violet_exception_is_doubtful(&body->exception, &body->words);
}


/* a cart that is not there, unless the error is about the platform's cart */

static int
violet_cart_404(const violet_cart_answer_t *answer, violet_cart_body_t *body)
{
    violet_text_t  start;

    static const char  external[] = "external_";

    start = body->exception.error;

    if (start.len > sizeof(external) - 1) {
        start.len = sizeof(external) - 1;
    }

    return answer->status == 404
           && answer->cart_id != 0
           && violet_cart_is_error(body)
           && !violet_text_is(start, external);
}


static int
violet_cart_412(const violet_cart_answer_t *answer, violet_cart_body_t *body)
{
    return answer->status == 412 && violet_cart_is_error(body);
}


static int
violet_cart_4xx_exception(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    return answer->status >= 400 && body->kind == VIOLET_BODY_EXCEPTION;
}


static int
violet_cart_2xx_exception(const violet_cart_answer_t *answer,
    violet_cart_body_t *body)
{
    return answer->status < 300 && body->kind == VIOLET_BODY_EXCEPTION;
}


static int
violet_cart_4xx(const violet_cart_answer_t *answer, violet_cart_body_t *body)
{
    (void) body;

    return answer->status >= 400;
}


static int
violet_cart_2xx(const violet_cart_answer_t *answer, violet_cart_body_t *body)
{
    (void) answer;
    (void) body;

    return 1;
}


/* A JSON error: an API exception, or an object with some of its members. */

static int
violet_cart_is_error(const violet_cart_body_t *body)
{
    return body->kind == VIOLET_BODY_EXCEPTION
           || body->kind == VIOLET_BODY_ERROR;
}

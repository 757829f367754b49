
/*
 * Doubt is kept longer than knowledge: an outcome is remembered for the time
 * that the operator chose, an unknown one until it is cleared up or "keep"
 * is over.
 */

#include <string.h>

#include "violet_cart_body.h"
#include "violet_error.h"
#include "violet_json.h"
#include "violet_json_outline.h"
#include "violet_problem.h"
#include "violet_cart_record.h"


typedef struct {
    violet_cart_outcome_t    outcome;
    unsigned                 status;
    violet_cart_retry_t      retry;
    violet_reason_t          reason;
    const char              *detail;
} violet_submit_row_t;


static int violet_submit_is_of(const violet_submit_record_t *record,
    const violet_submit_claim_t *claim);
static int violet_submit_has_body(const unsigned char *body);
static int violet_submit_bags_open(const json_t *bags);
static int violet_submit_payments_open(const json_t *payments);


static const char *const  violet_submit_names[] = {
    "none",
    "open",
    "in_flight",
    "unknown",
    "completed",
    "partial"
};


/*
 * By state: what may settle a record of another submit of the cart outweighs
 * it.
 */

static const unsigned  violet_submit_weights[] = { 0, 0, 1, 1, 2, 2 };


/* of a bag and of a payment: money is on its way, or was */

static const char *const  violet_submit_money[] = {
    "AUTHORIZED",
    "PENDING",
    "PAID",
    "PARTIALLY_PAID",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    NULL
};


static const char *const  violet_submit_paying[] = {
    "PROCESSING",
    "CAPTURED",
    "BYPASSED",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    NULL
};


/* what is asked of the body of a payment, and of a cart or an order */

static const violet_json_pick_t  violet_submit_payment_picks[] = {
    { violet_text("complete_checkout"), NULL },
    { violet_text("completeCheckout"), NULL },
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_submit_bag_picks[] = {
    { violet_text("status"), NULL },
    { violet_text("financial_status"), NULL },
    { violet_text("financialStatus"), NULL },
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_submit_transaction_picks[] = {
    { violet_text("status"), NULL },
    { violet_text("capture_status"), NULL },
    { violet_text("captureStatus"), NULL },
    { violet_text_null, NULL }
};


static const violet_json_pick_t  violet_submit_order_picks[] = {
    { violet_text("id"), NULL },
    { violet_text("status"), NULL },
    { violet_text("bags"), violet_submit_bag_picks },
    { violet_text("payment_transactions"), violet_submit_transaction_picks },
    { violet_text("paymentTransactions"), violet_submit_transaction_picks },
    { violet_text_null, NULL }
};


static const violet_submit_row_t  violet_submit_rows[] = {

    { VIOLET_CART_UNKNOWN, 409, VIOLET_CART_RETRY_CHECK_FIRST,
      VIOLET_REASON_SUBMIT_IN_PROGRESS,
      "Another submit of the cart is under way; this one was not sent." },

    { VIOLET_CART_UNKNOWN, 409, VIOLET_CART_RETRY_CHECK_FIRST,
      VIOLET_REASON_OTHER,
      "What became of an earlier submit is not known; this one was not sent. "
      "Read the cart or its order through the gateway first." },

    { VIOLET_CART_UNKNOWN, 409, VIOLET_CART_RETRY_CHECK_FIRST,
      VIOLET_REASON_ALREADY_SUBMITTED,
      "The cart was submitted before, but its order cannot be read now; "
      "nothing was sent again." },

    { VIOLET_CART_PARTIAL, 0, VIOLET_CART_RETRY_NEVER,
      VIOLET_REASON_ALREADY_SUBMITTED,
      "An earlier submit ordered some of the bags; nothing was sent again." },

    { VIOLET_CART_UNKNOWN, 422, VIOLET_CART_RETRY_CHECK_FIRST,
      VIOLET_REASON_OTHER,
      "The Idempotency-Key was used for another request; this one was not "
      "sent." },

    { VIOLET_CART_UNKNOWN, 409, VIOLET_CART_RETRY_CHECK_FIRST,
      VIOLET_REASON_OTHER,
      "The gateway has no room to guard the cart against a second submit; "
      "this one was not sent." }
};


violet_submit_state_t
violet_submit_state(const violet_submit_record_t *record, int64_t now)
{
    if (record->state == VIOLET_SUBMIT_NONE || record->expires <= now) {
        return VIOLET_SUBMIT_NONE;
    }

    if (record->state > VIOLET_SUBMIT_PARTIAL
        || (record->state == VIOLET_SUBMIT_IN_FLIGHT
            && record->deadline <= now))
    {
        return VIOLET_SUBMIT_UNKNOWN;
    }

    return (violet_submit_state_t) record->state;
}


violet_submit_verdict_t
violet_submit_claim(violet_submit_record_t *record,
    const violet_submit_claim_t *claim)
{
    uint32_t               seq;
    violet_submit_state_t  state;

    state = violet_submit_state(record, claim->now);

    if (state != VIOLET_SUBMIT_NONE
        && violet_submit_has_body(record->body)
        && violet_submit_has_body(claim->body)
        && memcmp(record->body, claim->body, VIOLET_SUBMIT_DIGEST) != 0)
    {
        return VIOLET_SUBMIT_OTHER_BODY;
    }

    switch (state) {

    case VIOLET_SUBMIT_NONE:
    case VIOLET_SUBMIT_OPEN:
        break;

    case VIOLET_SUBMIT_UNKNOWN:

        if (claim->again) {
            break;
        }

        return VIOLET_SUBMIT_REFUSED;

    default:
        return VIOLET_SUBMIT_REFUSED;
    }

    seq = record->seq;

    memset(record, 0, sizeof(violet_submit_record_t));

    memcpy(record->token, claim->token, VIOLET_SUBMIT_DIGEST);
    memcpy(record->body, claim->body, VIOLET_SUBMIT_DIGEST);
    record->expires = claim->now + claim->keep;
    record->deadline = claim->now + claim->flight;
    record->state = VIOLET_SUBMIT_IN_FLIGHT;
    record->flags = VIOLET_SUBMIT_OWN
                    | (state == VIOLET_SUBMIT_UNKNOWN ? VIOLET_SUBMIT_AGAIN
                                                      : 0);
    record->seq = seq + 1;

    return VIOLET_SUBMIT_CLAIMED;
}


int
violet_submit_settle(violet_submit_record_t *record,
    const violet_submit_claim_t *claim, violet_submit_state_t state,
    unsigned status)
{
    int64_t                time;
    violet_submit_state_t  was;

    was = violet_submit_state(record, claim->now);

    if (was != VIOLET_SUBMIT_NONE && !violet_submit_is_of(record, claim)) {

        if (state == VIOLET_SUBMIT_UNKNOWN && was == VIOLET_SUBMIT_IN_FLIGHT)
        {
            record->flags |= VIOLET_SUBMIT_DOUBT;
            return -1;
        }

        if (violet_submit_weights[state] <= violet_submit_weights[was]) {
            return -1;
        }
    }

    if (state == VIOLET_SUBMIT_OPEN
        && was != VIOLET_SUBMIT_NONE
        && (record->flags & VIOLET_SUBMIT_DOUBT))
    {
        state = VIOLET_SUBMIT_UNKNOWN;
    }

    if (state == VIOLET_SUBMIT_OPEN && !violet_submit_has_body(claim->body)) {
        memset(record, 0, sizeof(violet_submit_record_t));
        return 0;
    }

    time = claim->keep;

    if (state == VIOLET_SUBMIT_COMPLETED || state == VIOLET_SUBMIT_PARTIAL) {
        time = claim->time;
    }

    memcpy(record->token, claim->token, VIOLET_SUBMIT_DIGEST);
    memcpy(record->body, claim->body, VIOLET_SUBMIT_DIGEST);
    record->expires = claim->now + time;
    record->deadline = 0;
    record->status = (uint16_t) status;
    record->state = (uint8_t) state;
    record->flags = VIOLET_SUBMIT_OWN;

    return 0;
}


int
violet_submit_cancel(violet_submit_record_t *record,
    const violet_submit_claim_t *claim)
{
    if (!violet_submit_is_of(record, claim)) {
        return -1;
    }

    return violet_submit_settle(record, claim,
                                record->flags & VIOLET_SUBMIT_AGAIN
                                ? VIOLET_SUBMIT_UNKNOWN : VIOLET_SUBMIT_OPEN,
                                0);
}


int
violet_submit_free(violet_submit_record_t *record,
    const violet_submit_claim_t *claim)
{
    if (violet_submit_state(record, claim->now) != VIOLET_SUBMIT_UNKNOWN
        || !violet_submit_is_of(record, claim))
    {
        return -1;
    }

    if (!violet_submit_has_body(record->body)) {
        memset(record, 0, sizeof(violet_submit_record_t));
        return 0;
    }

    record->expires = claim->now + claim->keep;
    record->deadline = 0;
    record->status = 0;
    record->state = VIOLET_SUBMIT_OPEN;

    return 0;
}


int
violet_submit_renew(violet_submit_record_t *record,
    const violet_submit_claim_t *claim)
{
    violet_submit_state_t  state;

    state = violet_submit_state(record, claim->now);

    if ((state != VIOLET_SUBMIT_IN_FLIGHT && state != VIOLET_SUBMIT_UNKNOWN)
        || !violet_submit_is_of(record, claim))
    {
        return -1;
    }

    record->expires = claim->now + claim->keep;
    record->deadline = claim->now + claim->flight;
    record->state = VIOLET_SUBMIT_IN_FLIGHT;

    return 0;
}


static int
violet_submit_is_of(const violet_submit_record_t *record,
    const violet_submit_claim_t *claim)
{
    return memcmp(record->token, claim->token, VIOLET_SUBMIT_DIGEST) == 0;
}


static int
violet_submit_has_body(const unsigned char *body)
{
    static const unsigned char  none[VIOLET_SUBMIT_DIGEST];

    return memcmp(body, none, VIOLET_SUBMIT_DIGEST) != 0;
}


violet_submit_state_t
violet_submit_outcome(violet_cart_outcome_t outcome)
{
    switch (outcome) {

    case VIOLET_CART_COMPLETED:
        return VIOLET_SUBMIT_COMPLETED;

    case VIOLET_CART_PARTIAL:
        return VIOLET_SUBMIT_PARTIAL;

    case VIOLET_CART_PENDING:
    case VIOLET_CART_REQUIRES_ACTION:
    case VIOLET_CART_FAILED:
        return VIOLET_SUBMIT_OPEN;

    default: /* VIOLET_CART_UNKNOWN */
        return VIOLET_SUBMIT_UNKNOWN;
    }
}


const char *
violet_submit_name(violet_submit_state_t state)
{
    return violet_submit_names[state];
}


violet_submit_state_t
violet_submit_parse(const char *name, size_t len)
{
    unsigned  i;

    for (i = VIOLET_SUBMIT_OPEN; i <= VIOLET_SUBMIT_PARTIAL; i++) {

        if (strlen(violet_submit_names[i]) == len
            && memcmp(violet_submit_names[i], name, len) == 0)
        {
            return (violet_submit_state_t) i;
        }
    }

    return VIOLET_SUBMIT_NONE;
}


int
violet_submit_completes(const char *data, size_t len)
{
    int                  completes;
    json_t              *root, *value;
    violet_text_t        text;
    violet_json_error_t  error;

    if (len == 0) {
        return 0;
    }

    root = violet_json_outline(data, len, violet_submit_payment_picks);

    if (root == NULL) {
        root = violet_json_parse(data, len, &error);
    }

    if (root == NULL) {
        return 1;
    }

    value = violet_json_get(root, "complete_checkout", "completeCheckout");
    text = violet_json_to_text(value);

    completes = value != NULL
                && !json_is_false(value)
                && !(json_is_integer(value) && json_integer_value(value) == 0)
                && !(text.data && text.len == 0)
                && !violet_text_is(text, "false");

    json_decref(root);

    return completes;
}


violet_submit_read_t
violet_submit_read(const char *data, size_t len, int64_t id)
{
    int                    twice;
    json_t                *root;
    violet_id_t            got;
    violet_text_t          status;
    violet_json_error_t    error;
    violet_submit_read_t   read;

    twice = 0;
    root = violet_json_outline(data, len, violet_submit_order_picks);

    if (root == NULL) {
        root = violet_json_parse_loose(data, len, violet_cart_names,
                                       VIOLET_CART_NAMES_DEPTH, &twice,
                                       &error);
    }

    if (root == NULL || twice) {
        json_decref(root);
        return VIOLET_SUBMIT_READ_NOTHING;
    }

    got = violet_json_id(root, "id", NULL);
    status = violet_json_text(root, "status", NULL);
    read = VIOLET_SUBMIT_READ_NOTHING;

    if (got.known && got.value == id && status.data
        && violet_json_array(root, "bags", NULL))
    {
        read = VIOLET_SUBMIT_READ_ORDER;

        if (violet_text_is(status, "IN_PROGRESS")
            && violet_submit_bags_open(violet_json_array(root, "bags", NULL))
            && violet_submit_payments_open(
                   violet_json_get(root, "payment_transactions",
                                   "paymentTransactions")))
        {
            read = VIOLET_SUBMIT_READ_OPEN;
        }
    }

    json_decref(root);

    return read;
}


static int
violet_submit_bags_open(const json_t *bags)
{
    size_t         i;
    const json_t  *bag;

    for (i = 0; i < json_array_size(bags); i++) {
        bag = json_array_get(bags, i);

        if (!violet_text_is(violet_json_text(bag, "status", NULL),
                            "IN_PROGRESS")
            || violet_text_any(violet_json_text(bag, "financial_status",
                                                "financialStatus"),
                               violet_submit_money))
        {
            return 0;
        }
    }

    return i > 0;
}


static int
violet_submit_payments_open(const json_t *payments)
{
    size_t         i;
    const json_t  *item;

    for (i = 0; i < violet_json_count(payments); i++) {
        item = violet_json_item(payments, i);

        if (violet_text_any(violet_json_text(item, "status", NULL),
                            violet_submit_paying)
            || violet_text_any(violet_json_text(item, "capture_status",
                                                "captureStatus"),
                               violet_submit_paying))
        {
            return 0;
        }
    }

    return 1;
}


int
violet_submit_problem(violet_submit_problem_t kind, unsigned status,
    const violet_cart_answer_t *answer, violet_cart_verdict_t *verdict)
{
    violet_error_t              error;
    violet_problem_t            problem;
    const violet_submit_row_t  *row;

    row = &violet_submit_rows[kind];

    memset(verdict, 0, sizeof(violet_cart_verdict_t));
    memset(&problem, 0, sizeof(violet_problem_t));

    verdict->outcome = row->outcome;
    verdict->retry = row->retry;
    verdict->status = row->status ? row->status : status;
    verdict->has_reason = 1;
    verdict->reason = row->reason;

    violet_error_init(&error, row->reason, VIOLET_SCOPE_CART, row->detail);
    error.blocking = 1;

    problem.outcome = verdict->outcome;
    problem.retry = verdict->retry;
    problem.status = verdict->status;
    problem.detail = error.message;
    problem.cart_id = answer->cart_id;
    problem.request_id = answer->request_id;
    problem.errors = &error;
    problem.nerrors = 1;

    verdict->problem = violet_problem_write(&problem, &verdict->problem_len);

    return verdict->problem ? 0 : -1;
}

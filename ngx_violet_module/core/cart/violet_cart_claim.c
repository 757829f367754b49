
/*
 * A record with an outcome is kept for the operator's time, an unknown record
 * for "keep" or until a read of the cart shows that nothing was ordered.
 */

#include <string.h>

#include "violet_cart_claim.h"


static int violet_record_is_of(const violet_record_t *record,
    const violet_record_claim_t *claim);
static int violet_record_has_body(const unsigned char *body);


static const char *const  violet_record_names[] = {
    "none",
    "open",
    "in_flight",
    "unknown",
    "completed",
    "partial"
};


/*
 * The weights of states, by violet_record_state_t.  A submit overwrites the
 * record of another submit only with a state of higher weight: order made (2)
 * > in doubt (1) > not ordered (0).
 */

static const unsigned  violet_record_weights[] = { 0, 0, 1, 1, 2, 2 };


violet_record_state_t
violet_record_state(const violet_record_t *record, int64_t now)
{
    if (record->state == VIOLET_RECORD_NONE || record->expires <= now) {
        return VIOLET_RECORD_NONE;
    }

    if (record->state > VIOLET_RECORD_PARTIAL
        || (record->state == VIOLET_RECORD_IN_FLIGHT
            && record->deadline <= now))
    {
        return VIOLET_RECORD_UNKNOWN;
    }

    return (violet_record_state_t) record->state;
}


violet_record_verdict_t
violet_record_claim(violet_record_t *record,
    const violet_record_claim_t *claim)
{
    uint32_t               seq;
    violet_record_state_t  state;

    state = violet_record_state(record, claim->now);

    if (state != VIOLET_RECORD_NONE
        && violet_record_has_body(record->body)
        && violet_record_has_body(claim->body)
        && memcmp(record->body, claim->body, VIOLET_RECORD_DIGEST) != 0)
    {
        return VIOLET_RECORD_OTHER_BODY;
    }

    switch (state) {

    case VIOLET_RECORD_NONE:
    case VIOLET_RECORD_OPEN:
        break;

    case VIOLET_RECORD_UNKNOWN:

        if (claim->override_unknown) {
            break;
        }

        return VIOLET_RECORD_REFUSED;

    default:
        return VIOLET_RECORD_REFUSED;
    }

    seq = record->seq;

    memset(record, 0, sizeof(violet_record_t));

    memcpy(record->token, claim->token, VIOLET_RECORD_DIGEST);
    memcpy(record->body, claim->body, VIOLET_RECORD_DIGEST);
    record->expires = claim->now + claim->keep;
    record->deadline = claim->now + claim->flight;
    record->state = VIOLET_RECORD_IN_FLIGHT;
    record->flags = VIOLET_RECORD_OWN
                    | (state == VIOLET_RECORD_UNKNOWN ? VIOLET_RECORD_OVERRIDE
                                                      : 0);
    record->seq = seq + 1;

    return VIOLET_RECORD_CLAIMED;
}


int
violet_record_settle(violet_record_t *record,
    const violet_record_claim_t *claim, violet_record_state_t state,
    unsigned status)
{
    int64_t                time;
    violet_record_state_t  was;

    was = violet_record_state(record, claim->now);

    if (was != VIOLET_RECORD_NONE && !violet_record_is_of(record, claim)) {

        if (state == VIOLET_RECORD_UNKNOWN && was == VIOLET_RECORD_IN_FLIGHT)
        {
            record->flags |= VIOLET_RECORD_DOUBT;
            return -1;
        }

        if (violet_record_weights[state] <= violet_record_weights[was]) {
            return -1;
        }
    }

    if (state == VIOLET_RECORD_OPEN
        && was != VIOLET_RECORD_NONE
        && (record->flags & VIOLET_RECORD_DOUBT))
    {
        state = VIOLET_RECORD_UNKNOWN;
    }

    if (state == VIOLET_RECORD_OPEN && !violet_record_has_body(claim->body)) {
        memset(record, 0, sizeof(violet_record_t));
        return 0;
    }

    time = claim->keep;

    if (state == VIOLET_RECORD_COMPLETED || state == VIOLET_RECORD_PARTIAL) {
        time = claim->time;
    }

    memcpy(record->token, claim->token, VIOLET_RECORD_DIGEST);
    memcpy(record->body, claim->body, VIOLET_RECORD_DIGEST);
    record->expires = claim->now + time;
    record->deadline = 0;
    record->status = (uint16_t) status;
    record->state = (uint8_t) state;
    record->flags = VIOLET_RECORD_OWN;

    return 0;
}


int
violet_record_cancel(violet_record_t *record,
    const violet_record_claim_t *claim)
{
    if (!violet_record_is_of(record, claim)) {
        return -1;
    }

    return violet_record_settle(record, claim,
                                record->flags & VIOLET_RECORD_OVERRIDE
                                ? VIOLET_RECORD_UNKNOWN : VIOLET_RECORD_OPEN,
                                0);
}


int
violet_record_reopen(violet_record_t *record,
    const violet_record_claim_t *claim)
{
    if (violet_record_state(record, claim->now) != VIOLET_RECORD_UNKNOWN
        || !violet_record_is_of(record, claim))
    {
        return -1;
    }

    if (!violet_record_has_body(record->body)) {
        memset(record, 0, sizeof(violet_record_t));
        return 0;
    }

    record->expires = claim->now + claim->keep;
    record->deadline = 0;
    record->status = 0;
    record->state = VIOLET_RECORD_OPEN;

    return 0;
}


int
violet_record_renew(violet_record_t *record,
    const violet_record_claim_t *claim)
{
    violet_record_state_t  state;

    state = violet_record_state(record, claim->now);

    if ((state != VIOLET_RECORD_IN_FLIGHT && state != VIOLET_RECORD_UNKNOWN)
        || !violet_record_is_of(record, claim))
    {
        return -1;
    }

    record->expires = claim->now + claim->keep;
    record->deadline = claim->now + claim->flight;
    record->state = VIOLET_RECORD_IN_FLIGHT;

    return 0;
}


static int
violet_record_is_of(const violet_record_t *record,
    const violet_record_claim_t *claim)
{
    return memcmp(record->token, claim->token, VIOLET_RECORD_DIGEST) == 0;
}


static int
violet_record_has_body(const unsigned char *body)
{
    static const unsigned char  none[VIOLET_RECORD_DIGEST];

    return memcmp(body, none, VIOLET_RECORD_DIGEST) != 0;
}


violet_record_state_t
violet_record_outcome(violet_cart_outcome_t outcome)
{
    switch (outcome) {

    case VIOLET_CART_COMPLETED:
        return VIOLET_RECORD_COMPLETED;

    case VIOLET_CART_PARTIAL:
        return VIOLET_RECORD_PARTIAL;

    case VIOLET_CART_PENDING:
    case VIOLET_CART_REQUIRES_ACTION:
    case VIOLET_CART_FAILED:
        return VIOLET_RECORD_OPEN;

    default: /* VIOLET_CART_UNKNOWN */
        return VIOLET_RECORD_UNKNOWN;
    }
}


const char *
violet_record_name(violet_record_state_t state)
{
    return violet_record_names[state];
}


violet_record_state_t
violet_record_parse(const char *name, size_t len)
{
    unsigned  i;

    for (i = VIOLET_RECORD_OPEN; i <= VIOLET_RECORD_PARTIAL; i++) {

        if (strlen(violet_record_names[i]) == len
            && memcmp(violet_record_names[i], name, len) == 0)
        {
            return (violet_record_state_t) i;
        }
    }

    return VIOLET_RECORD_NONE;
}

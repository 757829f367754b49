
/*
 * Changes a record: as time passes, by a claim, by the end of its submit, and
 * by the record of another keeper.  Nothing is kept between calls.
 */

#include <string.h>

#include "violet_cart_record.h"


static violet_record_state_t violet_cart_record_after(
    violet_cart_outcome_t outcome);
static void violet_cart_record_settle_own(violet_cart_record_t *record,
    const violet_cart_end_t *end, violet_record_state_t state);
static void violet_cart_record_settle_other(violet_cart_record_t *record,
    const violet_cart_end_t *end, violet_record_state_t state);
static void violet_cart_record_become(violet_cart_record_t *record,
    const violet_cart_end_t *end, violet_record_state_t state);
static const violet_cart_record_t *violet_cart_record_better(
    const violet_cart_record_t *host, const violet_cart_record_t *redis);
static const violet_cart_record_t *violet_cart_record_better_own(
    const violet_cart_record_t *host, const violet_cart_record_t *redis);
static unsigned violet_cart_record_weight(const violet_cart_record_t *record);
static int violet_cart_record_is_of(const violet_cart_record_t *record,
    const unsigned char *token);
static int64_t violet_cart_record_first(int64_t one, int64_t other);


/* ms: a time in a record that grows no more */
#define VIOLET_RECORD_LONG  INT64_C(1000000000000)


static const char *const  violet_record_names[] = {
    "none",
    "failed",
    "requires_action",
    "in_flight",
    "pending",
    "unknown",
    "completed",
    "partial"
};


void
violet_cart_record_pass(violet_cart_record_t *record, int64_t elapsed)
{
    if (elapsed < 0) {
        elapsed = 0;
    }

    if (elapsed > VIOLET_RECORD_LONG) {
        elapsed = VIOLET_RECORD_LONG;
    }

    if (record->state == VIOLET_RECORD_IN_FLIGHT) {

        if (elapsed < (int64_t) record->left) {
            record->left -= (uint32_t) elapsed;
            return;
        }

        record->state = VIOLET_RECORD_UNKNOWN;
        record->flags |= VIOLET_RECORD_LAPSED;
        record->since = elapsed - (int64_t) record->left;
        record->left = 0;
        record->doubts += record->doubts < UINT16_MAX;
        return;
    }

    if (record->since < VIOLET_RECORD_LONG) {
        record->since += elapsed;
    }
}


void
violet_cart_record_next(violet_cart_record_t *record, uint32_t seq,
    uint32_t stamp)
{
    record->seq = seq < UINT32_MAX ? seq + 1 : seq;
    record->stamp = stamp;
}


int
violet_cart_record_same(const violet_cart_record_t *one,
    const violet_cart_record_t *other)
{
    return one->seq == other->seq && one->stamp == other->stamp;
}


int
violet_cart_record_in_doubt(const violet_cart_record_t *record)
{
    return record->state == VIOLET_RECORD_PENDING
           || record->state == VIOLET_RECORD_UNKNOWN;
}


int
violet_cart_record_ordered(const violet_cart_record_t *record)
{
    return record->state == VIOLET_RECORD_COMPLETED
           || record->state == VIOLET_RECORD_PARTIAL;
}


void
violet_cart_record_claim(violet_cart_record_t *record,
    const unsigned char *token, const unsigned char *body, int64_t sent,
    int again)
{
    int  doubted;

    doubted = again
              && (violet_cart_record_in_doubt(record) || record->evidence);

    memcpy(record->token, token, VIOLET_RECORD_DIGEST);
    memcpy(record->body, body, VIOLET_RECORD_DIGEST);
    memset(record->bags, 0, sizeof(record->bags));

    record->state = VIOLET_RECORD_IN_FLIGHT;
    record->flags = doubted ? VIOLET_RECORD_DOUBTED : 0;
    record->left = VIOLET_RECORD_FLIGHT;
    record->since = 0;

    if (!doubted) {
        record->sent = 0;
        record->order_id = 0;
    }

    record->sent = violet_cart_record_first(record->sent, sent);
}


int
violet_cart_record_renew(violet_cart_record_t *record,
    const unsigned char *token)
{
    if (!violet_cart_record_is_of(record, token)) {
        return -1;
    }

    if (record->state == VIOLET_RECORD_UNKNOWN
        && (record->flags & VIOLET_RECORD_LAPSED))
    {
        record->state = VIOLET_RECORD_IN_FLIGHT;
        record->flags &= ~VIOLET_RECORD_LAPSED;
        record->doubts -= record->doubts > 0;
    }

    if (record->state != VIOLET_RECORD_IN_FLIGHT) {
        return -1;
    }

    record->left = VIOLET_RECORD_FLIGHT;
    record->since = 0;

    return 0;
}


int
violet_cart_record_settle(violet_cart_record_t *record,
    const violet_cart_end_t *end)
{
    violet_record_state_t  state;

    state = violet_cart_record_after(end->outcome);

    if (record->state == VIOLET_RECORD_NONE
        || violet_cart_record_is_of(record, end->token))
    {
        violet_cart_record_settle_own(record, end, state);

    } else {
        violet_cart_record_settle_other(record, end, state);
    }

    record->evidence |= end->seen & VIOLET_SEEN_EVIDENCE;

    return state == VIOLET_RECORD_FAILED
           && record->state != VIOLET_RECORD_FAILED;
}


static violet_record_state_t
violet_cart_record_after(violet_cart_outcome_t outcome)
{
    switch (outcome) {

    case VIOLET_CART_COMPLETED:
        return VIOLET_RECORD_COMPLETED;

    case VIOLET_CART_PENDING:
        return VIOLET_RECORD_PENDING;

    case VIOLET_CART_REQUIRES_ACTION:
        return VIOLET_RECORD_REQUIRES_ACTION;

    case VIOLET_CART_FAILED:
        return VIOLET_RECORD_FAILED;

    case VIOLET_CART_PARTIAL:
        return VIOLET_RECORD_PARTIAL;

    default: /* VIOLET_CART_UNKNOWN */
        return VIOLET_RECORD_UNKNOWN;
    }
}


/* The record is of this claim: in flight, lapsed, or read by another host. */

static void
violet_cart_record_settle_own(violet_cart_record_t *record,
    const violet_cart_end_t *end, violet_record_state_t state)
{
    int  counted;

    if (violet_cart_record_ordered(record)
        && state != VIOLET_RECORD_COMPLETED
        && state != VIOLET_RECORD_PARTIAL)
    {
        return;
    }

    /* an earlier submit is in doubt still */

    if ((state == VIOLET_RECORD_FAILED
         || state == VIOLET_RECORD_REQUIRES_ACTION)
        && (record->flags & VIOLET_RECORD_DOUBTED))
    {
        state = VIOLET_RECORD_UNKNOWN;
    }

    counted = violet_cart_record_in_doubt(record);

    violet_cart_record_become(record, end, state);

    if (violet_cart_record_in_doubt(record) && !counted
        && record->doubts < UINT16_MAX)
    {
        record->doubts++;
    }
}


/* The record is of another claim, whose submit was sent as well. */

static void
violet_cart_record_settle_other(violet_cart_record_t *record,
    const violet_cart_end_t *end, violet_record_state_t state)
{
    switch (state) {

    case VIOLET_RECORD_COMPLETED:
    case VIOLET_RECORD_PARTIAL:

        if (!violet_cart_record_ordered(record)) {
            violet_cart_record_become(record, end, state);
        }

        return;

    case VIOLET_RECORD_PENDING:
    case VIOLET_RECORD_UNKNOWN:

        if (violet_cart_record_ordered(record)) {
            return;
        }

        record->doubts += record->doubts < UINT16_MAX;
        record->sent = violet_cart_record_first(record->sent, end->sent);
        record->flags |= VIOLET_RECORD_DOUBTED;

        if (record->state != VIOLET_RECORD_IN_FLIGHT) {
            record->state = VIOLET_RECORD_UNKNOWN;
            record->since = 0;
        }

        return;

    default:
        return;
    }
}


static void
violet_cart_record_become(violet_cart_record_t *record,
    const violet_cart_end_t *end, violet_record_state_t state)
{
    memcpy(record->token, end->token, VIOLET_RECORD_DIGEST);
    memcpy(record->body, end->body, VIOLET_RECORD_DIGEST);
    memcpy(record->bags, end->bags, sizeof(record->bags));

    record->state = (uint8_t) state;
    record->since = 0;
    record->left = 0;
    record->flags &= VIOLET_RECORD_DOUBTED;

    if (state == VIOLET_RECORD_PARTIAL && end->manual) {
        record->flags |= VIOLET_RECORD_MANUAL;
    }

    if (state == VIOLET_RECORD_PARTIAL && end->more) {
        record->flags |= VIOLET_RECORD_MORE;
    }

    if (end->order_id) {
        record->order_id = end->order_id;
    }

    record->sent = violet_cart_record_first(record->sent, end->sent);
}


int
violet_cart_record_cancel(violet_cart_record_t *record,
    const unsigned char *token, const violet_cart_record_t *before)
{
    violet_cart_record_t  now;

    if (!violet_cart_record_is_of(record, token)
        || (record->state != VIOLET_RECORD_IN_FLIGHT
            && !(record->flags & VIOLET_RECORD_LAPSED)))
    {
        return -1;
    }

    now = *record;
    *record = *before;

    if (record->state == VIOLET_RECORD_NONE) {
        record->state = VIOLET_RECORD_FAILED;
        memcpy(record->body, now.body, VIOLET_RECORD_DIGEST);
    }

    /* Redis may run the claim later: it knows it by its token */

    memcpy(record->token, token, VIOLET_RECORD_DIGEST);
    record->flags &= ~VIOLET_RECORD_LAPSED;
    record->seq = now.seq;
    record->evidence |= now.evidence;

    /* another submit fell in doubt since the claim */

    if ((now.flags & VIOLET_RECORD_DOUBTED)
        && violet_cart_record_weight(record) == 0)
    {
        record->state = VIOLET_RECORD_UNKNOWN;
        record->since = 0;
        record->doubts = now.doubts;
        record->sent = now.sent;
    }

    return 0;
}


int
violet_cart_record_join(const violet_cart_record_t *host,
    const violet_cart_record_t *redis, int unsaved,
    violet_cart_record_t *result)
{
    const violet_cart_record_t  *better, *other;

    if (redis->state == VIOLET_RECORD_NONE) {
        *result = *host;
        return host->state != VIOLET_RECORD_NONE;
    }

    if (host->state == VIOLET_RECORD_NONE
        || violet_cart_record_same(host, redis)
        || (!unsaved && redis->seq >= host->seq))
    {
        *result = *redis;
        return 0;
    }

    better = violet_cart_record_better(host, redis);
    other = (better == host) ? redis : host;

    *result = *better;

    if (violet_cart_record_weight(better) == 1
        && violet_cart_record_weight(other) == 1)
    {
        result->sent = violet_cart_record_first(better->sent, other->sent);

        /* a read proves nothing until it proves it of the last submit, too */

        if (other->since < result->since) {
            result->since = other->since;
        }

        if (!violet_cart_record_is_of(better, other->token)) {
            result->flags |= VIOLET_RECORD_DOUBTED;
        }
    }

    result->flags |= other->flags & VIOLET_RECORD_DOUBTED;
    result->evidence |= other->evidence;

    /* the submit has failed, but another one is in doubt */

    if ((result->flags & VIOLET_RECORD_DOUBTED)
        && violet_cart_record_weight(result) == 0)
    {
        result->state = VIOLET_RECORD_UNKNOWN;
        result->since = 0;
        result->sent = violet_cart_record_first(better->sent, other->sent);
    }

    if (result->doubts < other->doubts) {
        result->doubts = other->doubts;
    }

    if (result->seq < other->seq) {
        result->seq = other->seq;
    }

    return 1;
}


/*
 * An order that was made counts more than a doubt or a flight, and these more
 * than a failure.
 */

static const violet_cart_record_t *
violet_cart_record_better(const violet_cart_record_t *host,
    const violet_cart_record_t *redis)
{
    unsigned  one, other;

    if (violet_cart_record_is_of(host, redis->token)) {
        return violet_cart_record_better_own(host, redis);
    }

    one = violet_cart_record_weight(host);
    other = violet_cart_record_weight(redis);

    if (one != other) {
        return one > other ? host : redis;
    }

    /* a flight ends and is settled: it must stay one */

    if (one == 1
        && (host->state == VIOLET_RECORD_IN_FLIGHT)
           != (redis->state == VIOLET_RECORD_IN_FLIGHT))
    {
        return host->state == VIOLET_RECORD_IN_FLIGHT ? host : redis;
    }

    return host->seq > redis->seq ? host : redis;
}


/* Both are of one claim: its end counts more than that it was not heard of. */

static const violet_cart_record_t *
violet_cart_record_better_own(const violet_cart_record_t *host,
    const violet_cart_record_t *redis)
{
    unsigned  one, other;

    one = host->state == VIOLET_RECORD_IN_FLIGHT
          || (host->flags & VIOLET_RECORD_LAPSED);
    other = redis->state == VIOLET_RECORD_IN_FLIGHT
            || (redis->flags & VIOLET_RECORD_LAPSED);

    if (one != other) {
        return one ? redis : host;
    }

    if (one) {

        /* a flight that was heard of after it had lapsed */

        return host->seq > redis->seq ? host : redis;
    }

    one = violet_cart_record_weight(host);
    other = violet_cart_record_weight(redis);

    if (one != other) {
        return one > other ? host : redis;
    }

    return host->seq > redis->seq ? host : redis;
}


static unsigned
violet_cart_record_weight(const violet_cart_record_t *record)
{
    switch (record->state) {

    case VIOLET_RECORD_NONE:
    case VIOLET_RECORD_FAILED:
    case VIOLET_RECORD_REQUIRES_ACTION:
        return 0;

    case VIOLET_RECORD_COMPLETED:
    case VIOLET_RECORD_PARTIAL:
        return 2;

    default:
        return 1;
    }
}


int64_t
violet_cart_record_keep(const violet_cart_record_t *record, int64_t time)
{
    return violet_cart_record_ordered(record) ? time : VIOLET_RECORD_KEEP;
}


static int
violet_cart_record_is_of(const violet_cart_record_t *record,
    const unsigned char *token)
{
    return memcmp(record->token, token, VIOLET_RECORD_DIGEST) == 0;
}


/* The earlier of two instants; 0 is none. */

static int64_t
violet_cart_record_first(int64_t one, int64_t other)
{
    if (one == 0) {
        return other;
    }

    return other == 0 || one < other ? one : other;
}


const char *
violet_cart_record_name(violet_record_state_t state)
{
    return violet_record_names[state];
}

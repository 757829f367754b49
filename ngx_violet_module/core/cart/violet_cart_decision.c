
/*
 * The table of the submit guard: the first row that fits decides.  A row asks
 * for the kind of the record, for what was shown, and for what is asked.
 */

#include <string.h>

#include "violet_cart_decision.h"


/* s: Retry-After, where no doubt has to be settled */
#define VIOLET_AFTER_FLIGHT  5
#define VIOLET_AFTER_FAILED  10

/* what is left until it is settled */
#define VIOLET_AFTER_LEFT    (-1)


/* kinds of records */

enum {
    VIOLET_IS_FREE = 0x01,         /* none, failed, requires_action */
    VIOLET_IS_FLIGHT = 0x02,
    VIOLET_IS_ORDERED = 0x04,      /* completed, partial */
    VIOLET_IS_DOUBT = 0x08,        /* pending, unknown; evidence was seen */
    VIOLET_IS_UNHEARD = 0x10,      /* free, but Redis was not asked */

    VIOLET_IS_CLEARED = VIOLET_IS_DOUBT|VIOLET_IS_UNHEARD,
    VIOLET_IS_ANY = 0x1f
};


/* what a row asks for: each must be so */

enum {
    VIOLET_IF_SUBMIT = 0x00001,    /* a submit, no question */
    VIOLET_IF_QUESTION = 0x00002,
    VIOLET_IF_REUSED = 0x00004,    /* the key had another body */
    VIOLET_IF_REFUSE = 0x00008,    /* nothing is sent without Redis */
    VIOLET_IF_UNREAD = 0x00010,    /* an order can be read, and was not */
    VIOLET_IF_BLIND = 0x00020,     /* no order can be read */
    VIOLET_IF_REFUSED = 0x00040,   /* Violet refused the read */
    VIOLET_IF_ORDER = 0x00080,     /* an order was read */
    VIOLET_IF_OPEN = 0x00100,      /* not submitted */
    VIOLET_IF_DONE = 0x00200,      /* judged completed or partial */
    VIOLET_IF_GOES_ON = 0x00400,   /* judged pending, with evidence */
    VIOLET_IF_REJECTED = 0x00800,  /* judged failed, every bag rejected */
    VIOLET_IF_FAILED = 0x01000,    /* judged failed */
    VIOLET_IF_SETTLED = 0x02000,
    VIOLET_IF_CLEAN = 0x04000,     /* no evidence is in the record */
    VIOLET_IF_FEW = 0x08000,       /* the doubts were not too many */
    VIOLET_IF_AGAIN = 0x10000      /* "again", and no evidence was read */
};


typedef struct {
    unsigned                 is;
    unsigned                 when;
    violet_cart_action_t     action;
    violet_cart_refusal_t    refusal;
    int                      manual;
    int64_t                  after;      /* s; AFTER_LEFT: what is left */
    violet_record_state_t    state;      /* NONE: the record stays */
} violet_decision_row_t;


/* rows of one form */

#define VIOLET_ROW_READ(is, when)                                             \
    { is, when, VIOLET_DECISION_READ, 0, 0, 0, VIOLET_RECORD_NONE }

#define VIOLET_ROW_SEND(is, when)                                             \
    { is, when, VIOLET_DECISION_SEND, 0, 0, 0, VIOLET_RECORD_IN_FLIGHT }

#define VIOLET_ROW_LATER(is, when, refusal, after)                            \
    { is, when, VIOLET_DECISION_REFUSE, VIOLET_CART_REFUSAL_ ## refusal, 0,   \
      VIOLET_AFTER_ ## after, VIOLET_RECORD_NONE }

#define VIOLET_ROW_MANUAL(is, when, refusal)                                  \
    { is, when, VIOLET_DECISION_REFUSE, VIOLET_CART_REFUSAL_ ## refusal, 1,   \
      0, VIOLET_RECORD_NONE }

#define VIOLET_ROW_SHOWN(is, when, state)                                     \
    { is, when, VIOLET_DECISION_SHOWN, 0, 0, 0, VIOLET_RECORD_ ## state }

#define VIOLET_ROW_ANSWER(is, when, action)                                   \
    { is, when, VIOLET_DECISION_ ## action, 0, 0, 0, VIOLET_RECORD_NONE }


static unsigned violet_cart_decide_kind(const violet_cart_record_t *record,
    const violet_cart_ask_t *ask);
static unsigned violet_cart_decide_ask(const violet_cart_record_t *record,
    const violet_cart_ask_t *ask);
static unsigned violet_cart_decide_shown(const violet_cart_shown_t *shown,
    const violet_cart_ask_t *ask);
static void violet_cart_decide_row(const violet_decision_row_t *row,
    const violet_cart_record_t *record, const violet_cart_shown_t *shown,
    const violet_cart_ask_t *ask, violet_cart_decision_t *decision);
static int violet_cart_settled(const violet_cart_record_t *record,
    int64_t settle);


static const violet_decision_row_t  violet_decision_rows[] = {

    VIOLET_ROW_MANUAL(VIOLET_IS_ANY, VIOLET_IF_REUSED, OTHER_BODY),

    /* none, failed, requires_action: no read */

    VIOLET_ROW_SEND(VIOLET_IS_FREE, VIOLET_IF_SUBMIT),

    /* in flight: no read */

    VIOLET_ROW_LATER(VIOLET_IS_FLIGHT, 0, IN_FLIGHT, FLIGHT),

    /* Redis has no claim, and without it nothing is sent */

    VIOLET_ROW_LATER(VIOLET_IS_UNHEARD, VIOLET_IF_REFUSE, NO_GUARD, FAILED),

    /* everything else depends on the read */

    VIOLET_ROW_READ(VIOLET_IS_ANY, VIOLET_IF_UNREAD),

    /* a POST orders whose order is not known */

    VIOLET_ROW_SEND(VIOLET_IS_UNHEARD, VIOLET_IF_BLIND),
    VIOLET_ROW_SEND(VIOLET_IS_DOUBT, VIOLET_IF_BLIND|VIOLET_IF_AGAIN),
    VIOLET_ROW_MANUAL(VIOLET_IS_DOUBT, VIOLET_IF_BLIND, UNKNOWN),
    VIOLET_ROW_MANUAL(VIOLET_IS_ORDERED, VIOLET_IF_BLIND, COMPLETED),

    /* completed, partial */

    VIOLET_ROW_MANUAL(VIOLET_IS_ORDERED, VIOLET_IF_OPEN|VIOLET_IF_SETTLED,
                      COMPLETED),
    VIOLET_ROW_LATER(VIOLET_IS_ORDERED, VIOLET_IF_OPEN, COMPLETED, LEFT),
    VIOLET_ROW_ANSWER(VIOLET_IS_ORDERED, VIOLET_IF_ORDER, RECORDED),
    VIOLET_ROW_LATER(VIOLET_IS_ORDERED, 0, COMPLETED, FAILED),

    /* a question without a doubt */

    VIOLET_ROW_ANSWER(VIOLET_IS_FREE, VIOLET_IF_OPEN, NOT_SUBMITTED),
    VIOLET_ROW_ANSWER(VIOLET_IS_FREE, VIOLET_IF_ORDER, SHOWN),

    /* pending, unknown; and what Redis has no claim of */

    VIOLET_ROW_SEND(VIOLET_IS_CLEARED, VIOLET_IF_ORDER|VIOLET_IF_AGAIN),
    VIOLET_ROW_SHOWN(VIOLET_IS_CLEARED, VIOLET_IF_DONE, COMPLETED),
    VIOLET_ROW_SHOWN(VIOLET_IS_CLEARED, VIOLET_IF_GOES_ON, PENDING),
    VIOLET_ROW_SHOWN(VIOLET_IS_CLEARED, VIOLET_IF_REJECTED, FAILED),
    VIOLET_ROW_SEND(VIOLET_IS_CLEARED, VIOLET_IF_OPEN|VIOLET_IF_SETTLED
                    |VIOLET_IF_CLEAN|VIOLET_IF_FEW|VIOLET_IF_SUBMIT),
    VIOLET_ROW_ANSWER(VIOLET_IS_CLEARED, VIOLET_IF_OPEN|VIOLET_IF_SETTLED
                      |VIOLET_IF_CLEAN|VIOLET_IF_QUESTION, NOT_SUBMITTED),
    VIOLET_ROW_SHOWN(VIOLET_IS_CLEARED, VIOLET_IF_FAILED|VIOLET_IF_SETTLED,
                     FAILED),
    VIOLET_ROW_MANUAL(VIOLET_IS_CLEARED, VIOLET_IF_ORDER|VIOLET_IF_SETTLED,
                      UNKNOWN),
    VIOLET_ROW_LATER(VIOLET_IS_CLEARED, VIOLET_IF_ORDER, UNKNOWN, LEFT),

    /* the read has failed */

    VIOLET_ROW_MANUAL(VIOLET_IS_ANY, VIOLET_IF_REFUSED, CREDENTIALS),
    VIOLET_ROW_LATER(VIOLET_IS_UNHEARD, 0, NO_GUARD, FAILED),
    VIOLET_ROW_LATER(VIOLET_IS_ANY, 0, UNKNOWN, FAILED)
};


void
violet_cart_decide(const violet_cart_record_t *record,
    const violet_cart_shown_t *shown, const violet_cart_ask_t *ask,
    violet_cart_decision_t *decision)
{
    unsigned                      is, when;
    const violet_decision_row_t  *row;

    is = violet_cart_decide_kind(record, ask);
    when = violet_cart_decide_ask(record, ask)
           | violet_cart_decide_shown(shown, ask);

    /* what has no doubt has nothing to wait for */

    if (!(is & (VIOLET_IS_DOUBT|VIOLET_IS_ORDERED))
        || record->state == VIOLET_RECORD_FAILED
        || record->state == VIOLET_RECORD_REQUIRES_ACTION
        || violet_cart_settled(record, ask->settle))
    {
        when |= VIOLET_IF_SETTLED;
    }

    /* the last row fits always */

    for (row = violet_decision_rows; ; row++) {

        if ((row->is & is) && (row->when & when) == row->when) {
            break;
        }
    }

    violet_cart_decide_row(row, record, shown, ask, decision);
}


static unsigned
violet_cart_decide_kind(const violet_cart_record_t *record,
    const violet_cart_ask_t *ask)
{
    switch (record->state) {

    case VIOLET_RECORD_IN_FLIGHT:
        return VIOLET_IS_FLIGHT;

    case VIOLET_RECORD_COMPLETED:
    case VIOLET_RECORD_PARTIAL:
        return VIOLET_IS_ORDERED;

    case VIOLET_RECORD_NONE:
    case VIOLET_RECORD_FAILED:
    case VIOLET_RECORD_REQUIRES_ACTION:

        if (record->evidence) {
            return VIOLET_IS_DOUBT;
        }

        return ask->unshared && !ask->question ? VIOLET_IS_UNHEARD
                                               : VIOLET_IS_FREE;

    default: /* VIOLET_RECORD_PENDING, VIOLET_RECORD_UNKNOWN */
        return VIOLET_IS_DOUBT;
    }
}


static unsigned
violet_cart_decide_ask(const violet_cart_record_t *record,
    const violet_cart_ask_t *ask)
{
    unsigned  when;

    /* of a record that could not be read the body is not known */
    static const unsigned char  none[VIOLET_RECORD_DIGEST];

    when = ask->question ? VIOLET_IF_QUESTION : VIOLET_IF_SUBMIT;

    if (ask->key
        && record->state != VIOLET_RECORD_NONE
        && record->state != VIOLET_RECORD_FAILED
        && memcmp(record->body, none, VIOLET_RECORD_DIGEST) != 0
        && memcmp(record->body, ask->body, VIOLET_RECORD_DIGEST) != 0)
    {
        when |= VIOLET_IF_REUSED;
    }

    if (ask->refuse) {
        when |= VIOLET_IF_REFUSE;
    }

    if (record->evidence == 0) {
        when |= VIOLET_IF_CLEAN;
    }

    if (record->doubts < VIOLET_SETTLE_DOUBTS) {
        when |= VIOLET_IF_FEW;
    }

    return when;
}


static unsigned
violet_cart_decide_shown(const violet_cart_shown_t *shown,
    const violet_cart_ask_t *ask)
{
    unsigned  when;

    when = 0;

    if (ask->again && !ask->question
        && !(shown->seen & (VIOLET_SEEN_EVIDENCE|VIOLET_SEEN_ORDERED)))
    {
        when |= VIOLET_IF_AGAIN;
    }

    switch (shown->state) {

    case VIOLET_READ_NOT_YET:
        return when | VIOLET_IF_UNREAD;

    case VIOLET_READ_IMPOSSIBLE:
        return when | VIOLET_IF_BLIND;

    case VIOLET_READ_FAILED:
        return when;

    case VIOLET_READ_REFUSED:
        return when | VIOLET_IF_REFUSED;

    default: /* VIOLET_READ_ORDER */
        when |= VIOLET_IF_ORDER;
    }

    if (shown->seen & VIOLET_SEEN_OPEN) {
        when |= VIOLET_IF_OPEN;
    }

    switch (shown->outcome) {

    case VIOLET_CART_COMPLETED:
    case VIOLET_CART_PARTIAL:
        return when | VIOLET_IF_DONE;

    case VIOLET_CART_PENDING:

        if (shown->seen & (VIOLET_SEEN_SUBMITTED|VIOLET_SEEN_PROCESSING)) {
            when |= VIOLET_IF_GOES_ON;
        }

        return when;

    case VIOLET_CART_FAILED:

        if (shown->seen & VIOLET_SEEN_REJECTED) {
            when |= VIOLET_IF_REJECTED;
        }

        return when | VIOLET_IF_FAILED;

    default:
        return when;
    }
}


static void
violet_cart_decide_row(const violet_decision_row_t *row,
    const violet_cart_record_t *record, const violet_cart_shown_t *shown,
    const violet_cart_ask_t *ask, violet_cart_decision_t *decision)
{
    memset(decision, 0, sizeof(violet_cart_decision_t));

    decision->action = row->action;
    decision->refusal = row->refusal;
    decision->manual = row->manual;
    decision->after = row->after;
    decision->state = row->state;

    if (row->action == VIOLET_DECISION_READ) {
        return;
    }

    if (row->action == VIOLET_DECISION_SEND) {

        if (ask->unshared && ask->refuse) {
            decision->action = VIOLET_DECISION_REFUSE;
            decision->refusal = VIOLET_CART_REFUSAL_NO_GUARD;
            decision->after = VIOLET_AFTER_FAILED;
            decision->state = VIOLET_RECORD_NONE;
            return;
        }

        /* a read has cleared up the doubt: it was not submitted */

        decision->again = (row->when & VIOLET_IF_AGAIN)
                          && !((shown->seen & VIOLET_SEEN_OPEN)
                               && record->evidence == 0
                               && violet_cart_settled(record, ask->settle));
        return;
    }

    if (row->after == VIOLET_AFTER_LEFT) {
        decision->after = violet_cart_settle_left(record, ask->settle);
    }

    decision->alarm = row->refusal == VIOLET_CART_REFUSAL_COMPLETED
                      && row->manual && (row->when & VIOLET_IF_OPEN);

    if (row->state == VIOLET_RECORD_COMPLETED
        && shown->outcome == VIOLET_CART_PARTIAL)
    {
        decision->state = VIOLET_RECORD_PARTIAL;
    }

    if (ask->question || violet_cart_record_ordered(record)) {
        decision->state = VIOLET_RECORD_NONE;
        return;
    }

    decision->changed = (decision->state != VIOLET_RECORD_NONE
                         && decision->state != record->state)
                        || (shown->seen & VIOLET_SEEN_EVIDENCE
                            & ~record->evidence);
}


void
violet_cart_decided(violet_cart_record_t *record,
    const violet_cart_shown_t *shown, const violet_cart_decision_t *decision)
{
    if (!decision->changed) {
        return;
    }

    record->evidence |= shown->seen & VIOLET_SEEN_EVIDENCE;

    if (decision->state == VIOLET_RECORD_NONE
        || decision->state == record->state)
    {
        if (record->state == VIOLET_RECORD_NONE) {
            record->state = VIOLET_RECORD_UNKNOWN;
        }

        return;
    }

    record->state = (uint8_t) decision->state;
    record->flags = 0;
    record->left = 0;

    if (decision->state == VIOLET_RECORD_PARTIAL) {
        memcpy(record->bags, shown->bags, sizeof(record->bags));
        record->flags = (shown->manual ? VIOLET_RECORD_MANUAL : 0)
                        | (shown->more ? VIOLET_RECORD_MORE : 0);
    }
}


unsigned
violet_cart_seen_bits(const violet_cart_seen_t *seen)
{
    return (seen->submitted ? VIOLET_SEEN_SUBMITTED : 0)
           | (seen->made || seen->accepted ? VIOLET_SEEN_MADE : 0)
           | (seen->processing ? VIOLET_SEEN_PROCESSING : 0)
           | (seen->ordered ? VIOLET_SEEN_ORDERED : 0)
           | (seen->rejected ? VIOLET_SEEN_REJECTED : 0)
           | (seen->not_submitted ? VIOLET_SEEN_OPEN : 0);
}


int
violet_cart_failed_bags(const violet_cart_verdict_t *verdict, int64_t *bags)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < verdict->nfailed; i++) {

        if (i == VIOLET_CART_FAILED_BAGS || n == VIOLET_RECORD_BAGS) {
            break;
        }

        if (verdict->failed[i] > 0) {
            bags[n++] = verdict->failed[i];
        }
    }

    return n < verdict->nfailed;
}


int64_t
violet_cart_settle_first(int64_t timeout)
{
    if (timeout > INT64_MAX - VIOLET_SETTLE_SLACK) {
        return timeout;
    }

    timeout += VIOLET_SETTLE_SLACK;

    return timeout > VIOLET_SETTLE_MIN ? timeout : VIOLET_SETTLE_MIN;
}


int64_t
violet_cart_settle_time(int64_t settle, unsigned doubts)
{
    while (doubts > 1 && settle < VIOLET_SETTLE_MAX) {
        settle *= 2;
        doubts--;

        if (settle > VIOLET_SETTLE_MAX) {
            return VIOLET_SETTLE_MAX;
        }
    }

    return settle;
}


int64_t
violet_cart_settle_left(const violet_cart_record_t *record, int64_t settle)
{
    int64_t  left;

    left = violet_cart_settle_time(settle, record->doubts) - record->since;

    return left > 1000 ? (left + 999) / 1000 : 1;
}


static int
violet_cart_settled(const violet_cart_record_t *record, int64_t settle)
{
    return record->since >= violet_cart_settle_time(settle, record->doubts);
}


/*
 * The host's memory is claimed first: it decides between the workers of the
 * host.  Then Redis is claimed: it decides between the hosts.  A record that
 * Redis may not have is "unsaved": Redis is told again, and it is joined with
 * what Redis has.
 */

#include <string.h>

#include "violet_cart_guard_priv.h"


/* s: Retry-After */
#define VIOLET_GUARD_BUSY   5
#define VIOLET_GUARD_FULL   10


static violet_cart_step_t violet_cart_guard_look(violet_cart_guard_t *guard);
static violet_cart_step_t violet_cart_guard_decide(
    violet_cart_guard_t *guard);
static violet_cart_step_t violet_cart_guard_claim(violet_cart_guard_t *guard);
static violet_cart_step_t violet_cart_guard_answer(
    violet_cart_guard_t *guard);
static violet_cart_step_t violet_cart_guard_refuse(violet_cart_guard_t *guard,
    violet_cart_refusal_t refusal, int64_t after);
static violet_cart_step_t violet_cart_guard_adopt(violet_cart_guard_t *guard,
    const violet_cart_redis_reply_t *reply);
static violet_cart_step_t violet_cart_guard_claimed(
    violet_cart_guard_t *guard, const violet_cart_redis_reply_t *reply);
static violet_cart_step_t violet_cart_guard_again(violet_cart_guard_t *guard);
static void violet_cart_guard_unread(violet_cart_guard_t *guard);


violet_cart_step_t
violet_cart_guard_start(violet_cart_guard_t *guard)
{
    violet_cart_guard_load(guard);

    guard->record = guard->memory;

    violet_cart_guard_unread(guard);

    /* a flight of this host is known best here */

    if (!guard->redis
        || (guard->own && guard->memory.state == VIOLET_RECORD_IN_FLIGHT))
    {
        return violet_cart_guard_decide(guard);
    }

    if (guard->memory.state == VIOLET_RECORD_NONE) {
        guard->version.kind = VIOLET_VERSION_NONE;

    } else if (!guard->unsaved) {
        guard->version.kind = VIOLET_VERSION_RECORD;
        guard->version.seq = guard->memory.seq;
        guard->version.stamp = guard->memory.stamp;

    } else {
        return violet_cart_guard_look(guard);
    }

    violet_cart_decide(&guard->record, &guard->shown, &guard->ask,
                       &guard->decision);

    if (guard->decision.action == VIOLET_DECISION_SEND) {
        return violet_cart_guard_claim(guard);
    }

    return violet_cart_guard_look(guard);
}


void
violet_cart_guard_load(violet_cart_guard_t *guard)
{
    violet_cart_held_t  held;

    memset(&held, 0, sizeof(violet_cart_held_t));

    guard->host->load(guard->host->data, &held);

    guard->memory = held.record;
    guard->unsaved = held.unsaved;
    guard->own = held.own;
    guard->undecided = held.undecided;
}


static violet_cart_step_t
violet_cart_guard_look(violet_cart_guard_t *guard)
{
    return violet_cart_guard_ask(guard, VIOLET_PHASE_LOOK, NULL);
}


static violet_cart_step_t
violet_cart_guard_decide(violet_cart_guard_t *guard)
{
    violet_cart_decide(&guard->record, &guard->shown, &guard->ask,
                       &guard->decision);

    switch (guard->decision.action) {

    case VIOLET_DECISION_READ:
        return VIOLET_GUARD_READ;

    case VIOLET_DECISION_SEND:
        return violet_cart_guard_claim(guard);

    default:
        return violet_cart_guard_answer(guard);
    }
}


static violet_cart_step_t
violet_cart_guard_claim(violet_cart_guard_t *guard)
{
    int                   ask;
    violet_cart_record_t  claim;

    guard->before = guard->record;

    claim = guard->record;

    violet_cart_record_claim(&claim, guard->token, guard->body, guard->sent,
                             guard->decision.again);
    violet_cart_guard_next(guard, &claim);

    guard->claim = claim;

    /* Redis may be back since the order was read: it is asked once more */

    ask = guard->redis && (!guard->away || !guard->retried);

    guard->retried |= guard->away;
    guard->deciding = ask;

    switch (violet_cart_guard_store(guard, &claim, 1, 1)) {

    case VIOLET_HOST_STORED:
        guard->held = 1;
        break;

    case VIOLET_HOST_CHANGED:

        return violet_cart_guard_again(guard);

    default: /* VIOLET_HOST_FULL */

        if (!guard->redis || guard->away) {
            return violet_cart_guard_refuse(guard,
                                            VIOLET_CART_REFUSAL_NO_GUARD,
                                            VIOLET_GUARD_FULL);
        }

        guard->stray = 1;
    }

    guard->record = claim;

    if (ask) {
        return violet_cart_guard_ask(guard, VIOLET_PHASE_CLAIM, &claim);
    }

    guard->claimed = 1;

    return VIOLET_GUARD_SEND;
}


/* Every refusal prolongs a record; an answer may change it. */

static violet_cart_step_t
violet_cart_guard_answer(violet_cart_guard_t *guard)
{
    violet_cart_record_t  record;

    if (guard->ask.question || guard->record.state == VIOLET_RECORD_IN_FLIGHT)
    {
        return VIOLET_GUARD_ANSWER;
    }

    record = guard->record;

    violet_cart_decided(&record, &guard->shown, &guard->decision);

    if (guard->held) {
        violet_cart_guard_leave(guard);
    }

    if (record.state == VIOLET_RECORD_NONE) {
        return VIOLET_GUARD_ANSWER;
    }

    /* Redis may run our claim later: it knows it by its token */

    if (guard->away) {
        memcpy(record.token, guard->token, VIOLET_RECORD_DIGEST);
    }

    violet_cart_guard_next(guard, &record);

    if (violet_cart_guard_store(guard, &record, 1, 0) == VIOLET_HOST_CHANGED)
    {
        return guard->decision.changed ? violet_cart_guard_again(guard)
                                       : VIOLET_GUARD_ANSWER;
    }

    guard->record = record;

    if (!guard->redis || guard->away) {
        return VIOLET_GUARD_ANSWER;
    }

    return violet_cart_guard_ask(guard, VIOLET_PHASE_ANSWER, &record);
}


/* The record has changed: it is decided on anew, a bounded number of times. */

static violet_cart_step_t
violet_cart_guard_again(violet_cart_guard_t *guard)
{
    if (guard->held) {
        violet_cart_guard_leave(guard);
    }

    if (++guard->tries > VIOLET_GUARD_TRIES) {
        return violet_cart_guard_refuse(guard, VIOLET_CART_REFUSAL_IN_FLIGHT,
                                        VIOLET_GUARD_BUSY);
    }

    return violet_cart_guard_start(guard);
}


static violet_cart_step_t
violet_cart_guard_refuse(violet_cart_guard_t *guard,
    violet_cart_refusal_t refusal, int64_t after)
{
    memset(&guard->decision, 0, sizeof(violet_cart_decision_t));

    guard->decision.action = VIOLET_DECISION_REFUSE;
    guard->decision.refusal = refusal;
    guard->decision.after = after;

    return VIOLET_GUARD_ANSWER;
}


violet_cart_step_t
violet_cart_guard_redis(violet_cart_guard_t *guard,
    const violet_cart_redis_reply_t *reply, int64_t elapsed)
{
    guard->away = reply->status == VIOLET_REDIS_AWAY;
    guard->ask.unshared = guard->away || reply->lost;
    guard->ask.refuse = guard->refuse
                        && (guard->away || (reply->lost && reply->fresh));

    switch (guard->phase) {

    case VIOLET_PHASE_CLAIM:

        /* a worker that stood still: the claim may be another's by now */

        if (elapsed > VIOLET_RECORD_FLIGHT / 2) {
            violet_cart_guard_leave(guard);

            return violet_cart_guard_refuse(guard,
                                            VIOLET_CART_REFUSAL_IN_FLIGHT,
                                            VIOLET_GUARD_BUSY);
        }

        return violet_cart_guard_claimed(guard, reply);

    case VIOLET_PHASE_LOOK:

        if (guard->away) {
            return violet_cart_guard_decide(guard);
        }

        return violet_cart_guard_adopt(guard, reply);

    default: /* VIOLET_PHASE_ANSWER */

        if (reply->status == VIOLET_REDIS_WRITTEN) {
            guard->host->shared(guard->host->data, &guard->record);
            guard->stray = 0;

        } else if (!guard->away && guard->decision.changed) {
            return violet_cart_guard_again(guard);
        }

        return VIOLET_GUARD_ANSWER;
    }
}


static violet_cart_step_t
violet_cart_guard_claimed(violet_cart_guard_t *guard,
    const violet_cart_redis_reply_t *reply)
{
    int  written;

    /* Redis has run it, but the first answer was lost with the connection */

    written = reply->status == VIOLET_REDIS_WRITTEN
              || (reply->status == VIOLET_REDIS_KEPT
                  && reply->version.kind == VIOLET_VERSION_RECORD
                  && violet_cart_record_same(&reply->record, &guard->write));

    if (written) {
        guard->version.kind = VIOLET_VERSION_RECORD;
        guard->version.seq = guard->record.seq;
        guard->version.stamp = guard->record.stamp;

        guard->host->shared(guard->host->data, &guard->record);

        /*
         * An earlier record may be lost: then a read comes first, or, with
         * without_redis=refuse, nothing is sent while another host may still
         * know that record.
         */

        if (!reply->lost
            || (guard->shown.state != VIOLET_READ_NOT_YET
                && !guard->ask.refuse))
        {
            guard->claimed = 1;
            guard->deciding = 0;
            guard->stray = 0;

            return VIOLET_GUARD_SEND;
        }
    }

    if (reply->status == VIOLET_REDIS_KEPT && !written) {

        if (++guard->tries > VIOLET_GUARD_TRIES) {
            violet_cart_guard_leave(guard);

            return violet_cart_guard_refuse(guard,
                                            VIOLET_CART_REFUSAL_IN_FLIGHT,
                                            VIOLET_GUARD_BUSY);
        }

        /* our claim that was not answered: Redis has run it since */

        if (guard->tried.kind == VIOLET_VERSION_RECORD
            && reply->version.kind == VIOLET_VERSION_RECORD
            && reply->version.seq == guard->tried.seq
            && reply->version.stamp == guard->tried.stamp)
        {
            guard->version = reply->version;

            return violet_cart_guard_ask(guard, VIOLET_PHASE_CLAIM,
                                         &guard->record);
        }

        guard->record = guard->before;
        guard->stray = 0;

        return violet_cart_guard_adopt(guard, reply);
    }

    guard->record = guard->before;

    /* Redis may have run the claim, or run it later */

    guard->tried.kind = VIOLET_VERSION_RECORD;
    guard->tried.seq = guard->write.seq;
    guard->tried.stamp = guard->write.stamp;

    return violet_cart_guard_decide(guard);
}


/* Takes the record of Redis to memory, joined with what memory has. */

static violet_cart_step_t
violet_cart_guard_adopt(violet_cart_guard_t *guard,
    const violet_cart_redis_reply_t *reply)
{
    int                   unsaved;
    violet_cart_record_t  joined;

    guard->version = reply->version;

    unsaved = violet_cart_record_join(&guard->record, &reply->record,
                                      guard->unsaved, &joined);

    if (unsaved) {
        violet_cart_guard_next(guard, &joined);
    }

    if (guard->held && joined.state == VIOLET_RECORD_NONE) {
        violet_cart_guard_leave(guard);

    } else if ((unsaved || joined.state != VIOLET_RECORD_NONE)
               && !violet_cart_record_same(&joined, &guard->memory)
               && violet_cart_guard_store(guard, &joined, unsaved, 0)
                  == VIOLET_HOST_CHANGED)
    {
        return violet_cart_guard_again(guard);
    }

    guard->held = 0;
    guard->unsaved = unsaved;
    guard->record = joined;

    violet_cart_guard_unread(guard);

    return violet_cart_guard_decide(guard);
}


violet_cart_step_t
violet_cart_guard_read(violet_cart_guard_t *guard,
    const violet_cart_shown_t *shown, int64_t elapsed)
{
    violet_cart_record_pass(&guard->record, elapsed);

    guard->shown = *shown;

    return violet_cart_guard_decide(guard);
}


void
violet_cart_guard_leave(violet_cart_guard_t *guard)
{
    violet_cart_record_t  record;

    if (!guard->held) {
        return;
    }

    guard->held = 0;

    violet_cart_guard_load(guard);

    record = guard->memory;

    if (violet_cart_record_cancel(&record, guard->token, &guard->before)
        != 0)
    {
        return;
    }

    violet_cart_guard_next(guard, &record);

    guard->left = (violet_cart_guard_store(guard, &record, 1, 0)
                   == VIOLET_HOST_STORED);
}


violet_cart_host_store_t
violet_cart_guard_store(violet_cart_guard_t *guard,
    const violet_cart_record_t *record, int unsaved, int own)
{
    violet_cart_held_t        held;
    violet_cart_host_store_t  rc;

    held.record = *record;
    held.unsaved = unsaved && guard->redis;
    held.own = own;
    held.undecided = own && guard->deciding;

    rc = guard->host->store(guard->host->data, &guard->memory, &held);

    if (rc == VIOLET_HOST_STORED) {
        guard->memory = *record;
    }

    return rc;
}


violet_cart_step_t
violet_cart_guard_ask(violet_cart_guard_t *guard, violet_cart_phase_t phase,
    const violet_cart_record_t *write)
{
    guard->phase = phase;
    guard->writes = (write != NULL);
    guard->replaces = 0;

    if (write) {
        guard->expected = guard->version;
        guard->write = *write;
    }

    return VIOLET_GUARD_REDIS;
}


/* The number of the next write is larger than any that is known. */

void
violet_cart_guard_next(violet_cart_guard_t *guard,
    violet_cart_record_t *record)
{
    uint32_t  seq;

    seq = record->seq > guard->memory.seq ? record->seq : guard->memory.seq;

    violet_cart_record_next(record, seq,
                            guard->host->random(guard->host->data));

    /* a record that was told keeps its time */

    if (guard->time || !violet_cart_record_ordered(record)) {
        record->kept = violet_cart_record_keep(record, guard->time);
    }
}


/* Nothing was read yet of the record that is decided on now. */

static void
violet_cart_guard_unread(violet_cart_guard_t *guard)
{
    memset(&guard->shown, 0, sizeof(violet_cart_shown_t));

    if (guard->ask.key && guard->record.order_id == 0) {
        guard->shown.state = VIOLET_READ_IMPOSSIBLE;
    }
}

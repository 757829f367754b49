
/*
 * A submit that was claimed: it goes on, has ended, or was not sent.  The
 * host's memory hears of it at once.  Redis is told; what it has not heard is
 * "unsaved", and told again by whoever calls violet_cart_guard_tell().
 */

#include <string.h>

#include "violet_cart_guard_priv.h"


static violet_cart_step_t violet_cart_guard_end(violet_cart_guard_t *guard,
    const violet_cart_record_t *record, int own);


violet_cart_step_t
violet_cart_guard_renew(violet_cart_guard_t *guard)
{
    violet_cart_record_t  record;

    violet_cart_guard_load(guard);

    /* memory had no room */

    record = guard->memory.state == VIOLET_RECORD_NONE ? guard->record
                                                       : guard->memory;

    if (violet_cart_record_renew(&record, guard->token) != 0) {
        return VIOLET_GUARD_ANSWER;
    }

    return violet_cart_guard_end(guard, &record, 1);
}


violet_cart_step_t
violet_cart_guard_settle(violet_cart_guard_t *guard,
    const violet_cart_end_t *end, int *doubted)
{
    unsigned              n;
    violet_cart_step_t    step;
    violet_cart_record_t  record;

    for (n = 0; ; n++) {
        violet_cart_guard_load(guard);

        record = guard->memory.state == VIOLET_RECORD_NONE ? guard->record
                                                           : guard->memory;

        *doubted = violet_cart_record_settle(&record, end);

        step = violet_cart_guard_end(guard, &record, 0);

        /* another worker may have written in between: it is settled again */

        if (guard->memory.state == VIOLET_RECORD_NONE
            || violet_cart_record_same(&guard->memory, &guard->record)
            || n == VIOLET_GUARD_TRIES)
        {
            return step;
        }
    }
}


violet_cart_step_t
violet_cart_guard_cancel(violet_cart_guard_t *guard)
{
    violet_cart_record_t  record;

    guard->held = 0;

    violet_cart_guard_load(guard);

    record = guard->memory.state == VIOLET_RECORD_NONE ? guard->record
                                                       : guard->memory;

    if (violet_cart_record_cancel(&record, guard->token, &guard->before)
        != 0)
    {
        return VIOLET_GUARD_ANSWER;
    }

    return violet_cart_guard_end(guard, &record, 0);
}


violet_cart_step_t
violet_cart_guard_withdraw(violet_cart_guard_t *guard)
{
    violet_cart_record_t  record;

    record = guard->claim;

    if (!guard->stray
        || violet_cart_record_cancel(&record, guard->token, &guard->before)
           != 0)
    {
        return VIOLET_GUARD_ANSWER;
    }

    violet_cart_guard_load(guard);

    guard->stray = 0;
    guard->tries = 0;
    guard->version.kind = VIOLET_VERSION_RECORD;
    guard->version.seq = guard->claim.seq;
    guard->version.stamp = guard->claim.stamp;

    violet_cart_guard_next(guard, &record);

    guard->record = record;

    return violet_cart_guard_ask(guard, VIOLET_PHASE_TELL, &record);
}


/*
 * Writes what became of the submit.  If another worker changes the record in
 * memory between load and store, an end is settled again; of what is no end
 * Redis is told, and memory hears of it from there.
 *
 * Nothing counts more than an order that was made, so Redis need not compare
 * before it writes one.  What it had besides is joined afterwards, if it was
 * not our claim; should that fail, it was no order, or another one of the cart.
 */

static violet_cart_step_t
violet_cart_guard_end(violet_cart_guard_t *guard,
    const violet_cart_record_t *record, int own)
{
    violet_cart_record_t  next;

    next = *record;

    if (!guard->unsaved && guard->memory.state != VIOLET_RECORD_NONE) {
        guard->version.kind = VIOLET_VERSION_RECORD;
        guard->version.seq = guard->memory.seq;
        guard->version.stamp = guard->memory.stamp;
    }

    violet_cart_guard_next(guard, &next);

    (void) violet_cart_guard_store(guard, &next, 1, own);

    guard->record = next;
    guard->tries = 0;

    if (!guard->redis) {
        return VIOLET_GUARD_ANSWER;
    }

    (void) violet_cart_guard_ask(guard, VIOLET_PHASE_TELL, &next);

    guard->replaces = violet_cart_record_ordered(&next);

    return VIOLET_GUARD_REDIS;
}


violet_cart_step_t
violet_cart_guard_tell(violet_cart_guard_t *guard)
{
    violet_cart_guard_load(guard);

    /* memory had no room: the guard of the submit alone has the record */

    if (guard->memory.state == VIOLET_RECORD_NONE) {

        if (!guard->redis || guard->record.state == VIOLET_RECORD_NONE) {
            return VIOLET_GUARD_ANSWER;
        }

        return violet_cart_guard_ask(guard, VIOLET_PHASE_TELL, &guard->record);
    }

    if (!guard->redis || !guard->unsaved
        || (guard->undecided
            && guard->memory.state == VIOLET_RECORD_IN_FLIGHT))
    {
        return VIOLET_GUARD_ANSWER;
    }

    /* a Redis that was emptied has none */

    guard->record = guard->memory;

    return violet_cart_guard_ask(guard, VIOLET_PHASE_TELL, &guard->record);
}


violet_cart_step_t
violet_cart_guard_told(violet_cart_guard_t *guard,
    const violet_cart_redis_reply_t *reply)
{
    int                   unsaved, own;
    violet_cart_record_t  host, joined;

    if (reply->status == VIOLET_REDIS_AWAY) {
        return VIOLET_GUARD_ANSWER;
    }

    if (reply->status == VIOLET_REDIS_WRITTEN) {
        guard->host->shared(guard->host->data, &guard->record);

        return VIOLET_GUARD_ANSWER;
    }

    if (++guard->tries > VIOLET_GUARD_TRIES) {
        return VIOLET_GUARD_ANSWER;
    }

    host = guard->record;

    violet_cart_guard_load(guard);

    if (guard->memory.state != VIOLET_RECORD_NONE) {
        host = guard->memory;
    }

    unsaved = violet_cart_record_join(&host, &reply->record, 1, &joined);

    own = guard->own && joined.state == VIOLET_RECORD_IN_FLIGHT
          && memcmp(joined.token, host.token, VIOLET_RECORD_DIGEST) == 0;

    if (unsaved) {
        violet_cart_guard_next(guard, &joined);
    }

    if (violet_cart_guard_store(guard, &joined, unsaved, own)
        == VIOLET_HOST_CHANGED)
    {
        return VIOLET_GUARD_ANSWER;
    }

    if (!unsaved) {
        return VIOLET_GUARD_ANSWER;
    }

    guard->version = reply->version;
    guard->record = joined;

    return violet_cart_guard_ask(guard, VIOLET_PHASE_TELL, &joined);
}


/*
 * An operator frees a submit: the record becomes one of a failed submit, so the
 * next submit of the cart is sent.  It is not deleted: hosts that have the
 * record take the newer one, and a deleted one they would restore.
 */

#include <string.h>

#include "violet_cart_guard_priv.h"


violet_cart_step_t
violet_cart_guard_free(violet_cart_guard_t *guard)
{
    violet_cart_record_t  record;

    memset(&guard->decision, 0, sizeof(violet_cart_decision_t));
    memset(&record, 0, sizeof(violet_cart_record_t));

    record.state = VIOLET_RECORD_FAILED;
    record.seq = guard->record.seq;

    /* a flight of this host was decided on without Redis */

    if (guard->version.kind == VIOLET_VERSION_NONE && !guard->unsaved
        && guard->memory.state != VIOLET_RECORD_NONE)
    {
        guard->version.kind = VIOLET_VERSION_RECORD;
        guard->version.seq = guard->memory.seq;
        guard->version.stamp = guard->memory.stamp;
    }

    violet_cart_guard_next(guard, &record);

    if (violet_cart_guard_store(guard, &record, 1, 0) == VIOLET_HOST_CHANGED)
    {
        return VIOLET_GUARD_ANSWER;
    }

    guard->record = record;

    if (!guard->redis || guard->away) {
        return VIOLET_GUARD_ANSWER;
    }

    return violet_cart_guard_ask(guard, VIOLET_PHASE_ANSWER, &record);
}


int
violet_cart_guard_is_free(violet_cart_guard_t *guard)
{
    violet_cart_guard_load(guard);

    return violet_cart_record_same(&guard->memory, &guard->record)
           && (!guard->unsaved || guard->away);
}

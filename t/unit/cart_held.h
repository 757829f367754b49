
/*
 * A guard whose host keeps one record, for tests of single steps.
 */

#ifndef VIOLET_TEST_CART_HELD_H
#define VIOLET_TEST_CART_HELD_H


#include <stdint.h>
#include <string.h>

#include "violet_cart_guard.h"


/* what the host's memory says to the next claims */

static violet_cart_host_store_t  stored = VIOLET_HOST_STORED;


static void
host_load(void *data, violet_cart_held_t *held)
{
    *held = *(violet_cart_held_t *) data;
}


static violet_cart_host_store_t
host_store(void *data, const violet_cart_record_t *expected,
    const violet_cart_held_t *held)
{
    (void) expected;

    if (stored == VIOLET_HOST_STORED) {
        *(violet_cart_held_t *) data = *held;
    }

    return stored;
}


static void
host_shared(void *data, const violet_cart_record_t *record)
{
    violet_cart_held_t  *held = data;

    if (violet_cart_record_same(&held->record, record)) {
        held->unsaved = 0;
        held->undecided = 0;
    }
}


static uint32_t
host_random(void *data)
{
    static uint32_t  n;

    (void) data;

    return ++n;
}


static void
guard_set(violet_cart_guard_t *guard, const violet_cart_host_t *host,
    int redis)
{
    memset(guard, 0, sizeof(violet_cart_guard_t));

    guard->host = host;
    guard->redis = (redis != 0);
    guard->token[0] = 1;
    guard->ask.body = guard->body;
    guard->ask.settle = 60000;
    guard->time = 86400000;
}


#endif /* VIOLET_TEST_CART_HELD_H */

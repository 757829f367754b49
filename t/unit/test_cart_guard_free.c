
/*
 * An operator frees a cart: memory and Redis get the record of a submit that
 * failed, unless another version is there by then.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cart_held.h"


static violet_cart_held_t        held;
static const violet_cart_host_t  host = { &held, host_load, host_store,
                                          host_shared, host_random };


/* The host knows of a submit in doubt. */

static void
doubt(violet_cart_guard_t *guard, int redis)
{
    memset(&held, 0, sizeof(held));
    held.record.state = VIOLET_RECORD_UNKNOWN;
    held.record.seq = 5;
    held.record.stamp = 77;
    held.record.left = 60000;
    held.record.kept = 86400000;

    guard_set(guard, &host, redis);
    guard->memory = held.record;
    guard->record = held.record;
}


static void
test_without_redis(void **state)
{
    violet_cart_guard_t  guard;

    (void) state;

    doubt(&guard, 0);
    assert_int_equal(violet_cart_guard_free(&guard), VIOLET_GUARD_ANSWER);
    assert_int_equal(held.record.state, VIOLET_RECORD_FAILED);
    assert_true(held.record.seq > 5);
    assert_false(held.unsaved);
    assert_true(violet_cart_guard_is_free(&guard));

    /* the next submit of the cart is sent */

    guard_set(&guard, &host, 0);
    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_SEND);
}


static void
test_with_redis(void **state)
{
    violet_cart_guard_t        guard;
    violet_cart_redis_reply_t  reply;

    (void) state;

    /* a flight of this host: Redis must have that version */

    doubt(&guard, 1);
    assert_int_equal(violet_cart_guard_free(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(guard.expected.kind, VIOLET_VERSION_RECORD);
    assert_int_equal(guard.expected.seq, 5);
    assert_int_equal(guard.expected.stamp, 77);
    assert_true(guard.writes);
    assert_int_equal(guard.write.state, VIOLET_RECORD_FAILED);
    assert_true(held.unsaved);
    assert_false(violet_cart_guard_is_free(&guard));

    memset(&reply, 0, sizeof(reply));
    reply.version.kind = VIOLET_VERSION_RECORD;
    reply.version.seq = guard.write.seq;
    reply.version.stamp = guard.write.stamp;
    reply.record = guard.write;
    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_ANSWER);
    assert_true(violet_cart_guard_is_free(&guard));

    /* memory has what Redis has not: Redis must have no record */

    doubt(&guard, 1);
    guard.unsaved = 1;
    assert_int_equal(violet_cart_guard_free(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(guard.expected.kind, VIOLET_VERSION_NONE);

    /* nobody has a record */

    doubt(&guard, 1);
    memset(&guard.memory, 0, sizeof(guard.memory));
    assert_int_equal(violet_cart_guard_free(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(guard.expected.kind, VIOLET_VERSION_NONE);

    /* Redis has answered: its version is replaced */

    doubt(&guard, 1);
    guard.version.kind = VIOLET_VERSION_RECORD;
    guard.version.seq = 9;
    assert_int_equal(violet_cart_guard_free(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(guard.expected.seq, 9);
}


static void
test_redis_is_away(void **state)
{
    violet_cart_guard_t  guard;

    (void) state;

    doubt(&guard, 1);
    guard.away = 1;
    assert_int_equal(violet_cart_guard_free(&guard), VIOLET_GUARD_ANSWER);
    assert_int_equal(held.record.state, VIOLET_RECORD_FAILED);
    assert_true(held.unsaved);
    assert_true(violet_cart_guard_is_free(&guard));
}


/* A submit has begun meanwhile: its record stays, and the cart is not free. */

static void
test_another_version(void **state)
{
    violet_cart_guard_t  guard;

    (void) state;

    doubt(&guard, 1);
    held.record.seq = 6;
    held.record.state = VIOLET_RECORD_IN_FLIGHT;
    stored = VIOLET_HOST_CHANGED;

    assert_int_equal(violet_cart_guard_free(&guard), VIOLET_GUARD_ANSWER);
    assert_int_equal(held.record.state, VIOLET_RECORD_IN_FLIGHT);
    assert_int_equal(guard.record.state, VIOLET_RECORD_UNKNOWN);
    assert_false(violet_cart_guard_is_free(&guard));

    stored = VIOLET_HOST_STORED;
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_without_redis),
        cmocka_unit_test(test_with_redis),
        cmocka_unit_test(test_redis_is_away),
        cmocka_unit_test(test_another_version)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}


/*
 * The memory of the host has no room for a claim: Redis alone keeps it, and
 * nobody remembers that it must be taken back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cart_held.h"


/* Redis may hold the claim that memory has no room for; nothing else may. */

static void
test_memory_is_full(void **state)
{
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, host_store,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_redis_reply_t  reply;

    (void) state;

    stored = VIOLET_HOST_FULL;

    memset(&held, 0, sizeof(held));
    memset(&reply, 0, sizeof(reply));
    guard_set(&guard, &host, 0);

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_ANSWER);
    assert_int_equal(guard.decision.refusal, VIOLET_CART_REFUSAL_NO_GUARD);

    guard_set(&guard, &host, 1);

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_SEND);

    stored = VIOLET_HOST_STORED;
}


/* The claim that Redis has, and that nobody remembers, is taken back. */

static void
test_claim_without_memory_is_withdrawn(void **state)
{
    int                        left;
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, host_store,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_record_t       claim;
    violet_cart_redis_reply_t  reply;

    (void) state;

    stored = VIOLET_HOST_FULL;

    for (left = 0; left < 2; left++) {
        memset(&held, 0, sizeof(held));
        memset(&reply, 0, sizeof(reply));
        guard_set(&guard, &host, 1);

        /* refused after the claim, or the caller leaves during the read */

        guard.refuse = !left;
        reply.status = VIOLET_REDIS_WRITTEN;
        reply.lost = 1;
        reply.fresh = 1;

        assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
        claim = guard.write;
        assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                         left ? VIOLET_GUARD_READ : VIOLET_GUARD_ANSWER);

        violet_cart_guard_leave(&guard);
        assert_int_equal(violet_cart_guard_withdraw(&guard),
                         VIOLET_GUARD_REDIS);
        assert_int_equal(guard.expected.kind, VIOLET_VERSION_RECORD);
        assert_int_equal(guard.expected.seq, claim.seq);
        assert_int_equal(guard.expected.stamp, claim.stamp);
        assert_int_equal(guard.write.state, VIOLET_RECORD_FAILED);
        assert_int_equal(violet_cart_guard_told(&guard, &reply),
                         VIOLET_GUARD_ANSWER);
        assert_int_equal(violet_cart_guard_withdraw(&guard),
                         VIOLET_GUARD_ANSWER);
    }

    /* what is sent is not taken back, nor what Redis never took */

    memset(&held, 0, sizeof(held));
    memset(&reply, 0, sizeof(reply));
    guard_set(&guard, &host, 1);

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_SEND);
    assert_int_equal(violet_cart_guard_withdraw(&guard), VIOLET_GUARD_ANSWER);

    guard_set(&guard, &host, 1);
    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);

    reply.status = VIOLET_REDIS_KEPT;
    reply.record = guard.write;
    reply.record.token[0] = 2;
    reply.record.stamp++;
    reply.version.kind = VIOLET_VERSION_RECORD;

    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_ANSWER);
    assert_int_equal(violet_cart_guard_withdraw(&guard), VIOLET_GUARD_ANSWER);

    stored = VIOLET_HOST_STORED;
}


/* An end that waits for a command under way is not forgotten meanwhile. */

static void
test_end_without_memory_is_told_later(void **state)
{
    int                        doubted;
    violet_cart_end_t          end;
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, host_store,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_redis_reply_t  reply;

    (void) state;

    stored = VIOLET_HOST_FULL;

    memset(&held, 0, sizeof(held));
    memset(&end, 0, sizeof(end));
    memset(&reply, 0, sizeof(reply));
    guard_set(&guard, &host, 1);

    /* a handle without a submit has nothing to tell */

    assert_int_equal(violet_cart_guard_tell(&guard), VIOLET_GUARD_ANSWER);

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_SEND);

    /* Redis is asked to renew the flight when the order comes */

    assert_int_equal(violet_cart_guard_renew(&guard), VIOLET_GUARD_REDIS);

    end.outcome = VIOLET_CART_COMPLETED;
    memcpy(end.token, guard.token, sizeof(end.token));

    assert_int_equal(violet_cart_guard_settle(&guard, &end, &doubted),
                     VIOLET_GUARD_REDIS);
    assert_int_equal(violet_cart_guard_tell(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(guard.write.state, VIOLET_RECORD_COMPLETED);

    stored = VIOLET_HOST_STORED;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_memory_is_full),
        cmocka_unit_test(test_claim_without_memory_is_withdrawn),
        cmocka_unit_test(test_end_without_memory_is_told_later)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

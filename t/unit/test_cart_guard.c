
/*
 * A claim whose answer is lost: Redis is asked again, and has the claim itself.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "violet_cart_guard.h"


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

    *(violet_cart_held_t *) data = *held;

    return VIOLET_HOST_STORED;
}


static void
host_shared(void *data, const violet_cart_record_t *record)
{
    violet_cart_held_t  *held = data;

    if (violet_cart_record_same(&held->record, record)) {
        held->owed = 0;
    }
}


static uint32_t
host_random(void *data)
{
    static uint32_t  n;

    (void) data;

    return ++n;
}


static violet_cart_step_t
claim(violet_cart_guard_t *guard, int ours, int lost)
{
    violet_cart_redis_reply_t  reply;

    guard->redis = 1;
    guard->token[0] = 1;
    guard->ask.body = guard->body;
    guard->ask.settle = 60000;

    assert_int_equal(violet_cart_guard_start(guard), VIOLET_GUARD_REDIS);
    assert_true(guard->writes);

    memset(&reply, 0, sizeof(reply));
    reply.status = VIOLET_REDIS_KEPT;
    reply.lost = lost;
    reply.record = guard->write;

    if (!ours) {
        reply.record.token[0] = 2;
        reply.record.stamp++;
    }

    reply.version.kind = VIOLET_VERSION_RECORD;
    reply.version.seq = reply.record.seq;
    reply.version.stamp = reply.record.stamp;

    return violet_cart_guard_redis(guard, &reply, 0);
}


static void
test_answer_that_was_lost(void **state)
{
    violet_cart_held_t   held;
    violet_cart_host_t   host = { &held, host_load, host_store, host_shared,
                                 host_random };
    violet_cart_guard_t  guard;

    (void) state;

    memset(&held, 0, sizeof(held));
    memset(&guard, 0, sizeof(guard));
    guard.host = &host;

    assert_int_equal(claim(&guard, 1, 0), VIOLET_GUARD_SEND);
    assert_false(held.owed);

    /* another host's claim is no reason to send */

    memset(&held, 0, sizeof(held));
    memset(&guard, 0, sizeof(guard));
    guard.host = &host;

    assert_int_equal(claim(&guard, 0, 0), VIOLET_GUARD_ANSWER);
    assert_int_equal(guard.decision.refusal, VIOLET_CART_REFUSAL_IN_FLIGHT);

    /* Redis may have lost an earlier record: a read comes first */

    memset(&held, 0, sizeof(held));
    memset(&guard, 0, sizeof(guard));
    guard.host = &host;

    assert_int_equal(claim(&guard, 1, 1), VIOLET_GUARD_READ);
}


/*
 * An order by POST orders, which cannot be read: Redis was emptied a moment ago
 * and has taken the claim, but another host may know of an earlier submit.
 */

static void
test_order_after_a_loss(void **state)
{
    size_t                     i;
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, host_store,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_redis_reply_t  reply;

    static const struct {
        int                 refuse, fresh;
        violet_cart_step_t  step;
    } rows[] = {
        { 1, 1, VIOLET_GUARD_ANSWER },
        { 1, 0, VIOLET_GUARD_SEND },
        { 0, 1, VIOLET_GUARD_SEND }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(&held, 0, sizeof(held));
        memset(&guard, 0, sizeof(guard));
        memset(&reply, 0, sizeof(reply));

        guard.host = &host;
        guard.redis = 1;
        guard.refuse = rows[i].refuse;
        guard.token[0] = 1;
        guard.ask.key = 1;
        guard.ask.body = guard.body;
        guard.ask.settle = 60000;

        reply.status = VIOLET_REDIS_WRITTEN;
        reply.lost = 1;
        reply.fresh = rows[i].fresh;

        assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
        assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                         rows[i].step);

        if (rows[i].step == VIOLET_GUARD_ANSWER) {
            assert_int_equal(guard.decision.refusal,
                             VIOLET_CART_REFUSAL_NO_GUARD);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_order_after_a_loss),
        cmocka_unit_test(test_answer_that_was_lost)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

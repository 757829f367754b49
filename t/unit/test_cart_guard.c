
/*
 * A claim whose answer is lost: Redis is asked again, and has the claim itself.
 * And a claim that is not answered: it is made again once the order was read.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cart_held.h"


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
    assert_false(held.unsaved);

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


/* Redis does not answer the claim, and the order is read: not submitted. */

static violet_cart_step_t
claim_and_read(violet_cart_guard_t *guard, violet_cart_held_t *held,
    const violet_cart_host_t *host)
{
    violet_cart_shown_t        shown;
    violet_cart_redis_reply_t  reply;

    memset(held, 0, sizeof(violet_cart_held_t));
    memset(guard, 0, sizeof(violet_cart_guard_t));
    memset(&reply, 0, sizeof(reply));
    memset(&shown, 0, sizeof(shown));

    guard->host = host;
    guard->redis = 1;
    guard->token[0] = 1;
    guard->ask.body = guard->body;
    guard->ask.settle = 60000;

    assert_int_equal(violet_cart_guard_start(guard), VIOLET_GUARD_REDIS);

    reply.status = VIOLET_REDIS_AWAY;

    assert_int_equal(violet_cart_guard_redis(guard, &reply, 0),
                     VIOLET_GUARD_READ);

    shown.state = VIOLET_READ_ORDER;
    shown.outcome = VIOLET_CART_PENDING;
    shown.seen = VIOLET_SEEN_OPEN;

    return violet_cart_guard_read(guard, &shown, 0);
}


static void
test_claim_that_is_not_answered(void **state)
{
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, host_store,
                                        host_shared, host_random };
    violet_cart_guard_t        guard, teller;
    violet_cart_record_t       first;
    violet_cart_redis_reply_t  reply;

    (void) state;

    /* Redis is away still: what is not submitted is sent */

    assert_int_equal(claim_and_read(&guard, &held, &host),
                     VIOLET_GUARD_REDIS);
    assert_true(guard.writes);

    /* nobody tells Redis of a claim that nobody may send */

    memset(&teller, 0, sizeof(teller));
    teller.host = &host;
    teller.redis = 1;

    assert_int_equal(violet_cart_guard_tell(&teller), VIOLET_GUARD_ANSWER);

    memset(&reply, 0, sizeof(reply));
    reply.status = VIOLET_REDIS_AWAY;

    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_SEND);
    assert_true(guard.ask.unshared);
    assert_int_equal(violet_cart_guard_tell(&teller), VIOLET_GUARD_REDIS);

    /* it is back, and takes the claim */

    assert_int_equal(claim_and_read(&guard, &held, &host),
                     VIOLET_GUARD_REDIS);

    reply.status = VIOLET_REDIS_WRITTEN;

    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_SEND);
    assert_false(guard.ask.unshared);
    assert_false(held.unsaved);

    /* it is back, and has run the first claim since */

    assert_int_equal(claim_and_read(&guard, &held, &host),
                     VIOLET_GUARD_REDIS);

    first = guard.write;
    first.seq = guard.tried.seq;
    first.stamp = guard.tried.stamp;

    reply.status = VIOLET_REDIS_KEPT;
    reply.record = first;
    reply.version = guard.tried;

    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_REDIS);
    assert_true(guard.writes);
    assert_int_equal(guard.expected.stamp, first.stamp);
    assert_true(guard.write.seq > first.seq);

    reply.status = VIOLET_REDIS_WRITTEN;

    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_SEND);

    /* it is back, and has the claim of another host */

    assert_int_equal(claim_and_read(&guard, &held, &host),
                     VIOLET_GUARD_REDIS);

    reply.status = VIOLET_REDIS_KEPT;
    reply.record = first;
    reply.record.token[0] = 2;
    reply.version.kind = VIOLET_VERSION_RECORD;
    reply.version.seq = first.seq;
    reply.version.stamp = first.stamp + 1000;

    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_ANSWER);
    assert_int_equal(guard.decision.refusal, VIOLET_CART_REFUSAL_IN_FLIGHT);
}


/* A worker that stood still: its claim may have lapsed meanwhile. */

static void
test_late_answer_to_a_claim(void **state)
{
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, host_store,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_redis_reply_t  reply;

    (void) state;

    memset(&held, 0, sizeof(held));
    memset(&reply, 0, sizeof(reply));
    guard_set(&guard, &host, 1);

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(violet_cart_guard_redis(&guard, &reply,
                                             VIOLET_RECORD_FLIGHT / 2),
                     VIOLET_GUARD_SEND);
    assert_false(guard.left);

    memset(&held, 0, sizeof(held));
    guard_set(&guard, &host, 1);

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(violet_cart_guard_redis(&guard, &reply,
                                             VIOLET_RECORD_FLIGHT / 2 + 1),
                     VIOLET_GUARD_ANSWER);
    assert_int_equal(guard.decision.refusal, VIOLET_CART_REFUSAL_IN_FLIGHT);

    /* the claim was given back, which Redis must hear */

    assert_int_equal(held.record.state, VIOLET_RECORD_FAILED);
    assert_true(guard.left);
}


/* A doubt that a read cannot clear up while Redis is away keeps the claim. */

static void
test_answer_while_redis_is_away(void **state)
{
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, host_store,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_shown_t        shown;
    violet_cart_redis_reply_t  reply;

    (void) state;

    memset(&held, 0, sizeof(held));
    memset(&shown, 0, sizeof(shown));
    memset(&reply, 0, sizeof(reply));
    guard_set(&guard, &host, 1);

    held.record.state = VIOLET_RECORD_UNKNOWN;
    held.record.doubts = 1;
    held.record.token[0] = 9;

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);

    reply.status = VIOLET_REDIS_AWAY;
    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_READ);

    shown.state = VIOLET_READ_FAILED;
    assert_int_equal(violet_cart_guard_read(&guard, &shown, 0),
                     VIOLET_GUARD_ANSWER);
    assert_int_equal(held.record.state, VIOLET_RECORD_UNKNOWN);
    assert_int_equal(held.record.token[0], 1);
}


/* The doubt settles while the order is read: that time counts as well. */

static void
test_time_of_a_read(void **state)
{
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, host_store,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_shown_t        shown;

    (void) state;

    memset(&held, 0, sizeof(held));
    memset(&shown, 0, sizeof(shown));
    guard_set(&guard, &host, 0);

    held.record.state = VIOLET_RECORD_UNKNOWN;
    held.record.doubts = 1;
    held.record.since = 59000;

    shown.state = VIOLET_READ_ORDER;
    shown.outcome = VIOLET_CART_PENDING;
    shown.seen = VIOLET_SEEN_OPEN;

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_READ);
    assert_int_equal(violet_cart_guard_read(&guard, &shown, 999),
                     VIOLET_GUARD_ANSWER);

    guard_set(&guard, &host, 0);
    held.record.since = 59000;

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_READ);
    assert_int_equal(violet_cart_guard_read(&guard, &shown, 1000),
                     VIOLET_GUARD_SEND);
}


/* The read of one record says nothing about the next one. */

static void
test_read_of_another_record(void **state)
{
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, host_store,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_shown_t        shown;
    violet_cart_redis_reply_t  reply;

    (void) state;

    memset(&held, 0, sizeof(held));
    memset(&shown, 0, sizeof(shown));
    memset(&reply, 0, sizeof(reply));
    guard_set(&guard, &host, 1);

    held.record.state = VIOLET_RECORD_UNKNOWN;
    held.record.doubts = 1;
    held.record.since = 60000;
    held.record.seq = 1;

    reply.status = VIOLET_REDIS_KEPT;
    reply.record = held.record;
    reply.version.kind = VIOLET_VERSION_RECORD;
    reply.version.seq = 1;

    shown.state = VIOLET_READ_ORDER;
    shown.outcome = VIOLET_CART_PENDING;
    shown.seen = VIOLET_SEEN_OPEN;

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_READ);
    assert_int_equal(violet_cart_guard_read(&guard, &shown, 0),
                     VIOLET_GUARD_REDIS);

    /* meanwhile another host has submitted it, and is in doubt */

    reply.record.seq = 7;
    reply.version.seq = 7;

    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_READ);
}


/* Redis answers each time that another record is there: that has an end. */

static void
test_telling_ends(void **state)
{
    int                        i;
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, host_store,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_redis_reply_t  reply;

    (void) state;

    memset(&held, 0, sizeof(held));
    memset(&reply, 0, sizeof(reply));
    guard_set(&guard, &host, 1);

    held.record.state = VIOLET_RECORD_COMPLETED;
    held.record.seq = 1;
    held.unsaved = 1;

    reply.status = VIOLET_REDIS_KEPT;
    reply.record.state = VIOLET_RECORD_UNKNOWN;
    reply.record.token[0] = 2;
    reply.record.seq = 5;
    reply.version.kind = VIOLET_VERSION_RECORD;

    assert_int_equal(violet_cart_guard_tell(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(violet_cart_guard_told(&guard, &reply),
                     VIOLET_GUARD_REDIS);

    /* the order that memory has is not given up for Redis's doubt */

    assert_int_equal(guard.write.state, VIOLET_RECORD_COMPLETED);
    assert_true(held.unsaved);

    for (i = 0; i < 100; i++) {
        reply.record.seq = guard.write.seq + 1;

        if (violet_cart_guard_told(&guard, &reply) == VIOLET_GUARD_ANSWER) {
            break;
        }
    }

    assert_true(i < 100);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_late_answer_to_a_claim),
        cmocka_unit_test(test_answer_while_redis_is_away),
        cmocka_unit_test(test_time_of_a_read),
        cmocka_unit_test(test_read_of_another_record),
        cmocka_unit_test(test_telling_ends),
        cmocka_unit_test(test_order_after_a_loss),
        cmocka_unit_test(test_claim_that_is_not_answered),
        cmocka_unit_test(test_answer_that_was_lost)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

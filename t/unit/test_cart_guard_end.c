
/*
 * The end of a submit: an order that was made is written over whatever Redis
 * has, and no other end is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cart_held.h"


/* another worker writes the record before the next store() */

static int  other_writes;


static violet_cart_host_store_t
store_beside(void *data, const violet_cart_record_t *expected,
    const violet_cart_held_t *held)
{
    violet_cart_held_t  *memory = data;

    if (other_writes) {
        other_writes = 0;
        memory->record.seq += 3;
        memory->record.doubts = 2;
    }

    if (!violet_cart_record_same(&memory->record, expected)) {
        return VIOLET_HOST_CHANGED;
    }

    return host_store(data, expected, held);
}


/* What Redis had is joined afterwards. */

static void
test_order_is_written_over_all(void **state)
{
    int                        doubted;
    violet_cart_end_t          end;
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, store_beside,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_record_t       first;
    violet_cart_redis_reply_t  reply;

    (void) state;

    memset(&held, 0, sizeof(held));
    memset(&end, 0, sizeof(end));
    memset(&reply, 0, sizeof(reply));
    guard_set(&guard, &host, 1);

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
    assert_false(guard.replaces);

    reply.status = VIOLET_REDIS_WRITTEN;
    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_SEND);

    assert_int_equal(violet_cart_guard_renew(&guard), VIOLET_GUARD_REDIS);
    assert_false(guard.replaces);
    assert_int_equal(violet_cart_guard_told(&guard, &reply),
                     VIOLET_GUARD_ANSWER);

    end.outcome = VIOLET_CART_COMPLETED;
    memcpy(end.token, guard.token, sizeof(end.token));

    assert_int_equal(violet_cart_guard_settle(&guard, &end, &doubted),
                     VIOLET_GUARD_REDIS);
    assert_true(guard.replaces);

    first = guard.write;

    /* another host was in doubt of a submit of its own */

    reply.status = VIOLET_REDIS_REPLACED;
    reply.version.kind = VIOLET_VERSION_RECORD;
    reply.version.seq = first.seq;
    reply.version.stamp = first.stamp;
    reply.record.state = VIOLET_RECORD_UNKNOWN;
    reply.record.token[0] = 2;
    reply.record.seq = first.seq + 3;
    reply.record.doubts = 4;

    assert_int_equal(violet_cart_guard_told(&guard, &reply),
                     VIOLET_GUARD_REDIS);
    assert_false(guard.replaces);
    assert_int_equal(guard.expected.kind, VIOLET_VERSION_RECORD);
    assert_int_equal(guard.expected.seq, first.seq);
    assert_int_equal(guard.expected.stamp, first.stamp);
    assert_int_equal(guard.write.state, VIOLET_RECORD_COMPLETED);
    assert_int_equal(guard.write.doubts, 4);
    assert_int_equal(guard.write.seq, first.seq + 4);
    assert_true(held.unsaved);

    reply.status = VIOLET_REDIS_WRITTEN;
    assert_int_equal(violet_cart_guard_told(&guard, &reply),
                     VIOLET_GUARD_ANSWER);
    assert_false(held.unsaved);
}


static void
test_what_is_no_order_is_compared(void **state)
{
    int                        doubted;
    size_t                     i;
    violet_cart_end_t          end;
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, store_beside,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_redis_reply_t  reply;

    static const struct {
        violet_cart_outcome_t  outcome;
        int                    replaces;
    } rows[] = {
        { VIOLET_CART_COMPLETED, 1 },
        { VIOLET_CART_PARTIAL, 1 },
        { VIOLET_CART_PENDING, 0 },
        { VIOLET_CART_REQUIRES_ACTION, 0 },
        { VIOLET_CART_FAILED, 0 },
        { VIOLET_CART_UNKNOWN, 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(&held, 0, sizeof(held));
        memset(&end, 0, sizeof(end));
        memset(&reply, 0, sizeof(reply));
        guard_set(&guard, &host, 1);

        reply.status = VIOLET_REDIS_WRITTEN;

        assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
        assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                         VIOLET_GUARD_SEND);

        end.outcome = rows[i].outcome;
        memcpy(end.token, guard.token, sizeof(end.token));

        assert_int_equal(violet_cart_guard_settle(&guard, &end, &doubted),
                         VIOLET_GUARD_REDIS);
        assert_int_equal(guard.replaces, rows[i].replaces);
        assert_int_equal(guard.expected.kind, VIOLET_VERSION_RECORD);
    }
}


/* Another worker writes the record in the moment in which it is settled. */

static void
test_end_beside_another_write(void **state)
{
    int                        doubted;
    violet_cart_end_t          end;
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, store_beside,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_redis_reply_t  reply;

    (void) state;

    memset(&held, 0, sizeof(held));
    memset(&end, 0, sizeof(end));
    memset(&reply, 0, sizeof(reply));
    guard_set(&guard, &host, 1);

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_SEND);

    end.outcome = VIOLET_CART_COMPLETED;
    memcpy(end.token, guard.token, sizeof(end.token));

    other_writes = 1;

    assert_int_equal(violet_cart_guard_settle(&guard, &end, &doubted),
                     VIOLET_GUARD_REDIS);
    assert_int_equal(held.record.state, VIOLET_RECORD_COMPLETED);
    assert_int_equal(held.record.doubts, 2);
    assert_int_equal(guard.write.doubts, 2);
    assert_true(guard.replaces);

    /* what Redis had does not put the order in memory aside */

    reply.status = VIOLET_REDIS_REPLACED;
    reply.version.kind = VIOLET_VERSION_RECORD;
    reply.record.state = VIOLET_RECORD_UNKNOWN;
    reply.record.token[0] = 2;

    assert_int_equal(violet_cart_guard_told(&guard, &reply),
                     VIOLET_GUARD_REDIS);
    assert_int_equal(guard.write.state, VIOLET_RECORD_COMPLETED);
}


/* The same while what Redis had is joined: the other worker tells Redis. */

static void
test_told_beside_another_write(void **state)
{
    int                        doubted;
    violet_cart_end_t          end;
    violet_cart_held_t         held;
    violet_cart_host_t         host = { &held, host_load, store_beside,
                                        host_shared, host_random };
    violet_cart_guard_t        guard;
    violet_cart_redis_reply_t  reply;

    (void) state;

    memset(&held, 0, sizeof(held));
    memset(&end, 0, sizeof(end));
    memset(&reply, 0, sizeof(reply));
    guard_set(&guard, &host, 1);

    reply.status = VIOLET_REDIS_WRITTEN;

    assert_int_equal(violet_cart_guard_start(&guard), VIOLET_GUARD_REDIS);
    assert_int_equal(violet_cart_guard_redis(&guard, &reply, 0),
                     VIOLET_GUARD_SEND);

    end.outcome = VIOLET_CART_FAILED;
    memcpy(end.token, guard.token, sizeof(end.token));

    assert_int_equal(violet_cart_guard_settle(&guard, &end, &doubted),
                     VIOLET_GUARD_REDIS);

    other_writes = 1;

    reply.status = VIOLET_REDIS_KEPT;
    reply.version.kind = VIOLET_VERSION_RECORD;
    reply.record.state = VIOLET_RECORD_UNKNOWN;
    reply.record.token[0] = 2;
    reply.record.doubts = 1;

    assert_int_equal(violet_cart_guard_told(&guard, &reply),
                     VIOLET_GUARD_ANSWER);
    assert_int_equal(other_writes, 0);
    assert_int_equal(held.record.state, VIOLET_RECORD_FAILED);
    assert_int_equal(held.record.doubts, 2);
    assert_true(held.unsaved);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_order_is_written_over_all),
        cmocka_unit_test(test_what_is_no_order_is_compared),
        cmocka_unit_test(test_end_beside_another_write),
        cmocka_unit_test(test_told_beside_another_write)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

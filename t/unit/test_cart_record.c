
/*
 * What becomes of a record: by time, claims, ends and joins; its text, and
 * texts that are none.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "violet_cart_record.h"


#define FORM  1


static void
record_of(violet_cart_record_t *record, int state, int who, uint32_t seq)
{
    memset(record, 0, sizeof(violet_cart_record_t));

    record->state = (uint8_t) state;
    record->token[0] = (unsigned char) who;
    record->seq = seq;
    record->stamp = seq * 100 + (uint32_t) who;
    record->left = state == VIOLET_RECORD_IN_FLIGHT ? VIOLET_RECORD_FLIGHT
                                                    : 0;
}


static void
end_of(violet_cart_end_t *end, int outcome, int who)
{
    memset(end, 0, sizeof(violet_cart_end_t));

    end->outcome = outcome;
    end->token[0] = (unsigned char) who;
    end->sent = 1000;
}


static void
test_pass(void **state)
{
    violet_cart_record_t  record;

    (void) state;

    record_of(&record, VIOLET_RECORD_IN_FLIGHT, 1, 1);

    violet_cart_record_pass(&record, VIOLET_RECORD_FLIGHT - 1);
    assert_int_equal(record.state, VIOLET_RECORD_IN_FLIGHT);
    assert_int_equal(record.left, 1);

    violet_cart_record_pass(&record, 501);
    assert_int_equal(record.state, VIOLET_RECORD_UNKNOWN);
    assert_int_equal(record.flags, VIOLET_RECORD_LAPSED);
    assert_int_equal(record.since, 500);
    assert_int_equal(record.doubts, 1);

    violet_cart_record_pass(&record, 100);
    assert_int_equal(record.since, 600);
    assert_int_equal(record.doubts, 1);

    violet_cart_record_pass(&record, -5);
    assert_int_equal(record.since, 600);

    violet_cart_record_pass(&record, INT64_MAX);
    violet_cart_record_pass(&record, INT64_MAX);
    assert_true(record.since > 0);
}


static void
test_claim(void **state)
{
    unsigned char         token[VIOLET_RECORD_DIGEST] = { 9 };
    unsigned char         body[VIOLET_RECORD_DIGEST] = { 8 };
    violet_cart_record_t  record;

    (void) state;

    record_of(&record, VIOLET_RECORD_UNKNOWN, 1, 1);
    record.sent = 500;
    record.doubts = 3;
    record.evidence = VIOLET_SEEN_MADE;
    record.since = 77;
    record.bags[0] = 5;

    violet_cart_record_claim(&record, token, body, 900, 1);

    assert_int_equal(record.state, VIOLET_RECORD_IN_FLIGHT);
    assert_int_equal(record.left, VIOLET_RECORD_FLIGHT);
    assert_int_equal(record.flags, VIOLET_RECORD_DOUBTED);
    assert_int_equal(record.sent, 500);
    assert_int_equal(record.doubts, 3);
    assert_int_equal(record.evidence, VIOLET_SEEN_MADE);
    assert_int_equal(record.since, 0);
    assert_int_equal(record.bags[0], 0);
    assert_int_equal(record.token[0], 9);
    assert_int_equal(record.body[0], 8);

    /* a doubt that was cleared up */

    record_of(&record, VIOLET_RECORD_UNKNOWN, 1, 1);
    record.sent = 500;
    record.order_id = 4;
    violet_cart_record_claim(&record, token, body, 900, 0);
    assert_int_equal(record.flags, 0);
    assert_int_equal(record.sent, 900);
    assert_int_equal(record.order_id, 0);

    /* "again" without a doubt */

    record_of(&record, VIOLET_RECORD_FAILED, 1, 1);
    violet_cart_record_claim(&record, token, body, 900, 1);
    assert_int_equal(record.flags, 0);

    record_of(&record, VIOLET_RECORD_FAILED, 1, 1);
    record.evidence = VIOLET_SEEN_SUBMITTED;
    violet_cart_record_claim(&record, token, body, 900, 1);
    assert_int_equal(record.flags, VIOLET_RECORD_DOUBTED);
}


static void
test_renew(void **state)
{
    violet_cart_record_t  record;
    const unsigned char   one[VIOLET_RECORD_DIGEST] = { 1 };
    const unsigned char   two[VIOLET_RECORD_DIGEST] = { 2 };

    (void) state;

    record_of(&record, VIOLET_RECORD_IN_FLIGHT, 1, 1);
    violet_cart_record_pass(&record, 10000);
    assert_int_equal(violet_cart_record_renew(&record, two), -1);
    assert_int_equal(record.left, 20000);
    assert_int_equal(violet_cart_record_renew(&record, one), 0);
    assert_int_equal(record.left, VIOLET_RECORD_FLIGHT);

    /* it was not heard of for too long, and is heard of again */

    violet_cart_record_pass(&record, 40000);
    assert_int_equal(record.doubts, 1);
    assert_int_equal(violet_cart_record_renew(&record, one), 0);
    assert_int_equal(record.state, VIOLET_RECORD_IN_FLIGHT);
    assert_int_equal(record.flags, 0);
    assert_int_equal(record.doubts, 0);

    record_of(&record, VIOLET_RECORD_UNKNOWN, 1, 1);
    assert_int_equal(violet_cart_record_renew(&record, one), -1);
    record_of(&record, VIOLET_RECORD_COMPLETED, 1, 1);
    assert_int_equal(violet_cart_record_renew(&record, one), -1);
}


static int
settled(violet_cart_record_t *record, int state, int flags, int who,
    int outcome)
{
    violet_cart_end_t  end;

    record_of(record, state, 1, 5);
    record->flags = (uint8_t) flags;
    end_of(&end, outcome, who);

    return violet_cart_record_settle(record, &end);
}


/* each end, of a record of its own and of another claim's */

static void
test_settle(void **state)
{
    size_t                i;
    violet_cart_record_t  record;

    static const struct {
        int  was, flags, who, outcome, becomes, doubted;
    } rows[] = {
#define R(s)  VIOLET_RECORD_ ## s
#define O(s)  VIOLET_CART_ ## s
#define D     VIOLET_RECORD_DOUBTED
#define L     VIOLET_RECORD_LAPSED
        { R(IN_FLIGHT), 0, 1, O(COMPLETED), R(COMPLETED), 0 },
        { R(IN_FLIGHT), 0, 1, O(PARTIAL), R(PARTIAL), 0 },
        { R(IN_FLIGHT), 0, 1, O(PENDING), R(PENDING), 0 },
        { R(IN_FLIGHT), 0, 1, O(UNKNOWN), R(UNKNOWN), 0 },
        { R(IN_FLIGHT), 0, 1, O(FAILED), R(FAILED), 0 },
        { R(IN_FLIGHT), 0, 1, O(REQUIRES_ACTION), R(REQUIRES_ACTION), 0 },
        { R(NONE), 0, 1, O(UNKNOWN), R(UNKNOWN), 0 },
        { R(NONE), 0, 1, O(COMPLETED), R(COMPLETED), 0 },

        /* an earlier submit is in doubt */
        { R(IN_FLIGHT), D, 1, O(FAILED), R(UNKNOWN), 1 },
        { R(IN_FLIGHT), D, 1, O(REQUIRES_ACTION), R(UNKNOWN), 0 },
        { R(IN_FLIGHT), D, 1, O(COMPLETED), R(COMPLETED), 0 },
        { R(IN_FLIGHT), D, 1, O(UNKNOWN), R(UNKNOWN), 0 },

        /* its gateway was not heard of in time, but is now */
        { R(UNKNOWN), L, 1, O(FAILED), R(FAILED), 0 },
        { R(UNKNOWN), L, 1, O(COMPLETED), R(COMPLETED), 0 },
        { R(UNKNOWN), L|D, 1, O(FAILED), R(UNKNOWN), 1 },

        /* a read was quicker */
        { R(COMPLETED), 0, 1, O(UNKNOWN), R(COMPLETED), 0 },
        { R(COMPLETED), 0, 1, O(FAILED), R(COMPLETED), 1 },
        { R(COMPLETED), 0, 1, O(PARTIAL), R(PARTIAL), 0 },
        { R(PENDING), 0, 1, O(COMPLETED), R(COMPLETED), 0 },

        /* another claim's */
        { R(IN_FLIGHT), 0, 2, O(COMPLETED), R(COMPLETED), 0 },
        { R(IN_FLIGHT), 0, 2, O(UNKNOWN), R(IN_FLIGHT), 0 },
        { R(IN_FLIGHT), 0, 2, O(FAILED), R(IN_FLIGHT), 1 },
        { R(FAILED), 0, 2, O(UNKNOWN), R(UNKNOWN), 0 },
        { R(FAILED), 0, 2, O(PENDING), R(UNKNOWN), 0 },
        { R(FAILED), 0, 2, O(FAILED), R(FAILED), 0 },
        { R(UNKNOWN), 0, 2, O(FAILED), R(UNKNOWN), 1 },
        { R(UNKNOWN), 0, 2, O(PARTIAL), R(PARTIAL), 0 },
        { R(COMPLETED), 0, 2, O(UNKNOWN), R(COMPLETED), 0 },
        { R(COMPLETED), 0, 2, O(PARTIAL), R(COMPLETED), 0 },
        { R(PARTIAL), 0, 2, O(FAILED), R(PARTIAL), 1 }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        if (settled(&record, rows[i].was, rows[i].flags, rows[i].who,
                    rows[i].outcome)
            != rows[i].doubted
            || record.state != rows[i].becomes)
        {
            fail_msg("row %zu: becomes %s", i,
                     violet_cart_record_name(record.state));
        }
    }

    /* a doubt beside a flight stays with it */

    (void) settled(&record, R(IN_FLIGHT), 0, 2, O(UNKNOWN));
    assert_int_equal(record.flags, D);
    assert_int_equal(record.doubts, 1);

    /* a doubt that was counted when it lapsed is not counted twice */

    (void) settled(&record, R(UNKNOWN), L, 1, O(UNKNOWN));
    assert_int_equal(record.doubts, 0);
    (void) settled(&record, R(IN_FLIGHT), 0, 1, O(UNKNOWN));
    assert_int_equal(record.doubts, 1);
    assert_int_equal(record.sent, 1000);
}


static void
test_settle_notes(void **state)
{
    violet_cart_end_t     end;
    violet_cart_record_t  record;

    (void) state;

    record_of(&record, VIOLET_RECORD_IN_FLIGHT, 1, 5);
    record.evidence = VIOLET_SEEN_SUBMITTED;
    end_of(&end, VIOLET_CART_PARTIAL, 1);
    end.bags[0] = 11112;
    end.manual = 1;
    end.more = 1;
    end.order_id = 77;
    end.seen = VIOLET_SEEN_MADE|VIOLET_SEEN_OPEN;

    (void) violet_cart_record_settle(&record, &end);

    assert_int_equal(record.bags[0], 11112);
    assert_int_equal(record.flags, VIOLET_RECORD_MANUAL|VIOLET_RECORD_MORE);
    assert_int_equal(record.order_id, 77);
    assert_int_equal(record.evidence,
                     VIOLET_SEEN_SUBMITTED|VIOLET_SEEN_MADE);

    /* ... and they are gone when it is claimed anew and fails */

    violet_cart_record_claim(&record, end.token, end.body, 2000, 0);
    end_of(&end, VIOLET_CART_FAILED, 1);
    (void) violet_cart_record_settle(&record, &end);
    assert_int_equal(record.bags[0], 0);
    assert_int_equal(record.flags, 0);
    assert_int_equal(record.order_id, 0);
    assert_int_equal(record.evidence,
                     VIOLET_SEEN_SUBMITTED|VIOLET_SEEN_MADE);
}


static void
test_cancel(void **state)
{
    violet_cart_record_t  before, record;
    const unsigned char   one[VIOLET_RECORD_DIGEST] = { 1 };
    const unsigned char   two[VIOLET_RECORD_DIGEST] = { 2 };

    (void) state;

    memset(&before, 0, sizeof(before));

    record_of(&record, VIOLET_RECORD_IN_FLIGHT, 1, 5);
    assert_int_equal(violet_cart_record_cancel(&record, two, &before), -1);
    assert_int_equal(violet_cart_record_cancel(&record, one, &before), 0);
    assert_int_equal(record.state, VIOLET_RECORD_FAILED);
    assert_int_equal(record.seq, 5);
    assert_int_equal(record.token[0], 1);

    /* what was in doubt is in doubt again */

    record_of(&before, VIOLET_RECORD_UNKNOWN, 3, 4);
    before.doubts = 2;
    record_of(&record, VIOLET_RECORD_IN_FLIGHT, 1, 5);
    assert_int_equal(violet_cart_record_cancel(&record, one, &before), 0);
    assert_int_equal(record.state, VIOLET_RECORD_UNKNOWN);
    assert_int_equal(record.doubts, 2);
    assert_int_equal(record.token[0], 1);

    /* another submit fell in doubt meanwhile */

    record_of(&before, VIOLET_RECORD_FAILED, 3, 4);
    record_of(&record, VIOLET_RECORD_IN_FLIGHT, 1, 5);
    record.flags = VIOLET_RECORD_DOUBTED;
    record.doubts = 1;
    assert_int_equal(violet_cart_record_cancel(&record, one, &before), 0);
    assert_int_equal(record.state, VIOLET_RECORD_UNKNOWN);
    assert_int_equal(record.doubts, 1);

    /* one that has ended is not taken back */

    record_of(&record, VIOLET_RECORD_COMPLETED, 1, 5);
    assert_int_equal(violet_cart_record_cancel(&record, one, &before), -1);
    record_of(&record, VIOLET_RECORD_UNKNOWN, 1, 5);
    assert_int_equal(violet_cart_record_cancel(&record, one, &before), -1);
    record.flags = VIOLET_RECORD_LAPSED;
    assert_int_equal(violet_cart_record_cancel(&record, one, &before), 0);
}


typedef struct {
    int  host, host_flags, host_who, host_seq;
    int  redis, redis_flags, redis_who, redis_seq;
    int  unsaved;
    int  result, result_flags, tell;
} join_t;


static void
test_join(void **state)
{
    int                   tell;
    size_t                i;
    violet_cart_record_t  host, redis, result;

    static const join_t  rows[] = {

        /* one has none */
        { R(NONE), 0, 0, 0, R(FAILED), 0, 2, 3, 0, R(FAILED), 0, 0 },
        { R(UNKNOWN), 0, 1, 3, R(NONE), 0, 0, 0, 0, R(UNKNOWN), 0, 1 },
        { R(NONE), 0, 0, 0, R(NONE), 0, 0, 0, 0, R(NONE), 0, 0 },

        /* Redis has moved on from what the host has */
        { R(UNKNOWN), 0, 1, 3, R(FAILED), 0, 2, 4, 0, R(FAILED), 0, 0 },
        { R(UNKNOWN), 0, 1, 3, R(UNKNOWN), 0, 1, 3, 1, R(UNKNOWN), 0, 0 },

        /* Redis is behind */
        { R(UNKNOWN), 0, 1, 5, R(FAILED), 0, 2, 4, 0, R(UNKNOWN), 0, 1 },
        { R(UNKNOWN), 0, 1, 5, R(IN_FLIGHT), 0, 2, 4, 0,
          R(IN_FLIGHT), D, 1 },
        { R(COMPLETED), 0, 1, 5, R(IN_FLIGHT), 0, 2, 4, 0,
          R(COMPLETED), 0, 1 },

        /* Redis has not heard of the host's */
        { R(COMPLETED), 0, 1, 3, R(UNKNOWN), L, 1, 4, 1, R(COMPLETED), 0, 1 },
        { R(FAILED), 0, 1, 3, R(UNKNOWN), L, 1, 4, 1, R(FAILED), 0, 1 },
        { R(FAILED), 0, 1, 3, R(IN_FLIGHT), 0, 1, 4, 1, R(FAILED), 0, 1 },
        { R(IN_FLIGHT), 0, 1, 4, R(UNKNOWN), L, 1, 3, 1,
          R(IN_FLIGHT), 0, 1 },
        { R(IN_FLIGHT), D, 1, 4, R(FAILED), 0, 1, 3, 1, R(UNKNOWN), D, 1 },
        { R(UNKNOWN), 0, 1, 3, R(FAILED), 0, 2, 9, 1, R(UNKNOWN), 0, 1 },
        { R(UNKNOWN), 0, 1, 3, R(COMPLETED), 0, 2, 9, 1,
          R(COMPLETED), 0, 1 },
        { R(FAILED), 0, 1, 3, R(UNKNOWN), 0, 2, 2, 1, R(UNKNOWN), 0, 1 },
        { R(IN_FLIGHT), 0, 1, 3, R(IN_FLIGHT), 0, 2, 2, 1,
          R(IN_FLIGHT), D, 1 },
        { R(PARTIAL), 0, 1, 3, R(COMPLETED), 0, 2, 9, 1,
          R(COMPLETED), 0, 1 },
        { R(PARTIAL), 0, 1, 3, R(COMPLETED), 0, 2, 2, 1, R(PARTIAL), 0, 1 }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        record_of(&host, rows[i].host, rows[i].host_who,
                  (uint32_t) rows[i].host_seq);
        record_of(&redis, rows[i].redis, rows[i].redis_who,
                  (uint32_t) rows[i].redis_seq);
        host.flags = (uint8_t) rows[i].host_flags;
        redis.flags = (uint8_t) rows[i].redis_flags;
        host.evidence = VIOLET_SEEN_MADE;
        host.doubts = 3;

        tell = violet_cart_record_join(&host, &redis, rows[i].unsaved, &result);

        if (tell != rows[i].tell || result.state != rows[i].result
            || (result.flags & D) != rows[i].result_flags)
        {
            fail_msg("row %zu: tell %d, %s, flags %d", i, tell,
                     violet_cart_record_name(result.state), result.flags);
        }

        /* evidence and doubts of both */

        if (tell) {
            assert_int_equal(result.evidence, VIOLET_SEEN_MADE);
            assert_int_equal(result.doubts, 3);
            assert_true(result.seq >= host.seq && result.seq >= redis.seq);
        }
    }
}


static void
test_text(void **state)
{
    char                  text[VIOLET_RECORD_TEXT];
    size_t                len, i;
    violet_cart_record_t  record, got;

    (void) state;

    record_of(&record, VIOLET_RECORD_PARTIAL, 1, 12);
    memset(record.token, 0xab, sizeof(record.token));
    record.body[15] = 1;
    record.stamp = 0x9f3a77c1;
    record.since = INT64_C(4611686018427387903);
    record.sent = INT64_MAX;
    record.order_id = INT64_MAX;
    record.seq = UINT32_MAX;
    record.doubts = UINT16_MAX;
    record.evidence = VIOLET_SEEN_EVIDENCE;
    record.flags = 255;
    record.left = VIOLET_RECORD_FLIGHT;
    record.kept = INT64_MAX;

    for (i = 0; i < VIOLET_RECORD_BAGS; i++) {
        record.bags[i] = INT64_MAX - (int64_t) i;
    }

    len = violet_cart_record_print(&record, FORM, text);
    assert_true(len > 0);
    assert_int_equal(violet_cart_record_parse(&got, FORM, text, len), 0);
    assert_memory_equal(&got, &record, sizeof(record));

    /* a text that is cut; a list that is cut may be one */

    for (i = 0; text[i] != ',' && i < len; i++) {

        if (i > 40 && strchr(text + i, ' ') == NULL) {
            break;
        }

        assert_int_equal(violet_cart_record_parse(&got, FORM, text, i), -1);
        assert_int_equal(got.state, VIOLET_RECORD_UNKNOWN);
        assert_int_equal(got.doubts, 1);
    }

    record_of(&record, VIOLET_RECORD_IN_FLIGHT, 0, 1);
    record.kept = 5;
    len = violet_cart_record_print(&record, FORM, text);
    assert_string_equal(text, "1 1.00000064 in_flight 0 0 0 30000 0 0 0 - - - "
                              "5");
    assert_int_equal(violet_cart_record_parse(&got, FORM, text, len), 0);
    assert_memory_equal(&got, &record, sizeof(record));
    assert_int_equal(violet_cart_record_parse(&got, 2, text, len), -1);
}


static void
test_texts_that_are_none(void **state)
{
    size_t                i;
    violet_cart_record_t  got;

    static const char *const  texts[] = {
        "",
        "1",
        "open",
        "2 1.00000064 in_flight 0 0 0 30000 0 0 0 - - - 5",
        "01 1.00000064 in_flight 0 0 0 30000 0 0 0 - - - 5",
        "1 1 in_flight 0 0 0 30000 0 0 0 - - - 5",
        "1 1.0000006 in_flight 0 0 0 30000 0 0 0 - - - 5",
        "1 1.0000006g in_flight 0 0 0 30000 0 0 0 - - - 5",
        "1 4294967296.00000064 in_flight 0 0 0 30000 0 0 0 - - - 5",
        "1 1.00000064 none 0 0 0 0 0 0 0 - - - 5",
        "1 1.00000064 paid 0 0 0 0 0 0 0 - - - 5",
        "1 1.00000064 failed 8 0 0 0 0 0 0 - - - 5",
        "1 1.00000064 failed 0 256 0 0 0 0 0 - - - 5",
        "1 1.00000064 failed 0 0 65536 0 0 0 0 - - - 5",
        "1 1.00000064 in_flight 0 0 0 30001 0 0 0 - - - 5",
        "1 1.00000064 failed 0 0 0 0 -1 0 0 - - - 5",
        "1 1.00000064 failed 0 0 0 0 9223372036854775807 0 0 - - - 5",
        "1 1.00000064 failed 0 0 0 0 0 9223372036854775808 0 - - - 5",
        "1 1.00000064 failed 0 0 0 0 0 0  - - - 5",
        "1 1.00000064 failed 0 0 0 0 0 0 0 ab - - 5",
        "1 1.00000064 failed 0 0 0 0 0 0 0 - - 0 5",
        "1 1.00000064 failed 0 0 0 0 0 0 0 - - 1, 5",
        "1 1.00000064 failed 0 0 0 0 0 0 0 - - 1,2,3,4,5,6,7,8,9 5",
        "1 1.00000064 failed 0 0 0 0 0 0 0 - - - - 5",
        "1 1.00000064 failed 0 0 0 0 0 0 0 - - 5",
        "1 1.00000064 failed 0 0 0 0 0 0 0 - - - -1"
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {

        if (violet_cart_record_parse(&got, FORM, texts[i], strlen(texts[i]))
            != -1)
        {
            fail_msg("it is read: %s", texts[i]);
        }

        assert_int_equal(got.state, VIOLET_RECORD_UNKNOWN);
    }
}


static void
test_keep(void **state)
{
    violet_cart_record_t  record;

    (void) state;

    record_of(&record, VIOLET_RECORD_COMPLETED, 1, 1);
    assert_int_equal(violet_cart_record_keep(&record, 1000), 1000);
    record_of(&record, VIOLET_RECORD_PARTIAL, 1, 1);
    assert_int_equal(violet_cart_record_keep(&record, 1000), 1000);
    record_of(&record, VIOLET_RECORD_UNKNOWN, 1, 1);
    assert_int_equal(violet_cart_record_keep(&record, 1000), 86400000);
    record_of(&record, VIOLET_RECORD_FAILED, 1, 1);
    assert_int_equal(violet_cart_record_keep(&record, 1000), 86400000);
}


static void
test_next(void **state)
{
    violet_cart_record_t  record, other;

    (void) state;

    record_of(&record, VIOLET_RECORD_FAILED, 1, 1);
    other = record;
    assert_true(violet_cart_record_same(&record, &other));

    violet_cart_record_next(&record, 7, 1);
    violet_cart_record_next(&other, 7, 2);
    assert_int_equal(record.seq, 8);
    assert_false(violet_cart_record_same(&record, &other));

    violet_cart_record_next(&record, UINT32_MAX, 1);
    assert_int_equal(record.seq, UINT32_MAX);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_pass),
        cmocka_unit_test(test_claim),
        cmocka_unit_test(test_renew),
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_settle_notes),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_texts_that_are_none),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_next)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

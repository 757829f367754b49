
/*
 * The table of the submit guard, row by row: each row is shown a case that it
 * decides and, beside it, cases that differ in one thing and that it leaves
 * to others.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "violet_cart_decision.h"


#define SETTLE  60000


/* a record, what was shown, and what is asked, in short */

typedef struct {
    const char            *what;

    int                    state;
    unsigned               evidence;
    unsigned               doubts;
    int64_t                since;

    int                    read;
    int                    outcome;
    unsigned               seen;

    const char            *ask;         /* letters, see test_case() */

    int                    action;
    int                    refusal;
    int                    manual;
    int64_t                after;
    int                    becomes;     /* NONE: the record stays */
} row_t;


#define NONE      VIOLET_RECORD_NONE
#define FAILED    VIOLET_RECORD_FAILED
#define ACTION    VIOLET_RECORD_REQUIRES_ACTION
#define FLIGHT    VIOLET_RECORD_IN_FLIGHT
#define PENDING   VIOLET_RECORD_PENDING
#define UNKNOWN   VIOLET_RECORD_UNKNOWN
#define DONE      VIOLET_RECORD_COMPLETED
#define PARTIAL   VIOLET_RECORD_PARTIAL

#define UNREAD    VIOLET_READ_NOT_YET, 0, 0
#define BLIND     VIOLET_READ_IMPOSSIBLE, 0, 0
#define LOST      VIOLET_READ_FAILED, 0, 0
#define REFUSED   VIOLET_READ_REFUSED, 0, 0
#define ORDER(o, seen)  VIOLET_READ_ORDER, VIOLET_CART_ ## o, seen

#define OPEN      VIOLET_SEEN_OPEN
#define SUBMITTED VIOLET_SEEN_SUBMITTED
#define MADE      VIOLET_SEEN_MADE
#define PROC      VIOLET_SEEN_PROCESSING
#define ORDERED   VIOLET_SEEN_ORDERED
#define REJECTED  VIOLET_SEEN_REJECTED

#define READ      VIOLET_DECISION_READ, 0, 0, 0, NONE
#define SEND      VIOLET_DECISION_SEND, 0, 0, 0, NONE
#define SHOWN(s)  VIOLET_DECISION_SHOWN, 0, 0, 0, s
#define RECORDED  VIOLET_DECISION_RECORDED, 0, 0, 0, NONE
#define ABSENT    VIOLET_DECISION_NOT_SUBMITTED, 0, 0, 0, NONE
#define LATER(r, after)                                                       \
    VIOLET_DECISION_REFUSE, VIOLET_CART_REFUSAL_ ## r, 0, after, NONE
#define MANUAL(r)                                                             \
    VIOLET_DECISION_REFUSE, VIOLET_CART_REFUSAL_ ## r, 1, 0, NONE

#define YOUNG     SETTLE - 1
#define OLD       SETTLE


static const row_t  rows[] = {

    /* none, failed, requires_action: no read */
    { "none", NONE, 0, 0, 0, UNREAD, "", SEND },
    { "failed", FAILED, 0, 3, 0, UNREAD, "", SEND },
    { "failed after many doubts", FAILED, 0, 8, 0, UNREAD, "", SEND },
    { "requires_action", ACTION, 0, 0, 0, UNREAD, "", SEND },
    { "none, again", NONE, 0, 0, 0, UNREAD, "a", SEND },
    { "failed, with evidence", FAILED, MADE, 1, 0, UNREAD, "", READ },
    { "none, Redis not heard", NONE, 0, 0, 0, UNREAD, "u", READ },
    { "requires_action, Redis not heard", ACTION, 0, 0, 0, UNREAD, "u",
      READ },

    /* in flight: no read */
    { "in flight", FLIGHT, 0, 0, 0, UNREAD, "", LATER(IN_FLIGHT, 5) },
    { "in flight, again", FLIGHT, 0, 0, 0, UNREAD, "a",
      LATER(IN_FLIGHT, 5) },
    { "in flight, asked", FLIGHT, 0, 0, 0, UNREAD, "q",
      LATER(IN_FLIGHT, 5) },

    /* completed, partial */
    { "completed, unread", DONE, 0, 0, 0, UNREAD, "", READ },
    { "partial, unread", PARTIAL, 0, 0, 0, UNREAD, "", READ },
    { "completed, an order", DONE, 0, 0, OLD, ORDER(COMPLETED, MADE), "",
      RECORDED },
    { "completed, canceled since", DONE, 0, 0, OLD,
      ORDER(FAILED, REJECTED), "", RECORDED },
    { "partial, better since", PARTIAL, 0, 0, OLD, ORDER(COMPLETED, MADE),
      "", RECORDED },
    { "completed, not submitted, young", DONE, 0, 0, YOUNG,
      ORDER(PENDING, OPEN), "", LATER(COMPLETED, 1) },
    { "completed, not submitted, very young", DONE, 0, 0, 500,
      ORDER(PENDING, OPEN), "", LATER(COMPLETED, 60) },
    { "completed, not submitted, old", DONE, 0, 0, OLD,
      ORDER(PENDING, OPEN), "", MANUAL(COMPLETED) },
    { "completed, not submitted, again", DONE, 0, 0, OLD,
      ORDER(PENDING, OPEN), "a", MANUAL(COMPLETED) },
    { "partial, not submitted, old", PARTIAL, 0, 0, OLD,
      ORDER(PENDING, OPEN), "", MANUAL(COMPLETED) },
    { "completed, failed read", DONE, 0, 0, OLD, LOST, "",
      LATER(COMPLETED, 10) },
    { "completed, refused read", DONE, 0, 0, OLD, REFUSED, "",
      LATER(COMPLETED, 10) },
    { "completed, asked", DONE, 0, 0, OLD, ORDER(COMPLETED, MADE), "q",
      RECORDED },

    /* pending, unknown */
    { "unknown, unread", UNKNOWN, 0, 1, OLD, UNREAD, "", READ },
    { "pending, unread", PENDING, 0, 1, OLD, UNREAD, "", READ },
    { "unknown, again, unread", UNKNOWN, 0, 1, OLD, UNREAD, "a", READ },
    { "unknown, completed", UNKNOWN, 0, 1, 0, ORDER(COMPLETED, MADE), "",
      SHOWN(DONE) },
    { "unknown, partial", UNKNOWN, 0, 1, 0, ORDER(PARTIAL, MADE), "",
      SHOWN(PARTIAL) },
    { "unknown, completed without a bag", UNKNOWN, 0, 1, 0,
      ORDER(COMPLETED, ORDERED), "", SHOWN(DONE) },
    { "unknown, SUBMITTED", UNKNOWN, 0, 1, 0, ORDER(PENDING, SUBMITTED), "",
      SHOWN(PENDING) },
    { "unknown, PROCESSING", UNKNOWN, 0, 1, OLD, ORDER(PENDING, PROC), "",
      SHOWN(PENDING) },
    { "unknown, pending without evidence", UNKNOWN, 0, 1, OLD,
      ORDER(PENDING, 0), "", MANUAL(UNKNOWN) },
    { "unknown, SUBMITTED, and one unknown", UNKNOWN, 0, 1, 0,
      ORDER(UNKNOWN, SUBMITTED), "", LATER(UNKNOWN, 60) },
    { "unknown, rejected", UNKNOWN, 0, 1, 0, ORDER(FAILED, REJECTED), "",
      SHOWN(FAILED) },
    { "unknown, failed, young", UNKNOWN, 0, 1, YOUNG, ORDER(FAILED, 0), "",
      LATER(UNKNOWN, 1) },
    { "unknown, failed, old", UNKNOWN, 0, 1, OLD, ORDER(FAILED, 0), "",
      SHOWN(FAILED) },
    { "unknown, not submitted, young", UNKNOWN, 0, 1, YOUNG,
      ORDER(PENDING, OPEN), "", LATER(UNKNOWN, 1) },
    { "unknown, not submitted, old", UNKNOWN, 0, 1, OLD,
      ORDER(PENDING, OPEN), "", SEND },
    { "pending, not submitted, old", PENDING, 0, 1, OLD,
      ORDER(PENDING, OPEN), "", SEND },
    { "unknown, not submitted with errors, old", UNKNOWN, 0, 1, OLD,
      ORDER(FAILED, OPEN), "", SEND },
    { "unknown, requires_action, old", UNKNOWN, 0, 1, OLD,
      ORDER(REQUIRES_ACTION, 0), "", MANUAL(UNKNOWN) },
    { "unknown, unknown, young", UNKNOWN, 0, 1, 0, ORDER(UNKNOWN, 0), "",
      LATER(UNKNOWN, 60) },
    { "unknown, unknown, old", UNKNOWN, 0, 1, OLD, ORDER(UNKNOWN, 0), "",
      MANUAL(UNKNOWN) },
    { "unknown, failed read", UNKNOWN, 0, 1, OLD, LOST, "",
      LATER(UNKNOWN, 10) },
    { "unknown, failed read, again", UNKNOWN, 0, 1, OLD, LOST, "a",
      LATER(UNKNOWN, 10) },
    { "unknown, refused read", UNKNOWN, 0, 1, OLD, REFUSED, "",
      MANUAL(CREDENTIALS) },

    /* doubts take longer and longer, and end */
    { "the second doubt, young", UNKNOWN, 0, 2, 2 * SETTLE - 1,
      ORDER(PENDING, OPEN), "", LATER(UNKNOWN, 1) },
    { "the second doubt, old", UNKNOWN, 0, 2, 2 * SETTLE,
      ORDER(PENDING, OPEN), "", SEND },
    { "the seventh doubt, young", UNKNOWN, 0, 7, 3600000 - 1,
      ORDER(PENDING, OPEN), "", LATER(UNKNOWN, 1) },
    { "the seventh doubt, old", UNKNOWN, 0, 7, 3600000,
      ORDER(PENDING, OPEN), "", SEND },
    { "the eighth doubt, old", UNKNOWN, 0, 8, 3600000,
      ORDER(PENDING, OPEN), "", MANUAL(UNKNOWN) },
    { "the eighth doubt, again", UNKNOWN, 0, 8, 3600000,
      ORDER(PENDING, OPEN), "a", SEND },
    { "the eighth doubt, failed", UNKNOWN, 0, 8, 3600000,
      ORDER(FAILED, 0), "", SHOWN(FAILED) },

    /* evidence once seen */
    { "evidence, not submitted, old", UNKNOWN, SUBMITTED, 1, OLD,
      ORDER(PENDING, OPEN), "", MANUAL(UNKNOWN) },
    { "evidence, not submitted, again", UNKNOWN, SUBMITTED, 1, OLD,
      ORDER(PENDING, OPEN), "a", SEND },
    { "failed with evidence, not submitted", FAILED, MADE, 1, 0,
      ORDER(PENDING, OPEN), "", MANUAL(UNKNOWN) },
    { "failed with evidence, rejected", FAILED, MADE, 1, 0,
      ORDER(FAILED, REJECTED), "", SHOWN(NONE) },
    { "failed with evidence, completed", FAILED, MADE, 1, 0,
      ORDER(COMPLETED, MADE), "", SHOWN(DONE) },
    { "failed with evidence, not submitted, again", FAILED, MADE, 1, 0,
      ORDER(PENDING, OPEN), "a", SEND },

    /* again */
    { "again, young, not submitted", UNKNOWN, 0, 1, 0, ORDER(PENDING, OPEN),
      "a", SEND },
    { "again, unclear", UNKNOWN, 0, 1, 0, ORDER(UNKNOWN, 0), "a", SEND },
    { "again, rejected", UNKNOWN, 0, 1, 0, ORDER(FAILED, REJECTED), "a",
      SEND },
    { "again, made", UNKNOWN, 0, 1, 0, ORDER(UNKNOWN, MADE), "a",
      LATER(UNKNOWN, 60) },
    { "again, SUBMITTED", UNKNOWN, 0, 1, 0, ORDER(PENDING, SUBMITTED), "a",
      SHOWN(PENDING) },
    { "again, PROCESSING", UNKNOWN, 0, 1, OLD, ORDER(UNKNOWN, PROC), "a",
      MANUAL(UNKNOWN) },
    { "again, ACCEPTED", UNKNOWN, 0, 1, OLD, ORDER(UNKNOWN, ORDERED), "a",
      MANUAL(UNKNOWN) },

    /* Redis was not heard */
    { "unheard, not submitted", NONE, 0, 0, 0, ORDER(PENDING, OPEN), "u",
      SEND },
    { "unheard, completed", NONE, 0, 0, 0, ORDER(COMPLETED, MADE), "u",
      SHOWN(DONE) },
    { "unheard, SUBMITTED", NONE, 0, 0, 0, ORDER(PENDING, SUBMITTED), "u",
      SHOWN(PENDING) },
    { "unheard, rejected", FAILED, 0, 0, 0, ORDER(FAILED, REJECTED), "u",
      SHOWN(NONE) },
    { "unheard, failed", NONE, 0, 0, 0, ORDER(FAILED, 0), "u",
      SHOWN(FAILED) },
    { "unheard, unknown", NONE, 0, 0, 0, ORDER(UNKNOWN, 0), "u",
      MANUAL(UNKNOWN) },
    { "unheard, made", NONE, 0, 0, 0, ORDER(UNKNOWN, MADE), "u",
      VIOLET_DECISION_REFUSE, VIOLET_CART_REFUSAL_UNKNOWN, 1, 0, UNKNOWN },
    { "unheard, failed read", NONE, 0, 0, 0, LOST, "u",
      LATER(NO_GUARD, 10) },
    { "unheard, refused read", NONE, 0, 0, 0, REFUSED, "u",
      MANUAL(CREDENTIALS) },
    { "unheard, refuse", NONE, 0, 0, 0, UNREAD, "ur",
      LATER(NO_GUARD, 10) },
    { "heard, refuse", NONE, 0, 0, 0, UNREAD, "r", SEND },
    { "a doubt, unheard, refuse", UNKNOWN, 0, 1, OLD, UNREAD, "ur", READ },
    { "a doubt, unheard, refuse, not submitted", UNKNOWN, 0, 1, OLD,
      ORDER(PENDING, OPEN), "ur", LATER(NO_GUARD, 10) },
    { "a doubt, unheard, not submitted", UNKNOWN, 0, 1, OLD,
      ORDER(PENDING, OPEN), "u", SEND },
    { "a doubt, unheard, young", UNKNOWN, 0, 1, YOUNG,
      ORDER(PENDING, OPEN), "u", LATER(UNKNOWN, 1) },

    /* POST orders */
    { "a key", NONE, 0, 0, 0, BLIND, "k", SEND },
    { "a key, failed, another body", FAILED, 0, 0, 0, BLIND, "kb", SEND },
    { "a key, requires_action, another body", ACTION, 0, 0, 0, BLIND, "kb",
      MANUAL(OTHER_BODY) },
    { "a key, in flight, another body", FLIGHT, 0, 0, 0, BLIND, "kb",
      MANUAL(OTHER_BODY) },
    { "a key, in flight", FLIGHT, 0, 0, 0, BLIND, "k",
      LATER(IN_FLIGHT, 5) },
    { "a key, completed, another body", DONE, 0, 0, 0, UNREAD, "kb",
      MANUAL(OTHER_BODY) },
    { "a key, completed, an order id", DONE, 0, 0, 0, UNREAD, "k", READ },
    { "a key, completed, none", DONE, 0, 0, 0, BLIND, "k",
      MANUAL(COMPLETED) },
    { "a key, unknown, another body", UNKNOWN, 0, 1, OLD, BLIND, "kb",
      MANUAL(OTHER_BODY) },
    { "a key, unknown, none", UNKNOWN, 0, 1, OLD, BLIND, "k",
      MANUAL(UNKNOWN) },
    { "a key, unknown, none, again", UNKNOWN, 0, 1, 0, BLIND, "ka", SEND },
    { "a key, unknown, an order id, again", UNKNOWN, 0, 1, 0, UNREAD, "ka",
      READ },
    { "a key, unheard", NONE, 0, 0, 0, BLIND, "ku", SEND },
    { "a key, unheard, refuse", NONE, 0, 0, 0, BLIND, "kur",
      LATER(NO_GUARD, 10) },

    /* what became of it? */
    { "asked, none", NONE, 0, 0, 0, UNREAD, "q", READ },
    { "asked, failed", FAILED, 0, 0, 0, UNREAD, "q", READ },
    { "asked, none, Redis away", NONE, 0, 0, 0, UNREAD, "qur", READ },
    { "asked, none, not submitted", NONE, 0, 0, 0, ORDER(PENDING, OPEN), "q",
      ABSENT },
    { "asked, none, judged", NONE, 0, 0, 0, ORDER(UNKNOWN, 0), "q",
      SHOWN(NONE) },
    { "asked, none, completed", NONE, 0, 0, 0, ORDER(COMPLETED, MADE), "q",
      SHOWN(NONE) },
    { "asked, none, failed read", NONE, 0, 0, 0, LOST, "q",
      LATER(UNKNOWN, 10) },
    { "asked, none, refused read", NONE, 0, 0, 0, REFUSED, "q",
      MANUAL(CREDENTIALS) },
    { "asked, unknown, not submitted, young", UNKNOWN, 0, 1, YOUNG,
      ORDER(PENDING, OPEN), "q", LATER(UNKNOWN, 1) },
    { "asked, unknown, not submitted, old", UNKNOWN, 0, 1, OLD,
      ORDER(PENDING, OPEN), "q", ABSENT },
    { "asked, again has no say", UNKNOWN, 0, 1, YOUNG,
      ORDER(PENDING, OPEN), "qa", LATER(UNKNOWN, 1) },
    { "asked, the eighth doubt", UNKNOWN, 0, 8, 3600000,
      ORDER(PENDING, OPEN), "q", ABSENT },
    { "asked, evidence, not submitted", UNKNOWN, MADE, 1, OLD,
      ORDER(PENDING, OPEN), "q", MANUAL(UNKNOWN) },
    { "asked, unknown, completed", UNKNOWN, 0, 1, OLD,
      ORDER(COMPLETED, MADE), "q", SHOWN(NONE) },
    { "asked, completed, not submitted", DONE, 0, 0, OLD,
      ORDER(PENDING, OPEN), "q", MANUAL(COMPLETED) }
};


static void
test_case(const row_t *row)
{
    unsigned char           body[VIOLET_RECORD_DIGEST];
    violet_cart_ask_t       ask;
    violet_cart_shown_t     shown;
    violet_cart_record_t    record, after;
    violet_cart_decision_t  decision;

    memset(body, strchr(row->ask, 'b') ? 2 : 1, sizeof(body));
    memset(&ask, 0, sizeof(ask));
    memset(&shown, 0, sizeof(shown));
    memset(&record, 0, sizeof(record));

    ask.question = strchr(row->ask, 'q') != NULL;
    ask.again = strchr(row->ask, 'a') != NULL;
    ask.key = strchr(row->ask, 'k') != NULL;
    ask.unshared = strchr(row->ask, 'u') != NULL;
    ask.refuse = strchr(row->ask, 'r') != NULL;
    ask.body = body;
    ask.settle = SETTLE;

    shown.state = row->read;
    shown.outcome = row->outcome;
    shown.seen = row->seen;

    memset(record.body, 1, sizeof(record.body));
    record.state = (uint8_t) row->state;
    record.evidence = (uint8_t) row->evidence;
    record.doubts = (uint16_t) row->doubts;
    record.since = row->since;

    violet_cart_decide(&record, &shown, &ask, &decision);

    if ((int) decision.action != row->action
        || (int) decision.refusal != row->refusal
        || decision.manual != row->manual
        || decision.after != row->after)
    {
        fail_msg("%s: action %d, refusal %d, manual %d, after %d", row->what,
                 decision.action, decision.refusal, decision.manual,
                 (int) decision.after);
    }

    if (decision.action == VIOLET_DECISION_SEND) {
        return;
    }

    after = record;
    violet_cart_decided(&after, &shown, &decision);

    if (after.state != (row->becomes ? row->becomes : row->state)
        && !(row->state == NONE && decision.changed
             && after.state == UNKNOWN))
    {
        fail_msg("%s: becomes %s", row->what,
                 violet_cart_record_name(after.state));
    }

    /*
     * a question changes nothing, nor does what is read of an order that was
     * told; evidence stays in what is in doubt
     */

    if (ask.question || record.state == DONE || record.state == PARTIAL) {
        assert_memory_equal(&after, &record, sizeof(record));

    } else if (shown.state == VIOLET_READ_ORDER) {
        assert_int_equal(after.evidence, (record.evidence | shown.seen)
                                         & VIOLET_SEEN_EVIDENCE);
    }
}


static void
test_rows(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_case(&rows[i]);
    }
}


/* Whatever is shown, some row fits, and a flight and an order are not sent. */

static void
test_everything(void **state)
{
    unsigned                i, seen, bits;
    unsigned char           body[VIOLET_RECORD_DIGEST];
    violet_cart_ask_t       ask;
    violet_cart_shown_t     shown;
    violet_cart_record_t    record;
    violet_cart_decision_t  decision;

    (void) state;

    memset(body, 0, sizeof(body));

    for (i = 0; i < 8 * 5 * 6 * 2; i++) {
        for (seen = 0; seen < 64; seen++) {
            for (bits = 0; bits < 32; bits++) {

                memset(&ask, 0, sizeof(ask));
                memset(&shown, 0, sizeof(shown));
                memset(&record, 0, sizeof(record));

                record.state = i % 8;
                record.since = i / 240 ? SETTLE : 0;
                record.evidence = bits & 16 ? MADE : 0;
                record.doubts = 1;
                shown.state = i / 8 % 5;
                shown.outcome = i / 40 % 6;
                shown.seen = shown.state == VIOLET_READ_ORDER ? seen : 0;
                ask.question = bits & 1;
                ask.again = bits >> 1 & 1;
                ask.unshared = bits >> 2 & 1;
                ask.refuse = bits >> 3 & 1;
                ask.body = body;
                ask.settle = SETTLE;

                violet_cart_decide(&record, &shown, &ask, &decision);

                if (decision.action != VIOLET_DECISION_SEND) {
                    continue;
                }

                assert_false(ask.question);
                assert_false(ask.unshared && ask.refuse);
                assert_int_not_equal(record.state, FLIGHT);
                assert_int_not_equal(record.state, DONE);
                assert_int_not_equal(record.state, PARTIAL);

                /* a doubt: an order was read, not submitted or "again" */

                if (record.state == UNKNOWN || record.state == PENDING
                    || record.evidence)
                {
                    assert_true(ask.again
                                || (shown.state == VIOLET_READ_ORDER
                                    && (seen & OPEN)
                                    && record.evidence == 0));
                    assert_true(decision.again || record.since == SETTLE);
                }
            }
        }
    }
}


static void
test_again_leaves_the_doubt(void **state)
{
    unsigned char           body[VIOLET_RECORD_DIGEST];
    violet_cart_ask_t       ask;
    violet_cart_shown_t     shown;
    violet_cart_record_t    record;
    violet_cart_decision_t  decision;

    (void) state;

    memset(body, 0, sizeof(body));
    memset(&ask, 0, sizeof(ask));
    memset(&shown, 0, sizeof(shown));
    memset(&record, 0, sizeof(record));

    record.state = UNKNOWN;
    record.doubts = 1;
    shown.state = VIOLET_READ_ORDER;
    shown.seen = OPEN;
    ask.again = 1;
    ask.body = body;
    ask.settle = SETTLE;

    violet_cart_decide(&record, &shown, &ask, &decision);
    assert_int_equal(decision.action, VIOLET_DECISION_SEND);
    assert_true(decision.again);

    /* a read has cleared it up */

    record.since = SETTLE;
    violet_cart_decide(&record, &shown, &ask, &decision);
    assert_int_equal(decision.action, VIOLET_DECISION_SEND);
    assert_false(decision.again);

    shown.seen = 0;
    violet_cart_decide(&record, &shown, &ask, &decision);
    assert_true(decision.again);

    shown.seen = OPEN;
    record.evidence = MADE;
    violet_cart_decide(&record, &shown, &ask, &decision);
    assert_true(decision.again);
}


static void
test_alarm(void **state)
{
    unsigned char           body[VIOLET_RECORD_DIGEST];
    violet_cart_ask_t       ask;
    violet_cart_shown_t     shown;
    violet_cart_record_t    record;
    violet_cart_decision_t  decision;

    (void) state;

    memset(body, 0, sizeof(body));
    memset(&ask, 0, sizeof(ask));
    memset(&shown, 0, sizeof(shown));
    memset(&record, 0, sizeof(record));

    record.state = DONE;
    record.since = SETTLE;
    shown.state = VIOLET_READ_ORDER;
    shown.outcome = VIOLET_CART_PENDING;
    shown.seen = OPEN;
    ask.body = body;
    ask.settle = SETTLE;

    violet_cart_decide(&record, &shown, &ask, &decision);
    assert_true(decision.alarm);

    record.since = 0;
    violet_cart_decide(&record, &shown, &ask, &decision);
    assert_false(decision.alarm);

    record.state = UNKNOWN;
    record.doubts = 8;
    record.since = 3600000;
    violet_cart_decide(&record, &shown, &ask, &decision);
    assert_true(decision.manual);
    assert_false(decision.alarm);
}


static void
test_settle_time(void **state)
{
    violet_cart_record_t  record;

    (void) state;

    assert_int_equal(violet_cart_settle_first(0), 60000);
    assert_int_equal(violet_cart_settle_first(50000), 60000);
    assert_int_equal(violet_cart_settle_first(50001), 60001);
    assert_int_equal(violet_cart_settle_first(300000), 310000);
    assert_true(violet_cart_settle_first(INT64_MAX) > 0);

    assert_int_equal(violet_cart_settle_time(60000, 0), 60000);
    assert_int_equal(violet_cart_settle_time(60000, 1), 60000);
    assert_int_equal(violet_cart_settle_time(60000, 2), 120000);
    assert_int_equal(violet_cart_settle_time(60000, 6), 1920000);
    assert_int_equal(violet_cart_settle_time(60000, 7), 3600000);
    assert_int_equal(violet_cart_settle_time(60000, 65535), 3600000);

    /* an answer that may take longer than that is waited for */

    assert_int_equal(violet_cart_settle_time(7200000, 1), 7200000);
    assert_int_equal(violet_cart_settle_time(7200000, 9), 7200000);

    memset(&record, 0, sizeof(record));
    record.doubts = 2;

    assert_int_equal(violet_cart_settle_left(&record, 60000), 120);
    record.since = 119001;
    assert_int_equal(violet_cart_settle_left(&record, 60000), 1);
    record.since = 500000;
    assert_int_equal(violet_cart_settle_left(&record, 60000), 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_again_leaves_the_doubt),
        cmocka_unit_test(test_alarm),
        cmocka_unit_test(test_settle_time)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

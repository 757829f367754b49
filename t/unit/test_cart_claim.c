
/*
 * The decisions of the submit guard: whether a record allows the next submit,
 * and which claim may settle it; and the problems of refused submits.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_cart_claim.h"
#include "violet_cart_refusal.h"


static void
claim_init(violet_record_claim_t *claim, int who, int64_t now)
{
    memset(claim, 0, sizeof(violet_record_claim_t));

    claim->token[0] = (unsigned char) who;
    claim->now = now;
    claim->flight = 100;
    claim->keep = 1000;
    claim->time = 500;
}


static void
test_one_claims(void **state)
{
    violet_record_t        record;
    violet_record_claim_t  one, two;

    (void) state;

    memset(&record, 0, sizeof(record));
    claim_init(&one, 1, 10);
    claim_init(&two, 2, 10);

    assert_int_equal(violet_record_claim(&record, &one),
                     VIOLET_RECORD_CLAIMED);
    assert_int_equal(violet_record_state(&record, 10),
                     VIOLET_RECORD_IN_FLIGHT);
    assert_int_equal(violet_record_claim(&record, &two),
                     VIOLET_RECORD_REFUSED);

    /* "again" does not override a submit in flight */

    two.override_unknown = 1;
    assert_int_equal(violet_record_claim(&record, &two),
                     VIOLET_RECORD_REFUSED);
}


static void
test_deadline_is_unknown(void **state)
{
    violet_record_t        record;
    violet_record_claim_t  one, two;

    (void) state;

    memset(&record, 0, sizeof(record));
    claim_init(&one, 1, 10);
    claim_init(&two, 2, 110);

    (void) violet_record_claim(&record, &one);

    assert_int_equal(violet_record_state(&record, 109),
                     VIOLET_RECORD_IN_FLIGHT);
    assert_int_equal(violet_record_state(&record, 110),
                     VIOLET_RECORD_UNKNOWN);
    assert_int_equal(violet_record_claim(&record, &two),
                     VIOLET_RECORD_REFUSED);

    two.override_unknown = 1;
    assert_int_equal(violet_record_claim(&record, &two),
                     VIOLET_RECORD_CLAIMED);

    /* the first submit ends too late to settle the record of the second */

    one.now = 111;
    assert_int_equal(violet_record_settle(&record, &one, VIOLET_RECORD_OPEN,
                                          400), -1);
    assert_int_equal(violet_record_state(&record, 111),
                     VIOLET_RECORD_IN_FLIGHT);
}


static void
test_late_settlement(void **state)
{
    violet_record_t        record;
    violet_record_claim_t  one;

    (void) state;

    memset(&record, 0, sizeof(record));
    claim_init(&one, 1, 10);

    (void) violet_record_claim(&record, &one);

    one.now = 500;
    assert_int_equal(violet_record_settle(&record, &one,
                                          VIOLET_RECORD_COMPLETED, 200), 0);
    assert_int_equal(violet_record_state(&record, 999),
                     VIOLET_RECORD_COMPLETED);
    assert_int_equal(record.status, 200);
    assert_int_equal(violet_record_state(&record, 1000), VIOLET_RECORD_NONE);
}


static void
test_settlements(void **state)
{
    size_t                 i;
    violet_record_t        record;
    violet_record_claim_t  one, two;

    static const struct {
        violet_cart_outcome_t    outcome;
        violet_record_state_t    state;
        violet_record_verdict_t  next, again;
    } rows[] = {
        { VIOLET_CART_COMPLETED, VIOLET_RECORD_COMPLETED,
          VIOLET_RECORD_REFUSED, VIOLET_RECORD_REFUSED },
        { VIOLET_CART_PARTIAL, VIOLET_RECORD_PARTIAL,
          VIOLET_RECORD_REFUSED, VIOLET_RECORD_REFUSED },
        { VIOLET_CART_UNKNOWN, VIOLET_RECORD_UNKNOWN,
          VIOLET_RECORD_REFUSED, VIOLET_RECORD_CLAIMED },
        { VIOLET_CART_FAILED, VIOLET_RECORD_NONE,
          VIOLET_RECORD_CLAIMED, VIOLET_RECORD_CLAIMED },
        { VIOLET_CART_PENDING, VIOLET_RECORD_NONE,
          VIOLET_RECORD_CLAIMED, VIOLET_RECORD_CLAIMED },
        { VIOLET_CART_REQUIRES_ACTION, VIOLET_RECORD_NONE,
          VIOLET_RECORD_CLAIMED, VIOLET_RECORD_CLAIMED },
        { (violet_cart_outcome_t) 99, VIOLET_RECORD_UNKNOWN,
          VIOLET_RECORD_REFUSED, VIOLET_RECORD_CLAIMED }
    };

    (void) state;

    for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        memset(&record, 0, sizeof(record));
        claim_init(&one, 1, 10);
        claim_init(&two, 2, 20);
        two.override_unknown = i % 2;

        (void) violet_record_claim(&record, &one);

        assert_int_equal(violet_record_settle(&record, &one,
                         violet_record_outcome(rows[i / 2].outcome), 200), 0);
        assert_int_equal(violet_record_state(&record, 20), rows[i / 2].state);
        assert_int_equal(violet_record_claim(&record, &two),
                         i % 2 ? rows[i / 2].again : rows[i / 2].next);
    }
}


static void
test_body_of_a_key(void **state)
{
    violet_record_t        record;
    violet_record_claim_t  one, two;

    (void) state;

    memset(&record, 0, sizeof(record));
    claim_init(&one, 1, 10);
    claim_init(&two, 2, 10);
    one.body[3] = 1;
    two.body[3] = 2;
    two.override_unknown = 1;

    (void) violet_record_claim(&record, &one);
    assert_int_equal(violet_record_claim(&record, &two),
                     VIOLET_RECORD_OTHER_BODY);

    /* also after a failure; the key may be used with its own body */

    (void) violet_record_settle(&record, &one, VIOLET_RECORD_OPEN, 400);
    assert_int_equal(violet_record_claim(&record, &two),
                     VIOLET_RECORD_OTHER_BODY);

    two.body[3] = 1;
    assert_int_equal(violet_record_claim(&record, &two),
                     VIOLET_RECORD_CLAIMED);
}


/* Two submits of one cart; the first one ends after the second claim. */

static void
test_settlements_that_cross(void **state)
{
    size_t                 i;
    violet_record_t        record;
    violet_record_claim_t  one, two;

    static const struct {
        violet_record_state_t  second, late, left;
        int                    rc;
    } rows[] = {

        /* the state of the second; NONE if it has not ended */

        { VIOLET_RECORD_NONE, VIOLET_RECORD_COMPLETED,
          VIOLET_RECORD_COMPLETED, 0 },
        { VIOLET_RECORD_NONE, VIOLET_RECORD_PARTIAL,
          VIOLET_RECORD_PARTIAL, 0 },
        { VIOLET_RECORD_NONE, VIOLET_RECORD_OPEN,
          VIOLET_RECORD_IN_FLIGHT, -1 },
        { VIOLET_RECORD_NONE, VIOLET_RECORD_UNKNOWN,
          VIOLET_RECORD_IN_FLIGHT, -1 },
        { VIOLET_RECORD_UNKNOWN, VIOLET_RECORD_COMPLETED,
          VIOLET_RECORD_COMPLETED, 0 },
        { VIOLET_RECORD_UNKNOWN, VIOLET_RECORD_OPEN,
          VIOLET_RECORD_UNKNOWN, -1 },
        { VIOLET_RECORD_OPEN, VIOLET_RECORD_UNKNOWN,
          VIOLET_RECORD_UNKNOWN, 0 },
        { VIOLET_RECORD_COMPLETED, VIOLET_RECORD_UNKNOWN,
          VIOLET_RECORD_COMPLETED, -1 },
        { VIOLET_RECORD_COMPLETED, VIOLET_RECORD_PARTIAL,
          VIOLET_RECORD_COMPLETED, -1 }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(&record, 0, sizeof(record));
        claim_init(&one, 1, 10);
        claim_init(&two, 2, 200);
        two.override_unknown = 1;
        one.body[0] = two.body[0] = 1;

        (void) violet_record_claim(&record, &one);
        assert_int_equal(violet_record_claim(&record, &two),
                         VIOLET_RECORD_CLAIMED);
        assert_int_equal(record.seq, 2);

        if (rows[i].second != VIOLET_RECORD_NONE) {
            (void) violet_record_settle(&record, &two, rows[i].second, 200);
        }

        one.now = 210;
        assert_int_equal(violet_record_settle(&record, &one, rows[i].late,
                                              200), rows[i].rc);
        assert_int_equal(violet_record_state(&record, 210), rows[i].left);
        assert_int_equal(record.seq, 2);
    }
}


static void
test_doubt_waits_for_a_flight(void **state)
{
    violet_record_t        record;
    violet_record_claim_t  one, two;

    (void) state;

    memset(&record, 0, sizeof(record));
    claim_init(&one, 1, 10);
    claim_init(&two, 2, 200);
    two.override_unknown = 1;

    (void) violet_record_claim(&record, &one);
    (void) violet_record_claim(&record, &two);

    assert_int_equal(violet_record_settle(&record, &one,
                                          VIOLET_RECORD_UNKNOWN, 504), -1);
    assert_int_equal(violet_record_settle(&record, &two, VIOLET_RECORD_OPEN,
                                          400), 0);
    assert_int_equal(violet_record_state(&record, 200),
                     VIOLET_RECORD_UNKNOWN);
}


static void
test_cancel(void **state)
{
    violet_record_t        record;
    violet_record_claim_t  one, two;

    (void) state;

    memset(&record, 0, sizeof(record));
    claim_init(&one, 1, 10);
    claim_init(&two, 2, 10);

    (void) violet_record_claim(&record, &one);
    assert_int_equal(violet_record_cancel(&record, &two), -1);
    assert_int_equal(violet_record_cancel(&record, &one), 0);
    assert_int_equal(violet_record_state(&record, 10), VIOLET_RECORD_NONE);

    /* the record was unknown before the claim, and is again */

    (void) violet_record_claim(&record, &one);
    (void) violet_record_settle(&record, &one, VIOLET_RECORD_UNKNOWN, 504);
    two.override_unknown = 1;
    (void) violet_record_claim(&record, &two);
    assert_int_equal(violet_record_cancel(&record, &two), 0);
    assert_int_equal(violet_record_state(&record, 10), VIOLET_RECORD_UNKNOWN);
}


static void
test_freed_by_a_read(void **state)
{
    violet_record_t        record;
    violet_record_claim_t  one, two;

    (void) state;

    memset(&record, 0, sizeof(record));
    claim_init(&one, 1, 10);
    claim_init(&two, 1, 20);
    one.body[0] = 7;

    (void) violet_record_claim(&record, &one);
    assert_int_equal(violet_record_reopen(&record, &two), -1);

    (void) violet_record_settle(&record, &one, VIOLET_RECORD_UNKNOWN, 504);
    two.token[0] = 2;
    assert_int_equal(violet_record_reopen(&record, &two), -1);
    two.token[0] = 1;
    assert_int_equal(violet_record_reopen(&record, &two), 0);
    assert_int_equal(violet_record_state(&record, 20), VIOLET_RECORD_OPEN);

    /* the digest of the body is unchanged */

    assert_int_equal(record.body[0], 7);

    (void) violet_record_settle(&record, &one, VIOLET_RECORD_COMPLETED, 200);
    assert_int_equal(violet_record_reopen(&record, &two), -1);
}


static void
test_renew(void **state)
{
    violet_record_t        record;
    violet_record_claim_t  one, two;

    (void) state;

    memset(&record, 0, sizeof(record));
    claim_init(&one, 1, 10);
    claim_init(&two, 2, 60);

    assert_int_equal(violet_record_renew(&record, &one), -1);

    (void) violet_record_claim(&record, &one);
    assert_int_equal(violet_record_renew(&record, &two), -1);

    one.now = 60;
    assert_int_equal(violet_record_renew(&record, &one), 0);
    assert_int_equal(violet_record_state(&record, 159),
                     VIOLET_RECORD_IN_FLIGHT);
    assert_int_equal(violet_record_state(&record, 160),
                     VIOLET_RECORD_UNKNOWN);

    /* late, but no other submit has claimed the record */

    one.now = 170;
    assert_int_equal(violet_record_renew(&record, &one), 0);
    assert_int_equal(violet_record_state(&record, 170),
                     VIOLET_RECORD_IN_FLIGHT);

    (void) violet_record_settle(&record, &one, VIOLET_RECORD_COMPLETED, 200);
    assert_int_equal(violet_record_renew(&record, &one), -1);
}


static void
test_garbage_is_doubt(void **state)
{
    violet_record_t        record;
    violet_record_claim_t  one;

    (void) state;

    memset(&record, 0xff, sizeof(record));
    record.expires = 100;
    claim_init(&one, 1, 10);

    assert_int_equal(violet_record_state(&record, 10), VIOLET_RECORD_UNKNOWN);
    assert_int_equal(violet_record_claim(&record, &one),
                     VIOLET_RECORD_REFUSED);
}


static void
test_names(void **state)
{
    int          i;
    const char  *name;

    (void) state;

    for (i = VIOLET_RECORD_OPEN; i <= VIOLET_RECORD_PARTIAL; i++) {
        name = violet_record_name((violet_record_state_t) i);
        assert_int_equal(violet_record_parse(name, strlen(name)), i);
        assert_int_equal(violet_record_parse(name, strlen(name) - 1), 0);
    }

    assert_int_equal(violet_record_parse("", 0), VIOLET_RECORD_NONE);
    assert_int_equal(violet_record_parse("none", 4), VIOLET_RECORD_NONE);
}


static void
test_problems(void **state)
{
    int                    i;
    violet_cart_answer_t   answer;
    violet_cart_verdict_t  verdict;

    (void) state;

    memset(&answer, 0, sizeof(answer));
    answer.cart_id = 7;
    answer.request_id.data = "id";
    answer.request_id.len = 2;

    for (i = VIOLET_CART_REFUSAL_IN_FLIGHT;
         i <= VIOLET_CART_REFUSAL_NO_GUARD;
         i++)
    {
        assert_int_equal(violet_cart_refusal((violet_cart_refusal_t) i,
                                             207, &answer, &verdict), 0);
        assert_non_null(verdict.problem);
        assert_int_equal(verdict.outcome,
                         i == VIOLET_CART_REFUSAL_PARTIAL
                         ? VIOLET_CART_PARTIAL : VIOLET_CART_UNKNOWN);
        assert_int_equal(verdict.status,
                         i == VIOLET_CART_REFUSAL_PARTIAL ? 207
                         : i == VIOLET_CART_REFUSAL_OTHER_BODY ? 422 : 409);
        free(verdict.problem);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_one_claims),
        cmocka_unit_test(test_deadline_is_unknown),
        cmocka_unit_test(test_late_settlement),
        cmocka_unit_test(test_settlements),
        cmocka_unit_test(test_body_of_a_key),
        cmocka_unit_test(test_settlements_that_cross),
        cmocka_unit_test(test_doubt_waits_for_a_flight),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_freed_by_a_read),
        cmocka_unit_test(test_renew),
        cmocka_unit_test(test_garbage_is_doubt),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_problems)
    };

    return cmocka_run_group_tests_name("violet_submit", tests, NULL, NULL);
}

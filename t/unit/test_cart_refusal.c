
/*
 * The problems of the submit guard's own answers, a partial order that is shown
 * again, and what a verdict leaves in a record.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "violet_cart_decision.h"
#include "violet_cart_refusal.h"


static json_t *
refused(int kind, int manual, violet_cart_verdict_t *verdict)
{
    json_t                *problem;
    violet_cart_answer_t   answer;

    memset(&answer, 0, sizeof(answer));
    answer.cart_id = 7;
    answer.request_id.data = "abc";
    answer.request_id.len = 3;

    assert_int_equal(violet_cart_refusal(kind, manual, &answer, verdict), 0);
    assert_int_equal(verdict->outcome, VIOLET_CART_UNKNOWN);

    problem = json_loadb(verdict->problem, verdict->problem_len, 0, NULL);
    assert_non_null(problem);

    free(verdict->problem);

    return problem;
}


static void
test_refusals(void **state)
{
    size_t                  i;
    json_t                 *problem, *error;
    violet_cart_verdict_t   verdict;

    static const struct {
        int          kind;
        int          status;
        const char  *reason;
    } rows[] = {
        { VIOLET_CART_REFUSAL_IN_FLIGHT, 409, "SUBMIT_IN_PROGRESS" },
        { VIOLET_CART_REFUSAL_UNKNOWN, 409, "SUBMIT_UNRESOLVED" },
        { VIOLET_CART_REFUSAL_COMPLETED, 409, "ALREADY_SUBMITTED" },
        { VIOLET_CART_REFUSAL_OTHER_BODY, 422, "KEY_REUSED" },
        { VIOLET_CART_REFUSAL_NO_GUARD, 503, "GUARD_UNAVAILABLE" },
        { VIOLET_CART_REFUSAL_CREDENTIALS, 409, "CREDENTIALS_REJECTED" },
        { VIOLET_CART_REFUSAL_DOUBTED, 409, "SUBMIT_UNRESOLVED" }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        problem = refused(rows[i].kind, (int) i % 2, &verdict);

        assert_int_equal(verdict.status, rows[i].status);
        assert_int_equal(verdict.retry, i % 2 ? VIOLET_CART_RETRY_MANUAL
                                              : VIOLET_CART_RETRY_LATER);
        assert_string_equal(violet_reason_name(verdict.reason),
                            rows[i].reason);

        assert_int_equal(json_integer_value(json_object_get(problem,
                                                            "status")),
                         rows[i].status);
        assert_string_equal(json_string_value(json_object_get(problem,
                                                              "retry")),
                            i % 2 ? "manual" : "later");
        assert_int_equal(json_integer_value(json_object_get(problem,
                                                            "cart_id")), 7);

        error = json_array_get(json_object_get(problem, "errors"), 0);
        assert_string_equal(json_string_value(json_object_get(error,
                                                              "reason")),
                            rows[i].reason);
        json_decref(problem);
    }
}


static const char *
outcome_of(json_t *problem, size_t i)
{
    return json_string_value(json_object_get(
               json_array_get(json_object_get(problem, "bags"), i),
               "outcome"));
}


static json_t *
replayed(const violet_cart_record_t *record, violet_cart_verdict_t *verdict)
{
    json_t                *problem;
    violet_cart_answer_t   answer;
    const char            *order =
        "{\"id\":7,\"status\":\"COMPLETED\",\"bags\":["
        "{\"id\":1,\"status\":\"REFUNDED\"},"
        "{\"id\":2,\"status\":\"ACCEPTED\"},"
        "{\"id\":3,\"status\":\"CANCELED\"}]}";

    memset(&answer, 0, sizeof(answer));
    answer.status = 200;
    answer.cart_id = 7;
    answer.partial_status = 207;
    answer.body.data = order;
    answer.body.len = strlen(order);

    assert_int_equal(violet_cart_replay_partial(&answer, record, verdict), 0);

    problem = json_loadb(verdict->problem, verdict->problem_len, 0, NULL);
    assert_non_null(problem);

    free(verdict->problem);

    return problem;
}


static void
test_partial(void **state)
{
    json_t                 *problem;
    violet_cart_record_t    record;
    violet_cart_verdict_t   verdict;

    (void) state;

    memset(&record, 0, sizeof(record));
    record.bags[0] = 2;

    problem = replayed(&record, &verdict);

    assert_int_equal(verdict.outcome, VIOLET_CART_PARTIAL);
    assert_int_equal(verdict.status, 207);
    assert_int_equal(verdict.retry,
                     VIOLET_CART_RETRY_NEW_CART_FOR_FAILED_BAGS);

    /* the record says which has failed, whatever became of them since */

    assert_string_equal(outcome_of(problem, 0), "accepted");
    assert_string_equal(outcome_of(problem, 1), "failed");
    assert_string_equal(outcome_of(problem, 2), "accepted");
    assert_true(json_is_object(json_object_get(problem, "order")));
    json_decref(problem);

    /* more bags had failed than the record has room for */

    record.flags = VIOLET_RECORD_MORE;
    problem = replayed(&record, &verdict);
    assert_string_equal(outcome_of(problem, 1), "failed");
    assert_string_equal(outcome_of(problem, 2), "failed");
    json_decref(problem);

    /* it was not known whether they had */

    record.flags = VIOLET_RECORD_MANUAL;
    problem = replayed(&record, &verdict);
    assert_int_equal(verdict.retry, VIOLET_CART_RETRY_MANUAL);
    assert_string_equal(outcome_of(problem, 1), "unknown");
    json_decref(problem);
}


static void *
no_memory(size_t size)
{
    (void) size;

    return NULL;
}


/* An order that cannot be read for want of memory has no problem. */

static void
test_partial_without_memory(void **state)
{
    violet_cart_answer_t    answer;
    violet_cart_record_t    record;
    violet_cart_verdict_t   verdict;

    (void) state;

    memset(&record, 0, sizeof(record));
    memset(&answer, 0, sizeof(answer));
    answer.status = 200;
    answer.cart_id = 7;
    answer.body.data = "{\"id\":7,\"bags\":[{\"id\":1}]}";
    answer.body.len = strlen(answer.body.data);

    json_set_alloc_funcs(no_memory, free);
    assert_int_equal(violet_cart_replay_partial(&answer, &record, &verdict),
                     -1);
    json_set_alloc_funcs(malloc, free);

    assert_null(verdict.problem);
}


static void
test_seen(void **state)
{
    violet_cart_seen_t  seen;

    (void) state;

    memset(&seen, 0, sizeof(seen));
    assert_int_equal(violet_cart_seen_bits(&seen), 0);

#define ONE(member, bit)                                                      \
    memset(&seen, 0, sizeof(seen));                                           \
    seen.member = 1;                                                          \
    assert_int_equal(violet_cart_seen_bits(&seen), VIOLET_SEEN_ ## bit)

    ONE(submitted, SUBMITTED);
    ONE(made, MADE);
    ONE(accepted, MADE);
    ONE(processing, PROCESSING);
    ONE(ordered, ORDERED);
    ONE(rejected, REJECTED);
    ONE(not_submitted, OPEN);
}


static void
test_failed_bags(void **state)
{
    size_t                  i;
    int64_t                 bags[VIOLET_RECORD_BAGS];
    violet_cart_verdict_t   verdict;

    (void) state;

    memset(&verdict, 0, sizeof(verdict));
    memset(bags, 0, sizeof(bags));

    assert_int_equal(violet_cart_failed_bags(&verdict, bags), 0);

    verdict.nfailed = VIOLET_RECORD_BAGS;

    for (i = 0; i < VIOLET_RECORD_BAGS; i++) {
        verdict.failed[i] = (int64_t) i + 1;
    }

    assert_int_equal(violet_cart_failed_bags(&verdict, bags), 0);
    assert_int_equal(bags[VIOLET_RECORD_BAGS - 1], VIOLET_RECORD_BAGS);

    verdict.nfailed = VIOLET_RECORD_BAGS + 1;
    verdict.failed[VIOLET_RECORD_BAGS] = 99;
    assert_int_equal(violet_cart_failed_bags(&verdict, bags), 1);

    /* one without an id */

    memset(bags, 0, sizeof(bags));
    verdict.nfailed = 2;
    verdict.failed[0] = 0;
    verdict.failed[1] = 5;
    assert_int_equal(violet_cart_failed_bags(&verdict, bags), 1);
    assert_int_equal(bags[0], 5);
    assert_int_equal(bags[1], 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_partial_without_memory),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_failed_bags)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

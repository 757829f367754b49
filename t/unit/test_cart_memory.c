
/*
 * Answers to a submit when memory runs out: each allocation of the judge fails
 * in turn, alone or with all after it.  Either the judge says so, or its
 * verdict is the one with memory, or doubt; nothing leaks.  The linker calls
 * __wrap_... in place of the functions that allocate, and jansson has them from
 * this test.
 */

#include "cart_check.h"
#include "violet_token_json.h"


/* more allocations than any answer of this file needs */
#define TEST_MOST  4000


void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __real_free(void *p);
void __wrap_free(void *p);


typedef struct {
    unsigned     status;
    const char  *body;
} test_row_t;


/* the allocation that fails, from 1, and whether all after it fail too */
static unsigned  test_nth, test_all;

/* allocations so far, those that failed, and blocks that are not freed */
static unsigned  test_seen, test_failed;
static int       test_blocks;


/*
 * Two bags whose "bag_id" is another one than "id", payments of both with
 * errors, an error of each list, and more errors than a first list has room
 * for.
 */

#define TEST_ORDER                                                            \
    "{\"id\":7,\"status\":\"IN_PROGRESS\",\"bags\":["                         \
    "{\"id\":1,\"bag_id\":11,\"status\":\"REJECTED\",\"merchant_id\":5},"     \
    "{\"id\":2,\"bag_id\":12,\"status\":\"CANCELED\"},"                       \
    "{\"bag_id\":13,\"status\":\"REJECTED\"}],"                               \
    "\"errors\":[" SUBMIT(11) "," OLD(2, "OTHER") "," OLD(3, "A") ","         \
    OLD(4, "B") "," OLD(5, "C") "],"                                          \
    "\"payment_transactions\":["                                              \
    PAY("FAILED", ",\"related_bags\":[1],\"errors\":[{\"message\":\"no\"},"   \
        "{\"message\":\"declined\"},{\"message\":\"expired\"},"               \
        "{\"message\":\"lost\"}]") ","                                        \
    PAY("CANCELED", ",\"related_bags\":[12]") "]}"

#define TEST_SKUS                                                             \
    "{\"message\":\"Some items are gone.\",\"error\":\"unavailable\","        \
    "\"code\":7,\"data\":{\"skus\":[{\"sku_id\":1,\"message\":\"gone\"},"     \
    "{\"sku_id\":2,\"message\":\"gone\"}]}}"


static const test_row_t  test_rows[] = {
    { 200, ORDER },
    { 200, TEST_ORDER },
    { 422, TEST_ORDER },
    { 200, "{\"id\":1,\"status\":\"COMPLETED\",\"bags\":["
           BAG(1, "ACCEPTED") "," BAG(2, "REJECTED") "]}" },
    { 200, "{\"id\":1,\"status\":\"IN_PROGRESS\",\"bags\":["
           BAG(1, "IN_PROGRESS") "]}" },
    { 200, "{\"id\":1,\"status\":\"ACCEPTED\",\"bags\":["
           "{\"id\":1,\"status\":\"ACCEPTED\",\"external_id\":1e999}]}" },
    { 200, "{\"id\":1,\"st\\u0061tus\":\"ACCEPTED\",\"total\":1e999,"
           "\"bags\":[{\"id\":1,\"status\":\"REJECTED\"}]}" },
    { 200, "{\"errors\":[" SUBMIT(1) "]}" },
    { 200, "{\"id\":1,\"id\":2,\"status\":\"ACCEPTED\",\"bags\":["
           BAG(1, "ACCEPTED") "]}" },
    { 200, EXCEPTION },
    { 200, HTML },
    { 400, EXCEPTION },
    { 400, TEST_SKUS },
    { 400, "{\"errors\":[" SUBMIT(1) "]}" },
    { 401, LEGACY },
    { 401, EXCEPTION },
    { 401, "{\"message\":\"One or more of your API Credentials are invalid\","
           "\"error\":\"unauthorized\",\"code\":11}" },
    { 401, "{\"message\":\"One or more of your API Cr\\u0065dentials are\","
           "\"\\u0065rror\":\"unauthorized\",\"code\":11}" },
    { 401, TEST_SKUS },
    { 403, EXCEPTION },
    { 404, EXCEPTION },
    { 404, SPRING },
    { 412, EXCEPTION },
    { 412, "{\"message\":\"\\ud800 not\",\"error\":\"no\",\"code\":1e999}" },
    { 412, ORDER },
    { 422, TEST_SKUS },
    { 429, EXCEPTION },
    { 500, EXCEPTION },
    { 503, HTML },
};


static int
test_no_memory(void)
{
    test_seen++;

    if (test_nth == 0 || test_seen < test_nth
        || (test_seen > test_nth && !test_all))
    {
        return 0;
    }

    test_failed++;

    return 1;
}


void *
__wrap_malloc(size_t size)
{
    void  *p;

    p = test_no_memory() ? NULL : __real_malloc(size);

    test_blocks += (p != NULL);

    return p;
}


void *
__wrap_calloc(size_t n, size_t size)
{
    void  *p;

    p = test_no_memory() ? NULL : __real_calloc(n, size);

    test_blocks += (p != NULL);

    return p;
}


void *
__wrap_realloc(void *p, size_t size)
{
    void  *q;

    q = test_no_memory() ? NULL : __real_realloc(p, size);

    test_blocks += (p == NULL && q != NULL);

    return q;
}


void
__wrap_free(void *p)
{
    test_blocks -= (p != NULL);

    __real_free(p);
}


/* Judges an answer while the n-th allocation fails; 0: none. */

static int
test_judge(const test_row_t *row, unsigned n, unsigned all,
    violet_cart_verdict_t *verdict)
{
    int                   rc, blocks;
    violet_cart_answer_t  answer;

    check_answer(&answer, row->status, row->body, strlen(row->body));

    blocks = test_blocks;
    test_seen = 0;
    test_failed = 0;
    test_nth = n;
    test_all = all;

    rc = violet_cart_judge(&answer, verdict);

    test_nth = 0;

    assert_int_equal(test_blocks - blocks, verdict->problem != NULL);

    return rc;
}


static void
check_verdict(const test_row_t *row, const violet_cart_verdict_t *expected,
    unsigned n, unsigned all)
{
    int                     rc;
    json_t                 *problem;
    violet_cart_verdict_t   verdict;

    rc = test_judge(row, n, all, &verdict);

    if (rc == -1) {
        assert_true(test_failed > 0);
        assert_null(verdict.problem);
        return;
    }

    if (verdict.outcome != expected->outcome && verdict.outcome != UNKNOWN) {
        fail_msg("%u %s: without allocation %u the outcome is %s, not %s",
                 row->status, row->body, n,
                 violet_cart_outcome_name(verdict.outcome),
                 violet_cart_outcome_name(expected->outcome));
    }

    assert_int_equal(verdict.problem != NULL, verdict.outcome >= FAILED);

    if (verdict.problem) {
        problem = check_problem(&verdict, verdict.problem,
                                verdict.problem_len);
        json_decref(problem);
    }

    free(verdict.problem);
}


static void
test_memory(void **state)
{
    size_t                  i;
    unsigned                n, all, failures;
    violet_cart_verdict_t   expected;

    (void) state;

    for (i = 0; i < N(test_rows); i++) {
        assert_int_equal(test_judge(&test_rows[i], 0, 0, &expected), 0);
        free(expected.problem);

        for (all = 0; all < 2; all++) {
            failures = 0;

            for (n = 1; n < TEST_MOST; n++) {
                check_verdict(&test_rows[i], &expected, n, all);

                if (test_failed == 0) {
                    break;
                }

                failures++;
            }

            assert_true(n < TEST_MOST);
            assert_true(failures > 0 || expected.outcome == COMPLETED);
        }
    }
}


/* An answer about a token is read as a whole, or not at all. */

static void
test_token(void **state)
{
    int                           blocks;
    unsigned                      n;
    const char                   *reason;
    static violet_token_answer_t  token;

    static const char  answer[] = "{\"token\":\"abc\","
                                  "\"refresh_token\":\"defg\",\"id\":1}";

    (void) state;

    for (n = 1; n < TEST_MOST; n++) {
        blocks = test_blocks;
        test_seen = 0;
        test_failed = 0;
        test_all = 0;
        test_nth = n;

        reason = violet_token_parse(answer, sizeof(answer) - 1, &token);

        test_nth = 0;

        assert_int_equal(test_blocks, blocks);

        if (reason == NULL) {
            assert_int_equal(token.access_len, 3);
            assert_memory_equal(token.access, "abc", 3);
            assert_int_equal(token.refresh_len, 4);
            assert_memory_equal(token.refresh, "defg", 4);

        } else {
            assert_true(test_failed > 0);
            assert_int_equal(token.access_len, 0);
            assert_int_equal(token.refresh_len, 0);
        }

        if (test_failed == 0) {
            break;
        }
    }

    assert_true(n > 5 && n < TEST_MOST);
}


static int
test_setup(void **state)
{
    json_set_alloc_funcs(__wrap_malloc, __wrap_free);

    return check_setup(state);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_token)
    };

    return cmocka_run_group_tests(tests, test_setup, check_teardown);
}

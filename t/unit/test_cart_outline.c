
/*
 * With and without the outline of an answer, and the short way of a completed
 * order, the judge gives the same verdict and the same bytes of the document,
 * for the fuzzers' corpus and for damaged copies of it.  Outline and whole tree
 * may differ only if a name that is not read occurs twice; the short way and
 * the outline never differ.  The linker (--wrap) calls the
 * functions of this file in place of the core's.
 */

#define _GNU_SOURCE

#include <dirent.h>

#include "cart_check.h"
#include "violet_cart_body.h"
#include "violet_cart_plain.h"
#include "violet_json_outline.h"


#if defined(__SANITIZE_ADDRESS__)
#define DAMAGES  20
#else
#define DAMAGES  300
#endif

#define SIZE     65536


json_t *__real_violet_json_outline(const char *data, size_t len,
    const violet_json_pick_t *members);
json_t *__wrap_violet_json_outline(const char *data, size_t len,
    const violet_json_pick_t *members);


int __real_violet_cart_is_plain(violet_text_t text, int64_t *id);
int __wrap_violet_cart_is_plain(violet_text_t text, int64_t *id);


static int            without, slowly;
static uint32_t       seed = 1;
static unsigned long  compared, differ, outlines, plains;


json_t *
__wrap_violet_json_outline(const char *data, size_t len,
    const violet_json_pick_t *members)
{
    json_t  *outline;

    outline = without ? NULL
                      : __real_violet_json_outline(data, len, members);

    outlines += (outline != NULL);

    return outline;
}


int
__wrap_violet_cart_is_plain(violet_text_t text, int64_t *id)
{
    int  plain;

    plain = !without && !slowly && __real_violet_cart_is_plain(text, id);

    plains += (plain != 0);

    return plain;
}


static unsigned
any(size_t n)
{
    seed = seed * 1664525 + 1013904223;

    return (unsigned) ((seed >> 8) % n);
}


static int
is_twice(const violet_cart_answer_t *answer)
{
    int                 twice;
    violet_cart_body_t  body;

    violet_cart_body_init(&body, answer);
    assert_int_equal(violet_cart_body_read(&body, answer), 0);
    twice = body.twice;
    violet_cart_body_free(&body);

    return twice;
}


static int
is_same(const violet_cart_verdict_t *one, const violet_cart_verdict_t *other)
{
    return one->outcome == other->outcome
           && one->status == other->status
           && one->retry == other->retry
           && one->evidence == other->evidence
           && one->seen.order == other->seen.order
           && one->seen.id.value == other->seen.id.value
           && one->seen.made == other->seen.made
           && one->seen.accepted == other->seen.accepted
           && one->seen.submitted == other->seen.submitted
           && one->seen.processing == other->seen.processing
           && one->seen.ordered == other->seen.ordered
           && one->seen.rejected == other->seen.rejected
           && one->seen.not_submitted == other->seen.not_submitted
           && one->nfailed == other->nfailed
           && one->problem_len == other->problem_len
           && (one->problem == NULL
               || memcmp(one->problem, other->problem, one->problem_len)
                  == 0);
}


static void
compare(const char *data, size_t len, unsigned status)
{
    violet_cart_answer_t   answer;
    violet_cart_verdict_t  one, other, slow;

    memset(&answer, 0, sizeof(answer));

    answer.status = status;
    answer.body.data = data;
    answer.body.len = len;
    answer.partial_status = 422;

    assert_int_equal(violet_cart_judge(&answer, &one), 0);

    slowly = 1;
    assert_int_equal(violet_cart_judge(&answer, &slow), 0);
    slowly = 0;

    without = 1;
    assert_int_equal(violet_cart_judge(&answer, &other), 0);

    compared++;

    if (!is_same(&one, &slow)) {
        fail_msg("the short way: %.*s", (int) len, data);
    }

    if (!is_same(&one, &other)) {
        differ++;

        if (!is_twice(&answer)) {
            fail_msg("%.*s", (int) len, data);
        }
    }

    without = 0;

    free(one.problem);
    free(slow.problem);
    free(other.problem);
}


/* Changes a few bytes, or deletes or doubles a piece. */

static size_t
damage(const char *from, size_t len, char *to)
{
    size_t    at, n, i;

    static const char         bytes[] = "{}[],:\"\\0n 1";
    static const char *const  words[] = {
        "\"status\":\"REJECTED\",", "\"id\":1,", "\"bags\":[],",
        "\"errors\":[{\"bag_id\":1,\"message\":\"x\"}],", "{},", "[],",
        "\"a\":{\"status\":1},", "null", "\"\\u0000\"", "1e999", "\"\\ud800\""
    };

    memcpy(to, from, len);

    if (len == 0) {
        return 0;
    }

    switch (any(5)) {

    case 0:
        to[any(len)] = bytes[any(sizeof(bytes) - 1)];
        return len;

    case 1:
        to[any(len)] = (char) any(256);
        return len;

    case 2:
        at = any(len);
        n = any(len - at);
        memmove(to + at, to + at + n, len - at - n);
        return len - n;

    default:

        /* behind a comma or a bracket the text is likelier to stay valid */

        at = any(len);

        for (i = 0; i < len && strchr("{[,", from[at]) == NULL; i++) {
            at = (at + 1) % len;
        }

        i = any(N(words));
        n = strlen(words[i]);
        at++;

        memcpy(to + at, words[i], n);
        memcpy(to + at + n, from + at, len - at);

        return len + n;
    }
}


static void
compare_file(const char *path, size_t skip, size_t damages)
{
    FILE    *file;
    char     text[SIZE], damaged[SIZE + 64], *exact;
    size_t   i, n, len;

    static const unsigned  statuses[] = { 200, 400, 500 };

    file = fopen(path, "rb");
    assert_non_null(file);
    len = fread(text, 1, SIZE, file);
    fclose(file);

    if (len <= skip) {
        return;
    }

    len -= skip;
    memmove(text, text + skip, len);

    for (i = 0; i <= damages; i++) {
        n = i ? damage(text, len, damaged) : len;

        /* of the exact size, so that a sanitizer sees a read past the end */

        exact = malloc(n + 1);
        assert_non_null(exact);
        memcpy(exact, i ? damaged : text, n);

        compare(exact, n, statuses[i % N(statuses)]);
        free(exact);
    }
}


static void
compare_folder(const char *folder, const char *name, size_t skip,
    size_t damages)
{
    DIR            *dir;
    char            path[1024];
    struct dirent  *entry;

    snprintf(path, sizeof(path), "%s/%s", getenv(folder), name);

    dir = opendir(path);
    assert_non_null(dir);

    while ((entry = readdir(dir)) != NULL) {

        if (entry->d_type != DT_REG) {
            continue;
        }

        snprintf(path, sizeof(path), "%s/%s/%s", getenv(folder), name,
                 entry->d_name);

        compare_file(path, skip, damages);
    }

    closedir(dir);
}


static void
test_outline(void **state)
{
    (void) state;

    /* the other tests need milliseconds: each mutant runs them */

    if (getenv("VIOLET_TEST_QUICK")) {
        skip();
    }

    /* in the corpus the first byte selects the status */

    compare_folder("VIOLET_FUZZ_CORPUS", "judge", 1, DAMAGES);
    compare_folder("VIOLET_TEST_DATA", "cart", 0, DAMAGES * 30);

    printf("%lu answers, %lu outlines, %lu plain, %lu differ by a repeated "
           "name\n", compared, outlines, plains, differ);

    /* answers without an outline compare nothing */

    assert_true(outlines + plains > compared / 10);
    assert_true(plains > compared / 1000);
    assert_true(differ < compared / 50);
}


/* A completed order has no outline if it needs no closer look. */

static void
test_plain(void **state)
{
    size_t         i;
    int64_t        id;
    char           text[512];
    violet_text_t  body;

    static const char  order[] =
        "{\"id\":7,\"status\":\"COMPLETED\",\"bags\":[{\"id\":1,\"status\":"
        "\"ACCEPTED\"}]%s}";

    static const struct {
        const char  *rest;
        int          plain;
    } rows[] = {
        { "", 1 },
        { " ", 1 },
        { ",\"errors\":[],\"payment_transactions\":[]", 1 },
        { ",\"errors\":null,\"x\":{\"status\":\"FAILED\"}", 1 },
        { ",\"errors\":[ ],\"payment_transactions\":[{\"status\":\"CAPTURED\","
          "\"capture_status\":\"captured\",\"errors\":[]}]", 1 },
        { ",\"paymentTransactions\":[{\"captureStatus\":\"BYPASSED\"}]", 1 },
        { ",\"code\":null,\"message\":null", 1 },

        { ",\"errors\":[{}]", 0 },
        { ",\"errors\":[null]", 0 },
        { ",\"errors\":{}", 0 },
        { ",\"errors\":[],\"errors\":[{}]", 0 },
        { ",\"status\":\"CANCELED\"", 0 },
        { ",\"status\":\"COMPLETED\"", 0 },
        { ",\"bags\":[{\"status\":\"ACCEPTED\"}]", 0 },
        { ",\"bags\":[{\"status\":\"REJECTED\"}]", 0 },
        { ",\"b\\u0061gs\":[{\"status\":\"REJECTED\"}]", 0 },
        { ",\"payment_status\":\"REQUIRES_ACTION\"", 0 },
        { ",\"paymentStatus\":\"REQUIRES_ACTION\"", 0 },
        { ",\"payment_transactions\":[{\"status\":\"REQUIRES_ACTION\"}]", 0 },
        { ",\"payment_transactions\":[{\"status\":\"CAPTURED\","
          "\"capture_status\":\"FAILED\"}]", 0 },
        { ",\"payment_transactions\":[{\"status\":\"CAPTURED\",\"errors\":"
          "[{}]}]", 0 },
        { ",\"payment_transactions\":[],\"paymentTransactions\":[{\"status\":"
          "\"FAILED\",\"related_bags\":[9]}]", 0 },
        { ",\"payment_transactions\":{\"status\":\"FAILED\"}", 0 },
        { ",\"code\":7", 0 },
        { ",\"error_code\":7", 0 },
        { ",\"error\":\"x\",\"message\":\"x\"", 0 },
        { ",\"x\":01", 0 },
        { ",\"x\"", 0 },
        { ",", 0 }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        body.data = text;
        body.len = (size_t) snprintf(text, sizeof(text), order, rows[i].rest);

        if (__real_violet_cart_is_plain(body, &id) != rows[i].plain) {
            fail_msg("%s", text);
        }

        assert_true(!rows[i].plain || id == 7);
        compare(text, body.len, 200);
    }

    /* not under another status */

    body.len = (size_t) snprintf(text, sizeof(text), order, "");
    plains = 0;
    compare(text, body.len, 200);
    assert_int_equal(plains, 1);
    compare(text, body.len, 400);
    compare(text, body.len, 500);
    assert_int_equal(plains, 1);
}


static void
test_not_plain(void **state)
{
    size_t         i;
    int64_t        id;
    violet_text_t  body;

    static const char *const  bodies[] = {
        "{\"id\":7,\"status\":\"COMPLETED\",\"bags\":[]}",
        "{\"id\":7,\"status\":\"COMPLETED\"}",
        "{\"id\":7,\"bags\":[{\"status\":\"ACCEPTED\"}]}",
        "{\"status\":\"COMPLETED\",\"bags\":[{\"status\":\"ACCEPTED\"}]}",
        "{\"id\":\"7\",\"status\":\"COMPLETED\",\"bags\":[{\"status\":"
        "\"ACCEPTED\"}]}",
        "{\"id\":7,\"status\":\"PROCESSING\",\"bags\":[{\"status\":"
        "\"ACCEPTED\"}]}",
        "{\"id\":7,\"status\":\"COMPLETED\",\"bags\":[{\"status\":"
        "\"ACCEPTED\"},{\"status\":\"SUBMITTED\"}]}",
        "{\"id\":7,\"status\":\"COMPLETED\",\"bags\":[{\"status\":"
        "\"ACCEPTED\"},{}]}",
        "{\"id\":7,\"status\":\"COMPLETED\",\"bags\":[{\"status\":"
        "\"ACCEPTED\"},1]}",
        "{\"id\":7,\"status\":\"COMPLETED\",\"bags\":[{\"status\":"
        "\"ACCEPTED\",\"status\":\"REJECTED\"}]}",
        "[{\"id\":7,\"status\":\"COMPLETED\",\"bags\":[{\"status\":"
        "\"ACCEPTED\"}]}]",
        "{\"id\":7,\"status\":\"COMPLETED\",\"bags\":[{\"status\":"
        "\"ACCEPTED\"}]}}",
        "{", "{}", "", "\"", "{\"id\":"
    };

    (void) state;

    for (i = 0; i < N(bodies); i++) {
        body.data = bodies[i];
        body.len = strlen(bodies[i]);

        if (__real_violet_cart_is_plain(body, &id)) {
            fail_msg("%s", bodies[i]);
        }

        compare(bodies[i], body.len, 200);
    }
}


/* Each name twice, in a completed order, its bag and its payment. */

static void
test_names_twice(void **state)
{
    size_t  i, k, len;
    char    text[512], twice[128];

    (void) state;

    for (i = 0; violet_cart_names[i]; i++) {
        snprintf(twice, sizeof(twice), ",\"%s\":null,\"%s\":null",
                 violet_cart_names[i], violet_cart_names[i]);

        for (k = 0; k < 3; k++) {
            len = (size_t) snprintf(text, sizeof(text),
                      "{\"id\":7,\"status\":\"COMPLETED\",\"bags\":[{"
                      "\"status\":\"ACCEPTED\"%s}],"
                      "\"payment_transactions\":[{\"x\":1%s}]%s}",
                      k ? "" : twice, k == 1 ? twice : "", k > 1 ? twice : "");

            compare(text, len, 200);
        }
    }
}


/* Each name that the judge reads, at its place. */

static void
test_names(void **state)
{
    size_t  i, j;

    static const char *const  answers[] = {
        "{\"x\":{},\"orderId\":3,\"bags\":[{\"bagId\":2,\"bagStatus\":"
        "\"REJECTED\",\"merchantId\":4,\"merchantName\":\"m\","
        "\"financialStatus\":\"f\",\"externalId\":\"e\",\"dateSubmitted\":"
        "\"d\",\"skus\":[{\"id\":1}]}]}",

        "{\"id\":3,\"status\":\"IN_PROGRESS\",\"intentBasedCheckout\":true,"
        "\"bags\":[{\"id\":1,\"status\":\"IN_PROGRESS\",\"external_order_id\":"
        "\"\",\"date_submitted\":\"2024-01-01T00:00:00Z\"}],"
        "\"payment_transactions\":[{\"status\":\"AUTHORIZED\"}]}",

        "{\"order_id\":3,\"bags\":[{\"bag_id\":2,\"bag_status\":\"X\","
        "\"merchant_id\":4}],\"paymentTransactions\":[{\"id\":1,"
        "\"captureStatus\":\"FAILED\",\"relatedBags\":[2]}]}",

        "{\"id\":3,\"status\":\"x\",\"paymentStatus\":\"REQUIRES_ACTION\"}",
        "{\"id\":3,\"status\":\"x\",\"payment_status\":"
        "\"REQUIRES_ACTION\"}",

        "{\"id\":3,\"bags\":[{\"id\":2}],\"payment_transactions\":"
        "{\"status\":\"FAILED\",\"related_bags\":2,\"errors\":[{"
        "\"message\":\"m\",\"errorCode\":\"e\",\"resolved\":false}]}}",

        "{\"message\":\"m\",\"error\":\"e\",\"code\":1,\"data\":{\"x\":1,"
        "\"skus\":[{\"sku_id\":1,\"message\":\"s\"}]}}",

        "{\"message\":\"m\",\"error_code\":1}"
    };

    (void) state;

    outlines = 0;

    for (i = 0; i < N(answers); i++) {
        for (j = 200; j <= 400; j += 200) {
            compare(answers[i], strlen(answers[i]), (unsigned) j);
        }
    }

    /* with the short way and without it, for both statuses */

    assert_int_equal(outlines, i * 4);
}


/*
 * A text with an escape in a name has no outline: it is parsed as a whole,
 * unless it is too large.
 */

static void
test_size(void **state)
{
    int                     plain;
    char                   *text;
    size_t                  len;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    static const char *const  heads[] = {
        "{\"id\":1,\"status\":\"CANCELED\",\"\\u0078\":\"",
        "{\"id\":1,\"status\":\"CANCELED\",\"xxxxxx\":\""
    };

    static const char  tail[] =
        "\",\"bags\":[{\"id\":2,\"status\":\"REJECTED\"}]}";

    (void) state;

    text = malloc(VIOLET_JSON_MAX_WHOLE + 1);
    assert_non_null(text);

    for (plain = 0; plain <= 1; plain++) {

        for (len = VIOLET_JSON_MAX_WHOLE; len <= VIOLET_JSON_MAX_WHOLE + 1;
             len++)
        {
            memset(text, 'x', len);
            memcpy(text, heads[plain], strlen(heads[plain]));
            memcpy(text + len - sizeof(tail) + 1, tail, sizeof(tail) - 1);

            memset(&answer, 0, sizeof(answer));

            answer.status = 200;
            answer.body.data = text;
            answer.body.len = len;

            assert_int_equal(violet_cart_judge(&answer, &verdict), 0);
            assert_int_equal(verdict.outcome,
                             plain || len <= VIOLET_JSON_MAX_WHOLE
                             ? FAILED : UNKNOWN);

            if (verdict.outcome == UNKNOWN) {
                assert_string_equal(verdict.detail, "too large to be parsed");
                assert_int_equal(verdict.status, 502);
            }

            free(verdict.problem);
        }
    }

    free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_outline),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_not_plain),
        cmocka_unit_test(test_names_twice),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_size)
    };

    /* keep no problem: there are two for each of many thousand answers */

    unsetenv("TEST_PROBLEMS");

    violet_json_init();
    assert_int_equal(violet_reasons_init(), 0);

    return cmocka_run_group_tests_name("cart outline", tests, NULL, NULL);
}

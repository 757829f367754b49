
/*
 * The corpus t/data/cart/answers: answers of Violet's, in groups with a line
 * on where each comes from, and what the judge must make of every one.
 */

#include <dirent.h>

#include "cart_check.h"


#define CORPUS_LEAST  120
#define CORPUS_GROUPS 5


static char *
corpus_body(const json_t *item, size_t *len)
{
    char          *body;
    size_t         i;
    unsigned       byte;
    const char    *hex;
    const json_t  *text;

    text = json_object_get(item, "body");

    if (text) {
        *len = json_string_length(text);
        body = malloc(*len + 1);
        assert_non_null(body);
        memcpy(body, json_string_value(text), *len);
        return body;
    }

    hex = json_string_value(json_object_get(item, "hex"));
    assert_non_null(hex);

    *len = strlen(hex) / 2;
    body = malloc(*len + 1);
    assert_non_null(body);

    for (i = 0; i < *len; i++) {
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        body[i] = (char) byte;
    }

    return body;
}


/* A member that is expected; one that is not is not looked at. */

static int
corpus_same(const json_t *expected, const char *key, const json_t *got)
{
    json_t  *value;

    value = json_object_get(expected, key);

    return value == NULL || json_equal(value, got);
}


static int
corpus_problem(const json_t *expected, const char *problem, size_t len)
{
    int            same;
    json_t        *root, *errors, *first, *count, *bags;
    json_error_t   error;

    root = json_loadb(problem, len, JSON_ALLOW_NUL, &error);
    assert_non_null(root);

    errors = json_object_get(root, "errors");
    first = json_array_get(errors, 0);
    count = json_integer((json_int_t) json_array_size(errors));
    bags = json_integer((json_int_t)
                        json_array_size(json_object_get(root, "bags")));

    same = corpus_same(expected, "outcome", json_object_get(root, "outcome"))
           && corpus_same(expected, "status", json_object_get(root, "status"))
           && corpus_same(expected, "retry", json_object_get(root, "retry"))
           && corpus_same(expected, "reason", json_object_get(first, "reason"))
           && corpus_same(expected, "sku_id", json_object_get(first, "sku_id"))
           && corpus_same(expected, "bag_id", json_object_get(first, "bag_id"))
           && corpus_same(expected, "errors", count)
           && corpus_same(expected, "bags", bags);

    json_decref(count);
    json_decref(bags);
    json_decref(root);

    return same;
}


static int
corpus_answer(const char *file, const json_t *item)
{
    int                     same;
    char                   *body;
    const char             *outcome;
    const json_t           *expected;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    memset(&answer, 0, sizeof(answer));

    body = corpus_body(item, &answer.body.len);
    expected = json_object_get(item, "expected");

    answer.status = (unsigned)
                    json_integer_value(json_object_get(item, "status"));
    answer.body.data = body;
    answer.cart_id = CHECK_CART_ID;
    answer.request_id.data = "id";
    answer.request_id.len = 2;
    answer.partial_status = 207;

    assert_int_equal(violet_cart_judge(&answer, &verdict), 0);

    outcome = violet_cart_outcome_name(verdict.outcome);

    same = strcmp(outcome,
                  json_string_value(json_object_get(expected, "outcome")))
           == 0;

    if (json_object_get(expected, "status")) {
        same = same && verdict.problem
               && corpus_problem(expected, verdict.problem,
                                 verdict.problem_len);

    } else {
        same = same && verdict.problem == NULL;
    }

    if (!same) {
        print_error("%s: %s: %.*s\n", file,
                    json_string_value(json_object_get(item, "name")),
                    verdict.problem ? 600 : 20,
                    verdict.problem ? verdict.problem : outcome);
    }

    free(verdict.problem);
    free(body);

    return same;
}


static void
test_corpus(void **state)
{
    DIR            *dir;
    char            path[1024];
    json_t         *root, *answers;
    size_t          i, n, groups, wrong;
    json_error_t    error;
    struct dirent  *entry;

    (void) state;

    n = groups = wrong = 0;

    assert_non_null(getenv("VIOLET_TEST_DATA"));
    snprintf(path, sizeof(path), "%s/cart/answers",
             getenv("VIOLET_TEST_DATA"));

    dir = opendir(path);
    assert_non_null(dir);

    while ((entry = readdir(dir)) != NULL) {

        if (entry->d_name[0] == '.') {
            continue;
        }

        snprintf(path, sizeof(path), "%s/cart/answers/%s",
                 getenv("VIOLET_TEST_DATA"), entry->d_name);

        root = json_load_file(path, JSON_ALLOW_NUL, &error);
        assert_non_null(root);
        assert_true(json_is_string(json_object_get(root, "origin")));

        answers = json_object_get(root, "answers");

        for (i = 0; i < json_array_size(answers); i++, n++) {
            wrong += !corpus_answer(entry->d_name,
                                    json_array_get(answers, i));
        }

        groups++;
        json_decref(root);
    }

    closedir(dir);

    assert_int_equal(wrong, 0);
    assert_true(n >= CORPUS_LEAST);
    assert_true(groups >= CORPUS_GROUPS);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_corpus)
    };

    violet_json_init();
    assert_int_equal(violet_reasons_init(), 0);

    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}

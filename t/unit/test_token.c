
/*
 * Violet's answers to calls for a token, and the body of a login.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_json.h"
#include "violet_token_json.h"


typedef struct {
    const char   *answer;
    const char   *access;      /* NULL: refused */
    const char   *refresh;
} test_token_t;


static const test_token_t  test_token_table[] = {
    { "{\"token\":\"a.b.c\"}", "a.b.c", "" },
    { " {\"x\":[1],\"token\":\"t\",\"refresh_token\":\"rt_1\"}\n", "t",
      "rt_1" },
    { "{\"token\":\"t\",\"refresh_token\":null}", "t", "" },
    { "{\"token\":\"t\",\"refresh_token\":7}", "t", "" },
    { "{\"token\":\"t\",\"refresh_token\":\"\"}", "t", "" },

    { "", NULL, NULL },
    { "no JSON", NULL, NULL },
    { "[\"token\"]", NULL, NULL },
    { "{}", NULL, NULL },
    { "{\"token\":\"\"}", NULL, NULL },
    { "{\"token\":null}", NULL, NULL },
    { "{\"token\":{\"token\":\"t\"}}", NULL, NULL },
    { "{\"token\":\"a b\"}", NULL, NULL },
    { "{\"token\":\"a\\r\\nX-Evil: 1\"}", NULL, NULL },
    { "{\"token\":\"a\\u0000b\"}", NULL, NULL },
    { "{\"token\":\"\\u00e9\"}", NULL, NULL },
    { "{\"token\":\"a\",\"token\":\"b\"}", NULL, NULL },
    { "{\"token\":\"t\",\"refresh_token\":\"a\\nb\"}", NULL, NULL },
    { "{\"token\":\"t\"", NULL, NULL }
};


static void
test_table(void **state)
{
    size_t                  i;
    const char             *reason;
    const test_token_t     *test;
    violet_token_answer_t   token;

    (void) state;

    for (i = 0; i < sizeof(test_token_table) / sizeof(test_token_t); i++) {
        test = &test_token_table[i];

        reason = violet_token_parse(test->answer, strlen(test->answer),
                                    &token);

        if ((reason == NULL) != (test->access != NULL)) {
            fail_msg("%s: %s", test->answer, reason ? reason : "accepted");
        }

        if (reason) {
            assert_int_equal(token.access_len, 0);
            assert_int_equal(token.refresh_len, 0);
            continue;
        }

        assert_int_equal(token.access_len, strlen(test->access));
        assert_memory_equal(token.access, test->access, token.access_len);
        assert_int_equal(token.refresh_len, strlen(test->refresh));
        assert_memory_equal(token.refresh, test->refresh, token.refresh_len);
    }
}


/* A token of the maximal length, and one byte more. */

static void
test_length(void **state)
{
    char                   *answer;
    size_t                  i, len;
    violet_token_answer_t   token;

    (void) state;

    for (i = 0; i < 2; i++) {
        len = VIOLET_TOKEN_MAX + i;

        answer = malloc(len + 12);
        assert_non_null(answer);

        memcpy(answer, "{\"token\":\"", 10);
        memset(answer + 10, 't', len);
        memcpy(answer + 10 + len, "\"}", 2);

        if (i == 0) {
            assert_null(violet_token_parse(answer, len + 12, &token));
            assert_int_equal(token.access_len, len);

        } else {
            assert_non_null(violet_token_parse(answer, len + 12, &token));
        }

        free(answer);
    }
}


static void
test_login(void **state)
{
    char                 buf[512];
    size_t               i, len;
    json_t              *root;
    violet_text_t        username, password, text;
    violet_json_error_t  error;

    (void) state;

    username = (violet_text_t) violet_text("dev@example.com");
    password = (violet_text_t) violet_text("p\"\\!\x1f \xc3\xa9/");

    len = violet_token_login(username, password, buf, sizeof(buf));
    assert_int_not_equal(len, 0);

    /* only ASCII letters, digits and escapes */

    assert_null(memchr(buf, '!', len));
    assert_null(memchr(buf, '@', len));

    root = violet_json_parse(buf, len, &error);
    assert_non_null(root);

    text = violet_json_text(root, "username", NULL);
    assert_int_equal(text.len, username.len);
    assert_memory_equal(text.data, username.data, text.len);

    text = violet_json_text(root, "password", NULL);
    assert_int_equal(text.len, password.len);
    assert_memory_equal(text.data, password.data, text.len);

    json_decref(root);

    /* no byte is written behind a buffer that is too small */

    for (i = 0; i < len; i++) {
        buf[i] = '#';
        assert_int_equal(violet_token_login(username, password, buf, i), 0);
        assert_int_equal(buf[i], '#');
    }
}


/* A 401 about the token, and others. */

static void
test_refused(void **state)
{
    char    *text;
    size_t   i;

    static const struct {
        const char  *body;
        int          refused;
    } rows[] = {
        { "", 1 },
        { " \r\n\t", 1 },
        { "{\"error_code\":11}", 1 },
        { "\n{\"status\":401,\"message\":\"x\",\"error_code\":1.5} ", 1 },
        { "{\"error_code\":11,\"error\":null}", 1 },
        { "{\"error_code\":11,\"error\":\"\"}", 0 },
        { "{\"error_code\":11,\"error\":{}}", 0 },
        { "{\"error_code\":\"11\"}", 0 },
        { "{\"error_code\":null}", 0 },
        { "{\"code\":11}", 0 },
        { "{}", 0 },
        { "[11]", 0 },
        { "null", 0 },
        { "{\"error_code\":11", 0 },
        { "<html>", 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        if (violet_token_is_refused(rows[i].body, strlen(rows[i].body))
            != rows[i].refused)
        {
            fail_msg("%s", rows[i].body);
        }
    }

    assert_true(violet_token_is_refused(NULL, 0));

    /* a body that is too large for an answer about a token */

    text = malloc(65536 + 32);
    assert_non_null(text);

    memset(text, ' ', 65536 + 32);
    text[0] = '{';
    memcpy(text + 65536, "\"error_code\":11}", 16);

    assert_false(violet_token_is_refused(text, 65536 + 16));
    assert_true(violet_token_is_refused(text + 65536 - 1, 0));

    free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_refused)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}


/*
 * The bounds of a text that jansson parses: bytes and values.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_json.h"


static void
test_size(void **state)
{
    int                   twice;
    char                 *text;
    size_t                len;
    json_t               *root;
    violet_json_error_t   error;

    static const char *const  names[] = { NULL };

    (void) state;

    len = VIOLET_JSON_MAX_WHOLE;
    text = malloc(len + 1);
    assert_non_null(text);

    memset(text, ' ', len + 1);
    memcpy(text, "[12]", 4);

    root = violet_json_parse(text, len, &error);
    assert_non_null(root);
    json_decref(root);

    root = violet_json_parse_loose(text, len, names, 0, &twice, &error);
    assert_non_null(root);
    json_decref(root);

    assert_null(violet_json_parse(text, len + 1, &error));
    assert_string_equal(error.reason, "too large to be parsed");
    assert_false(error.memory);

    assert_null(violet_json_parse_loose(text, len + 1, names, 0, &twice,
                                        &error));
    assert_string_equal(error.reason, "too large to be parsed");
    assert_false(error.memory);

    free(text);

    assert_null(violet_json_parse(NULL, 0, &error));
    assert_string_equal(error.reason, "empty");
}


/* Objects, arrays and values after commas: at the bound, and one above. */

static void
test_values(void **state)
{
    char                 *text;
    size_t                i, n;
    json_t               *root;
    violet_json_error_t   error;

    (void) state;

    n = VIOLET_JSON_MAX_VALUES;
    text = malloc(2 * n + 2);
    assert_non_null(text);

    /* the array and its commas count */

    for (i = 0; i <= n; i++) {
        memcpy(text + 2 * i, ",0", 2);
    }

    text[0] = '[';
    text[2 * n] = ']';

    root = violet_json_parse(text, 2 * n + 1, &error);
    assert_non_null(root);
    assert_int_equal(json_array_size(root), n);
    json_decref(root);

    text[2 * n] = ',';
    text[2 * n + 1] = '0';
    text = realloc(text, 2 * n + 3);
    assert_non_null(text);
    text[2 * n + 2] = ']';

    assert_null(violet_json_parse(text, 2 * n + 3, &error));
    assert_string_equal(error.reason, "too many values");
    assert_int_equal(error.offset, 2 * n);

    /* commas in a string do not count */

    memset(text, ',', 2 * n + 3);
    memcpy(text, "[\"", 2);
    memcpy(text + 2 * n + 1, "\"]", 2);

    root = violet_json_parse(text, 2 * n + 3, &error);
    assert_non_null(root);
    json_decref(root);

    free(text);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_values)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

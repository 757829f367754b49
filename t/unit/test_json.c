
/*
 * The JSON parser: texts that are refused, with the offset of the error;
 * texts that are repaired; getters on values of every type.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_json.h"


#define N(rows)  (sizeof(rows) / sizeof((rows)[0]))


/* number of allocations that succeed; negative: all of them */

static long  test_allocations = -1;


static void *
test_limited_malloc(size_t size)
{
    if (test_allocations == 0) {
        return NULL;
    }

    if (test_allocations > 0) {
        test_allocations--;
    }

    return malloc(size);
}


static json_t *
test_parse_bytes(const char *data, size_t len, violet_json_error_t *error)
{
    char    *copy;
    json_t  *root;

    /* a block of its own, so that a sanitizer sees a read past the end */
    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);

    root = violet_json_parse(copy, len, error);

    free(copy);

    return root;
}


static json_t *
test_parse(const char *text)
{
    json_t               *root;
    violet_json_error_t   error;

    root = test_parse_bytes(text, strlen(text), &error);

    if (root == NULL) {
        fail_msg("%s: %s at %zu", text, error.reason, error.offset);
    }

    assert_null(error.reason);
    assert_false(error.memory);

    return root;
}


/* jansson accepts some of them; "#" is a null byte */

static void
test_no_json_at_all(void **state)
{
    int                   twice;
    size_t                i, len;
    json_t               *root;
    violet_json_error_t   error;

    static const char *const  names[] = { NULL };

    static const char *const  texts[] = {
        "[1#]", "[1.5#]", "[1e5#,2]", "[true#]", "{\"a\":null#}", "[-1#]",
        "[\"a#\"]", "[\"a\"#]", "[#1]", "{}#", "#{}", "{\"a#\":1}",

        /* repairs of these would make valid numbers */

        "[1-1e999]", "[12-3.50]", "[1-99999999999999999999]", "[1e999-1e999]",
        "{\"a\":1e999,\"b\":1.50.50}", "[1e9991e999]"
    };

    (void) state;

    for (i = 0; i < N(texts); i++) {
        char  text[64];

        len = strlen(texts[i]);
        memcpy(text, texts[i], len);

        text[strcspn(texts[i], "#")] = '\0';

        root = test_parse_bytes(text, len, &error);

        if (root) {
            fail_msg("\"%s\" was accepted", texts[i]);
        }

        assert_non_null(error.reason);

        root = violet_json_parse_loose(text, len, names, 3, &twice, &error);

        if (root) {
            fail_msg("\"%s\" was accepted with repairs", texts[i]);
        }
    }
}


static void
test_refused(void **state)
{
    size_t                i;
    violet_json_error_t   error;

    static const struct {
        const char  *text;
        const char  *reason;
    } rows[] = {
        { "", "empty" },
        { " ", "JSON that ends early" },
        { "x", "not JSON" },
        { "1", "not JSON" },
        { "\"a\"", "not JSON" },
        { "null", "not JSON" },
        { "<html>", "not JSON" },
        { "\xef\xbb\xbf{}", "not JSON" },
        { "{", "JSON that ends early" },
        { "[1,", "JSON that ends early" },
        { "{\"a\":\"", "JSON that ends early" },
        { "{\"a\":\"\\", "not JSON" },
        { "{}}", "JSON with something after its end" },
        { "[] x", "JSON with something after its end" },
        { "{\"a\":1,\"a\":2}",
          "JSON with a name that occurs twice in an object" },
        { "{\"a\\u0000\":1}", "JSON with a null character in a name" },
        { "[\"\xff\"]", "not UTF-8" },
        { "[\"\xc0\xaf\"]", "not UTF-8" },
        { "[\"\xed\xa0\x80\"]", "not UTF-8" },
        { "['a']", "not JSON" },
        { "[\"\\ud800\"]", "not JSON" },
        { "[\"a\nb\"]", "not JSON" },
        { "[01]", "not JSON" },
        { "[1,]", "not JSON" },
        { "[NaN]", "not JSON" }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {

        if (test_parse_bytes(rows[i].text, strlen(rows[i].text), &error)) {
            fail_msg("\"%s\" was accepted", rows[i].text);
        }

        assert_string_equal(error.reason, rows[i].reason);
        assert_true(error.offset <= strlen(rows[i].text));
        assert_false(error.memory);
    }
}


static void
test_null_bytes(void **state)
{
    json_t               *root;
    violet_text_t         text;
    violet_json_error_t   error;

    (void) state;

    root = test_parse("{\"a\":\"x\\u0000y\"}");
    text = violet_json_text(root, "a", NULL);
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.data, "x\0y", 3);
    json_decref(root);

    assert_null(test_parse_bytes("{}\0", 3, &error));
    assert_null(test_parse_bytes("\0", 1, &error));
    assert_null(test_parse_bytes("{\"a\0\":1}", 8, &error));
}


static void
test_depth(void **state)
{
    char                  text[4 * VIOLET_JSON_MAX_DEPTH];
    size_t                n;
    json_t               *root;
    violet_json_error_t   error;

    (void) state;

    n = VIOLET_JSON_MAX_DEPTH;

    memset(text, '[', n);
    memset(text + n, ']', n);
    root = test_parse_bytes(text, 2 * n, &error);
    assert_non_null(root);
    json_decref(root);

    n++;
    memset(text, '[', n);
    memset(text + n, ']', n);
    assert_null(test_parse_bytes(text, 2 * n, &error));
    assert_string_equal(error.reason, "nested too deep");
    assert_int_equal(error.offset, VIOLET_JSON_MAX_DEPTH);

    assert_null(test_parse_bytes(text, n, &error));
    assert_string_equal(error.reason, "nested too deep");

    /* brackets in strings, escaped quotes around them, and closing ones */

    memset(text, '[', sizeof(text));
    text[1] = '"';
    text[sizeof(text) - 2] = '"';
    text[sizeof(text) - 1] = ']';
    root = test_parse_bytes(text, sizeof(text), &error);
    assert_non_null(root);
    json_decref(root);

    text[2] = '\\';
    text[3] = '"';
    root = test_parse_bytes(text, sizeof(text), &error);
    assert_non_null(root);
    json_decref(root);

    memset(text, ']', sizeof(text));
    assert_null(test_parse_bytes(text, sizeof(text), &error));
    assert_string_equal(error.reason, "not JSON");
}


static void
test_ids(void **state)
{
    size_t        i;
    json_t       *root, *value;
    violet_id_t   id;

    static const struct {
        const char  *text;
        int          known;
        int64_t      value;
    } rows[] = {
        { "[0]", 1, 0 },
        { "[42]", 1, 42 },
        { "[-42]", 1, -42 },
        { "[\"0\"]", 1, 0 },
        { "[\"42\"]", 1, 42 },
        { "[\"-42\"]", 1, -42 },
        { "[9007199254740993]", 1, 9007199254740993 },
        { "[\"9007199254740993\"]", 1, 9007199254740993 },
        { "[9223372036854775807]", 1, INT64_MAX },
        { "[\"9223372036854775807\"]", 1, INT64_MAX },
        { "[-9223372036854775808]", 1, INT64_MIN },
        { "[\"-9223372036854775808\"]", 1, INT64_MIN },

        { "[9223372036854775808]", 0, 0 },
        { "[\"9223372036854775808\"]", 0, 0 },
        { "[-9223372036854775809]", 0, 0 },
        { "[\"-9223372036854775809\"]", 0, 0 },
        { "[\"99999999999999999999999999\"]", 0, 0 },
        { "[18446744073709551616]", 0, 0 },
        { "[\"18446744073709551617\"]", 0, 0 },
        { "[42.0]", 0, 0 },
        { "[4.2e1]", 0, 0 },
        { "[\"\"]", 0, 0 },
        { "[\"-\"]", 0, 0 },
        { "[\"-0\"]", 0, 0 },
        { "[\"+42\"]", 0, 0 },
        { "[\"042\"]", 0, 0 },
        { "[\"00\"]", 0, 0 },
        { "[\" 42\"]", 0, 0 },
        { "[\"42 \"]", 0, 0 },
        { "[\"42\\u0000\"]", 0, 0 },
        { "[\"0x2a\"]", 0, 0 },
        { "[\"4e1\"]", 0, 0 },
        { "[\"42.0\"]", 0, 0 },
        { "[\"abc\"]", 0, 0 },
        { "[true]", 0, 0 },
        { "[null]", 0, 0 },
        { "[{}]", 0, 0 },
        { "[[42]]", 0, 0 }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        root = test_parse(rows[i].text);
        value = json_array_get(root, 0);
        id = violet_json_to_id(value);

        if (id.known != (unsigned) rows[i].known || id.value != rows[i].value)
        {
            fail_msg("%s: wrong value", rows[i].text);
        }

        json_decref(root);
    }

    assert_false(violet_json_to_id(NULL).known);
}


/* A number out of range is replaced; the rest of the text is read. */

static void
test_overflow(void **state)
{
    json_t               *root;
    size_t                i;
    violet_json_error_t   error;

    static const char *const  broken[] = {
        "[99999999999999999999,01]",
        "[099999999999999999999]",
        "[-099999999999999999999]",
        "[99999999999999999999 1]",
        "[99999999999999999999.]",
        "[99999999999999999999e]",
        "[1e999e1]",
        "[1e999,1.]",
        "[--99999999999999999999]",
        "[1e999,--1e999]",
        "[1e999,--5.55]",
        "[1e999,-+-1.5e7]",
        "[1e999,1.-1e999]",
        "[1e999,true-1e999]",
        "[99999999999999999999,\"a]",
        "[99999999999999999999",
        "99999999999999999999",
        "{\"a\":99999999999999999999\"b\":1}",
        "[99999999999999999999null]",
        "{99999999999999999999:1}"
    };

    (void) state;

    root = test_parse("{\"a\":99999999999999999999,\"b\":-1e999,\"c\":1.5,"
                      "\"d\":42,\"e\":\"99999999999999999999 1e9\\\" 7\","
                      "\"f\":[-99999999999999999999],\"g\":0,\"h\":1e5}");

    assert_null(violet_json_get(root, "a", NULL));
    assert_true(json_is_real(violet_json_get(root, "b", NULL)));
    assert_true(json_is_real(violet_json_get(root, "c", NULL)));
    assert_int_equal(violet_json_id(root, "d", NULL).value, 42);
    assert_string_equal(violet_json_text(root, "e", NULL).data,
                        "99999999999999999999 1e9\" 7");
    assert_true(json_is_null(json_array_get(violet_json_get(root, "f", NULL),
                                            0)));
    assert_true(violet_json_id(root, "g", NULL).known);
    json_decref(root);

    for (i = 0; i < N(broken); i++) {

        if (test_parse_bytes(broken[i], strlen(broken[i]), &error)) {
            fail_msg("%s was accepted", broken[i]);
        }

        assert_non_null(error.reason);
        assert_false(error.memory);
    }
}


/* JSON that jansson refuses, and similar texts that are not JSON. */

static void
test_loose(void **state)
{
    int                   twice;
    size_t                i;
    char                 *copy;
    json_t               *root;
    violet_json_error_t   error;

    static const char *const  names[] = { "status", "id", NULL };

    static const struct {
        const char  *text;
        const char  *reason;      /* NULL: accepted */
        int          twice;
    } rows[] = {
        { "{\"a\":1}", NULL, 0 },
        { "[\"\\ud800\"]", NULL, 0 },
        { "[\"\\udc00\\ud800\"]", NULL, 0 },
        { "[\"\\ud800\\ud83d\\ude00\"]", NULL, 0 },
        { "[\"\\ud800\\u0041\"]", NULL, 0 },
        { "[\"\\ud800\\n\"]", NULL, 0 },
        { "{\"\\ud800\":1,\"\\udfff\":2}", NULL, 0 },
        { "{\"a\\u0000\":1}", NULL, 0 },
        { "{\"\\u0000\" \t\r\n:\"\\u0000\",\"b\":1e999}", NULL, 0 },
        { "{\"a\":1,\"a\":2}", NULL, 0 },
        { "{\"a\":1e999,\"a\":\"\\ud800\"}", NULL, 0 },
        { "{\"status\":1,\"status\":2}", NULL, 1 },
        { "{\"status\":1,\"st\\u0061tus\":2}", NULL, 1 },
        { "{\"a\":[{\"id\":1},{\"id\":1,\"id\":[]}]}", NULL, 1 },
        { "{\"id\":{\"id\":1},\"b\":{\"id\":2},\"x\":1,\"x\":1}", NULL, 0 },
        { "{\"a\":[{\"b\":{\"id\":1,\"id\":1}}]}", NULL, 0 },
        { "{\"x\":1,\"x\":[\"id\",\"id\"],\"idd\":1,\"i\":\"id\"}", NULL, 0 },

        { "[\"\\ud80\"]", "not JSON", 0 },
        { "[\"\\ud800\\u\"]", "not JSON", 0 },
        { "[\"\\ud800", "JSON that ends early", 0 },
        { "[\"\\ud800\"", "JSON that ends early", 0 },
        { "[\"\\ud800\",]", "not JSON", 0 },
        { "[\"\\ud800\xff\"]", "not UTF-8", 0 },
        { "[\"\\ud800\",\"\xed\xa0\x80\"]", "not UTF-8", 0 },
        { "{\"a\\u0000\":1,}", "not JSON", 0 },
        { "{\"a\":1,\"a\":2", "JSON that ends early", 0 },
        { "{\"a\":1,\"a\":--1e999}", "not JSON", 0 },
        { "{\"a\":1,\"a\":2}x", "JSON with something after its end", 0 }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        copy = malloc(strlen(rows[i].text));
        assert_non_null(copy);
        memcpy(copy, rows[i].text, strlen(rows[i].text));

        root = violet_json_parse_loose(copy, strlen(rows[i].text), names, 3,
                                       &twice, &error);
        free(copy);

        if ((root != NULL) != (rows[i].reason == NULL)
            || twice != rows[i].twice)
        {
            fail_msg("%s: %s, %d", rows[i].text, error.reason, twice);
        }

        if (root == NULL) {
            assert_string_equal(error.reason, rows[i].reason);
        }

        json_decref(root);
    }
}


static void
test_getters(void **state)
{
    json_t  *root;

    (void) state;

    root = test_parse("{\"a_b\":null,\"aB\":\"camel\",\"c_d\":\"snake\","
                      "\"cD\":\"camel\",\"e\":[1],\"f\":{},\"g\":false,"
                      "\"h_i\":7,\"hI\":8}");

    assert_string_equal(violet_json_text(root, "a_b", "aB").data, "camel");
    assert_null(violet_json_text(root, "a_b", NULL).data);
    assert_string_equal(violet_json_text(root, "c_d", "cD").data, "snake");
    assert_null(violet_json_text(root, "e", NULL).data);
    assert_null(violet_json_text(root, "h_i", "hI").data);
    assert_int_equal(violet_json_id(root, "h_i", "hI").value, 7);
    assert_false(violet_json_id(root, "x", "y").known);

    assert_non_null(violet_json_array(root, "e", NULL));
    assert_null(violet_json_array(root, "f", NULL));
    assert_null(violet_json_array(root, "x", NULL));

    assert_null(violet_json_get(NULL, "e", "f"));
    assert_null(violet_json_get(violet_json_get(root, "e", NULL), "e", "f"));
    assert_null(violet_json_get(violet_json_get(root, "g", NULL), "e", "f"));
    assert_null(violet_json_get(root, "x", "a_b"));

    assert_int_equal(violet_json_count(NULL), 0);
    assert_int_equal(violet_json_count(violet_json_get(root, "e", NULL)), 1);
    assert_int_equal(violet_json_count(violet_json_get(root, "f", NULL)), 1);
    assert_true(json_is_integer(
                    violet_json_item(violet_json_get(root, "e", NULL), 0)));
    assert_true(json_is_object(
                    violet_json_item(violet_json_get(root, "f", NULL), 0)));
    assert_null(violet_json_to_text(NULL).data);

    json_decref(root);
}


static void
test_trim(void **state)
{
    size_t         i;
    violet_text_t  text;

    static const char *const  rows[][2] = {
        { "{}", "{}" }, { " \t\r\n{} \t\r\n", "{}" }, { "", "" }, { " ", "" },
        { "\v{}\f", "\v{}\f" }, { "{ }", "{ }" }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        text.data = rows[i][0];
        text.len = strlen(rows[i][0]);
        text = violet_json_trim(text);

        assert_int_equal(text.len, strlen(rows[i][1]));
        assert_memory_equal(text.data, rows[i][1], text.len);
    }

    text.data = NULL;
    text.len = 0;
    assert_null(violet_json_trim(text).data);
}


/*
 * Each allocation fails in turn: no crash, no leak, and the error has a reason.
 * All tokens fit into jansson's first buffer, since jansson asserts that its
 * buffer could grow.
 */

static void
test_memory(void **state)
{
    long                  n;
    json_t               *root;
    violet_json_error_t   error;

    static const char  text[] =
        "{\"a\":[1,2.5,\"x\\u0000\",{\"b\":null}],\"c\":1e999}";

    (void) state;

    json_set_alloc_funcs(test_limited_malloc, free);

    root = NULL;

    for (n = 0; root == NULL && n < 1000; n++) {
        test_allocations = n;
        root = violet_json_parse(text, strlen(text), &error);

        if (root == NULL) {
            assert_non_null(error.reason);
        }

        if (n == 0) {
            assert_true(error.memory);
        }
    }

    test_allocations = -1;

    assert_non_null(root);
    assert_true(n > 10);
    json_decref(root);

    json_set_alloc_funcs(malloc, free);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_json_at_all),
        cmocka_unit_test(test_null_bytes),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_loose),
        cmocka_unit_test(test_getters),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_memory)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

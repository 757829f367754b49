
/*
 * The outline of a JSON text against its tree: the same but for what is left
 * out, and for nothing that is no JSON.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "violet_json_outline.h"


#define FLAGS  (JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL|JSON_DECODE_ANY)


static const char *
outline_of(const char *text, unsigned keep)
{
    size_t       len;
    static char  out[1024];

    len = violet_json_outline(text, strlen(text), keep, "status", out);
    out[len] = '\0';

    return out;
}


static void
test_outlines(void **state)
{
    (void) state;

    assert_string_equal(outline_of("{ \"a\" : 1 , \"b\" : [ 2 ] }", 1),
                        "{\"a\":1,\"b\":[2]}");
    assert_string_equal(outline_of("{\"a\":{\"x\":[{\"status\":1}],"
                                   "\"status\":\"OK\",\"y\":2}}", 1),
                        "{\"a\":{\"status\":\"OK\"}}");
    assert_string_equal(outline_of("{\"a\":{\"x\":1},\"b\":{\"x\":{}}}", 1),
                        "{\"a\":{},\"b\":{}}");
    assert_string_equal(outline_of("[{\"a\":{\"x\":1}}, 7,[]]", 2),
                        "[{\"a\":{}},7,[]]");
    assert_string_equal(outline_of("{\"a\":{\"s\\u0074atus\":1,\"x\":null}}",
                                   1),
                        "{\"a\":{\"s\\u0074atus\":1}}");
    assert_string_equal(outline_of("{\"a\":{\"status\":{\"x\":1,\"status\":2"
                                   "}}}", 1),
                        "{\"a\":{\"status\":{\"status\":2}}}");
}


static void
test_no_json(void **state)
{
    size_t  i;
    char    deep[200];

    static const char *const  texts[] = {
        "", " ", "{", "[", "{]", "[}", "{\"a\"}", "{\"a\":}", "{a:1}",
        "{\"a\":1,}", "[1,]", "[,1]", "[1 2]", "{\"a\":1 \"b\":2}", "[1]]",
        "[1] x", "nul", "truex", "{\"a\":{\"x\":tru}}", "{\"a\":{\"x\":01}}",
        "{\"a\":{\"x\":\"\\q\"}}", "{\"a\":{\"x\":\"\x01\"}}",
        "{\"a\":{\"x\":[}}", "{\"a\":{\"x\":1,}}", "\xef\xbb\xbf{}"
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (outline_of(texts[i], 1)[0] != '\0') {
            fail_msg("%s", texts[i]);
        }
    }

    memset(deep, '[', 65);
    memset(deep + 65, ']', 65);
    deep[130] = '\0';
    assert_string_equal(outline_of(deep, 1), "");

    memmove(deep, deep + 1, 128);
    deep[128] = '\0';
    assert_string_equal(outline_of(deep, 1), deep);
}


/* The same, by the tree. */

static void
leave_out(json_t *value, unsigned depth, unsigned keep)
{
    void        *next;
    size_t       i;
    json_t      *item;
    const char  *key;

    if (json_is_object(value)) {

        json_object_foreach_safe(value, next, key, item) {

            if (depth > keep && strcmp(key, "status") != 0) {
                json_object_del(value, key);
                continue;
            }

            leave_out(item, depth + 1, keep);
        }
    }

    json_array_foreach(value, i, item) {
        leave_out(item, depth + 1, keep);
    }
}


static uint32_t  seed = 1;


static unsigned
any(unsigned n)
{
    seed = seed * 1664525 + 1013904223;

    return (seed >> 8) % n;
}


static char *
generate(char *p, unsigned depth)
{
    unsigned  i, n;

    static const char *const  scalars[] = {
        "1", "-0.5e3", "true", "false", "null", "\"\"", "\"OK\"",
        "\"a\\n\\\"{}[],:\"", "\"\xc3\xa4\"", " 42 ", "\"\\u00e4\""
    };

    if (depth == 0 || any(3) == 0) {
        return p + sprintf(p, "%s", scalars[any(11)]);
    }

    n = any(4);

    if (any(3) == 0) {
        p += sprintf(p, "[");

        for (i = 0; i < n; i++) {
            p = generate(p + sprintf(p, i ? " ," : ""), depth - 1);
        }

        return p + sprintf(p, "]");
    }

    p += sprintf(p, "{");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s", i ? "," : "");
        p += any(3) ? sprintf(p, "\"k%u\" :", i) : sprintf(p, "\"status\":");
        p = generate(p, depth - 1);
    }

    return p + sprintf(p, "}");
}


static void
compare(const char *text, size_t len, unsigned keep)
{
    char          *out;
    size_t         size;
    json_t        *whole, *outline;
    json_error_t   error;

    out = malloc(len + 1);
    assert_non_null(out);

    size = violet_json_outline(text, len, keep, "status", out);
    whole = json_loadb(text, len, FLAGS, &error);

    if (whole) {
        assert_int_not_equal(size, 0);

        leave_out(whole, 1, keep);
        outline = json_loadb(out, size, FLAGS, &error);

        if (outline == NULL || !json_equal(whole, outline)) {
            fail_msg("%.*s", (int) len, text);
        }

        json_decref(outline);
        json_decref(whole);

    } else if (size && strstr(error.text, "duplicate") == NULL
               && strstr(error.text, "Unicode") == NULL
               && strstr(error.text, "too big") == NULL
               && strstr(error.text, "overflow") == NULL)
    {
        fail_msg("%.*s: %s", (int) len, text, error.text);
    }

    free(out);
}


static void
test_against_the_tree(void **state)
{
    char      text[65536], *end, was;
    size_t    at;
    unsigned  i;

    (void) state;

    for (i = 0; i < 100000; i++) {
        end = generate(text, 1 + any(5));
        compare(text, (size_t) (end - text), 1 + any(2));

        /*
         * and with a byte that does not belong there; an escape in a name
         * would keep it
         */

        if (end > text) {
            at = any((unsigned) (end - text));
            was = text[at];
            text[at] = "{}[],:\"x0 "[any(10)];
            compare(text, (size_t) (end - text), 1 + any(2));
            text[at] = was;
        }
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outlines),
        cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_against_the_tree)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

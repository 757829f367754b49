
/*
 * The outline of a JSON text, compared with jansson's tree of the whole text
 * without the members that are not picked; texts without an outline.
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

#include "violet_json.h"
#include "violet_json_outline.h"


#define FLAGS  (JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL|JSON_DECODE_ANY)


/* the picks for reports: all members, and "status" of their values */

static const violet_json_pick_t  status_picks[] = {
    { violet_text("status"), NULL },
    { violet_text_null, NULL }
};


static const violet_json_pick_t  report_picks[] = {
    { violet_text("*"), status_picks },
    { violet_text_null, NULL }
};


/* the picks for orders: some members, and some members of one of them */

static const violet_json_pick_t  order_picks[] = {
    { violet_text("id"), NULL },
    { violet_text("k0"), NULL },
    { violet_text("k1"), report_picks },
    { violet_text("status"), status_picks },
    { violet_text_null, NULL }
};


static const char *
outline_of(const char *text, const violet_json_pick_t *picks)
{
    char        *dump;
    json_t      *outline;
    static char  out[1024];

    out[0] = '\0';

    outline = violet_json_outline(text, strlen(text), picks);

    if (outline) {
        dump = json_dumps(outline, JSON_COMPACT|JSON_ENSURE_ASCII);
        assert_non_null(dump);
        assert_true(strlen(dump) < sizeof(out));
        strcpy(out, dump);
        free(dump);
        json_decref(outline);
    }

    return out;
}


static void
test_outlines(void **state)
{
    (void) state;

    assert_string_equal(outline_of("{ \"a\" :1, \"b\" : [2] }",
                                   report_picks),
                        "{\"a\":1,\"b\":[2]}");
    assert_string_equal(outline_of("{\"a\":{\"x\":[{\"status\":1}],"
                                   "\"status\":\"OK\",\"y\":2}}",
                                   report_picks),
                        "{\"a\":{\"status\":\"OK\"}}");
    assert_string_equal(outline_of("{\"a\":{\"x\":1},\"b\":{\"x\":{}}}",
                                   report_picks),
                        "{\"a\":{},\"b\":{}}");
    assert_string_equal(outline_of("[{\"a\":{\"x\":1}}, 7,[]]",
                                   report_picks),
                        "[{\"a\":{}},7,[]]");
    assert_string_equal(outline_of("{\"status\":[ \"a\\n\\u00e4\\ud83d\\ude00"
                                   "\",\"\\u0000\",\"\xc3\xa4\",-0.5,true,null,"
                                   "-9223372036854775808]}", status_picks),
                        "{\"status\":[\"a\\n\\u00E4\\uD83D\\uDE00\","
                        "\"\\u0000\",\"\\u00E4\",0.0,true,null,"
                        "-9223372036854775808]}");
    assert_string_equal(outline_of("{\"x\":1,\"id\":{\"x\":1},\"y\":[],"
                                   "\"k1\":[{\"x\":1},[{\"x\":1}],3]}",
                                   order_picks),
                        "{\"id\":{\"x\":1},"
                        "\"k1\":[{\"x\":1},[{\"x\":1}],3]}");
    assert_string_equal(outline_of("{\"k1\":{\"x\":{\"y\":1}},\"k2\":{}}",
                                   order_picks),
                        "{\"k1\":{\"x\":{}}}");
    assert_string_equal(outline_of("{\"x\":1,\"x\":2,\"x\":\"\\ud800\","
                                   "\"k2\":9223372036854775808,\"id\":3}",
                                   order_picks),
                        "{\"id\":3}");
}


/* JSON that needs the full parser. */

static void
test_second_thoughts(void **state)
{
    size_t  i;
    char    name[600];

    static const char *const  texts[] = {
        "7", "\"status\"", "{\"id\":1,\"id\":1}", "{\"id\":\"\\ud800\"}",
        "{\"i\\u0064\":1}", "{\"x\":{},\"\\u0000\":1}", "{\"id\":-0}",
        "{\"id\":9223372036854775808}", "{\"id\":[-9223372036854775809]}",
        "{\"status\":{\"status\":{\"a\":1,\"b\":2,\"a\":1}}}"
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (outline_of(texts[i], order_picks)[0] != '\0') {
            fail_msg("%s", texts[i]);
        }
    }

    /* bytes of a name, with its null */

    for (i = 255; i <= 256; i++) {
        sprintf(name, "{\"%0*d\":1}", (int) i, 0);
        assert_int_equal(outline_of(name, report_picks)[0] == '\0', i == 256);
    }
}


/* Values, with the outer array: at the bound, and one above. */

static void
test_values(void **state)
{
    char    *text;
    size_t   i, n;
    json_t  *outline;

    static const char *const  items[] = { "{},", "[],", "00," };

    (void) state;

    text = malloc(3 * VIOLET_JSON_MAX_VALUES + 16);
    assert_non_null(text);

    for (n = VIOLET_JSON_MAX_VALUES - 1; n <= VIOLET_JSON_MAX_VALUES; n++) {
        text[0] = '[';

        for (i = 0; i < n; i++) {
            memcpy(text + 1 + 3 * i, items[i % 3], 3);

            if (i % 3 == 2) {
                text[1 + 3 * i] = ' ';
            }
        }

        text[3 * n] = ']';

        outline = violet_json_outline(text, 3 * n + 1, order_picks);
        assert_int_equal(outline != NULL, n < VIOLET_JSON_MAX_VALUES);
        json_decref(outline);
    }

    free(text);
}


/* Members that are not picked do not count. */

static void
test_values_left_out(void **state)
{
    char    *text, *p;
    size_t   i;
    json_t  *outline;

    (void) state;

    text = malloc(2 * 4 * VIOLET_JSON_MAX_VALUES + 64);
    assert_non_null(text);

    p = text + sprintf(text, "{\"id\":1,\"nobody_asks\":[0");

    for (i = 0; i < 4 * VIOLET_JSON_MAX_VALUES; i++) {
        *p++ = ',';
        *p++ = '0';
    }

    p += sprintf(p, "]}");

    outline = violet_json_outline(text, (size_t) (p - text), order_picks);
    assert_non_null(outline);
    json_decref(outline);

    free(text);
}


/* Bytes of strings with escapes: at the bound, and one above. */

static void
test_escapes(void **state)
{
    char    *text;
    size_t   len, quoted;
    json_t  *outline;

    (void) state;

    text = malloc(VIOLET_JSON_MAX_WHOLE + 64);
    assert_non_null(text);

    for (quoted = VIOLET_JSON_MAX_WHOLE; quoted <= VIOLET_JSON_MAX_WHOLE + 1;
         quoted++)
    {
        len = quoted + 2;

        memset(text, 'x', len);
        memcpy(text, "[\"\\n", 4);
        memcpy(text + len - 2, "\"]", 2);

        outline = violet_json_outline(text, len, order_picks);
        assert_int_equal(outline != NULL, quoted <= VIOLET_JSON_MAX_WHOLE);
        json_decref(outline);
    }

    free(text);
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
        if (outline_of(texts[i], report_picks)[0] != '\0'
            || outline_of(texts[i], order_picks)[0] != '\0')
        {
            fail_msg("%s", texts[i]);
        }
    }

    memset(deep, '[', 65);
    memset(deep + 65, ']', 65);
    deep[130] = '\0';
    assert_string_equal(outline_of(deep, report_picks), "");

    memmove(deep, deep + 1, 128);
    deep[128] = '\0';
    assert_string_equal(outline_of(deep, report_picks), deep);
}


/* Removes the members that are not picked from jansson's tree. */

static void
leave_out(json_t *value, const violet_json_pick_t *picks, int within)
{
    void                      *next;
    size_t                     i;
    json_t                    *item;
    const char                *key;
    const violet_json_pick_t  *pick;

    if (picks == NULL) {
        return;
    }

    if (json_is_object(value)) {

        json_object_foreach_safe(value, next, key, item) {

            for (pick = picks; pick->name.data; pick++) {
                if (strcmp(pick->name.data, "*") == 0
                    || strcmp(pick->name.data, key) == 0)
                {
                    break;
                }
            }

            if (pick->name.data == NULL) {
                json_object_del(value, key);
                continue;
            }

            leave_out(item, pick->members, 0);
        }
    }

    if (json_is_array(value) && !within) {

        json_array_foreach(value, i, item) {
            leave_out(item, picks, 1);
        }
    }
}


static unsigned  outlines;
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
        "1", "0.0", "true", "false", "null", "\"\"", "\"OK\"",
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
compare(const char *text, size_t len, const violet_json_pick_t *picks)
{
    json_t        *whole, *outline;
    json_error_t   error;

    outline = violet_json_outline(text, len, picks);
    whole = json_loadb(text, len, FLAGS, &error);

    if (outline && whole) {
        leave_out(whole, picks, 0);

        if (!json_equal(whole, outline)) {
            fail_msg("%.*s", (int) len, text);
        }

    } else if (outline && strstr(error.text, "duplicate") == NULL
               && strstr(error.text, "Unicode") == NULL
               && strstr(error.text, "too big") == NULL
               && strstr(error.text, "overflow") == NULL)
    {
        fail_msg("%.*s: %s", (int) len, text, error.text);
    }

    outlines += (outline != NULL);

    json_decref(outline);
    json_decref(whole);
}


static void
test_against_the_tree(void **state)
{
    char      text[65536], *end, was;
    size_t    at;
    unsigned  i;

    (void) state;

    outlines = 0;

    for (i = 0; i < 100000; i++) {
        end = generate(text, 1 + any(5));
        compare(text, (size_t) (end - text),
                any(2) ? report_picks : order_picks);

        /*
         * with one byte changed; a backslash in a name would be a valid
         * text without an outline
         */

        if (end > text) {
            at = any((unsigned) (end - text));
            was = text[at];
            text[at] = "{}[],:\"x0 "[any(10)];
            compare(text, (size_t) (end - text),
                    any(2) ? report_picks : order_picks);
            text[at] = was;
        }
    }

    printf("%u outlines\n", outlines);
    assert_true(outlines > i / 3);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outlines),
        cmocka_unit_test(test_second_thoughts),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_values_left_out),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_against_the_tree)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

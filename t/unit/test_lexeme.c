
/*
 * The lexemes of JSON.  Each text is placed at every offset from a multiple
 * of sixteen, at the end of a block of memory, so that a sanitizer sees a
 * read past the text by the code that reads eight or sixteen bytes at a time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_json.h"
#include "violet_json_lexeme.h"


#define OFFSETS  17
#define N(rows)  (sizeof(rows) / sizeof((rows)[0]))


static const char *const  test_good[] = {
    "0", "-0", "10", "-12.50", "1e5", "1E+05", "1.0e-9", "0.0",
    "true", "false", "null", "{}", "[]", "[ ]", "{ }", "\"\"",
    "[1,2 , 3]", "[1, 22,333 ,0,10,-1,2.5,44]", "[-0,\"\",\"a\"]",
    "[[1,2],{\"a\":[3,44]},5]", "[[],{}]",
    "{\"a\":1,\"b\" : [ ] }", "{\"\":\"\"}",
    "[\t1\r\n,2]", "{\"a\":{\"b\":{\"c\":[[[]]]}}}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\\uabCD\\u1eF9\"",
    "\"\\ud800\"", "\"\x7f\"", "\"\xc2\x80\xdf\xbf\"",
    "\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
    "\"\xf0\x90\x80\x80\xf3\xbf\xbf\xbf\xf4\x8f\xbf\xbf\"",
    "\"0123456789abcdef0123456789abcdef\\n\"", "\"0123456\\\"89abcdef\""
};


static const char *const  test_bad[] = {
    "", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1.e5", "0x1", "--1",
    "1-1e999", "tru", "nul", "nulll", "True", "'a'", "\"", "\"\\\"", "\"\\",
    "\"\\u12\"", "\"\\u123", "\"\\u123g\"", "\"\\u12G4\"", "\"\\x\"",
    "\"\\0\"", "\"\\'\"", "\"\\a\"", "\"\x01\"", "\"\x1f\"", "\"\n\"",
    "\"0123456\x1f\"", "\"012345\x1f\"", "\"0123456789abcde\x1f\"",
    "\"\x80\"", "\"\xbf\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xc2\"",
    "\"\xc2\x7f\"", "\"\xc2\xc0\"", "\"\xe0\x9f\xbf\"", "\"\xe1\x80\"",
    "\"\xe1\x80\xc0\"", "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"",
    "\"\xf0\x8f\xbf\xbf\"", "\"\xf0\x90\x80\"", "\"\xf4\x90\x80\x80\"",
    "\"\xf5\x80\x80\x80\"", "\"\xff\"", "\"\xe1\x80", "\"\xf1\x80\x80",
    "\"\xc3",
    "[", "]", "{", "}", "[1", "[1,", "[1,]",
    "[01,2,3]", "[1,02,3,4]", "[1,,2,3]", "[1,22,", "[1,2,:3,4]", "[1,2;,3]",
    "[-,,1,2]",
    "[\"a,1,2]", "[a\",1,2]",
    "[1,22 33,4]", "[,1]", "[1 2]", "[1]]", "[}",
    "{]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,\"a\":1}", "{a:1}",
    "{1:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\",1}", "{\"a\":1;}",
    "[1\v]", "[1\f]", "1 2", "[]x", ":", ",", "[\"a\":1]"
};


/* True if the text is one value and nothing else. */

static int
is_value(const char *text, size_t len, unsigned offset, unsigned room)
{
    int          taken;
    char        *buf;
    const char  *p, *last;

    buf = malloc(offset + len + (offset + len == 0));
    assert_non_null(buf);
    memcpy(buf + offset, text, len);

    p = buf + offset;
    last = p + len;

    taken = (violet_json_value(p, last, room) == last);

    free(buf);

    return taken;
}


static void
test_values(void **state)
{
    size_t    i;
    unsigned  offset;

    (void) state;

    for (offset = 0; offset < OFFSETS; offset++) {

        for (i = 0; i < N(test_good); i++) {
            if (!is_value(test_good[i], strlen(test_good[i]), offset, 64)) {
                fail_msg("refused at %u: %s", offset, test_good[i]);
            }
        }

        for (i = 0; i < N(test_bad); i++) {
            if (is_value(test_bad[i], strlen(test_bad[i]), offset, 64)) {
                fail_msg("accepted at %u: %s", offset, test_bad[i]);
            }
        }
    }
}


/* A string without an end is refused, and each special byte is found. */

static void
test_every_length(void **state)
{
    char      text[64];
    size_t    i, len, at;
    unsigned  offset;

    static const char  odd[] = {
        '"', '\\', '\n', '\x1f', '\x80', '\xff', '\0'
    };

    (void) state;

    for (len = 2; len < sizeof(text); len++) {

        memset(text, 'x', sizeof(text));
        text[0] = '"';
        text[len - 1] = '"';

        for (offset = 0; offset < OFFSETS; offset++) {
            assert_true(is_value(text, len, offset, 64));
            assert_false(is_value(text, len - 1, offset, 64));
        }

        for (at = 1; at < len - 1; at++) {

            for (i = 0; i < N(odd); i++) {
                text[at] = odd[i];
                assert_false(is_value(text, len, 0, 64));
            }

            text[at] = 'x';
        }
    }
}


/* Each byte except a digit ends the digits, at every place. */

static void
test_digits(void **state)
{
    int       c;
    char     *text;
    size_t    len, at;

    (void) state;

    for (len = 1; len < 40; len++) {

        text = malloc(len);
        assert_non_null(text);

        for (at = 0; at < len; at++) {
            text[at] = (char) ('0' + at % 10);
        }

        assert_ptr_equal(violet_json_digits(text, text + len), text + len);

        for (at = 0; at < len; at++) {
            for (c = 0; c < 256; c++) {

                if (c >= '0' && c <= '9') {
                    continue;
                }

                text[at] = (char) c;
                assert_ptr_equal(violet_json_digits(text, text + len),
                                 text + at);
            }

            text[at] = (char) ('0' + at % 10);
        }

        free(text);
    }
}


/* Arrays, objects, or both in turn, nested "n" levels deep. */

static size_t
nest(char *text, unsigned depth, const char *kinds)
{
    size_t    len;
    unsigned  i, n;

    len = 0;
    n = (unsigned) strlen(kinds);

    for (i = 0; i < depth; i++) {
        len += (size_t) sprintf(text + len, "%s",
                                kinds[i % n] == '[' ? "[" : "{\"a\":");
    }

    text[len++] = '1';

    for (i = depth; i > 0; i--) {
        text[len++] = kinds[(i - 1) % n] == '[' ? ']' : '}';
    }

    text[len] = '\0';

    return len;
}


static void
test_depth(void **state)
{
    char      text[512];
    size_t    i, len;
    unsigned  depth, room;

    static const char *const  kinds[] = { "[", "{", "[{", "{{[" };

    (void) state;

    for (i = 0; i < N(kinds); i++) {
        for (depth = 0; depth <= 66; depth++) {

            len = nest(text, depth, kinds[i]);

            for (room = 0; room <= 64; room++) {
                assert_int_equal(is_value(text, len, 0, room), depth <= room);
            }
        }
    }
}


/* The text between the quotes, and whether it has no escapes. */

static void
test_names(void **state)
{
    int            plain;
    const char    *p, *end;
    violet_text_t  name;

    static const char  text[] = "\"n\xc3\xa4me\" \n: 1";
    static const char  escaped[] = "\"n\\u0061\":";

    (void) state;

    end = text + sizeof(text) - 1;
    p = violet_json_name(text, end, &name, &plain);

    assert_ptr_equal(p, end - 1);
    assert_true(plain);
    assert_int_equal(name.len, 5);
    assert_memory_equal(name.data, "n\xc3\xa4me", 5);

    end = escaped + sizeof(escaped) - 1;
    p = violet_json_name(escaped, end, &name, &plain);

    assert_ptr_equal(p, end);
    assert_false(plain);
    assert_int_equal(name.len, 7);
}


/*
 * Each value, and each string as a name, in an object with so much behind it
 * that many bytes are looked at together.
 */

static void
test_members(void **state)
{
    int       good, as_name;
    size_t    i, n, len;
    char      text[1024];
    unsigned  offset;

    static const char  rest[] =
        "\"b\":\"a text of more than sixteen bytes, and of more than "
        "thirty-two\",\"c\":[],\"a name of more than thirty-two bytes, all "
        "plain\":7,\"d\":6.5,\"e\":null,\"f\":\"\"";

    static const char *const  forms[] = {
        "{\"a\":%s,%s}", "{%s:1,%s}", "{\"a\":\"1\",\"b\":%s,%s}",
        "{\"a\":0,%s:true,%s}"
    };

    (void) state;

    for (offset = 0; offset < OFFSETS; offset++) {
        for (n = 0; n < N(forms); n++) {
            as_name = n & 1;

            for (i = 0; i < N(test_good) + N(test_bad); i++) {
                good = i < N(test_good);

                len = (size_t) snprintf(text, sizeof(text), forms[n],
                                        good ? test_good[i]
                                             : test_bad[i - N(test_good)],
                                        rest);
                assert_true(len < sizeof(text));

                if (as_name && good && test_good[i][0] != '"') {
                    good = 0;
                }

                if (is_value(text, len, offset, 64) != good) {
                    fail_msg("%s at %u: %s", good ? "refused" : "accepted",
                             offset, text);
                }
            }
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_digits),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_names)
    };

    return cmocka_run_group_tests_name("lexemes", tests, NULL, NULL);
}

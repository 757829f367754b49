
/*
 * Comparisons of texts, equal and different ones; what a line of the log shows
 * of a text; and every first two bytes of a character in UTF-8, compared with
 * a decoder that computes the code point.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_text.h"


static violet_text_t
of(const char *word)
{
    violet_text_t  text;

    text.data = word;
    text.len = word ? strlen(word) : 0;

    return text;
}


static void
test_words(void **state)
{
    static const char *const  words[] = { "ACCEPTED", "BACKORDERED", NULL };

    (void) state;

    assert_true(violet_text_is(of("Accepted"), "ACCEPTED"));
    assert_true(violet_text_is(of("ACCEPTED"), "accepted"));
    assert_true(violet_text_is(of(""), ""));
    assert_false(violet_text_is(of("ACCEPTE"), "ACCEPTED"));
    assert_false(violet_text_is(of("ACCEPTEDX"), "ACCEPTED"));
    assert_false(violet_text_is(of(NULL), ""));
    assert_false(violet_text_is(of("[\\]"), "{|}"));
    assert_false(violet_text_is(of("\xe4"), "\xc4"));

    assert_true(violet_text_any(of("backordered"), words));
    assert_false(violet_text_any(of("REJECTED"), words));
    assert_false(violet_text_any(of(NULL), words));

    assert_true(violet_text_equal(of("cart"), "cart"));
    assert_false(violet_text_equal(of("Cart"), "cart"));
    assert_false(violet_text_equal(of("car"), "cart"));
    assert_false(violet_text_equal(of(NULL), ""));

    assert_true(violet_text_same(of("a"), of("a")));
    assert_true(violet_text_same(of(NULL), of(NULL)));
    assert_false(violet_text_same(of(""), of(NULL)));
    assert_false(violet_text_same(of("a"), of("A")));
    assert_false(violet_text_same(of("a"), of("ab")));
}


/* Two secrets differ if they differ in any one bit of any byte. */

static void
test_secrets(void **state)
{
    size_t             i;
    unsigned           bit;
    char               other[] = "s3cret\0of a caller";
    static const char  secret[] = "s3cret\0of a caller";

    const violet_text_t  one = { secret, sizeof(secret) - 1 };
    const violet_text_t  two = { other, sizeof(other) - 1 };
    const violet_text_t  begin = { secret, sizeof(secret) - 2 };

    (void) state;

    assert_true(violet_text_same_secret(one, two));

    for (i = 0; i < two.len; i++) {
        for (bit = 1; bit < 0x100; bit <<= 1) {
            other[i] = (char) (secret[i] ^ (char) bit);
            assert_false(violet_text_same_secret(one, two));
        }

        other[i] = secret[i];
    }

    assert_false(violet_text_same_secret(one, begin));
    assert_false(violet_text_same_secret(begin, one));
    assert_false(violet_text_same_secret(of("secret"), of("SECRET")));

    assert_true(violet_text_same_secret(of(""), of("")));
    assert_false(violet_text_same_secret(of("x"), of("")));

    /* a secret that is missing equals none, not even a missing one */

    assert_false(violet_text_same_secret(of(NULL), of("")));
    assert_false(violet_text_same_secret(of(""), of(NULL)));
    assert_false(violet_text_same_secret(of(NULL), of(NULL)));
}


/* Checks what the log shows of a text, and that nothing behind is written. */

static void
check_shown(const char *data, size_t len, const char *expected)
{
    size_t  n;
    char    buf[VIOLET_TEXT_SHOWN + 1];

    memset(buf, '#', sizeof(buf));

    n = violet_text_shown(data, len, buf);

    assert_true(n <= VIOLET_TEXT_SHOWN);
    assert_true(buf[n] == '#');

    buf[n] = '\0';
    assert_string_equal(buf, expected);
}


static void
test_shown(void **state)
{
    int     c;
    size_t  len;
    char    byte, text[2 * VIOLET_TEXT_SHOWN], expected[VIOLET_TEXT_SHOWN + 1];

    (void) state;

    for (c = 0; c < 256; c++) {
        byte = (char) c;

        (void) snprintf(expected, sizeof(expected),
                        c < ' ' || c > '~' || c == '"' || c == '\\'
                        ? "\\x%02X" : "%c", c);

        check_shown(&byte, 1, expected);
    }

    check_shown("", 0, "");
    check_shown("a\n\"b\0", 5, "a\\x0A\\x22b\\x00");

    /* a longer text is cut, never within the four bytes of "\xHH" */

    for (len = 0; len <= sizeof(text); len++) {
        memset(text, 'a', sizeof(text));
        memset(expected, 'a', sizeof(expected));

        if (len > VIOLET_TEXT_SHOWN - 3) {
            memcpy(expected + VIOLET_TEXT_SHOWN - 3, "...", 4);

        } else {
            expected[len] = '\0';
        }

        check_shown(text, len, expected);

        if (len == 0 || len > VIOLET_TEXT_SHOWN) {
            continue;
        }

        text[len - 1] = '\n';

        if (len + 3 > VIOLET_TEXT_SHOWN - 3) {
            memcpy(expected + (len > VIOLET_TEXT_SHOWN - 2
                               ? VIOLET_TEXT_SHOWN - 3 : len - 1), "...", 4);

        } else {
            memcpy(expected + len - 1, "\\x0A", 5);
        }

        check_shown(text, len, expected);
    }
}


static void
test_numbers(void **state)
{
    size_t                    i;
    uint64_t                  n;
    static const char *const  bad[] = {
        "", "-1", "+1", " 1", "1 ", "01", "00", "1.0", "1e3", "0x1f", "/",
        ":", "nan", "1\n", "10000000000000000", NULL
    };

    (void) state;

    for (i = 0; bad[i]; i++) {
        n = 7;
        assert_int_equal(violet_text_number(of(bad[i]), &n), -1);
        assert_true(n == 7);
    }

    assert_int_equal(violet_text_number(of(NULL), &n), -1);
    assert_int_equal(violet_text_number((violet_text_t) { "1\0", 2 }, &n), -1);

    assert_int_equal(violet_text_number(of("0"), &n), 0);
    assert_true(n == 0);
    assert_int_equal(violet_text_number(of("1767225600123"), &n), 0);
    assert_true(n == 1767225600123);
    assert_int_equal(violet_text_number(of("9999999999999999"), &n), 0);
    assert_true(n == 9999999999999999);
}


static void
test_print(void **state)
{
    size_t  i;
    char   *end, buf[VIOLET_TEXT_NUMBER + 1], expected[32];

    static const int64_t  numbers[] = {
        0, 1, 9, 10, 99, 100, 1767225600123, -1, -10, INT64_MAX, INT64_MIN
    };

    (void) state;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        memset(buf, '#', sizeof(buf));

        end = violet_text_print(buf, numbers[i]);

        assert_true(*end == '#');
        *end = '\0';

        (void) snprintf(expected, sizeof(expected), "%" PRId64, numbers[i]);
        assert_string_equal(buf, expected);
    }
}


static void
test_hex(void **state)
{
    int                c, expected;
    const char        *digit;
    static const char  digits[] = "0123456789abcdef";

    (void) state;

    for (c = 0; c < 256; c++) {
        digit = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
        expected = digit ? (int) (digit - digits) : -1;

        assert_int_equal(violet_text_hex((char) c), expected);
    }
}


/* The length by RFC 3629's definition, from the code point; 0: invalid. */

static size_t
length(const unsigned char *p, size_t len)
{
    size_t    i, n;
    uint32_t  code;

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    if (p[0] < 0x80) {
        return 1;
    }

    n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

    if (p[0] < 0xc0 || p[0] > 0xf7 || n > len) {
        return 0;
    }

    code = p[0] & (0xffu >> (n + 1));

    for (i = 1; i < n; i++) {

        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        code = code << 6 | (p[i] & 0x3f);
    }

    return code < least[n] || code > 0x10ffff
           || (code >= 0xd800 && code <= 0xdfff)
           ? 0 : n;
}


static void
test_utf8(void **state)
{
    size_t         len, expected;
    unsigned       one, two, three;
    const char    *end;
    unsigned char  bytes[4];

    static const unsigned char  others[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0 };

    (void) state;

    for (one = 0; one < 256; one++) {
        for (two = 0; two < 256; two++) {
            for (three = 0; three < sizeof(others); three++) {

                bytes[0] = (unsigned char) one;
                bytes[1] = (unsigned char) two;
                bytes[2] = others[three];
                bytes[3] = 0x80;

                for (len = 1; len <= 4; len++) {
                    expected = length(bytes, len);
                    end = violet_text_utf8((char *) bytes,
                                           (char *) bytes + len);

                    assert_int_equal(end ? end - (char *) bytes : 0,
                                     expected);
                }
            }
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_utf8)
    };

    return cmocka_run_group_tests_name("texts", tests, NULL, NULL);
}

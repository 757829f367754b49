
/*
 * Arguments of a request one after the other, and percent-decoding.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_args.h"


/* Writes what was found as "name>value;", from a copy without spare bytes. */

static void
args_of(const char *text, char *found)
{
    char           *copy;
    violet_text_t   rest, name, value;

    rest.len = strlen(text);

    copy = malloc(rest.len + 1);
    assert_non_null(copy);

    rest.data = copy + 1;
    memcpy(copy + 1, text, rest.len);

    while (violet_args_next(&rest, &name, &value)) {
        found = (char *) memcpy(found, name.data, name.len) + name.len;
        *found++ = '>';
        found = (char *) memcpy(found, value.data, value.len) + value.len;
        *found++ = ';';
    }

    *found = '\0';

    assert_int_equal(rest.len, 0);

    free(copy);
}


static void
test_next(void **state)
{
    char    found[64];
    size_t  i;

    static const struct {
        const char  *args;
        const char  *found;
    } cases[] = {
        { "", "" },
        { "a", "a>;" },
        { "a=", "a>;" },
        { "=", ">;" },
        { "=b", ">b;" },
        { "a=b", "a>b;" },
        { "a=b=c", "a>b=c;" },
        { "a=b&c=d", "a>b;c>d;" },
        { "a&b=&c", "a>;b>;c>;" },
        { "&", ">;" },
        { "&&a=b&", ">;>;a>b;" },
        { "a%26=b%3D", "a%26>b%3D;" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        args_of(cases[i].args, found);
        assert_string_equal(found, cases[i].found);
    }
}


static void
test_decode(void **state)
{
    char    buf[4];
    size_t  i, len;

    static const char *const  wrong[] = {
        "%", "%4", "a%4", "%zz", "abcdef%", "abcdef%g0"
    };

    (void) state;

    assert_int_equal(violet_args_decode((violet_text_t) { "a+%41%00", 8 },
                                        buf, sizeof(buf), &len), 0);
    assert_int_equal(len, 4);
    assert_memory_equal(buf, "a+A\0", 4);

    /* too long: the first bytes, and how many there are */

    assert_int_equal(violet_args_decode((violet_text_t) { "bcde%66g", 8 },
                                        buf, sizeof(buf), &len), 0);
    assert_int_equal(len, 6);
    assert_memory_equal(buf, "bcde", 4);

    assert_int_equal(violet_args_decode((violet_text_t) { "", 0 }, buf, 0,
                                        &len), 0);
    assert_int_equal(len, 0);

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (violet_args_decode((violet_text_t) { wrong[i], strlen(wrong[i]) },
                               buf, sizeof(buf), &len) == 0)
        {
            fail_msg("%s", wrong[i]);
        }
    }
}


static void
test_unescape(void **state)
{
    (void) state;

    assert_int_equal(violet_args_unescape("%00", 3), 0);
    assert_int_equal(violet_args_unescape("%3b", 3), ';');
    assert_int_equal(violet_args_unescape("%3Bx", 4), ';');
    assert_int_equal(violet_args_unescape("%fF", 3), 255);
    assert_int_equal(violet_args_unescape("%Aa", 3), 170);

    assert_int_equal(violet_args_unescape("%3", 2), -1);
    assert_int_equal(violet_args_unescape("%3b", 2), -1);
    assert_int_equal(violet_args_unescape("%", 1), -1);
    assert_int_equal(violet_args_unescape("", 0), -1);
    assert_int_equal(violet_args_unescape("x3b", 3), -1);
    assert_int_equal(violet_args_unescape("%g0", 3), -1);
    assert_int_equal(violet_args_unescape("%0g", 3), -1);
    assert_int_equal(violet_args_unescape("%G0", 3), -1);
    assert_int_equal(violet_args_unescape("%/0", 3), -1);
    assert_int_equal(violet_args_unescape("%:0", 3), -1);
    assert_int_equal(violet_args_unescape("%@0", 3), -1);
    assert_int_equal(violet_args_unescape("%`0", 3), -1);
    assert_int_equal(violet_args_unescape("%+1", 3), -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_unescape)
    };

    return cmocka_run_group_tests_name("violet_args", tests, NULL, NULL);
}

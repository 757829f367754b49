
/*
 * The forms of headers of a caller that are passed on to Violet.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_trace.h"


#define TEST_TRACE   "4bf92f3577b34da6a3ce929d0e0e4736"
#define TEST_PARENT  "00f067aa0ba902b7"
#define TEST_ZERO    "00000000000000000000000000000000"


typedef struct {
    const char   *value;
    int           valid;
} test_parent_t;


static const test_parent_t  test_parents[] = {
    { "00-" TEST_TRACE "-" TEST_PARENT "-01", 1 },
    { "00-" TEST_TRACE "-" TEST_PARENT "-00", 1 },
    { "00-" TEST_TRACE "-" TEST_PARENT "-ff", 1 },
    { "01-" TEST_TRACE "-" TEST_PARENT "-01", 1 },
    { "fe-" TEST_TRACE "-" TEST_PARENT "-01-what-ever", 1 },
    { "cc-" TEST_TRACE "-" TEST_PARENT "-01-", 1 },

    { "", 0 },
    { "0", 0 },
    { "00-" TEST_TRACE "-" TEST_PARENT "-0", 0 },
    { "00-" TEST_TRACE "-" TEST_PARENT "-01-", 0 },
    { "00-" TEST_TRACE "-" TEST_PARENT "-01-more", 0 },
    { "01-" TEST_TRACE "-" TEST_PARENT "-01more", 0 },
    { "01-" TEST_TRACE "-" TEST_PARENT "-01-\x01", 0 },
    { "01-" TEST_TRACE "-" TEST_PARENT "-01-\x80", 0 },
    { "ff-" TEST_TRACE "-" TEST_PARENT "-01", 0 },
    { "0g-" TEST_TRACE "-" TEST_PARENT "-01", 0 },
    { "0A-" TEST_TRACE "-" TEST_PARENT "-01", 0 },
    { "00-" TEST_ZERO "-" TEST_PARENT "-01", 0 },
    { "00-" TEST_TRACE "-0000000000000000-01", 0 },
    { "00_" TEST_TRACE "-" TEST_PARENT "-01", 0 },
    { "00-" TEST_TRACE "_" TEST_PARENT "-01", 0 },
    { "00-" TEST_TRACE "-" TEST_PARENT "_01", 0 },
    { "00-4BF92F3577B34DA6A3CE929D0E0E4736-" TEST_PARENT "-01", 0 },
    { "00-" TEST_TRACE "-00f067aa0ba902bz-01", 0 },
    { "00-" TEST_TRACE "-" TEST_PARENT "-0x", 0 }
};


/* A copy without room behind it, for the sanitizers. */

static violet_text_t
test_copy(const char *value, size_t len)
{
    char  *p;

    p = malloc(len ? len : 1);
    assert_non_null(p);

    memcpy(p, value, len);

    return (violet_text_t) { p, len };
}


static void
test_parent(void **state)
{
    size_t         i, len;
    violet_text_t  text;

    (void) state;

    for (i = 0; i < sizeof(test_parents) / sizeof(test_parents[0]); i++) {
        len = strlen(test_parents[i].value);
        text = test_copy(test_parents[i].value, len);

        if (violet_trace_is_parent(text) != test_parents[i].valid) {
            fail_msg("\"%s\"", test_parents[i].value);
        }

        free((char *) text.data);
    }
}


/* Each prefix of a valid one is invalid, and so is each changed separator. */

static void
test_prefixes(void **state)
{
    size_t         len;
    const char    *value = test_parents[0].value;
    violet_text_t  text;

    (void) state;

    for (len = 0; len < strlen(value); len++) {
        text = test_copy(value, len);
        assert_false(violet_trace_is_parent(text));
        free((char *) text.data);
    }
}


static void
test_lengths(void **state)
{
    char  value[VIOLET_TRACE_STATE + 1];

    (void) state;

    memset(value, 'a', sizeof(value));

    assert_true(violet_trace_is_id((violet_text_t) { value, 1 }));
    assert_true(violet_trace_is_id((violet_text_t) { value,
                                                     VIOLET_TRACE_ID }));
    assert_false(violet_trace_is_id((violet_text_t) { value,
                                                      VIOLET_TRACE_ID + 1 }));
    assert_false(violet_trace_is_id((violet_text_t) { value, 0 }));
    assert_false(violet_trace_is_id((violet_text_t) { NULL, 0 }));

    assert_true(violet_trace_is_state((violet_text_t) {
                                          value, VIOLET_TRACE_STATE }));
    assert_false(violet_trace_is_state((violet_text_t) {
                                           value, VIOLET_TRACE_STATE + 1 }));
    assert_false(violet_trace_is_state((violet_text_t) { value, 0 }));

    memcpy(value, "01-" TEST_TRACE "-" TEST_PARENT "-01-", 56);
    assert_true(violet_trace_is_parent((violet_text_t) {
                                           value, VIOLET_TRACE_PARENT }));
    assert_false(violet_trace_is_parent((violet_text_t) {
                                            value, VIOLET_TRACE_PARENT + 1 }));
}


static void
test_bytes(void **state)
{
    int   c, printable;
    char  value[1];

    (void) state;

    for (c = 0; c < 256; c++) {
        value[0] = (char) c;
        printable = (c >= 0x20 && c <= 0x7e);

        assert_int_equal(violet_trace_is_id((violet_text_t) { value, 1 }),
                         printable);
        assert_int_equal(violet_trace_is_state((violet_text_t) { value, 1 }),
                         printable);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_parent),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_bytes)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}


/*
 * The tree of a reply of Redis.  t/fuzz/resp.c compares trees with those of
 * hiredis.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "violet_reply.h"
#include "violet_resp.h"


/* One of each type, arrays within arrays, and an empty one of each. */

static void
test_tree(void **state)
{
    char             bytes[] = "*7\r\n*2\r\n:-12\r\n*1\r\n+OK\r\n-ERR no\r\n"
                               "$3\r\na\r\0\r\n$-1\r\n*0\r\n$0\r\n\r\n"
                               ":9223372036854775807\r\n";
    size_t           len;
    violet_reply_t   nodes[11], *e;
    violet_resp_t    resp;

    static const violet_resp_limits_t  limits = { 1000, 10 };

    (void) state;

    len = sizeof(bytes) - 1;

    violet_resp_init(&resp, &limits);
    assert_int_equal(violet_resp_read(&resp, bytes, &len), VIOLET_RESP_WHOLE);
    assert_int_equal(resp.len, len);
    assert_int_equal(resp.elements, 10);

    violet_reply_build(nodes, bytes);

    assert_int_equal(nodes[0].type, VIOLET_REPLY_ARRAY);
    assert_int_equal(nodes[0].elements, 7);

    e = nodes[0].element;

    assert_int_equal(e[0].type, VIOLET_REPLY_ARRAY);
    assert_int_equal(e[0].elements, 2);
    assert_int_equal(e[0].element[0].type, VIOLET_REPLY_INTEGER);
    assert_true(e[0].element[0].integer == -12);
    assert_int_equal(e[0].element[1].elements, 1);
    assert_int_equal(e[0].element[1].element[0].type, VIOLET_REPLY_STATUS);
    assert_string_equal(e[0].element[1].element[0].str, "OK");

    assert_int_equal(e[1].type, VIOLET_REPLY_ERROR);
    assert_int_equal(e[1].len, 6);
    assert_string_equal(e[1].str, "ERR no");

    assert_int_equal(e[2].type, VIOLET_REPLY_STRING);
    assert_int_equal(e[2].len, 3);
    assert_memory_equal(e[2].str, "a\r\0\0", 4);

    assert_int_equal(e[3].type, VIOLET_REPLY_NIL);
    assert_null(e[3].str);
    assert_false(e[3].cut);

    assert_int_equal(e[4].type, VIOLET_REPLY_ARRAY);
    assert_int_equal(e[4].elements, 0);

    assert_int_equal(e[5].type, VIOLET_REPLY_STRING);
    assert_int_equal(e[5].len, 0);
    assert_string_equal(e[5].str, "");

    assert_int_equal(e[6].type, VIOLET_REPLY_INTEGER);
    assert_true(e[6].integer == INT64_MAX);
}


/* A string that was too long is no missing one. */

static void
test_cut(void **state)
{
    char             bytes[64];
    size_t           len;
    violet_reply_t   node;
    violet_resp_t    resp;

    static const char                  text[] = "$12\r\n0123456789ab\r\n";
    static const violet_resp_limits_t  limits = { 16, 1 };

    (void) state;

    len = sizeof(text) - 1;
    memcpy(bytes, text, len);

    violet_resp_init(&resp, &limits);
    assert_int_equal(violet_resp_read(&resp, bytes, &len), VIOLET_RESP_WHOLE);

    violet_reply_build(&node, bytes);

    assert_int_equal(node.type, VIOLET_REPLY_NIL);
    assert_true(node.cut);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_cut)
    };

    return cmocka_run_group_tests_name("violet_reply", tests, NULL, NULL);
}

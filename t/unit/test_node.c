
/*
 * Where nodes of Redis are: hosts and ports, redirections and slots, valid
 * and hostile ones.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_node.h"


static violet_text_t
of(const char *word)
{
    violet_text_t  text;

    text.data = word;
    text.len = word ? strlen(word) : 0;

    return text;
}


static void
test_hosts(void **state)
{
    size_t         i;
    violet_node_t  node;
    char           name[VIOLET_NODE_HOST + 2];

    static const char *const  hosts[] = {
        "", "127.0.0.1", "::1", "fe80::1", "redis-0.redis.default.svc", "a_b",
        NULL
    };

    static const char *const  bad[] = {
        "a b", "a\n", "a/b", "\"", "a@b", "[::1]", "\xc3\xa4", "?", NULL
    };

    (void) state;

    for (i = 0; hosts[i]; i++) {
        assert_int_equal(violet_node_read(&node, of(hosts[i]), of("6379")), 0);
        assert_true(violet_text_equal(node.host, hosts[i]));
        assert_int_equal(node.port, 6379);
    }

    for (i = 0; bad[i]; i++) {
        assert_int_equal(violet_node_read(&node, of(bad[i]), of("6379")), -1);
    }

    assert_int_equal(violet_node_read(&node, of(NULL), of("6379")), -1);

    memset(name, 'a', sizeof(name));
    name[VIOLET_NODE_HOST] = '\0';
    assert_int_equal(violet_node_read(&node, of(name), of("6379")), 0);

    name[VIOLET_NODE_HOST] = 'a';
    name[VIOLET_NODE_HOST + 1] = '\0';
    assert_int_equal(violet_node_read(&node, of(name), of("6379")), -1);
}


static void
test_ports(void **state)
{
    size_t         i;
    violet_node_t  node;

    static const char *const  bad[] = {
        "", "0", "-1", "65536", "1e3", " 1", "1 ", "99999999999999999999",
        NULL
    };

    (void) state;

    assert_int_equal(violet_node_read(&node, of("a"), of("1")), 0);
    assert_int_equal(violet_node_read(&node, of("a"), of("65535")), 0);
    assert_int_equal(node.port, 65535);

    for (i = 0; bad[i]; i++) {
        assert_int_equal(violet_node_read(&node, of("a"), of(bad[i])), -1);
    }

    assert_int_equal(violet_node_read(&node, of("a"), of(NULL)), -1);
}


static void
test_moved(void **state)
{
    size_t         i;
    violet_node_t  node;

    static const char *const  bad[] = {
        "", "MOVED", "MOVED ", "MOVED 1", "MOVED 1 ", "MOVED 1 a", "MOVED 1 :",
        "MOVED 1 a:", "MOVED 1 a:0", "MOVED 1 a:65536", "MOVED x a:1",
        "MOVED -1 a:1", "MOVED 16384 a:1", "MOVED  a:1", "MOVED 1  a:1",
        "MOVED 1 a:1 ", "MOVED 1 a b:1", "MOVED 1 ?:1", "ASK 1 a:1",
        "moved 1 a:1", "MOVEDX 1 a:1", "MOVED 1 a\n:1", NULL
    };

    (void) state;

    assert_int_equal(violet_node_moved(&node,
                                       of("MOVED 3999 127.0.0.1:6381")), 0);
    assert_true(violet_text_equal(node.host, "127.0.0.1"));
    assert_int_equal(node.port, 6381);

    assert_int_equal(violet_node_moved(&node, of("MOVED 16383 ::1:6381")), 0);
    assert_true(violet_text_equal(node.host, "::1"));

    assert_int_equal(violet_node_moved(&node, of("MOVED 0 :6381")), 0);
    assert_int_equal(node.host.len, 0);

    for (i = 0; bad[i]; i++) {
        assert_int_equal(violet_node_moved(&node, of(bad[i])), -1);
    }

    assert_int_equal(violet_node_moved(&node, of(NULL)), -1);
}


/* Numbers of Redis's own CLUSTER KEYSLOT. */

static void
test_slots(void **state)
{
    (void) state;

    assert_int_equal(violet_node_slot(of("123456789")), 0x31c3);
    assert_int_equal(violet_node_slot(of("{123456789}:")), 0x31c3);
    assert_int_equal(violet_node_slot(of("{violet}:")), 4135);
    assert_int_equal(violet_node_slot(of("violet")), 4135);
    assert_int_equal(violet_node_slot(of("")), 0);

    /* no tag: nothing between the braces, or no end */

    assert_int_equal(violet_node_slot(of("{}violet")), 6383);
    assert_int_equal(violet_node_slot(of("{violet")), 8041);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_slots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

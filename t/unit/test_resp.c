
/*
 * Where a reply of Redis ends: whole, byte by byte, several at once, cut, out
 * of all bounds, and with a string that is too long.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_resp.h"
#include "violet_resp_command.h"


#define TEST_TOTAL     1000
#define TEST_ELEMENTS  10
#define TEST_TEXT(s)   s, sizeof(s) - 1


typedef struct {
    const char  *bytes;
    size_t       len;
    size_t       end;        /* 0: more is needed */
} test_end_t;


typedef struct {
    const char  *bytes;
    size_t       len;
    const char  *fault;
} test_bad_t;


static const violet_resp_limits_t  test_limits = { TEST_TOTAL, TEST_ELEMENTS };


static const test_end_t  test_ends[] = {
    { TEST_TEXT("+OK\r\n"), 5 },
    { TEST_TEXT("+\r\n"), 3 },
    { TEST_TEXT("-ERR no\r\n"), 9 },
    { TEST_TEXT(":0\r\n"), 4 },
    { TEST_TEXT(":-1\r\n"), 5 },
    { TEST_TEXT(":9223372036854775807\r\n"), 22 },
    { TEST_TEXT(":-9223372036854775807\r\n"), 23 },
    { TEST_TEXT("$-1\r\n"), 5 },
    { TEST_TEXT("$0\r\n\r\n"), 6 },
    { TEST_TEXT("$5\r\n\r\n$1\r\r\n"), 11 },
    { TEST_TEXT("$3\r\nabc\r\n"), 9 },
    { TEST_TEXT("*-1\r\n"), 5 },
    { TEST_TEXT("*0\r\n"), 4 },
    { TEST_TEXT("*2\r\n*0\r\n*1\r\n:1\r\n"), 16 },
    { TEST_TEXT("*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n"), 20 },
    { TEST_TEXT("*3\r\n$-1\r\n*2\r\n+a\r\n-b\r\n$1\r\nx\r\n"), 28 },

    { TEST_TEXT(""), 0 },
    { TEST_TEXT("+"), 0 },
    { TEST_TEXT("+OK\r"), 0 },
    { TEST_TEXT("$3\r\nabc"), 0 },
    { TEST_TEXT("$3\r\nabc\r"), 0 },
    { TEST_TEXT("*1\r\n"), 0 },
    { TEST_TEXT("*2\r\n:1\r\n"), 0 },
    { TEST_TEXT("*2\r\n*1\r\n:1\r\n"), 0 }
};


static const test_bad_t  test_bad[] = {

    /* what is no reply, in version 2 of the protocol */

    { TEST_TEXT("HTTP/1.1 400 Bad Request\r\n"), "an unknown type of reply" },
    { TEST_TEXT("%1\r\n"), "an unknown type of reply" },
    { TEST_TEXT("~1\r\n"), "an unknown type of reply" },
    { TEST_TEXT(">2\r\n"), "an unknown type of reply" },
    { TEST_TEXT("_\r\n"), "an unknown type of reply" },
    { TEST_TEXT(",1.5\r\n"), "an unknown type of reply" },
    { TEST_TEXT("#t\r\n"), "an unknown type of reply" },
    { TEST_TEXT("(1\r\n"), "an unknown type of reply" },
    { TEST_TEXT("=7\r\n"), "an unknown type of reply" },
    { TEST_TEXT("|1\r\n"), "an unknown type of reply" },
    { TEST_TEXT("!3\r\n"), "an unknown type of reply" },
    { TEST_TEXT("\r\n"), "an invalid line" },
    { TEST_TEXT("\n"), "an invalid line" },
    { TEST_TEXT("+O\nK\r\n"), "an invalid line" },
    { TEST_TEXT("+O\rK\r\n"), "an invalid line" },
    { TEST_TEXT("+OK\n"), "an invalid line" },

    { TEST_TEXT(":\r\n"), "an invalid number" },
    { TEST_TEXT(":-\r\n"), "an invalid number" },
    { TEST_TEXT(":+1\r\n"), "an invalid number" },
    { TEST_TEXT(":1a\r\n"), "an invalid number" },
    { TEST_TEXT(": 1\r\n"), "an invalid number" },
    { TEST_TEXT(":01\r\n"), "an invalid number" },
    { TEST_TEXT(":-0\r\n"), "an invalid number" },
    { TEST_TEXT(":9223372036854775808\r\n"), "an invalid number" },
    { TEST_TEXT(":-9223372036854775808\r\n"), "an invalid number" },
    { TEST_TEXT(":99999999999999999999\r\n"), "an invalid number" },
    { TEST_TEXT(":999999999999999999999999999\r\n"), "an invalid number" },
    { TEST_TEXT("$1.5\r\n"), "an invalid number" },
    { TEST_TEXT("*?\r\n"), "an invalid number" },

    { TEST_TEXT("$-2\r\n"), "an impossible length" },
    { TEST_TEXT("$536870913\r\n"), "an impossible length" },
    { TEST_TEXT("$1073741824\r\n"), "an impossible length" },
    { TEST_TEXT("*-2\r\n"), "an impossible length" },
    { TEST_TEXT("*4000000000\r\n"), "too many elements" },
    { TEST_TEXT("*11\r\n"), "too many elements" },
    { TEST_TEXT("*5\r\n*6\r\n"), "too many elements" },
    { TEST_TEXT("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"), "arrays nested too deep" },

    { TEST_TEXT("$3\r\nabcd\r\n"), "a string of another length" },
    { TEST_TEXT("$3\r\nab\r\n\r\n"), "a string of another length" },
    { TEST_TEXT("$3\r\nabc\n\n"), "a string of another length" },
    { TEST_TEXT("*2\r\n+a\r\n?\r\n"), "an unknown type of reply" }
};


/* bytes in which memchr() has looked */

static size_t  test_looked;

void *__real_memchr(const void *s, int c, size_t n);
void *__wrap_memchr(const void *s, int c, size_t n);


void *
__wrap_memchr(const void *s, int c, size_t n)
{
    test_looked += n;

    return __real_memchr(s, c, n);
}


/* Reads a copy, of exactly so many bytes, in steps. */

static violet_resp_e
test_read(violet_resp_t *resp, char *copy, const char *bytes, size_t len,
    size_t step, size_t *have)
{
    size_t         n, sent;
    violet_resp_e  rc;

    rc = VIOLET_RESP_MORE;
    *have = 0;

    for (sent = 0; sent < len && rc == VIOLET_RESP_MORE; sent += n) {
        n = step < len - sent ? step : len - sent;

        memcpy(copy + *have, bytes + sent, n);
        *have += n;

        rc = violet_resp_read(resp, copy, have);

        if (rc == VIOLET_RESP_MORE) {
            assert_true(violet_resp_at_least(resp) > *have);
            assert_true(violet_resp_at_least(resp) <= resp->limits.total + 1);
        }
    }

    return rc;
}


static void
test_end(void **state)
{
    char           *copy;
    size_t          i, step, have;
    violet_resp_e   rc;
    violet_resp_t   resp;

    (void) state;

    for (i = 0; i < sizeof(test_ends) / sizeof(test_ends[0]); i++) {

        copy = malloc(test_ends[i].len + 1);
        assert_non_null(copy);

        for (step = 1; step < 8; step++) {

            violet_resp_init(&resp, &test_limits);

            rc = test_read(&resp, copy, test_ends[i].bytes, test_ends[i].len,
                           step, &have);

            if (test_ends[i].end) {
                assert_int_equal(rc, VIOLET_RESP_WHOLE);
                assert_int_equal(resp.len, test_ends[i].end);
                assert_memory_equal(copy, test_ends[i].bytes, resp.len);

            } else {
                assert_int_equal(rc, VIOLET_RESP_MORE);
            }
        }

        free(copy);
    }
}


static void
test_fault(void **state)
{
    char            copy[64];
    size_t          i, step, have;
    violet_resp_t   resp;

    (void) state;

    for (i = 0; i < sizeof(test_bad) / sizeof(test_bad[0]); i++) {
        for (step = 1; step < 64; step += 31) {

            violet_resp_init(&resp, &test_limits);

            assert_int_equal(test_read(&resp, copy, test_bad[i].bytes,
                                       test_bad[i].len, step, &have),
                             VIOLET_RESP_BAD);
            assert_string_equal(resp.fault, test_bad[i].fault);

            /* and stays so */

            assert_int_equal(violet_resp_read(&resp, copy, &have),
                             VIOLET_RESP_BAD);
        }
    }
}


/* Two replies in one segment: the second one begins where the first ends. */

static void
test_two(void **state)
{
    char           bytes[] = "*2\r\n+a\r\n$1\r\nb\r\n:7\r\n+mo";
    size_t         len, at;
    violet_resp_t  resp;

    (void) state;

    len = sizeof(bytes) - 1;

    violet_resp_init(&resp, &test_limits);
    assert_int_equal(violet_resp_read(&resp, bytes, &len), VIOLET_RESP_WHOLE);
    assert_int_equal(resp.len, 15);
    assert_int_equal(resp.elements, 2);
    assert_int_equal(len, sizeof(bytes) - 1);

    at = resp.len;
    len -= at;

    violet_resp_init(&resp, &test_limits);
    assert_int_equal(violet_resp_read(&resp, bytes + at, &len),
                     VIOLET_RESP_WHOLE);
    assert_int_equal(resp.len, 4);
    assert_int_equal(resp.elements, 0);

    at += resp.len;
    len -= resp.len;

    violet_resp_init(&resp, &test_limits);
    assert_int_equal(violet_resp_read(&resp, bytes + at, &len),
                     VIOLET_RESP_MORE);
}


/* A string over the limit becomes nil; all around it stays as it was. */

static void
test_skip(void **state)
{
    char           *bytes, *copy, *p;
    size_t          n, step, have;
    violet_resp_t   resp;

    static const char  before[] = "*3\r\n+a\r\n";
    static const char  after[] = "$1\r\nb\r\n";
    static const char  left[] = "*3\r\n+a\r\n*-1\r\n$1\r\nb\r\n";
    static const size_t  lens[] = { 985, 986, 1000, 5000, 99999 };

    (void) state;

    for (n = 0; n < sizeof(lens) / sizeof(lens[0]); n++) {

        bytes = malloc(lens[n] + 100);
        copy = malloc(lens[n] + 100);

        assert_non_null(bytes);
        assert_non_null(copy);

        p = bytes;
        p += sprintf(p, "%s$%zu\r\n", before, lens[n]);
        memset(p, '+', lens[n]);
        p += lens[n];
        p += sprintf(p, "\r\n%s", after);

        for (step = 1; step < lens[n] + 100; step = step * 3 + 1) {

            violet_resp_init(&resp, &test_limits);

            assert_int_equal(test_read(&resp, copy, bytes, p - bytes, step,
                                       &have),
                             VIOLET_RESP_WHOLE);
            assert_int_equal(resp.len, sizeof(left) - 1);
            assert_memory_equal(copy, left, resp.len);
            assert_int_equal(have, resp.len);
        }

        /* an end that is none is seen behind such a string, too */

        p[-(int) sizeof(after)] = 'x';

        for (step = 1; step < lens[n] + 100; step = step * 3 + 1) {

            violet_resp_init(&resp, &test_limits);

            assert_int_equal(test_read(&resp, copy, bytes, p - bytes, step,
                                       &have),
                             VIOLET_RESP_BAD);
        }

        free(bytes);
        free(copy);
    }
}


/* The longest string that fits, and the first that does not. */

static void
test_limit(void **state)
{
    char           bytes[TEST_TOTAL + 10];
    size_t         len, head;
    violet_resp_t  resp;

    (void) state;

    head = sprintf(bytes, "$%d\r\n", TEST_TOTAL - 8);

    memset(bytes + head, 'x', TEST_TOTAL - 8);
    memcpy(bytes + head + TEST_TOTAL - 8, "\r\n", 2);

    len = head + TEST_TOTAL - 6;
    assert_int_equal(len, TEST_TOTAL);

    violet_resp_init(&resp, &test_limits);
    assert_int_equal(violet_resp_read(&resp, bytes, &len), VIOLET_RESP_WHOLE);
    assert_int_equal(resp.len, TEST_TOTAL);

    (void) sprintf(bytes, "$%d\r", TEST_TOTAL - 7);
    bytes[head - 1] = '\n';

    memset(bytes + head, 'x', TEST_TOTAL - 7);
    memcpy(bytes + head + TEST_TOTAL - 7, "\r\n", 2);

    len = head + TEST_TOTAL - 5;

    violet_resp_init(&resp, &test_limits);
    assert_int_equal(violet_resp_read(&resp, bytes, &len), VIOLET_RESP_WHOLE);
    assert_int_equal(len, 5);
    assert_memory_equal(bytes, "*-1\r\n", 5);
}


/* Small parts without end: elements, lines and arrays. */

static void
test_endless(void **state)
{
    char                  *bytes;
    size_t                 i, len;
    violet_resp_t          resp;
    violet_resp_limits_t   limits;

    (void) state;

    /* a line of 16 MB */

    limits.total = 64 * 1024 * 1024;
    limits.elements = 1024;

    len = 16 * 1024 * 1024;
    bytes = malloc(len);
    assert_non_null(bytes);
    memset(bytes, '+', len);

    violet_resp_init(&resp, &limits);
    assert_int_equal(violet_resp_read(&resp, bytes, &len), VIOLET_RESP_BAD);
    assert_string_equal(resp.fault, "a line without an end");

    /* 14 MB of arrays within each other */

    for (i = 0; i + 4 <= len; i += 4) {
        memcpy(bytes + i, "*1\r\n", 4);
    }

    violet_resp_init(&resp, &limits);
    assert_int_equal(violet_resp_read(&resp, bytes, &len), VIOLET_RESP_BAD);
    assert_string_equal(resp.fault, "arrays nested too deep");

    /* lines that are allowed, but too many */

    limits.total = 1000;

    memset(bytes, 'x', len);
    memcpy(bytes, "*1000\r\n", 7);

    for (i = 7; i + 100 < len; i += 100) {
        bytes[i] = '+';
        bytes[i + 98] = '\r';
        bytes[i + 99] = '\n';
    }

    violet_resp_init(&resp, &limits);
    assert_int_equal(violet_resp_read(&resp, bytes, &len), VIOLET_RESP_BAD);
    assert_string_equal(resp.fault, "too long a reply");

    free(bytes);
}


/* However few bytes come at once, each is looked for once and checked once. */

static void
test_linear(void **state)
{
    char                  *bytes;
    size_t                 i, len, have;
    violet_resp_t          resp;
    violet_resp_limits_t   limits;

    (void) state;

    limits.total = 1024 * 1024;
    limits.elements = 10;

    len = 700000;
    bytes = malloc(len);
    assert_non_null(bytes);
    memset(bytes, 'x', len);

    /* nine lines of 60 kB, and a string */

    i = sprintf(bytes, "*10\r\n");

    for (have = 0; have < 9; have++) {
        bytes[i] = '+';
        memcpy(bytes + i + 60000, "\r\n", 2);
        i += 60002;
    }

    i += sprintf(bytes + i, "$%zu\r\n", len - i - 11);
    memcpy(bytes + len - 2, "\r\n", 2);

    violet_resp_init(&resp, &limits);
    test_looked = 0;

    for (have = 1; have < len; have++) {
        i = have;
        assert_int_equal(violet_resp_read(&resp, bytes, &i),
                         VIOLET_RESP_MORE);
    }

    assert_int_equal(violet_resp_read(&resp, bytes, &have),
                     VIOLET_RESP_WHOLE);

    assert_true(test_looked > 9 * 60000);
    assert_true(test_looked < 2 * len);

    free(bytes);
}


typedef struct {
    int          argc;
    const char  *argv[3];
    size_t       lens[3];
    const char  *bytes;
    size_t       len;
} test_command_t;


static void
test_command(void **state)
{
    char    bytes[64];
    size_t  i;

    static const test_command_t  table[] = {
        { 1, { "PING" }, { 4 }, TEST_TEXT("*1\r\n$4\r\nPING\r\n") },
        { 2, { "ECHO", NULL }, { 4, 0 },
          TEST_TEXT("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n") },
        { 3, { "SET", "k\r\n", "\0twelve bytes" }, { 3, 3, 13 },
          TEST_TEXT("*3\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n"
                    "$13\r\n\0twelve bytes\r\n") }
    };

    (void) state;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {

        assert_int_equal(violet_resp_command_len(table[i].argc, table[i].lens),
                         table[i].len);
        assert_ptr_equal(violet_resp_command(bytes, table[i].argc,
                                             table[i].argv, table[i].lens),
                         bytes + table[i].len);
        assert_memory_equal(bytes, table[i].bytes, table[i].len);
    }
}


/* Lengths of all numbers of digits. */

static void
test_command_lengths(void **state)
{
    size_t  n, digits;

    (void) state;

    for (n = 1, digits = 1; digits < 19; n *= 10, digits++) {

        assert_int_equal(violet_resp_command_len(1, &n),
                         4 + 3 + digits + n + 2);

        n--;
        assert_int_equal(violet_resp_command_len(1, &n),
                         4 + 3 + (digits > 1 ? digits - 1 : 1) + n + 2);
        n++;
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_fault),
        cmocka_unit_test(test_two),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_command_lengths)
    };

    return cmocka_run_group_tests_name("violet_resp", tests, NULL, NULL);
}

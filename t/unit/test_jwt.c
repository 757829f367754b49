
/*
 * The time at which a token expires: valid and invalid JWTs, values of "exp",
 * hostile bytes.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_jwt.h"


typedef struct {
    const char   *token;
    int64_t       expires;     /* -1: none */
} test_jwt_t;


/* payloads in base64url; the other two parts are not read */

static const test_jwt_t  test_jwt_table[] = {

    /* {"exp":1700000000} */
    { "e30.eyJleHAiOjE3MDAwMDAwMDB9.sig", 1700000000000 },
    { ".eyJleHAiOjE3MDAwMDAwMDB9.", 1700000000000 },

    /* {"exp":1700000000.5}: RFC 7519 allows a fraction */
    { "e30.eyJleHAiOjE3MDAwMDAwMDAuNX0.sig", 1700000000500 },

    /* {"exp":0} */
    { "e30.eyJleHAiOjB9.sig", -1 },

    /* {"exp":253402300799}, the last second of the year 9999 */
    { "e30.eyJleHAiOjI1MzQwMjMwMDc5OX0.sig", 253402300799000 },

    /* {"exp":253402300800} */
    { "e30.eyJleHAiOjI1MzQwMjMwMDgwMH0.sig", -1 },

    /* {"exp":-1}, {"exp":"1700000000"}, {"exp":null}, {}, [1] */
    { "e30.eyJleHAiOi0xfQ.sig", -1 },
    { "e30.eyJleHAiOiIxNzAwMDAwMDAwIn0.sig", -1 },
    { "e30.eyJleHAiOm51bGx9.sig", -1 },
    { "e30.e30.sig", -1 },
    { "e30.WzFd.sig", -1 },

    /* {"exp":1e999} */
    { "e30.eyJleHAiOjFlOTk5fQ.sig", -1 },

    /* {"exp":1,"exp":1700000000}: ambiguous */
    { "e30.eyJleHAiOjEsImV4cCI6MTcwMDAwMDAwMH0.sig", -1 },

    /* "-" and "_", which only base64url has: {"x":"?>?","exp":1} */
    { "e30.eyJ4IjoiPz4_IiwiZXhwIjoxfQ.sig", 1000 },

    /* "+" and "/" of plain base64, and padding */
    { "e30.eyJ4IjoiPz4/IiwiZXhwIjoxfQ.sig", -1 },
    { "e30.eyJleHAiOjE3MDAwMDAwMDB9==.sig", -1 },

    /* an invalid length of base64url */
    { "e30.eyJleHAiOjE3MDAwMDAwMDB9A.sig", -1 },

    /* not three parts */
    { "", -1 },
    { ".", -1 },
    { "..", -1 },
    { "mock-token", -1 },
    { "e30.eyJleHAiOjE3MDAwMDAwMDB9", -1 },
    { "e30.eyJleHAiOjE3MDAwMDAwMDB9.sig.more", -1 },
    { "eyJleHAiOjE3MDAwMDAwMDB9..", -1 }
};


static void
test_table(void **state)
{
    int                rc;
    size_t             i;
    int64_t            expires;
    const test_jwt_t  *test;

    (void) state;

    for (i = 0; i < sizeof(test_jwt_table) / sizeof(test_jwt_t); i++) {
        test = &test_jwt_table[i];

        expires = -1;
        rc = violet_jwt_expiry(test->token, strlen(test->token), &expires);

        if (expires != test->expires || rc != (test->expires < 0 ? -1 : 0)) {
            fail_msg("%s: %d, %lld", test->token, rc, (long long) expires);
        }
    }
}


static void
test_length(void **state)
{
    char     token[VIOLET_JWT_MAX + 1];
    int64_t  expires;

    (void) state;

    memset(token, 'A', sizeof(token));
    memcpy(token, "e30.eyJleHAiOjF9.", 17);

    assert_int_equal(violet_jwt_expiry(token, VIOLET_JWT_MAX, &expires), 0);
    assert_int_equal(expires, 1000);
    assert_int_equal(violet_jwt_expiry(token, VIOLET_JWT_MAX + 1, &expires),
                     -1);

    /* a payload of the maximal length, all zeroes */

    memset(token, 'A', sizeof(token));
    token[0] = '.';
    token[VIOLET_JWT_MAX - 1] = '.';

    assert_int_equal(violet_jwt_expiry(token, VIOLET_JWT_MAX, &expires), -1);
}


/* Each byte of a valid token in turn becomes every other byte. */

static void
test_hostile(void **state)
{
    int          ch;
    char        *copy;
    size_t       i, len;
    int64_t      expires;
    const char  *good;

    (void) state;

    good = test_jwt_table[0].token;
    len = strlen(good);

    for (i = 0; i < len; i++) {
        for (ch = 0; ch < 256; ch++) {

            /* of the exact size: a sanitizer sees a read past the end */

            copy = malloc(len);
            assert_non_null(copy);

            memcpy(copy, good, len);
            copy[i] = (char) ch;

            (void) violet_jwt_expiry(copy, len, &expires);
            (void) violet_jwt_expiry(copy, i, &expires);

            free(copy);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_hostile)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

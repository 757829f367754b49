
/*
 * The hash of short texts: bytes of any value at any address, every byte and
 * the length count, and keys that differ little are spread.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_hash.h"


#define TEST_KEYS     100000
#define TEST_BUCKETS  1024


static void
test_any_bytes(void **state)
{
    size_t    at, len;
    uint32_t  hash;
    char      bytes[64 + 8];

    (void) state;

    for (len = 0; len <= 64; len++) {
        memset(bytes, 0xbd, sizeof(bytes));
        hash = violet_hash(bytes, len);

        for (at = 1; at < 8; at++) {
            assert_int_equal(violet_hash(bytes + at, len), hash);
        }
    }
}


/* The length counts, also of bytes that are zero. */

static void
test_length(void **state)
{
    size_t    i, j;
    uint32_t  hash[33];

    static const char  zero[32];

    (void) state;

    for (i = 0; i <= 32; i++) {
        hash[i] = violet_hash(zero, i);

        for (j = 0; j < i; j++) {
            assert_int_not_equal(hash[i], hash[j]);
        }
    }
}


static void
test_each_bit(void **state)
{
    size_t         len, bit;
    uint32_t       hash;
    unsigned char  bytes[40];

    (void) state;

    for (len = 1; len <= sizeof(bytes); len++) {
        memset(bytes, 'x', sizeof(bytes));
        hash = violet_hash(bytes, len);

        for (bit = 0; bit < 8 * len; bit++) {
            bytes[bit / 8] ^= (unsigned char) (1 << bit % 8);
            assert_int_not_equal(violet_hash(bytes, len), hash);
            bytes[bit / 8] ^= (unsigned char) (1 << bit % 8);
        }
    }
}


static int
test_compare(const void *one, const void *two)
{
    uint32_t  a = *(const uint32_t *) one, b = *(const uint32_t *) two;

    return (a > b) - (a < b);
}


/*
 * Keys of merchants, by the lower and by the upper bits.  At random a bucket
 * has 98 keys, and 100,000 keys of 32 bits have one or two that are equal.
 */

static void
test_spread(void **state)
{
    int              len;
    char             key[64];
    size_t           i, equal;
    uint32_t         hash;

    static uint32_t  all[TEST_KEYS], low[TEST_BUCKETS], high[TEST_BUCKETS];

    (void) state;

    for (i = 0; i < TEST_KEYS; i++) {
        len = snprintf(key, sizeof(key), "violet:sandbox:10000:report:%zu",
                       100000 + i);
        hash = violet_hash(key, (size_t) len);

        all[i] = hash;
        low[hash % TEST_BUCKETS]++;
        high[hash / (UINT32_MAX / TEST_BUCKETS + 1)]++;
    }

    for (i = 0; i < TEST_BUCKETS; i++) {
        assert_in_range(low[i], 50, 150);
        assert_in_range(high[i], 50, 150);
    }

    qsort(all, TEST_KEYS, sizeof(uint32_t), test_compare);

    for (i = 1, equal = 0; i < TEST_KEYS; i++) {
        equal += (all[i] == all[i - 1]);
    }

    assert_in_range(equal, 0, 10);
}


/* t/store/same-hash.t is about keys with the same hash: these are they. */

static void
test_equal(void **state)
{
    size_t  i;

    static const char *const  keys[][2] = {
        { "health:violet_api:10000:204851", "health:violet_api:10000:392628" },
        { "health:violet_api:10000:135603", "health:violet_api:10000:313250" },
    };

    (void) state;

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_int_equal(violet_hash(keys[i][0], strlen(keys[i][0])),
                         violet_hash(keys[i][1], strlen(keys[i][1])));
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_each_bit),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

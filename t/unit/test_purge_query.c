
/*
 * The arguments of a purge: which are there, how often, and their values.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_purge_query.h"


static const char *
query_of(const char *args, violet_purge_query_t *query)
{
    violet_text_t  text;

    text.data = args;
    text.len = strlen(args);

    return violet_purge_query_read(&text, query);
}


static void
test_valid(void **state)
{
    violet_purge_query_t  query;

    (void) state;

    assert_null(query_of("merchant_id=2147483647", &query));
    assert_int_equal(query.kind, VIOLET_PURGE_MERCHANT);
    assert_int_equal(query.merchant_id, 2147483647);
    assert_int_equal(query.force, 0);

    assert_null(query_of("x=1&&m&cart_id=9223372036854775807&force=1", &query));
    assert_int_equal(query.kind, VIOLET_PURGE_CART);
    assert_int_equal(query.cart_id, 9223372036854775807);
    assert_int_equal(query.force, 1);

    assert_null(query_of("x&all=1", &query));
    assert_int_equal(query.kind, VIOLET_PURGE_ALL);
    assert_int_equal(query.merchant_id, 0);

    assert_null(query_of("k%65y=a%26b+c", &query));
    assert_int_equal(query.kind, VIOLET_PURGE_KEYED);
    assert_int_equal(query.key_len, 5);
    assert_memory_equal(query.key, "a&b+c", 5);
}


static void
test_invalid(void **state)
{
    char                  args[VIOLET_PURGE_KEY + 16];
    size_t                i;
    violet_purge_query_t  query;

    static const char *const  wrong[] = {
        "", "&", "force=1", "merchant_id", "merchant_id=", "merchant_id=0",
        "merchant_id=-1", "merchant_id=+1", "merchant_id=01",
        "merchant_id=2147483648", "merchant_id=1x", "cart_id=0",
        "cart_id=9223372036854775808", "cart_id=99999999999999999999",
        "all", "all=", "all=0", "all=true", "all=1&all=1",
        "all=1&merchant_id=1", "key=", "key", "force=0&key=a",
        "merchant_id=1&merchant_id=1", "merchant_id=1&cart_id=1",
        "cart_id=1&key=x", "merchant_id=%", "%4=1&key=a", "key=%zz"
    };

    (void) state;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (query_of(wrong[i], &query) == NULL) {
            fail_msg("%s", wrong[i]);
        }
    }

    memset(args, 'a', sizeof(args));
    memcpy(args, "key=", 4);

    args[4 + VIOLET_PURGE_KEY] = '\0';
    assert_null(query_of(args, &query));
    assert_int_equal(query.key_len, VIOLET_PURGE_KEY);

    args[4 + VIOLET_PURGE_KEY] = 'a';
    args[5 + VIOLET_PURGE_KEY] = '\0';
    assert_non_null(query_of(args, &query));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

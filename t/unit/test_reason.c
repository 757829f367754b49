
/*
 * The reasons of Violet's errors: by the tables of words, by the built-in
 * patterns on messages of platforms, and by the operator's patterns, which are
 * tried first; and the bounds of matching.  All tests run twice, with and
 * without PCRE2's JIT (the linker calls __wrap_... in place of PCRE2's own
 * function).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "reason_messages.h"
#include "violet_reason.h"


/* PCRE2_ERROR_NOMEMORY of pcre2.h */
#define TEST_NOMEMORY  (-48)

/* and PCRE2_ERROR_MATCHLIMIT */
#define TEST_MATCHLIMIT  (-47)


int __real_pcre2_jit_compile_8(void *code, uint32_t options);
int __wrap_pcre2_jit_compile_8(void *code, uint32_t options);

int __real_pcre2_match_8(const void *code, const void *subject, size_t len,
    size_t start, uint32_t options, void *data, void *context);
int __wrap_pcre2_match_8(const void *code, const void *subject, size_t len,
    size_t start, uint32_t options, void *data, void *context);


#define N(rows)  (sizeof(rows) / sizeof((rows)[0]))


static const violet_text_t  test_none = violet_text_null;

static int  test_without_jit;
static int  test_asked_for_jit;
static int  test_at_limit;


int
__wrap_pcre2_jit_compile_8(void *code, uint32_t options)
{
    test_asked_for_jit++;

    return test_without_jit ? TEST_NOMEMORY
                            : __real_pcre2_jit_compile_8(code, options);
}


int
__wrap_pcre2_match_8(const void *code, const void *subject, size_t len,
    size_t start, uint32_t options, void *data, void *context)
{
    return test_at_limit ? TEST_MATCHLIMIT
                         : __real_pcre2_match_8(code, subject, len, start,
                                                options, data, context);
}


static violet_text_t
test_text(const char *words)
{
    violet_text_t  text;

    text.data = words;
    text.len = words ? strlen(words) : 0;

    return text;
}


static violet_reason_t
test_find(const violet_reasons_t *reasons, violet_text_t error,
    violet_text_t type, violet_text_t message)
{
    int              doubtful;
    violet_reason_t  reason;

    doubtful = -1;
    reason = violet_reason_find(reasons, error, type, message, &doubtful);

    assert_true(doubtful == 0 || doubtful == 1);

    return reason;
}


static violet_reason_t
test_message(const violet_reasons_t *reasons, const char *message)
{
    return test_find(reasons, test_none, test_none,
                              test_text(message));
}


static void
test_names(void **state)
{
    int              i;
    violet_reason_t  reason;

    static const char *const  names[] = {
        "ITEM_UNAVAILABLE", "ITEM_INVALID", "PAYMENT_FAILED",
        "SHIPPING_INVALID", "ADDRESS_INVALID", "CUSTOMER_INVALID",
        "DISCOUNT_INVALID", "CART_NOT_READY", "CART_NOT_FOUND",
        "SUBMIT_IN_PROGRESS", "ALREADY_SUBMITTED", "SUBMIT_UNRESOLVED",
        "GUARD_UNAVAILABLE", "KEY_REUSED", "MERCHANT_UNAVAILABLE",
        "CREDENTIALS_REJECTED", "RATE_LIMITED", "UPSTREAM_ERROR",
        "UPSTREAM_TIMEOUT", "UPSTREAM_UNREACHABLE", "UPSTREAM_INVALID",
        "OTHER"
    };

    (void) state;

    assert_int_equal(N(names), VIOLET_REASON_OTHER + 1);

    for (i = VIOLET_REASON_ITEM_UNAVAILABLE; i <= VIOLET_REASON_OTHER; i++) {
        assert_string_equal(violet_reason_name((violet_reason_t) i),
                            names[i]);
        assert_int_equal(violet_reason_parse(names[i], strlen(names[i]),
                                             &reason),
                         0);
        assert_int_equal(reason, i);
    }

    assert_string_equal(violet_reason_name((violet_reason_t) 99), "OTHER");

    assert_int_equal(violet_reason_parse("other", 5, &reason), -1);
    assert_int_equal(violet_reason_parse("OTHE", 4, &reason), -1);
    assert_int_equal(violet_reason_parse("OTHERS", 6, &reason), -1);
    assert_int_equal(violet_reason_parse("", 0, &reason), -1);
}


static void
test_errors(void **state)
{
    size_t  i;

    static const test_reason_t  rows[] = {
        { "offer_not_published", VIOLET_REASON_ITEM_UNAVAILABLE },
        { "Offer_Not_Published", VIOLET_REASON_ITEM_UNAVAILABLE },
        { "blocked_address", VIOLET_REASON_ADDRESS_INVALID },
        { "bag_submission_in_progress", VIOLET_REASON_SUBMIT_IN_PROGRESS },

        /* these come with any cause, and phrases are no slugs */
        { "external_cart_completion_error", VIOLET_REASON_OTHER },
        { "external_cart_creation_failure", VIOLET_REASON_OTHER },
        { "Not Found", VIOLET_REASON_OTHER },
        { "Payment Required", VIOLET_REASON_OTHER },
        { "offer_not_publishe", VIOLET_REASON_OTHER },
        { "", VIOLET_REASON_OTHER }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        assert_int_equal(test_find(NULL, test_text(rows[i].words),
                                            test_none, test_none),
                         rows[i].reason);
    }
}


static void
test_types(void **state)
{
    size_t  i;

    static const test_reason_t  rows[] = {
        { "EXTERNAL_CREATE_CART", VIOLET_REASON_OTHER },
        { "EXTERNAL_ADD_ITEM", VIOLET_REASON_ITEM_INVALID },
        { "EXTERNAL_UPDATE_ITEM", VIOLET_REASON_ITEM_INVALID },
        { "EXTERNAL_REMOVE_ITEM", VIOLET_REASON_ITEM_INVALID },
        { "EXTERNAL_ADD_CUSTOMER", VIOLET_REASON_CUSTOMER_INVALID },
        { "EXTERNAL_ADD_ADDRESSES", VIOLET_REASON_ADDRESS_INVALID },
        { "EXTERNAL_ADD_SHIPPING_ADDRESS", VIOLET_REASON_ADDRESS_INVALID },
        { "EXTERNAL_ADD_BILLING_ADDRESS", VIOLET_REASON_ADDRESS_INVALID },
        { "EXTERNAL_GET_SHIPPING_METHODS", VIOLET_REASON_SHIPPING_INVALID },
        { "EXTERNAL_SET_SHIPPING_METHOD", VIOLET_REASON_SHIPPING_INVALID },
        { "EXTERNAL_SET_PAYMENT_METHOD", VIOLET_REASON_PAYMENT_FAILED },
        { "EXTERNAL_PRICE_CART", VIOLET_REASON_CART_NOT_READY },
        { "EXTERNAL_SUBMIT_CART", VIOLET_REASON_OTHER },
        { "INTERNAL_ADD_ITEM", VIOLET_REASON_ITEM_INVALID },
        { "EXTERNAL_DELETE_CART", VIOLET_REASON_OTHER },
        { "EXTERNAL_CANCEL_ORDER", VIOLET_REASON_OTHER },
        { "EXTERNAL_WRITE_ORDER", VIOLET_REASON_OTHER },
        { "EXTERNAL_MARK_ORDER_AS_PAID", VIOLET_REASON_OTHER },
        { "EXTERNAL_ADD_DISCOUNT_CODE", VIOLET_REASON_DISCOUNT_INVALID },
        { "EXTERNAL_REMOVE_DISCOUNT_CODE", VIOLET_REASON_DISCOUNT_INVALID },
        { "EXTERNAL_DELETE_ORDER", VIOLET_REASON_OTHER },
        { "EXTERNAL_REFUND_ORDER", VIOLET_REASON_OTHER },
        { "external_price_cart", VIOLET_REASON_CART_NOT_READY },
        { "SOMETHING_NEW", VIOLET_REASON_OTHER },
        { "", VIOLET_REASON_OTHER }
    };

    (void) state;

    for (i = 0; i < N(rows); i++) {
        assert_int_equal(test_find(NULL, test_none,
                                            test_text(rows[i].words),
                                            test_none),
                         rows[i].reason);
    }
}


static void
test_messages(void **state)
{
    size_t           i;
    violet_reason_t  found;

    (void) state;

    for (i = 0; i < N(test_words); i++) {

        found = test_message(NULL, test_words[i].words);

        if (found != test_words[i].reason) {
            fail_msg("\"%s\": %s", test_words[i].words,
                     violet_reason_name(found));
        }
    }

    assert_int_equal(test_message(NULL, NULL), VIOLET_REASON_OTHER);
}


/* error, then type, then the operator's patterns, then the built-in ones */

static void
test_order(void **state)
{
    char               error[128];
    violet_text_t      slug, type, message;
    violet_reasons_t  *reasons;

    (void) state;

    reasons = violet_reasons_create();
    assert_non_null(reasons);

    slug = test_text("blocked_address");
    type = test_text("EXTERNAL_SET_PAYMENT_METHOD");
    message = test_text("This SKU is sold out");

    assert_int_equal(violet_reasons_add(reasons, test_text("sold OUT"), 1,
                                        VIOLET_REASON_RATE_LIMITED, error,
                                        sizeof(error)),
                     0);
    assert_int_equal(violet_reasons_add(reasons, test_text("SKU"), 0,
                                        VIOLET_REASON_CUSTOMER_INVALID,
                                        error, sizeof(error)),
                     0);

    assert_int_equal(test_find(reasons, slug, type, message),
                     VIOLET_REASON_ADDRESS_INVALID);
    assert_int_equal(test_find(reasons, test_none, type, message),
                     VIOLET_REASON_PAYMENT_FAILED);

    /* the first of the operator's wins, each in the case it asks for */

    assert_int_equal(test_message(reasons, "This SKU is sold out"),
                     VIOLET_REASON_RATE_LIMITED);
    assert_int_equal(test_message(reasons, "This SKU"),
                     VIOLET_REASON_CUSTOMER_INVALID);
    assert_int_equal(test_message(reasons, "This sku"), VIOLET_REASON_OTHER);
    assert_int_equal(test_message(reasons, "out of stock"),
                     VIOLET_REASON_ITEM_UNAVAILABLE);

    /* a step with an item is named by its message first */

    type = test_text("EXTERNAL_ADD_ITEM");
    assert_int_equal(test_find(NULL, test_none, type, message),
                     VIOLET_REASON_ITEM_UNAVAILABLE);
    assert_int_equal(test_find(reasons, test_none, type, message),
                     VIOLET_REASON_RATE_LIMITED);

    violet_reasons_destroy(reasons);
    violet_reasons_destroy(NULL);
}


static void
test_bad_patterns(void **state)
{
    char               error[128];
    violet_reasons_t  *reasons;

    (void) state;

    reasons = violet_reasons_create();
    assert_non_null(reasons);

    assert_int_equal(violet_reasons_add(reasons, test_text("(a"), 0,
                                        VIOLET_REASON_OTHER, error,
                                        sizeof(error)),
                     -1);
    assert_string_equal(error, "missing closing parenthesis at offset 2");

    assert_int_equal(violet_reasons_add(reasons, test_text("a**"), 0,
                                        VIOLET_REASON_OTHER, error, 8),
                     -1);
    assert_int_equal(strlen(error), 7);

    /* neither text that is not UTF-8 nor a single byte of a character */

    assert_int_equal(violet_reasons_add(reasons, test_text("\xff"), 0,
                                        VIOLET_REASON_OTHER, NULL, 0),
                     -1);
    assert_int_equal(violet_reasons_add(reasons, test_text("a\\C"), 0,
                                        VIOLET_REASON_OTHER, error,
                                        sizeof(error)),
                     -1);

    assert_int_equal(test_message(reasons, "(a"), VIOLET_REASON_OTHER);

    violet_reasons_destroy(reasons);
}


static void
test_utf8(void **state)
{
    char               error[128];
    violet_reasons_t  *reasons;

    (void) state;

    reasons = violet_reasons_create();
    assert_non_null(reasons);

    assert_int_equal(violet_reasons_add(reasons,
                                        test_text("^\xc3\xa9puis.$"), 1,
                                        VIOLET_REASON_ITEM_UNAVAILABLE, error,
                                        sizeof(error)),
                     0);
    assert_int_equal(violet_reasons_add(reasons, test_text("mot"), 0,
                                        VIOLET_REASON_ITEM_INVALID, error,
                                        sizeof(error)),
                     0);

    /* one "." for one character, and letter case beyond ASCII */

    assert_int_equal(test_message(reasons, "\xc3\x89puis\xc3\xa9"),
                     VIOLET_REASON_ITEM_UNAVAILABLE);

    /* the valid parts of a message can match, the invalid ones cannot */

    assert_int_equal(test_message(reasons, "\xff mot \xc3"),
                     VIOLET_REASON_ITEM_INVALID);
    assert_int_equal(test_message(reasons, "\xc3puis\xc3"),
                     VIOLET_REASON_OTHER);
    assert_int_equal(test_message(reasons, "\xff\xfe sold out \x80"),
                     VIOLET_REASON_ITEM_UNAVAILABLE);
    assert_int_equal(test_find(reasons, test_none, test_none,
                                        (violet_text_t) { "\0mot", 4 }),
                     VIOLET_REASON_ITEM_INVALID);

    violet_reasons_destroy(reasons);
}


/* The first 1,024 bytes of a message are read; no character is cut in two. */

static void
test_long_message(void **state)
{
    char           *message;
    size_t          i;
    violet_text_t   text;

    (void) state;

    text.len = 8 * 1024 * 1024;
    message = malloc(text.len);
    assert_non_null(message);
    memset(message, ' ', text.len);
    text.data = message;

    memcpy(message + 1016, "sold out", 8);
    assert_int_equal(test_find(NULL, test_none, test_none, text),
                     VIOLET_REASON_ITEM_UNAVAILABLE);

    memset(message, ' ', 1024);
    memcpy(message + 1017, "sold out", 8);
    assert_int_equal(test_find(NULL, test_none, test_none, text),
                     VIOLET_REASON_OTHER);

    /* a character across the limit, and bytes that are not UTF-8 */

    memset(message, ' ', 1024);

    for (i = 1021; i <= 1024; i++) {
        memcpy(message + 1010, "sold out", 8);
        memcpy(message + i, "\xf0\x9f\x98\x80", 4);
        assert_int_equal(test_find(NULL, test_none, test_none, text),
                         VIOLET_REASON_ITEM_UNAVAILABLE);
        memset(message + i, ' ', 4);
    }

    memset(message, 0x80, text.len);
    assert_int_equal(test_find(NULL, test_none, test_none, text),
                     VIOLET_REASON_OTHER);

    free(message);
}


static void
test_bounded(void **state)
{
    char               error[128], message[4096];
    size_t             i;
    clock_t            start;
    violet_text_t      text;
    violet_reasons_t  *reasons;

    static const char *const  patterns[] = {
        "(a+)+$", "(a|aa)+$", "(.*)*(.*)*b", "((a*)*)*b",
        "^(?:(?:a{0,1000}){0,1000}){0,1000}b$", "(?R)?a(?R)?b"
    };

    (void) state;

    memset(message, 'a', sizeof(message));
    text.data = message;
    text.len = sizeof(message);

    for (i = 0; i < N(patterns); i++) {
        reasons = violet_reasons_create();
        assert_non_null(reasons);

        if (violet_reasons_add(reasons, test_text(patterns[i]), 0,
                               VIOLET_REASON_DISCOUNT_INVALID, error,
                               sizeof(error))
            == 0)
        {
            start = clock();
            (void) test_find(reasons, test_none, test_none, text);
            assert_true(clock() - start < CLOCKS_PER_SEC);
        }

        violet_reasons_destroy(reasons);
    }

    /* after a pattern that reached its limits the next ones are tried */

    reasons = violet_reasons_create();
    assert_non_null(reasons);
    assert_int_equal(violet_reasons_add(reasons, test_text("^(a+)+$"), 0,
                                        VIOLET_REASON_DISCOUNT_INVALID,
                                        error, sizeof(error)),
                     0);
    assert_int_equal(test_message(reasons,
                                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaa sold out"),
                     VIOLET_REASON_ITEM_UNAVAILABLE);
    assert_int_equal(test_message(reasons, "aaaa"),
                     VIOLET_REASON_DISCOUNT_INVALID);
    violet_reasons_destroy(reasons);

    /* the built-in patterns, on words that many of them contain */

    for (i = 0; i < sizeof(message); i++) {
        message[i] = "cart order item store merchant shipping "[i % 40];
    }

    start = clock();

    for (i = 0; i < 100; i++) {
        (void) test_find(NULL, test_none, test_none, text);
    }

    print_message("built-in patterns on 1 kB: %.2f ms\n",
                  (double) (clock() - start) * 10 / CLOCKS_PER_SEC);
    assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
}


/* The last cleanup frees the built-in patterns. */

static void
test_init(void **state)
{
    (void) state;

    assert_int_equal(violet_reasons_init(), 0);
    violet_reasons_cleanup();
    assert_int_equal(test_message(NULL, "sold out"),
                     VIOLET_REASON_ITEM_UNAVAILABLE);

    violet_reasons_cleanup();
    assert_int_equal(test_message(NULL, "sold out"), VIOLET_REASON_OTHER);
    violet_reasons_cleanup();

    assert_int_equal(violet_reasons_init(), 0);
    assert_int_equal(test_message(NULL, "sold out"),
                     VIOLET_REASON_ITEM_UNAVAILABLE);
}


static int
test_setup(void **state)
{
    (void) state;

    return violet_reasons_init();
}


static int
test_teardown(void **state)
{
    (void) state;

    violet_reasons_cleanup();

    return 0;
}


/* A message that cannot be asked for doubts is doubtful. */

static void
test_at_its_limits(void **state)
{
    int            doubtful;
    violet_text_t  message;

    (void) state;

    message = test_text("sold out");

    (void) violet_reason_find(NULL, test_none, test_none, message, &doubtful);
    assert_false(doubtful);

    test_at_limit = 1;
    (void) violet_reason_find(NULL, test_none, test_none, message, &doubtful);
    test_at_limit = 0;

    assert_true(doubtful);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_bad_patterns),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_long_message),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_at_its_limits),
        cmocka_unit_test(test_init)
    };

    int  failed;

    failed = cmocka_run_group_tests(tests, test_setup, test_teardown);

    test_without_jit = 1;

    failed += cmocka_run_group_tests_name("tests without PCRE2's JIT", tests,
                                          test_setup, test_teardown);

    return failed + (test_asked_for_jit == 0);
}

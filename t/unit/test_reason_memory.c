
/*
 * Patterns without memory: the linker calls __wrap_... in place of the
 * functions that allocate.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_reason.h"


/* what PCRE2 says when a pattern gets no memory, PCRE2_ERROR_HEAP_FAILED */
#define TEST_HEAP_FAILED  121


void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__real_pcre2_match_context_create_8(void *general);
void *__wrap_pcre2_match_context_create_8(void *general);

void *__real_pcre2_compile_8(const void *pattern, size_t len,
    uint32_t options, int *code, size_t *offset, void *context);
void *__wrap_pcre2_compile_8(const void *pattern, size_t len,
    uint32_t options, int *code, size_t *offset, void *context);


static const violet_text_t  test_none = violet_text_null;

/* number of allocations that succeed; negative: all of them */
static int  test_allocations = -1;


static int
test_no_memory(void)
{
    if (test_allocations == 0) {
        return 1;
    }

    if (test_allocations > 0) {
        test_allocations--;
    }

    return 0;
}


void *
__wrap_calloc(size_t n, size_t size)
{
    return test_no_memory() ? NULL : __real_calloc(n, size);
}


void *
__wrap_realloc(void *p, size_t size)
{
    return test_no_memory() ? NULL : __real_realloc(p, size);
}


void *
__wrap_pcre2_match_context_create_8(void *general)
{
    return test_no_memory() ? NULL
                            : __real_pcre2_match_context_create_8(general);
}


void *
__wrap_pcre2_compile_8(const void *pattern, size_t len, uint32_t options,
    int *code, size_t *offset, void *context)
{
    if (test_no_memory()) {
        *code = TEST_HEAP_FAILED;
        *offset = 0;
        return NULL;
    }

    return __real_pcre2_compile_8(pattern, len, options, code, offset,
                                  context);
}


static violet_text_t
test_text(const char *words)
{
    violet_text_t  text;

    text.data = words;
    text.len = strlen(words);

    return text;
}


static violet_reason_t
test_message(const violet_reasons_t *reasons, const char *message)
{
    int  doubtful;

    return violet_reason_find(reasons, test_none, test_none,
                              test_text(message), &doubtful);
}


/* Each allocation fails in turn: nothing leaks, and the next one succeeds. */

static void
test_memory(void **state)
{
    int                n, rc;
    char               error[128];
    violet_reasons_t  *reasons;

    (void) state;

    rc = -1;

    for (n = 0; rc == -1 && n < 10000; n++) {
        test_allocations = n;
        rc = violet_reasons_init();
        test_allocations = -1;

        if (rc == -1) {
            assert_int_equal(test_message(NULL, "sold out"),
                             VIOLET_REASON_OTHER);
        }
    }

    assert_int_equal(rc, 0);
    assert_true(n > 10);
    assert_int_equal(test_message(NULL, "sold out"),
                     VIOLET_REASON_ITEM_UNAVAILABLE);

    reasons = violet_reasons_create();
    assert_non_null(reasons);

    for (n = 0; n < 2; n++) {
        test_allocations = n;
        error[0] = '\0';
        assert_int_equal(violet_reasons_add(reasons, test_text("gone"), 0,
                                            VIOLET_REASON_ITEM_UNAVAILABLE,
                                            error, sizeof(error)), -1);
        test_allocations = -1;
        assert_non_null(strstr(error, "memory"));
    }

    assert_int_equal(violet_reasons_add(reasons, test_text("gone"), 0,
                                        VIOLET_REASON_ITEM_UNAVAILABLE, NULL,
                                        0), 0);
    assert_int_equal(test_message(reasons, "gone"),
                     VIOLET_REASON_ITEM_UNAVAILABLE);

    /* no pattern is an empty one, which is in each message */

    assert_int_equal(violet_reasons_add(reasons, test_none, 0,
                                        VIOLET_REASON_RATE_LIMITED, NULL, 0),
                     0);
    assert_int_equal(test_message(reasons, "xyz"), VIOLET_REASON_RATE_LIMITED);

    violet_reasons_destroy(reasons);
    violet_reasons_cleanup();
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_memory)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

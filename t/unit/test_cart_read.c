
/*
 * The bodies of payments that complete the checkout.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_json.h"
#include "violet_cart_read.h"


#define BAG  "{\"id\":1,\"status\":\"IN_PROGRESS\"}"


/* A large text is read if it has an outline, and not read without one. */

static void
test_large(void **state)
{
    char     *text;
    size_t    i, n;

    static const struct {
        const char  *format;
        int          completes;
    } rows[] = {
        { "{\"id\":7,\"status\":\"IN_PROGRESS\",\"bags\":[" BAG "],"
          "\"x\":\"%s\"}", 0 },
        { "{\"id\":7,\"status\":\"IN_PROGRESS\",\"bags\":[" BAG "],"
          "\"complete_checkout\":true,\"x\":\"%s\"}", 1 },
        { "{\"id\":7,\"status\":\"IN_PROGRESS\",\"bags\":[" BAG "],"
          "\"\\u0078\":\"%s\"}", 1 }
    };

    (void) state;

    n = VIOLET_JSON_MAX_WHOLE;
    text = malloc(2 * n + 256);
    assert_non_null(text);

    memset(text, 'x', n);
    text[n] = '\0';

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void) snprintf(text + n + 1, n + 255, rows[i].format, text);

        assert_int_equal(violet_cart_read_completes(text + n + 1,
                                                    strlen(text + n + 1)),
                         rows[i].completes);
    }

    free(text);
}


static void
test_completes(void **state)
{
    size_t  i;

    static const struct {
        const char  *body;
        int          completes;
    } rows[] = {
        { "", 0 },
        { "{}", 0 },
        { "[]", 0 },
        { "{\"complete_checkout\":false}", 0 },
        { "{\"complete_checkout\":null}", 0 },
        { "{\"complete_checkout\":0}", 0 },
        { "{\"complete_checkout\":\"\"}", 0 },
        { "{\"complete_checkout\":\"False\"}", 0 },
        { "{\"x\":{\"complete_checkout\":true}}", 0 },
        { "{\"complete_checkout\":true}", 1 },
        { "{\"complete_checkout\":\"true\"}", 1 },
        { "{\"complete_checkout\":1}", 1 },
        { "{\"complete_checkout\":[]}", 1 },
        { "{\"completeCheckout\":true}", 1 },
        { "{\"complete\\u005fcheckout\":true}", 1 },
        { "{\"complete_checkout\":false", 1 },
        { "complete_checkout=true", 1 }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (violet_cart_read_completes(rows[i].body, strlen(rows[i].body))
            != rows[i].completes)
        {
            fail_msg("%s", rows[i].body);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_completes),
        cmocka_unit_test(test_large)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

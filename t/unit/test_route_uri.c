
/*
 * The beginning of the API path in a URI, and spellings that only the URI as it
 * was sent shows.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "route.h"


typedef struct {
    const char   *raw;       /* as the caller sent it */
    const char   *uri;       /* as nginx normalized it */
    int           route;
} test_raw_t;


typedef struct {
    const char   *prefix;
    const char   *uri;
    int           route;
    size_t        offset;
} test_prefix_t;


static const test_raw_t  test_raws[] = {
    { "/v1//operations/connection_health/42",
      "/v1/operations/connection_health/42", HEALTH },
    { "/v1/x/../operations/%63onnection_health/4%32",
      "/v1/operations/connection_health/42", HEALTH },
    { "/v1/operations%2Fconnection_health%2f42",
      "/v1/operations/connection_health/42", HEALTH },
    { "/v1/operations/connection_health/42?x=%3b;%5c%23\\",
      "/v1/operations/connection_health/42", HEALTH },
    { "/v1/%6cogin", "/v1/login", AUTH },
    { "/v1/x/%2e%2e/login?y", "/v1/login", AUTH },
    { "/v1/%2561uth", "/v1/%61uth", OTHER },

    /* encoded twice it is text for Violet, not syntax */

    { "/v1/merchants%253bx", "/v1/merchants%3bx", OTHER },
    { "/v1/merchants%255cx", "/v1/merchants%5cx", OTHER },

    /* resolved away by nginx */

    { "/v1/x;y/../merchants", "/v1/merchants", INVALID },
    { "/v1/x%3by/../merchants", "/v1/merchants", INVALID },
    { "/v1/x%3By/../merchants", "/v1/merchants", INVALID },
    { "/v1/%5c/../merchants", "/v1/merchants", INVALID },
    { "/v1/%5C/../merchants", "/v1/merchants", INVALID },
    { "/v1/\\/../merchants", "/v1/merchants", INVALID },
    { "/v1/%23/../merchants", "/v1/merchants", INVALID },
    { "/v1/%0d%0a/../merchants", "/v1/merchants", INVALID },
    { "/v1/%7f/../merchants", "/v1/merchants", INVALID },
    { "/v1/%7F/../merchants", "/v1/merchants", INVALID },
    { "/v1/\x01/../merchants", "/v1/merchants", INVALID },

    /* cut off by nginx */

    { "/v1/merchants#x", "/v1/merchants", INVALID },
    { "/v1/merchants#?x", "/v1/merchants", INVALID },
    { "/v1/merchants?x#y", "/v1/merchants", INVALID },
    { "/v1/merchants?#", "/v1/merchants", INVALID },

    /* in the arguments it is part of a value */

    { "/v1/merchants?x=%23;y\\%0a", "/v1/merchants", OTHER },

    /* no raw URI, and invalid ones: the URI counts */

    { "", "/v1/merchants", OTHER },
    { "", "/v1/merchants;", INVALID },
    { "/v1/%", "/v1/x", OTHER },
    { "/v1/%3", "/v1/x", OTHER },
    { "/v1/%zz", "/v1/x", OTHER },
    { "?x", "/", OTHER }
};


static const test_prefix_t  test_prefixes[] = {

    /* the first segment "v1", at any place */

    { "/v1/", "/v1/login", AUTH, 4 },
    { "/", "/v1/login", AUTH, 4 },
    { "/api/", "/api/v1/login", AUTH, 8 },
    { "/a/b/", "/a/b/v1/operations/connection_health/42", HEALTH, 8 },
    { "/v1/merchants/", "/v1/merchants/login", OTHER, 4 },
    { "/v1/operations/", "/v1/operations/connection_health/42", HEALTH, 4 },
    { "/v1/", "/v1/v1/merchants", OTHER, 4 },
    { "/", "/v1", OTHER, 3 },
    { "/v1/", "/v1/", OTHER, 4 },
    { "/api/", "/api/v1", OTHER, 7 },

    /* segments similar to "v1" */

    { "/", "/v10/login", OTHER, 1 },
    { "/", "/xv1/login", OTHER, 1 },
    { "/", "/V1/login", OTHER, 1 },
    { "/v10/", "/v10/login", AUTH, 5 },

    /* without "v1" the path begins behind the prefix */

    { "/api/", "/api/login", AUTH, 5 },
    { "/api/", "/api/auth/token", AUTH, 5 },
    { "/api/", "/api/operations/connection_health/42", HEALTH, 5 },
    { "/api/", "/api/checkout/cart/7/submit", SUBMIT, 5 },
    { "/api/", "/api/operations/connection_health/042", INVALID, 5 },
    { "/api/", "/api/", OTHER, 5 },
    { "/", "/login", AUTH, 1 },
    { "/", "/", OTHER, 1 },

    /* a second "v1" does not unblock a blocked route */

    { "/api/", "/api/login/v1/x", AUTH, 14 },
    { "/api/", "/api/auth.x/v1", AUTH, 14 },
    { "/api/", "/api/x/v1/merchants", OTHER, 10 },

    /* the prefix is gone, after a rewrite */

    { "/api/", "/login", AUTH, 1 },
    { "/api/", "/ap", OTHER, 1 },
    { "/api/", "/operations/connection_health/42", HEALTH, 1 },
    { "", "/login", AUTH, 1 },

    /* no path */

    { "/", "", INVALID, 0 },
    { "/", "login", INVALID, 0 },
    { "/", "//v1/login", INVALID, 0 },
    { "/", "//", INVALID, 0 }
};


static void
test_route_raw_uris(void **state)
{
    int                 rc;
    size_t              i;
    violet_route_t      route;
    const test_raw_t   *row;

    (void) state;

    for (i = 0; i < COUNT(test_raws); i++) {

        row = &test_raws[i];
        rc = test_match("GET", row->uri, row->raw, "", "/v1/", TEST_APP_ID,
                        &route);

        if (rc != row->route) {
            fail_msg("%s is %d, not %d", row->raw, rc, row->route);
        }
    }
}


static void
test_route_prefixes(void **state)
{
    int                    rc;
    size_t                 i;
    const char            *method;
    violet_route_t         route;
    const test_prefix_t   *row;

    (void) state;

    for (i = 0; i < COUNT(test_prefixes); i++) {

        row = &test_prefixes[i];
        method = (row->route == SUBMIT) ? "POST" : "GET";

        rc = test_match(method, row->uri, row->uri, "", row->prefix,
                        TEST_APP_ID, &route);

        if (rc != row->route) {
            fail_msg("%s under %s is %d, not %d", row->uri, row->prefix, rc,
                     row->route);
        }

        if (rc != INVALID && route.path_offset != row->offset) {
            fail_msg("%s under %s begins at %zu, not %zu", row->uri,
                     row->prefix, route.path_offset, row->offset);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_route_raw_uris),
        cmocka_unit_test(test_route_prefixes)
    };

    return cmocka_run_group_tests_name("violet_route (URI)", tests, NULL,
                                       NULL);
}

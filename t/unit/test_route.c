
/*
 * Every row of the contract's table of routes, requests that match it and
 * similar ones that do not, and spellings that try to evade it.
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
    const char   *method;
    const char   *path;      /* after "/v1/" */
    int           route;
    int64_t       id;        /* merchant or cart */
} test_path_t;


typedef struct {
    const char   *args;
    const char   *canonical;    /* NULL: invalid */
} test_args_t;


#define ID  "operations/connection_health/"


static const test_path_t  test_paths[] = {

    /* connection_health */

    { "GET", ID "42", HEALTH, 42 },
    { "HEAD", ID "42", HEALTH, 42 },
    { "GET", ID "42/", HEALTH, 42 },
    { "GET", ID "1", HEALTH, 1 },
    { "GET", ID "2147483647", HEALTH, 2147483647 },
    { "POST", ID "42", REPORT, 42 },
    { "POST", ID "42/", REPORT, 42 },

    /* the method, exactly */

    { "PUT", ID "42", OTHER, 0 },
    { "PATCH", ID "42", OTHER, 0 },
    { "DELETE", ID "42", OTHER, 0 },
    { "OPTIONS", ID "42", OTHER, 0 },
    { "get", ID "42", OTHER, 0 },
    { "Get", ID "42", OTHER, 0 },
    { "GETT", ID "42", OTHER, 0 },
    { "GE", ID "42", OTHER, 0 },
    { "post", ID "42", OTHER, 0 },

    /* the id, exactly, with any method */

    { "GET", ID "0", INVALID, 0 },
    { "GET", ID "042", INVALID, 0 },
    { "GET", ID "00", INVALID, 0 },
    { "GET", ID "+42", INVALID, 0 },
    { "GET", ID "-42", INVALID, 0 },
    { "GET", ID " 42", INVALID, 0 },
    { "GET", ID "42 ", INVALID, 0 },
    { "GET", ID "0x2A", INVALID, 0 },
    { "GET", ID "2A", INVALID, 0 },
    { "GET", ID "42.json", INVALID, 0 },
    { "GET", ID "42.", INVALID, 0 },
    { "GET", ID "42.0", INVALID, 0 },
    { "GET", ID "4e1", INVALID, 0 },
    { "GET", ID "42?refresh=true", INVALID, 0 },
    { "GET", ID "%34%32", INVALID, 0 },
    { "GET", ID "\xd9\xa4\xd9\xa2", INVALID, 0 },
    { "GET", ID "2147483648", INVALID, 0 },
    { "GET", ID "4294967338", INVALID, 0 },
    { "GET", ID "9223372036854775808", INVALID, 0 },
    { "GET", ID "18446744073709551658", INVALID, 0 },
    { "GET", ID "99999999999999999999999999999999999999", INVALID, 0 },
    { "GET", ID "abc", INVALID, 0 },
    { "GET", ID "v1", INVALID, 0 },
    { "POST", ID "042", INVALID, 0 },
    { "HEAD", ID "042", INVALID, 0 },
    { "DELETE", ID "042", INVALID, 0 },
    { "PUT", ID "abc/", INVALID, 0 },

    /* the search is Violet's own */

    { "POST", ID "search", OTHER, 0 },
    { "POST", ID "search/", OTHER, 0 },
    { "GET", ID "search", INVALID, 0 },
    { "HEAD", ID "search", INVALID, 0 },
    { "PUT", ID "search", INVALID, 0 },
    { "post", ID "search", INVALID, 0 },
    { "POST", ID "Search", INVALID, 0 },
    { "POST", ID "search.json", INVALID, 0 },
    { "POST", ID "searches", INVALID, 0 },

    /* connection_health_list */

    { "GET", "operations/connection_health", LIST, 0 },
    { "HEAD", "operations/connection_health", LIST, 0 },
    { "GET", ID "", LIST, 0 },
    { "HEAD", ID "", LIST, 0 },

    { "POST", "operations/connection_health", OTHER, 0 },
    { "POST", ID "", OTHER, 0 },
    { "PUT", "operations/connection_health", OTHER, 0 },
    { "DELETE", "operations/connection_health", OTHER, 0 },
    { "OPTIONS", "operations/connection_health", OTHER, 0 },
    { "get", "operations/connection_health", OTHER, 0 },

    { "GET", "operations/connection_health.json", INVALID, 0 },
    { "GET", "operations/connection_health.", INVALID, 0 },
    { "GET", "operations/connection_health.json/", INVALID, 0 },
    { "POST", "operations/connection_health.json", INVALID, 0 },

    { "GET", "operations/connection_healt", OTHER, 0 },
    { "GET", "operations/connection_healthy", OTHER, 0 },
    { "GET", "operations/connection_health_", OTHER, 0 },
    { "GET", "operations/Connection_Health", OTHER, 0 },
    { "GET", "operations/connection-health", OTHER, 0 },
    { "GET", "Operations/connection_health", OTHER, 0 },
    { "GET", "operation/connection_health", OTHER, 0 },
    { "GET", "operations.x/connection_health", OTHER, 0 },
    { "GET", "x/operations/connection_health", OTHER, 0 },
    { "GET", "connection_health", OTHER, 0 },
    { "GET", "operations", OTHER, 0 },
    { "GET", "operations/", OTHER, 0 },
    { "GET", ID "/", INVALID, 0 },

    /* other shapes */

    { "GET", ID "42/x", OTHER, 0 },
    { "GET", ID "042/x", OTHER, 0 },
    { "GET", "operations/connection_healthy/42", OTHER, 0 },
    { "GET", "operations/Connection_Health/42", OTHER, 0 },
    { "GET", "Operations/connection_health/42", OTHER, 0 },
    { "GET", "operations/connection/health/42", OTHER, 0 },
    { "GET", "x/operations/connection_health/42", OTHER, 0 },
    { "GET", "operations.x/connection_health/42", OTHER, 0 },

    /* cart_submit */

    { "POST", "checkout/cart/7/submit", SUBMIT, 7 },
    { "POST", "checkout/cart/7/submit/", SUBMIT, 7 },
    { "POST", "checkout/cart/2147483648/submit", SUBMIT, 2147483648 },
    { "POST", "checkout/cart/9223372036854775807/submit", SUBMIT,
      INT64_MAX },

    { "GET", "checkout/cart/7/submit", OUTCOME, 7 },
    { "HEAD", "checkout/cart/7/submit", OUTCOME, 7 },
    { "GET", "checkout/cart/7", OTHER, 0 },
    { "GET", "checkout/cart/7/payment", OTHER, 0 },
    { "PUT", "checkout/cart/7/submit", OTHER, 0 },
    { "post", "checkout/cart/7/submit", OTHER, 0 },

    { "POST", "checkout/cart/0/submit", INVALID, 0 },
    { "POST", "checkout/cart/07/submit", INVALID, 0 },
    { "POST", "checkout/cart/+7/submit", INVALID, 0 },
    { "POST", "checkout/cart/-7/submit", INVALID, 0 },
    { "POST", "checkout/cart/7.json/submit", INVALID, 0 },
    { "POST", "checkout/cart/0x7/submit", INVALID, 0 },
    { "POST", "checkout/cart/x/submit", INVALID, 0 },
    { "POST", "checkout/cart/9223372036854775808/submit", INVALID, 0 },
    { "POST", "checkout/cart/18446744073709551617/submit", INVALID, 0 },
    { "GET", "checkout/cart/07/submit", INVALID, 0 },
    { "DELETE", "checkout/cart/x/submit/", INVALID, 0 },

    { "POST", "checkout/cart/7/submit.json", INVALID, 0 },
    { "POST", "checkout/cart/7/submit.", INVALID, 0 },
    { "GET", "checkout/cart/7/submit.json", INVALID, 0 },
    { "POST", "checkout/cart/7/submitted", OTHER, 0 },
    { "POST", "checkout/cart/7/submi", OTHER, 0 },
    { "POST", "checkout/cart/7/Submit", OTHER, 0 },
    { "POST", "checkout/cart/7/submit/now", OTHER, 0 },
    { "POST", "checkout/cart/07/submit/now", OTHER, 0 },
    { "POST", "checkout/cart/7", OTHER, 0 },
    { "POST", "checkout/cart/7/", OTHER, 0 },
    { "POST", "checkout/cart//submit", INVALID, 0 },
    { "POST", "checkout/Cart/7/submit", OTHER, 0 },
    { "POST", "Checkout/cart/7/submit", OTHER, 0 },
    { "POST", "checkout/carts/7/submit", OTHER, 0 },
    { "POST", "x/checkout/cart/7/submit", OTHER, 0 },

    /* auth */

    { "POST", "login", AUTH, 0 },
    { "POST", "login/", AUTH, 0 },
    { "GET", "login", AUTH, 0 },
    { "OPTIONS", "login", AUTH, 0 },
    { "POST", "login.json", AUTH, 0 },
    { "POST", "login.", AUTH, 0 },
    { "POST", "login.json/x", AUTH, 0 },
    { "POST", "login/x/y/z/a/b/c", AUTH, 0 },
    { "GET", "auth", AUTH, 0 },
    { "GET", "auth/token", AUTH, 0 },
    { "GET", "auth/token/", AUTH, 0 },
    { "GET", "auth/token.json", AUTH, 0 },
    { "GET", "auth.x/token", AUTH, 0 },
    { "GET", "auth.", AUTH, 0 },
    { "GET", "auth/v1/x", AUTH, 0 },

    { "POST", "logins", OTHER, 0 },
    { "POST", "logi", OTHER, 0 },
    { "POST", "logix", OTHER, 0 },
    { "GET", "auto", OTHER, 0 },
    { "POST", "login_x", OTHER, 0 },
    { "POST", "login-x", OTHER, 0 },
    { "POST", "Login", OTHER, 0 },
    { "POST", ".login", OTHER, 0 },
    { "GET", "authority", OTHER, 0 },
    { "GET", "aut", OTHER, 0 },
    { "GET", "x/login", OTHER, 0 },
    { "GET", "merchants/auth", OTHER, 0 },
    { "GET", "merchants/login.json", OTHER, 0 },

    /* all else */

    { "GET", "", OTHER, 0 },
    { "GET", "merchants", OTHER, 0 },
    { "GET", "merchants/", OTHER, 0 },
    { "POST", "checkout/cart", OTHER, 0 },
    { "GET", "catalog/offers/1/2/3/4/5/6/7/8/9/10", OTHER, 0 },
    { "GET", "catalog/a%b?c", OTHER, 0 },
    { "GET", "catalog/gr\xc3\xbc\xc3\x9f" "e", OTHER, 0 },
    { "GET", "catalog/~!$&'()*+,=:@\"<>[]^`{|} x", OTHER, 0 },
    { "GET", "catalog/...", OTHER, 0 },
    { "GET", "catalog/.x/..x/x.", OTHER, 0 },

    /* spellings that Spring reads differently, on every route */

    { "GET", "merchants;a=b", INVALID, 0 },
    { "GET", "merchants/;/x", INVALID, 0 },
    { "GET", "..;/login", INVALID, 0 },
    { "GET", "merchants/..;/login", INVALID, 0 },
    { "POST", "login;x", INVALID, 0 },
    { "GET", ID "42;x=1", INVALID, 0 },
    { "POST", "checkout/cart/7/submit;x", INVALID, 0 },
    { "GET", "merchants#x", INVALID, 0 },
    { "GET", ID "42#", INVALID, 0 },
    { "GET", "merchants\\x", INVALID, 0 },
    { "GET", "x\\..\\login", INVALID, 0 },
    { "GET", "merchants\x01", INVALID, 0 },
    { "GET", "merchants\x1f", INVALID, 0 },
    { "GET", "merchants\x7f", INVALID, 0 },
    { "GET", "merchants\n", INVALID, 0 },
    { "GET", "merchants\t/x", INVALID, 0 },
    { "GET", "/login", INVALID, 0 },
    { "GET", "merchants//x", INVALID, 0 },
    { "GET", "merchants//", INVALID, 0 },
    { "GET", "operations//connection_health/42", INVALID, 0 },
    { "GET", ID "42//", INVALID, 0 },
    { "GET", "x/../login", INVALID, 0 },
    { "GET", "./login", INVALID, 0 },
    { "GET", "x/..", INVALID, 0 },
    { "GET", "x/.", INVALID, 0 },
    { "GET", ID "42/.", INVALID, 0 }
};


#define T  "refresh=true"


static const test_args_t  test_args[] = {
    { "", "" },
    { "refresh=true", T },
    { "%72efresh=TRUE&refresh=false", T },
    { "refresh=off", "" },
    { "refresh", NULL },
    { "refresh=maybe", NULL },
    { "x=%zz", NULL },
    { "x=1&y=2", "" },
    { "exclude_public=false", "" },
    { "exclude_public=maybe", "" },
    { "app_id=10000", "" },
    { "refresh=1&app_id=10000&app_id=10000&x", T },
    { "app_id=10001", NULL }
};


#define LT  "app_id=10000&exclude_public=true"
#define LF  "app_id=10000&exclude_public=false"


static const test_args_t  test_list_args[] = {
    { "", LT },
    { "app_id=10000", LT },
    { "app_id=10000&exclude_public=true", LT },
    { "exclude_public=false", LF },
    { "exclude_public=0&app_id=10000", LF },
    { "exclude%5Fpublic=OFF", LF },
    { "exclude_public=false&exclude_public=true", LT },
    { "exclude_public=false&exclude_public=no", LF },
    { "exclude_public=", NULL },
    { "exclude_public=maybe", NULL },
    { "app_id=10001", NULL },
    { "app_id=", NULL },
    { "x=%zz", NULL },

    /* not an argument of the list */

    { "refresh=true", LT },
    { "refresh=maybe&exclude_public=false&page=2", LF },
    { "Exclude_Public=false", LT },
    { "excludePublic=false", LT }
};


static void
test_route_paths(void **state)
{
    int                  rc;
    char                 uri[128];
    size_t               i;
    violet_route_t       route;
    const test_path_t   *row;

    (void) state;

    for (i = 0; i < COUNT(test_paths); i++) {

        row = &test_paths[i];

        assert_true(strlen(row->path) < sizeof(uri) - 4);
        memcpy(uri, "/v1/", 4);
        memcpy(uri + 4, row->path, strlen(row->path) + 1);

        rc = test_match(row->method, uri, "", "", "/v1/", TEST_APP_ID,
                        &route);

        if (rc != row->route) {
            fail_msg("%s %s is %d, not %d", row->method, uri, rc,
                     row->route);
        }

        if (rc == INVALID) {
            continue;
        }

        assert_int_equal(route.path_offset, 4);

        if (rc == HEALTH || rc == REPORT) {
            assert_int_equal(route.merchant_id, row->id);
            assert_int_equal(route.cart_id, 0);

        } else {
            assert_int_equal(route.merchant_id, 0);
            assert_true(route.cart_id == row->id);
        }

        assert_int_equal(route.refresh, 0);
        assert_int_equal(route.exclude_public, rc == LIST);
        assert_int_equal(route.args_len != 0, rc == LIST);

        if (rc == OTHER || rc == AUTH) {
            assert_int_equal(route.path_len, 0);
            continue;
        }

        /* the canonical path is the request's, except for a trailing slash */

        assert_memory_equal(route.path, row->path, route.path_len);
        assert_true(strlen(row->path) == route.path_len
                    || strcmp(row->path + route.path_len, "/") == 0);
    }
}


/* The route for each argument; test_query.c tests the arguments themselves. */

static void
test_route_args(void **state)
{
    int                  rc, expected;
    size_t               i, n;
    violet_route_t       route;
    const test_args_t   *row;

    static const char  *const methods[] = { "GET", "HEAD", "POST" };

    (void) state;

    for (i = 0; i < COUNT(test_args) * COUNT(methods); i++) {

        row = &test_args[i / COUNT(methods)];
        n = i % COUNT(methods);

        expected = (n == 2) ? REPORT : HEALTH;

        rc = test_match(methods[n], "/v1/" ID "42", "", row->args, "/v1/",
                        TEST_APP_ID, &route);

        if (rc != (row->canonical ? expected : INVALID)) {
            fail_msg("%s ?%s is %d", methods[n], row->args, rc);
        }

        if (rc == INVALID) {
            continue;
        }

        if (route.args_len != strlen(row->canonical)
            || memcmp(route.args, row->canonical, route.args_len) != 0)
        {
            fail_msg("?%s becomes ?%.*s, not ?%s", row->args,
                     (int) route.args_len, route.args, row->canonical);
        }

        assert_int_equal(route.exclude_public, 0);
        assert_int_equal(route.refresh,
                         strstr(row->canonical, T) != NULL);
    }
}


/* Violet is asked for the list with both arguments, always. */

static void
test_route_list_args(void **state)
{
    int                  rc;
    size_t               i, n;
    violet_route_t       route;
    const test_args_t   *row;

    static const char  *const methods[] = { "GET", "HEAD" };

    (void) state;

    for (i = 0; i < COUNT(test_list_args) * COUNT(methods); i++) {

        row = &test_list_args[i / COUNT(methods)];
        n = i % COUNT(methods);

        rc = test_match(methods[n], "/v1/operations/connection_health", "",
                        row->args, "/v1/", TEST_APP_ID, &route);

        if (rc != (row->canonical ? LIST : INVALID)) {
            fail_msg("%s ?%s is %d", methods[n], row->args, rc);
        }

        if (rc == INVALID) {
            continue;
        }

        if (route.args_len != strlen(row->canonical)
            || memcmp(route.args, row->canonical, route.args_len) != 0)
        {
            fail_msg("?%s becomes ?%.*s, not ?%s", row->args,
                     (int) route.args_len, route.args, row->canonical);
        }

        assert_int_equal(route.exclude_public,
                         strstr(row->canonical, "true") != NULL);
        assert_int_equal(route.refresh, 0);
        assert_int_equal(route.merchant_id, 0);
    }
}


/* Arguments of the other routes are ignored. */

static void
test_route_other_args(void **state)
{
    violet_route_t  route;

    (void) state;

    assert_int_equal(test_match("GET", "/v1/merchants", "",
                                "refresh=maybe&app_id=1&%zz;#", "/v1/",
                                TEST_APP_ID, &route), OTHER);
    assert_int_equal(route.args_len, 0);
    assert_int_equal(route.refresh, 0);

    assert_int_equal(test_match("DELETE", "/v1/" ID "42", "", "refresh=true",
                                "/v1/", TEST_APP_ID, &route), OTHER);
    assert_int_equal(route.refresh, 0);

    assert_int_equal(test_match("POST", "/v1/" ID "search", "", "app_id=1",
                                "/v1/", TEST_APP_ID, &route), OTHER);

    assert_int_equal(test_match("POST", "/v1/checkout/cart/7/submit", "",
                                "app_id=1&%zz", "/v1/", TEST_APP_ID,
                                &route), SUBMIT);
    assert_int_equal(route.args_len, 0);

    assert_int_equal(test_match("POST", "/v1/login", "", "refresh=maybe",
                                "/v1/", TEST_APP_ID, &route), AUTH);
}


static void
test_route_longest(void **state)
{
    violet_route_t  route;

    (void) state;

    assert_int_equal(test_match("GET", "/v1/" ID "2147483647", "",
                                "app_id=2147483647&refresh=true", "/v1/",
                                INT32_MAX, &route), HEALTH);

    assert_int_equal(route.path_len, strlen(ID "2147483647"));
    assert_memory_equal(route.path, ID "2147483647", route.path_len);
    assert_int_equal(route.args_len, strlen(T));
    assert_memory_equal(route.args, T, route.args_len);

    assert_int_equal(test_match("GET", "/v1/" ID, "", "exclude_public=no",
                                "/v1/", INT32_MAX, &route), LIST);

    assert_int_equal(route.args_len,
                     strlen("app_id=2147483647&exclude_public=false"));
    assert_memory_equal(route.args, "app_id=2147483647&exclude_public=false",
                        route.args_len);
}


/* NULL is an absent text; a NUL byte is a control character. */

static void
test_route_nulls(void **state)
{
    violet_route_t          route;
    violet_route_request_t  request;

    (void) state;

    memset(&request, 0, sizeof(request));

    assert_int_equal(violet_route_match(&request, &route),
                     VIOLET_ROUTE_INVALID);

    request.uri.data = "/v1/" ID "42";
    request.uri.len = strlen(request.uri.data);

    assert_int_equal(violet_route_match(&request, &route), VIOLET_ROUTE_OK);
    assert_int_equal(route.id, OTHER);

    request.method.data = "GET";
    request.method.len = 3;

    assert_int_equal(violet_route_match(&request, &route), VIOLET_ROUTE_OK);
    assert_int_equal(route.id, HEALTH);

    request.uri.data = "/v1/x\0y";
    request.uri.len = 7;

    assert_int_equal(violet_route_match(&request, &route),
                     VIOLET_ROUTE_INVALID);
}


static void
test_route_names(void **state)
{
    (void) state;

    assert_string_equal(violet_route_name(OTHER), "other");
    assert_string_equal(violet_route_name(HEALTH), "connection_health");
    assert_string_equal(violet_route_name(REPORT),
                        "connection_health_report");
    assert_string_equal(violet_route_name(SUBMIT), "cart_submit");
    assert_string_equal(violet_route_name(OUTCOME), "cart_outcome");
    assert_false(violet_route_submits(OUTCOME));
    assert_string_equal(violet_route_name(AUTH), "auth");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_route_paths),
        cmocka_unit_test(test_route_args),
        cmocka_unit_test(test_route_list_args),
        cmocka_unit_test(test_route_other_args),
        cmocka_unit_test(test_route_longest),
        cmocka_unit_test(test_route_nulls),
        cmocka_unit_test(test_route_names)
    };

    return cmocka_run_group_tests_name("violet_route", tests, NULL, NULL);
}

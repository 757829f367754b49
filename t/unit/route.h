
/*
 * Shared by the tests of routes: short names of the routes, and a match
 * whose inputs have a block of memory of their own.
 */

#ifndef TEST_ROUTE_H
#define TEST_ROUTE_H


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_route.h"


#define TEST_APP_ID  10000

#define OTHER        VIOLET_ROUTE_OTHER
#define HEALTH       VIOLET_ROUTE_CONNECTION_HEALTH
#define LIST         VIOLET_ROUTE_CONNECTION_HEALTH_LIST
#define REPORT       VIOLET_ROUTE_CONNECTION_HEALTH_REPORT
#define SUBMIT       VIOLET_ROUTE_CART_SUBMIT
#define OUTCOME      VIOLET_ROUTE_CART_OUTCOME
#define AUTH         VIOLET_ROUTE_AUTH
#define INVALID      -1

#define COUNT(table)  (sizeof(table) / sizeof((table)[0]))


/* A block of its own, so that a sanitizer sees a read past the end. */

static inline violet_text_t
test_text(const char *string)
{
    char           *copy;
    violet_text_t   text;

    text.len = strlen(string);

    copy = malloc(text.len ? text.len : 1);
    assert_non_null(copy);

    memcpy(copy, string, text.len);
    text.data = copy;

    return text;
}


static inline int
test_match(const char *method, const char *uri, const char *raw,
    const char *args, const char *prefix, int32_t app_id,
    violet_route_t *route)
{
    violet_route_status_t    rc;
    violet_route_request_t   request;

    request.method = test_text(method);
    request.uri = test_text(uri);
    request.raw_uri = test_text(raw);
    request.args = test_text(args);
    request.prefix = test_text(prefix);
    request.app_id = app_id;

    memset(route, 0xa5, sizeof(violet_route_t));

    rc = violet_route_match(&request, route);

    free((void *) request.method.data);
    free((void *) request.uri.data);
    free((void *) request.raw_uri.data);
    free((void *) request.args.data);
    free((void *) request.prefix.data);

    if (rc == VIOLET_ROUTE_OK) {
        assert_null(route->reason);
        return (int) route->id;
    }

    /* the reason is a sentence */

    assert_int_equal(rc, VIOLET_ROUTE_INVALID);
    assert_non_null(route->reason);
    assert_true(strlen(route->reason) > 20);
    assert_int_equal(route->reason[strlen(route->reason) - 1], '.');

    return INVALID;
}


#endif /* TEST_ROUTE_H */

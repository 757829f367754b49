
/*
 * Matches the three routes of connection health, and prints the canonical path
 * and arguments with which Violet is asked.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "violet_query.h"
#include "violet_route_health.h"


#define VIOLET_ROUTE_HEALTH  "operations/connection_health"


static const char *violet_route_health_list(
    const violet_route_request_t *request, const violet_route_path_t *path,
    violet_route_t *route);
static const char *violet_route_health_merchant(
    const violet_route_request_t *request, const violet_route_path_t *path,
    violet_route_t *route);
static int violet_route_health_reads(const violet_text_t *method);
static void violet_route_health_spell(const violet_text_t *merchant_id,
    violet_route_t *route);


const char *
violet_route_health(const violet_route_request_t *request,
    const violet_route_path_t *path, violet_route_t *route)
{
    if (path->n < 2 || !violet_text_equal(path->segments[0], "operations"))
    {
        return NULL;
    }

    if (path->n == 2) {
        return violet_route_health_list(request, path, route);
    }

    if (path->n == 3) {
        return violet_route_health_merchant(request, path, route);
    }

    return NULL;
}


static const char *
violet_route_health_list(const violet_route_request_t *request,
    const violet_route_path_t *path, violet_route_t *route)
{
    int                    n;
    const char            *reason;
    violet_query_t         query;
    const violet_text_t   *name;

    name = &path->segments[1];

    if (!violet_route_extended(name, "connection_health")) {
        return NULL;
    }

    if (!violet_text_equal(*name, "connection_health")) {
        return "\"connection_health\" must not have an extension.";
    }

    if (!violet_route_health_reads(&request->method)) {
        return NULL;
    }

    route->id = VIOLET_ROUTE_CONNECTION_HEALTH_LIST;

    route->path_len = sizeof(VIOLET_ROUTE_HEALTH) - 1;
    memcpy(route->path, VIOLET_ROUTE_HEALTH, sizeof(VIOLET_ROUTE_HEALTH));

    reason = violet_query_read_list(&request->args, request->app_id, &query);

    if (reason != NULL) {
        return reason;
    }

    route->exclude_public = query.exclude_public;

    /* Violet requires app_id; a caller may leave it out */

    n = snprintf(route->args, sizeof(route->args),
                 "app_id=%" PRId32 "&exclude_public=%s", request->app_id,
                 route->exclude_public ? "true" : "false");

    if (n < 0 || (size_t) n >= sizeof(route->args)) {
        return "The arguments cannot be spelled.";
    }

    route->args_len = (size_t) n;

    return NULL;
}


static const char *
violet_route_health_merchant(const violet_route_request_t *request,
    const violet_route_path_t *path, violet_route_t *route)
{
    int64_t           merchant_id;
    const char       *reason;
    violet_query_t    query;

    if (!violet_text_equal(path->segments[1], "connection_health")) {
        return NULL;
    }

    /* another route of Violet: it searches all merchants */

    if (violet_text_equal(path->segments[2], "search")
        && violet_text_equal(request->method, "POST"))
    {
        return NULL;
    }

    merchant_id = violet_route_number(&path->segments[2], INT32_MAX);

    if (merchant_id == 0) {
        return "merchant_id must be a decimal number from 1 to 2147483647 "
               "without sign or leading zeros.";
    }

    if (violet_route_health_reads(&request->method)) {
        route->id = VIOLET_ROUTE_CONNECTION_HEALTH;

    } else if (violet_text_equal(request->method, "POST")) {
        route->id = VIOLET_ROUTE_CONNECTION_HEALTH_REPORT;

    } else {
        return NULL;
    }

    route->merchant_id = (int32_t) merchant_id;

    violet_route_health_spell(&path->segments[2], route);

    reason = violet_query_read(&request->args, request->app_id, &query);

    if (reason != NULL) {
        return reason;
    }

    if (query.refresh) {
        route->refresh = 1;
        route->args_len = sizeof("refresh=true") - 1;
        memcpy(route->args, "refresh=true", sizeof("refresh=true"));
    }

    return NULL;
}


static int
violet_route_health_reads(const violet_text_t *method)
{
    return violet_text_equal(*method, "GET")
           || violet_text_equal(*method, "HEAD");
}


/* A valid merchant_id is in its canonical spelling. */

static void
violet_route_health_spell(const violet_text_t *merchant_id,
    violet_route_t *route)
{
    size_t  len;

    len = sizeof(VIOLET_ROUTE_HEALTH "/") - 1;

    memcpy(route->path, VIOLET_ROUTE_HEALTH "/", len);
    memcpy(route->path + len, merchant_id->data, merchant_id->len);

    route->path_len = len + merchant_id->len;
    route->path[route->path_len] = '\0';
}

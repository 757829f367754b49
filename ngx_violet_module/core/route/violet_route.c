
/*
 * Matches routes in three steps: refuse a URI that nginx and Spring could read
 * differently, compare the segments of the API path, print the canonical path
 * and arguments.  No memory is allocated; all results are in the caller's
 * structure.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "violet_args.h"
#include "violet_query.h"
#include "violet_route.h"
#include "violet_route_health.h"
#include "violet_route_path.h"


static const char *violet_route_check_uri(const violet_text_t *uri);
static const char *violet_route_check_raw(const violet_text_t *raw,
    const violet_text_t *uri);
static int violet_route_is_plain(unsigned char c);
static const char *violet_route_check_char(unsigned char c);
static size_t violet_route_after_version(const violet_text_t *uri);
static size_t violet_route_after_prefix(const violet_text_t *uri,
    const violet_text_t *prefix);
static int violet_route_is_auth(const violet_text_t *uri, size_t offset);
static const char *violet_route_cart(const violet_route_request_t *request,
    const violet_route_path_t *path, violet_route_t *route);
static const char *violet_route_order(const violet_route_request_t *request,
    const violet_route_path_t *path, violet_route_t *route);


violet_route_status_t
violet_route_match(const violet_route_request_t *request,
    violet_route_t *route)
{
    size_t                version, prefix;
    violet_route_path_t   path;

    memset(route, 0, sizeof(violet_route_t));

    route->reason = violet_route_check_uri(&request->uri);

    if (route->reason == NULL) {
        route->reason = violet_route_check_raw(&request->raw_uri,
                                               &request->uri);
    }

    if (route->reason != NULL) {
        return VIOLET_ROUTE_INVALID;
    }

    version = violet_route_after_version(&request->uri);
    prefix = violet_route_after_prefix(&request->uri, &request->prefix);

    route->path_offset = version ? version : prefix;

    /*
     * a "v1" after the prefix must not hide a blocked first segment, so the
     * path after the prefix is checked, too
     */

    if (violet_route_is_auth(&request->uri, route->path_offset)
        || (version > prefix && violet_route_is_auth(&request->uri, prefix)))
    {
        route->id = VIOLET_ROUTE_AUTH;
        return VIOLET_ROUTE_OK;
    }

    violet_route_split(&request->uri, route->path_offset, &path);

    route->reason = violet_route_health(request, &path, route);

    if (route->reason == NULL) {
        route->reason = violet_route_cart(request, &path, route);
    }

    return route->reason ? VIOLET_ROUTE_INVALID : VIOLET_ROUTE_OK;
}


const char *
violet_route_name(violet_route_id_t id)
{
    switch (id) {

    case VIOLET_ROUTE_CONNECTION_HEALTH:
        return "connection_health";

    case VIOLET_ROUTE_CONNECTION_HEALTH_LIST:
        return "connection_health_list";

    case VIOLET_ROUTE_CONNECTION_HEALTH_REPORT:
        return "connection_health_report";

    case VIOLET_ROUTE_CART_SUBMIT:
        return "cart_submit";

    case VIOLET_ROUTE_CART_PAYMENT:
        return "cart_payment";

    case VIOLET_ROUTE_ORDER_CREATE:
        return "order_create";

    case VIOLET_ROUTE_CART_OUTCOME:
        return "cart_outcome";

    case VIOLET_ROUTE_AUTH:
        return "auth";

    default: /* VIOLET_ROUTE_OTHER */
        return "other";
    }
}


int
violet_route_submits(violet_route_id_t id)
{
    return id == VIOLET_ROUTE_CART_SUBMIT
           || id == VIOLET_ROUTE_CART_PAYMENT
           || id == VIOLET_ROUTE_ORDER_CREATE;
}


static const char *
violet_route_check_uri(const violet_text_t *uri)
{
    size_t         i, start, len;
    const char    *reason;

    if (uri->len == 0 || uri->data[0] != '/') {
        return "The path must begin with \"/\".";
    }

    for (i = 1, start = 1; i <= uri->len; i++) {

        while (i < uri->len
               && violet_route_is_plain((unsigned char) uri->data[i]))
        {
            i++;
        }

        if (i < uri->len && uri->data[i] != '/') {
            reason = violet_route_check_char((unsigned char) uri->data[i]);

            if (reason != NULL) {
                return reason;
            }

            continue;
        }

        len = i - start;

        /* no segment follows a trailing slash */

        if (len == 0 && i < uri->len) {
            return "The path must not contain an empty segment.";
        }

        /*
         * nginx resolves these in the URI that a caller sends, but not in
         * the URI that a rewrite makes
         */

        if ((len == 1 && memcmp(uri->data + start, ".", 1) == 0)
            || (len == 2 && memcmp(uri->data + start, "..", 2) == 0))
        {
            return "The path must not contain \".\" or \"..\" segments.";
        }

        start = i + 1;
    }

    return NULL;
}


/*
 * Checks the URI as the caller sent it: nginx has cut off "#" and resolved
 * "/x;y/../" in the other one.  One level of escaping is decoded, as by nginx
 * and by Spring.
 */

static const char *
violet_route_check_raw(const violet_text_t *raw, const violet_text_t *uri)
{
    int            c;
    size_t         i;
    const char    *reason;

    /* nginx has changed nothing: violet_route_check_uri() has seen all of it */

    if (raw->len == uri->len
        && memcmp(raw->data, uri->data, uri->len) == 0
        && memchr(raw->data, '%', raw->len) == NULL)
    {
        return NULL;
    }

    for (i = 0; i < raw->len && raw->data[i] != '?'; i++) {

        if (violet_route_is_plain((unsigned char) raw->data[i])) {
            continue;
        }

        c = violet_args_unescape(raw->data + i, raw->len - i);

        if (c >= 0) {
            i += 2;

        } else {
            c = (unsigned char) raw->data[i];
        }

        reason = violet_route_check_char((unsigned char) c);

        if (reason != NULL) {
            return reason;
        }
    }

    if (i < raw->len && memchr(raw->data + i, '#', raw->len - i) != NULL) {
        return violet_route_check_char('#');
    }

    return NULL;
}


/*
 * True for a character that is not refused, nor "%" or "/".  It is a table,
 * since the URI is read for each request.
 */

static int
violet_route_is_plain(unsigned char c)
{
    static const unsigned char  odd[256] = {

        /* control characters */
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,

        ['#'] = 1, ['%'] = 1, ['/'] = 1, [';'] = 1, ['\\'] = 1, [0x7f] = 1
    };

    return !odd[c];
}


static const char *
violet_route_check_char(unsigned char c)
{
    switch (c) {

    case ';':
        return "The path must not contain \";\".";

    case '#':
        return "The request URI must not contain \"#\".";

    case '\\':
        return "The path must not contain a backslash.";
    }

    if (c < 0x20 || c == 0x7f) {
        return "The path must not contain control characters.";
    }

    return NULL;
}


/* The offset after the first segment "v1" and its slash; 0 without "v1". */

static size_t
violet_route_after_version(const violet_text_t *uri)
{
    size_t  i;

    for (i = 0; i + 3 <= uri->len; i++) {

        if (memcmp(uri->data + i, "/v1", 3) != 0) {
            continue;
        }

        if (i + 3 == uri->len) {
            return i + 3;
        }

        if (uri->data[i + 3] == '/') {
            return i + 4;
        }
    }

    return 0;
}


static size_t
violet_route_after_prefix(const violet_text_t *uri,
    const violet_text_t *prefix)
{
    if (prefix->len != 0
        && prefix->len <= uri->len
        && memcmp(uri->data, prefix->data, prefix->len) == 0)
    {
        return prefix->len;
    }

    /* a rewrite has replaced the prefix: the path is all after the slash */

    return 1;
}


static int
violet_route_is_auth(const violet_text_t *uri, size_t offset)
{
    size_t        len;
    const char   *data, *end;

    data = uri->data + offset;
    len = uri->len - offset;

    end = memchr(data, '/', len);

    if (end != NULL) {
        len = (size_t) (end - data);
    }

    /* Spring may read the text after a dot as the format that is wanted */

    end = memchr(data, '.', len);

    if (end != NULL) {
        len = (size_t) (end - data);
    }

    return (len == 5 && memcmp(data, "login", 5) == 0)
           || (len == 4 && memcmp(data, "auth", 4) == 0);
}


static const char *
violet_route_cart(const violet_route_request_t *request,
    const violet_route_path_t *path, violet_route_t *route)
{
    int           n, submit;
    int64_t       cart_id;
    const char   *action;

    if (path->n == 1) {
        return violet_route_order(request, path, route);
    }

    if (path->n != 4) {
        return NULL;
    }

    submit = violet_route_extended(&path->segments[3], "submit");

    if (!violet_text_equal(path->segments[0], "checkout")
        || !violet_text_equal(path->segments[1], "cart")
        || (!submit
            && !(violet_route_extended(&path->segments[3], "payment")
                 && violet_text_equal(request->method, "POST"))))
    {
        return NULL;
    }

    action = submit ? "submit" : "payment";

    /* Spring may read it as a submit, with the format that is wanted */

    if (!violet_text_equal(path->segments[3], action)) {
        return "\"submit\" and \"payment\" must not have an extension.";
    }

    cart_id = violet_route_number(&path->segments[2], INT64_MAX);

    if (cart_id == 0) {
        return "cart_id must be a decimal number from 1 to "
               "9223372036854775807 without sign or leading zeros.";
    }

    route->id = submit ? VIOLET_ROUTE_CART_SUBMIT : VIOLET_ROUTE_CART_PAYMENT;

    if (violet_text_equal(request->method, "GET")
        || violet_text_equal(request->method, "HEAD"))
    {
        route->id = VIOLET_ROUTE_CART_OUTCOME;

    } else if (!violet_text_equal(request->method, "POST")) {
        route->id = VIOLET_ROUTE_OTHER;
        return NULL;
    }

    n = snprintf(route->path, sizeof(route->path),
                 "checkout/cart/%" PRId64 "/%s", cart_id, action);

    if (n < 0 || (size_t) n >= sizeof(route->path)) {
        return "The path cannot be spelled.";
    }

    route->cart_id = cart_id;
    route->path_len = (size_t) n;

    return NULL;
}


static const char *
violet_route_order(const violet_route_request_t *request,
    const violet_route_path_t *path, violet_route_t *route)
{
    if (!violet_route_extended(&path->segments[0], "orders")
        || !violet_text_equal(request->method, "POST"))
    {
        return NULL;
    }

    if (!violet_text_equal(path->segments[0], "orders")) {
        return "\"orders\" must not have an extension.";
    }

    memcpy(route->path, "orders", sizeof("orders"));

    route->id = VIOLET_ROUTE_ORDER_CREATE;
    route->path_len = sizeof("orders") - 1;

    return NULL;
}

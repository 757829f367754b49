
/*
 * libFuzzer target of the routes: no spelling of a request that Spring reads
 * as a special route is taken for another one, and the canonical spelling of a
 * request is the same request.  The first byte chooses the method and the
 * prefix; the rest is the target of a request, as a caller sends it, which is
 * decoded and normalized as by nginx.
 */

#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "violet_args.h"
#include "violet_route.h"


#define FUZZ_ROUTE_APP       10000
#define FUZZ_ROUTE_SEGMENTS  64


int fuzz_route(const uint8_t *data, size_t size);


static const char *const  fuzz_route_methods[] = {
    "GET", "POST", "HEAD", "PUT", "DELETE", "get"
};

static const char *const  fuzz_route_prefixes[] = { "/v1/", "/violet/", "/" };


/*
 * nginx's ngx_http_parse_complex_uri(), as far as it changes a path: escapes
 * are decoded once, "//" is merged, "." and ".." are resolved.  Returns the
 * length, or -1 where nginx answers 400.
 */

static int
fuzz_route_normalize(const char *raw, size_t len, char *uri)
{
    int     c, n, start;
    size_t  i;

    n = 0;
    start = 0;

    if (len == 0 || raw[0] != '/') {
        return -1;
    }

    for (i = 0; i <= len; i++) {

        c = i < len ? (unsigned char) raw[i] : '/';

        if (c == '%') {
            c = violet_args_unescape(raw + i, len - i);

            if (c <= 0) {
                return -1;
            }

            i += 2;
        }

        if (c != '/') {
            uri[n++] = (char) c;
            continue;
        }

        /* a segment has ended */

        if (n - start == 1 && uri[start] == '.') {
            n = start;

        } else if (n - start == 2 && memcmp(uri + start, "..", 2) == 0) {

            if (start <= 1) {
                return -1;
            }

            for (n = start - 1; uri[n - 1] != '/'; n--) { /* void */ }

        } else if (i < len && (n == 0 || uri[n - 1] != '/')) {
            uri[n++] = '/';
        }

        start = n;
    }

    return n;
}


/* A number as Integer.decode() and Long.valueOf() read it; 0: none. */

static int64_t
fuzz_route_number(const char *text, size_t len)
{
    int       digit, base;
    size_t    i;
    int64_t   value;

    if (len > 5 && memcmp(text + len - 5, ".json", 5) == 0) {
        len -= 5;
    }

    i = len && *text == '+';
    base = 10;

    if (len > i + 2 && text[i] == '0' && (text[i + 1] | 0x20) == 'x') {
        base = 16;
        i += 2;
    }

    if (i == len) {
        return 0;
    }

    for (value = 0; i < len; i++) {
        digit = base == 10 && (text[i] < '0' || text[i] > '9')
                ? -1 : violet_text_hex(text[i]);

        if (digit < 0 || value > (INT64_MAX - digit) / base) {
            return 0;
        }

        value = value * base + digit;
    }

    return value;
}


static int
fuzz_route_is(const violet_text_t *segment, const char *word)
{
    size_t  len;

    len = strlen(word);

    return segment->len >= len && memcmp(segment->data, word, len) == 0
           && (segment->len == len || segment->data[len] == '.');
}


/*
 * How a lenient Spring would read the path after "v1": without matrix
 * parameters, empty segments and a format at the end.
 */

static violet_route_id_t
fuzz_route_spring(const char *method, const char *path, size_t len,
    int64_t *number)
{
    int             reads, posts;
    size_t          i, n, start, end;
    violet_text_t   s[FUZZ_ROUTE_SEGMENTS];

    n = 0;
    *number = 0;

    for (start = 0; start < len && n < FUZZ_ROUTE_SEGMENTS; start = end + 1) {

        for (end = start; end < len && path[end] != '/'; end++) { /* void */ }

        for (i = start; i < end && path[i] != ';'; i++) { /* void */ }

        if (i > start) {
            s[n].data = path + start;
            s[n++].len = i - start;
        }
    }

    reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    posts = strcmp(method, "POST") == 0;

    if (n && (fuzz_route_is(&s[0], "login") || fuzz_route_is(&s[0], "auth"))) {
        return VIOLET_ROUTE_AUTH;
    }

    if (n == 1 && posts && fuzz_route_is(&s[0], "orders")) {
        return VIOLET_ROUTE_ORDER_CREATE;
    }

    if (n == 4 && posts && violet_text_equal(s[0], "checkout")
        && violet_text_equal(s[1], "cart"))
    {
        *number = fuzz_route_number(s[2].data, s[2].len);

        if (*number && fuzz_route_is(&s[3], "submit")) {
            return VIOLET_ROUTE_CART_SUBMIT;
        }

        if (*number && fuzz_route_is(&s[3], "payment")) {
            return VIOLET_ROUTE_CART_PAYMENT;
        }
    }

    /* a format ends the whole path */

    if (n < 2 || n > 3 || !violet_text_equal(s[0], "operations")
        || !(n == 2 ? fuzz_route_is(&s[1], "connection_health")
                    : violet_text_equal(s[1], "connection_health")))
    {
        return VIOLET_ROUTE_OTHER;
    }

    if (n == 2) {
        return reads ? VIOLET_ROUTE_CONNECTION_HEALTH_LIST
                     : VIOLET_ROUTE_OTHER;
    }

    *number = fuzz_route_number(s[2].data, s[2].len);

    if (*number == 0 || *number > INT_MAX) {
        return VIOLET_ROUTE_OTHER;
    }

    return reads ? VIOLET_ROUTE_CONNECTION_HEALTH
                 : posts ? VIOLET_ROUTE_CONNECTION_HEALTH_REPORT
                         : VIOLET_ROUTE_OTHER;
}


/* The path for Violet has the number as it is printed. */

static void
fuzz_route_spelling(const violet_route_t *route)
{
    char  path[64];

    switch (route->id) {

    case VIOLET_ROUTE_CONNECTION_HEALTH:
    case VIOLET_ROUTE_CONNECTION_HEALTH_REPORT:
        (void) snprintf(path, sizeof(path), "operations/connection_health/%"
                        PRId32, route->merchant_id);
        break;

    case VIOLET_ROUTE_CART_SUBMIT:
        (void) snprintf(path, sizeof(path), "checkout/cart/%" PRId64 "/submit",
                        route->cart_id);
        break;

    default:
        return;
    }

    if (strcmp(route->path, path) != 0) {
        abort();
    }
}


/* The canonical spelling is the same route, and spelled the same. */

static void
fuzz_route_again(const violet_route_request_t *request,
    const violet_route_t *route)
{
    char                     uri[128];
    violet_route_t           again;
    violet_route_request_t   canonical;

    if (route->path_len == 0) {
        return;
    }

    if (route->path_len >= sizeof(route->path)
        || route->args_len >= sizeof(route->args))
    {
        abort();
    }

    memcpy(uri, "/v1/", 4);
    memcpy(uri + 4, route->path, route->path_len);

    canonical = *request;
    canonical.uri.data = uri;
    canonical.uri.len = 4 + route->path_len;
    canonical.raw_uri = canonical.uri;
    canonical.args.data = route->args;
    canonical.args.len = route->args_len;

    if (violet_route_match(&canonical, &again) != VIOLET_ROUTE_OK
        || again.id != route->id
        || again.merchant_id != route->merchant_id
        || again.cart_id != route->cart_id
        || again.refresh != route->refresh
        || again.exclude_public != route->exclude_public
        || again.path_len != route->path_len
        || memcmp(again.path, route->path, route->path_len) != 0
        || again.args_len != route->args_len
        || memcmp(again.args, route->args, route->args_len) != 0)
    {
        abort();
    }
}


static void
fuzz_route_target(const char *method, const char *prefix, const char *raw,
    size_t len, char *uri)
{
    int                      n;
    int64_t                  number;
    const char              *args;
    violet_route_t           route;
    violet_route_id_t        id;
    violet_route_request_t   request;

    args = memchr(raw, '?', len);
    n = fuzz_route_normalize(raw, args ? (size_t) (args - raw) : len, uri);

    if (n < 1) {
        return;
    }

    request.method = (violet_text_t) { method, strlen(method) };
    request.uri = (violet_text_t) { uri, (size_t) n };
    request.raw_uri = (violet_text_t) { raw, len };
    request.args = (violet_text_t) { args ? args + 1 : raw,
                                     args ? (size_t) (raw + len - args - 1)
                                          : 0 };
    request.prefix = (violet_text_t) { prefix, strlen(prefix) };
    request.app_id = FUZZ_ROUTE_APP;

    if (violet_route_match(&request, &route) != VIOLET_ROUTE_OK) {

        if (route.reason == NULL
            || route.reason[strlen(route.reason) - 1] != '.')
        {
            abort();
        }

        return;
    }

    if (route.reason || route.path_offset > (size_t) n) {
        abort();
    }

    fuzz_route_spelling(&route);
    fuzz_route_again(&request, &route);

    id = fuzz_route_spring(method, uri + route.path_offset,
                           (size_t) n - route.path_offset, &number);

    if (id != VIOLET_ROUTE_OTHER
        && (id != route.id
            || (number != route.merchant_id && number != route.cart_id)))
    {
        abort();
    }
}


int
fuzz_route(const uint8_t *data, size_t size)
{
    char        *raw, *uri;
    const char  *method, *prefix;

    if (size < 2) {
        return 0;
    }

    /* blocks of their own, so that a read past an end is seen */

    raw = malloc(size - 1);
    uri = malloc(size + 1);

    if (raw == NULL || uri == NULL) {
        abort();
    }

    memcpy(raw, data + 1, size - 1);

    method = fuzz_route_methods[data[0] % 6];
    prefix = fuzz_route_prefixes[data[0] / 6 % 3];

    fuzz_route_target(method, prefix, raw, size - 1, uri);

    free(raw);
    free(uri);

    return 0;
}

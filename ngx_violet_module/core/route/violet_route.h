
/*
 * Matches a request to one of Violet's routes, by its decoded and normalized
 * path and its raw arguments.  A matched request gets a canonical path and
 * canonical arguments, so that no spelling of a request avoids the cache, the
 * limit or the block.
 */

#ifndef VIOLET_ROUTE_H
#define VIOLET_ROUTE_H


#include <stdint.h>

#include "violet_text.h"


typedef enum {
    VIOLET_ROUTE_OTHER = 0,
    VIOLET_ROUTE_CONNECTION_HEALTH,
    VIOLET_ROUTE_CONNECTION_HEALTH_LIST,
    VIOLET_ROUTE_CONNECTION_HEALTH_REPORT,
    VIOLET_ROUTE_CART_SUBMIT,
    VIOLET_ROUTE_CART_PAYMENT,    /* submits, depending on its body */
    VIOLET_ROUTE_ORDER_CREATE,
    VIOLET_ROUTE_CART_OUTCOME,    /* what became of a submit */
    VIOLET_ROUTE_AUTH
} violet_route_id_t;


typedef enum {
    VIOLET_ROUTE_OK = 0,

    /* the request is refused, see "reason" */
    VIOLET_ROUTE_INVALID
} violet_route_status_t;


typedef struct {
    violet_text_t       method;    /* "GET", exact case matters */
    violet_text_t       uri;       /* decoded, normalized, without args */
    violet_text_t       raw_uri;   /* as the caller sent it, with args */
    violet_text_t       args;      /* raw, without the question mark */
    violet_text_t       prefix;    /* name of the location, ends in "/" */
    int32_t             app_id;    /* the app's own id */
} violet_route_request_t;


typedef struct {
    violet_route_id_t   id;

    /* offset of the API path in "uri", in bytes */
    size_t              path_offset;

    /* 0 where the route has none */
    int32_t             merchant_id;
    int64_t             cart_id;

    /* connection_health and its report only */
    unsigned            refresh:1;

    /* connection_health_list only */
    unsigned            exclude_public:1;

    /*
     * the canonical API path without a leading slash
     * ("operations/connection_health/42"), for captured routes;
     * empty on the others
     */
    char                path[64];
    size_t              path_len;

    /*
     * the canonical arguments of connection_health and its report
     * ("refresh=true" or empty; the app's id is in a header field) and of the
     * list ("app_id=10000&exclude_public=true"); empty on the others
     */
    char                args[48];
    size_t              args_len;

    /* VIOLET_ROUTE_INVALID: the error, a static sentence for the caller */
    const char         *reason;
} violet_route_t;


/*
 * Matches a request and fills in *route, which need not be initialized and
 * never points into the request.
 *
 * The API path is what follows the first segment "v1" of the URI, or what
 * follows the prefix of the location if there is no such segment.
 *
 * Returns VIOLET_ROUTE_OK, or VIOLET_ROUTE_INVALID with a reason for what
 * nginx and Violet (Spring) could read differently: matrix parameters,
 * "#", a backslash or a control character, raw or encoded; an empty
 * segment; a captured route whose id is not canonical; on
 * connection_health and its list an invalid argument, or an app_id of another
 * app.
 */

violet_route_status_t violet_route_match(const violet_route_request_t *request,
    violet_route_t *route);


/* True for the three routes that submit a cart or an order. */

int violet_route_submits(violet_route_id_t id);


/* The name of a route as in $violet_route, static and NUL-terminated. */

const char *violet_route_name(violet_route_id_t id);


#endif /* VIOLET_ROUTE_H */


/*
 * Which of Violet's routes a request is for.  Matching is on the decoded and
 * normalized path and on the raw arguments; what it accepts it also spells
 * anew, so that Violet is asked for one canonical form and no spelling gets
 * round the cache, the limit or the block.
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
    VIOLET_ROUTE_CART_PAYMENT,    /* submits, if its body says so */
    VIOLET_ROUTE_ORDER_CREATE,
    VIOLET_ROUTE_AUTH
} violet_route_id_t;


typedef enum {
    VIOLET_ROUTE_OK = 0,

    /* the request is refused, "reason" says why in one sentence */
    VIOLET_ROUTE_INVALID
} violet_route_status_t;


typedef struct {
    violet_text_t       method;    /* "GET", exact case matters */
    violet_text_t       uri;       /* decoded, normalized, without args */
    violet_text_t       raw_uri;   /* as the caller sent it, args included */
    violet_text_t       args;      /* raw, without the question mark */
    violet_text_t       prefix;    /* name of the location, ends in "/" */
    int32_t             app_id;    /* the app's own id */
} violet_route_request_t;


typedef struct {
    violet_route_id_t   id;

    /* where the API path begins in "uri", in bytes */
    size_t              path_offset;

    /* 0 where the route has none */
    int32_t             merchant_id;
    int64_t             cart_id;

    /* of VIOLET_ROUTE_OTHER: the cart or order that a GET shows, else 0 */
    int64_t             read_id;

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
     * ("refresh=true" or none: the header says the app's id) and of the list
     * ("app_id=10000&exclude_public=true"); empty on the others
     */
    char                args[48];
    size_t              args_len;

    /* for VIOLET_ROUTE_INVALID: a sentence for the caller, static */
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
 * connection_health and its list an argument that is not understood or an
 * app_id that is not the app's own.
 */

violet_route_status_t violet_route_match(const violet_route_request_t *request,
    violet_route_t *route);


/* Is it one of the three doors by which a cart or order is submitted? */

int violet_route_submits(violet_route_id_t id);


/* The name of a route as in $violet_route, static and NUL-terminated. */

const char *violet_route_name(violet_route_id_t id);


#endif /* VIOLET_ROUTE_H */

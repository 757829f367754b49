
/*
 * The three routes of connection health: a merchant's report by GET, the same
 * by POST, and the list of all merchants of an app.
 */

#ifndef VIOLET_ROUTE_HEALTH_H
#define VIOLET_ROUTE_HEALTH_H


#include "violet_route.h"
#include "violet_route_path.h"


/*
 * Fills in *route if the path is one of these routes.  Returns NULL, or if the
 * request is refused the error, a static sentence for the caller.
 */

const char *violet_route_health(const violet_route_request_t *request,
    const violet_route_path_t *path, violet_route_t *route);


#endif /* VIOLET_ROUTE_HEALTH_H */


/*
 * The routes of connection health: one merchant's report, read or asked for
 * anew, and the list of all merchants of an app.
 */

#ifndef VIOLET_ROUTE_HEALTH_H
#define VIOLET_ROUTE_HEALTH_H


#include "violet_route.h"
#include "violet_route_path.h"


/*
 * Fills in *route if the path is one of theirs, and leaves it alone if it is
 * not.  Returns NULL, or for a request that is refused a sentence for the
 * caller, static.
 */

const char *violet_route_health(const violet_route_request_t *request,
    const violet_route_path_t *path, violet_route_t *route);


#endif /* VIOLET_ROUTE_HEALTH_H */

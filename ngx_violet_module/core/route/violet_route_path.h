
/*
 * An API path cut into segments, and what the matchers of the routes ask of
 * one.  Segments point into the request, and nothing is allocated.
 */

#ifndef VIOLET_ROUTE_PATH_H
#define VIOLET_ROUTE_PATH_H


#include <stdint.h>
#include <stddef.h>

#include "violet_text.h"


/* longer than any captured route, so that one segment too many shows */

#define VIOLET_ROUTE_SEGMENTS  5


typedef struct {
    violet_text_t   segments[VIOLET_ROUTE_SEGMENTS];
    unsigned        n;
} violet_route_path_t;


/*
 * Cuts what follows "offset" bytes of the URI; of more than five segments
 * the first five.  After a trailing slash there is no segment.
 */

void violet_route_split(const violet_text_t *uri, size_t offset,
    violet_route_path_t *path);


/* A canonical decimal number from 1 to "max", or 0 if it is not one. */

int64_t violet_route_number(const violet_text_t *text, int64_t max);


/*
 * Is it this word, alone or with an extension ("submit.json")?  Spring may
 * take what follows a dot for the wanted format, so the latter is refused
 * where the former is a route.
 */

int violet_route_extended(const violet_text_t *text, const char *word);


#endif /* VIOLET_ROUTE_PATH_H */

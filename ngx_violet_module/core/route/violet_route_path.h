
/*
 * Cuts an API path into segments, and compares segments with words and
 * numbers.  Segments point into the request; no memory is allocated.
 */

#ifndef VIOLET_ROUTE_PATH_H
#define VIOLET_ROUTE_PATH_H


#include <stdint.h>
#include <stddef.h>

#include "violet_text.h"


/* one more than the longest captured route has */

#define VIOLET_ROUTE_SEGMENTS  5


typedef struct {
    violet_text_t   segments[VIOLET_ROUTE_SEGMENTS];
    unsigned        n;
} violet_route_path_t;


/*
 * Cuts the URI from "offset" into segments, at most VIOLET_ROUTE_SEGMENTS.  No
 * segment follows a trailing slash.
 */

void violet_route_split(const violet_text_t *uri, size_t offset,
    violet_route_path_t *path);


/* Reads a canonical decimal number from 1 to "max"; 0 if it is invalid. */

int64_t violet_route_number(const violet_text_t *text, int64_t max);


/*
 * True for this word, alone or with an extension ("submit.json").  Spring may
 * read an extension as the format that is wanted, so callers refuse it.
 */

int violet_route_extended(const violet_text_t *text, const char *word);


#endif /* VIOLET_ROUTE_PATH_H */

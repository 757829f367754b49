
/*
 * The Accept header (RFC 9110, section 12.5.1): which of some media types the
 * caller wants most.
 */

#ifndef VIOLET_ACCEPT_H
#define VIOLET_ACCEPT_H


#include "violet_text.h"


/*
 * The place in "types" of the type that the header gives the highest weight,
 * the first one of several.  The list ends with NULL; a type is of lower case.
 * Parameters other than "q" are not compared.  -1 if the header names none of
 * them but by "*" wildcards, or is null.
 */

int violet_accept(violet_text_t header, const char *const *types);


#endif /* VIOLET_ACCEPT_H */

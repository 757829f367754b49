
/*
 * The outline of a JSON text: its outer members, and of what is in them the
 * members of one name.  It is for whoever asks little of a large document:
 * a tree of the outline costs a small part of a tree of the whole.
 */

#ifndef VIOLET_JSON_OUTLINE_H
#define VIOLET_JSON_OUTLINE_H


#include <stddef.h>


/*
 * Writes the outline of a text to a buffer of the same length, and returns
 * its own length.  Objects down to the level "keep" (1: the outermost value)
 * keep all their members, deeper ones those that are called "name" or whose
 * names are spelled with escapes.  What is left out is valid JSON to the
 * letter (RFC 8259), but may have members twice.
 *
 * Returns 0 if the text is no JSON, is nested deeper than
 * VIOLET_JSON_MAX_DEPTH, or begins with a BOM.
 */

size_t violet_json_outline(const char *data, size_t len, unsigned keep,
    const char *name, char *outline);


#endif /* VIOLET_JSON_OUTLINE_H */

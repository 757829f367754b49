
/*
 * The outline of a JSON text: a tree of those members that somebody asks for.
 * It is for whoever asks little of a large document: the outline costs a
 * small part of what jansson needs for all of it.
 */

#ifndef VIOLET_JSON_OUTLINE_H
#define VIOLET_JSON_OUTLINE_H


#include <stddef.h>

#include <jansson.h>

#include "violet_text.h"


typedef struct violet_json_pick_s  violet_json_pick_t;

/* One of the members to keep of an object; the last of a list has no name. */

struct violet_json_pick_s {

    /* "*" is any name */
    violet_text_t               name;

    /*
     * What to keep of the value if it is an object, or of each object in it
     * if it is an array; NULL: all of it.
     */
    const violet_json_pick_t   *members;
};


/*
 * Returns a new reference to the outline of a text, an object or an array
 * without those members that are not picked.  What is left out is valid JSON
 * to the letter (RFC 8259), but may have members twice, and any number of
 * values.  Real numbers are there, but all of them are 0.0.
 *
 * Returns NULL if there is none that surely says what the text says: it is no
 * JSON, or nested too deep; what is picked has too many values, an object
 * with a name twice, a very long name or one with escapes, a string with half
 * a surrogate pair, too many bytes in strings with escapes, an integer that
 * no int64_t holds; memory ran out.  The text as a whole must then be parsed,
 * if it is not too large for that.
 */

json_t *violet_json_outline(const char *data, size_t len,
    const violet_json_pick_t *members);


#endif /* VIOLET_JSON_OUTLINE_H */

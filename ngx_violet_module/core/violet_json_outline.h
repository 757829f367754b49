
/*
 * The outline of a JSON text: of its members those that somebody asks for.
 * It is for whoever asks little of a large document: a tree of the outline
 * costs a small part of a tree of the whole.
 */

#ifndef VIOLET_JSON_OUTLINE_H
#define VIOLET_JSON_OUTLINE_H


#include <stddef.h>

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
 * Returns the outline of a text, of "size" bytes, which are no more than the
 * text has; the caller frees it.  A member whose name is spelled with escapes
 * is kept, too, and all of what is no object or array of objects.  What is
 * left out is valid JSON to the letter (RFC 8259), but may have members
 * twice.
 *
 * Returns NULL if the text is no JSON, is nested deeper than
 * VIOLET_JSON_MAX_DEPTH, or begins with a BOM, and if memory runs out.
 */

char *violet_json_outline(const char *data, size_t len,
    const violet_json_pick_t *members, size_t *size);


#endif /* VIOLET_JSON_OUTLINE_H */

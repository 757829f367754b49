
/*
 * The outline of a JSON text: a tree of the picked members only.  For a large
 * document of which few members are needed, it costs a small part of the time
 * and memory that jansson needs for the whole.
 */

#ifndef VIOLET_JSON_OUTLINE_H
#define VIOLET_JSON_OUTLINE_H


#include <stddef.h>

#include <jansson.h>

#include "violet_text.h"


typedef struct violet_json_pick_s  violet_json_pick_t;

/* A member of an object to pick; the last item of a list has a null name. */

struct violet_json_pick_s {

    /* "*" is any name */
    violet_text_t               name;

    /*
     * The members to pick of the value if it is an object, or of each object
     * in it if it is an array; NULL: all.
     */
    const violet_json_pick_t   *members;
};


/*
 * Returns a new reference to the outline of a text: an object or an array
 * with the picked members.  The members that are left out are checked to be
 * valid JSON (RFC 8259), but may have the same name twice and any number of
 * values.  All real numbers become 0.0.
 *
 * Returns NULL if memory ran out, or if the text needs the full parser:
 * invalid JSON, nested too deep; or, in what is picked, too many values, a
 * name that occurs twice, is very long or has escapes, a lone surrogate, too
 * many bytes in strings with escapes, an integer beyond int64_t.
 */

json_t *violet_json_outline(const char *data, size_t len,
    const violet_json_pick_t *members);


#endif /* VIOLET_JSON_OUTLINE_H */


/*
 * JSON from untrusted sources, parsed by jansson within bounds, and getters
 * that accept a value of any type.  The caller of a parser owns the tree;
 * texts and values that a getter returns live as long as the tree.
 */

#ifndef VIOLET_JSON_H
#define VIOLET_JSON_H


#include <stdint.h>
#include <stddef.h>

#include <jansson.h>

#include "violet_text.h"


/*
 * The bounds of a text that jansson parses: levels of nesting, number of
 * values, and bytes.  A worker does nothing else while it parses; within
 * these bounds that takes about 10 ms.
 */

#define VIOLET_JSON_MAX_DEPTH   64
#define VIOLET_JSON_MAX_VALUES  32768
#define VIOLET_JSON_MAX_WHOLE   (256 * 1024)


typedef struct {
    /* a static text */
    const char  *reason;

    /* place of the error in bytes, 0 if unknown */
    size_t       offset;

    /*
     * memory ran out, so the text may be valid; not always set, since
     * jansson does not always report it
     */
    unsigned     memory:1;
} violet_json_error_t;


/* an id, which may be unknown */

typedef struct {
    int64_t      value;
    unsigned     known:1;
} violet_id_t;


/*
 * Parses an object or an array of at most VIOLET_JSON_MAX_WHOLE bytes; use
 * violet_json_outline() for a larger one.  Returns a new reference, or NULL
 * and fills in *error.  An integer beyond int64_t is read as null, and a real
 * number beyond double as 0.0.
 */

json_t *violet_json_parse(const char *data, size_t len,
    violet_json_error_t *error);


/*
 * The same for all that is JSON by RFC 8259: a lone surrogate, and a null
 * character in a name, are read as U+FFFD; of members with the same name the
 * last one counts.  *twice is set if an object at most "depth" levels deep
 * has two members with the same name, and "names" has that name.  "names" has
 * at most 64 names and ends with NULL.
 */

json_t *violet_json_parse_loose(const char *data, size_t len,
    const char *const *names, unsigned depth, int *twice,
    violet_json_error_t *error);


/* The text without a byte order mark, and without JSON's white space around. */

violet_text_t violet_json_trim(violet_text_t text);


/*
 * The member called "snake" or, if that is absent or null, "camel" (which
 * may be NULL).  NULL if both are absent or null, or "object" is no object.
 */

json_t *violet_json_get(const json_t *object, const char *snake,
    const char *camel);


/* The same if it is an array, else NULL. */

json_t *violet_json_array(const json_t *object, const char *snake,
    const char *camel);


/* The same if it is a string, else a null text. */

violet_text_t violet_json_text(const json_t *object, const char *snake,
    const char *camel);


/* The same if it is an id, else unknown. */

violet_id_t violet_json_id(const json_t *object, const char *snake,
    const char *camel);


/*
 * The items of an array.  A value of another type counts as an array with
 * this value as its only item, NULL as an empty one.
 */

size_t violet_json_count(const json_t *value);
const json_t *violet_json_item(const json_t *value, size_t i);


/* The text of a string; a null text for any other value, or for NULL. */

violet_text_t violet_json_to_text(const json_t *value);


/*
 * The id in an integer, or in a string with a canonical decimal number (no
 * plus sign, no leading zeros) within int64_t.  Unknown for any other value.
 */

violet_id_t violet_json_to_id(const json_t *value);


/*
 * True of an object that is Violet's API exception, in its present or its
 * older form, rather than an order.
 */

int violet_json_is_exception(const json_t *root);


/*
 * Seeds jansson's hash.  Called once, before workers are started: jansson
 * then reads the source of random numbers during no request.
 */

void violet_json_init(void);


#endif /* VIOLET_JSON_H */

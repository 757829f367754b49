
/*
 * jansson within bounds: hostile bytes in, a tree or a reason out, and
 * getters that take any type of value without surprise.  A tree belongs to
 * who parsed it; texts and values that a getter returns live as long as the
 * tree does.
 */

#ifndef VIOLET_JSON_H
#define VIOLET_JSON_H


#include <stdint.h>
#include <stddef.h>

#include <jansson.h>

#include "violet_text.h"


/*
 * Nesting, values in all, and bytes of a text that is parsed as a whole.  A
 * value of two bytes costs as much as one of a hundred, and nothing else is
 * done meanwhile: within these bounds a parse takes some 10 ms.
 */

#define VIOLET_JSON_MAX_DEPTH   64
#define VIOLET_JSON_MAX_VALUES  32768
#define VIOLET_JSON_MAX_WHOLE   (256 * 1024)


typedef struct {
    /* static */
    const char  *reason;

    /* where the parser gave up, in bytes; 0 if it did not get that far */
    size_t       offset;

    /*
     * memory ran out, so nothing is known of the text; where jansson does
     * not notice why it failed, this is not set
     */
    unsigned     memory:1;
} violet_json_error_t;


/* an id, or that it is not known */

typedef struct {
    int64_t      value;
    unsigned     known:1;
} violet_id_t;


/*
 * Parses an object or an array of at most VIOLET_JSON_MAX_WHOLE bytes; of a
 * larger one violet_json_outline() reads what is needed.  Returns a new
 * reference, or NULL and the reason.  Numbers that no int64_t or double can
 * hold are read as null or 0.0 and do not spoil the rest.
 */

json_t *violet_json_parse(const char *data, size_t len,
    violet_json_error_t *error);


/*
 * The same for whatever RFC 8259 calls JSON: half a surrogate pair, and a
 * null in a name, are read as U+FFFD, and of members of one name the last one
 * counts.  "twice" is set if an object, nested at most "depth" deep, has a
 * member of one of "names" twice; at most 64, ending with NULL.
 */

json_t *violet_json_parse_loose(const char *data, size_t len,
    const char *const *names, unsigned depth, int *twice,
    violet_json_error_t *error);


/* The text without a BOM, and without the white space of JSON around it. */

violet_text_t violet_json_trim(violet_text_t text);


/*
 * The member called "snake" or, if that is absent or null, "camel" (which
 * may be NULL); NULL if there is none, it is null, or "object" is no object.
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
 * The items of an array; what should be one, but is some other value, counts
 * as its only item.  NULL has none.
 */

size_t violet_json_count(const json_t *value);
const json_t *violet_json_item(const json_t *value, size_t i);


/* The text of a string; a null text for all else, NULL included. */

violet_text_t violet_json_to_text(const json_t *value);


/*
 * The id in an integer or a decimal string that an int64_t can hold, in its
 * canonical form (no plus sign, no leading zeros); unknown for all else.
 */

violet_id_t violet_json_to_id(const json_t *value);


/*
 * True of an object that is Violet's API exception, in its present or its
 * older form, rather than an order.
 */

int violet_json_is_exception(const json_t *root);


/*
 * Seeds jansson's hash once, before there are workers, so that no request
 * has to read the random source.
 */

void violet_json_init(void);


#endif /* VIOLET_JSON_H */


/*
 * What jansson refuses although RFC 8259 calls it JSON: numbers that it
 * cannot hold, halves of surrogate pairs, nulls in names, names that occur
 * twice.  Repairs are made in a copy, byte for byte, so that offsets stay
 * true, and only of what looks well formed: whether the whole is JSON remains
 * to be said of the text as it was.
 */

#ifndef VIOLET_JSON_REPAIR_H
#define VIOLET_JSON_REPAIR_H


#include <stdint.h>
#include <stddef.h>


/*
 * Puts null or 0.0 in the place of numbers that no int64_t or double may be
 * able to hold.
 */

void violet_json_repair_numbers(char *data, size_t len);


/*
 * The same, and U+FFFD in the place of an escape that is half a surrogate
 * pair, or a null in a name.
 */

void violet_json_repair(char *data, size_t len);


/*
 * Does an object that is nested at most "depth" deep have a member of one of
 * these names twice, however it is spelled?  The text is JSON, within the
 * bounds of violet_json.h; "names" has at most 64, of ASCII letters and "_",
 * and ends with NULL.
 */

int violet_json_twice(const char *data, size_t len, const char *const *names,
    unsigned depth);


/* From the opening quote to the closing one, or to the last byte. */

const char *violet_json_skip_string(const char *p, const char *last);


/* Canonical decimal; returns -1 if it is none or out of range. */

int violet_json_integer(const char *data, size_t len, int64_t *value);


#endif /* VIOLET_JSON_REPAIR_H */

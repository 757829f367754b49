
/*
 * Repairs of texts that are JSON by RFC 8259 but that jansson refuses:
 * numbers beyond its types, lone surrogates, null characters in names.
 * Repairs are made in a copy of the same length, so that offsets of errors
 * stay right.  A repair may make an invalid text valid: the caller must check
 * the original text too.
 */

#ifndef VIOLET_JSON_REPAIR_H
#define VIOLET_JSON_REPAIR_H


#include <stdint.h>
#include <stddef.h>


/* Replaces integers beyond int64_t by null, and real numbers by 0.0. */

void violet_json_repair_numbers(char *data, size_t len);


/*
 * The same; also replaces the escape of a lone surrogate, or of a null
 * character in a name, by that of U+FFFD.
 */

void violet_json_repair(char *data, size_t len);


/*
 * True if an object at most "depth" levels deep has two members with the same
 * name, with or without escapes, and "names" has that name.  The text must be
 * JSON within the bounds of violet_json.h.  "names" has at most 64 names, of
 * ASCII letters and "_", and ends with NULL.
 */

int violet_json_twice(const char *data, size_t len, const char *const *names,
    unsigned depth);


/* The closing quote of the string that begins at "p", or the last byte. */

const char *violet_json_skip_string(const char *p, const char *last);


/* Reads a canonical decimal number.  -1 if it is invalid or out of range. */

int violet_json_integer(const char *data, size_t len, int64_t *value);


#endif /* VIOLET_JSON_REPAIR_H */

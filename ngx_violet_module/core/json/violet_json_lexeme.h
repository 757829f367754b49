
/*
 * The lexemes of JSON, checked strictly by RFC 8259 and RFC 3629.  The
 * functions decode, copy and keep nothing; what they return points into the
 * caller's text.
 */

#ifndef VIOLET_JSON_LEXEME_H
#define VIOLET_JSON_LEXEME_H


#include <stdint.h>

#include "violet_text.h"


/* The first byte that is not white space, or "last". */

const char *violet_json_white(const char *p, const char *last);


/* The same.  Most answers have no white space: one comparison tells. */

static inline const char *
violet_json_space(const char *p, const char *last)
{
    if (p < last && *p > ' ') {
        return p;
    }

    return violet_json_white(p, last);
}


/*
 * Steps over the value of any type that begins at "p", and the white space
 * after it.  Returns the next byte, or NULL if the value is invalid or nested
 * more than "room" levels deep.  "room" is 64 at most.
 */

const char *violet_json_value(const char *p, const char *last, unsigned room);


/*
 * Reads the name of a member that begins at "p", and steps over its colon and
 * the white space around.  Returns the first byte of the member's value, or
 * "last", or NULL if the name is invalid.  "name" and "plain" are set as by
 * violet_json_string().
 */

const char *violet_json_name(const char *p, const char *last,
    violet_text_t *name, int *plain);


/*
 * A set of names, of which it says "may be": a bit for each name by its length
 * and its first byte, and one by its length and the byte in its middle.
 */

typedef struct {
    uint64_t  first;
    uint64_t  middle;
} violet_json_names_t;


static inline void
violet_json_add_name(violet_json_names_t *names, const char *name, size_t len)
{
    names->first |= UINT64_C(1) << (((unsigned char) name[0] + len) & 63);
    names->middle |= UINT64_C(1)
                     << (((unsigned char) name[len / 2] + len) & 63);
}


static inline int
violet_json_may_be(const violet_json_names_t *names, const char *name,
    size_t len)
{
    return (names->first >> (((unsigned char) name[0] + len) & 63) & 1)
           && (names->middle >> (((unsigned char) name[len / 2] + len) & 63)
               & 1);
}


/*
 * Steps over members of an object from the name at "p" on, as many as are in a
 * row that are easy to check and are not of "names".  Sets "ended" if what
 * is returned follows a member; else a name begins there, or nothing that is
 * valid.
 */

const char *violet_json_members(const char *p, const char *last,
    const violet_json_names_t *names, int *ended);


/*
 * The byte after the word, or NULL if the word does not begin at "p".  It is
 * inline, so that the length of a literal is known.
 */

static inline const char *
violet_json_word(const char *p, const char *last, const char *word)
{
    size_t  len;

    len = strlen(word);

    if ((size_t) (last - p) < len || memcmp(p, word, len) != 0) {
        return NULL;
    }

    return p + len;
}


/*
 * Reads the string that begins at the quote "p".  Returns the byte after it,
 * or NULL if it is invalid: it has no end, or has a control character, a bad
 * escape or invalid UTF-8.  A lone surrogate in an escape is valid, as in the
 * grammar.  Sets "text" to the bytes between the quotes, and "plain" to true
 * if there is no escape.
 */

const char *violet_json_string(const char *p, const char *last,
    violet_text_t *text, int *plain);


/*
 * Reads the number that begins at "p".  Returns the byte after it, or NULL if
 * it is invalid.  Sets "real" to true if it has a fraction or an exponent.
 */

const char *violet_json_number(const char *p, const char *last, int *real);


/* The first byte at or after "p" that is no digit, or "last". */

const char *violet_json_digits(const char *p, const char *last);


#endif /* VIOLET_JSON_LEXEME_H */

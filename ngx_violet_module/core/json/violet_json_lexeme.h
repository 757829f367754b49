
/*
 * The lexemes of JSON, checked to the letter (RFC 8259, RFC 3629).  The
 * outline steps over them and the repair looks for them.  Nothing is decoded,
 * copied or kept; a text of the caller's must outlive what points into it.
 */

#ifndef VIOLET_JSON_LEXEME_H
#define VIOLET_JSON_LEXEME_H


#include "violet_text.h"


/* The first byte that is no white space, or "last". */

const char *violet_json_space(const char *p, const char *last);


/*
 * The value that begins at "p", of any type.  Returns what follows it and the
 * white space after it, or NULL if it is none, or has more than "room"
 * objects and arrays within each other; at most 64, as many as it can note.
 */

const char *violet_json_value(const char *p, const char *last, unsigned room);


/*
 * The name of a member that begins at "p", with its colon and the white space
 * around it.  Returns where the member's value begins, perhaps "last", or
 * NULL if it is none.  "name" and "plain" are as in violet_json_string().
 */

const char *violet_json_name(const char *p, const char *last,
    violet_text_t *name, int *plain);


/* What follows the word, or NULL if something else begins at "p". */

const char *violet_json_word(const char *p, const char *last,
    const char *word);


/*
 * The string that begins at the quote "p".  Returns what follows its end, or
 * NULL if it is none: not ended, with a control character or a bad escape in
 * it, not UTF-8.  Half a surrogate pair is good enough, as in the grammar.
 * "text" is what is between the quotes, "plain" whether it has no escapes.
 */

const char *violet_json_string(const char *p, const char *last,
    violet_text_t *text, int *plain);


/*
 * The number that begins at "p".  Returns what follows it, or NULL if it is
 * none; "real" is whether it has a fraction or an exponent.
 */

const char *violet_json_number(const char *p, const char *last, int *real);


/* What follows the digits, which may be none. */

const char *violet_json_digits(const char *p, const char *last);


#endif /* VIOLET_JSON_LEXEME_H */

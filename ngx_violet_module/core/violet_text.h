
/*
 * A text with its length.  It is not NUL-terminated, and no structure owns the
 * text that it points to.  A null "data" means that there is no text; an empty
 * text has a length of 0 and a pointer that is not null.
 */

#ifndef VIOLET_TEXT_H
#define VIOLET_TEXT_H


#include <stddef.h>
#include <stdint.h>
#include <string.h>


typedef struct {
    const char  *data;
    size_t       len;
} violet_text_t;


#define violet_text(literal)  { literal, sizeof(literal) - 1 }
#define violet_text_null      { NULL, 0 }


/*
 * True if the text is this word, in any letter case of ASCII, whatever the
 * locale.  A null text equals no word.
 */

int violet_text_is(violet_text_t text, const char *word);


/* True if the text is one of these words; NULL ends the list. */

int violet_text_any(violet_text_t text, const char *const *words);


/*
 * True if the text is this word, letter case included.  It is inline, since
 * the length of a literal is then known and the routes compare many.
 */

static inline int
violet_text_equal(violet_text_t text, const char *word)
{
    return text.data != NULL
           && text.len == strlen(word)
           && memcmp(text.data, word, text.len) == 0;
}


/* True if both texts are the same bytes, or both are null. */

int violet_text_same(violet_text_t one, violet_text_t other);


/*
 * True if both texts are the same bytes.  How long it takes depends on the
 * lengths alone, so it may be asked about a secret.
 */

int violet_text_same_secret(violet_text_t one, violet_text_t other);


/*
 * The character that begins at "p" in UTF-8 (RFC 3629: no overlong form, no
 * surrogate, nothing above U+10FFFF).  Returns the byte after it, or NULL if
 * it is invalid or cut off.  "p" must be below "last".
 */

const char *violet_text_utf8(const char *p, const char *last);


/* digits of a number at most: it fits into 64 bits with a sign */

#define VIOLET_TEXT_DIGITS  16


/*
 * Reads a decimal number of 1 to 16 digits, without a sign, a space or a zero
 * before other digits.  Returns 0, or -1 if the text is anything else.
 */

int violet_text_number(violet_text_t text, uint64_t *number);


/* bytes of a number with its sign at most */

#define VIOLET_TEXT_NUMBER  20


/*
 * Writes a decimal number, VIOLET_TEXT_NUMBER bytes at most, and no NUL.
 * Returns the byte after it.
 */

char *violet_text_print(char *p, int64_t number);


/* The value of a hexadecimal digit, from 0 to 15, or -1 for other bytes. */

int violet_text_hex(char c);


/* bytes of a text in the log at most */

#define VIOLET_TEXT_SHOWN  256


/*
 * Writes a text that came from a caller, from Violet or from Redis so that a
 * line of the log may show it between quotes: a byte that is not printable
 * ASCII, a quote and a backslash become "\xHH".  A text that is too long is
 * cut and ends in three dots.  "buf" has room for VIOLET_TEXT_SHOWN bytes.
 * Returns the number of bytes written.
 */

size_t violet_text_shown(const char *data, size_t len, char *buf);


#endif /* VIOLET_TEXT_H */

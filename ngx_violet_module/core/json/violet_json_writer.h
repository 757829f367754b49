
/*
 * Writes one JSON value as text, without a tree: into a buffer that grows, or
 * into one of the caller's.  The caller owns the text in both cases.  After a
 * write has failed, all later writes do nothing, so only "failed" needs a check
 * at the end.
 */

#ifndef VIOLET_JSON_WRITER_H
#define VIOLET_JSON_WRITER_H


#include <stddef.h>
#include <stdint.h>

#include "violet_json.h"
#include "violet_text.h"


/*
 * Filled with zeros, a writer allocates its text with malloc(); "data" is then
 * freed with free(), whether or not a write failed.  With "fixed" it writes to
 * "data", which has "size" bytes, and fails where the text does not fit.
 */

typedef struct {
    char          *data;
    size_t         len;         /* bytes that were written; no NUL follows */
    size_t         size;        /* bytes of the buffer */

    unsigned       fixed:1;     /* the buffer is the caller's */
    unsigned       failed:1;    /* no memory, or no room */
    unsigned       comma:1;     /* the next member or item needs one */
} violet_json_writer_t;


/*
 * Opens an object or an array by its bracket, and closes it.  An item is an
 * object that is opened within an array; each member of an object begins with
 * its name, which is written as it is.
 */

void violet_json_write_open(violet_json_writer_t *w, char bracket);
void violet_json_write_close(violet_json_writer_t *w, char bracket);
void violet_json_write_item(violet_json_writer_t *w);
void violet_json_write_name(violet_json_writer_t *w, const char *name);


/*
 * A member whose value is a text of any bytes: a byte that is not UTF-8 is
 * written as U+FFFD, a null text as null.  A text of more than "max" bytes is
 * cut between two characters and ends with an ellipsis within "max"; "max" is
 * at least 6.
 */

void violet_json_write_text(violet_json_writer_t *w, const char *name,
    violet_text_t text, size_t max);


/* A member whose value is a word without escapes; NULL is written as null. */

void violet_json_write_word(violet_json_writer_t *w, const char *name,
    const char *word);


/* A member whose value is a number; an id that is not known is null. */

void violet_json_write_integer(violet_json_writer_t *w, const char *name,
    int64_t value);
void violet_json_write_id(violet_json_writer_t *w, const char *name,
    violet_id_t id);


/* Bytes as they are, which must be JSON where they are put. */

void violet_json_write_literal(violet_json_writer_t *w, const char *literal);
void violet_json_write_bytes(violet_json_writer_t *w, const char *data,
    size_t len);


#endif /* VIOLET_JSON_WRITER_H */

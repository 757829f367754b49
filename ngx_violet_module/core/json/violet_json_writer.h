
/*
 * A growing text of JSON.
 */

#ifndef VIOLET_JSON_WRITER_H
#define VIOLET_JSON_WRITER_H


#include <stddef.h>
#include <stdint.h>

#include "violet_json.h"
#include "violet_text.h"


typedef struct {
    char          *data;
    size_t         len;
    size_t         size;

    unsigned       fixed:1;     /* the buffer is the caller's */
    unsigned       failed:1;
    unsigned       comma:1;     /* the next member or item needs one */
} violet_sink_t;


void violet_sink_item(violet_sink_t *s);
void violet_sink_open(violet_sink_t *s, char bracket);
void violet_sink_close(violet_sink_t *s, char bracket);
void violet_sink_name(violet_sink_t *s, const char *name);
void violet_sink_within(violet_sink_t *s, const char *name,
    violet_text_t text, size_t max);
void violet_sink_word(violet_sink_t *s, const char *name,
    const char *word);
void violet_sink_integer(violet_sink_t *s, const char *name,
    int64_t value);
void violet_sink_id(violet_sink_t *s, const char *name,
    violet_id_t id);
void violet_sink_literal(violet_sink_t *s, const char *literal);
void violet_sink_bytes(violet_sink_t *s, const char *data, size_t len);


#endif /* VIOLET_JSON_WRITER_H */


/*
 * A growing text of JSON.  The buffer is the writer's while the writer works;
 * its user frees it, or gave it in the first place.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "violet_json_writer.h"


#define VIOLET_PROBLEM_SIZE     2048

#define VIOLET_PROBLEM_CUT      "\xe2\x80\xa6"


static void violet_sink_characters(violet_sink_t *s, violet_text_t text);
static void violet_sink_escape(violet_sink_t *s, unsigned char c);
static int violet_sink_grow(violet_sink_t *s, size_t len);


void
violet_sink_item(violet_sink_t *s)
{
    if (s->comma) {
        violet_sink_literal(s, ",");
    }

    violet_sink_open(s, '{');
}


void
violet_sink_open(violet_sink_t *s, char bracket)
{
    violet_sink_bytes(s, &bracket, 1);
    s->comma = 0;
}


void
violet_sink_close(violet_sink_t *s, char bracket)
{
    violet_sink_bytes(s, &bracket, 1);
    s->comma = 1;
}


void
violet_sink_name(violet_sink_t *s, const char *name)
{
    violet_sink_literal(s, s->comma ? ",\"" : "\"");
    violet_sink_literal(s, name);
    violet_sink_literal(s, "\":");

    s->comma = 1;
}


/* A longer text is cut between two characters. */

void
violet_sink_within(violet_sink_t *s, const char *name, violet_text_t text,
    size_t max)
{
    size_t  i;

    violet_sink_name(s, name);

    if (text.data == NULL) {
        violet_sink_literal(s, "null");
        return;
    }

    violet_sink_literal(s, "\"");

    if (text.len <= max) {
        violet_sink_characters(s, text);

    } else {
        text.len = max - strlen(VIOLET_PROBLEM_CUT);

        for (i = 0; i < 3 && (text.data[text.len] & 0xc0) == 0x80; i++) {
            text.len--;
        }

        violet_sink_characters(s, text);
        violet_sink_literal(s, VIOLET_PROBLEM_CUT);
    }

    violet_sink_literal(s, "\"");
}


/* Writes a static word that needs no escaping; NULL is written as null. */

void
violet_sink_word(violet_sink_t *s, const char *name, const char *word)
{
    violet_sink_name(s, name);

    if (word) {
        violet_sink_literal(s, "\"");
        violet_sink_literal(s, word);
        violet_sink_literal(s, "\"");

    } else {
        violet_sink_literal(s, "null");
    }
}


void
violet_sink_integer(violet_sink_t *s, const char *name, int64_t value)
{
    int   n;
    char  digits[32];

    violet_sink_name(s, name);

    n = snprintf(digits, sizeof(digits), "%" PRId64, value);

    if (n < 0) {
        s->failed = 1;
        return;
    }

    violet_sink_bytes(s, digits, (size_t) n);
}


void
violet_sink_id(violet_sink_t *s, const char *name, violet_id_t id)
{
    if (id.known) {
        violet_sink_integer(s, name, id.value);
        return;
    }

    violet_sink_word(s, name, NULL);
}


static void
violet_sink_characters(violet_sink_t *s, violet_text_t text)
{
    const char  *p, *last, *next, *run;

    p = text.data;
    last = text.data + text.len;
    run = p;

    while (p < last) {

        next = violet_text_utf8(p, last);

        if (next && (unsigned char) *p >= 0x20 && *p != '"' && *p != '\\') {
            p = next;
            continue;
        }

        violet_sink_bytes(s, run, (size_t) (p - run));

        if (next) {
            violet_sink_escape(s, (unsigned char) *p);

        } else {
            violet_sink_literal(s, "\\ufffd");
        }

        p++;
        run = p;
    }

    violet_sink_bytes(s, run, (size_t) (p - run));
}


static void
violet_sink_escape(violet_sink_t *s, unsigned char c)
{
    char               text[6] = { '\\', 'u', '0', '0', '0', '0' };
    static const char  hex[] = "0123456789abcdef";

    switch (c) {

    case '"':
        violet_sink_literal(s, "\\\"");
        break;

    case '\\':
        violet_sink_literal(s, "\\\\");
        break;

    case '\n':
        violet_sink_literal(s, "\\n");
        break;

    case '\r':
        violet_sink_literal(s, "\\r");
        break;

    case '\t':
        violet_sink_literal(s, "\\t");
        break;

    default:
        text[4] = hex[c >> 4];
        text[5] = hex[c & 0xf];
        violet_sink_bytes(s, text, sizeof(text));
        break;
    }
}


void
violet_sink_literal(violet_sink_t *s, const char *literal)
{
    violet_sink_bytes(s, literal, strlen(literal));
}


void
violet_sink_bytes(violet_sink_t *s, const char *data, size_t len)
{
    if (s->failed || len == 0) {
        return;
    }

    if (len > s->size - s->len && violet_sink_grow(s, len) == -1) {
        s->failed = 1;
        return;
    }

    memcpy(s->data + s->len, data, len);
    s->len += len;
}


static int
violet_sink_grow(violet_sink_t *s, size_t len)
{
    char    *data;
    size_t   size;

    if (s->fixed || len > SIZE_MAX / 4 - s->len) {
        return -1;
    }

    size = s->size ? s->size : VIOLET_PROBLEM_SIZE;

    while (size - s->len < len) {
        size *= 2;
    }

    data = realloc(s->data, size);
    if (data == NULL) {
        return -1;
    }

    s->data = data;
    s->size = size;

    return 0;
}

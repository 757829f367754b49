
/*
 * After a write has failed, all later writes do nothing.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "violet_json_writer.h"


/* bytes of the first buffer */
#define VIOLET_JSON_WRITER_SIZE  2048

/* the end of a text that was cut: an ellipsis */
#define VIOLET_JSON_WRITER_CUT   "\xe2\x80\xa6"


static void violet_json_write_characters(violet_json_writer_t *w,
    violet_text_t text);
static void violet_json_write_escape(violet_json_writer_t *w, unsigned char c);
static int violet_json_write_grow(violet_json_writer_t *w, size_t len);


void
violet_json_write_item(violet_json_writer_t *w)
{
    if (w->comma) {
        violet_json_write_literal(w, ",");
    }

    violet_json_write_open(w, '{');
}


void
violet_json_write_open(violet_json_writer_t *w, char bracket)
{
    violet_json_write_bytes(w, &bracket, 1);
    w->comma = 0;
}


void
violet_json_write_close(violet_json_writer_t *w, char bracket)
{
    violet_json_write_bytes(w, &bracket, 1);
    w->comma = 1;
}


void
violet_json_write_name(violet_json_writer_t *w, const char *name)
{
    violet_json_write_literal(w, w->comma ? ",\"" : "\"");
    violet_json_write_literal(w, name);
    violet_json_write_literal(w, "\":");

    w->comma = 1;
}


void
violet_json_write_text(violet_json_writer_t *w, const char *name,
    violet_text_t text, size_t max)
{
    size_t  i;

    violet_json_write_name(w, name);

    if (text.data == NULL) {
        violet_json_write_literal(w, "null");
        return;
    }

    violet_json_write_literal(w, "\"");

    if (text.len <= max) {
        violet_json_write_characters(w, text);

    } else {
        text.len = max - strlen(VIOLET_JSON_WRITER_CUT);

        for (i = 0; i < 3 && (text.data[text.len] & 0xc0) == 0x80; i++) {
            text.len--;
        }

        violet_json_write_characters(w, text);
        violet_json_write_literal(w, VIOLET_JSON_WRITER_CUT);
    }

    violet_json_write_literal(w, "\"");
}


void
violet_json_write_word(violet_json_writer_t *w, const char *name,
    const char *word)
{
    violet_json_write_name(w, name);

    if (word) {
        violet_json_write_literal(w, "\"");
        violet_json_write_literal(w, word);
        violet_json_write_literal(w, "\"");

    } else {
        violet_json_write_literal(w, "null");
    }
}


void
violet_json_write_integer(violet_json_writer_t *w, const char *name,
    int64_t value)
{
    int   n;
    char  digits[32];

    violet_json_write_name(w, name);

    n = snprintf(digits, sizeof(digits), "%" PRId64, value);

    if (n < 0) {
        w->failed = 1;
        return;
    }

    violet_json_write_bytes(w, digits, (size_t) n);
}


void
violet_json_write_id(violet_json_writer_t *w, const char *name, violet_id_t id)
{
    if (id.known) {
        violet_json_write_integer(w, name, id.value);
        return;
    }

    violet_json_write_word(w, name, NULL);
}


static void
violet_json_write_characters(violet_json_writer_t *w, violet_text_t text)
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

        violet_json_write_bytes(w, run, (size_t) (p - run));

        if (next) {
            violet_json_write_escape(w, (unsigned char) *p);

        } else {
            violet_json_write_literal(w, "\\ufffd");
        }

        p++;
        run = p;
    }

    violet_json_write_bytes(w, run, (size_t) (p - run));
}


static void
violet_json_write_escape(violet_json_writer_t *w, unsigned char c)
{
    char               text[6] = { '\\', 'u', '0', '0', '0', '0' };
    static const char  hex[] = "0123456789abcdef";

    switch (c) {

    case '"':
        violet_json_write_literal(w, "\\\"");
        break;

    case '\\':
        violet_json_write_literal(w, "\\\\");
        break;

    case '\n':
        violet_json_write_literal(w, "\\n");
        break;

    case '\r':
        violet_json_write_literal(w, "\\r");
        break;

    case '\t':
        violet_json_write_literal(w, "\\t");
        break;

    default:
        text[4] = hex[c >> 4];
        text[5] = hex[c & 0xf];
        violet_json_write_bytes(w, text, sizeof(text));
        break;
    }
}


void
violet_json_write_literal(violet_json_writer_t *w, const char *literal)
{
    violet_json_write_bytes(w, literal, strlen(literal));
}


void
violet_json_write_bytes(violet_json_writer_t *w, const char *data, size_t len)
{
    if (w->failed || len == 0) {
        return;
    }

    if (len > w->size - w->len && violet_json_write_grow(w, len) == -1) {
        w->failed = 1;
        return;
    }

    memcpy(w->data + w->len, data, len);
    w->len += len;
}


static int
violet_json_write_grow(violet_json_writer_t *w, size_t len)
{
    char    *data;
    size_t   size;

    if (w->fixed || len > SIZE_MAX / 4 - w->len) {
        return -1;
    }

    size = w->size ? w->size : VIOLET_JSON_WRITER_SIZE;

    while (size - w->len < len) {
        size *= 2;
    }

    data = realloc(w->data, size);
    if (data == NULL) {
        return -1;
    }

    w->data = data;
    w->size = size;

    return 0;
}


/*
 * A validator of JSON with a stack of flags that copies what it does not
 * leave out, lexeme by lexeme, without white space.  It allocates nothing
 * and recurses nowhere.
 */

#include <string.h>

#include "violet_json.h"
#include "violet_json_lexeme.h"
#include "violet_json_outline.h"


typedef struct {
    const char     *p;
    const char     *last;
    char           *out;

    const char     *name;
    unsigned        keep;

    unsigned        depth;
    unsigned        without;   /* level of the object one of whose members
                                  is left out at the moment; 0: none */

    unsigned char   object[VIOLET_JSON_MAX_DEPTH + 1];
    unsigned char   any[VIOLET_JSON_MAX_DEPTH + 1];     /* came so far, */
    unsigned char   kept[VIOLET_JSON_MAX_DEPTH + 1];    /* and was kept */
} violet_outline_t;


static int violet_outline_next(violet_outline_t *o);
static int violet_outline_member(violet_outline_t *o);
static int violet_outline_value(violet_outline_t *o);
static int violet_outline_literal(violet_outline_t *o, const char *word);
static void violet_outline_open(violet_outline_t *o);
static void violet_outline_ended(violet_outline_t *o);
static void violet_outline_copy(violet_outline_t *o, const char *end);


size_t
violet_json_outline(const char *data, size_t len, unsigned keep,
    const char *name, char *outline)
{
    violet_outline_t  o;

    o.p = violet_json_space(data, data + len);
    o.last = data + len;
    o.out = outline;
    o.name = name;
    o.keep = keep;
    o.depth = 0;
    o.without = 0;

    if (!violet_outline_value(&o)) {
        return 0;
    }

    while (o.depth) {

        if (!violet_outline_next(&o)) {
            return 0;
        }
    }

    if (violet_json_space(o.p, o.last) != o.last) {
        return 0;
    }

    return (size_t) (o.out - outline);
}


/* The end of an object or array, or what comes next in it. */

static int
violet_outline_next(violet_outline_t *o)
{
    o->p = violet_json_space(o->p, o->last);

    if (o->p == o->last) {
        return 0;
    }

    if (*o->p == (o->object[o->depth] ? '}' : ']')) {
        o->depth--;
        violet_outline_copy(o, o->p + 1);
        violet_outline_ended(o);

        return 1;
    }

    if (o->any[o->depth]) {

        if (*o->p != ',') {
            return 0;
        }

        o->p = violet_json_space(o->p + 1, o->last);
    }

    o->any[o->depth] = 1;

    if (o->object[o->depth] && !violet_outline_member(o)) {
        return 0;
    }

    if (o->without == 0) {

        if (!o->object[o->depth]) {
            if (o->kept[o->depth]) {
                *o->out++ = ',';
            }

            o->kept[o->depth] = 1;
        }
    }

    return violet_outline_value(o);
}


/* The name of a member, which decides whether it is left out. */

static int
violet_outline_member(violet_outline_t *o)
{
    int            plain;
    const char    *end, *begin;
    violet_text_t  text;

    if (o->p == o->last || *o->p != '"') {
        return 0;
    }

    begin = o->p;

    end = violet_json_string(o->p, o->last, &text, &plain);
    if (end == NULL) {
        return 0;
    }

    o->p = violet_json_space(end, o->last);

    if (o->p == o->last || *o->p != ':') {
        return 0;
    }

    if (o->without == 0) {

        if (o->depth > o->keep && plain
            && (text.len != strlen(o->name)
                || memcmp(text.data, o->name, text.len) != 0))
        {
            o->without = o->depth;

        } else {
            if (o->kept[o->depth]) {
                *o->out++ = ',';
            }

            o->kept[o->depth] = 1;

            memcpy(o->out, begin, (size_t) (end - begin));
            o->out += end - begin;
            *o->out++ = ':';
        }
    }

    o->p = violet_json_space(o->p + 1, o->last);

    return 1;
}


static int
violet_outline_value(violet_outline_t *o)
{
    int            flag;
    const char    *end;
    violet_text_t  text;

    if (o->p == o->last) {
        return 0;
    }

    switch (*o->p) {

    case '{':
    case '[':

        if (o->depth == VIOLET_JSON_MAX_DEPTH) {
            return 0;
        }

        violet_outline_open(o);
        return 1;

    case '"':
        end = violet_json_string(o->p, o->last, &text, &flag);
        break;

    case 't':
        return violet_outline_literal(o, "true");

    case 'f':
        return violet_outline_literal(o, "false");

    case 'n':
        return violet_outline_literal(o, "null");

    default:
        end = violet_json_number(o->p, o->last, &flag);
    }

    if (end == NULL) {
        return 0;
    }

    violet_outline_copy(o, end);
    violet_outline_ended(o);

    return 1;
}


static int
violet_outline_literal(violet_outline_t *o, const char *word)
{
    size_t  len;

    len = strlen(word);

    if ((size_t) (o->last - o->p) < len || memcmp(o->p, word, len) != 0) {
        return 0;
    }

    violet_outline_copy(o, o->p + len);
    violet_outline_ended(o);

    return 1;
}


static void
violet_outline_open(violet_outline_t *o)
{
    int  object;

    object = (*o->p == '{');

    violet_outline_copy(o, o->p + 1);

    o->depth++;
    o->object[o->depth] = (unsigned char) object;
    o->any[o->depth] = 0;
    o->kept[o->depth] = 0;
}


/* A value has ended; if it was the one that is left out, no more is. */

static void
violet_outline_ended(violet_outline_t *o)
{
    if (o->without == o->depth) {
        o->without = 0;
    }
}


static void
violet_outline_copy(violet_outline_t *o, const char *end)
{
    size_t  len;

    len = (size_t) (end - o->p);

    if (o->without == 0) {
        memcpy(o->out, o->p, len);
        o->out += len;
    }

    o->p = end;
}

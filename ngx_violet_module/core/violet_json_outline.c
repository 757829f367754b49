
/*
 * A validator of JSON that copies what is picked, as it is spelled, and steps
 * over the rest.  It recurses as deep as the picks do, and no deeper.
 */

#include <stdlib.h>
#include <string.h>

#include "violet_json.h"
#include "violet_json_lexeme.h"
#include "violet_json_outline.h"


typedef struct {
    const char                 *last;
    char                       *out;
} violet_outline_t;


static const char *violet_outline_value(violet_outline_t *o, const char *p,
    const violet_json_pick_t *members, unsigned room);
static const char *violet_outline_object(violet_outline_t *o, const char *p,
    const violet_json_pick_t *members, unsigned room);
static const char *violet_outline_array(violet_outline_t *o, const char *p,
    const violet_json_pick_t *members, unsigned room);
static const violet_json_pick_t *violet_outline_find(
    const violet_json_pick_t *members, const violet_text_t *name, int plain);
static const char *violet_outline_whole(violet_outline_t *o, const char *p,
    unsigned room);
static void violet_outline_copy(violet_outline_t *o, const char *from,
    const char *to);


char *
violet_json_outline(const char *data, size_t len,
    const violet_json_pick_t *members, size_t *size)
{
    char              *outline;
    const char        *p;
    violet_outline_t   o;

    outline = malloc(len ? len : 1);
    if (outline == NULL) {
        return NULL;
    }

    o.last = data + len;
    o.out = outline;

    p = violet_outline_value(&o, violet_json_space(data, o.last), members,
                             VIOLET_JSON_MAX_DEPTH);

    if (p == NULL || p != o.last) {
        free(outline);
        return NULL;
    }

    *size = (size_t) (o.out - outline);

    return outline;
}


/*
 * This and the next two copy what is picked of a value that has room for so
 * many levels, and return what follows it and its white space, or NULL.
 */

static const char *
violet_outline_value(violet_outline_t *o, const char *p,
    const violet_json_pick_t *members, unsigned room)
{
    if (members && p < o->last) {

        if (*p == '{') {
            return violet_outline_object(o, p, members, room);
        }

        if (*p == '[') {
            return violet_outline_array(o, p, members, room);
        }
    }

    return violet_outline_whole(o, p, room);
}


static const char *
violet_outline_object(violet_outline_t *o, const char *p,
    const violet_json_pick_t *members, unsigned room)
{
    int                        plain, kept;
    const char                *begin;
    violet_text_t              name;
    const violet_json_pick_t  *pick;

    if (room == 0) {
        return NULL;
    }

    *o->out++ = '{';
    kept = 0;

    p = violet_json_space(p + 1, o->last);

    if (p < o->last && *p == '}') {
        *o->out++ = '}';
        return violet_json_space(p + 1, o->last);
    }

    for ( ;; ) {
        begin = p;

        p = violet_json_name(p, o->last, &name, &plain);
        if (p == NULL) {
            return NULL;
        }

        pick = violet_outline_find(members, &name, plain);

        if (pick) {

            if (kept) {
                *o->out++ = ',';
            }

            kept = 1;

            violet_outline_copy(o, begin, p);
            p = violet_outline_value(o, p, pick->members, room - 1);

        } else {
            p = violet_json_value(p, o->last, room - 1);
        }

        if (p == NULL || p == o->last || (*p != '}' && *p != ',')) {
            return NULL;
        }

        if (*p == '}') {
            *o->out++ = '}';
            return violet_json_space(p + 1, o->last);
        }

        p = violet_json_space(p + 1, o->last);
    }
}


/* Of an array within the array no more is known: it is kept whole. */

static const char *
violet_outline_array(violet_outline_t *o, const char *p,
    const violet_json_pick_t *members, unsigned room)
{
    if (room == 0) {
        return NULL;
    }

    *o->out++ = '[';

    p = violet_json_space(p + 1, o->last);

    if (p < o->last && *p == ']') {
        *o->out++ = ']';
        return violet_json_space(p + 1, o->last);
    }

    for ( ;; ) {
        p = p < o->last && *p == '{'
            ? violet_outline_object(o, p, members, room - 1)
            : violet_outline_whole(o, p, room - 1);

        if (p == NULL || p == o->last || (*p != ']' && *p != ',')) {
            return NULL;
        }

        *o->out++ = *p;

        if (*p == ']') {
            return violet_json_space(p + 1, o->last);
        }

        p = violet_json_space(p + 1, o->last);
    }
}


/* A name with escapes may be any. */

static const violet_json_pick_t *
violet_outline_find(const violet_json_pick_t *members,
    const violet_text_t *name, int plain)
{
    static const violet_json_pick_t  whole = { violet_text_null, NULL };

    if (!plain) {
        return &whole;
    }

    for ( /* void */ ; members->name.data; members++) {

        if (members->name.data[0] == '*'
            || (members->name.len == name->len
                && memcmp(members->name.data, name->data, name->len) == 0))
        {
            return members;
        }
    }

    return NULL;
}


static const char *
violet_outline_whole(violet_outline_t *o, const char *p, unsigned room)
{
    const char  *end;

    end = violet_json_value(p, o->last, room);

    if (end) {
        violet_outline_copy(o, p, end);
    }

    return end;
}


static void
violet_outline_copy(violet_outline_t *o, const char *from, const char *to)
{
    memcpy(o->out, from, (size_t) (to - from));
    o->out += to - from;
}

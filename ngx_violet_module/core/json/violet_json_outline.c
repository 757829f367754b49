
/*
 * A parser that builds a tree of jansson's from the picked members, and steps
 * over all others.  It gives up on rare forms of JSON, which need the full
 * parser: see violet_json_outline().
 */

#include <string.h>

#include "violet_json.h"
#include "violet_json_lexeme.h"
#include "violet_json_outline.h"
#include "violet_json_repair.h"


#define VIOLET_OUTLINE_NAME  256


typedef struct {
    const char     *p;
    const char     *last;
    size_t          values;
    size_t          escaped;        /* bytes of strings with escapes */
} violet_outline_t;


static json_t *violet_outline_value(violet_outline_t *o,
    const violet_json_pick_t *members, unsigned room);
static json_t *violet_outline_object(violet_outline_t *o,
    const violet_json_pick_t *members, unsigned room);
static int violet_outline_member(violet_outline_t *o, json_t *object,
    const violet_json_pick_t *members, unsigned room);
static const violet_json_pick_t *violet_outline_find(
    const violet_json_pick_t *members, const violet_text_t *name);
static int violet_outline_set(json_t *object, const violet_text_t *name,
    json_t *value);
static json_t *violet_outline_array(violet_outline_t *o,
    const violet_json_pick_t *members, unsigned room);
static int violet_outline_opens(violet_outline_t *o, unsigned room);
static char violet_outline_next(violet_outline_t *o);
static json_t *violet_outline_string(violet_outline_t *o);
static json_t *violet_outline_word(violet_outline_t *o, const char *word,
    json_t *value);
static json_t *violet_outline_number(violet_outline_t *o);


/* picks all members of an object */

static const violet_json_pick_t  violet_outline_all[] = {
    { violet_text("*"), NULL },
    { violet_text_null, NULL }
};


json_t *
violet_json_outline(const char *data, size_t len,
    const violet_json_pick_t *members)
{
    json_t            *root;
    violet_outline_t   o;

    if (len == 0) {
        return NULL;
    }

    o.p = violet_json_space(data, data + len);
    o.last = data + len;
    o.values = 0;
    o.escaped = 0;

    if (o.p == o.last || (*o.p != '{' && *o.p != '[')) {
        return NULL;
    }

    root = violet_outline_value(&o, members, VIOLET_JSON_MAX_DEPTH);

    if (o.p != o.last) {
        json_decref(root);
        return NULL;
    }

    return root;
}


/*
 * This function and the next ones read the value at o->p and move o->p past
 * it and the white space after it.  NULL if they give up.
 */

static json_t *
violet_outline_value(violet_outline_t *o, const violet_json_pick_t *members,
    unsigned room)
{
    if (o->p == o->last || o->values++ == VIOLET_JSON_MAX_VALUES) {
        return NULL;
    }

    switch (*o->p) {

    case '{':
        return violet_outline_object(o, members, room);

    case '[':
        return violet_outline_array(o, members, room);

    case '"':
        return violet_outline_string(o);

    case 't':
        return violet_outline_word(o, "true", json_true());

    case 'f':
        return violet_outline_word(o, "false", json_false());

    case 'n':
        return violet_outline_word(o, "null", json_null());

    default:
        return violet_outline_number(o);
    }
}


static json_t *
violet_outline_object(violet_outline_t *o, const violet_json_pick_t *members,
    unsigned room)
{
    char     next;
    json_t  *object;

    object = violet_outline_opens(o, room) ? json_object() : NULL;

    if (object == NULL) {
        return NULL;
    }

    if (o->p < o->last && *o->p == '}') {
        (void) violet_outline_next(o);
        return object;
    }

    do {
        next = violet_outline_member(o, object, members, room - 1) == 0
               ? violet_outline_next(o) : '\0';
    } while (next == ',');

    if (next != '}') {
        json_decref(object);
        return NULL;
    }

    return object;
}


static int
violet_outline_member(violet_outline_t *o, json_t *object,
    const violet_json_pick_t *members, unsigned room)
{
    int                        plain;
    json_t                    *value;
    const char                *p;
    violet_text_t              name;
    const violet_json_pick_t  *pick;

    p = violet_json_name(o->p, o->last, &name, &plain);

    /* a name with escapes may spell a picked one */

    if (p == NULL || !plain) {
        return -1;
    }

    pick = violet_outline_find(members ? members : violet_outline_all, &name);

    if (pick == NULL) {
        p = violet_json_value(p, o->last, room);

        if (p == NULL) {
            return -1;
        }

        o->p = p;

        return 0;
    }

    o->p = p;

    value = violet_outline_value(o, pick->members, room);

    return value ? violet_outline_set(object, &name, value) : -1;
}


static const violet_json_pick_t *
violet_outline_find(const violet_json_pick_t *members,
    const violet_text_t *name)
{
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


/* Takes ownership of "value".  -1 if the object has the name already. */

static int
violet_outline_set(json_t *object, const violet_text_t *name, json_t *value)
{
    char    key[VIOLET_OUTLINE_NAME];
    size_t  n;

    if (name->len >= sizeof(key)) {
        json_decref(value);
        return -1;
    }

    memcpy(key, name->data, name->len);
    key[name->len] = '\0';

    n = json_object_size(object);

    if (json_object_set_new_nocheck(object, key, value) == -1) {
        return -1;
    }

    return json_object_size(object) > n ? 0 : -1;
}


/* "members" is for objects in the array, not for arrays in it. */

static json_t *
violet_outline_array(violet_outline_t *o, const violet_json_pick_t *members,
    unsigned room)
{
    char     next;
    json_t  *array, *item;

    array = violet_outline_opens(o, room) ? json_array() : NULL;

    if (array == NULL) {
        return NULL;
    }

    if (o->p < o->last && *o->p == ']') {
        (void) violet_outline_next(o);
        return array;
    }

    do {
        item = violet_outline_value(o, o->p < o->last && *o->p == '{'
                                       ? members : NULL,
                                    room - 1);

        next = item && json_array_append_new(array, item) == 0
               ? violet_outline_next(o) : '\0';
    } while (next == ',');

    if (next != ']') {
        json_decref(array);
        return NULL;
    }

    return array;
}


static int
violet_outline_opens(violet_outline_t *o, unsigned room)
{
    if (room == 0) {
        return 0;
    }

    o->p = violet_json_space(o->p + 1, o->last);

    return 1;
}


/* Returns the byte that follows a value, or a null at the end. */

static char
violet_outline_next(violet_outline_t *o)
{
    char  next;

    if (o->p == o->last) {
        return '\0';
    }

    next = *o->p;
    o->p = violet_json_space(o->p + 1, o->last);

    return next;
}


static json_t *
violet_outline_string(violet_outline_t *o)
{
    int             plain;
    const char     *begin, *end;
    json_error_t    error;
    violet_text_t   text;

    begin = o->p;

    end = violet_json_string(o->p, o->last, &text, &plain);
    if (end == NULL) {
        return NULL;
    }

    o->p = violet_json_space(end, o->last);

    if (plain) {
        return json_stringn_nocheck(text.data, text.len);
    }

    o->escaped += end - begin;

    if (o->escaped > VIOLET_JSON_MAX_WHOLE) {
        return NULL;
    }

    return json_loadb(begin, (size_t) (end - begin),
                      JSON_DECODE_ANY|JSON_ALLOW_NUL, &error);
}


static json_t *
violet_outline_word(violet_outline_t *o, const char *word, json_t *value)
{
    const char  *end;

    end = violet_json_word(o->p, o->last, word);
    if (end == NULL) {
        return NULL;
    }

    o->p = violet_json_space(end, o->last);

    return value;
}


/* A real number becomes 0.0: no caller needs its value. */

static json_t *
violet_outline_number(violet_outline_t *o)
{
    int          real;
    int64_t      value;
    const char  *begin, *end;

    begin = o->p;

    end = violet_json_number(begin, o->last, &real);
    if (end == NULL) {
        return NULL;
    }

    o->p = violet_json_space(end, o->last);

    if (real) {
        return json_real(0.0);
    }

    return violet_json_integer(begin, (size_t) (end - begin), &value) == 0
           ? json_integer(value) : NULL;
}

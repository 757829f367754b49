
/*
 * Most bytes of an answer are plain text in strings: they are scanned many at a
 * time.  Most values of an answer are not needed: one loop steps over a value
 * of any type.  And most members of an object have a short name, a value
 * without parts and no white space: a few looks step over each of them.
 */

#include <stdint.h>
#include <string.h>

#include "violet_json_lexeme.h"
#include "violet_json_look.h"


/* a word of eight bytes that all have this value */

#define VIOLET_JSON_ALL(c)    (UINT64_C(0x0101010101010101) * (c))
#define VIOLET_JSON_HIGH      VIOLET_JSON_ALL(0x80)
#define violet_json_zero(w)   (((w) - VIOLET_JSON_ALL(1)) & ~(w))


static inline const char *violet_json_item(const char *p, const char *last,
    int object, int *ended);
static const char *violet_json_short(const char *p, const char *last);
static inline const char *violet_json_scalar(const char *p, const char *last);
static inline const char *violet_json_skip_string(const char *p,
    const char *last, violet_text_t *text, int *plain);
static inline const char *violet_json_skip_name(const char *p,
    const char *last, violet_text_t *name, int *plain);
static inline const char *violet_json_skip_number(const char *p,
    const char *last);
static const char *violet_json_plain(const char *p, const char *last);
static const char *violet_json_escape(const char *p, const char *last);


const char *
violet_json_white(const char *p, const char *last)
{
    while (p < last
           && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
    {
        p++;
    }

    return p;
}


const char *
violet_json_value(const char *p, const char *last, unsigned room)
{
    int       ended;
    unsigned  level;
    uint64_t  objects;

    level = 0;
    objects = 0;    /* a bit is 1 if the level is an object; bit 0 is the
                       innermost level */

    for ( ;; ) {

        if (p == last) {
            return NULL;
        }

        ended = 1;

        if (*p == '{' || *p == '[') {

            if (level++ == room) {
                return NULL;
            }

            objects = objects << 1 | (*p == '{');
            p = violet_json_space(p + 1, last);

            if (p == last) {
                return NULL;
            }

            if (*p != (objects & 1 ? '}' : ']')) {
                p = violet_json_item(p, last, objects & 1, &ended);

                if (p == NULL) {
                    return NULL;
                }
            }

        } else {
            p = violet_json_scalar(p, last);

            if (p == NULL) {
                return NULL;
            }

            p = violet_json_space(p, last);
        }

        while (ended) {

            while (level && p < last && *p == (objects & 1 ? '}' : ']')) {
                level--;
                objects >>= 1;

                p = violet_json_space(p + 1, last);
            }

            if (level == 0) {
                return p;
            }

            if (p == last || *p != ',') {
                return NULL;
            }

            p = violet_json_item(violet_json_space(p + 1, last), last,
                                 objects & 1, &ended);

            if (p == NULL) {
                return NULL;
            }
        }
    }
}


/*
 * Goes from the beginning of an item or a member to a value.  Sets "ended" if
 * that value has been stepped over, too, and what is returned follows it.
 */

static inline const char *
violet_json_item(const char *p, const char *last, int object, int *ended)
{
    int            plain;
    violet_text_t  name;

    static const violet_json_names_t  none = { 0, 0 };

    if (!object) {
        *ended = 0;
        return violet_json_short(p, last);
    }

    p = violet_json_members(p, last, &none, ended);

    return *ended ? p : violet_json_skip_name(p, last, &name, &plain);
}


/*
 * Steps over the items of an array that are numbers of one byte or two, or
 * empty strings: no other text of a size has as many values.
 */

static const char *
violet_json_short(const char *p, const char *last)
{
    while (last - p > 3) {

        if (p[1] == ',' && p[0] >= '0' && p[0] <= '9') {
            p += 2;

        } else if (p[2] == ','
                   && (((p[0] == '-' || (p[0] >= '1' && p[0] <= '9'))
                        && p[1] >= '0' && p[1] <= '9')
                       || (p[0] == '"' && p[1] == '"')))
        {
            p += 3;

        } else {
            break;
        }

        p = violet_json_space(p, last);
    }

    return p;
}


static inline const char *
violet_json_scalar(const char *p, const char *last)
{
    int            plain;
    violet_text_t  text;

    switch (*p) {

    case '"':
        return violet_json_skip_string(p, last, &text, &plain);

    case 't':
        return violet_json_word(p, last, "true");

    case 'f':
        return violet_json_word(p, last, "false");

    case 'n':
        return violet_json_word(p, last, "null");

    default:
        return violet_json_skip_number(p, last);
    }
}


/* Most strings are short and plain: one look finds their end. */

static inline const char *
violet_json_skip_string(const char *p, const char *last, violet_text_t *text,
    int *plain)
{
#if defined(__SSE2__)

    unsigned  odd, len;

    if (last - p > 16) {
        odd = violet_json_odd(p + 1);

        if (odd) {
            len = (unsigned) __builtin_ctz(odd);

            if (p[len + 1] == '"') {
                text->data = p + 1;
                text->len = len;
                *plain = 1;

                return p + len + 2;
            }
        }
    }

#endif

    return violet_json_string(p, last, text, plain);
}


static inline const char *
violet_json_skip_name(const char *p, const char *last, violet_text_t *name,
    int *plain)
{
    if (p == last || *p != '"') {
        return NULL;
    }

    p = violet_json_skip_string(p, last, name, plain);

    if (p == NULL) {
        return NULL;
    }

    p = violet_json_space(p, last);

    if (p == last || *p != ':') {
        return NULL;
    }

    return violet_json_space(p + 1, last);
}


const char *
violet_json_name(const char *p, const char *last, violet_text_t *name,
    int *plain)
{
    return violet_json_skip_name(p, last, name, plain);
}


const char *
violet_json_string(const char *p, const char *last, violet_text_t *text,
    int *plain)
{
    p++;

    text->data = p;
    *plain = 1;

    for ( ;; ) {
        p = violet_json_plain(p, last);

        if (p == last) {
            return NULL;
        }

        if (*p == '"') {
            text->len = (size_t) (p - text->data);
            return p + 1;
        }

        if (*p == '\\') {
            *plain = 0;
            p = violet_json_escape(p, last);

        } else if ((unsigned char) *p < 0x20) {
            return NULL;

        } else {

            /* a text that is not ASCII has many such bytes in a row */

            do {
                p = violet_text_utf8(p, last);
            } while (p && p < last && (unsigned char) *p >= 0x80);
        }

        if (p == NULL) {
            return NULL;
        }
    }
}


/*
 * The first special byte: a quote, a backslash, a control character, or one
 * that is not ASCII.  A borrow of the subtraction may mark a plain byte, but
 * only after a special one, so the first marked byte is right.  This needs a
 * little-endian word.
 */

static const char *
violet_json_plain(const char *p, const char *last)
{
    uint64_t       w, odd;
    unsigned char  c;

#if defined(__SSE2__)

    while (last - p >= 16) {
        odd = violet_json_odd(p);

        if (odd) {
            return p + __builtin_ctzll(odd);
        }

        p += 16;
    }

#endif

    while (last - p >= 8) {
        memcpy(&w, p, 8);

        odd = w
              | ((w - VIOLET_JSON_ALL(0x20)) & ~w)
              | violet_json_zero(w ^ VIOLET_JSON_ALL('"'))
              | violet_json_zero(w ^ VIOLET_JSON_ALL('\\'));

        odd &= VIOLET_JSON_HIGH;

        if (odd) {
#if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
            return p + __builtin_ctzll(odd) / 8;
#else
            break;
#endif
        }

        p += 8;
    }

    for ( /* void */ ; p < last; p++) {
        c = (unsigned char) *p;

        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') {
            break;
        }
    }

    return p;
}


static const char *
violet_json_escape(const char *p, const char *last)
{
    unsigned  i;

    if (last - p < 2) {
        return NULL;
    }

    if (p[1] != 'u') {

        if (p[1] == '\0' || strchr("\"\\/bfnrt", p[1]) == NULL) {
            return NULL;
        }

        return p + 2;
    }

    if (last - p < 6) {
        return NULL;
    }

    for (i = 2; i < 6; i++) {

        if (violet_text_hex(p[i]) == -1) {
            return NULL;
        }
    }

    return p + 6;
}


/* Most numbers are short integers: one look finds their end. */

static inline const char *
violet_json_skip_number(const char *p, const char *last)
{
    int  real;

#if defined(__SSE2__)

    unsigned  others, len;

    if (last - p > 16 && *p != '0') {
        others = violet_json_no_digits(p);

        if (others) {
            len = (unsigned) __builtin_ctz(others);

            if (len && (p[len] == ',' || p[len] == '}')) {
                return p + len;
            }
        }
    }

#endif

    return violet_json_number(p, last, &real);
}


const char *
violet_json_number(const char *p, const char *last, int *real)
{
    const char  *end;

    *real = 0;

    if (p < last && *p == '-') {
        p++;
    }

    end = violet_json_digits(p, last);

    if (end == p || (*p == '0' && end - p > 1)) {
        return NULL;
    }

    p = end;

    if (p < last && *p == '.') {
        end = violet_json_digits(p + 1, last);

        if (end == p + 1) {
            return NULL;
        }

        *real = 1;
        p = end;
    }

    if (p < last && (*p == 'e' || *p == 'E')) {
        p++;

        if (p < last && (*p == '+' || *p == '-')) {
            p++;
        }

        end = violet_json_digits(p, last);

        if (end == p) {
            return NULL;
        }

        *real = 1;
        p = end;
    }

    return p;
}


/*
 * Sixteen digits at a time: CPUs predict the end of a short loop badly.  But
 * first the shortest number, of which a text can have most.
 */

const char *
violet_json_digits(const char *p, const char *last)
{
#if defined(__SSE2__)

    unsigned  others;

    if (last - p >= 2 && (p[1] < '0' || p[1] > '9')) {
        return *p >= '0' && *p <= '9' ? p + 1 : p;
    }

    while (last - p >= 16) {
        others = violet_json_no_digits(p);

        if (others) {
            return p + __builtin_ctz(others);
        }

        p += 16;
    }

#endif

    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}

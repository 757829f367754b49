
/*
 * Members of an object that are easy to check.  Each byte is checked as in
 * violet_json_lexeme.c, only more of them at once; what has another form is
 * left to that.
 */

#include "violet_json_lexeme.h"
#include "violet_json_look.h"


#if defined(__SSE2__)
static inline const char *violet_json_simple(const char *p, const char *last);
static inline const char *violet_json_simple_string(const char *p,
    const char *last);
static inline const char *violet_json_simple_number(const char *p);
#endif


/*
 * Up to 32 bytes of a name, the quote and the colon, and a number or word of 16
 * bytes at most with the byte after it are less than the 64 that must be there.
 */

const char *
violet_json_members(const char *p, const char *last,
    const violet_json_names_t *names, int *ended)
{
#if defined(__SSE2__)

    unsigned     odd, len;
    const char  *end;

    *ended = 0;

    while (last - p > 64 && *p == '"') {
        odd = violet_json_odd_32(p + 1);

        if (odd == 0) {
            return p;
        }

        len = (unsigned) __builtin_ctz(odd);

        if (p[len + 1] != '"' || p[len + 2] != ':'
            || violet_json_may_be(names, p + 1, len))
        {
            return p;
        }

        end = violet_json_simple(p + len + 3, last);

        if (end == NULL) {
            return p;
        }

        if (end[0] != ',' || end[1] != '"') {
            *ended = 1;
            return end;
        }

        p = end + 1;
    }

    return p;

#else

    *ended = 0;

    return p;

#endif
}


#if defined(__SSE2__)

/*
 * Steps over a value without parts that a comma or a brace follows at once, and
 * behind which there is another byte.  NULL if it is not so simple.
 */

static inline const char *
violet_json_simple(const char *p, const char *last)
{
    switch (*p) {

    case '"':
        p = violet_json_simple_string(p + 1, last);
        break;

    case 't':
        p = violet_json_word(p, last, "true");
        break;

    case 'f':
        p = violet_json_word(p, last, "false");
        break;

    case 'n':
        p = violet_json_word(p, last, "null");
        break;

    default:
        p = violet_json_simple_number(p);
    }

    return p && (*p == ',' || *p == '}') ? p : NULL;
}


static inline const char *
violet_json_simple_string(const char *p, const char *last)
{
    unsigned  odd;

    for ( /* void */ ; last - p > 34; p += 32) {
        odd = violet_json_odd_32(p);

        if (odd) {
            p += __builtin_ctz(odd);
            return *p == '"' ? p + 1 : NULL;
        }
    }

    return NULL;
}


/* Digits, and perhaps a point with digits behind it. */

static inline const char *
violet_json_simple_number(const char *p)
{
    unsigned  others, len;

    others = violet_json_no_digits(p);
    len = others ? (unsigned) __builtin_ctz(others) : 0;

    if (len == 0 || (*p == '0' && len > 1)) {
        return NULL;
    }

    if (p[len] != '.') {
        return p + len;
    }

    p += len + 1;
    others >>= len + 1;

    if (others == 0 || (others & 1)) {
        return NULL;
    }

    return p + __builtin_ctz(others);
}

#endif

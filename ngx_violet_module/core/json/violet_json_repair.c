
/*
 * The repairs read the text token by token, without its structure.  An
 * invalid number or escape is left as it is: jansson refuses it, or the check
 * of the original text in violet_json.c does.
 */

#include <string.h>

#include "violet_json.h"
#include "violet_json_lexeme.h"
#include "violet_json_repair.h"


static void violet_json_repair_tokens(char *p, const char *last, int strings);
static void violet_json_repair_string(char *p, const char *end,
    const char *last);
static int violet_json_is_name(const char *p, const char *last);
static int violet_json_hex(const char *p, const char *last);
static uint64_t violet_json_find(const char *const *names, const char *p,
    const char *last);
static int violet_json_spells(const char *name, const char *p,
    const char *last);


void
violet_json_repair_numbers(char *data, size_t len)
{
    violet_json_repair_tokens(data, data + len, 0);
}


void
violet_json_repair(char *data, size_t len)
{
    violet_json_repair_tokens(data, data + len, 1);
}


/*
 * A real number becomes "0.0" and an integer beyond int64_t "null"; each is
 * long enough for that.  No caller needs the value of a real number.
 */

static void
violet_json_repair_tokens(char *p, const char *last, int strings)
{
    int          real;
    size_t       n;
    int64_t      value;
    const char  *fill, *end;

    while (p < last) {

        if (*p == '"') {
            end = violet_json_skip_string(p, last);

            if (strings) {
                violet_json_repair_string(p, end, last);
            }

            p += end - p + 1;
            continue;
        }

        end = violet_json_number(p, last, &real);

        if (end == NULL) {

            /* "--1e400" is invalid: without its "-" it would be a number */

            n = 0;

            do {
                n++;
            } while (p + n < last && p[n] != '\0'
                     && strchr("+-.0123456789eE", p[0])
                     && strchr("+-.0123456789eE", p[n]));

            p += n;
            continue;
        }

        n = (size_t) (end - p);

        /* a number of up to three bytes is never out of range */

        if (n > 3 && (real || violet_json_integer(p, n, &value) == -1)) {
            fill = real ? "0.0" : "null";

            memset(p, ' ', n);
            memcpy(p, fill, strlen(fill));
        }

        p += n;
    }
}


static void
violet_json_repair_string(char *p, const char *end, const char *last)
{
    int  c, low, name;

    name = violet_json_is_name(end + 1, last);

    for (p++; p < end; /* void */ ) {

        if (*p != '\\') {
            p++;
            continue;
        }

        c = p[1] == 'u' ? violet_json_hex(p + 2, end) : -1;

        if (c == -1) {
            p += 2;
            continue;
        }

        if (c >= 0xd800 && c <= 0xdbff && end - p >= 12
            && p[6] == '\\' && p[7] == 'u')
        {
            low = violet_json_hex(p + 8, end);

            if (low >= 0xdc00 && low <= 0xdfff) {
                p += 12;
                continue;
            }
        }

        if ((c >= 0xd800 && c <= 0xdfff) || (c == 0 && name)) {
            memcpy(p + 2, "fffd", 4);
        }

        p += 6;
    }
}


/* True if the string before "p" is a name: a colon follows it. */

static int
violet_json_is_name(const char *p, const char *last)
{
    p = violet_json_space(p, last);

    return p < last && *p == ':';
}


/* The value of four hexadecimal digits, or -1. */

static int
violet_json_hex(const char *p, const char *last)
{
    int  i, digit, value;

    if (last - p < 4) {
        return -1;
    }

    value = 0;

    for (i = 0; i < 4; i++) {
        digit = violet_text_hex(p[i]);

        if (digit == -1) {
            return -1;
        }

        value = value * 16 + digit;
    }

    return value;
}


int
violet_json_integer(const char *data, size_t len, int64_t *value)
{
    int          negative;
    uint64_t     n, max;
    const char  *p, *last;

    p = data;
    last = data + len;
    negative = (len && *p == '-');

    if (negative) {
        p++;
    }

    if (p == last
        || violet_json_digits(p, last) != last
        || (*p == '0' && len > 1))
    {
        return -1;
    }

    max = (uint64_t) INT64_MAX + negative;

    for (n = 0; p < last; p++) {

        if (n > (max - (*p - '0')) / 10) {
            return -1;
        }

        n = n * 10 + (*p - '0');
    }

    /* subtracts 1 before and after: -INT64_MIN would overflow */
    *value = negative ? -(int64_t) (n - 1) - 1 : (int64_t) n;

    return 0;
}


/* A quote ends the string unless an odd number of backslashes precedes it. */

const char *
violet_json_skip_string(const char *p, const char *last)
{
    const char  *begin, *end;

    for (p++; p < last; p++) {
        begin = p;

        p = memchr(p, '"', (size_t) (last - p));

        if (p == NULL) {
            break;
        }

        for (end = p; end > begin && end[-1] == '\\'; end--) { /* void */ }

        if ((p - end) % 2 == 0) {
            return p;
        }
    }

    return last - 1;
}


int
violet_json_twice(const char *data, size_t len, const char *const *names,
    unsigned depth)
{
    unsigned     level;
    uint64_t     bit, seen[VIOLET_JSON_MAX_DEPTH + 1];
    const char  *p, *last, *end;

    level = 0;
    seen[0] = 0;
    last = data + len;

    for (p = data; p < last; p++) {

        switch (*p) {

        case '"':
            end = violet_json_skip_string(p, last);

            if (level <= depth && violet_json_is_name(end + 1, last)) {
                bit = violet_json_find(names, p + 1, end);

                /* set where the level began; NOLINTNEXTLINE(*-core.*) */
                if (seen[level] & bit) {
                    return 1;
                }

                seen[level] |= bit;
            }

            p = end;
            break;

        case '{':
        case '[':
            seen[++level] = 0;
            break;

        case '}':
        case ']':
            level--;
            break;
        }
    }

    return 0;
}


/* The bit of a name in "names"; 0 for any other name. */

static uint64_t
violet_json_find(const char *const *names, const char *p, const char *last)
{
    unsigned  i;

    for (i = 0; names[i]; i++) {

        if (violet_json_spells(names[i], p, last)) {
            return (uint64_t) 1 << i;
        }
    }

    return 0;
}


static int
violet_json_spells(const char *name, const char *p, const char *last)
{
    int  c;

    for ( /* void */ ; *name; name++) {

        if (p >= last) {
            return 0;
        }

        c = (unsigned char) *p++;

        /* only \u escapes can spell a letter */

        if (c == '\\') {
            c = *p == 'u' ? violet_json_hex(p + 1, last) : -1;
            p += 5;
        }

        if (c != (unsigned char) *name) {
            return 0;
        }
    }

    return p == last;
}

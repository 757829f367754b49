
/*
 * The bounds of a reply.  A reply is lines and strings: a line is looked for
 * from where the last look ended, a string is jumped over by its announced
 * length.  "left" has what each open array still lacks.
 */


#include <string.h>

#include "violet_resp.h"


/* digits of a number, with its sign */
#define VIOLET_RESP_DIGITS  20

/* digits of a number that is read at once */
#define VIOLET_RESP_SHORT   9

/* nil in place of a string; Redis has no string that is written so */
#define VIOLET_RESP_NIL     "*-1\r\n"


static violet_resp_e violet_resp_line(violet_resp_t *resp, char *data,
    size_t len);
static violet_resp_e violet_resp_take(violet_resp_t *resp, char *data,
    size_t line);
static size_t violet_resp_short(const char *begin, size_t len, int64_t *n);
static violet_resp_e violet_resp_count(violet_resp_t *resp, char *data,
    size_t line, int64_t n);
static violet_resp_e violet_resp_array(violet_resp_t *resp, int64_t n);
static violet_resp_e violet_resp_string(violet_resp_t *resp, char *data,
    size_t line, int64_t n);
static violet_resp_e violet_resp_rest(violet_resp_t *resp, char *data,
    size_t len);
static violet_resp_e violet_resp_drop(violet_resp_t *resp, char *data,
    size_t *len);
static violet_resp_e violet_resp_value(violet_resp_t *resp);
static int violet_resp_number(const char *text, size_t len, int64_t *n);
static violet_resp_e violet_resp_bad(violet_resp_t *resp, const char *fault);


void
violet_resp_init(violet_resp_t *resp, const violet_resp_limits_t *limits)
{
    violet_resp_limits_t  copy;

    copy = *limits;

    memset(resp, 0, sizeof(violet_resp_t));

    resp->limits = copy;
}


violet_resp_e
violet_resp_read(violet_resp_t *resp, char *data, size_t *len)
{
    violet_resp_e  rc;

    if (resp->fault) {
        return VIOLET_RESP_BAD;
    }

    /* VIOLET_RESP_MORE of a part means that the reply is not over with it */

    for ( ;; ) {

        if (resp->skip) {
            rc = violet_resp_drop(resp, data, len);

        } else if (resp->need) {
            rc = violet_resp_rest(resp, data, *len);

        } else {
            rc = violet_resp_line(resp, data, *len);
        }

        if (rc != VIOLET_RESP_MORE) {
            return rc;
        }

        if (resp->len + resp->line >= *len
            || resp->need > *len - resp->len)
        {
            return VIOLET_RESP_MORE;
        }
    }
}


size_t
violet_resp_at_least(const violet_resp_t *resp)
{
    return resp->len + resp->line + resp->need + 1;
}


/* The next line, if its end has come. */

static violet_resp_e
violet_resp_line(violet_resp_t *resp, char *data, size_t len)
{
    char    *begin, *end;
    size_t   line;
    int64_t  n = 0;

    begin = data + resp->len;

    line = resp->line ? 0 : violet_resp_short(begin, len - resp->len, &n);

    if (line && resp->len + line <= resp->limits.total) {
        return violet_resp_count(resp, data, line, n);
    }

    end = memchr(begin + resp->line, '\n', len - resp->len - resp->line);

    line = end ? (size_t) (end + 1 - begin) : len - resp->len;

    if (line > VIOLET_RESP_LINE) {
        return violet_resp_bad(resp, "a line without an end");
    }

    if (resp->len + line > resp->limits.total) {
        return violet_resp_bad(resp, "too long a reply");
    }

    if (end == NULL) {
        resp->line = line;
        return VIOLET_RESP_MORE;
    }

    /* a line has one '\r', before its end */

    if (line < 3 || memchr(begin, '\r', line) != end - 1) {
        return violet_resp_bad(resp, "an invalid line");
    }

    resp->line = 0;

    return violet_resp_take(resp, data, line);
}


static violet_resp_e
violet_resp_take(violet_resp_t *resp, char *data, size_t line)
{
    char     *begin;
    int64_t   n;

    begin = data + resp->len;

    if (*begin == '+' || *begin == '-') {
        resp->len += line;
        return violet_resp_value(resp);
    }

    if (*begin != ':' && *begin != '$' && *begin != '*') {
        return violet_resp_bad(resp, "an unknown type of reply");
    }

    if (violet_resp_number(begin + 1, line - 3, &n) != 0) {
        return violet_resp_bad(resp, "an invalid number");
    }

    return violet_resp_count(resp, data, line, n);
}


/*
 * Most lines have a type and a small number.  Returns the length of such a
 * line, or 0 if it must be looked at more closely.
 */

static size_t
violet_resp_short(const char *begin, size_t len, int64_t *n)
{
    size_t  i, most;

    if (len < 4 || (begin[0] != '$' && begin[0] != ':' && begin[0] != '*')
        || begin[1] < '0' || begin[1] > '9')
    {
        return 0;
    }

    *n = begin[1] - '0';

    most = len - 2 < VIOLET_RESP_SHORT ? len - 2 : VIOLET_RESP_SHORT;

    for (i = 2; i <= most && begin[i] >= '0' && begin[i] <= '9'; i++) {
        *n = *n * 10 + (begin[i] - '0');
    }

    /* zero is the only number that begins with a zero */

    if (i > most || begin[i] != '\r' || begin[i + 1] != '\n'
        || (begin[1] == '0' && i > 2))
    {
        return 0;
    }

    return i + 2;
}


static violet_resp_e
violet_resp_count(violet_resp_t *resp, char *data, size_t line, int64_t n)
{
    char  type;

    type = data[resp->len];

    if (type == '$') {
        return violet_resp_string(resp, data, line, n);
    }

    resp->len += line;

    return type == '*' ? violet_resp_array(resp, n) : violet_resp_value(resp);
}


static violet_resp_e
violet_resp_array(violet_resp_t *resp, int64_t n)
{
    if (n < -1) {
        return violet_resp_bad(resp, "an impossible length");
    }

    if (n <= 0) {
        return violet_resp_value(resp);
    }

    if (n > (int64_t) resp->limits.elements - resp->elements) {
        return violet_resp_bad(resp, "too many elements");
    }

    if (resp->depth == VIOLET_RESP_DEPTH) {
        return violet_resp_bad(resp, "arrays nested too deep");
    }

    resp->elements += n;
    resp->left[resp->depth++] = n;

    return VIOLET_RESP_MORE;
}


static violet_resp_e
violet_resp_string(violet_resp_t *resp, char *data, size_t line, int64_t n)
{
    char    *begin;
    size_t   nil;

    if (n < -1 || n > VIOLET_RESP_STRING) {
        return violet_resp_bad(resp, "an impossible length");
    }

    if (n == -1) {
        resp->len += line;
        return violet_resp_value(resp);
    }

    if ((size_t) n + 2 <= resp->limits.total - resp->len - line) {
        resp->len += line;
        resp->need = n + 2;
        return VIOLET_RESP_MORE;
    }

    /* its line gives way to that of nil; all bytes behind it move */

    begin = data + resp->len;
    nil = sizeof(VIOLET_RESP_NIL) - 1;

    if (line < nil) {
        return violet_resp_bad(resp, "too long a reply");
    }

    memcpy(begin, VIOLET_RESP_NIL, nil);

    resp->len += nil;
    resp->skip = line - nil + n + 2;

    return VIOLET_RESP_MORE;
}


/* A string has come when its last byte has. */

static violet_resp_e
violet_resp_rest(violet_resp_t *resp, char *data, size_t len)
{
    char  *end;

    if (resp->need > len - resp->len) {
        return VIOLET_RESP_MORE;
    }

    resp->len += resp->need;
    resp->need = 0;

    end = data + resp->len;

    if (end[-2] != '\r' || end[-1] != '\n') {
        return violet_resp_bad(resp, "a string of another length");
    }

    return violet_resp_value(resp);
}


/* Takes bytes of a string that is too long out of those that have come. */

static violet_resp_e
violet_resp_drop(violet_resp_t *resp, char *data, size_t *len)
{
    char    *begin;
    size_t   n, last;

    begin = data + resp->len;

    n = *len - resp->len;
    n = n < resp->skip ? n : resp->skip;

    /* the last two are the end of its line */

    for (last = resp->skip > 2 ? resp->skip - 2 : 0; last < n; last++) {
        if (begin[last] != (resp->skip - last == 2 ? '\r' : '\n')) {
            return violet_resp_bad(resp, "a string of another length");
        }
    }

    memmove(begin, begin + n, *len - resp->len - n);

    *len -= n;
    resp->skip -= n;

    return resp->skip ? VIOLET_RESP_MORE : violet_resp_value(resp);
}


/* A value is over, and with it perhaps the arrays that end with it. */

static violet_resp_e
violet_resp_value(violet_resp_t *resp)
{
    while (resp->depth && --resp->left[resp->depth - 1] == 0) {
        resp->depth--;
    }

    return resp->depth ? VIOLET_RESP_MORE : VIOLET_RESP_WHOLE;
}


/* No leading zero, no "+", nothing out of range. */

static int
violet_resp_number(const char *text, size_t len, int64_t *n)
{
    int          minus;
    size_t       i;
    uint64_t     value;

    minus = (len > 0 && text[0] == '-');
    i = minus;

    if (i == len || len > VIOLET_RESP_DIGITS
        || (text[i] == '0' && len > 1))
    {
        return -1;
    }

    for (value = 0; i < len; i++) {

        if (text[i] < '0' || text[i] > '9'
            || value > (INT64_MAX - (uint64_t) (text[i] - '0')) / 10)
        {
            return -1;
        }

        value = value * 10 + (uint64_t) (text[i] - '0');
    }

    *n = minus ? -(int64_t) value : (int64_t) value;

    return 0;
}


static violet_resp_e
violet_resp_bad(violet_resp_t *resp, const char *fault)
{
    resp->fault = fault;

    return VIOLET_RESP_BAD;
}

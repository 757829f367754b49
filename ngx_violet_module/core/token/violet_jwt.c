
/*
 * The "exp" of a JWT.  The payload is decoded into a buffer on the stack,
 * which is wiped, since it holds data of an account.
 */

#define _GNU_SOURCE

#include "violet_jwt.h"
#include "violet_json.h"


/* 9999-12-31T23:59:59Z */
#define VIOLET_JWT_LAST  253402300799.0


static int violet_jwt_payload(const char *data, size_t len,
    violet_text_t *payload);
static int violet_jwt_decode(violet_text_t text, char *out, size_t *out_len);
static int violet_jwt_digit(char ch);


int
violet_jwt_expiry(const char *data, size_t len, int64_t *expires)
{
    int                   rc;
    char                  buf[VIOLET_JWT_MAX];
    double                seconds;
    size_t                size;
    json_t               *root, *exp;
    violet_text_t         payload;
    violet_json_error_t   error;

    if (len > VIOLET_JWT_MAX || violet_jwt_payload(data, len, &payload) != 0) {
        return -1;
    }

    rc = -1;
    root = NULL;

    if (violet_jwt_decode(payload, buf, &size) == 0) {
        root = violet_json_parse(buf, size, &error);
    }

    exp = violet_json_get(root, "exp", NULL);

    if (json_is_number(exp)) {
        seconds = json_number_value(exp);

        if (seconds > 0 && seconds <= VIOLET_JWT_LAST) {
            *expires = (int64_t) (seconds * 1000);
            rc = 0;
        }
    }

    json_decref(root);
    explicit_bzero(buf, sizeof(buf));

    return rc;
}


/* Finds the payload: the second of three parts between dots. */

static int
violet_jwt_payload(const char *data, size_t len, violet_text_t *payload)
{
    const char  *first, *second, *end;

    if (len == 0) {
        return -1;
    }

    end = data + len;
    first = memchr(data, '.', len);

    if (first == NULL) {
        return -1;
    }

    first++;
    second = memchr(first, '.', end - first);

    if (second == NULL || memchr(second + 1, '.', end - second - 1) != NULL) {
        return -1;
    }

    payload->data = first;
    payload->len = second - first;

    return 0;
}


/* Decodes base64url without padding (RFC 7515, section 2). */

static int
violet_jwt_decode(violet_text_t text, char *out, size_t *out_len)
{
    int       digit;
    size_t    i, n;
    uint32_t  bits;

    if (text.len % 4 == 1) {
        return -1;
    }

    n = 0;
    bits = 0;

    for (i = 0; i < text.len; i++) {

        digit = violet_jwt_digit(text.data[i]);

        if (digit < 0) {
            return -1;
        }

        bits = (bits << 6) | (uint32_t) digit;

        if (i % 4) {
            out[n++] = (char) (bits >> (6 - 2 * (i % 4)));
        }
    }

    *out_len = n;

    return 0;
}


static int
violet_jwt_digit(char ch)
{
    if (ch >= 'A' && ch <= 'Z') {
        return ch - 'A';
    }

    if (ch >= 'a' && ch <= 'z') {
        return ch - 'a' + 26;
    }

    if (ch >= '0' && ch <= '9') {
        return ch - '0' + 52;
    }

    if (ch == '-') {
        return 62;
    }

    return ch == '_' ? 63 : -1;
}

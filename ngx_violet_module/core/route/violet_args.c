
/*
 * Arguments one after the other, and percent-decoding.
 */

#include <string.h>

#include "violet_args.h"


int
violet_args_next(violet_text_t *rest, violet_text_t *name,
    violet_text_t *value)
{
    const char  *end, *equals;

    if (rest->len == 0) {
        return 0;
    }

    end = memchr(rest->data, '&', rest->len);

    name->data = rest->data;
    name->len = end ? (size_t) (end - rest->data) : rest->len;

    rest->data += name->len;
    rest->len -= name->len;

    if (end) {
        rest->data++;
        rest->len--;
    }

    value->data = name->data + name->len;
    value->len = 0;

    equals = memchr(name->data, '=', name->len);

    if (equals) {
        value->data = equals + 1;
        value->len = name->len - (size_t) (equals + 1 - name->data);
        name->len = (size_t) (equals - name->data);
    }

    return 1;
}


int
violet_args_decode(violet_text_t text, char *buf, size_t size, size_t *len)
{
    int     c;
    size_t  i, n;

    n = 0;

    for (i = 0; i < text.len; i++) {

        c = (unsigned char) text.data[i];

        if (c == '%') {
            c = violet_args_unescape(text.data + i, text.len - i);

            if (c < 0) {
                return -1;
            }

            i += 2;
        }

        if (n < size) {
            buf[n] = (char) c;
        }

        n++;
    }

    *len = n;

    return 0;
}


int
violet_args_unescape(const char *data, size_t len)
{
    int  high, low;

    if (len < 3 || data[0] != '%') {
        return -1;
    }

    high = violet_text_hex(data[1]);
    low = violet_text_hex(data[2]);

    if (high < 0 || low < 0) {
        return -1;
    }

    return high * 16 + low;
}

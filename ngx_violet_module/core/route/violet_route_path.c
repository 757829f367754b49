
/*
 * The segments of a path.
 */

#include <string.h>

#include "violet_route_path.h"


void
violet_route_split(const violet_text_t *uri, size_t offset,
    violet_route_path_t *path)
{
    size_t          len;
    const char     *data, *end, *slash;
    violet_text_t  *segment;

    path->n = 0;

    data = uri->data + offset;
    end = uri->data + uri->len;

    while (data < end && path->n < VIOLET_ROUTE_SEGMENTS) {

        len = (size_t) (end - data);
        slash = memchr(data, '/', len);

        if (slash != NULL) {
            len = (size_t) (slash - data);
        }

        segment = &path->segments[path->n++];

        segment->data = data;
        segment->len = len;

        data += slash ? len + 1 : len;
    }
}


int64_t
violet_route_number(const violet_text_t *text, int64_t max)
{
    int        digit;
    size_t     i;
    int64_t    value;

    if (text->len == 0 || text->data[0] == '0') {
        return 0;
    }

    value = 0;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] < '0' || text->data[i] > '9') {
            return 0;
        }

        digit = text->data[i] - '0';

        if (value > (max - digit) / 10) {
            return 0;
        }

        value = value * 10 + digit;
    }

    return value;
}


int
violet_route_extended(const violet_text_t *text, const char *word)
{
    size_t  len;

    len = strlen(word);

    return text->len >= len
           && memcmp(text->data, word, len) == 0
           && (text->len == len || text->data[len] == '.');
}

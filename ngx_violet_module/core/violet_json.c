
/*
 * The bounds are checked on the bytes, before jansson builds anything: it
 * recurses by nesting, and an empty object of two bytes costs it a few
 * hundred.  The copy made for numbers out of range lives during one parse.
 */

#include <stdlib.h>
#include <string.h>

#include "violet_json.h"


/*
 * A null character inside a string is legal JSON and no reason to lose an
 * order; two members of one name are, for nobody knows which one counts.
 */

#define VIOLET_JSON_FLAGS  (JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL)


static int violet_json_scan(const char *data, size_t len,
    violet_json_error_t *error);
static const char *violet_json_skip_string(const char *p, const char *last);
static json_t *violet_json_parse_repaired(const char *data, size_t len,
    json_error_t *e);
static void violet_json_repair(char *p, const char *last);
static size_t violet_json_number(const char *p, const char *last, int *real);
static const char *violet_json_digits(const char *p, const char *last);
static int violet_json_integer(const char *data, size_t len, int64_t *value);
static void violet_json_explain(const json_error_t *e,
    violet_json_error_t *error);


json_t *
violet_json_parse(const char *data, size_t len, size_t max,
    violet_json_error_t *error)
{
    json_t        *root;
    json_error_t   e;

    error->reason = NULL;
    error->offset = 0;
    error->memory = 0;

    if (len == 0) {
        error->reason = "empty";
        return NULL;
    }

    if (len > max) {
        error->reason = "too large";
        return NULL;
    }

    if (violet_json_scan(data, len, error) == -1) {
        return NULL;
    }

    root = json_loadb(data, len, VIOLET_JSON_FLAGS, &e);

    if (root == NULL && json_error_code(&e) == json_error_numeric_overflow) {
        root = violet_json_parse_repaired(data, len, &e);
    }

    if (root == NULL) {
        violet_json_explain(&e, error);
    }

    return root;
}


static int
violet_json_scan(const char *data, size_t len, violet_json_error_t *error)
{
    size_t       depth, n;
    const char  *p, *last;

    depth = 0;
    n = 0;
    last = data + len;

    for (p = data; p < last; p++) {

        switch (*p) {

        case '"':
            p = violet_json_skip_string(p, last);
            break;

        case '{':
        case '[':
            depth++;
            n++;

            if (depth > VIOLET_JSON_MAX_DEPTH) {
                error->reason = "nested too deep";
                error->offset = p - data;
                return -1;
            }

            if (n > VIOLET_JSON_MAX_CONTAINERS) {
                error->reason = "too many objects and arrays";
                error->offset = p - data;
                return -1;
            }

            break;

        case '}':
        case ']':
            if (depth) {
                depth--;
            }

            break;
        }
    }

    return 0;
}


/* From the opening quote to the closing one, or to the last byte. */

static const char *
violet_json_skip_string(const char *p, const char *last)
{
    for (p++; p < last; p++) {

        if (*p == '"') {
            return p;
        }

        if (*p == '\\') {
            p++;
        }
    }

    return last - 1;
}


/*
 * jansson refuses a whole document for one number that it cannot hold.  Such
 * a number is an id that nobody can use; the order around it still counts.
 */

static json_t *
violet_json_parse_repaired(const char *data, size_t len, json_error_t *e)
{
    char    *copy;
    json_t  *root;

    copy = malloc(len);
    if (copy == NULL) {
        e->text[0] = '\0';
        return NULL;
    }

    memcpy(copy, data, len);
    violet_json_repair(copy, copy + len);

    root = json_loadb(copy, len, VIOLET_JSON_FLAGS, e);

    free(copy);

    return root;
}


/*
 * Every real number has room for "0.0" and every integer out of range for
 * "null"; nobody asks for the value of a real one, and offsets stay true.
 */

static void
violet_json_repair(char *p, const char *last)
{
    int          real;
    size_t       n;
    int64_t      value;
    const char  *fill;

    while (p < last) {

        if (*p == '"') {
            p += violet_json_skip_string(p, last) - p + 1;
            continue;
        }

        n = violet_json_number(p, last, &real);

        if (n == 0) {
            p++;
            continue;
        }

        /* what is shorter than its stand-in cannot be out of range */

        if (n > 3 && (real || violet_json_integer(p, n, &value) == -1)) {
            fill = real ? "0.0" : "null";

            memset(p, ' ', n);
            memcpy(p, fill, strlen(fill));
        }

        p += n;
    }
}


/* The length of the number that begins here; 0 if there is none. */

static size_t
violet_json_number(const char *p, const char *last, int *real)
{
    const char  *start, *end;

    start = p;
    *real = 0;

    if (p < last && *p == '-') {
        p++;
    }

    end = violet_json_digits(p, last);

    if (end == p || (*p == '0' && end - p > 1)) {
        return 0;
    }

    p = end;

    if (p < last && *p == '.') {
        end = violet_json_digits(p + 1, last);

        if (end == p + 1) {
            return 0;
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
            return 0;
        }

        *real = 1;
        p = end;
    }

    return p - start;
}


static const char *
violet_json_digits(const char *p, const char *last)
{
    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


/* Canonical decimal; returns -1 if it is none or out of range. */

static int
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

    /* negated below zero: INT64_MIN has no positive counterpart */
    *value = negative ? -(int64_t) (n - 1) - 1 : (int64_t) n;

    return 0;
}


static void
violet_json_explain(const json_error_t *e, violet_json_error_t *error)
{
    if (e->text[0] == '\0') {
        /* it can fail without a word only when memory runs out */
        error->reason = "no memory";
        error->memory = 1;
        return;
    }

    error->offset = e->position > 0 ? (size_t) e->position : 0;

    switch (json_error_code(e)) {

    case json_error_out_of_memory:
        error->reason = "no memory";
        error->memory = 1;
        break;

    case json_error_premature_end_of_input:
        error->reason = "JSON that ends early";
        break;

    case json_error_end_of_input_expected:
        error->reason = "JSON with something after its end";
        break;

    case json_error_invalid_utf8:
        error->reason = "not UTF-8";
        break;

    case json_error_duplicate_key:
        error->reason = "JSON with a name that occurs twice in an object";
        break;

    case json_error_null_byte_in_key:
        error->reason = "JSON with a null character in a name";
        break;

    default:
        error->reason = "not JSON";
        break;
    }
}


violet_text_t
violet_json_trim(violet_text_t text)
{
    static const char  space[] = " \t\r\n";

    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text.data += 3;
        text.len -= 3;
    }

    while (text.len && memchr(space, text.data[0], 4)) {
        text.data++;
        text.len--;
    }

    while (text.len && memchr(space, text.data[text.len - 1], 4)) {
        text.len--;
    }

    return text;
}


json_t *
violet_json_get(const json_t *object, const char *snake, const char *camel)
{
    json_t  *value;

    value = json_object_get(object, snake);

    if ((value == NULL || json_is_null(value)) && camel) {
        value = json_object_get(object, camel);
    }

    return json_is_null(value) ? NULL : value;
}


json_t *
violet_json_array(const json_t *object, const char *snake, const char *camel)
{
    json_t  *value;

    value = violet_json_get(object, snake, camel);

    return json_is_array(value) ? value : NULL;
}


violet_text_t
violet_json_text(const json_t *object, const char *snake, const char *camel)
{
    return violet_json_to_text(violet_json_get(object, snake, camel));
}


violet_id_t
violet_json_id(const json_t *object, const char *snake, const char *camel)
{
    return violet_json_to_id(violet_json_get(object, snake, camel));
}


size_t
violet_json_count(const json_t *value)
{
    if (json_is_array(value)) {
        return json_array_size(value);
    }

    return value ? 1 : 0;
}


const json_t *
violet_json_item(const json_t *value, size_t i)
{
    return json_is_array(value) ? json_array_get(value, i) : value;
}


violet_text_t
violet_json_to_text(const json_t *value)
{
    violet_text_t  text = violet_text_null;

    if (json_is_string(value)) {
        text.data = json_string_value(value);
        text.len = json_string_length(value);
    }

    return text;
}


violet_id_t
violet_json_to_id(const json_t *value)
{
    violet_id_t    id;
    violet_text_t  text;

    id.value = 0;
    id.known = 0;

    if (json_is_integer(value)) {
        id.value = json_integer_value(value);
        id.known = 1;
        return id;
    }

    text = violet_json_to_text(value);

    if (text.data && violet_json_integer(text.data, text.len, &id.value) == 0)
    {
        id.known = 1;
    }

    return id;
}


void
violet_json_init(void)
{
    json_object_seed(0);
}

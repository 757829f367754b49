
/*
 * The bounds are checked on the text, before jansson builds a tree: jansson
 * recurses into each level of nesting, and allocates a few hundred bytes for
 * an empty object.  A copy that is made for repairs lives during one parse.
 */

#include <stdlib.h>
#include <string.h>

#include "violet_json.h"
#include "violet_json_lexeme.h"
#include "violet_json_repair.h"


/*
 * A null character in a string is valid JSON: an order with one must be read.
 * Two members with the same name are valid too, but ambiguous.
 */

#define VIOLET_JSON_STRICT  (JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL)
#define VIOLET_JSON_LOOSE   JSON_ALLOW_NUL


static int violet_json_bounds(const char *data, size_t len,
    violet_json_error_t *error);
static int violet_json_containers(const char *data, size_t len,
    violet_json_error_t *error);
static json_t *violet_json_load(const char *data, size_t len,
    json_error_t *e);
static char *violet_json_copy(const char *data, size_t len, json_error_t *e);
static json_t *violet_json_checked(json_t *root, const char *data,
    size_t len, violet_json_error_t *error);
static void violet_json_explain(const json_error_t *e,
    violet_json_error_t *error);


json_t *
violet_json_parse(const char *data, size_t len, violet_json_error_t *error)
{
    json_t        *root;
    json_error_t   e;

    if (violet_json_bounds(data, len, error) == -1) {
        return NULL;
    }

    root = violet_json_load(data, len, &e);

    if (root == NULL) {
        violet_json_explain(&e, error);
    }

    return violet_json_checked(root, data, len, error);
}


json_t *
violet_json_parse_loose(const char *data, size_t len,
    const char *const *names, unsigned depth, int *twice,
    violet_json_error_t *error)
{
    char          *copy;
    json_t        *root;
    json_error_t   e;

    *twice = 0;

    if (violet_json_bounds(data, len, error) == -1) {
        return NULL;
    }

    root = violet_json_load(data, len, &e);

    if (root) {
        return violet_json_checked(root, data, len, error);
    }

    copy = violet_json_copy(data, len, &e);

    if (copy) {
        violet_json_repair(copy, len);
        root = json_loadb(copy, len, VIOLET_JSON_LOOSE, &e);
    }

    if (root) {
        root = violet_json_checked(root, data, len, error);
        *twice = root && violet_json_twice(copy, len, names, depth);

    } else {
        violet_json_explain(&e, error);
    }

    free(copy);

    return root;
}


/*
 * Checks the original text by this module's own parser.  jansson 2.14 accepts
 * a null byte after a number or a word, and a repair may take a part of
 * "1-1e999" for a number.
 */

static json_t *
violet_json_checked(json_t *root, const char *data, size_t len,
    violet_json_error_t *error)
{
    const char  *p, *last;

    if (root == NULL) {
        return NULL;
    }

    last = data + len;
    p = violet_json_space(data, last);

    if (violet_json_value(p, last, VIOLET_JSON_MAX_DEPTH) == last) {
        return root;
    }

    json_decref(root);
    error->reason = "not JSON";

    return NULL;
}


/* Clears *error and checks the bounds. */

static int
violet_json_bounds(const char *data, size_t len, violet_json_error_t *error)
{
    error->reason = NULL;
    error->offset = 0;
    error->memory = 0;

    if (len == 0) {
        error->reason = "empty";
        return -1;
    }

    if (len > VIOLET_JSON_MAX_WHOLE) {
        error->reason = "too large to be parsed";
        return -1;
    }

    return violet_json_containers(data, len, error);
}


static int
violet_json_containers(const char *data, size_t len,
    violet_json_error_t *error)
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

            if (depth > VIOLET_JSON_MAX_DEPTH) {
                error->reason = "nested too deep";
                error->offset = p - data;
                return -1;
            }

            /* fall through */

        case ',':
            n++;

            if (n > VIOLET_JSON_MAX_VALUES) {
                error->reason = "too many values";
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


/*
 * jansson refuses a document with a number beyond its types.  Such a number
 * cannot be a valid id, but the rest of the order is needed.
 */

static json_t *
violet_json_load(const char *data, size_t len, json_error_t *e)
{
    char    *copy;
    json_t  *root;

    root = json_loadb(data, len, VIOLET_JSON_STRICT, e);

    if (root || json_error_code(e) != json_error_numeric_overflow) {
        return root;
    }

    copy = violet_json_copy(data, len, e);
    if (copy == NULL) {
        return NULL;
    }

    violet_json_repair_numbers(copy, len);

    root = json_loadb(copy, len, VIOLET_JSON_STRICT, e);

    free(copy);

    return root;
}


/* NULL if memory runs out; violet_json_explain() then reports that. */

static char *
violet_json_copy(const char *data, size_t len, json_error_t *e)
{
    char  *copy;

    copy = malloc(len);

    if (copy == NULL) {
        e->text[0] = '\0';
        return NULL;
    }

    memcpy(copy, data, len);

    return copy;
}


static void
violet_json_explain(const json_error_t *e, violet_json_error_t *error)
{
    if (e->text[0] == '\0') {
        /* jansson fails without a text only when memory runs out */
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


int
violet_json_is_exception(const json_t *root)
{
    if (violet_json_get(root, "bags", NULL)) {
        return 0;
    }

    return violet_json_get(root, "error_code", NULL) != NULL
           || violet_json_get(root, "code", NULL) != NULL
           || json_is_number(violet_json_get(root, "status", NULL))
           || (violet_json_get(root, "error", NULL) != NULL
               && violet_json_get(root, "message", NULL) != NULL);
}

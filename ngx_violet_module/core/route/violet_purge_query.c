
/*
 * Reads the arguments of a purge.  A value is decoded into a buffer on the
 * stack, which has room for the longest one that is valid.
 */

#include <string.h>

#include "violet_args.h"
#include "violet_purge_query.h"


/* a name or a value, decoded; "len" is larger than "data" if it is too long */

typedef struct {
    size_t         len;
    char           data[VIOLET_PURGE_KEY];
} violet_purge_word_t;


static const char *violet_purge_query_set(violet_purge_query_t *query,
    const violet_purge_word_t *name, const violet_purge_word_t *value);
static const char *violet_purge_query_value(violet_purge_query_t *query,
    violet_purge_kind_t kind, violet_text_t value);
static int64_t violet_purge_query_number(violet_text_t value, int64_t max);


const char *
violet_purge_query_read(const violet_text_t *args,
    violet_purge_query_t *query)
{
    const char           *reason;
    violet_text_t         rest, name, value;
    violet_purge_word_t   decoded[2];

    memset(query, 0, sizeof(violet_purge_query_t));

    rest = *args;

    while (violet_args_next(&rest, &name, &value)) {

        if (violet_args_decode(name, decoded[0].data, VIOLET_PURGE_KEY,
                               &decoded[0].len)
            != 0
            || violet_args_decode(value, decoded[1].data, VIOLET_PURGE_KEY,
                                  &decoded[1].len)
               != 0)
        {
            return "the arguments must be correctly percent-encoded";
        }

        reason = violet_purge_query_set(query, &decoded[0], &decoded[1]);

        if (reason != NULL) {
            return reason;
        }
    }

    if (query->kind == VIOLET_PURGE_NONE) {
        return "one of the arguments merchant_id, all, cart_id and key is "
               "needed";
    }

    return NULL;
}


static const char *
violet_purge_query_set(violet_purge_query_t *query,
    const violet_purge_word_t *name, const violet_purge_word_t *value)
{
    size_t         i;
    violet_text_t  word, text;

    static const struct {
        const char           *name;
        violet_purge_kind_t   kind;
    } names[] = {
        { "merchant_id", VIOLET_PURGE_MERCHANT },
        { "all", VIOLET_PURGE_ALL },
        { "cart_id", VIOLET_PURGE_CART },
        { "key", VIOLET_PURGE_KEYED }
    };

    if (name->len > VIOLET_PURGE_KEY) {
        return NULL;
    }

    word = (violet_text_t) { name->data, name->len };
    text = (violet_text_t) { value->data, value->len };

    if (violet_text_equal(word, "force")) {

        if (!violet_text_equal(text, "1")) {
            return "force must be 1";
        }

        query->force = 1;

        return NULL;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (!violet_text_equal(word, names[i].name)) {
            continue;
        }

        if (query->kind != VIOLET_PURGE_NONE) {
            return "only one of the arguments merchant_id, all, cart_id and "
                   "key may be there, once";
        }

        return violet_purge_query_value(query, names[i].kind, text);
    }

    return NULL;
}


static const char *
violet_purge_query_value(violet_purge_query_t *query,
    violet_purge_kind_t kind, violet_text_t value)
{
    int64_t  number;

    query->kind = kind;

    switch (kind) {

    case VIOLET_PURGE_MERCHANT:
        number = violet_purge_query_number(value, INT32_MAX);

        if (number == 0) {
            return "merchant_id must be a number from 1 to 2147483647";
        }

        query->merchant_id = (int32_t) number;

        return NULL;

    case VIOLET_PURGE_ALL:
        return violet_text_equal(value, "1") ? NULL : "all must be 1";

    case VIOLET_PURGE_CART:
        number = violet_purge_query_number(value, INT64_MAX);

        if (number == 0) {
            return "cart_id must be a number from 1 to "
                   "9223372036854775807";
        }

        query->cart_id = number;

        return NULL;

    default: /* VIOLET_PURGE_KEYED */
        if (value.len == 0 || value.len > VIOLET_PURGE_KEY) {
            return "key must be an Idempotency-Key of 1 to 1024 bytes";
        }

        memcpy(query->key, value.data, value.len);
        query->key_len = value.len;

        return NULL;
    }
}


/* A decimal number without sign and leading zeros; 0 for anything else. */

static int64_t
violet_purge_query_number(violet_text_t value, int64_t max)
{
    size_t   i;
    int64_t  n;

    if (value.len == 0 || value.data[0] == '0') {
        return 0;
    }

    for (i = 0, n = 0; i < value.len; i++) {

        if (value.data[i] < '0' || value.data[i] > '9'
            || n > (max - (value.data[i] - '0')) / 10)
        {
            return 0;
        }

        n = n * 10 + (value.data[i] - '0');
    }

    return n;
}

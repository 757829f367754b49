
/*
 * libFuzzer target of what operators and callers ask for: the arguments of
 * violet_purge and of connection health, and the headers Accept, traceparent
 * and X-Request-Id.  The first byte chooses which of them the rest is.  What
 * is accepted is within its bounds, and reads the same again.
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "violet_accept.h"
#include "violet_purge_query.h"
#include "violet_query.h"
#include "violet_trace.h"


#define FUZZ_QUERY_APP  10000


int fuzz_query(const uint8_t *data, size_t size);


static void
fuzz_query_same(const violet_purge_query_t *query, const char *data,
    size_t len)
{
    violet_text_t         text;
    violet_purge_query_t  again;

    text = (violet_text_t) { data, len };

    if (violet_purge_query_read(&text, &again) != NULL
        || memcmp(query, &again, sizeof(violet_purge_query_t)) != 0)
    {
        abort();
    }
}


/* The result is written as arguments again, and must be read as the same. */

static void
fuzz_query_purge(violet_text_t args)
{
    int                   n;
    char                  text[3 * VIOLET_PURGE_KEY + 64];
    size_t                i, len;
    const char           *end;
    violet_purge_query_t  query;

    if (violet_purge_query_read(&args, &query) != NULL) {
        return;
    }

    end = query.force ? "&force=1" : "";

    switch (query.kind) {

    case VIOLET_PURGE_MERCHANT:
        if (query.merchant_id < 1 || query.cart_id || query.key_len) {
            abort();
        }

        n = snprintf(text, sizeof(text), "merchant_id=%" PRId32 "%s",
                     query.merchant_id, end);
        break;

    case VIOLET_PURGE_ALL:
        if (query.merchant_id || query.cart_id || query.key_len) {
            abort();
        }

        n = snprintf(text, sizeof(text), "all=1%s", end);
        break;

    case VIOLET_PURGE_CART:
        if (query.cart_id < 1 || query.merchant_id || query.key_len) {
            abort();
        }

        n = snprintf(text, sizeof(text), "cart_id=%" PRId64 "%s",
                     query.cart_id, end);
        break;

    case VIOLET_PURGE_KEYED:
        if (query.key_len < 1 || query.key_len > VIOLET_PURGE_KEY) {
            abort();
        }

        memcpy(text, "key=", 4);
        len = 4;

        for (i = 0; i < query.key_len; i++) {
            len += (size_t) snprintf(text + len, 4, "%%%02x",
                                     (unsigned char) query.key[i]);
        }

        n = (int) len + snprintf(text + len, sizeof(text) - len, "%s", end);
        break;

    default:
        abort();
    }

    fuzz_query_same(&query, text, (size_t) n);
}


/* A value that is true in one place is true among any others. */

static void
fuzz_query_more(violet_text_t args, int first)
{
    char            *more, *p;
    violet_text_t    text;
    violet_query_t   query;

    static const char  true_ones[] = "&exclude_public=true&refresh=on&";

    more = malloc(args.len + sizeof(true_ones));

    if (more == NULL) {
        abort();
    }

    p = first ? more : more + args.len;
    memcpy(p, true_ones, sizeof(true_ones) - 1);
    memcpy(first ? more + sizeof(true_ones) - 1 : more, args.data, args.len);
    text = (violet_text_t) { more, args.len + sizeof(true_ones) - 1 };

    if (violet_query_read(&args, FUZZ_QUERY_APP, &query) == NULL
        && (violet_query_read(&text, FUZZ_QUERY_APP, &query) != NULL
            || !query.refresh))
    {
        abort();
    }

    if (violet_query_read_list(&args, FUZZ_QUERY_APP, &query) == NULL
        && (violet_query_read_list(&text, FUZZ_QUERY_APP, &query) != NULL
            || !query.exclude_public))
    {
        abort();
    }

    free(more);
}


static void
fuzz_query_header(violet_text_t value)
{
    int     best;
    size_t  i;

    static const char *const  types[] = {
        "text/plain", "application/openmetrics-text", "application/json",
        "text/html", NULL
    };

    best = violet_accept(value, types);

    if (best < -1 || best > 3) {
        abort();
    }

    if (!violet_trace_is_parent(value) && !violet_trace_is_state(value)
        && !violet_trace_is_id(value))
    {
        return;
    }

    if (value.len > VIOLET_TRACE_STATE) {
        abort();
    }

    for (i = 0; i < value.len; i++) {

        if (value.data[i] < ' ' || value.data[i] > '~') {
            abort();
        }
    }
}


int
fuzz_query(const uint8_t *data, size_t size)
{
    char           *copy;
    violet_text_t   text;

    if (size < 2) {
        return 0;
    }

    /* a block of its own, so that a read past its end is seen */

    copy = malloc(size - 1);

    if (copy == NULL) {
        abort();
    }

    memcpy(copy, data + 1, size - 1);
    text = (violet_text_t) { copy, size - 1 };

    switch (data[0] % 3) {

    case 0:
        fuzz_query_purge(text);
        break;

    case 1:
        fuzz_query_more(text, 0);
        fuzz_query_more(text, 1);
        break;

    default:
        fuzz_query_header(text);
    }

    free(copy);

    return 0;
}

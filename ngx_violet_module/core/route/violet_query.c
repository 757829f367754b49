
/*
 * The arguments of Violet's connection health.  All known names and values are
 * short: they are decoded into small buffers on the stack, and a longer one is
 * unknown.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "violet_args.h"
#include "violet_query.h"


/* bytes; longer than any known name or value */

#define VIOLET_QUERY_WORD  16


typedef struct {
    char           data[VIOLET_QUERY_WORD];
    size_t         len;
} violet_query_word_t;


typedef struct {
    const char    *word;
    int            value;
} violet_query_flag_t;


/* the boolean argument of a route */

typedef struct {
    const char    *name;
    const char    *reason;         /* the error for other values */
    unsigned       seen:1;
    unsigned       value:1;
} violet_query_switch_t;


static const char *violet_query_arguments(const violet_text_t *args,
    int32_t app_id, violet_query_switch_t *flag, violet_query_t *query);
static const char *violet_query_argument(const violet_query_word_t *name,
    const violet_query_word_t *value, int32_t app_id,
    violet_query_switch_t *flag);
static int violet_query_decode(violet_text_t text,
    violet_query_word_t *word);
static int violet_query_flag(const violet_query_word_t *word);
static int violet_query_equal(const violet_query_word_t *word,
    const char *other);


/* the words that Spring reads as a boolean */

static const violet_query_flag_t  violet_query_flags[] = {
    { "true", 1 },
    { "1", 1 },
    { "yes", 1 },
    { "on", 1 },
    { "false", 0 },
    { "0", 0 },
    { "no", 0 },
    { "off", 0 }
};


const char *
violet_query_read(const violet_text_t *args, int32_t app_id,
    violet_query_t *query)
{
    const char             *reason;
    violet_query_switch_t   refresh;

    refresh.name = "refresh";
    refresh.reason = "refresh must be true or false.";

    reason = violet_query_arguments(args, app_id, &refresh, query);

    query->refresh = refresh.value;

    return reason;
}


const char *
violet_query_read_list(const violet_text_t *args, int32_t app_id,
    violet_query_t *query)
{
    const char             *reason;
    violet_query_switch_t   exclude;

    exclude.name = "exclude_public";
    exclude.reason = "exclude_public must be true or false.";

    reason = violet_query_arguments(args, app_id, &exclude, query);

    query->exclude_public = exclude.seen ? exclude.value : 1;

    return reason;
}


static const char *
violet_query_arguments(const violet_text_t *args, int32_t app_id,
    violet_query_switch_t *flag, violet_query_t *query)
{
    const char           *reason;
    violet_text_t         rest, name, value;
    violet_query_word_t   decoded[2];

    flag->seen = 0;
    flag->value = 0;

    query->refresh = 0;
    query->exclude_public = 0;

    rest = *args;

    while (violet_args_next(&rest, &name, &value)) {

        if (violet_query_decode(name, &decoded[0]) != 0
            || violet_query_decode(value, &decoded[1]) != 0)
        {
            return "The arguments must be correctly percent-encoded.";
        }

        reason = violet_query_argument(&decoded[0], &decoded[1], app_id, flag);

        if (reason != NULL) {
            return reason;
        }
    }

    return NULL;
}


static const char *
violet_query_argument(const violet_query_word_t *name,
    const violet_query_word_t *value, int32_t app_id,
    violet_query_switch_t *flag)
{
    int   on;
    char  own[VIOLET_QUERY_WORD];

    if (violet_query_equal(name, flag->name)) {
        on = violet_query_flag(value);

        if (on < 0) {
            return flag->reason;
        }

        flag->seen = 1;

        if (on) {
            flag->value = 1;
        }
    }

    if (violet_query_equal(name, "app_id")) {
        (void) snprintf(own, sizeof(own), "%" PRId32, app_id);

        if (!violet_query_equal(value, own)) {
            return "app_id must be the app's own id, a decimal number "
                   "without sign or leading zeros.";
        }
    }

    return NULL;
}


/*
 * A text that is too long becomes an empty word, which is equal to no other.
 * No known word has a "+" or a space.  Returns -1 if the encoding is invalid.
 */

static int
violet_query_decode(violet_text_t text, violet_query_word_t *word)
{
    if (violet_args_decode(text, word->data, VIOLET_QUERY_WORD, &word->len)
        != 0)
    {
        return -1;
    }

    if (word->len > VIOLET_QUERY_WORD) {
        word->len = 0;
    }

    return 0;
}


/* Returns 1 or 0, or -1 if the word is no boolean. */

static int
violet_query_flag(const violet_query_word_t *word)
{
    char                   c;
    size_t                 i, n;
    violet_query_word_t    lower;

    lower.len = word->len;

    for (i = 0; i < word->len; i++) {

        /* tolower() depends on the locale */

        c = word->data[i];
        lower.data[i] = (char) ((c >= 'A' && c <= 'Z') ? c | 0x20 : c);
    }

    n = sizeof(violet_query_flags) / sizeof(violet_query_flags[0]);

    for (i = 0; i < n; i++) {
        if (violet_query_equal(&lower, violet_query_flags[i].word)) {
            return violet_query_flags[i].value;
        }
    }

    return -1;
}


static int
violet_query_equal(const violet_query_word_t *word, const char *other)
{
    return word->len == strlen(other)
           && memcmp(word->data, other, word->len) == 0;
}

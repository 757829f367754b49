
/*
 * The caller of violet_reasons_create() owns the set, which is read-only once
 * it is complete.  The two built-in sets, of doubts and of other messages, are
 * counted: the last violet_reasons_cleanup() frees them.
 */

#define PCRE2_CODE_UNIT_WIDTH  8

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcre2.h>

#include "violet_reason.h"
#include "violet_reason_table.h"


/*
 * The cost of one pattern on one message is bounded.  PCRE2 counts the match
 * limit anew for each starting byte, so the length of the message is bounded
 * as well.
 */

#define VIOLET_REASON_MESSAGE       1024     /* bytes */
#define VIOLET_REASON_OVERLAP       128      /* bytes of two pieces */
#define VIOLET_REASON_SLUG          128      /* bytes of "error" */
#define VIOLET_REASON_MATCH_LIMIT   5000
#define VIOLET_REASON_DEPTH_LIMIT   1000
#define VIOLET_REASON_HEAP_LIMIT    512      /* kilobytes */


/* before PCRE2 10.34, text that is not valid UTF-8 matches no pattern */

#ifdef PCRE2_MATCH_INVALID_UTF
#define VIOLET_REASON_UTF  (PCRE2_UTF|PCRE2_MATCH_INVALID_UTF)
#else
#define VIOLET_REASON_UTF  PCRE2_UTF
#endif


typedef struct {
    pcre2_code            *code;
    violet_reason_t        reason;
} violet_reason_pattern_t;


struct violet_reasons_s {
    violet_reason_pattern_t  *elts;
    size_t                    n;
    size_t                    size;
    pcre2_match_context      *limits;
};


static int violet_reasons_compile(violet_reasons_t *reasons,
    violet_text_t pattern, uint32_t options, violet_reason_t reason,
    char *error, size_t size);
static int violet_reasons_grow(violet_reasons_t *reasons);
static void violet_reason_explain(int code, size_t offset, char *error,
    size_t size);
static violet_reasons_t *violet_reasons_build(
    const violet_reason_word_t *words);
static int violet_reason_word(const violet_reason_word_t *words,
    violet_text_t text, violet_reason_t *reason);
static int violet_reasons_match(const violet_reasons_t *reasons,
    violet_text_t message, int sure, violet_reason_t *reason);
static violet_text_t violet_reason_cut(violet_text_t message);
static violet_text_t violet_reason_own(violet_text_t message);
static int violet_reason_doubt(const violet_reasons_t *reasons,
    violet_text_t error, violet_text_t message, violet_reason_t *reason);
static int violet_reason_in_message(violet_text_t message,
    violet_reason_t *reason);
static int violet_reason_in_slug(violet_text_t error,
    violet_reason_t *reason);
static int violet_reason_is_doubt(violet_reason_t reason);


static violet_reasons_t  *violet_reasons_doubts;
static violet_reasons_t  *violet_reasons_others;
static unsigned           violet_reasons_users;


violet_reasons_t *
violet_reasons_create(void)
{
    violet_reasons_t  *reasons;

    reasons = calloc(1, sizeof(violet_reasons_t));
    if (reasons == NULL) {
        return NULL;
    }

    reasons->limits = pcre2_match_context_create(NULL);
    if (reasons->limits == NULL) {
        free(reasons);
        return NULL;
    }

    /* these three always return 0 */
    (void) pcre2_set_match_limit(reasons->limits, VIOLET_REASON_MATCH_LIMIT);
    (void) pcre2_set_depth_limit(reasons->limits, VIOLET_REASON_DEPTH_LIMIT);
    (void) pcre2_set_heap_limit(reasons->limits, VIOLET_REASON_HEAP_LIMIT);

    return reasons;
}


int
violet_reasons_add(violet_reasons_t *reasons, violet_text_t pattern,
    int caseless, violet_reason_t reason, char *error, size_t size)
{
    uint32_t  options;

    options = VIOLET_REASON_UTF|PCRE2_NEVER_BACKSLASH_C;

    if (caseless) {
        options |= PCRE2_CASELESS;
    }

    return violet_reasons_compile(reasons, pattern, options, reason, error,
                                  size);
}


static int
violet_reasons_compile(violet_reasons_t *reasons, violet_text_t pattern,
    uint32_t options, violet_reason_t reason, char *error, size_t size)
{
    int          code;
    size_t       offset;
    pcre2_code  *re;

    if (pattern.data == NULL) {
        pattern.data = "";
        pattern.len = 0;
    }

    if (violet_reasons_grow(reasons) == -1) {
        violet_reason_explain(PCRE2_ERROR_NOMEMORY, 0, error, size);
        return -1;
    }

    re = pcre2_compile((PCRE2_SPTR) pattern.data, pattern.len, options,
                       &code, &offset, NULL);
    if (re == NULL) {
        violet_reason_explain(code, offset, error, size);
        return -1;
    }

    /* without JIT the pattern is interpreted */
    (void) pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);

    reasons->elts[reasons->n].code = re;
    reasons->elts[reasons->n].reason = reason;
    reasons->n++;

    return 0;
}


static int
violet_reasons_grow(violet_reasons_t *reasons)
{
    size_t                    size;
    violet_reason_pattern_t  *elts;

    if (reasons->n < reasons->size) {
        return 0;
    }

    size = reasons->size ? reasons->size * 2 : 16;

    elts = realloc(reasons->elts, size * sizeof(violet_reason_pattern_t));
    if (elts == NULL) {
        return -1;
    }

    reasons->elts = elts;
    reasons->size = size;

    return 0;
}


static void
violet_reason_explain(int code, size_t offset, char *error, size_t size)
{
    PCRE2_UCHAR  text[128];

    if (error == NULL || size == 0) {
        return;
    }

    /* PCRE2 terminates the text even if the buffer is too small */
    text[0] = '\0';
    (void) pcre2_get_error_message(code, text, sizeof(text));

    (void) snprintf(error, size, "%s at offset %zu", (char *) text, offset);
}


void
violet_reasons_destroy(violet_reasons_t *reasons)
{
    size_t  i;

    if (reasons == NULL) {
        return;
    }

    for (i = 0; i < reasons->n; i++) {
        pcre2_code_free(reasons->elts[i].code);
    }

    pcre2_match_context_free(reasons->limits);
    free(reasons->elts);
    free(reasons);
}


int
violet_reasons_init(void)
{
    if (violet_reasons_users++) {
        return 0;
    }

    violet_reasons_doubts = violet_reasons_build(violet_reason_doubts);
    violet_reasons_others = violet_reasons_build(violet_reason_patterns);

    if (violet_reasons_doubts == NULL || violet_reasons_others == NULL) {
        violet_reasons_cleanup();
        return -1;
    }

    return 0;
}


static violet_reasons_t *
violet_reasons_build(const violet_reason_word_t *words)
{
    violet_text_t      pattern;
    violet_reasons_t  *reasons;

    reasons = violet_reasons_create();
    if (reasons == NULL) {
        return NULL;
    }

    for ( /* void */ ; words->word; words++) {

        pattern.data = words->word;
        pattern.len = strlen(words->word);

        if (violet_reasons_compile(reasons, pattern, PCRE2_CASELESS,
                                   words->reason, NULL, 0)
            == -1)
        {
            violet_reasons_destroy(reasons);
            return NULL;
        }
    }

    return reasons;
}


void
violet_reasons_cleanup(void)
{
    if (violet_reasons_users == 0 || --violet_reasons_users) {
        return;
    }

    violet_reasons_destroy(violet_reasons_doubts);
    violet_reasons_destroy(violet_reasons_others);

    violet_reasons_doubts = NULL;
    violet_reasons_others = NULL;
}


violet_reason_t
violet_reason_find(const violet_reasons_t *reasons, violet_text_t error,
    violet_text_t type, violet_text_t message, int *doubtful)
{
    violet_text_t    text;
    violet_reason_t  reason;

    *doubtful = violet_reason_doubt(reasons, error, message, &reason);

    if (*doubtful
        || violet_reason_word(violet_reason_errors, error, &reason) == 0
        || violet_reason_word(violet_reason_types, type, &reason) == 0)
    {
        return reason;
    }

    text = violet_reason_cut(message);

    if (violet_reasons_match(reasons, text, 1, &reason) == 0
        || violet_reasons_match(violet_reasons_others, text, 1, &reason) == 0
        || violet_reason_word(violet_reason_item_types, type, &reason) == 0)
    {
        return reason;
    }

    return VIOLET_REASON_OTHER;
}


/*
 * The platform did not answer, failed, or has the cart already: "error" is
 * asked as a word and by the words in it, and so is the message.
 */

static int
violet_reason_doubt(const violet_reasons_t *reasons, violet_text_t error,
    violet_text_t message, violet_reason_t *reason)
{
    return (violet_reason_word(violet_reason_errors, error, reason) == 0
            && violet_reason_is_doubt(*reason))
           || (violet_reasons_match(reasons, violet_reason_cut(message), 1,
                                    reason)
               == 0
               && violet_reason_is_doubt(*reason))
           || violet_reason_in_message(message, reason) == 0
           || violet_reason_in_slug(error, reason) == 0;
}


/* A long message is asked in pieces, which overlap by more than a phrase. */

static int
violet_reason_in_message(violet_text_t message, violet_reason_t *reason)
{
    violet_text_t  piece;

    message = violet_reason_own(message);

    if (message.len > VIOLET_REASON_DOUBT) {
        message.len = VIOLET_REASON_DOUBT;
    }

    for ( ;; ) {
        piece = violet_reason_cut(message);

        if (violet_reasons_match(violet_reasons_doubts, piece, 0, reason)
            == 0)
        {
            return 0;
        }

        if (piece.len == message.len) {
            return -1;
        }

        message.data += piece.len - VIOLET_REASON_OVERLAP;
        message.len -= piece.len - VIOLET_REASON_OVERLAP;
    }
}


/* The words of a slug such as "cart_already_submitted". */

static int
violet_reason_in_slug(violet_text_t error, violet_reason_t *reason)
{
    char           slug[VIOLET_REASON_SLUG];
    size_t         i;
    violet_text_t  words;

    if (error.data == NULL) {
        return -1;
    }

    words.data = slug;
    words.len = error.len < sizeof(slug) ? error.len : sizeof(slug);

    for (i = 0; i < words.len; i++) {
        slug[i] = (error.data[i] == '_' || error.data[i] == '-')
                  ? ' ' : error.data[i];
    }

    return violet_reasons_match(violet_reasons_doubts, words, 0, reason);
}


static int
violet_reason_is_doubt(violet_reason_t reason)
{
    return reason == VIOLET_REASON_UPSTREAM_TIMEOUT
           || reason == VIOLET_REASON_UPSTREAM_ERROR
           || reason == VIOLET_REASON_SUBMIT_IN_PROGRESS
           || reason == VIOLET_REASON_ALREADY_SUBMITTED;
}


static int
violet_reason_word(const violet_reason_word_t *words, violet_text_t text,
    violet_reason_t *reason)
{
    for ( /* void */ ; words->word; words++) {

        if (violet_text_is(text, words->word)) {
            *reason = words->reason;
            return 0;
        }
    }

    return -1;
}


/*
 * A pattern that reaches its limits, or finds no memory, counts as not matched
 * if "sure", and the patterns after it are tried; else it counts as matched.
 */

static int
violet_reasons_match(const violet_reasons_t *reasons, violet_text_t message,
    int sure, violet_reason_t *reason)
{
    int                rc;
    size_t             i;
    pcre2_match_data  *data;

    if (reasons == NULL || reasons->n == 0 || message.data == NULL) {
        return -1;
    }

    data = pcre2_match_data_create(1, NULL);

    for (i = 0; i < reasons->n; i++) {

        rc = data == NULL
             ? PCRE2_ERROR_NOMEMORY
             : pcre2_match(reasons->elts[i].code, (PCRE2_SPTR) message.data,
                           message.len, 0, 0, data, reasons->limits);

        if (rc >= 0 || (rc != PCRE2_ERROR_NOMATCH && !sure)) {
            *reason = reasons->elts[i].reason;
            break;
        }
    }

    pcre2_match_data_free(data);

    return i < reasons->n ? 0 : -1;
}


/* Cuts a long message at the end of a UTF-8 character. */

static violet_text_t
violet_reason_cut(violet_text_t message)
{
    size_t  len;

    if (message.len <= VIOLET_REASON_MESSAGE) {
        return message;
    }

    len = VIOLET_REASON_MESSAGE;

    while (len > VIOLET_REASON_MESSAGE - 4
           && ((unsigned char) message.data[len] & 0xc0) == 0x80)
    {
        len--;
    }

    message.len = len;

    return message;
}


/*
 * A message without what Violet puts in front of a platform's, "Could not
 * complete external cart:", whose "cart" says nothing about the rest.
 */

static violet_text_t
violet_reason_own(violet_text_t message)
{
    violet_text_t  start;

    static const char  prefix[] = "Could not complete external cart:";

    start.data = message.data;
    start.len = sizeof(prefix) - 1;

    if (message.len >= start.len && violet_text_is(start, prefix)) {
        message.data += start.len;
        message.len -= start.len;
    }

    return message;
}

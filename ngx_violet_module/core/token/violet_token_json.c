
/*
 * Violet's answers about tokens.  Memory that jansson allocates to parse them
 * is wiped when it is freed, so the only copy of a token is the caller's.
 */

#define _GNU_SOURCE

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "violet_token_json.h"
#include "violet_json.h"


#define VIOLET_TOKEN_MAX_ANSWER  65536


/* in front of each block of memory for jansson: its size */

typedef union {
    size_t       size;
    max_align_t  align;
} violet_token_block_t;


static void *violet_token_alloc(size_t size);
static void violet_token_release(void *p);
static const char *violet_token_take_all(const json_t *root,
    violet_token_answer_t *token);
static const char *violet_token_take(const json_t *root, const char *name,
    char *buf, size_t size, size_t *len);
static char *violet_token_escape(char *p, char *last, violet_text_t text);
static char *violet_token_copy(char *p, char *last, const char *text);


const char *
violet_token_parse(const char *data, size_t len, violet_token_answer_t *token)
{
    json_t               *root;
    const char           *reason;
    json_free_t           release;
    json_malloc_t         alloc;
    violet_json_error_t   error;

    token->access_len = 0;
    token->refresh_len = 0;

    /* jansson makes copies of a string while it parses, and wipes none */

    json_get_alloc_funcs(&alloc, &release);
    json_set_alloc_funcs(violet_token_alloc, violet_token_release);

    root = len > VIOLET_TOKEN_MAX_ANSWER
           ? NULL : violet_json_parse(data, len, &error);

    reason = root ? violet_token_take_all(root, token) : "it is not JSON";

    json_decref(root);

    json_set_alloc_funcs(alloc, release);

    if (reason) {
        explicit_bzero(token, sizeof(violet_token_answer_t));
    }

    return reason;
}


static void *
violet_token_alloc(size_t size)
{
    violet_token_block_t  *block;

    if (size > SIZE_MAX - sizeof(violet_token_block_t)) {
        return NULL;
    }

    block = malloc(sizeof(violet_token_block_t) + size);
    if (block == NULL) {
        return NULL;
    }

    block->size = size;

    return block + 1;
}


static void
violet_token_release(void *p)
{
    violet_token_block_t  *block;

    if (p) {
        block = (violet_token_block_t *) p - 1;

        explicit_bzero(p, block->size);
        free(block);
    }
}


static const char *
violet_token_take_all(const json_t *root, violet_token_answer_t *token)
{
    const char  *reason;

    reason = violet_token_take(root, "token", token->access,
                               sizeof(token->access), &token->access_len);

    if (reason == NULL && token->access_len == 0) {
        reason = "it has no token";
    }

    if (reason == NULL) {
        reason = violet_token_take(root, "refresh_token", token->refresh,
                                   sizeof(token->refresh),
                                   &token->refresh_len);
    }

    return reason;
}


static const char *
violet_token_take(const json_t *root, const char *name, char *buf,
    size_t size, size_t *len)
{
    size_t         i;
    violet_text_t  text;

    text = violet_json_text(root, name, NULL);

    if (text.data == NULL) {
        return NULL;
    }

    if (text.len > size) {
        return "a token in it is too long";
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < 0x21 || text.data[i] > 0x7e) {
            return "a token in it has a character that no header can carry";
        }
    }

    memcpy(buf, text.data, text.len);
    *len = text.len;

    return NULL;
}


int
violet_token_is_refused(const char *data, size_t len)
{
    int                   refused;
    json_t               *root;
    violet_text_t         text;
    violet_json_error_t   error;

    text.data = data;
    text.len = data ? len : 0;
    text = violet_json_trim(text);

    if (text.len == 0) {
        return 1;
    }

    root = text.len > VIOLET_TOKEN_MAX_ANSWER
           ? NULL : violet_json_parse(text.data, text.len, &error);

    refused = json_is_number(violet_json_get(root, "error_code", NULL))
              && violet_json_get(root, "error", NULL) == NULL;

    json_decref(root);

    return refused;
}


size_t
violet_token_login(violet_text_t username, violet_text_t password, char *buf,
    size_t size)
{
    char  *p, *last;

    last = buf + size;

    p = violet_token_copy(buf, last, "{\"username\":\"");
    p = violet_token_escape(p, last, username);
    p = violet_token_copy(p, last, "\",\"password\":\"");
    p = violet_token_escape(p, last, password);
    p = violet_token_copy(p, last, "\"}");

    return p ? (size_t) (p - buf) : 0;
}


static char *
violet_token_escape(char *p, char *last, violet_text_t text)
{
    size_t             i;
    unsigned char      ch;

    static const char  hex[] = "0123456789abcdef";

    for (i = 0; p && i < text.len; i++) {

        ch = (unsigned char) text.data[i];

        if (last - p < 6) {
            return NULL;
        }

        if (ch >= 0x80 || (ch >= '0' && ch <= '9')
            || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z'))
        {
            *p++ = (char) ch;
            continue;
        }

        memcpy(p, "\\u00", 4);
        p[4] = hex[ch >> 4];
        p[5] = hex[ch & 15];
        p += 6;
    }

    return p;
}


static char *
violet_token_copy(char *p, char *last, const char *text)
{
    size_t  len;

    len = strlen(text);

    if (p == NULL || (size_t) (last - p) < len) {
        return NULL;
    }

    memcpy(p, text, len);

    return p + len;
}

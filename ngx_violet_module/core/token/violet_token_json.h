
/*
 * What Violet answers when it is asked for a token, and what it is asked
 * with when somebody logs in.
 */

#ifndef VIOLET_TOKEN_JSON_H
#define VIOLET_TOKEN_JSON_H


#include <stddef.h>

#include "violet_jwt.h"
#include "violet_text.h"


#define VIOLET_TOKEN_MAX    VIOLET_JWT_MAX
#define VIOLET_REFRESH_MAX  4096


/* room for both; whoever owns it wipes it */

typedef struct {
    size_t   access_len;
    size_t   refresh_len;      /* 0: the answer has none */
    char     access[VIOLET_TOKEN_MAX];
    char     refresh[VIOLET_REFRESH_MAX];
} violet_token_answer_t;


/*
 * Reads the answer to GET /v1/auth/token (an object with "token") or to POST
 * /v1/login (with "refresh_token" as well).  A token is 1 to its maximum of
 * visible ASCII characters: it becomes a header.
 *
 * Returns NULL and fills in *token, or a static text that says what is
 * wrong, and *token has no tokens.
 */

const char *violet_token_parse(const char *data, size_t len,
    violet_token_answer_t *token);


/*
 * Writes the body of POST /v1/login, with all but letters and digits of
 * ASCII as "\uXXXX": Violet is said to stumble over some of them.
 *
 * Returns its length, or 0 if it does not fit into "size".
 */

size_t violet_token_login(violet_text_t username, violet_text_t password,
    char *buf, size_t size);


#endif /* VIOLET_TOKEN_JSON_H */

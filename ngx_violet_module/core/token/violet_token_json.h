
/*
 * The JSON of calls for a token: Violet's answers, and the body of a login.
 */

#ifndef VIOLET_TOKEN_JSON_H
#define VIOLET_TOKEN_JSON_H


#include <stddef.h>

#include "violet_jwt.h"
#include "violet_text.h"


#define VIOLET_TOKEN_MAX    VIOLET_JWT_MAX
#define VIOLET_REFRESH_MAX  4096


/* both tokens of an answer; the owner must wipe it */

typedef struct {
    size_t   access_len;
    size_t   refresh_len;      /* 0: no refresh token in the answer */
    char     access[VIOLET_TOKEN_MAX];
    char     refresh[VIOLET_REFRESH_MAX];
} violet_token_answer_t;


/*
 * Reads the answer to GET /v1/auth/token (an object with "token") or to POST
 * /v1/login (with "refresh_token" as well).  A token must have at least one
 * character, at most its maximum, all of visible ASCII: it becomes a header.
 *
 * Returns NULL and fills in *token.  On failure returns a static text with
 * the reason, and both lengths in *token are 0.
 */

const char *violet_token_parse(const char *data, size_t len,
    violet_token_answer_t *token);


/*
 * True if the body of a 401 says that the token was refused: it is empty or
 * white space, or an object with a number "error_code" and no "error", or a
 * null one.  Any other 401 is about something else, such as a merchant's
 * payment token.
 */

int violet_token_is_refused(const char *data, size_t len);


/*
 * Writes the body of POST /v1/login.  All characters but ASCII letters and
 * digits are written as "\uXXXX": Violet is said to fail on some of them.
 *
 * Returns its length, or 0 if it does not fit into "size".
 */

size_t violet_token_login(violet_text_t username, violet_text_t password,
    char *buf, size_t size);


#endif /* VIOLET_TOKEN_JSON_H */


/*
 * Redis's error replies, by their first word, and by several words where the
 * first is ERR.  Nothing is stored here: each connection keeps the times at
 * which its errors were logged.
 */


#include "ngx_violet_redis_error.h"

#include "violet_text.h"


/* ms during which an error is not logged again */
#define NGX_VIOLET_REDIS_LOG_INTERVAL  60000


typedef struct {
    ngx_str_t                   code;
    ngx_violet_redis_error_e    error;
    ngx_uint_t                  away;
    char                       *advice;
} ngx_violet_redis_error_code_t;


static ngx_violet_redis_error_code_t *ngx_violet_redis_error_find(
    violet_reply_t *reply);
static ngx_str_t ngx_violet_redis_words(violet_reply_t *reply, u_char *buf,
    ngx_uint_t code);


#define NGX_VIOLET_REDIS_ERROR_RIGHTS                                         \
    "its user lacks a right that docs/caching.md names (ACL SETUSER)"


static ngx_violet_redis_error_code_t  ngx_violet_redis_error_codes[] = {

    { ngx_string("LOADING"), NGX_VIOLET_REDIS_ERROR_LOADING, 1,
      "it is loading its data and is bypassed until that is done" },

    { ngx_string("MASTERDOWN"), NGX_VIOLET_REDIS_ERROR_MASTERDOWN, 1,
      "it is a replica that has lost its master and is bypassed until it "
      "has one" },

    { ngx_string("BUSY"), NGX_VIOLET_REDIS_ERROR_BUSY, 1,
      "a script keeps it busy (SCRIPT KILL ends it), it is bypassed until "
      "then" },

    { ngx_string("ERR max number of clients reached"),
      NGX_VIOLET_REDIS_ERROR_MAXCLIENTS, 1,
      "it takes no more connections and is bypassed until it does: see "
      "maxclients" },

    { ngx_string("NOAUTH"), NGX_VIOLET_REDIS_ERROR_NOAUTH, 1,
      "it requires a password, add \"password=\" to \"violet_redis\"" },

    { ngx_string("WRONGPASS"), NGX_VIOLET_REDIS_ERROR_NOAUTH, 1,
      "check \"username=\" and \"password=\" of \"violet_redis\"" },

    { ngx_string("NOPERM"), NGX_VIOLET_REDIS_ERROR_NOPERM, 0,
      NGX_VIOLET_REDIS_ERROR_RIGHTS },

    /* of a script, in the words of Redis 7.2 and newer, then of 7.0 */

    { ngx_string("ERR ACL failure in script"), NGX_VIOLET_REDIS_ERROR_NOPERM,
      0, NGX_VIOLET_REDIS_ERROR_RIGHTS },

    { ngx_string("ERR The user executing the script can't"),
      NGX_VIOLET_REDIS_ERROR_NOPERM, 0, NGX_VIOLET_REDIS_ERROR_RIGHTS },

    { ngx_string("READONLY"), NGX_VIOLET_REDIS_ERROR_READONLY, 1,
      "it is a read-only replica and is bypassed until it is a master" },

    { ngx_string("OOM"), NGX_VIOLET_REDIS_ERROR_OOM, 0,
      "it is full: reports are read from it but not stored, and limits hold "
      "for each host alone; see maxmemory" },

    { ngx_string("MISCONF"), NGX_VIOLET_REDIS_ERROR_MISCONF, 0,
      "it refuses writes because it cannot save: see its log" },

    { ngx_string("WRONGTYPE"), NGX_VIOLET_REDIS_ERROR_WRONGTYPE, 0,
      "another program uses a key of this module, see \"prefix=\" of "
      "\"violet_redis\"" },

    { ngx_string("MOVED"), NGX_VIOLET_REDIS_ERROR_MOVED, 0,
      "it is a node of a cluster, add \"cluster\" to \"violet_redis\"" },

    { ngx_string("CROSSSLOT"), NGX_VIOLET_REDIS_ERROR_CROSSSLOT, 0,
      "it is a node of a cluster, add \"cluster\" to \"violet_redis\"" },

    { ngx_string("ASK"), NGX_VIOLET_REDIS_ERROR_ASK, 1,
      "the slot of its keys is on its way to another node: it is bypassed "
      "until that is done" },

    { ngx_string("TRYAGAIN"), NGX_VIOLET_REDIS_ERROR_ASK, 1,
      "the slot of its keys is on its way to another node: it is bypassed "
      "until that is done" },

    { ngx_string("CLUSTERDOWN"), NGX_VIOLET_REDIS_ERROR_CLUSTERDOWN, 1,
      "the cluster is not whole: it is bypassed until it is" },

    { ngx_null_string, NGX_VIOLET_REDIS_ERROR_OTHER, 0, NULL }
};


ngx_violet_redis_error_e
ngx_violet_redis_error(violet_reply_t *reply)
{
    return ngx_violet_redis_error_find(reply)->error;
}


static ngx_violet_redis_error_code_t *
ngx_violet_redis_error_find(violet_reply_t *reply)
{
    size_t                          len;
    ngx_violet_redis_error_code_t  *c;

    for (c = ngx_violet_redis_error_codes; c->code.len; c++) {
        len = c->code.len;

        if ((size_t) reply->len >= len
            && ngx_strncmp(reply->str, c->code.data, len) == 0
            && ((size_t) reply->len == len || reply->str[len] == ' '
                || reply->str[len] == ':'))
        {
            break;
        }
    }

    return c;
}


ngx_uint_t
ngx_violet_redis_error_is_away(ngx_violet_redis_error_e error)
{
    ngx_violet_redis_error_code_t  *c;

    for (c = ngx_violet_redis_error_codes; c->code.len; c++) {
        if (c->error == error) {
            break;
        }
    }

    return c->away;
}


ngx_uint_t
ngx_violet_redis_error_due(ngx_violet_redis_errors_t *errors,
    ngx_violet_redis_error_e error)
{
    if (errors->logged[error]
        && ngx_current_msec - errors->logged_at[error]
           < NGX_VIOLET_REDIS_LOG_INTERVAL)
    {
        return 0;
    }

    errors->logged[error] = 1;
    errors->logged_at[error] = ngx_current_msec;
    errors->lines++;

    return 1;
}


void
ngx_violet_redis_error_log(ngx_violet_redis_errors_t *errors, ngx_str_t *url,
    const char *what, violet_reply_t *reply)
{
    char                           *advice;
    u_char                          buf[VIOLET_TEXT_SHOWN];
    ngx_str_t                       words;
    ngx_violet_redis_error_e        error;
    ngx_violet_redis_error_code_t  *c;

    error = NGX_VIOLET_REDIS_ERROR_OTHER;
    advice = NULL;

    if (reply->type == VIOLET_REPLY_ERROR) {
        c = ngx_violet_redis_error_find(reply);
        error = c->error;
        advice = c->advice;
    }

    if (!ngx_violet_redis_error_due(errors, error)) {
        return;
    }

    words = ngx_violet_redis_words(reply, buf,
                                   what && ngx_strcmp(what, "AUTH") == 0);

    if (what) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" refused %s: %V%s%s",
                      url, what, &words, advice ? ", " : "",
                      advice ? advice : "");
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: Redis at \"%V\" answered \"%V\"%s%s",
                  url, &words, advice ? ", " : "", advice ? advice : "");
}


void
ngx_violet_redis_error_lost(ngx_violet_redis_errors_t *errors,
    ngx_str_t *url, ngx_msec_t timeout, ngx_violet_redis_error_e error,
    ngx_err_t err, const char *why)
{
    if (!ngx_violet_redis_error_due(errors, error)) {
        return;
    }

    switch (error) {

    case NGX_VIOLET_REDIS_ERROR_CONNECT:

        if (err == NGX_ETIMEDOUT) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "violet: Redis at \"%V\" did not answer within "
                          "%Mms while connecting",
                          url, timeout);
            return;
        }

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "violet: cannot connect to Redis at \"%V\"",
                      url);
        return;

    case NGX_VIOLET_REDIS_ERROR_CLOSED:

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "violet: Redis at \"%V\" closed the connection%s%s",
                      url, why ? " " : "", why ? why : "");
        return;

    case NGX_VIOLET_REDIS_ERROR_TLS:

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: TLS to Redis at \"%V\" failed: %s",
                      url, why);
        return;

    case NGX_VIOLET_REDIS_ERROR_PROTOCOL:

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" sent %s, closing the "
                      "connection", url, why);
        return;

    default: /* NGX_VIOLET_REDIS_ERROR_MEMORY */

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: no memory for a reply of Redis at \"%V\", "
                      "closing the connection", url);
    }
}


void
ngx_violet_redis_error_replica(ngx_violet_redis_errors_t *errors,
    ngx_str_t *url)
{
    if (ngx_violet_redis_error_due(errors, NGX_VIOLET_REDIS_ERROR_READONLY))
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" is a replica and is bypassed "
                      "until it is a master", url);
    }
}


/*
 * The text of an error reply, escaped for the log; only its first word, the
 * code, if the rest could repeat a password.
 */

static ngx_str_t
ngx_violet_redis_words(violet_reply_t *reply, u_char *buf, ngx_uint_t code)
{
    u_char     *space;
    ngx_str_t   words;

    if (reply->type != VIOLET_REPLY_ERROR) {
        ngx_str_set(&words, "unexpected reply");
        return words;
    }

    words.data = (u_char *) reply->str;
    words.len = reply->len;

    if (code) {
        space = ngx_strlchr(words.data, words.data + words.len, ' ');

        if (space) {
            words.len = space - words.data;
        }
    }

    words.len = violet_text_shown((char *) words.data, words.len,
                                  (char *) buf);
    words.data = buf;

    return words;
}

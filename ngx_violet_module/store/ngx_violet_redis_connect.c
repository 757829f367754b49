
/*
 * How connections to Redis begin.  Nothing is kept here: the caller counts
 * its failures, and the arguments point into the configuration.
 */


#include "ngx_violet_redis_connect.h"

#include "violet_backoff.h"


/* in ms */
#define NGX_VIOLET_REDIS_MIN_DELAY  100
#define NGX_VIOLET_REDIS_MAX_DELAY  1000

/* ms after which a connection counts as one that lasts */
#define NGX_VIOLET_REDIS_LASTS  1000


ngx_msec_t
ngx_violet_redis_delay(ngx_uint_t failures)
{
    uint64_t  delay;

    delay = violet_backoff((uint64_t) failures + 1,
                           NGX_VIOLET_REDIS_MIN_DELAY,
                           NGX_VIOLET_REDIS_MAX_DELAY);

    return (ngx_msec_t) violet_backoff_jitter(delay / 2, delay,
                                              (uint32_t) ngx_random());
}


ngx_uint_t
ngx_violet_redis_has_lasted(ngx_msec_t ready_at)
{
    return ngx_current_msec - ready_at >= NGX_VIOLET_REDIS_LASTS;
}


int
ngx_violet_redis_auth(ngx_str_t *username, ngx_str_t *password,
    const char **argv, size_t *lens)
{
    int  argc;

    if (password->len == 0) {
        return 0;
    }

    argc = 0;

    argv[argc] = "AUTH";
    lens[argc++] = 4;

    if (username->len) {
        argv[argc] = (char *) username->data;
        lens[argc++] = username->len;
    }

    argv[argc] = (char *) password->data;
    lens[argc++] = password->len;

    return argc;
}

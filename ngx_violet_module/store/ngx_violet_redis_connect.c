
/*
 * How connections to Redis begin.  Nothing is kept here: the caller counts
 * its failures, and the arguments point into the configuration.
 */


#include "ngx_violet_redis_connect.h"

#include "violet_backoff.h"


/* in ms */
#define NGX_VIOLET_REDIS_MIN_DELAY  100
#define NGX_VIOLET_REDIS_MAX_DELAY  1000


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


ngx_addr_t *
ngx_violet_redis_addr_next(ngx_violet_redis_conf_t *conf, ngx_uint_t tries)
{
    return conf->naddrs ? &conf->addrs[tries % conf->naddrs] : NULL;
}


ngx_str_t *
ngx_violet_redis_host_next(ngx_violet_redis_conf_t *conf, ngx_uint_t tries)
{
    ngx_uint_t               n;
    ngx_violet_redis_url_t  *url;

    if (conf->ssl_name.len || conf->naddrs == 0) {
        return &conf->ssl_name;
    }

    n = tries % conf->naddrs;

    /* the addresses are those of all URLs in turn */

    for (url = conf->urls; n >= url->naddrs; url++) {
        n -= url->naddrs;
    }

    return &url->host;
}


int
ngx_violet_redis_auth(ngx_violet_redis_conf_t *conf, const char **argv,
    size_t *lens)
{
    int  argc;

    if (conf->password.len == 0) {
        return 0;
    }

    argc = 0;

    argv[argc] = "AUTH";
    lens[argc++] = 4;

    if (conf->username.len) {
        argv[argc] = (char *) conf->username.data;
        lens[argc++] = conf->username.len;
    }

    argv[argc] = (char *) conf->password.data;
    lens[argc++] = conf->password.len;

    return argc;
}

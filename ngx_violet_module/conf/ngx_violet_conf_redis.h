
/*
 * violet_redis and violet_submit_redis while nginx reads one of them.  The
 * parts of this parser are the parameters (ngx_violet_conf_redis.c), the URLs
 * (ngx_violet_conf_redis_url.c) and TLS (ngx_violet_conf_redis_ssl.c).
 */

#ifndef NGX_VIOLET_CONF_REDIS_H
#define NGX_VIOLET_CONF_REDIS_H


#include "ngx_violet_conf.h"
#include "ngx_violet_redis_conf.h"


typedef struct {
    ngx_violet_redis_conf_t   redis;      /* the result */

    ngx_str_t                 database;   /* the argument or URL that named
                                             redis.db; empty: none did */
    ngx_str_t                 ssl_trusted_certificate;
    ngx_str_t                 ssl_certificate;
    ngx_str_t                 ssl_certificate_key;
} ngx_violet_conf_redis_t;


/*
 * True if an argument is meant as a URL, be it a valid one or not: it begins
 * with "unix:", or has "://" before any "=".
 */

ngx_uint_t ngx_violet_conf_redis_is_url(ngx_str_t *arg);


/*
 * Parses the URLs, after all parameters.  Addresses are filled in, names are
 * not resolved yet.  NGX_OK, or NGX_ERROR, which is logged.
 */

ngx_int_t ngx_violet_conf_redis_urls(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf);


/*
 * Takes a database: "text" is its number, "from" the whole argument or URL.
 * NGX_OK, or NGX_ERROR, which is logged.
 */

ngx_int_t ngx_violet_conf_redis_database(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_str_t *text, ngx_str_t *from);


/*
 * Checks the parameters of TLS, after the URLs, and makes the SSL context.
 * NGX_OK, or NGX_ERROR, which is logged.
 */

ngx_int_t ngx_violet_conf_redis_ssl(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf);


#endif /* NGX_VIOLET_CONF_REDIS_H */


/*
 * TLS to Redis: the parameters of a rediss:// URL and the SSL context, which
 * lives in the configuration's pool.  A certificate of Redis's is always
 * verified, so there is no context without the certificates of those who may
 * issue one.
 */


#include "ngx_violet_conf_redis.h"


/* certificates between Redis's own and a trusted one, at most */
#define NGX_VIOLET_REDIS_SSL_DEPTH  9


static ngx_int_t ngx_violet_conf_redis_no_ssl(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf);
static ngx_int_t ngx_violet_conf_redis_ssl_names(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf);
static ngx_uint_t ngx_violet_conf_redis_is_address(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_int_t ngx_violet_conf_redis_ssl_create(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf);

#if (NGX_SSL)
static ngx_int_t ngx_violet_conf_redis_ssl_files(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf);
#endif


ngx_int_t
ngx_violet_conf_redis_ssl(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf)
{
    ngx_uint_t                cert;
    ngx_violet_redis_conf_t  *redis;

    redis = &conf->redis;

    if (!redis->tls) {
        return ngx_violet_conf_redis_no_ssl(cf, conf);
    }

    if (conf->ssl_trusted_certificate.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in \"%V\" without "
                           "\"ssl_trusted_certificate\", give the file of "
                           "the certificates that may issue Redis's own",
                           &redis->urls[0].text, &redis->directive);
        return NGX_ERROR;
    }

    cert = (conf->ssl_certificate.len != 0);

    if (cert != (conf->ssl_certificate_key.len != 0)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" without \"%s\" in \"%V\", give both",
                           cert ? "ssl_certificate" : "ssl_certificate_key",
                           cert ? "ssl_certificate_key" : "ssl_certificate",
                           &redis->directive);
        return NGX_ERROR;
    }

    if (ngx_violet_conf_redis_ssl_names(cf, conf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_violet_conf_redis_ssl_create(cf, conf);
}


static ngx_int_t
ngx_violet_conf_redis_no_ssl(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf)
{
    char  *name;

    name = conf->ssl_trusted_certificate.len ? "ssl_trusted_certificate"
           : conf->ssl_certificate.len ? "ssl_certificate"
           : conf->ssl_certificate_key.len ? "ssl_certificate_key"
           : conf->redis.ssl_name.len ? "ssl_name" : NULL;

    if (name == NULL) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%s\" with \"%V\" in \"%V\" does nothing without "
                       "TLS, remove it or begin the URL with \"rediss://\"",
                       name, &conf->redis.urls[0].text,
                       &conf->redis.directive);

    return NGX_ERROR;
}


/* nginx compares names, not addresses, with those in a certificate. */

static ngx_int_t
ngx_violet_conf_redis_ssl_names(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf)
{
    char                     *why;
    ngx_uint_t                i;
    ngx_violet_redis_conf_t  *redis;

    redis = &conf->redis;

    if (redis->ssl_name.len) {

        if (ngx_violet_conf_redis_is_address(cf, &redis->ssl_name)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"ssl_name=%V\" in \"%V\" is an address, "
                               "give a host name that stands in Redis's "
                               "certificate",
                               &redis->ssl_name, &redis->directive);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    why = redis->sentinel.len ? "the sentinels name addresses"
          : redis->cluster ? "the cluster names addresses" : NULL;

    for (i = 0; why == NULL && i < redis->nurls; i++) {

        if (!redis->urls[i].is_name) {
            why = "its host is an address";
            break;
        }
    }

    if (why == NULL) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" in \"%V\" without \"ssl_name\": %s, give a "
                       "host name that stands in Redis's certificate",
                       &redis->urls[i].text, &redis->directive, why);

    return NGX_ERROR;
}


static ngx_uint_t
ngx_violet_conf_redis_is_address(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_addr_t  addr;

    return name->data[0] == '['
           || ngx_parse_addr(cf->pool, &addr, name->data, name->len)
              == NGX_OK;
}


#if (NGX_SSL)

static ngx_int_t
ngx_violet_conf_redis_ssl_create(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (ssl == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    conf->redis.ssl = ssl;

    /* what is left of a short send may have moved when it is sent again */

    SSL_CTX_set_mode(ssl->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                               |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    return ngx_violet_conf_redis_ssl_files(cf, conf);
}


/* nginx's own line says what is wrong with a file. */

static ngx_int_t
ngx_violet_conf_redis_ssl_files(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf)
{
    ngx_ssl_t                *ssl;
    ngx_violet_redis_conf_t  *redis;

    redis = &conf->redis;
    ssl = redis->ssl;

    if (ngx_ssl_trusted_certificate(cf, ssl, &conf->ssl_trusted_certificate,
                                    NGX_VIOLET_REDIS_SSL_DEPTH)
        != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"ssl_trusted_certificate=%V\" in \"%V\" cannot "
                           "be used, give a file of certificates in PEM",
                           &conf->ssl_trusted_certificate,
                           &redis->directive);
        return NGX_ERROR;
    }

    if (conf->ssl_certificate.len == 0) {
        return NGX_OK;
    }

    if (ngx_ssl_certificate(cf, ssl, &conf->ssl_certificate,
                            &conf->ssl_certificate_key, NULL)
        != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"ssl_certificate=%V\" and "
                           "\"ssl_certificate_key=%V\" in \"%V\" cannot be "
                           "used, give the files of a certificate and of "
                           "its key in PEM",
                           &conf->ssl_certificate,
                           &conf->ssl_certificate_key, &redis->directive);
        return NGX_ERROR;
    }

    return NGX_OK;
}

#else

static ngx_int_t
ngx_violet_conf_redis_ssl_create(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" in \"%V\" asks for TLS to Redis, build nginx "
                       "and the module with \"--with-http_ssl_module\"",
                       &conf->redis.urls[0].text, &conf->redis.directive);

    return NGX_ERROR;
}

#endif


/*
 * The violet_redis directive.  The address is resolved here, once, so that
 * no worker ever waits for a name server; what is parsed lives in the
 * configuration's pool.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_redis.h"


static char *ngx_violet_conf_redis_url(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value);
static char *ngx_violet_conf_redis_scheme(ngx_conf_t *cf, ngx_str_t *value);
static char *ngx_violet_conf_redis_host(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value, ngx_str_t *host);
static char *ngx_violet_conf_redis_db(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value, ngx_str_t *db);
static char *ngx_violet_conf_redis_parameter(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value);
static char *ngx_violet_conf_redis_invalid(ngx_conf_t *cf,
    ngx_str_t *value);


char *
ngx_violet_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_main_conf_t  *vmcf = conf;

    char                     *rv;
    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_violet_redis_conf_t   redis;

    if (vmcf->redis) {
        return "is duplicate";
    }

    ngx_memzero(&redis, sizeof(ngx_violet_redis_conf_t));

    ngx_str_set(&redis.prefix, "violet:");
    redis.connect_timeout = 250;
    redis.timeout = 100;

    value = cf->args->elts;

    rv = ngx_violet_conf_redis_url(cf, &redis, &value[1]);

    for (i = 2; rv == NGX_CONF_OK && i < cf->args->nelts; i++) {

        if (ngx_violet_conf_check_parameter(cf, i) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        rv = ngx_violet_conf_redis_parameter(cf, &redis, &value[i]);
    }

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (redis.username.len && redis.password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"username\" without \"password\" in "
                           "\"violet_redis\", give both");
        return NGX_CONF_ERROR;
    }

    vmcf->redis = ngx_violet_redis_create(cf->pool, &redis);
    if (vmcf->redis == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* redis://host:port/db or unix:/path; resolved once, here */

static char *
ngx_violet_conf_redis_url(ngx_conf_t *cf, ngx_violet_redis_conf_t *redis,
    ngx_str_t *value)
{
    char       *rv;
    u_char     *p, *slash;
    ngx_str_t   host, db;

    redis->url = *value;

    rv = ngx_violet_conf_redis_scheme(cf, value);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (ngx_strncmp(value->data, "unix:", 5) == 0) {
        return ngx_violet_conf_redis_host(cf, redis, value, value);
    }

    p = value->data + 8;

    host.data = p;
    host.len = value->data + value->len - p;

    slash = ngx_strlchr(p, value->data + value->len, '/');

    if (slash) {
        host.len = slash - p;

        db.data = slash + 1;
        db.len = value->data + value->len - db.data;

        rv = ngx_violet_conf_redis_db(cf, redis, value, &db);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    p = ngx_strlchr(host.data, host.data + host.len, ':');

    if (p && host.data[0] != '['
        && ngx_strlchr(p + 1, host.data + host.len, ':'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than one \":\" in the host of "
                           "\"violet_redis\" \"%V\", write an IPv6 address "
                           "in brackets, such as \"redis://[::1]:6379/0\"",
                           value);
        return NGX_CONF_ERROR;
    }

    return ngx_violet_conf_redis_host(cf, redis, value, &host);
}


static char *
ngx_violet_conf_redis_scheme(ngx_conf_t *cf, ngx_str_t *value)
{
    if (value->len > 5 && ngx_strncmp(value->data, "unix:", 5) == 0) {
        return NGX_CONF_OK;
    }

    /* before anything could print them */

    if (ngx_strlchr(value->data, value->data + value->len, '@')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "credentials in the URL of \"violet_redis\", use "
                           "\"username=\" and \"password=file:PATH\" "
                           "instead");
        return NGX_CONF_ERROR;
    }

    if (value->len > 8 && ngx_strncmp(value->data, "redis://", 8) == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "rediss://", 9) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in \"violet_redis\" asks for TLS to "
                           "Redis, which is not there yet, use "
                           "\"redis://host:port/db\" through a tunnel",
                           value);
        return NGX_CONF_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid URL \"%V\" in \"violet_redis\", use "
                       "\"redis://host:port/db\" or \"unix:/path\"", value);

    return NGX_CONF_ERROR;
}


static char *
ngx_violet_conf_redis_host(ngx_conf_t *cf, ngx_violet_redis_conf_t *redis,
    ngx_str_t *value, ngx_str_t *host)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *host;
    u.default_port = 6379;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.naddrs == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"violet_redis\" \"%V\", use an address "
                           "that this host can resolve",
                           u.err ? u.err : "no address", value);
        return NGX_CONF_ERROR;
    }

    redis->addrs = u.addrs;
    redis->naddrs = u.naddrs;

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_redis_db(ngx_conf_t *cf, ngx_violet_redis_conf_t *redis,
    ngx_str_t *value, ngx_str_t *db)
{
    ngx_int_t  n;

    if (db->len == 0) {
        return NGX_CONF_OK;
    }

    n = ngx_atoi(db->data, db->len);

    if (n == NGX_ERROR || n > 65535) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid database \"%V\" in \"violet_redis\" "
                           "\"%V\", it must be a number", db, value);
        return NGX_CONF_ERROR;
    }

    redis->db = n;

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_redis_parameter(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value)
{
    size_t       len;
    ngx_str_t    s, name;
    ngx_msec_t  *msec;

    msec = NULL;

    if (ngx_strncmp(value->data, "prefix=", 7) == 0) {
        redis->prefix.data = value->data + 7;
        redis->prefix.len = value->len - 7;

        if (redis->prefix.len > 128) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"prefix\" of \"violet_redis\" is longer "
                               "than 128 bytes, shorten it");
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "username=", 9) == 0) {
        redis->username.data = value->data + 9;
        redis->username.len = value->len - 9;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "password=", 9) == 0) {
        s.data = value->data + 9;
        s.len = value->len - 9;

        ngx_str_set(&name, "password");

        if (ngx_violet_credentials_read(cf, &name, &s, &redis->password)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    len = 0;

    if (ngx_strncmp(value->data, "connect_timeout=", 16) == 0) {
        msec = &redis->connect_timeout;
        len = 16;

    } else if (ngx_strncmp(value->data, "timeout=", 8) == 0) {
        msec = &redis->timeout;
        len = 8;
    }

    if (msec) {
        s.data = value->data + len;
        s.len = value->len - len;

        *msec = ngx_parse_time(&s, 0);

        if (*msec != (ngx_msec_t) NGX_ERROR && *msec != 0
            && *msec <= 60000)
        {
            return NGX_CONF_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"violet_redis\", it "
                           "must be a time from 1ms to 60s", value);
        return NGX_CONF_ERROR;
    }

    return ngx_violet_conf_redis_invalid(cf, value);
}


/* What is no parameter, or is not there yet. */

static char *
ngx_violet_conf_redis_invalid(ngx_conf_t *cf, ngx_str_t *value)
{
    size_t   len;
    u_char  *eq;

    /* not with the URL, which may hold credentials */

    if (ngx_strncmp(value->data, "unix:", 5) == 0
        || ngx_strncmp(value->data, "redis://", 8) == 0
        || ngx_strncmp(value->data, "rediss://", 9) == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than one URL in \"violet_redis\", which is "
                           "not there yet, keep only one");
        return NGX_CONF_ERROR;
    }

    /* the name alone: a misspelt "password=" has a secret behind it */

    eq = ngx_strlchr(value->data, value->data + value->len, '=');
    len = eq ? (size_t) (eq - value->data) : value->len;

    if (ngx_strncmp(value->data, "sentinel", 8) == 0
        || ngx_strcmp(value->data, "cluster") == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%*s\" in \"violet_redis\" is not there yet, "
                           "remove it and give the URL of one Redis that "
                           "takes writes", len, value->data);
        return NGX_CONF_ERROR;
    }

    if (ngx_strncmp(value->data, "ssl_", 4) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%*s\" in \"violet_redis\" is for TLS to "
                           "Redis, which is not there yet, remove it",
                           len, value->data);
        return NGX_CONF_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%*s\" in \"violet_redis\", use "
                       "one of \"prefix\", \"username\", \"password\", "
                       "\"connect_timeout\" and \"timeout\"",
                       len, value->data);

    return NGX_CONF_ERROR;
}

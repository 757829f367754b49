
/*
 * The violet_redis directive.  The address is resolved here, once, so that
 * no worker ever waits for a name server; the results live in the
 * configuration's pool.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_redis.h"


/* the longest time-out, in ms */
#define NGX_VIOLET_REDIS_MAX_TIME  60000


typedef struct ngx_violet_redis_parameter_s  ngx_violet_redis_parameter_t;


typedef char *(*ngx_violet_redis_set_pt)(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);


struct ngx_violet_redis_parameter_s {
    ngx_str_t                 name;
    ngx_violet_redis_set_pt   set;
    size_t                    offset;   /* of the member, for a time-out */
};


static char *ngx_violet_conf_redis_url(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value);
static char *ngx_violet_conf_redis_scheme(ngx_conf_t *cf, ngx_str_t *value);
static char *ngx_violet_conf_redis_host(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value, ngx_str_t *host);
static char *ngx_violet_conf_redis_db(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value, ngx_str_t *db);
static char *ngx_violet_conf_redis_parameter(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *arg);
static char *ngx_violet_conf_redis_prefix(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);
static char *ngx_violet_conf_redis_username(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);
static char *ngx_violet_conf_redis_password(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);
static char *ngx_violet_conf_redis_time(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);
static char *ngx_violet_conf_redis_invalid(ngx_conf_t *cf,
    ngx_str_t *value);


static ngx_violet_redis_parameter_t  ngx_violet_redis_parameters[] = {
    { ngx_string("prefix"), ngx_violet_conf_redis_prefix, 0 },
    { ngx_string("username"), ngx_violet_conf_redis_username, 0 },
    { ngx_string("password"), ngx_violet_conf_redis_password, 0 },
    { ngx_string("connect_timeout"), ngx_violet_conf_redis_time,
      offsetof(ngx_violet_redis_conf_t, connect_timeout) },
    { ngx_string("timeout"), ngx_violet_conf_redis_time,
      offsetof(ngx_violet_redis_conf_t, timeout) },
    { ngx_null_string, NULL, 0 }
};


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

    /* first, so that no other error prints the credentials */

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
    ngx_violet_redis_conf_t *redis, ngx_str_t *arg)
{
    ngx_str_t                      value;
    ngx_violet_redis_parameter_t  *p;

    for (p = ngx_violet_redis_parameters; p->name.len; p++) {

        if (arg->len > p->name.len && arg->data[p->name.len] == '='
            && ngx_strncmp(arg->data, p->name.data, p->name.len) == 0)
        {
            value.data = arg->data + p->name.len + 1;
            value.len = arg->len - p->name.len - 1;

            return p->set(cf, redis, p, &value);
        }
    }

    return ngx_violet_conf_redis_invalid(cf, arg);
}


static char *
ngx_violet_conf_redis_prefix(ngx_conf_t *cf, ngx_violet_redis_conf_t *redis,
    ngx_violet_redis_parameter_t *p, ngx_str_t *value)
{
    if (value->len > 128) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"prefix\" of \"violet_redis\" is longer "
                           "than 128 bytes, shorten it");
        return NGX_CONF_ERROR;
    }

    redis->prefix = *value;

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_redis_username(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value)
{
    redis->username = *value;

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_redis_password(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value)
{
    if (ngx_violet_credentials_read(cf, &p->name, value, &redis->password)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_redis_time(ngx_conf_t *cf, ngx_violet_redis_conf_t *redis,
    ngx_violet_redis_parameter_t *p, ngx_str_t *value)
{
    ngx_int_t  time;

    time = ngx_parse_time(value, 0);

    if (time == NGX_ERROR || time == 0 || time > NGX_VIOLET_REDIS_MAX_TIME) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V=%V\" in \"violet_redis\", "
                           "it must be a time from 1ms to %ds",
                           &p->name, value,
                           NGX_VIOLET_REDIS_MAX_TIME / 1000);
        return NGX_CONF_ERROR;
    }

    *(ngx_msec_t *) ((u_char *) redis + p->offset) = time;

    return NGX_CONF_OK;
}


/* A parameter that does not exist, or is not supported yet. */

static char *
ngx_violet_conf_redis_invalid(ngx_conf_t *cf, ngx_str_t *value)
{
    size_t   len;
    u_char  *eq;

    /* without the URL, which may hold credentials */

    if (ngx_strncmp(value->data, "unix:", 5) == 0
        || ngx_strncmp(value->data, "redis://", 8) == 0
        || ngx_strncmp(value->data, "rediss://", 9) == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than one URL in \"violet_redis\", which is "
                           "not there yet, keep only one");
        return NGX_CONF_ERROR;
    }

    /* only the name: a misspelt "password=" has a secret as its value */

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

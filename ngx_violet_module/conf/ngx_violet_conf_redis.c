
/*
 * The directives violet_redis and violet_submit_redis: their parameters, and
 * the client that each makes.  Everything lives in the configuration's pool.
 * Every error names the directive, the value and the remedy, and prints no
 * value that may be a secret.
 */


#include "ngx_violet_conf_redis.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_keys.h"
#include "ngx_violet_redis.h"


/* the longest time-out, in ms */
#define NGX_VIOLET_REDIS_MAX_TIME    60000

/* bytes of the prefix at most, with the braces of a hash tag */
#define NGX_VIOLET_REDIS_MAX_PREFIX  128


typedef struct ngx_violet_redis_parameter_s  ngx_violet_redis_parameter_t;


typedef ngx_int_t (*ngx_violet_redis_set_pt)(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);


struct ngx_violet_redis_parameter_s {
    ngx_str_t                 name;
    ngx_violet_redis_set_pt   set;
    size_t                    offset;   /* of the member */
};


static ngx_int_t ngx_violet_conf_redis_args(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf);
static ngx_int_t ngx_violet_conf_redis_parameter(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_str_t *arg);
static ngx_int_t ngx_violet_conf_redis_text(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);
static ngx_int_t ngx_violet_conf_redis_secret(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);
static ngx_int_t ngx_violet_conf_redis_time(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);
static ngx_int_t ngx_violet_conf_redis_db(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);
static ngx_int_t ngx_violet_conf_redis_prefix(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);
static ngx_int_t ngx_violet_conf_redis_sentinel(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_parameter_t *p,
    ngx_str_t *value);
static ngx_int_t ngx_violet_conf_redis_invalid(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_str_t *arg);
static ngx_int_t ngx_violet_conf_redis_check(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf);
static ngx_int_t ngx_violet_conf_redis_user(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, char *parameter, ngx_str_t *username,
    ngx_str_t *password);
static ngx_int_t ngx_violet_conf_redis_cluster(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf);


static ngx_violet_redis_parameter_t  ngx_violet_redis_parameters[] = {
    { ngx_string("prefix"), ngx_violet_conf_redis_prefix, 0 },
    { ngx_string("db"), ngx_violet_conf_redis_db, 0 },
    { ngx_string("username"), ngx_violet_conf_redis_text,
      offsetof(ngx_violet_conf_redis_t, redis.username) },
    { ngx_string("password"), ngx_violet_conf_redis_secret,
      offsetof(ngx_violet_conf_redis_t, redis.password) },
    { ngx_string("connect_timeout"), ngx_violet_conf_redis_time,
      offsetof(ngx_violet_conf_redis_t, redis.connect_timeout) },
    { ngx_string("timeout"), ngx_violet_conf_redis_time,
      offsetof(ngx_violet_conf_redis_t, redis.timeout) },
    { ngx_string("ssl_trusted_certificate"), ngx_violet_conf_redis_text,
      offsetof(ngx_violet_conf_redis_t, ssl_trusted_certificate) },
    { ngx_string("ssl_name"), ngx_violet_conf_redis_text,
      offsetof(ngx_violet_conf_redis_t, redis.ssl_name) },
    { ngx_string("ssl_certificate"), ngx_violet_conf_redis_text,
      offsetof(ngx_violet_conf_redis_t, ssl_certificate) },
    { ngx_string("ssl_certificate_key"), ngx_violet_conf_redis_text,
      offsetof(ngx_violet_conf_redis_t, ssl_certificate_key) },
    { ngx_string("sentinel"), ngx_violet_conf_redis_sentinel, 0 },
    { ngx_string("sentinel_username"), ngx_violet_conf_redis_text,
      offsetof(ngx_violet_conf_redis_t, redis.sentinel_username) },
    { ngx_string("sentinel_password"), ngx_violet_conf_redis_secret,
      offsetof(ngx_violet_conf_redis_t, redis.sentinel_password) },
    { ngx_null_string, NULL, 0 }
};


/* Both directives; the client goes to the member at cmd->offset. */

char *
ngx_violet_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_violet_redis_t       **redis;
    ngx_violet_conf_redis_t    parsed;

    redis = (ngx_violet_redis_t **) (p + cmd->offset);

    if (*redis) {
        return "is duplicate";
    }

    ngx_memzero(&parsed, sizeof(ngx_violet_conf_redis_t));

    parsed.redis.directive = cmd->name;
    parsed.redis.file = cf->conf_file->file.name.data;
    parsed.redis.line = cf->conf_file->line;
    parsed.redis.connect_timeout = 250;
    parsed.redis.timeout = 100;

    ngx_str_set(&parsed.redis.prefix, "violet:");

    if (ngx_violet_conf_redis_args(cf, &parsed) != NGX_OK
        || ngx_violet_conf_redis_urls(cf, &parsed) != NGX_OK
        || ngx_violet_conf_redis_check(cf, &parsed) != NGX_OK
        || ngx_violet_conf_redis_ssl(cf, &parsed) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    *redis = ngx_violet_redis_create(cf->pool, &parsed.redis);

    return *redis ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* URLs are only collected: how one is read depends on the parameters. */

static ngx_int_t
ngx_violet_conf_redis_args(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf)
{
    ngx_str_t                *value;
    ngx_uint_t                i, first;
    ngx_violet_redis_conf_t  *redis;

    value = cf->args->elts;
    redis = &conf->redis;

    redis->urls = ngx_pcalloc(cf->pool, cf->args->nelts
                                        * sizeof(ngx_violet_redis_url_t));
    if (redis->urls == NULL) {
        return NGX_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        first = (i == 1 && ngx_strlchr(value[i].data,
                                       value[i].data + value[i].len, '=')
                           == NULL);

        if (first || ngx_violet_conf_redis_is_url(&value[i])) {
            redis->urls[redis->nurls++].text = value[i];
            continue;
        }

        if (ngx_violet_conf_check_parameter(cf, i) != NGX_OK
            || ngx_violet_conf_redis_parameter(cf, conf, &value[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_conf_redis_parameter(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_str_t *arg)
{
    ngx_str_t                      value;
    ngx_violet_redis_parameter_t  *p;

    if (ngx_strcmp(arg->data, "cluster") == 0) {
        conf->redis.cluster = 1;
        return NGX_OK;
    }

    for (p = ngx_violet_redis_parameters; p->name.len; p++) {

        if (arg->len > p->name.len && arg->data[p->name.len] == '='
            && ngx_strncmp(arg->data, p->name.data, p->name.len) == 0)
        {
            value.data = arg->data + p->name.len + 1;
            value.len = arg->len - p->name.len - 1;

            return p->set(cf, conf, p, &value);
        }
    }

    return ngx_violet_conf_redis_invalid(cf, conf, arg);
}


static ngx_int_t
ngx_violet_conf_redis_text(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    ngx_violet_redis_parameter_t *p, ngx_str_t *value)
{
    if (value->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"%V\" is empty, give it a value or "
                           "remove it", &p->name, &conf->redis.directive);
        return NGX_ERROR;
    }

    *(ngx_str_t *) ((u_char *) conf + p->offset) = *value;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_conf_redis_secret(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    ngx_violet_redis_parameter_t *p, ngx_str_t *value)
{
    return ngx_violet_credentials_read(cf, &p->name, value,
                           (ngx_str_t *) ((u_char *) conf + p->offset));
}


static ngx_int_t
ngx_violet_conf_redis_time(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    ngx_violet_redis_parameter_t *p, ngx_str_t *value)
{
    ngx_int_t  time;

    time = ngx_parse_time(value, 0);

    if (time == NGX_ERROR || time == 0 || time > NGX_VIOLET_REDIS_MAX_TIME) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V=%V\" in \"%V\", it must be "
                           "a time from 1ms to %ds",
                           &p->name, value, &conf->redis.directive,
                           NGX_VIOLET_REDIS_MAX_TIME / 1000);
        return NGX_ERROR;
    }

    *(ngx_msec_t *) ((u_char *) conf + p->offset) = time;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_conf_redis_db(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    ngx_violet_redis_parameter_t *p, ngx_str_t *value)
{
    ngx_str_t  arg;

    arg.len = value->len + sizeof("db=") - 1;
    arg.data = value->data - (sizeof("db=") - 1);

    return ngx_violet_conf_redis_database(cf, conf, value, &arg);
}


static ngx_int_t
ngx_violet_conf_redis_prefix(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    ngx_violet_redis_parameter_t *p, ngx_str_t *value)
{
    u_char  *last;

    last = value->data + value->len;

    if (ngx_strlchr(value->data, last, '{')
        || ngx_strlchr(value->data, last, '}'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"prefix=%V\" of \"%V\" has a brace, remove it: "
                           "with \"cluster\" the gateway writes the braces "
                           "of the hash tag itself",
                           value, &conf->redis.directive);
        return NGX_ERROR;
    }

    conf->redis.prefix = *value;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_conf_redis_sentinel(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    ngx_violet_redis_parameter_t *p, ngx_str_t *value)
{
    u_char      c;
    ngx_uint_t  i;

    /* the characters that Sentinel itself allows */

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if ((c < '0' || c > '9') && (c < 'A' || c > 'Z')
            && (c < 'a' || c > 'z') && c != '.' && c != '-' && c != '_')
        {
            break;
        }
    }

    if (i < value->len || value->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"sentinel=%V\" in \"%V\", give "
                           "the name of the master that the sentinels "
                           "watch, of letters, digits, \".\", \"-\" and "
                           "\"_\"", value, &conf->redis.directive);
        return NGX_ERROR;
    }

    conf->redis.sentinel = *value;

    return NGX_OK;
}


/* A parameter that does not exist. */

static ngx_int_t
ngx_violet_conf_redis_invalid(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    ngx_str_t *arg)
{
    size_t                         len;
    u_char                        *last, names[512], c;
    ngx_violet_redis_parameter_t  *p;

    /* only the name: a misspelt "password=" has a secret as its value */

    for (len = 0; len < arg->len; len++) {
        c = arg->data[len] | 0x20;

        if ((c < 'a' || c > 'z') && arg->data[len] != '_') {
            break;
        }
    }

    last = names;

    for (p = ngx_violet_redis_parameters; p->name.len; p++) {
        last = ngx_slprintf(last, names + sizeof(names), "\"%V\", ",
                            &p->name);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%*s\" in \"%V\", use one of "
                       "%*s\"cluster\", and a URL begins with "
                       "\"redis://\"", len, arg->data, &conf->redis.directive,
                       (size_t) (last - names), names);

    return NGX_ERROR;
}


/* Parameters that depend on each other. */

static ngx_int_t
ngx_violet_conf_redis_check(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf)
{
    ngx_violet_redis_conf_t  *redis;

    redis = &conf->redis;

    if (ngx_violet_conf_redis_user(cf, conf, "", &redis->username,
                                   &redis->password)
        != NGX_OK
        || ngx_violet_conf_redis_user(cf, conf, "sentinel_",
                                      &redis->sentinel_username,
                                      &redis->sentinel_password)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (redis->sentinel_password.len && redis->sentinel.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"sentinel_password\" without \"sentinel\" in "
                           "\"%V\", give both", &redis->directive);
        return NGX_ERROR;
    }

    if (redis->cluster
        && ngx_violet_conf_redis_cluster(cf, conf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (redis->prefix.len > NGX_VIOLET_REDIS_MAX_PREFIX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"prefix\" of \"%V\" is longer than %d bytes%s, "
                           "shorten it", &redis->directive,
                           NGX_VIOLET_REDIS_MAX_PREFIX,
                           redis->cluster ? " with its braces" : "");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_conf_redis_user(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    char *parameter, ngx_str_t *username, ngx_str_t *password)
{
    if (username->len && password->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%susername\" without \"%spassword\" in "
                           "\"%V\", give both", parameter, parameter,
                           &conf->redis.directive);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * A cluster puts all keys with one hash tag into one slot, so that a script
 * may touch several.  "violet:" becomes "{violet}:".
 */

static ngx_int_t
ngx_violet_conf_redis_cluster(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf)
{
    u_char                   *p, *last;
    size_t                    len;
    ngx_violet_redis_conf_t  *redis;

    redis = &conf->redis;

    if (redis->sentinel.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"sentinel\" and \"cluster\" in \"%V\", remove "
                           "one", &redis->directive);
        return NGX_ERROR;
    }

    if (redis->db) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" with \"cluster\" in \"%V\", a cluster "
                           "has the database 0 only, remove the number",
                           &conf->database, &redis->directive);
        return NGX_ERROR;
    }

    len = redis->prefix.len;

    if (len && redis->prefix.data[len - 1] == ':') {
        len--;
    }

    if (len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"prefix=%V\" with \"cluster\" in \"%V\" leaves "
                           "the hash tag empty, give one such as "
                           "\"prefix=violet:\"",
                           &redis->prefix, &redis->directive);
        return NGX_ERROR;
    }

    p = ngx_pnalloc(cf->pool, redis->prefix.len
                              + sizeof("{}" NGX_VIOLET_KEYS_SUBMIT));
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_sprintf(p, "{%*s}%s", len, redis->prefix.data,
                       len < redis->prefix.len ? ":" : "");

    redis->prefix.data = p;
    redis->prefix.len = last - p;

    last = ngx_cpymem(last, NGX_VIOLET_KEYS_SUBMIT,
                      sizeof(NGX_VIOLET_KEYS_SUBMIT) - 1);

    redis->slot_key.data = p;
    redis->slot_key.len = last - p;

    return NGX_OK;
}


/*
 * Parsers of the directives, and what is checked of a violet location once
 * everything is merged.  All that is parsed lives in the configuration's
 * pool.  Every refusal names the directive, the value and the remedy.
 */


#include "ngx_violet_module.h"
#include "ngx_violet_memory.h"


#define NGX_VIOLET_MAX_TTL      (366 * 86400)
#define NGX_VIOLET_MIN_BUFFER   (4 * 1024)
#define NGX_VIOLET_MAX_BUFFER   (256 * 1024 * 1024)


static char *ngx_violet_conf_app_parameter(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_violet_conf_app_id(ngx_conf_t *cf, ngx_violet_app_t *app,
    ngx_str_t *value);
static char *ngx_violet_conf_app_check(ngx_conf_t *cf,
    ngx_violet_app_t *app);
static ngx_int_t ngx_violet_conf_name_valid(ngx_str_t *name);
static char *ngx_violet_conf_violet_context(ngx_conf_t *cf);
static char *ngx_violet_conf_redis_url(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value);
static char *ngx_violet_conf_redis_db(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value, ngx_str_t *db);
static char *ngx_violet_conf_redis_parameter(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_str_t *value);
static char *ngx_violet_conf_rate(ngx_conf_t *cf, ngx_str_t *value,
    size_t offset, violet_rate_t *rate);
static ngx_int_t ngx_violet_conf_upstream(ngx_conf_t *cf,
    ngx_violet_loc_conf_t *vlcf);
static ngx_uint_t ngx_violet_conf_is_local(ngx_http_upstream_srv_conf_t *us);


char *
ngx_violet_conf_app(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_main_conf_t  *vmcf = conf;

    char               *rv;
    ngx_str_t          *value;
    ngx_conf_t          save;
    ngx_violet_app_t   *app, **appp;

    value = cf->args->elts;

    if (ngx_violet_conf_name_valid(&value[1]) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name \"%V\" in \"violet_app\", use "
                           "letters, digits, \"_\" and \"-\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_violet_credentials_find(&vmcf->apps, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate \"violet_app\" \"%V\", give each app "
                           "a name of its own", &value[1]);
        return NGX_CONF_ERROR;
    }

    app = ngx_pcalloc(cf->pool, sizeof(ngx_violet_app_t));
    if (app == NULL) {
        return NGX_CONF_ERROR;
    }

    app->name = value[1];

    appp = ngx_array_push(&vmcf->apps);
    if (appp == NULL) {
        return NGX_CONF_ERROR;
    }

    *appp = app;

    save = *cf;
    cf->handler = ngx_violet_conf_app_parameter;
    cf->handler_conf = (void *) app;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_violet_conf_app_check(cf, app);
}


static char *
ngx_violet_conf_app_parameter(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    ngx_violet_app_t  *app;

    ngx_str_t  *value, *secret;

    app = cf->handler_conf;
    value = cf->args->elts;

    if (cf->args->nelts != 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"%V\" of "
                           "\"violet_app\", it takes one", &value[0]);
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(value[0].data, "app_id") == 0) {
        return ngx_violet_conf_app_id(cf, app, &value[1]);
    }

    if (ngx_strcmp(value[0].data, "app_secret") == 0) {
        secret = &app->secret;

    } else if (ngx_strcmp(value[0].data, "token") == 0) {
        secret = &app->token;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown directive \"%V\" in \"violet_app\", it "
                           "knows \"app_id\", \"app_secret\" and \"token\"",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    if (secret->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is duplicate in \"violet_app\" \"%V\"",
                           &value[0], &app->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_violet_credentials_read(cf, &value[0], &value[1], secret)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_app_id(ngx_conf_t *cf, ngx_violet_app_t *app,
    ngx_str_t *value)
{
    ngx_int_t  id;

    if (app->id) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"app_id\" is duplicate in \"violet_app\" "
                           "\"%V\"", &app->name);
        return NGX_CONF_ERROR;
    }

    id = ngx_atoi(value->data, value->len);

    if (id == NGX_ERROR || id <= 0 || id > 2147483647
        || value->data[0] == '0')
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"app_id\", it must be "
                           "a number from 1 to 2147483647", value);
        return NGX_CONF_ERROR;
    }

    app->id = id;
    app->id_text = *value;

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_app_check(ngx_conf_t *cf, ngx_violet_app_t *app)
{
    char  *missing;

    missing = NULL;

    if (app->id == 0) {
        missing = "app_id";

    } else if (app->secret.data == NULL) {
        missing = "app_secret";

    } else if (app->token.data == NULL) {
        missing = "token";
    }

    if (missing) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"%s\" in \"violet_app\" \"%V\", add it: no "
                           "request goes to Violet without all credentials",
                           missing, &app->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_violet_conf_name_valid(ngx_str_t *name)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z')
            && (ch < '0' || ch > '9') && ch != '_' && ch != '-')
        {
            return NGX_ERROR;
        }
    }

    return name->len ? NGX_OK : NGX_ERROR;
}


char *
ngx_violet_conf_violet(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    char                              *rv;
    ngx_str_t                         *value;
    ngx_violet_main_conf_t            *vmcf;
    ngx_http_compile_complex_value_t   ccv;

    if (vlcf->app_name) {
        return "is duplicate";
    }

    rv = ngx_violet_conf_violet_context(cf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    value = cf->args->elts;

    vlcf->app_name = ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (vlcf->app_name == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = vlcf->app_name;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_violet_module);
    vmcf->used = 1;

    if (ngx_violet_credentials_set_headers(cf, vmcf->credentials) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/*
 * The API path is found from the prefix of the location, so there must be
 * one, and it must end where a segment ends.
 */

static char *
ngx_violet_conf_violet_context(ngx_conf_t *cf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->named) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"violet\" cannot be used in the named location "
                           "\"%V\", use one with a prefix such as \"/v1/\"",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

#if (NGX_PCRE)

    if (clcf->regex) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"violet\" cannot be used in the regex location "
                           "\"%V\", use one with a prefix such as \"/v1/\"",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

#endif

    if (clcf->name.len == 0 || clcf->name.data[clcf->name.len - 1] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"violet\" cannot be used in location \"%V\", "
                           "its prefix must end in \"/\"", &clcf->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


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
    ngx_url_t   u;
    ngx_str_t   db;

    ngx_memzero(&u, sizeof(ngx_url_t));

    redis->url = *value;

    if (value->len > 5 && ngx_strncmp(value->data, "unix:", 5) == 0) {
        u.url = *value;

    } else if (value->len > 8 && ngx_strncmp(value->data, "redis://", 8) == 0)
    {
        p = value->data + 8;

        if (ngx_strlchr(p, value->data + value->len, '@')) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "credentials in the URL of \"violet_redis\", "
                               "use \"username=\" and \"password=file:PATH\" "
                               "instead");
            return NGX_CONF_ERROR;
        }

        u.url.data = p;
        u.url.len = value->data + value->len - p;

        slash = ngx_strlchr(p, value->data + value->len, '/');

        if (slash) {
            u.url.len = slash - p;

            db.data = slash + 1;
            db.len = value->data + value->len - db.data;

            rv = ngx_violet_conf_redis_db(cf, redis, value, &db);

            if (rv != NGX_CONF_OK) {
                return rv;
            }
        }

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URL \"%V\" in \"violet_redis\", use "
                           "\"redis://host:port/db\" or \"unix:/path\"",
                           value);
        return NGX_CONF_ERROR;
    }

    u.default_port = 6379;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.naddrs == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"violet_redis\" \"%V\"",
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
                               "than 128 bytes");
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

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in \"violet_redis\", it "
                       "knows \"prefix\", \"username\", \"password\", "
                       "\"connect_timeout\" and \"timeout\"", value);

    return NGX_CONF_ERROR;
}


char *
ngx_violet_conf_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_main_conf_t  *vmcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    if (vmcf->zone_size != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[1]);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\" in \"violet_zone\", give "
                           "one such as \"16m\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (size < (ssize_t) (8 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"violet_zone\" \"%V\" is too small, it must be "
                           "at least %uz bytes",
                           &value[1], (size_t) (8 * ngx_pagesize));
        return NGX_CONF_ERROR;
    }

    vmcf->zone_size = size;

    return NGX_CONF_OK;
}


char *
ngx_violet_conf_time(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    time_t     *field, least;
    ngx_str_t  *value;

    field = (time_t *) (p + cmd->offset);

    if (*field != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    /* a report that is never fresh is what "violet_health_cache off" is for */

    least = (cmd->offset == offsetof(ngx_violet_loc_conf_t, health_ttl));

    value = cf->args->elts;

    *field = ngx_parse_time(&value[1], 1);

    if (*field == (time_t) NGX_ERROR || *field < least
        || *field > NGX_VIOLET_MAX_TTL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\", it must be a "
                           "time from %T to %d seconds, such as \"24h\"",
                           &value[1], &cmd->name, least, NGX_VIOLET_MAX_TTL);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_violet_conf_refresh_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    char                     *rv;
    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_violet_limit_conf_t  *limit;

    if (vlcf->limit != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        vlcf->limit = NULL;
        return NGX_CONF_OK;
    }

    limit = ngx_pcalloc(cf->pool, sizeof(ngx_violet_limit_conf_t));
    if (limit == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_violet_limit_defaults(limit);

    for (i = 1; i < cf->args->nelts; i++) {

        rv = NGX_CONF_OK;

        if (ngx_strncmp(value[i].data, "merchant=", 9) == 0) {
            rv = ngx_violet_conf_rate(cf, &value[i], 9, &limit->merchant);

        } else if (ngx_strncmp(value[i].data, "app=", 4) == 0) {
            rv = ngx_violet_conf_rate(cf, &value[i], 4, &limit->app);

        } else if (ngx_strcmp(value[i].data, "exceeded=429") == 0) {
            limit->exceeded_cached = 0;

        } else if (ngx_strcmp(value[i].data, "exceeded=cached") == 0) {
            limit->exceeded_cached = 1;

        } else if (ngx_strcmp(value[i].data, "dry_run") == 0) {
            limit->dry_run = 1;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in "
                               "\"violet_refresh_limit\", it knows \"off\" "
                               "alone, \"merchant=\", \"app=\", "
                               "\"exceeded=429\", \"exceeded=cached\" and "
                               "\"dry_run\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    vlcf->limit = limit;

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_rate(ngx_conf_t *cf, ngx_str_t *value, size_t offset,
    violet_rate_t *rate)
{
    if (violet_rate_parse((char *) value->data + offset, value->len - offset,
                          rate)
        == 0)
    {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid rate \"%V\" in \"violet_refresh_limit\", "
                       "give a number of requests and a time, such as "
                       "\"1r/10m\" or \"30r/h\"", value);

    return NGX_CONF_ERROR;
}


char *
ngx_violet_conf_cart_reason(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_main_conf_t  *vmcf = conf;

    char              error[128];
    ngx_str_t        *value, *name;
    ngx_uint_t        caseless;
    violet_text_t     pattern;
    violet_reason_t   reason;

    value = cf->args->elts;
    name = &value[cf->args->nelts - 1];

    pattern.data = (char *) value[1].data;
    pattern.len = value[1].len;
    caseless = 0;

    if (cf->args->nelts == 4) {

        if (ngx_strcmp(value[1].data, "~") != 0
            && ngx_strcmp(value[1].data, "~*") != 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid modifier \"%V\" in "
                               "\"violet_cart_reason\", use \"~\" or \"~*\"",
                               &value[1]);
            return NGX_CONF_ERROR;
        }

        caseless = (value[1].len == 2);
        pattern.data = (char *) value[2].data;
        pattern.len = value[2].len;

    } else if (pattern.data[0] == '~') {

        /* as in "location ~pattern" */

        caseless = (pattern.data[1] == '*');
        pattern.data += 1 + caseless;
        pattern.len -= 1 + caseless;
    }

    if (violet_reason_parse((char *) name->data, name->len, &reason) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown reason \"%V\" in \"violet_cart_reason\", "
                           "docs/cart-errors.md lists them", name);
        return NGX_CONF_ERROR;
    }

    if (vmcf->reasons == NULL) {
        vmcf->reasons = violet_reasons_create();
        if (vmcf->reasons == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (pattern.len == 0) {
        ngx_cpystrn((u_char *) error, (u_char *) "it is empty",
                    sizeof(error));

    } else if (violet_reasons_add(vmcf->reasons, pattern, caseless, reason,
                                  error, sizeof(error))
               == 0)
    {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid pattern \"%*s\" in \"violet_cart_reason\": "
                       "%s", pattern.len, pattern.data, error);

    return NGX_CONF_ERROR;
}


char *
ngx_violet_conf_buffer_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    if (vlcf->buffer_limit != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[1]);

    if (size == NGX_ERROR || size < NGX_VIOLET_MIN_BUFFER
        || size > NGX_VIOLET_MAX_BUFFER)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\" in \"violet_buffer_limit\", "
                           "it must be from 4k to 256m", &value[1]);
        return NGX_CONF_ERROR;
    }

    vlcf->buffer_limit = size;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_violet_conf_check_location(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf,
    ngx_violet_loc_conf_t *vlcf)
{
    ngx_str_t                 *name;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == NULL && !clcf->noname) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"violet\" in location \"%V\" without "
                      "\"proxy_pass\", add one that leads to Violet",
                      &clcf->name);
        return NGX_ERROR;
    }

    name = &vlcf->app_name->value;

    if (vlcf->app_name->lengths == NULL && vlcf->app == NULL) {
        vlcf->app = ngx_violet_credentials_find(&vmcf->apps, name);

        if (vlcf->app == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown app \"%V\" in \"violet\" of location "
                          "\"%V\", define it with \"violet_app %V { ... }\"",
                          name, &clcf->name, name);
            return NGX_ERROR;
        }
    }

    return ngx_violet_conf_upstream(cf, vlcf);
}


/* What proxy_pass leads to, in the words of the configuration. */

static ngx_int_t
ngx_violet_conf_upstream(ngx_conf_t *cf, ngx_violet_loc_conf_t *vlcf)
{
    u_char                        *p;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_upstream_conf_t      *uconf;
    ngx_http_upstream_srv_conf_t  *us;

    /* the first member of the proxy module's own structure */

    uconf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);
    us = uconf->upstream;

    if (us == NULL) {
        return NGX_OK;
    }

    vlcf->upstream = us->host;

    if (!us->no_port && us->port) {
        p = ngx_pnalloc(cf->pool, us->host.len + 1 + NGX_INT_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        vlcf->upstream.data = p;
        vlcf->upstream.len = ngx_sprintf(p, "%V:%ui", &us->host,
                                         (ngx_uint_t) us->port)
                             - p;
    }

#if (NGX_HTTP_SSL)

    if (uconf->ssl) {
        return NGX_OK;
    }

#endif

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!clcf->noname && !ngx_violet_conf_is_local(us)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"violet\" in location \"%V\" sends secrets to "
                      "\"%V\" by plain http, use https", &clcf->name,
                      &us->host);
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_violet_conf_is_local(ngx_http_upstream_srv_conf_t *us)
{
    ngx_uint_t                  i, j;
    struct sockaddr            *sa;
    struct sockaddr_in         *sin;
    ngx_http_upstream_server_t  *server;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6        *sin6;
#endif

    if (us->servers == NULL) {
        return 0;
    }

    server = us->servers->elts;

    for (i = 0; i < us->servers->nelts; i++) {
        for (j = 0; j < server[i].naddrs; j++) {
            sa = server[i].addrs[j].sockaddr;

            switch (sa->sa_family) {

#if (NGX_HAVE_UNIX_DOMAIN)
            case AF_UNIX:
                break;
#endif

#if (NGX_HAVE_INET6)
            case AF_INET6:
                sin6 = (struct sockaddr_in6 *) sa;

                if (!IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr)) {
                    return 0;
                }

                break;
#endif

            default: /* AF_INET */
                sin = (struct sockaddr_in *) sa;

                if ((ntohl(sin->sin_addr.s_addr) >> 24) != 127) {
                    return 0;
                }
            }
        }
    }

    return 1;
}

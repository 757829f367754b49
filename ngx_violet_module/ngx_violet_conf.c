
/*
 * Parsers of the directives that have no file of their own.  All that is
 * parsed lives in the configuration's pool.  Every refusal names the
 * directive, the value and the remedy.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_health_limit.h"
#include "ngx_violet_cart_record.h"


#define NGX_VIOLET_MAX_TTL      (366 * 86400)
#define NGX_VIOLET_MAX_GUARD   (24 * 60 * 60)
#define NGX_VIOLET_MIN_BUFFER   (4 * 1024)
#define NGX_VIOLET_MAX_BUFFER   (256 * 1024 * 1024)


static char *ngx_violet_conf_rate(ngx_conf_t *cf, ngx_str_t *value,
    size_t offset, violet_rate_t *rate);


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
ngx_violet_conf_health_memory(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (vlcf->health_memory != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        vlcf->health_memory = 0;
        return NGX_CONF_OK;
    }

    vlcf->health_memory = ngx_parse_time(&value[1], 1);

    if (vlcf->health_memory == (time_t) NGX_ERROR || vlcf->health_memory < 1
        || vlcf->health_memory > NGX_VIOLET_MAX_TTL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\", it must be "
                           "\"off\" or a time from 1 to %d seconds, such as "
                           "\"60s\"",
                           &value[1], &cmd->name, NGX_VIOLET_MAX_TTL);
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

        if (ngx_violet_conf_check_parameter(cf, i) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

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
                               "\"violet_refresh_limit\", use one of "
                               "\"merchant=\", \"app=\", \"exceeded=429\", "
                               "\"exceeded=cached\", \"dry_run\", or \"off\" "
                               "alone", &value[i]);
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


char *
ngx_violet_conf_submit_guard(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    ngx_int_t   time;
    ngx_str_t  *value;

    if (vlcf->submit_guard != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "on") == 0) {
        vlcf->submit_guard = NGX_VIOLET_RECORD_TIME;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        vlcf->submit_guard = 0;
        return NGX_CONF_OK;
    }

    time = ngx_parse_time(&value[1], 1);

    if (time == NGX_ERROR || time < 1 || time > NGX_VIOLET_MAX_GUARD) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"violet_submit_guard\", "
                           "it must be \"on\", \"off\" or a time from 1 to %d "
                           "seconds, such as \"10m\"",
                           &value[1], NGX_VIOLET_MAX_GUARD);
        return NGX_CONF_ERROR;
    }

    vlcf->submit_guard = (ngx_msec_t) time * 1000;

    return NGX_CONF_OK;
}


/* ngx_conf_set_enum_slot(), whose message names the values that may be */

char *
ngx_violet_conf_enum(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    u_char           *last, text[128];
    ngx_str_t        *value;
    ngx_uint_t       *field, i;
    ngx_conf_enum_t  *e;

    field = (ngx_uint_t *) (p + cmd->offset);

    if (*field != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    e = cmd->post;
    last = text;

    for (i = 0; e[i].name.len; i++) {
        if (e[i].name.len == value[1].len
            && ngx_strncmp(e[i].name.data, value[1].data, value[1].len) == 0)
        {
            *field = e[i].value;
            return NGX_CONF_OK;
        }

        last = ngx_slprintf(last, text + sizeof(text), "%s\"%V\"",
                            i ? ", " : "", &e[i].name);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"%V\", use one of %*s",
                       &value[1], &cmd->name, (size_t) (last - text), text);

    return NGX_CONF_ERROR;
}


/* The n-th argument must not be a parameter that came before. */

ngx_int_t
ngx_violet_conf_check_parameter(ngx_conf_t *cf, ngx_uint_t n)
{
    u_char      *eq;
    size_t       len;
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    eq = ngx_strlchr(value[n].data, value[n].data + value[n].len, '=');
    len = eq ? (size_t) (eq - value[n].data) + 1 : value[n].len;

    for (i = 1; i < n; i++) {
        if (value[i].len >= len && (eq || value[i].len == len)
            && ngx_strncmp(value[i].data, value[n].data, len) == 0)
        {
            /* the name alone, the value may be a secret */

            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%*s\" in \"%V\", "
                               "remove one", eq ? len - 1 : len,
                               value[n].data, &value[0]);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Parsers of the directives that have no file of their own.  Their results
 * live in the configuration's pool.  Every error names the directive, the
 * value and the remedy.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_health_limit.h"


static ngx_uint_t ngx_violet_conf_is_set(ngx_command_t *cmd, void *conf);
static void ngx_violet_conf_store(ngx_command_t *cmd, void *conf,
    ngx_int_t n);
static void ngx_violet_conf_out_of_bounds(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_int_t n, ngx_int_t min);
static char *ngx_violet_conf_rate(ngx_conf_t *cf, ngx_str_t *value,
    size_t offset, violet_rate_t *rate);


/* A time or a size, or "on" or "off", within the bounds in cmd->post. */

char *
ngx_violet_conf_bounded(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                 *value;
    ngx_int_t                  n, min;
    ngx_violet_conf_bounds_t  *bounds;

    bounds = cmd->post;

    if (ngx_violet_conf_is_set(cmd, conf)) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (bounds->on && ngx_strcmp(value[1].data, "on") == 0) {
        ngx_violet_conf_store(cmd, conf, bounds->on);
        return NGX_CONF_OK;
    }

    if (bounds->off && ngx_strcmp(value[1].data, "off") == 0) {
        ngx_violet_conf_store(cmd, conf, 0);
        return NGX_CONF_OK;
    }

    if (bounds->kind == NGX_VIOLET_CONF_SIZE
        || bounds->kind == NGX_VIOLET_CONF_ZONE)
    {
        n = ngx_parse_size(&value[1]);

    } else {
        n = ngx_parse_time(&value[1], 1);
    }

    min = bounds->min;

    if (bounds->kind == NGX_VIOLET_CONF_ZONE) {
        min *= ngx_pagesize;
    }

    if (n == NGX_ERROR || n < min || n > bounds->max) {
        ngx_violet_conf_out_of_bounds(cf, cmd, n, min);
        return NGX_CONF_ERROR;
    }

    ngx_violet_conf_store(cmd, conf, n);

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_violet_conf_is_set(ngx_command_t *cmd, void *conf)
{
    u_char                    *field;
    ngx_violet_conf_bounds_t  *bounds;

    field = (u_char *) conf + cmd->offset;
    bounds = cmd->post;

    switch (bounds->kind) {

    case NGX_VIOLET_CONF_SEC:
        return *(time_t *) field != NGX_CONF_UNSET;

    case NGX_VIOLET_CONF_MSEC:
        return *(ngx_msec_t *) field != NGX_CONF_UNSET_MSEC;

    default: /* NGX_VIOLET_CONF_SIZE, NGX_VIOLET_CONF_ZONE */
        return *(size_t *) field != NGX_CONF_UNSET_SIZE;
    }
}


static void
ngx_violet_conf_store(ngx_command_t *cmd, void *conf, ngx_int_t n)
{
    u_char                    *field;
    ngx_violet_conf_bounds_t  *bounds;

    field = (u_char *) conf + cmd->offset;
    bounds = cmd->post;

    switch (bounds->kind) {

    case NGX_VIOLET_CONF_SEC:
        *(time_t *) field = n;
        break;

    case NGX_VIOLET_CONF_MSEC:
        *(ngx_msec_t *) field = (ngx_msec_t) n * 1000;
        break;

    default: /* NGX_VIOLET_CONF_SIZE, NGX_VIOLET_CONF_ZONE */
        *(size_t *) field = n;
    }
}


static void
ngx_violet_conf_out_of_bounds(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_int_t n, ngx_int_t min)
{
    ngx_str_t                 *value;
    ngx_violet_conf_bounds_t  *bounds;

    value = cf->args->elts;
    bounds = cmd->post;

    switch (bounds->kind) {

    case NGX_VIOLET_CONF_SIZE:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\" in \"%V\", it must be from "
                           "%ik to %im, such as \"%s\"",
                           &value[1], &cmd->name, min / 1024,
                           bounds->max / (1024 * 1024), bounds->example);
        return;

    case NGX_VIOLET_CONF_ZONE:

        if (n == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid size \"%V\" in \"%V\", give one "
                               "such as \"%s\"",
                               &value[1], &cmd->name, bounds->example);
            return;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" \"%V\" is too small, it must be at "
                           "least %i bytes", &cmd->name, &value[1], min);
        return;

    default: /* NGX_VIOLET_CONF_SEC, NGX_VIOLET_CONF_MSEC */
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\", it must be "
                           "%s%sa time from %i to %i seconds, such as "
                           "\"%s\"",
                           &value[1], &cmd->name,
                           bounds->on ? "\"on\", " : "",
                           bounds->off ? "\"off\" or " : "",
                           min, bounds->max, bounds->example);
    }
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


char *
ngx_violet_conf_merge_limit(ngx_conf_t *cf, ngx_violet_loc_conf_t *prev,
    ngx_violet_loc_conf_t *conf)
{
    ngx_violet_limit_conf_t  *limit;

    if (conf->limit != NGX_CONF_UNSET_PTR) {
        return NGX_CONF_OK;
    }

    if (prev->limit == NGX_CONF_UNSET_PTR) {

        limit = ngx_pcalloc(cf->pool, sizeof(ngx_violet_limit_conf_t));
        if (limit == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_violet_limit_defaults(limit);

        prev->limit = limit;
    }

    conf->limit = prev->limit;

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


/* As ngx_conf_set_enum_slot(), but the error names the valid values. */

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


/* NGX_ERROR if the n-th argument repeats a parameter before it. */

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
            /* only the name: the value may be a secret */

            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%*s\" in \"%V\", "
                               "remove one", eq ? len - 1 : len,
                               value[n].data, &value[0]);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * violet_submit_guard: a time or a word as ngx_violet_conf_bounded() reads it,
 * and without_redis=.
 */

char *
ngx_violet_conf_submit_guard(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    char       *rv;
    ngx_str_t  *value;

    rv = ngx_violet_conf_bounded(cf, cmd, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    value = cf->args->elts;

    vlcf->submit_refuse = 0;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (vlcf->submit_guard
        && ngx_strcmp(value[2].data, "without_redis=refuse") == 0)
    {
        vlcf->submit_refuse = 1;
        return NGX_CONF_OK;
    }

    if (vlcf->submit_guard
        && ngx_strcmp(value[2].data, "without_redis=host") == 0)
    {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"%V\": use "
                       "\"without_redis=host\" or "
                       "\"without_redis=refuse\", and not with \"off\"",
                       &value[2], &cmd->name);

    return NGX_CONF_ERROR;
}


/* violet_health_stale: a time as ngx_violet_conf_bounded() reads it. */

char *
ngx_violet_conf_health_stale(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    char       *rv;
    ngx_str_t  *value;

    rv = ngx_violet_conf_bounded(cf, cmd, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    value = cf->args->elts;

    vlcf->health_updating = (cf->args->nelts == 3);

    if (!vlcf->health_updating) {
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[2].data, "updating") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"%V\", use "
                           "\"updating\" or leave it out",
                           &value[2], &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (vlcf->health_stale == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"updating\" in \"%V\" needs a time above 0: "
                           "how long an expired report may be served, such "
                           "as \"6h\"", &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}

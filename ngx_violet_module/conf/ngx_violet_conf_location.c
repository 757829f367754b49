
/*
 * The violet directive, and the checks of its location once everything is
 * merged.  The results live in the configuration's pool.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_conf_env.h"
#include "ngx_violet_credentials.h"


static char *ngx_violet_conf_violet_context(ngx_conf_t *cf);
static ngx_int_t ngx_violet_conf_upstream(ngx_conf_t *cf,
    ngx_violet_loc_conf_t *vlcf);
static void ngx_violet_conf_check_headers(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf, ngx_violet_loc_conf_t *vlcf);
static ngx_uint_t ngx_violet_conf_is_blocked(ngx_conf_t *cf,
    ngx_violet_loc_conf_t *outer);


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

    vlcf->file = cf->conf_file->file.name.data;
    vlcf->line = cf->conf_file->line;

    vlcf->confs = ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf;

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


ngx_int_t
ngx_violet_conf_check_location(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf,
    ngx_violet_loc_conf_t *vlcf)
{
    void                     **try_files;
    ngx_str_t                 *name;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* the only member of the module's structure */

    try_files = ngx_http_conf_get_module_loc_conf(cf,
                                                  ngx_http_try_files_module);

    if (*try_files) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"try_files\" beside \"violet\" in location \"%V\", "
                      "remove it: it starts a request again after its submit "
                      "was sent, in %s:%ui",
                      &clcf->name, vlcf->file, vlcf->line);
        return NGX_ERROR;
    }

    if (!clcf->noname
        && (clcf->handler == NULL || clcf->handler != vmcf->proxy_handler))
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"violet\" in location \"%V\" without "
                      "\"proxy_pass\", add one that leads to Violet, in "
                      "%s:%ui", &clcf->name, vlcf->file, vlcf->line);
        return NGX_ERROR;
    }

    name = &vlcf->app_name->value;

    if (vlcf->app_name->lengths) {
        vmcf->any_app = 1;

    } else if (vlcf->app == NULL) {
        vlcf->app = ngx_violet_credentials_find(&vmcf->apps, name);

        if (vlcf->app == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown app \"%V\" in \"violet\" of location "
                          "\"%V\", define it with \"violet_app %V { ... }\", "
                          "in %s:%ui",
                          name, &clcf->name, name, vlcf->file, vlcf->line);
            return NGX_ERROR;
        }

        vlcf->app->used = 1;

        if (vlcf->app->loc_conf == NULL) {
            vlcf->app->loc_conf = vlcf;
        }
    }

    if (ngx_violet_conf_upstream(cf, vlcf) != NGX_OK
        || ngx_violet_conf_check_upstream(cf, vmcf, vlcf) != NGX_OK
        || ngx_violet_conf_env(cf, vmcf, vlcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!clcf->noname) {
        ngx_violet_conf_check_headers(cf, vmcf, vlcf);
    }

    vlcf->accept_encoding =
                 ngx_violet_conf_sets_header(cf, "Accept-Encoding") != NULL;
    vlcf->request_id =
                 ngx_violet_conf_sets_header(cf, "X-Request-Id") != NULL;

    ngx_violet_conf_token_route(cf, vlcf);

    return NGX_OK;
}


/* The host that proxy_pass leads to, as it is written. */

static ngx_int_t
ngx_violet_conf_upstream(ngx_conf_t *cf, ngx_violet_loc_conf_t *vlcf)
{
    u_char                        *p;
    ngx_http_upstream_conf_t      *uconf;
    ngx_http_upstream_srv_conf_t  *us;

    /* the first member of the proxy module's own structure */

    uconf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);
    us = uconf->upstream;

    vlcf->read_timeout = uconf->read_timeout;
    vlcf->upstream_timeout = uconf->connect_timeout + uconf->send_timeout
                             + uconf->read_timeout;

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

    return NGX_OK;
}


/*
 * nginx sends a credential header of the operator's beside the module's, and
 * Violet accepts neither.  A line without a value sends nothing.
 */

static void
ngx_violet_conf_check_headers(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf,
    ngx_violet_loc_conf_t *vlcf)
{
    ngx_uint_t                 i;
    ngx_array_t               *lines;
    ngx_keyval_t              *line;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    lines = ngx_violet_conf_header_lines(cf);

    for (i = 0; lines && i < lines->nelts; i++) {

        line = lines->elts;
        line = &line[i];

        if (line->value.len == 0 || line->key.len < sizeof("X-Violet-") - 1
            || ngx_strncasecmp(line->key.data, (u_char *) "X-Violet-",
                               sizeof("X-Violet-") - 1)
               != 0
            || ngx_violet_credentials_own_header(vmcf->credentials, line))
        {
            continue;
        }

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"proxy_set_header %V\" beside \"violet\" in "
                      "location \"%V\", remove it: headers of that name are "
                      "Violet's, and the module sends its credentials by "
                      "itself, in %s:%ui",
                      &line->key, &clcf->name, vlcf->file, vlcf->line);
    }
}


void
ngx_violet_conf_check_inner(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf,
    ngx_violet_loc_conf_t *outer)
{
    void                      **codes, **try_files;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_violet_proxy_pass_t    *pass;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    pass = ngx_violet_conf_proxy_pass(cf, vmcf);

    if (pass) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "no \"violet\" beside \"proxy_pass\" \"%V\" in location "
                      "\"%V\", which is within a location with \"violet\", "
                      "add it: requests go there without credentials, in "
                      "%s:%ui",
                      &pass->url, &clcf->name, pass->file, pass->line);
        return;
    }

    /* each is the first member of its module's structure */

    codes = ngx_violet_conf_of(cf, ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf,
                               "ngx_http_rewrite_module");
    try_files = ngx_http_conf_get_module_loc_conf(cf,
                                                  ngx_http_try_files_module);

    if (clcf->handler || (codes && *codes) || *try_files
        || ngx_violet_conf_is_blocked(cf, outer))
    {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "no \"proxy_pass\" and no other answer in location \"%V\", "
                  "which is within a location with \"violet\", add \"violet\" "
                  "and \"proxy_pass\", or \"return\": it inherits neither, and "
                  "serves files, in %s:%ui",
                  &clcf->name, outer->file, outer->line);
}


/* True if the location has files or access rules of its own. */

static ngx_uint_t
ngx_violet_conf_is_blocked(ngx_conf_t *cf, ngx_violet_loc_conf_t *outer)
{
    void                      **rules, **outer_rules;
    ngx_http_conf_ctx_t        *ctx;
    ngx_http_core_loc_conf_t   *clcf, *oclcf;

    ctx = cf->ctx;

    clcf = ctx->loc_conf[ngx_http_core_module.ctx_index];
    oclcf = outer->confs[ngx_http_core_module.ctx_index];

    if (clcf->internal || clcf->root.data != oclcf->root.data) {
        return 1;
    }

    /* the first member of the module's structure */

    rules = ngx_violet_conf_of(cf, ctx->loc_conf, "ngx_http_access_module");
    outer_rules = ngx_violet_conf_of(cf, outer->confs,
                                     "ngx_http_access_module");

    return rules && *rules != *outer_rules;
}

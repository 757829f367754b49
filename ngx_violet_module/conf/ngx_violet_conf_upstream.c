
/*
 * Where proxy_pass of a violet location leads, and the frequent mistakes.  A
 * certain mistake is an error, a possible one a warning.  Nothing is stored.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_credentials.h"


/* the parts of a proxy_pass */

typedef struct {
    ngx_violet_proxy_pass_t       *pass;
    ngx_http_upstream_conf_t      *conf;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_upstream_srv_conf_t  *upstream;   /* NULL: of the request */
    ngx_str_t                      rest;       /* behind the scheme */
    unsigned                       http:1;
    unsigned                       https:1;
    unsigned                       variables:1;
} ngx_violet_target_t;


static void ngx_violet_conf_target(ngx_conf_t *cf,
    ngx_violet_proxy_pass_t *pass, ngx_violet_target_t *target);
static ngx_int_t ngx_violet_conf_check_cache(ngx_conf_t *cf,
    ngx_violet_loc_conf_t *vlcf);
static ngx_int_t ngx_violet_conf_check_https(ngx_conf_t *cf,
    ngx_violet_target_t *target, ngx_violet_loc_conf_t *vlcf);
static void ngx_violet_conf_check_http(ngx_conf_t *cf,
    ngx_violet_target_t *target);
static ngx_int_t ngx_violet_conf_check_path(ngx_conf_t *cf,
    ngx_violet_target_t *target);
static ngx_uint_t ngx_violet_conf_path_leads(ngx_str_t *prefix,
    ngx_str_t *uri, ngx_str_t *end);
static ngx_uint_t ngx_violet_conf_ends(ngx_str_t *text, ngx_str_t *end);
static ngx_uint_t ngx_violet_conf_rewrites(ngx_conf_t *cf);


ngx_int_t
ngx_violet_conf_check_upstream(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf,
    ngx_violet_loc_conf_t *vlcf)
{
    ngx_violet_target_t       target;
    ngx_violet_proxy_pass_t  *pass;

    pass = ngx_violet_conf_proxy_pass(cf, vmcf);

    /* "if" and "limit_except" inherit a proxy_pass that has been checked */

    if (pass == NULL) {
        return NGX_OK;
    }

    ngx_violet_conf_target(cf, pass, &target);

    if (ngx_violet_conf_check_cache(cf, vlcf) != NGX_OK
        || ngx_violet_conf_check_path(cf, &target) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (target.https
        && ngx_violet_conf_check_https(cf, &target, vlcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (target.http && !vlcf->unverified_upstream) {
        ngx_violet_conf_check_http(cf, &target);
    }

    if (target.upstream && target.upstream->servers) {
        return ngx_violet_conf_check_names(cf, vmcf, target.upstream);
    }

    return NGX_OK;
}


static void
ngx_violet_conf_target(ngx_conf_t *cf, ngx_violet_proxy_pass_t *pass,
    ngx_violet_target_t *target)
{
    size_t  scheme;

    ngx_memzero(target, sizeof(ngx_violet_target_t));

    target->pass = pass;

    /* the first member of the proxy module's own structure */

    target->conf = ngx_http_conf_get_module_loc_conf(cf,
                                                     ngx_http_proxy_module);
    target->clcf = ngx_http_conf_get_module_loc_conf(cf,
                                                     ngx_http_core_module);
    target->upstream = target->conf->upstream;
    target->variables = (ngx_http_script_variables_count(&pass->url) != 0);

    scheme = 0;

    if (ngx_strncasecmp(pass->url.data, (u_char *) "http://", 7) == 0) {
        target->http = 1;
        scheme = 7;

    } else if (ngx_strncasecmp(pass->url.data, (u_char *) "https://", 8)
               == 0)
    {
        target->https = 1;
        scheme = 8;
    }

    target->rest.data = pass->url.data + scheme;
    target->rest.len = pass->url.len - scheme;
}


/* nginx's cache answers by URL: one caller would get another's answer. */

static ngx_int_t
ngx_violet_conf_check_cache(ngx_conf_t *cf, ngx_violet_loc_conf_t *vlcf)
{
#if (NGX_HTTP_CACHE)

    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_upstream_conf_t  *uconf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    uconf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);

    if (uconf->cache) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"proxy_cache\" is in force in location \"%V\" with "
                      "\"violet\", add \"proxy_cache off\": it would give "
                      "one caller's answers to others, in %s:%ui",
                      &clcf->name, vlcf->file, vlcf->line);
        return NGX_ERROR;
    }

#endif

    return NGX_OK;
}


static ngx_int_t
ngx_violet_conf_check_https(ngx_conf_t *cf, ngx_violet_target_t *target,
    ngx_violet_loc_conf_t *vlcf)
{
#if (NGX_HTTP_SSL || NGX_COMPAT)

    ngx_str_t                *name;
    ngx_violet_proxy_pass_t  *pass;

    name = &target->clcf->name;
    pass = target->pass;

    if (!target->conf->ssl_verify && !vlcf->unverified_upstream) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"proxy_pass\" \"%V\" in location \"%V\" with "
                      "\"violet\" and without \"proxy_ssl_verify on\", add "
                      "it and \"proxy_ssl_trusted_certificate\", in %s:%ui",
                      &pass->url, name, pass->file, pass->line);
        return NGX_ERROR;
    }

    /* a block with a dot in its name is assumed to be named after the host */

    if (target->clcf->noname || target->upstream == NULL
        || target->upstream->servers == NULL
        || ngx_strlchr(target->upstream->host.data,
                       target->upstream->host.data
                       + target->upstream->host.len, '.'))
    {
        return NGX_OK;
    }

    if (!ngx_violet_conf_sets_header(cf, "Host")) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "no \"proxy_set_header Host\" beside \"proxy_pass\" "
                      "\"%V\" in location \"%V\", add one with Violet's "
                      "name: \"%V\" is sent, in %s:%ui",
                      &pass->url, name, &target->upstream->host,
                      pass->file, pass->line);
    }

    if (target->conf->ssl_name == NULL
        && (target->conf->ssl_verify || target->conf->ssl_server_name))
    {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "no \"proxy_ssl_name\" beside \"proxy_pass\" \"%V\" in "
                      "location \"%V\", add one with Violet's name: \"%V\" "
                      "is looked for in the certificate, in %s:%ui",
                      &pass->url, name, &target->upstream->host,
                      pass->file, pass->line);
    }

#endif

    return NGX_OK;
}


static void
ngx_violet_conf_check_http(ngx_conf_t *cf, ngx_violet_target_t *target)
{
    ngx_violet_proxy_pass_t  *pass;

    pass = target->pass;

    if (target->variables) {

        if (!ngx_violet_conf_is_local_url(cf, &target->rest)) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"proxy_pass\" \"%V\" in location \"%V\" with "
                          "\"violet\" lets variables choose a host for plain "
                          "http, use https: requests to other machines than "
                          "this are refused, unless "
                          "\"violet_unverified_upstream on\", in %s:%ui",
                          &pass->url, &target->clcf->name, pass->file,
                          pass->line);
        }

        return;
    }

    if (target->upstream && !ngx_violet_conf_is_local(target->upstream)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"proxy_pass\" \"%V\" in location \"%V\" with "
                      "\"violet\" leads to another machine by plain http, "
                      "use https: requests to it are refused, unless "
                      "\"violet_unverified_upstream on\", in %s:%ui",
                      &pass->url, &target->clcf->name, pass->file,
                      pass->line);
    }
}


/*
 * The path after the location's prefix must reach Violet after "v1/".  Where
 * rewrite directives change URIs, this cannot be checked.
 */

static ngx_int_t
ngx_violet_conf_check_path(ngx_conf_t *cf, ngx_violet_target_t *target)
{
    ngx_url_t                 u;
    ngx_str_t                *prefix, end;
    ngx_uint_t                level;
    ngx_violet_proxy_pass_t  *pass;

    if (target->variables) {
        return NGX_OK;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = target->rest;
    u.default_port = 80;
    u.uri_part = 1;
    u.no_resolve = 1;

    /* the proxy module has parsed the same */

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        return NGX_ERROR;
    }

    prefix = &target->clcf->name;

    if (ngx_violet_conf_path_leads(prefix, &u.uri, &end)) {
        return NGX_OK;
    }

    pass = target->pass;
    level = ngx_violet_conf_rewrites(cf) ? NGX_LOG_WARN : NGX_LOG_EMERG;

    ngx_log_error(level, cf->log, 0,
                  "\"proxy_pass\" \"%V\" in location \"%V\" with \"violet\" "
                  "turns \"%Vx\" into \"%Vx\", its path must end in \"%V\", "
                  "in %s:%ui",
                  &pass->url, prefix, prefix, &u.uri, &end, pass->file,
                  pass->line);

    return level == NGX_LOG_EMERG ? NGX_ERROR : NGX_OK;
}


/*
 * True if the API path reaches Violet; else "end" is how the path of proxy_pass
 * must end.  Without a path proxy_pass sends the URI unchanged; a path replaces
 * the location's prefix.  If the prefix has no "v1", callers may write "v1" in
 * their URI, so it is enough that the path ends in a slash.
 */

static ngx_uint_t
ngx_violet_conf_path_leads(ngx_str_t *prefix, ngx_str_t *uri, ngx_str_t *end)
{
    u_char  *v1;

    v1 = ngx_strnstr(prefix->data, "/v1/", prefix->len);

    if (v1) {
        end->data = v1;
        end->len = prefix->data + prefix->len - v1;

        return uri->len == 0 || ngx_violet_conf_ends(uri, end);
    }

    ngx_str_set(end, "/v1/");

    return uri->len == 0 || uri->data[uri->len - 1] == '/';
}


static ngx_uint_t
ngx_violet_conf_ends(ngx_str_t *text, ngx_str_t *end)
{
    return text->len >= end->len
           && ngx_memcmp(text->data + text->len - end->len, end->data,
                         end->len)
              == 0;
}


/* True if the location or its server has lines of the rewrite module. */

static ngx_uint_t
ngx_violet_conf_rewrites(ngx_conf_t *cf)
{
    void                      **codes;
    ngx_http_conf_ctx_t        *ctx;
    ngx_http_core_srv_conf_t   *cscf;

    ctx = cf->ctx;

    /* the first member of the module's structure */

    codes = ngx_violet_conf_of(cf, ctx->loc_conf, "ngx_http_rewrite_module");

    if (codes && *codes) {
        return 1;
    }

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    codes = ngx_violet_conf_of(cf, cscf->ctx->loc_conf,
                               "ngx_http_rewrite_module");

    return codes && *codes;
}

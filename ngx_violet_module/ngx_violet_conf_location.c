
/*
 * The violet directive, and what is checked of its location once everything
 * is merged.  What is parsed lives in the configuration's pool.
 */


#include "ngx_violet_module.h"


static char *ngx_violet_conf_violet_context(ngx_conf_t *cf);
static ngx_http_handler_pt ngx_violet_conf_proxy_handler(ngx_conf_t *cf);
static ngx_int_t ngx_violet_conf_upstream(ngx_conf_t *cf,
    ngx_violet_loc_conf_t *vlcf);
static ngx_uint_t ngx_violet_conf_sets_header(ngx_conf_t *cf, char *name);
static ngx_uint_t ngx_violet_conf_is_local(ngx_http_upstream_srv_conf_t *us);
static ngx_uint_t ngx_violet_conf_is_loopback(struct sockaddr *sa);


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

    if (ngx_violet_credentials_set_headers(cf, vmcf->credentials) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (vmcf->proxy_handler == NULL) {
        vmcf->proxy_handler = ngx_violet_conf_proxy_handler(cf);

        if (vmcf->proxy_handler == NULL) {
            return NGX_CONF_ERROR;
        }
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


/*
 * The proxy module's content handler has no name outside of it.  proxy_pass
 * is run on a location that exists nowhere, and leaves it there; with a
 * variable in the URL it does nothing else that lasts.
 */

static ngx_http_handler_pt
ngx_violet_conf_proxy_handler(ngx_conf_t *cf)
{
    void                      *conf;
    char                      *rv;
    ngx_conf_t                 save;
    ngx_str_t                 *value;
    ngx_command_t             *cmd;
    ngx_http_conf_ctx_t        ctx;
    ngx_http_core_loc_conf_t  *clcf;

    cmd = ngx_violet_credentials_proxy_command("proxy_pass");

    conf = ((ngx_http_module_t *) ngx_http_proxy_module.ctx)
                                                      ->create_loc_conf(cf);
    clcf = ((ngx_http_module_t *) ngx_http_core_module.ctx)
                                                      ->create_loc_conf(cf);

    ctx = *(ngx_http_conf_ctx_t *) cf->ctx;
    ctx.loc_conf = ngx_pcalloc(cf->pool,
                               sizeof(void *) * ngx_http_max_module);

    save = *cf;
    cf->ctx = &ctx;
    cf->args = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));

    if (cmd == NULL || conf == NULL || clcf == NULL || ctx.loc_conf == NULL
        || cf->args == NULL)
    {
        *cf = save;
        return NULL;
    }

    ctx.loc_conf[ngx_http_core_module.ctx_index] = clcf;
    ctx.loc_conf[ngx_http_proxy_module.ctx_index] = conf;

    value = ngx_array_push_n(cf->args, 2);

    value[0] = cmd->name;
    ngx_str_set(&value[1], "http://$host");

    rv = cmd->set(cf, cmd, conf);

    *cf = save;

    return rv == NGX_CONF_OK ? clcf->handler : NULL;
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
                      "remove it: a submit would be sent and then started "
                      "anew, in %s:%ui", &clcf->name, vlcf->file, vlcf->line);
        return NGX_ERROR;
    }

    if (clcf->handler != vmcf->proxy_handler && !clcf->noname) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"violet\" in location \"%V\" without "
                      "\"proxy_pass\", add one that leads to Violet, in "
                      "%s:%ui", &clcf->name, vlcf->file, vlcf->line);
        return NGX_ERROR;
    }

    name = &vlcf->app_name->value;

    if (vlcf->app_name->lengths == NULL && vlcf->app == NULL) {
        vlcf->app = ngx_violet_credentials_find(&vmcf->apps, name);

        if (vlcf->app == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown app \"%V\" in \"violet\" of location "
                          "\"%V\", define it with \"violet_app %V { ... }\", "
                          "in %s:%ui",
                          name, &clcf->name, name, vlcf->file, vlcf->line);
            return NGX_ERROR;
        }
    }

    if (ngx_violet_conf_upstream(cf, vlcf) != NGX_OK) {
        return NGX_ERROR;
    }

    vlcf->accept_encoding = ngx_violet_conf_sets_header(cf, "Accept-Encoding");

    ngx_violet_conf_token_route(cf, vlcf);

    return NGX_OK;
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

    vlcf->patience = uconf->connect_timeout + uconf->send_timeout
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

#if (NGX_HTTP_SSL || NGX_COMPAT)

    if (uconf->ssl) {
        return NGX_OK;
    }

#endif

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!clcf->noname && !ngx_violet_conf_is_local(us)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"violet\" in location \"%V\" sends secrets to "
                      "\"%V\" by plain http, use https, in %s:%ui",
                      &clcf->name, &us->host, vlcf->file, vlcf->line);
    }

    return NGX_OK;
}


/* Is there such a proxy_set_header line, with a value? */

static ngx_uint_t
ngx_violet_conf_sets_header(ngx_conf_t *cf, char *name)
{
    u_char         *conf;
    ngx_uint_t      i;
    ngx_array_t    *lines;
    ngx_keyval_t   *line;
    ngx_command_t  *cmd;

    cmd = ngx_violet_credentials_proxy_command("proxy_set_header");
    conf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);

    /* where the command puts its lines, the proxy module's or inherited */

    lines = *(ngx_array_t **) (conf + cmd->offset);

    if (lines == NULL) {
        return 0;
    }

    line = lines->elts;

    for (i = 0; i < lines->nelts; i++) {

        if (line[i].value.len && line[i].key.len == ngx_strlen(name)
            && ngx_strncasecmp(line[i].key.data, (u_char *) name,
                               line[i].key.len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_violet_conf_is_local(ngx_http_upstream_srv_conf_t *us)
{
    ngx_uint_t                     i, j;
    ngx_http_upstream_server_t    *server;
    ngx_http_upstream_rr_peer_t   *peer;
    ngx_http_upstream_rr_peers_t  *peers;

    if (us->servers == NULL) {

        /* a host name without an upstream block, resolved by now */

        peers = us->peer.data;

        for (peer = peers ? peers->peer : NULL; peer; peer = peer->next) {
            if (!ngx_violet_conf_is_loopback(peer->sockaddr)) {
                return 0;
            }
        }

        return peers != NULL;
    }

    server = us->servers->elts;

    for (i = 0; i < us->servers->nelts; i++) {
        for (j = 0; j < server[i].naddrs; j++) {
            if (!ngx_violet_conf_is_loopback(server[i].addrs[j].sockaddr)) {
                return 0;
            }
        }
    }

    return 1;
}


static ngx_uint_t
ngx_violet_conf_is_loopback(struct sockaddr *sa)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sa->sa_family) {

#if (NGX_HAVE_UNIX_DOMAIN)
    case AF_UNIX:
        return 1;
#endif

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);
#endif

    default: /* AF_INET */
        sin = (struct sockaddr_in *) sa;
        return (ntohl(sin->sin_addr.s_addr) >> 24) == 127;
    }
}


/*
 * Whether an upstream is this machine, and whether its names are resolved
 * again.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_address.h"


static ngx_uint_t ngx_violet_conf_is_request_uri(u_char *p, u_char *last);
static ngx_uint_t ngx_violet_conf_is_local_host(ngx_conf_t *cf,
    ngx_str_t *host, ngx_uint_t port);
static ngx_uint_t ngx_violet_conf_knows_resolve(void);
static ngx_uint_t ngx_violet_conf_is_frozen_name(
    ngx_http_upstream_server_t *server);


ngx_uint_t
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
            if (!ngx_violet_is_local(peer->sockaddr)) {
                return 0;
            }
        }

        return peers != NULL;
    }

    server = us->servers->elts;

    for (i = 0; i < us->servers->nelts; i++) {
        for (j = 0; j < server[i].naddrs; j++) {
            if (!ngx_violet_is_local(server[i].addrs[j].sockaddr)) {
                return 0;
            }
        }
    }

    return 1;
}


/*
 * True if a URL leads to this machine whatever the values of its variables:
 * its host ends before the first variable, or $request_uri follows the host.
 */

ngx_uint_t
ngx_violet_conf_is_local_url(ngx_conf_t *cf, ngx_str_t *url)
{
    u_char     *p, *last, *end;
    ngx_str_t   host;

    if (ngx_strncasecmp(url->data, (u_char *) "unix:", 5) == 0) {
        return 1;
    }

    last = url->data + url->len;
    end = url->data;

    p = ngx_strlchr(url->data, last, '$');

    if (*end == '[') {
        end = ngx_strlchr(url->data, p, ']');

        if (end == NULL) {
            return 0;
        }
    }

    while (end < p && *end != ':' && *end != '/' && *end != '?') {
        end++;
    }

    if (end == p && !ngx_violet_conf_is_request_uri(p, last)) {
        return 0;
    }

    host.data = url->data;
    host.len = end - url->data;

    return ngx_violet_conf_is_local_host(cf, &host, *end == ':');
}


/* True if "$request_uri" is all that follows: its value begins with "/". */

static ngx_uint_t
ngx_violet_conf_is_request_uri(u_char *p, u_char *last)
{
    size_t  len;

    len = sizeof("$request_uri") - 1;

    return (size_t) (last - p) == len
           && ngx_strncmp(p, "$request_uri", len) == 0;
}


static ngx_uint_t
ngx_violet_conf_is_local_host(ngx_conf_t *cf, ngx_str_t *host,
    ngx_uint_t port)
{
    ngx_uint_t                       i;
    ngx_http_upstream_srv_conf_t   **us;
    ngx_http_upstream_main_conf_t   *umcf;

    if (host->len == 5 && ngx_strncmp(host->data, "[::1]", 5) == 0) {
        return 1;
    }

    if ((ntohl(ngx_inet_addr(host->data, host->len)) >> 24) == 127) {
        return 1;
    }

    umcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_upstream_module);

    us = umcf->upstreams.elts;

    for (i = 0; !port && i < umcf->upstreams.nelts; i++) {

        if (us[i]->servers && us[i]->host.len == host->len
            && ngx_strncasecmp(us[i]->host.data, host->data, host->len) == 0)
        {
            return ngx_violet_conf_is_local(us[i]);
        }
    }

    return 0;
}


/* nginx has "resolve", and "resolver" in a block, from 1.27.3 on. */

ngx_int_t
ngx_violet_conf_check_names(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf,
    ngx_http_upstream_srv_conf_t *us)
{
    ngx_uint_t                      i;
    ngx_http_upstream_server_t     *server;
    ngx_http_upstream_srv_conf_t  **checked;

    if (!ngx_violet_conf_knows_resolve()) {
        return NGX_OK;
    }

    checked = vmcf->checked.elts;

    for (i = 0; i < vmcf->checked.nelts; i++) {
        if (checked[i] == us) {
            return NGX_OK;
        }
    }

    checked = ngx_array_push(&vmcf->checked);
    if (checked == NULL) {
        return NGX_ERROR;
    }

    *checked = us;

    server = us->servers->elts;

    for (i = 0; i < us->servers->nelts; i++) {

        if (ngx_violet_conf_is_frozen_name(&server[i])) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "server \"%V\" of upstream \"%V\" is a name that "
                          "is resolved once, when nginx starts, add "
                          "\"resolve\" to it, \"zone\" to the block and a "
                          "\"resolver\", in %s:%ui",
                          &server[i].name, &us->host, us->file_name,
                          us->line);
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_violet_conf_knows_resolve(void)
{
    ngx_command_t  *cmd;

    for (cmd = ngx_http_upstream_module.commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(cmd->name.data, "resolver") == 0) {
            return 1;
        }
    }

    return 0;
}


/*
 * A name with "resolve" has one address with a port and no text.  A name of
 * this machine does not change.
 */

static ngx_uint_t
ngx_violet_conf_is_frozen_name(ngx_http_upstream_server_t *server)
{
    u_char      *end;
    ngx_str_t   *name;
    ngx_uint_t   i, local;

    name = &server->name;
    local = 1;

    for (i = 0; i < server->naddrs; i++) {

        if (server->addrs[i].name.len == 0) {
            return 0;
        }

        if (!ngx_violet_is_local(server->addrs[i].sockaddr)) {
            local = 0;
        }
    }

    if (local || name->len == 0 || name->data[0] == '[') {
        return 0;
    }

    end = ngx_strlchr(name->data, name->data + name->len, ':');

    return ngx_inet_addr(name->data,
                         end ? (size_t) (end - name->data) : name->len)
           == INADDR_NONE;
}

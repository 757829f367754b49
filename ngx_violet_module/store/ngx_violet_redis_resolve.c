
/*
 * Names of Redis's hosts.  nginx's resolver keeps an answer as long as it is
 * valid, so it may be asked often.  Addresses are compared as a set: a
 * resolver gives them in another order each time.
 */


#include "ngx_violet_redis_resolve.h"


/* ms during which a name's failure is not logged again */
#define NGX_VIOLET_REDIS_RESOLVE_LOG  60000


static void ngx_violet_redis_host_answer(ngx_resolver_ctx_t *ctx);
static ngx_uint_t ngx_violet_redis_host_same(ngx_violet_redis_host_t *host,
    ngx_violet_redis_sockaddr_t *addrs, ngx_uint_t n);
static ngx_uint_t ngx_violet_redis_host_find(
    ngx_violet_redis_sockaddr_t *addrs, ngx_uint_t n, struct sockaddr *sa,
    socklen_t len);
static void ngx_violet_redis_host_failed(ngx_violet_redis_host_t *host,
    const char *why);


void
ngx_violet_redis_host_url(ngx_violet_redis_host_t *host,
    ngx_violet_redis_conf_t *conf, ngx_violet_redis_url_t *url)
{
    ngx_uint_t                    i;
    ngx_violet_redis_sockaddr_t  *to;

    host->conf = conf;
    host->name = url->host;
    host->port = url->port;

    /* the resolver writes small letters into a name */

    if (url->host.len <= sizeof(host->text)) {
        ngx_memcpy(host->text, url->host.data, url->host.len);
        host->name.data = host->text;
    }

    host->naddrs = ngx_min(url->naddrs, NGX_VIOLET_REDIS_HOST_ADDRS);

    for (i = 0; i < host->naddrs; i++) {
        to = &host->addrs[i];

        to->socklen = ngx_min(url->addrs[i].socklen, sizeof(ngx_sockaddr_t));
        ngx_memcpy(&to->sockaddr, url->addrs[i].sockaddr, to->socklen);
    }

    /* "localhost" is never asked for, as RFC 6761 has it */

    host->is_name = url->is_name && host->name.data == host->text
                    && !(url->host.len == 9
                         && ngx_strncasecmp(url->host.data,
                                            (u_char *) "localhost", 9)
                            == 0);
}


ngx_int_t
ngx_violet_redis_host_set(ngx_violet_redis_host_t *host,
    ngx_violet_redis_conf_t *conf, ngx_str_t *name, in_port_t port)
{
    u_char                       *p;
    in_addr_t                     in;
    ngx_violet_redis_sockaddr_t  *addr;
#if (NGX_HAVE_INET6)
    struct in6_addr               in6;
#endif

    ngx_violet_redis_host_close(host);

    p = ngx_cpymem(host->text, name->data,
                   ngx_min(name->len, sizeof(host->text)));

    host->conf = conf;
    host->name.data = host->text;
    host->name.len = p - host->text;
    host->port = port;
    host->naddrs = 0;
    host->is_name = 0;
    host->logged = 0;

    addr = &host->addrs[0];
    ngx_memzero(addr, sizeof(ngx_violet_redis_sockaddr_t));

    in = ngx_inet_addr(host->name.data, host->name.len);

    if (in != INADDR_NONE) {
        addr->sockaddr.sockaddr_in.sin_family = AF_INET;
        addr->sockaddr.sockaddr_in.sin_addr.s_addr = in;
        addr->socklen = sizeof(struct sockaddr_in);
        host->naddrs = 1;

#if (NGX_HAVE_INET6)
    } else if (ngx_inet6_addr(host->name.data, host->name.len, in6.s6_addr)
               == NGX_OK)
    {
        addr->sockaddr.sockaddr_in6.sin6_family = AF_INET6;
        addr->sockaddr.sockaddr_in6.sin6_addr = in6;
        addr->socklen = sizeof(struct sockaddr_in6);
        host->naddrs = 1;
#endif

    } else {
        host->is_name = 1;

        if (conf->resolver == NULL) {
            ngx_violet_redis_host_failed(host, "it is a name, and there is "
                                         "no \"resolver\" in the \"http\" "
                                         "block");
            return NGX_DECLINED;
        }

        return NGX_OK;
    }

    ngx_inet_set_port(&addr->sockaddr.sockaddr, port);

    return NGX_OK;
}


ngx_uint_t
ngx_violet_redis_host_is(ngx_violet_redis_host_t *host, ngx_str_t *name,
    in_port_t port)
{
    return host->port == port && host->name.len == name->len
           && ngx_strncasecmp(host->name.data, name->data, name->len) == 0;
}


void
ngx_violet_redis_host_look(ngx_violet_redis_host_t *host)
{
    ngx_resolver_ctx_t  *ctx;

    if (!host->is_name || host->ctx || host->conf->resolver == NULL) {
        return;
    }

    ctx = ngx_resolve_start(host->conf->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        return;
    }

    ctx->name = host->name;
    ctx->handler = ngx_violet_redis_host_answer;
    ctx->data = host;
    ctx->timeout = host->conf->resolver_timeout;
    ctx->cancelable = 1;

    host->ctx = ctx;

    /* it may call the handler; after an error it has freed the context */

    if (ngx_resolve_name(ctx) != NGX_OK) {
        host->ctx = NULL;
        ngx_violet_redis_host_failed(host, "no memory");
    }
}


static void
ngx_violet_redis_host_answer(ngx_resolver_ctx_t *ctx)
{
    ngx_uint_t                    i, n, same;
    ngx_violet_redis_host_t      *host;
    ngx_violet_redis_sockaddr_t   addrs[NGX_VIOLET_REDIS_HOST_ADDRS];

    host = ctx->data;

    if (ctx->state || ctx->naddrs == 0) {
        ngx_violet_redis_host_failed(host, ctx->state
                                     ? ngx_resolver_strerror(ctx->state)
                                     : "no address");

        host->ctx = NULL;
        ngx_resolve_name_done(ctx);
        return;
    }

    n = ngx_min(ctx->naddrs, NGX_VIOLET_REDIS_HOST_ADDRS);

    for (i = 0; i < n; i++) {
        addrs[i].socklen = ngx_min(ctx->addrs[i].socklen,
                                   sizeof(ngx_sockaddr_t));
        ngx_memcpy(&addrs[i].sockaddr, ctx->addrs[i].sockaddr,
                   addrs[i].socklen);
        ngx_inet_set_port(&addrs[i].sockaddr.sockaddr, host->port);
    }

    host->ctx = NULL;
    ngx_resolve_name_done(ctx);

    same = ngx_violet_redis_host_same(host, addrs, n);

    if (!same) {
        ngx_memcpy(host->addrs, addrs,
                   n * sizeof(ngx_violet_redis_sockaddr_t));
        host->naddrs = n;
        host->logged = 0;

        host->changed(host->data);
    }
}


static ngx_uint_t
ngx_violet_redis_host_same(ngx_violet_redis_host_t *host,
    ngx_violet_redis_sockaddr_t *addrs, ngx_uint_t n)
{
    ngx_uint_t  i;

    if (n != host->naddrs) {
        return 0;
    }

    for (i = 0; i < n; i++) {

        if (!ngx_violet_redis_host_find(host->addrs, n,
                                        &addrs[i].sockaddr.sockaddr,
                                        addrs[i].socklen))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_violet_redis_host_find(ngx_violet_redis_sockaddr_t *addrs, ngx_uint_t n,
    struct sockaddr *sa, socklen_t len)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {

        if (ngx_cmp_sockaddr(&addrs[i].sockaddr.sockaddr, addrs[i].socklen,
                             sa, len, 1)
            == NGX_OK)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_violet_redis_host_place(ngx_violet_redis_host_t *host, ngx_uint_t n,
    ngx_violet_redis_place_t *place)
{
    ngx_violet_redis_sockaddr_t  *from;

    from = &host->addrs[n % host->naddrs];

    place->sockaddr = from->sockaddr;
    place->addr.sockaddr = &place->sockaddr.sockaddr;
    place->addr.socklen = from->socklen;
    place->addr.name.data = place->text;
    place->addr.name.len = ngx_sock_ntop(place->addr.sockaddr, from->socklen,
                                         place->text, NGX_SOCKADDR_STRLEN, 1);

    place->ssl_name = host->conf->ssl_name.len ? &host->conf->ssl_name
                                               : &host->name;
}


ngx_uint_t
ngx_violet_redis_host_has(ngx_violet_redis_host_t *host,
    ngx_violet_redis_place_t *place)
{
    return ngx_violet_redis_host_find(host->addrs, host->naddrs,
                                      place->addr.sockaddr,
                                      place->addr.socklen);
}


void
ngx_violet_redis_host_close(ngx_violet_redis_host_t *host)
{
    if (host->ctx) {
        ngx_resolve_name_done(host->ctx);
        host->ctx = NULL;
    }
}


static void
ngx_violet_redis_host_failed(ngx_violet_redis_host_t *host, const char *why)
{
    if (host->logged
        && ngx_current_msec - host->logged_at < NGX_VIOLET_REDIS_RESOLVE_LOG)
    {
        return;
    }

    host->logged = 1;
    host->logged_at = ngx_current_msec;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: cannot resolve \"%V\" of \"%V\", %s%s",
                  &host->name, &host->conf->directive, why,
                  host->naddrs ? ": its addresses stay as they are" : "");
}

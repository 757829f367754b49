
/*
 * A request without a client: a connection without a socket, in a pool of
 * its own, and a request made on it with the configuration of a location.
 * Both live until ngx_violet_clientless_destroy().
 *
 * The events of the connection are marked active and writable, so nginx does
 * not add them to the event loop.  The address is that of an unnamed unix
 * socket, which nginx prints as "unix:".
 */


#include "ngx_violet_clientless.h"
#include "ngx_violet_log.h"


typedef struct {
    ngx_connection_t        connection;
    ngx_event_t             read;
    ngx_event_t             write;
    ngx_log_t               log;
    ngx_http_log_ctx_t      log_ctx;
    ngx_http_connection_t   http_connection;
    ngx_http_conf_ctx_t     conf_ctx;
    struct sockaddr         sockaddr;
} ngx_violet_clientless_t;


static void ngx_violet_clientless_init_connection(
    ngx_violet_clientless_t *cl, ngx_violet_location_t *location);
static ngx_int_t ngx_violet_clientless_init_request(ngx_http_request_t *r,
    ngx_violet_location_t *location, ngx_str_t *uri);
static void ngx_violet_clientless_empty_handler(ngx_event_t *ev);


void
ngx_violet_location_of(ngx_http_request_t *r, ngx_violet_location_t *location)
{
    location->conf_ctx = r->http_connection->conf_ctx;
    location->srv_conf = r->srv_conf;
    location->loc_conf = r->loc_conf;
    location->content_handler = r->content_handler;
    location->addr_conf = r->http_connection->addr_conf;
    location->listening = r->connection->listening;
    location->valid_location = r->valid_location;
}


ngx_http_request_t *
ngx_violet_clientless_create(ngx_violet_location_t *location, ngx_str_t *uri)
{
    ngx_pool_t               *pool;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_violet_clientless_t  *cl;

    pool = ngx_create_pool(2048, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    cl = ngx_pcalloc(pool, sizeof(ngx_violet_clientless_t));
    if (cl == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    c = &cl->connection;
    c->pool = pool;

    ngx_violet_clientless_init_connection(cl, location);

    r = ngx_http_create_request(c);
    if (r == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    c->data = r;

    if (ngx_violet_clientless_init_request(r, location, uri) != NGX_OK) {
        ngx_violet_clientless_destroy(r);
        return NULL;
    }

    return r;
}


static void
ngx_violet_clientless_init_connection(ngx_violet_clientless_t *cl,
    ngx_violet_location_t *location)
{
    ngx_log_t         *log;
    ngx_connection_t  *c;

    log = &cl->log;

    *log = *ngx_cycle->log;
    log->connection = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    log->handler = ngx_violet_log_request;
    log->data = &cl->log_ctx;
    log->action = "asking Violet";

    c = &cl->connection;

    c->fd = (ngx_socket_t) -1;
    c->number = log->connection;
    c->log = log;
    c->pool->log = log;
    c->read = &cl->read;
    c->write = &cl->write;
    c->type = SOCK_STREAM;
    c->listening = location->listening;
    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;
    c->sndlowat = 1;
    c->log_error = NGX_ERROR_INFO;

    c->recv = ngx_recv;
    c->send = ngx_send;
    c->recv_chain = ngx_recv_chain;
    c->send_chain = ngx_send_chain;

    /* some variables dereference the addresses */

    cl->sockaddr.sa_family = AF_UNIX;

    c->sockaddr = &cl->sockaddr;
    c->socklen = sizeof(sa_family_t);
    c->local_sockaddr = &cl->sockaddr;
    c->local_socklen = sizeof(sa_family_t);
    ngx_str_set(&c->addr_text, "unix:");

    cl->read.data = c;
    cl->read.log = log;
    cl->read.active = 1;
    cl->read.handler = ngx_violet_clientless_empty_handler;

    cl->write.data = c;
    cl->write.log = log;
    cl->write.active = 1;
    cl->write.ready = 1;
    cl->write.write = 1;
    cl->write.handler = ngx_violet_clientless_empty_handler;

    cl->log_ctx.connection = c;

    cl->conf_ctx.main_conf = location->conf_ctx->main_conf;
    cl->conf_ctx.srv_conf = location->srv_conf;
    cl->conf_ctx.loc_conf = location->loc_conf;

    cl->http_connection.addr_conf = location->addr_conf;
    cl->http_connection.conf_ctx = &cl->conf_ctx;

    c->data = &cl->http_connection;
}


static ngx_int_t
ngx_violet_clientless_init_request(ngx_http_request_t *r,
    ngx_violet_location_t *location, ngx_str_t *uri)
{
    u_char  *p;
    size_t   len;

    if (ngx_list_init(&r->headers_in.headers, r->pool, 4,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    len = sizeof("GET  HTTP/1.1") - 1 + uri->len;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    r->request_line.len = len;
    r->request_line.data = p;

    p = ngx_cpymem(p, "GET ", 4);

    r->uri.len = uri->len;
    r->uri.data = p;

    p = ngx_cpymem(p, uri->data, uri->len);
    ngx_memcpy(p, " HTTP/1.1", 9);

    r->unparsed_uri = r->uri;

    r->method = NGX_HTTP_GET;
    r->method_name = ngx_http_core_get_method;
    r->http_version = NGX_HTTP_VERSION_11;
    ngx_str_set(&r->http_protocol, "HTTP/1.1");
    ngx_str_set(&r->schema, "http");

    r->content_handler = location->content_handler;
    r->valid_location = location->valid_location;
    r->internal = 1;
    r->logged = 1;

    /*
     * Only ngx_violet_clientless_destroy() frees the request: "count" keeps
     * nginx from closing it, "blocked" does so if an error of a subrequest
     * terminates it, which sets the count.
     */

    r->count++;
    r->blocked = 1;

    r->http_state = NGX_HTTP_PROCESS_REQUEST_STATE;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_OK;
}


void
ngx_violet_clientless_listen(ngx_violet_location_t *location)
{
    ngx_uint_t            i;
    ngx_listening_t      *ls;
    ngx_http_port_t      *port;
    ngx_http_in_addr_t   *addr;
#if (NGX_HAVE_INET6)
    ngx_http_in6_addr_t  *addr6;
#endif

    location->conf_ctx = (ngx_http_conf_ctx_t *)
                          ngx_get_conf(ngx_cycle->conf_ctx, ngx_http_module);

    ls = ngx_cycle->listening.elts;

    for (i = 0; i < ngx_cycle->listening.nelts; i++) {

        if (ls[i].handler != ngx_http_init_connection) {
            continue;
        }

        port = ls[i].servers;

        location->listening = &ls[i];

#if (NGX_HAVE_INET6)

        if (ls[i].sockaddr->sa_family == AF_INET6) {
            addr6 = port->addrs;
            location->addr_conf = &addr6[0].conf;
            return;
        }

#endif

        addr = port->addrs;
        location->addr_conf = &addr[0].conf;

        return;
    }
}


void
ngx_violet_clientless_destroy(ngx_http_request_t *r)
{
    ngx_pool_t        *pool;
    ngx_connection_t  *c;

    if (r == NULL) {
        return;
    }

    c = r->connection;
    pool = c->pool;

    ngx_http_free_request(r, 0);

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    pool->log = ngx_cycle->log;

    ngx_destroy_pool(pool);
}


static void
ngx_violet_clientless_empty_handler(ngx_event_t *ev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "violet: event without a client");
}

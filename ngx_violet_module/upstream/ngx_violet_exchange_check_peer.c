
/*
 * The peers of a request that carries secrets.  A peer that is reached by
 * plain http must be this machine's.
 *
 * Locations with one upstream block share the connections that are kept
 * alive, and nginx verifies a certificate only in the handshake.  A location
 * that does not verify may have opened such a connection.  So a connection
 * gets a mark when a request with secrets has used it and its certificate was
 * verified; over https, requests with secrets use a kept connection only if
 * it has the mark, for the same name.
 */


#include "ngx_violet.h"
#include "ngx_violet_address.h"
#include "ngx_violet_exchange_check_priv.h"
#include "ngx_violet_exchange_refusal.h"


static ngx_int_t ngx_violet_check_name(ngx_violet_check_t *check);
static ngx_violet_check_t *ngx_violet_check_of(ngx_peer_connection_t *pc,
    void *data);
static ngx_int_t ngx_violet_check_get_peer(ngx_peer_connection_t *pc,
    void *data);
static ngx_int_t ngx_violet_check_replace(ngx_violet_check_t *check,
    ngx_peer_connection_t *pc);
static void ngx_violet_check_free_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state);
static void ngx_violet_check_notify_peer(ngx_peer_connection_t *pc,
    void *data, ngx_uint_t type);
#if (NGX_VIOLET_PEER_CONNECT)
static ngx_int_t ngx_violet_check_connect_peer(ngx_peer_connection_t *pc,
    void *data);
#endif
#if (NGX_SSL || NGX_COMPAT)
static ngx_int_t ngx_violet_check_set_session(ngx_peer_connection_t *pc,
    void *data);
static void ngx_violet_check_save_session(ngx_peer_connection_t *pc,
    void *data);
#endif
static void ngx_violet_check_mark(ngx_connection_t *c, ngx_str_t *name);
static ngx_uint_t ngx_violet_check_is_marked(ngx_connection_t *c,
    ngx_str_t *name);
static void ngx_violet_check_marked(void *data);


/* Replaces the handlers of the peers, as nginx's keepalive module does. */

ngx_int_t
ngx_violet_check_watch(ngx_violet_check_t *check)
{
    ngx_peer_connection_t  *pc;

    if (check->verified && ngx_violet_check_name(check) != NGX_OK) {
        return NGX_ERROR;
    }

    pc = &check->proxied->peer;

    check->get = pc->get;
    check->free = pc->free;
    check->notify = pc->notify;
    check->data = pc->data;

    pc->get = ngx_violet_check_get_peer;
    pc->free = ngx_violet_check_free_peer;

    if (pc->notify) {
        pc->notify = ngx_violet_check_notify_peer;
    }

#if (NGX_VIOLET_PEER_CONNECT)

    check->connect = pc->connect ? pc->connect : ngx_event_connect;
    pc->connect = ngx_violet_check_connect_peer;

#else

    pc->data = check;

#endif

#if (NGX_SSL || NGX_COMPAT)

    check->set_session = pc->set_session;
    check->save_session = pc->save_session;

    if (pc->set_session) {
        pc->set_session = ngx_violet_check_set_session;
    }

    if (pc->save_session) {
        pc->save_session = ngx_violet_check_save_session;
    }

#endif

    return NGX_OK;
}


/* The name that nginx looks for in the certificate. */

static ngx_int_t
ngx_violet_check_name(ngx_violet_check_t *check)
{
#if (NGX_HTTP_SSL || NGX_COMPAT)

    if (check->original->ssl_name) {
        return ngx_http_complex_value(check->request,
                                      check->original->ssl_name,
                                      &check->name);
    }

    check->name = check->proxied->ssl_name;

#endif

    return NGX_OK;
}


/*
 * The check of a peer, from the argument of a handler.  Angie reads pc->data
 * outside of the handlers, too, so there it stays the balancer's, and the
 * check is that of the request.
 */

static ngx_violet_check_t *
ngx_violet_check_of(ngx_peer_connection_t *pc, void *data)
{
#if (NGX_VIOLET_PEER_CONNECT)

    return ngx_violet_ctx(pc->ctx)->check;

#else

    return data;

#endif
}


static ngx_int_t
ngx_violet_check_get_peer(ngx_peer_connection_t *pc, void *data)
{
    ngx_violet_check_t *check = ngx_violet_check_of(pc, data);

    ngx_int_t  rc;

    rc = check->get(pc, check->data);

    if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {
        return rc;
    }

    if (check->plain
        && (pc->sockaddr == NULL || !ngx_violet_is_local(pc->sockaddr)))
    {
        ngx_violet_set_refused(check->request, NGX_VIOLET_REFUSED_PLAIN,
                                     pc->name);
        return NGX_ERROR;
    }

    if (check->verified && pc->connection
        && !ngx_violet_check_is_marked(pc->connection, &check->name))
    {
        return ngx_violet_check_replace(check, pc);
    }

    return rc;
}


/*
 * Closes a connection without the mark, and lets nginx open another one.  A
 * build without nginx's SSL flag cannot close a TLS connection: the request
 * fails, and nginx closes the connection.
 */

static ngx_int_t
ngx_violet_check_replace(ngx_violet_check_t *check, ngx_peer_connection_t *pc)
{
#if (NGX_HTTP_SSL)

    ngx_connection_t  *c;

    c = pc->connection;

    pc->connection = NULL;
    pc->cached = 0;

    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;

        (void) ngx_ssl_shutdown(c);
    }

    if (c->pool) {
        ngx_destroy_pool(c->pool);
    }

    ngx_close_connection(c);

    /* nginx connects to the same peer */

    return NGX_OK;

#else

    ngx_violet_set_refused(check->request, NGX_VIOLET_REFUSED_SHARED,
                                 pc->name);

    return NGX_ERROR;

#endif
}


static void
ngx_violet_check_free_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state)
{
    ngx_violet_check_t *check = ngx_violet_check_of(pc, data);

    /*
     * a whole answer came, so the handshake had been verified; nginx keeps
     * no connection without its own flag "keepalive"
     */

    if (check->verified && check->proxied->keepalive && pc->connection
        && !pc->cached)
    {
        ngx_violet_check_mark(pc->connection, &check->name);
    }

    check->free(pc, check->data, state);
}


static void
ngx_violet_check_notify_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t type)
{
    ngx_violet_check_t *check = ngx_violet_check_of(pc, data);

    check->notify(pc, check->data, type);
}


#if (NGX_VIOLET_PEER_CONNECT)

/* Angie takes a connection that was kept alive here, not when a peer is got. */

static ngx_int_t
ngx_violet_check_connect_peer(ngx_peer_connection_t *pc, void *data)
{
    ngx_violet_check_t *check = ngx_violet_check_of(pc, data);

    ngx_int_t  rc;

    rc = check->connect(pc, check->data);

    if (!check->verified || pc->connection == NULL || !pc->cached
        || ngx_violet_check_is_marked(pc->connection, &check->name))
    {
        return rc;
    }

    if (ngx_violet_check_replace(check, pc) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_event_connect(pc, check->data);
}

#endif


#if (NGX_SSL || NGX_COMPAT)

/*
 * A session holds the result of the verification in its first handshake.  A
 * location that does not verify may have stored one whose result is a failure,
 * with which this handshake would fail, too.  A build without nginx's SSL flag
 * cannot read the result and resumes no session.
 */

static ngx_int_t
ngx_violet_check_set_session(ngx_peer_connection_t *pc, void *data)
{
    ngx_violet_check_t *check = ngx_violet_check_of(pc, data);

    ngx_int_t        rc;
#if (NGX_HTTP_SSL)
    ngx_ssl_conn_t  *ssl;
#endif

    if (!check->verified) {
        return check->set_session(pc, check->data);
    }

    rc = NGX_OK;

#if (NGX_HTTP_SSL)

    rc = check->set_session(pc, check->data);

    ssl = pc->connection->ssl->connection;

    if (SSL_get_verify_result(ssl) != X509_V_OK
        && SSL_set_session(ssl, NULL) == 0)
    {
        return NGX_ERROR;
    }

#endif

    return rc;
}


static void
ngx_violet_check_save_session(ngx_peer_connection_t *pc, void *data)
{
    ngx_violet_check_t *check = ngx_violet_check_of(pc, data);

    check->save_session(pc, check->data);
}

#endif


/* Without memory there is no mark, and the connection is not used again. */

static void
ngx_violet_check_mark(ngx_connection_t *c, ngx_str_t *name)
{
    ngx_str_t           *mark;
    ngx_pool_cleanup_t  *cln;

    if (c->pool == NULL) {
        return;
    }

    cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_str_t) + name->len);
    if (cln == NULL) {
        return;
    }

    mark = cln->data;

    mark->data = (u_char *) (mark + 1);
    mark->len = name->len;

    ngx_memcpy(mark->data, name->data, name->len);

    cln->handler = ngx_violet_check_marked;
}


static ngx_uint_t
ngx_violet_check_is_marked(ngx_connection_t *c, ngx_str_t *name)
{
    ngx_str_t           *mark;
    ngx_pool_cleanup_t  *cln;

    for (cln = c->pool ? c->pool->cleanup : NULL; cln; cln = cln->next) {

        if (cln->handler != ngx_violet_check_marked) {
            continue;
        }

        mark = cln->data;

        if (mark->len == name->len
            && ngx_memcmp(mark->data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* The mark is in the connection's pool and goes with it. */

static void
ngx_violet_check_marked(void *data)
{
    /* void */
}

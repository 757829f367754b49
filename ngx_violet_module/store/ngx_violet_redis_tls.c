
/*
 * TLS on a connection to Redis.  While it is set up, the connection's handlers
 * and data are this file's; then they are the user's again.  nginx logs errors
 * of TLS by the log of the connection, at each try; here that log is one that
 * keeps the last line, so that the user can say it once a minute.
 *
 * A resumed session brings no certificate: the one of the first connection
 * counts, and it is checked again whether it has expired.
 */


#include "ngx_violet_redis_tls.h"

#include <ngx_event.h>


#if (NGX_SSL)

/* bytes of the pool of a connection */
#define NGX_VIOLET_REDIS_TLS_POOL  512


static ngx_int_t ngx_violet_redis_tls_create(ngx_violet_redis_tls_t *tls,
    ngx_connection_t *c, ngx_ssl_t *ssl);
static ngx_int_t ngx_violet_redis_tls_handshake(ngx_violet_redis_tls_t *tls,
    ngx_connection_t *c);
static void ngx_violet_redis_tls_handshaked(ngx_connection_t *c);
static ngx_int_t ngx_violet_redis_tls_done(ngx_violet_redis_tls_t *tls,
    ngx_connection_t *c, ngx_int_t rc);
static void ngx_violet_redis_tls_explain(ngx_violet_redis_tls_t *tls);
static ngx_int_t ngx_violet_redis_tls_verify(ngx_violet_redis_tls_t *tls,
    ngx_connection_t *c);
static void ngx_violet_redis_tls_tell(ngx_violet_redis_tls_t *tls,
    ngx_connection_t *c);
static ngx_uint_t ngx_violet_redis_tls_expired(ngx_connection_t *c);
static void ngx_violet_redis_tls_keep(ngx_violet_redis_tls_t *tls,
    ngx_connection_t *c);
static void ngx_violet_redis_tls_shutdown(ngx_connection_t *c);
static void ngx_violet_redis_tls_writer(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len);


ngx_int_t
ngx_violet_redis_tls_begin(ngx_violet_redis_tls_t *tls, ngx_connection_t *c,
    ngx_ssl_t *ssl, ngx_str_t *name, ngx_violet_redis_tls_handler_pt handler)
{
    tls->ready = 0;
    tls->why[0] = '\0';

    if (name->len >= NGX_VIOLET_REDIS_TLS_NAME) {
        ngx_cpystrn(tls->why, (u_char *) "the host name is too long",
                    NGX_VIOLET_REDIS_TLS_WHY);
        return NGX_ERROR;
    }

    ngx_cpystrn(tls->name, name->data, name->len + 1);

    tls->handler = handler;

    if (ngx_violet_redis_tls_create(tls, c, ssl) != NGX_OK) {
        return NGX_ERROR;
    }

    tls->data = c->data;
    tls->read = c->read->handler;
    tls->write = c->write->handler;

    c->data = tls;

    return ngx_violet_redis_tls_handshake(tls, c);
}


/* A connection to a peer has no pool, which nginx's code needs. */

static ngx_int_t
ngx_violet_redis_tls_create(ngx_violet_redis_tls_t *tls, ngx_connection_t *c,
    ngx_ssl_t *ssl)
{
    tls->pool = ngx_create_pool(NGX_VIOLET_REDIS_TLS_POOL, ngx_cycle->log);
    if (tls->pool == NULL) {
        return NGX_ERROR;
    }

    tls->log = *ngx_cycle->log;
    tls->log.log_level = NGX_LOG_INFO;
    tls->log.next = NULL;
    tls->log.handler = NULL;
    tls->log.writer = ngx_violet_redis_tls_writer;
    tls->log.wdata = tls;

    tls->old_log = c->log;

    c->log = &tls->log;
    c->pool = tls->pool;

    if (ngx_ssl_create_connection(ssl, c, NGX_SSL_CLIENT) != NGX_OK
        || SSL_set_tlsext_host_name(c->ssl->connection, (char *) tls->name)
           == 0)
    {
        return NGX_ERROR;
    }

    /* without the session the handshake only takes longer */

    if (tls->session && ngx_ssl_set_session(c, tls->session) != NGX_OK) {
        tls->why[0] = '\0';
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_redis_tls_handshake(ngx_violet_redis_tls_t *tls,
    ngx_connection_t *c)
{
    ngx_int_t  rc;

    c->ssl->handler = ngx_violet_redis_tls_handshaked;

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    return ngx_violet_redis_tls_done(tls, c, rc);
}


static void
ngx_violet_redis_tls_handshaked(ngx_connection_t *c)
{
    ngx_int_t                rc;
    ngx_violet_redis_tls_t  *tls;

    tls = c->data;

    rc = ngx_violet_redis_tls_done(tls, c,
                                   c->ssl->handshaked ? NGX_OK : NGX_ERROR);

    tls->handler(tls->data, rc);
}


/* The connection is its user's again. */

static ngx_int_t
ngx_violet_redis_tls_done(ngx_violet_redis_tls_t *tls, ngx_connection_t *c,
    ngx_int_t rc)
{
    if (rc == NGX_OK) {
        rc = ngx_violet_redis_tls_verify(tls, c);

    } else {
        ngx_violet_redis_tls_explain(tls);
    }

    c->data = tls->data;
    c->read->handler = tls->read;
    c->write->handler = tls->write;

    return rc;
}


/* A server that does not speak TLS answers with a text. */

static void
ngx_violet_redis_tls_explain(ngx_violet_redis_tls_t *tls)
{
    u_char  why[NGX_VIOLET_REDIS_TLS_WHY];

    if (ngx_strstr(tls->why, "wrong version number")
        || ngx_strstr(tls->why, "packet length too long"))
    {
        ngx_memcpy(why, tls->why, NGX_VIOLET_REDIS_TLS_WHY);

        *ngx_snprintf(tls->why, NGX_VIOLET_REDIS_TLS_WHY - 1,
                      "this port does not speak TLS: %s", why) = '\0';

    } else if (tls->why[0] == '\0') {
        ngx_cpystrn(tls->why, (u_char *) "the handshake failed",
                    NGX_VIOLET_REDIS_TLS_WHY);
    }
}


static ngx_int_t
ngx_violet_redis_tls_verify(ngx_violet_redis_tls_t *tls, ngx_connection_t *c)
{
    long       rc;
    ngx_str_t  name;

    name.data = tls->name;
    name.len = ngx_strlen(tls->name);

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc == X509_V_OK && ngx_violet_redis_tls_expired(c)) {
        rc = X509_V_ERR_CERT_HAS_EXPIRED;
    }

    if (rc == X509_V_OK && ngx_ssl_check_host(c, &name) == NGX_OK) {
        tls->ready = 1;
        tls->why[0] = '\0';

        ngx_violet_redis_tls_tell(tls, c);

        return NGX_OK;
    }

    if (rc == X509_V_OK) {
        *ngx_snprintf(tls->why, NGX_VIOLET_REDIS_TLS_WHY - 1,
                      "its certificate is not for \"%V\"", &name) = '\0';

    } else {
        *ngx_snprintf(tls->why, NGX_VIOLET_REDIS_TLS_WHY - 1,
                      "its certificate is refused: %s",
                      X509_verify_cert_error_string(rc)) = '\0';
    }

    /* the next handshake is a whole one */

    ngx_violet_redis_tls_free(tls);

    c->ssl->no_send_shutdown = 1;

    return NGX_ERROR;
}


/* Once for each change, not for each try. */

static void
ngx_violet_redis_tls_tell(ngx_violet_redis_tls_t *tls, ngx_connection_t *c)
{
    ngx_uint_t  resumed;

    resumed = SSL_session_reused(c->ssl->connection);

    if (resumed ? tls->told_resumed : tls->told_new) {
        return;
    }

    tls->told_resumed = resumed;
    tls->told_new = !resumed;

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "violet: TLS to Redis, which is called \"%s\", is set up: "
                  "%s, %s session", tls->name,
                  SSL_get_version(c->ssl->connection),
                  resumed ? "a resumed" : "a new");
}


static ngx_uint_t
ngx_violet_redis_tls_expired(ngx_connection_t *c)
{
    X509        *cert;
    ngx_uint_t   expired;

    cert = SSL_get_peer_certificate(c->ssl->connection);
    if (cert == NULL) {
        return 1;
    }

    expired = (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0);

    X509_free(cert);

    return expired;
}


void
ngx_violet_redis_tls_alert(ngx_violet_redis_tls_t *tls, ngx_connection_t *c)
{
    u_char  byte, why[NGX_VIOLET_REDIS_TLS_WHY];

    if (!tls->ready) {
        return;
    }

    ngx_memcpy(why, tls->why, NGX_VIOLET_REDIS_TLS_WHY);

    tls->why[0] = '\0';

    if (c->recv(c, &byte, 1) != NGX_ERROR || tls->why[0] == '\0') {
        ngx_memcpy(tls->why, why, NGX_VIOLET_REDIS_TLS_WHY);
    }
}


char *
ngx_violet_redis_tls_why(ngx_violet_redis_tls_t *tls)
{
    return tls->why[0] ? (char *) tls->why : NULL;
}


void
ngx_violet_redis_tls_close(ngx_violet_redis_tls_t *tls, ngx_connection_t *c)
{
    if (tls->pool == NULL) {
        ngx_close_connection(c);
        return;
    }

    /* what was said first stays */

    tls->log.log_level = NGX_LOG_ALERT;

    if (c->ssl) {
        ngx_violet_redis_tls_keep(tls, c);
        ngx_violet_redis_tls_shutdown(c);
    }

    c->log = tls->old_log;
    c->pool = NULL;

    ngx_close_connection(c);

    ngx_destroy_pool(tls->pool);
    tls->pool = NULL;
}


/* The last session of the connection, unless Redis has none to resume. */

static void
ngx_violet_redis_tls_keep(ngx_violet_redis_tls_t *tls, ngx_connection_t *c)
{
    ngx_ssl_session_t  *session;

    if (!c->ssl->handshaked || tls->why[0]) {
        return;
    }

    session = SSL_get1_session(c->ssl->connection);

    if (session && SSL_SESSION_is_resumable(session)) {
        ngx_violet_redis_tls_free(tls);
        tls->session = session;
        return;
    }

    if (session) {
        ngx_ssl_free_session(session);
    }
}


/* Redis is told of the end, if that can be written at once. */

static void
ngx_violet_redis_tls_shutdown(ngx_connection_t *c)
{
    c->ssl->no_wait_shutdown = 1;

    if (ngx_ssl_shutdown(c) == NGX_AGAIN) {
        c->timedout = 1;
        (void) ngx_ssl_shutdown(c);
    }
}


void
ngx_violet_redis_tls_free(ngx_violet_redis_tls_t *tls)
{
    if (tls->session) {
        ngx_ssl_free_session(tls->session);
        tls->session = NULL;
    }
}


/*
 * Keeps the text of a line of nginx's, which is "TIME [LEVEL] PID#TID: TEXT"
 * and a line feed: this log has no number of a connection.
 */

static void
ngx_violet_redis_tls_writer(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len)
{
    u_char                  *p, *last;
    ngx_violet_redis_tls_t  *tls;

    tls = log->wdata;
    last = buf + len;

    p = ngx_strlchr(buf, last, '#');
    p = p ? ngx_strlchr(p, last, ' ') : NULL;

    if (p == NULL) {
        return;
    }

    p++;

    while (last > p && last[-1] == LF) {
        last--;
    }

    /* after the handshake an error of the socket is not one of TLS */

    if (tls->ready
        && ngx_strlcasestrn(p, last, (u_char *) "(SSL:", 5 - 1) == NULL)
    {
        return;
    }

    len = ngx_min((size_t) (last - p), NGX_VIOLET_REDIS_TLS_WHY - 1);

    ngx_cpystrn(tls->why, p, len + 1);

    /* an error of this process, not of Redis's */

    if (level <= NGX_LOG_ALERT) {
        ngx_log_error(level, ngx_cycle->log, 0,
                      "violet: an error of TLS in this worker: %s", tls->why);
    }
}

#else

ngx_int_t
ngx_violet_redis_tls_begin(ngx_violet_redis_tls_t *tls, ngx_connection_t *c,
    ngx_ssl_t *ssl, ngx_str_t *name, ngx_violet_redis_tls_handler_pt handler)
{
    return NGX_ERROR;
}


void
ngx_violet_redis_tls_alert(ngx_violet_redis_tls_t *tls, ngx_connection_t *c)
{
}


char *
ngx_violet_redis_tls_why(ngx_violet_redis_tls_t *tls)
{
    return NULL;
}


void
ngx_violet_redis_tls_close(ngx_violet_redis_tls_t *tls, ngx_connection_t *c)
{
    ngx_close_connection(c);
}


void
ngx_violet_redis_tls_free(ngx_violet_redis_tls_t *tls)
{
}

#endif

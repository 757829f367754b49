
/*
 * TLS on a connection to Redis, by nginx's own code.  The certificate is
 * verified, with its name, before a byte of a command is sent.  The object is
 * a part of its user's and lives as long; what belongs to one connection in it
 * ends with that connection, the session is kept for the next one.
 */

#ifndef NGX_VIOLET_REDIS_TLS_H
#define NGX_VIOLET_REDIS_TLS_H


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes of a reason why TLS failed */
#define NGX_VIOLET_REDIS_TLS_WHY   256

/* bytes of a host name, with a NUL */
#define NGX_VIOLET_REDIS_TLS_NAME  256


typedef struct ngx_violet_redis_tls_s  ngx_violet_redis_tls_t;


/* Called with NGX_OK once TLS is there, else with NGX_ERROR. */

typedef void (*ngx_violet_redis_tls_handler_pt)(void *data, ngx_int_t rc);


struct ngx_violet_redis_tls_s {
    void                             *session;  /* for the next connection;
                                                   NULL: none */
    unsigned                          told_new:1;      /* logged last */
    unsigned                          told_resumed:1;

    /* of one connection */

    ngx_pool_t                       *pool;     /* NULL: it has no TLS */
    ngx_log_t                         log;      /* fills in "why" */
    ngx_log_t                        *old_log;
    ngx_violet_redis_tls_handler_pt   handler;
    void                             *data;
    ngx_event_handler_pt              read;     /* the user's */
    ngx_event_handler_pt              write;
    unsigned                          ready:1;  /* commands may be sent */
    u_char                            name[NGX_VIOLET_REDIS_TLS_NAME];
    u_char                            why[NGX_VIOLET_REDIS_TLS_WHY];
};


/*
 * Begins TLS on a connection that is open; its handlers are the user's.
 * "name" is the host name of which the certificate must be.  From here on the
 * connection is closed by ngx_violet_redis_tls_close() only.
 *
 * NGX_OK: TLS is there.  NGX_AGAIN: the handler will be called with the
 * connection's own data, unless the connection is closed first; there is no
 * timer.  NGX_ERROR: refused, or no memory.
 */

ngx_int_t ngx_violet_redis_tls_begin(ngx_violet_redis_tls_t *tls,
    ngx_connection_t *c, ngx_ssl_t *ssl, ngx_str_t *name,
    ngx_violet_redis_tls_handler_pt handler);


/*
 * To be called when a write has failed: Redis may have sent an alert before it
 * closed the connection, for example that a certificate is required, which
 * TLS 1.3 says only after the handshake.  The alert then is why TLS failed.
 */

void ngx_violet_redis_tls_alert(ngx_violet_redis_tls_t *tls,
    ngx_connection_t *c);


/*
 * Why TLS failed on the last connection, ends in a NUL and has no control
 * characters; NULL if it has not failed.
 */

char *ngx_violet_redis_tls_why(ngx_violet_redis_tls_t *tls);


/* Closes a connection, with or without TLS, and waits for nothing. */

void ngx_violet_redis_tls_close(ngx_violet_redis_tls_t *tls,
    ngx_connection_t *c);


/* Frees the session, in a worker that exits. */

void ngx_violet_redis_tls_free(ngx_violet_redis_tls_t *tls);


#endif /* NGX_VIOLET_REDIS_TLS_H */

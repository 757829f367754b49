
/*
 * A connection to Redis: one of nginx's, with a buffer for each direction, on
 * which whole replies arrive.  The client has one and the link has one.  The
 * object is a part of its user's, and what changes in it is a worker's own.
 *
 * Its handlers are called by an event of nginx's, and lost() also by
 * ngx_violet_redis_connection_open().  Within a handler the connection may be
 * closed or stopped, but not opened: that is for a timer or a posted event.
 */

#ifndef NGX_VIOLET_REDIS_CONNECTION_H
#define NGX_VIOLET_REDIS_CONNECTION_H


#include "ngx_violet_redis_buffer.h"
#include "ngx_violet_redis_error.h"
#include "ngx_violet_redis_reply.h"
#include "ngx_violet_redis_tls.h"
#include "violet_resp.h"

#include <ngx_event.h>
#include <ngx_event_connect.h>


typedef struct {

    /* commands may be sent */

    void   (*connected)(void *data);

    /* a whole reply, valid during the call */

    void   (*reply)(void *data, violet_reply_t *reply);

    /*
     * The connection is closed: it could not be made (CONNECT, with the
     * system's error; NGX_ETIMEDOUT if it was not ready in time), Redis
     * closed it (CLOSED, with the system's error or 0; with "why", a hint, if
     * no reply has ever come), or the cause is "why", in the words
     * "Redis sent …" (PROTOCOL), of TLS (TLS), or without memory (MEMORY).
     */

    void   (*lost)(void *data, ngx_violet_redis_error_e error, ngx_err_t err,
                   const char *why);

    /* commands are written now: others may be added.  NULL: none are */

    void   (*writing)(void *data);
} ngx_violet_redis_connection_handlers_t;


typedef struct {
    ngx_violet_redis_connection_handlers_t *handlers;
    void                                   *data;
    violet_resp_limits_t                    limits;

    ngx_peer_connection_t                   peer;
    ngx_log_t                               log;
    ngx_event_t                             timer;     /* until it is ready */
    ngx_violet_redis_tls_t                  tls;
    ngx_ssl_t                              *ssl;       /* NULL: no TLS */
    ngx_str_t                              *host;      /* for TLS */

    ngx_violet_redis_buffer_t               in;
    ngx_violet_redis_buffer_t               out;
    violet_resp_t                           resp;      /* the next reply */
    ngx_violet_redis_replies_t              replies;
    ngx_uint_t                              expected;  /* replies */

    unsigned                                connected:1;
    unsigned                                stopped:1;
    unsigned                                reading:1; /* in a handler */
    unsigned                                heard:1;   /* a reply, once, on
                                                          any connection */

    /* set by the user: replies come only to commands */

    unsigned                                counted:1;
} ngx_violet_redis_connection_t;


/*
 * Connects to an address, with TLS if the configuration has it; "host" is the
 * name of which Redis's certificate must then be.  All of them must last as
 * long as the connection.  To NULL it fails at once.
 * ngx_violet_redis_connection_ready() must be called before the configured
 * connect_timeout ends.  After a failure at once lost() has been called.
 */

void ngx_violet_redis_connection_open(ngx_violet_redis_connection_t *rc,
    ngx_violet_redis_conf_t *conf, ngx_addr_t *addr, ngx_str_t *host);

void ngx_violet_redis_connection_ready(ngx_violet_redis_connection_t *rc);


/*
 * Sends a command: its words, or its bytes in Redis's protocol.  They are
 * copied and written at the end of this round of the event loop, with those
 * of all other commands.  NGX_ERROR if there is no memory for them; nothing
 * is sent then.
 */

ngx_int_t ngx_violet_redis_connection_command(
    ngx_violet_redis_connection_t *rc, int argc, const char **argv,
    size_t *lens);
ngx_int_t ngx_violet_redis_connection_send(ngx_violet_redis_connection_t *rc,
    char *bytes, size_t len);


/*
 * The same for a command that the caller writes in its place: so many bytes,
 * then ngx_violet_redis_connection_written() before anything else.  NULL if
 * there is no memory for them.
 */

char *ngx_violet_redis_connection_room(ngx_violet_redis_connection_t *rc,
    size_t len);
void ngx_violet_redis_connection_written(ngx_violet_redis_connection_t *rc,
    size_t len);


/*
 * Within the handler of a reply: keeps the reply's strings until the pool is
 * destroyed.  NGX_DECLINED: they have to be copied.
 */

ngx_int_t ngx_violet_redis_connection_keep(ngx_violet_redis_connection_t *rc,
    ngx_pool_t *pool);


/* Nothing more is read or written; no handler is called any more. */

void ngx_violet_redis_connection_stop(ngx_violet_redis_connection_t *rc);


/*
 * Closes the connection, if it is open, and frees its memory.  No handler is
 * called.  A reply that is being handled stays valid.
 */

void ngx_violet_redis_connection_close(ngx_violet_redis_connection_t *rc);


/* Closes it and frees the session of TLS, in a worker that exits. */

void ngx_violet_redis_connection_end(ngx_violet_redis_connection_t *rc);


#define ngx_violet_redis_connection_is_open(rc)                               \
    ((rc)->peer.connection != NULL)


#endif /* NGX_VIOLET_REDIS_CONNECTION_H */

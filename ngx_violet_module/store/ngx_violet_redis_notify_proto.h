
/*
 * Types of the link's own files: its connection (ngx_violet_redis_notify.c)
 * and its protocol (ngx_violet_redis_notify_proto.c), which the connection
 * calls.
 */

#ifndef NGX_VIOLET_REDIS_NOTIFY_PROTO_H
#define NGX_VIOLET_REDIS_NOTIFY_PROTO_H


#include "ngx_violet_redis_notify.h"
#include "ngx_violet_redis_connection.h"
#include "ngx_violet_redis_topology.h"


#define NGX_VIOLET_REDIS_NOTIFY_MAX_NAMES  4


typedef enum {
    NGX_VIOLET_REDIS_NOTIFY_CLOSED = 0,
    NGX_VIOLET_REDIS_NOTIFY_CONNECTING,
    NGX_VIOLET_REDIS_NOTIFY_AUTH,
    NGX_VIOLET_REDIS_NOTIFY_HELLO,
    NGX_VIOLET_REDIS_NOTIFY_SLOT,
    NGX_VIOLET_REDIS_NOTIFY_TRACKING,
    NGX_VIOLET_REDIS_NOTIFY_SUBSCRIBE,
    NGX_VIOLET_REDIS_NOTIFY_READY
} ngx_violet_redis_notify_state_e;


struct ngx_violet_redis_notify_s {
    ngx_violet_redis_conf_t          *conf;
    ngx_violet_redis_topology_t      *topology;
    ngx_violet_redis_topology_user_t  user;     /* of the topology */
    ngx_str_t                        *names;
    ngx_uint_t                        n;

    ngx_violet_redis_notify_pt        handler;
    void                             *data;

    ngx_violet_redis_notify_state_e   state;
    int64_t                           id;       /* of the connection */
    ngx_violet_redis_connection_t     connection;
    ngx_event_t                       timer;
    ngx_uint_t                        failures;
    ngx_msec_t                        ready_at;
    ngx_uint_t                        tries;    /* to connect, in a row */
    ngx_violet_redis_errors_t         errors;

    ngx_uint_t                        asked;    /* PINGs without a reply */
    ngx_msec_t                        asked_at; /* time of the last PING */

    unsigned                          started:1;
    unsigned                          moving:1; /* the master is another one:
                                                   no delay */
};


/* The name of Redis in the log. */

#define ngx_violet_redis_notify_name(link)                                    \
    ngx_violet_redis_topology_name((link)->topology)


/* Sends the first command on a connection that is open. */

ngx_int_t ngx_violet_redis_notify_begin(ngx_violet_redis_notify_t *link);


/* Sends a PING. */

ngx_int_t ngx_violet_redis_notify_ping(ngx_violet_redis_notify_t *link);


/*
 * Takes a reply or a message.  After any code but NGX_OK the caller closes the
 * connection:
 *
 *     NGX_OK         the next reply may be taken
 *     NGX_ERROR      Redis sent something else than expected; not logged
 *     NGX_BUSY       an error reply that will pass, such as LOADING; logged
 *     NGX_DECLINED   Redis refuses the commands of this connection; logged
 */

ngx_int_t ngx_violet_redis_notify_reply(ngx_violet_redis_notify_t *link,
    violet_reply_t *reply);


#endif /* NGX_VIOLET_REDIS_NOTIFY_PROTO_H */


/*
 * HELLO, which tells at once what a connection to Redis needs to know and
 * which each user of Redis may run: the role of this Redis, the kind of
 * server, the connection's id.  It sets the connection's name, too.
 */

#ifndef NGX_VIOLET_REDIS_HELLO_H
#define NGX_VIOLET_REDIS_HELLO_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "violet_reply.h"


#define NGX_VIOLET_REDIS_HELLO_ARGS  4

/* bytes of a connection's name: "violet:<host>:<pid>" */
#define NGX_VIOLET_REDIS_HELLO_NAME  (8 + NGX_MAXHOSTNAMELEN + NGX_INT64_LEN)


typedef struct {
    int64_t     id;                /* of the connection */
    unsigned    replica:1;         /* Redis takes no writes */
} ngx_violet_redis_hello_t;


/*
 * Fills in HELLO for version 2 of the protocol.  The name is put into "name",
 * which has NGX_VIOLET_REDIS_HELLO_NAME bytes.  Returns the number of words.
 */

int ngx_violet_redis_hello(const char **argv, size_t *lens, u_char *name);


/* NGX_OK, or NGX_ERROR if the reply is not one to HELLO. */

ngx_int_t ngx_violet_redis_hello_read(ngx_violet_redis_hello_t *hello,
    violet_reply_t *reply);


#endif /* NGX_VIOLET_REDIS_HELLO_H */


/*
 * A host of Redis and its addresses: of a URL, or one that a sentinel or a
 * node of a cluster named.  A name is resolved by nginx's resolver, without
 * waiting; until an answer comes, and after a failed one, it keeps the
 * addresses that it has.  The object is a part of its user's, and a worker's
 * own after fork().
 */

#ifndef NGX_VIOLET_REDIS_RESOLVE_H
#define NGX_VIOLET_REDIS_RESOLVE_H


#include "ngx_violet_redis_conf.h"
#include "violet_node.h"


/* addresses of a name at most; further ones are not used */
#define NGX_VIOLET_REDIS_HOST_ADDRS  8


/* where a connection goes: a copy, which lasts as long as its user */

typedef struct {
    ngx_addr_t               addr;
    ngx_sockaddr_t           sockaddr;
    u_char                   text[NGX_SOCKADDR_STRLEN];
    ngx_str_t               *ssl_name;   /* of its certificate */
} ngx_violet_redis_place_t;


typedef struct {
    ngx_sockaddr_t           sockaddr;
    socklen_t                socklen;
} ngx_violet_redis_sockaddr_t;


/*
 * Called when the addresses have changed; within
 * ngx_violet_redis_host_look(), too.
 */

typedef void (*ngx_violet_redis_host_pt)(void *data);


typedef struct {
    ngx_violet_redis_conf_t      *conf;
    ngx_violet_redis_host_pt      changed;
    void                         *data;

    ngx_str_t                     name;       /* empty: a socket, or unknown */
    in_port_t                     port;
    ngx_violet_redis_sockaddr_t   addrs[NGX_VIOLET_REDIS_HOST_ADDRS];
    ngx_uint_t                    naddrs;
    ngx_resolver_ctx_t           *ctx;        /* of a look under way */
    ngx_msec_t                    logged_at;  /* of a failure, to the log */

    unsigned                      is_name:1;
    unsigned                      logged:1;
    u_char                        text[VIOLET_NODE_HOST];
} ngx_violet_redis_host_t;


/* Takes host and addresses of a URL. */

void ngx_violet_redis_host_url(ngx_violet_redis_host_t *host,
    ngx_violet_redis_conf_t *conf, ngx_violet_redis_url_t *url);


/*
 * Takes a host that is an address or a name, in place of the one before.
 * NGX_OK, or NGX_DECLINED if it is a name and there is no "resolver", which is
 * logged.  A name has no addresses before ngx_violet_redis_host_look().
 */

ngx_int_t ngx_violet_redis_host_set(ngx_violet_redis_host_t *host,
    ngx_violet_redis_conf_t *conf, ngx_str_t *name, in_port_t port);

ngx_uint_t ngx_violet_redis_host_is(ngx_violet_redis_host_t *host,
    ngx_str_t *name, in_port_t port);


/* Asks the resolver for a name, unless it is asked already. */

void ngx_violet_redis_host_look(ngx_violet_redis_host_t *host);


/* Copies the n-th address, n modulo their number, which is not 0. */

void ngx_violet_redis_host_place(ngx_violet_redis_host_t *host, ngx_uint_t n,
    ngx_violet_redis_place_t *place);

ngx_uint_t ngx_violet_redis_host_has(ngx_violet_redis_host_t *host,
    ngx_violet_redis_place_t *place);


/* Ends a look under way. */

void ngx_violet_redis_host_close(ngx_violet_redis_host_t *host);


#endif /* NGX_VIOLET_REDIS_RESOLVE_H */

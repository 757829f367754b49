
/*
 * The link: a second connection to Redis, on which Redis sends a notice of
 * every key that was written or removed (client-side caching: CLIENT TRACKING,
 * broadcast by prefix, redirected to the link's own subscription, so that
 * RESP2 is enough).  It is opened again when it is lost.
 *
 * Source: https://redis.io/docs/manual/client-side-caching/
 */

#ifndef NGX_VIOLET_REDIS_NOTIFY_H
#define NGX_VIOLET_REDIS_NOTIFY_H


#include "ngx_violet_redis.h"


/* ms between two PINGs on a link that is up */
#define NGX_VIOLET_REDIS_NOTIFY_PERIOD  1000


typedef struct ngx_violet_redis_notify_s  ngx_violet_redis_notify_t;


typedef enum {
    NGX_VIOLET_REDIS_NOTIFY_UP = 0,  /* notices are complete from now on */
    NGX_VIOLET_REDIS_NOTIFY_ALIVE,   /* notices were complete until the last
                                        PING was sent */
    NGX_VIOLET_REDIS_NOTIFY_DOWN,    /* no more notices */
    NGX_VIOLET_REDIS_NOTIFY_KEY,     /* a key was written or removed */
    NGX_VIOLET_REDIS_NOTIFY_ALL      /* all keys may have been */
} ngx_violet_redis_notify_event_e;


/*
 * The key is NULL but for NGX_VIOLET_REDIS_NOTIFY_KEY.  It has the prefix of
 * the configuration and is valid during the call.
 */

typedef void (*ngx_violet_redis_notify_pt)(void *data,
    ngx_violet_redis_notify_event_e event, ngx_str_t *key);


/*
 * Makes a link to the Redis of a client, for keys that begin with the prefix
 * of its configuration and one of the n names.  The names must outlive the
 * link.  NULL if memory runs out.
 */

ngx_violet_redis_notify_t *ngx_violet_redis_notify_create(ngx_pool_t *pool,
    ngx_violet_redis_t *redis, ngx_str_t *names, ngx_uint_t n);


/* Begins to connect. */

void ngx_violet_redis_notify_start(ngx_violet_redis_notify_t *link,
    ngx_violet_redis_notify_pt handler, void *data);


ngx_uint_t ngx_violet_redis_notify_is_up(ngx_violet_redis_notify_t *link);


/* Sends a PING now if the link is up; after an error the link is closed. */

void ngx_violet_redis_notify_ask(ngx_violet_redis_notify_t *link);


/* The time, in ms, since the last PING was sent. */

ngx_msec_t ngx_violet_redis_notify_since(ngx_violet_redis_notify_t *link);


/* Closes a link that is open or about to be.  It is opened again. */

void ngx_violet_redis_notify_drop(ngx_violet_redis_notify_t *link);


/* Closes the link; it may be started again. */

void ngx_violet_redis_notify_close(ngx_violet_redis_notify_t *link);


#endif /* NGX_VIOLET_REDIS_NOTIFY_H */


/*
 * The link: a second connection to Redis, on which it tells by itself what
 * became of keys (client-side caching: CLIENT TRACKING, broadcast by prefix,
 * redirected to the link's own subscription, so RESP2 will do).  One in each
 * worker, opened again and again in the background.
 *
 * Source: https://redis.io/docs/manual/client-side-caching/
 */

#ifndef NGX_VIOLET_REDIS_NOTIFY_H
#define NGX_VIOLET_REDIS_NOTIFY_H


#include "ngx_violet_redis.h"


/* while a link is up it is asked for a sign of life this often, in ms */
#define NGX_VIOLET_REDIS_NOTIFY_PERIOD  1000


typedef struct ngx_violet_redis_notify_s  ngx_violet_redis_notify_t;


typedef enum {
    NGX_VIOLET_REDIS_NOTIFY_UP = 0,  /* from now on all is told */
    NGX_VIOLET_REDIS_NOTIFY_ALIVE,   /* all was told up to now */
    NGX_VIOLET_REDIS_NOTIFY_DOWN,    /* nothing is told any more */
    NGX_VIOLET_REDIS_NOTIFY_KEY,     /* a key was written, or is gone */
    NGX_VIOLET_REDIS_NOTIFY_ALL      /* any key may be */
} ngx_violet_redis_notify_event_e;


/* The key has its prefix and is valid during the call; else it is NULL. */

typedef void (*ngx_violet_redis_notify_pt)(void *data,
    ngx_violet_redis_notify_event_e event, ngx_str_t *key);


/*
 * Makes a link for keys that begin with one of the n names, each behind the
 * prefix of the configuration, which must outlive it; so must the names.
 * NULL if memory runs out.
 */

ngx_violet_redis_notify_t *ngx_violet_redis_notify_create(ngx_pool_t *pool,
    ngx_violet_redis_conf_t *conf, ngx_str_t *names, ngx_uint_t n);


/* Begins to connect, in a worker that has just started. */

void ngx_violet_redis_notify_start(ngx_violet_redis_notify_t *link,
    ngx_violet_redis_notify_pt handler, void *data);


ngx_uint_t ngx_violet_redis_notify_is_up(ngx_violet_redis_notify_t *link);


/* Closes the link of a worker that exits. */

void ngx_violet_redis_notify_close(ngx_violet_redis_notify_t *link);


#endif /* NGX_VIOLET_REDIS_NOTIFY_H */

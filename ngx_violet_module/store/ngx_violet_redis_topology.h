
/*
 * Where the master is, now: the only part that knows whether Redis is a single
 * one, watched by sentinels, or a cluster.  Client and link ask it for an
 * address before they connect and tell it what they see of Redis.  It asks
 * resolver, sentinels and nodes by itself; nothing waits for it.
 */

#ifndef NGX_VIOLET_REDIS_TOPOLOGY_H
#define NGX_VIOLET_REDIS_TOPOLOGY_H


#include "ngx_violet_redis_resolve.h"

#include "violet_reply.h"


typedef struct ngx_violet_redis_topology_s  ngx_violet_redis_topology_t;


/* One who connects to the master.  A part of its user's object. */

typedef struct {
    ngx_violet_redis_place_t        place;     /* of the connection */

    /*
     * Called when the master's address has become known, or is another one
     * than "place".  The user then connects to the new one, soon and from an
     * event of its own.
     */

    void                          (*moved)(void *data);
    void                           *data;

    unsigned                        open:1;    /* set and cleared by the user:
                                                  a connection to "place" */
    unsigned                        ready:1;   /* the same: the master answers
                                                  commands on it */
    unsigned                        sent_away:1;  /* by MOVED, on its last
                                                     connection */
} ngx_violet_redis_topology_user_t;


/*
 * Makes the topology of a configuration, in its pool.  NULL if memory runs
 * out.
 */

ngx_violet_redis_topology_t *ngx_violet_redis_topology_create(
    ngx_pool_t *pool, ngx_violet_redis_conf_t *conf);


/* Adds a user, at most two, before the start. */

void ngx_violet_redis_topology_add(ngx_violet_redis_topology_t *topology,
    ngx_violet_redis_topology_user_t *user);


/* Begins, in a worker that has just started; and ends, in one that exits. */

void ngx_violet_redis_topology_start(ngx_violet_redis_topology_t *topology);
void ngx_violet_redis_topology_close(ngx_violet_redis_topology_t *topology);


/*
 * Fills in the place of the user's next connection, after so many tries in a
 * row that failed: each connecting begins with the first URL.  NGX_AGAIN while
 * no address is known; moved() is called once one is.
 */

ngx_int_t ngx_violet_redis_topology_where(
    ngx_violet_redis_topology_t *topology,
    ngx_violet_redis_topology_user_t *user, ngx_uint_t tries);


/*
 * Called by the users of a topology: the master is connected; the connection
 * was lost, could not be made, or led to a Redis that takes no writes.
 */

void ngx_violet_redis_topology_found(ngx_violet_redis_topology_t *topology);
void ngx_violet_redis_topology_lost(ngx_violet_redis_topology_t *topology);


/*
 * True if the reply is the error MOVED of a node of a cluster: another node has
 * the slot, or none is named, and the user closes its connection.
 */

ngx_uint_t ngx_violet_redis_topology_redirected(
    ngx_violet_redis_topology_t *topology,
    ngx_violet_redis_topology_user_t *user, violet_reply_t *reply);


/*
 * The delay, in ms, before a user whose connection was lost connects again: the
 * one that it asks for, or more.  After MOVED to a node that is not followed
 * yet, it lasts until nodes are followed again: this node would send the user
 * away once more.
 */

ngx_msec_t ngx_violet_redis_topology_delay(
    ngx_violet_redis_topology_t *topology,
    ngx_violet_redis_topology_user_t *user, ngx_msec_t delay);


/*
 * The name of Redis in the log: of a single one the URLs, else the master's
 * host and port, or the URLs while it is not known.
 */

ngx_str_t *ngx_violet_redis_topology_name(
    ngx_violet_redis_topology_t *topology);


#endif /* NGX_VIOLET_REDIS_TOPOLOGY_H */


/*
 * The Redis client: one pipelined connection in each worker.  Every command
 * has a deadline, and its handler is called exactly once: with the reply, at
 * the deadline, or when the connection is lost.  While Redis is away no
 * request waits for it: the breaker is open, and the client tries to connect
 * in the background.
 */

#ifndef NGX_VIOLET_REDIS_H
#define NGX_VIOLET_REDIS_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_redis_conf.h"

#include "violet_counters.h"
#include "violet_reply.h"


typedef struct ngx_violet_redis_s  ngx_violet_redis_t;


typedef enum {
    NGX_VIOLET_REDIS_NONE = 0,    /* not asked */
    NGX_VIOLET_REDIS_OK,
    NGX_VIOLET_REDIS_TIMEOUT,
    NGX_VIOLET_REDIS_DOWN,        /* no connection, or an error reply */
    NGX_VIOLET_REDIS_OPEN,        /* the breaker is open: not even tried */
    NGX_VIOLET_REDIS_OFF,         /* no violet_redis */
    NGX_VIOLET_REDIS_MEMORY       /* not asked: no memory in this worker */
} ngx_violet_redis_status_e;


/*
 * A Lua script.  Run by its digest, and by its source once where Redis does
 * not know it yet.
 */

typedef struct {
    ngx_str_t   source;
    u_char      sha1[41];         /* filled in on first use */
} ngx_violet_redis_script_t;


/*
 * Called once for each command that was accepted.  The reply is only valid
 * during the call; it is NULL unless the status is NGX_VIOLET_REDIS_OK.  It is
 * an error reply only if a plain command found a key of another type
 * (WRONGTYPE).  Strings of the reply end in a zero.  The connection or a timer
 * makes the call, so the handler only copies data out of the reply and posts
 * an event.
 */

typedef void (*ngx_violet_redis_handler_pt)(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);


/* Redis takes no writes any more: its other connections must be closed. */

typedef void (*ngx_violet_redis_demoted_pt)(void *data);


/* All commands of a round of the event loop are written now. */

typedef void (*ngx_violet_redis_writing_pt)(void *data);


/*
 * Makes a client; it lives as long as the pool, which is the
 * configuration's.  Nothing is connected.  NULL if memory runs out.
 */

ngx_violet_redis_t *ngx_violet_redis_create(ngx_pool_t *pool,
    ngx_violet_redis_conf_t *conf);


/*
 * Replies may hold a string of so many bytes; the largest of several calls
 * counts.  A longer string reads as nil, with reply->cut.  Called while the
 * configuration is read.
 */

void ngx_violet_redis_allow(ngx_violet_redis_t *redis, size_t bytes);


/*
 * The clock of deadlines, in ms: how long the worker has waited for replies
 * since it started.  Time in which it stood still, or by which its clock
 * jumped, does not count; nor does it run without commands under way.
 */

ngx_msec_t ngx_violet_redis_waited(ngx_violet_redis_t *redis);


/* Sets whom to tell that Redis is no master any more, before the start. */

void ngx_violet_redis_on_demoted(ngx_violet_redis_t *redis,
    ngx_violet_redis_demoted_pt handler, void *data);


/*
 * Sets the function that is called before the commands of a round of the event
 * loop are written.  A command that it sends is run by Redis after all of them.
 */

void ngx_violet_redis_on_writing(ngx_violet_redis_t *redis,
    ngx_violet_redis_writing_pt handler, void *data);


/* Sets where this worker counts, before the start. */

void ngx_violet_redis_count(ngx_violet_redis_t *redis,
    violet_counters_of_redis_t *counts);


/* Begins to connect, in a worker that has just started. */

void ngx_violet_redis_start(ngx_violet_redis_t *redis);


/*
 * Runs a script: args[0 .. nkeys-1] are its keys, the other nargs - nkeys
 * its arguments; at most 24 in all.  They are copied.  The timeout is in
 * milliseconds and covers connecting as well.
 *
 * Returns NGX_VIOLET_REDIS_OK if the handler will be called, else OPEN or
 * MEMORY.
 */

ngx_violet_redis_status_e ngx_violet_redis_script(ngx_violet_redis_t *redis,
    ngx_violet_redis_script_t *script, ngx_str_t *args, ngx_uint_t nkeys,
    ngx_uint_t nargs, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data);


/*
 * The same for a script that must not be done without Redis too soon: while
 * Redis is away, slow or not connected yet, the script waits for it until the
 * timeout ends.  With the status DOWN Redis may have run the script.
 */

ngx_violet_redis_status_e ngx_violet_redis_script_wait(
    ngx_violet_redis_t *redis, ngx_violet_redis_script_t *script,
    ngx_str_t *args, ngx_uint_t nkeys, ngx_uint_t nargs, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data);


/*
 * Runs a plain command, such as HMGET, with at most 24 arguments.  They are
 * copied.  The rest as for a script; the second function waits for Redis as
 * ngx_violet_redis_script_wait() does.
 */

ngx_violet_redis_status_e ngx_violet_redis_command(ngx_violet_redis_t *redis,
    const char *name, ngx_str_t *args, ngx_uint_t nargs, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data);

ngx_violet_redis_status_e ngx_violet_redis_command_wait(
    ngx_violet_redis_t *redis, const char *name, ngx_str_t *args,
    ngx_uint_t nargs, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data);


/*
 * Runs a plain command that is the same each time but for its key.  "head" has
 * the bytes of the command before the key (the number of its words, and its
 * first words), "tail" those after the key.  The prefix is added to the key.
 * The handler gets a copy of the "len" bytes of "data".
 */

typedef struct {
    ngx_str_t   head;
    ngx_str_t   tail;
} ngx_violet_redis_form_t;

ngx_violet_redis_status_e ngx_violet_redis_read(ngx_violet_redis_t *redis,
    ngx_violet_redis_form_t *form, ngx_str_t *key, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data, size_t len);


/*
 * Redis's clock: ms since the epoch, by the offset to this host's clock that
 * is taken at connecting and each second after that.  -1 while it is not
 * known, which is never so in a handler that is called with a reply.
 */

int64_t ngx_violet_redis_clock(ngx_violet_redis_t *redis);


/*
 * The age in ms of something that is "elapsed" ms old by Redis's clock.  Both
 * differ for some time after that clock was set.
 */

int64_t ngx_violet_redis_elapsed(ngx_violet_redis_t *redis, int64_t elapsed);


/*
 * How often this worker saw that Redis's clock was set a minute or more ahead,
 * so that Redis may have dropped keys too early.
 */

ngx_uint_t ngx_violet_redis_leaps(ngx_violet_redis_t *redis);


/*
 * Called for a reply that cannot belong to its command: the connection is
 * closed, and nothing more is read from it.
 */

void ngx_violet_redis_distrust(ngx_violet_redis_t *redis);


/*
 * Within a handler that is called with a reply: keeps the reply's strings until
 * the pool is destroyed, so that they need not be copied.  NGX_DECLINED: they
 * have to be copied, since so much is kept already, or memory runs out.
 */

ngx_int_t ngx_violet_redis_keep(ngx_violet_redis_t *redis, ngx_pool_t *pool);


/* True if this worker is connected, and Redis answers in time. */

ngx_uint_t ngx_violet_redis_is_up(ngx_violet_redis_t *redis);


/* Where the client's Redis is; the link has the same. */

struct ngx_violet_redis_topology_s *ngx_violet_redis_topology(
    ngx_violet_redis_t *redis);


/* The client's configuration. */

ngx_violet_redis_conf_t *ngx_violet_redis_conf(ngx_violet_redis_t *redis);


/*
 * The status of Redis for a request that runs several commands, from the
 * status so far and the status of the last command.  A failure stays, since
 * later failures follow from it.
 */

ngx_violet_redis_status_e ngx_violet_redis_status_merge(
    ngx_violet_redis_status_e known, ngx_violet_redis_status_e status);


/*
 * How often this worker has lost a connection that was ready.  While the number
 * is the same, and a command was answered, Redis is the same one.
 */

ngx_uint_t ngx_violet_redis_losses(ngx_violet_redis_t *redis);


/* Closes the connection of a worker that exits. */

void ngx_violet_redis_close(ngx_violet_redis_t *redis);


#endif /* NGX_VIOLET_REDIS_H */

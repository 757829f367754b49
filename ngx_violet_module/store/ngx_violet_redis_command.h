
/*
 * Types of the Redis client's own files: its life (ngx_violet_redis.c), its
 * commands (ngx_violet_redis_command.c) and Redis's clock
 * (ngx_violet_redis_clock.c).
 */

#ifndef NGX_VIOLET_REDIS_COMMAND_H
#define NGX_VIOLET_REDIS_COMMAND_H


#include "ngx_violet_redis.h"
#include "ngx_violet_redis_args.h"
#include "ngx_violet_redis_connection.h"
#include "ngx_violet_redis_topology.h"
#include "violet_clock.h"


/* commands that begin a connection, at most */
#define NGX_VIOLET_REDIS_PREAMBLE_COMMANDS  6


typedef enum {
    NGX_VIOLET_REDIS_IDLE = 0,
    NGX_VIOLET_REDIS_CONNECTING,
    NGX_VIOLET_REDIS_PREAMBLE,
    NGX_VIOLET_REDIS_READY
} ngx_violet_redis_state_e;


struct ngx_violet_redis_s {
    ngx_violet_redis_conf_t         conf;

    ngx_violet_redis_topology_t      *topology;
    ngx_violet_redis_topology_user_t  user;        /* of the topology */

    ngx_violet_redis_connection_t   connection;
    ngx_violet_redis_state_e        state;

    const char                     *preamble
                                      [NGX_VIOLET_REDIS_PREAMBLE_COMMANDS];
    ngx_uint_t                      npreamble;
    ngx_uint_t                      answered;      /* of these */

    ngx_queue_t                     pending;       /* until connected */
    ngx_queue_t                     sent;          /* without a reply */

    ngx_event_t                     retry_timer;
    ngx_event_t                     stall_timer;
    ngx_event_t                     deadline_timer;  /* of commands */
    ngx_msec_t                      waited;        /* the clock of deadlines */
    ngx_msec_t                      looked_at;     /* the last look at it, by
                                                      nginx's clock */
    ngx_uint_t                      stall_looks;   /* left until a stalled
                                                      Redis is dropped */
    ngx_event_t                     clock_timer;
    ngx_event_t                     drop;          /* posted: close it */

    violet_clock_far_t              clock;         /* Redis's */
    int64_t                         clock_asked;   /* when Redis was asked for
                                                      it, by our clock */

    ngx_uint_t                      failures;      /* in a row */
    ngx_msec_t                      ready_at;      /* the connection */
    ngx_uint_t                      losses;        /* of the connection */
    ngx_uint_t                      tries;         /* to connect, in a row */
    ngx_violet_redis_errors_t       errors;
    ngx_uint_t                      lines;         /* of errors in the log,
                                                      when it was ready */

    violet_counters_of_redis_t      counts;
    ngx_sockaddr_t                  counted;       /* where it was ready last */
    socklen_t                       counted_len;   /* 0: nowhere yet */

    ngx_violet_redis_demoted_pt     on_demoted;
    void                           *on_demoted_data;
    ngx_violet_redis_writing_pt     on_writing;    /* NULL: nobody */
    void                           *on_writing_data;

    unsigned                        initialized:1;
    unsigned                        evicts:1;      /* Redis may evict records,
                                                      which was logged */
    unsigned                        clock_asking:1;
    unsigned                        stalled:1;     /* a deadline was missed */
    unsigned                        stall_logged:1;
    unsigned                        distrusted:1;  /* this worker closed the
                                                      connection itself */
    unsigned                        demoted:1;     /* Redis takes no writes */
    unsigned                        moving:1;      /* the master is another
                                                      one: no delay */
};


typedef struct {
    ngx_queue_t                  queue;
    ngx_violet_redis_t          *redis;
    ngx_violet_redis_handler_pt  handler;
    void                        *data;

    ngx_violet_redis_script_t   *script;        /* NULL: a plain command */
    char                        *request;       /* NULL: sent at once, and
                                                   not kept */
    size_t                       len;
    ngx_msec_t                   sent_at;       /* by ngx_violet_redis_
                                                   waited() */
    ngx_msec_t                   deadline;      /* the same */
    int64_t                      counted_at;    /* us, if commands are
                                                   counted */

    unsigned                     sent:1;
    unsigned                     done:1;        /* the handler was called */
    unsigned                     timed:1;       /* its deadline is to come */
    unsigned                     by_source:1;
    unsigned                     patient:1;     /* waits for Redis to be
                                                   back */
} ngx_violet_redis_command_t;


/* The name of Redis in the log. */

#define ngx_violet_redis_name(redis)                                          \
    ngx_violet_redis_topology_name((redis)->topology)


/*
 * Sends the commands that begin a connection, and takes the reply to one of
 * them.  NGX_ERROR if the connection is to be closed; for a reply the reason
 * has been logged.
 */

ngx_int_t ngx_violet_redis_preamble_send(ngx_violet_redis_t *redis);
ngx_int_t ngx_violet_redis_preamble_reply(ngx_violet_redis_t *redis,
    const char *command, violet_reply_t *reply);


/* Ends a command: its handler is called, unless it was called before. */

void ngx_violet_redis_done(ngx_violet_redis_command_t *cmd,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
void ngx_violet_redis_free_command(ngx_violet_redis_command_t *cmd);


/*
 * Sets the deadline of a command that is in a queue, in ms from now; and its
 * timer's handler.  A command may be freed without a word.
 */

void ngx_violet_redis_deadline(ngx_violet_redis_command_t *cmd,
    ngx_msec_t timeout);
void ngx_violet_redis_deadline_timer(ngx_event_t *ev);
void ngx_violet_redis_stall_timer(ngx_event_t *ev);


/* To be called when commands have left the queues. */

void ngx_violet_redis_deadline_idle(ngx_violet_redis_t *redis);


/* To be called after a reply: all late ones may have come. */

void ngx_violet_redis_recover(ngx_violet_redis_t *redis);


/* A reply to the oldest command that was sent. */

void ngx_violet_redis_command_reply(ngx_violet_redis_t *redis,
    violet_reply_t *reply);


/*
 * Send the pending commands when the connection is ready, or fail all that
 * cannot be answered any more when it is lost.  Patient commands that have not
 * been sent wait for the next connection, unless "all" is set.
 */

void ngx_violet_redis_send_pending(ngx_violet_redis_t *redis);
void ngx_violet_redis_fail_commands(ngx_violet_redis_t *redis,
    ngx_uint_t all);


/*
 * Counting, if somebody reads the counters: a command begins, it ends, it was
 * not sent at all, and a connection has become ready or was lost.
 */

void ngx_violet_redis_count_sent(ngx_violet_redis_command_t *cmd);
void ngx_violet_redis_count_done(ngx_violet_redis_command_t *cmd,
    ngx_violet_redis_status_e status);
void ngx_violet_redis_count_refused(ngx_violet_redis_t *redis);
void ngx_violet_redis_count_ready(ngx_violet_redis_t *redis);
void ngx_violet_redis_count_lost(ngx_violet_redis_t *redis);
void ngx_violet_redis_count_evicts(ngx_violet_redis_t *redis, long evicts);


/* Redis takes no writes: the connection, and with it the link, is dropped. */

void ngx_violet_redis_demoted(ngx_violet_redis_t *redis);


#endif /* NGX_VIOLET_REDIS_COMMAND_H */

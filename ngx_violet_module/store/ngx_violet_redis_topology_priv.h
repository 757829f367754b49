
/*
 * Types of the topology's own files: what is the same for all kinds
 * (ngx_violet_redis_topology.c), the connection on which sentinels and nodes
 * are asked (ngx_violet_redis_ask.c), Sentinel and Cluster.
 */

#ifndef NGX_VIOLET_REDIS_TOPOLOGY_PRIV_H
#define NGX_VIOLET_REDIS_TOPOLOGY_PRIV_H


#include "ngx_violet_redis_topology.h"
#include "ngx_violet_redis_connection.h"


/* client and link */
#define NGX_VIOLET_REDIS_USERS      2

/* nodes of a cluster that are remembered, beside those of the URLs */
#define NGX_VIOLET_REDIS_NODES      16

/* words of a question */
#define NGX_VIOLET_REDIS_ASK_WORDS  3

/* ms between two looks for names, or questions to a sentinel */
#define NGX_VIOLET_REDIS_LOOK       1000

/*
 * ms between two questions while the master is missing, which is the time for
 * the answer of one to lead to the master
 */
#define NGX_VIOLET_REDIS_LOOK_SOON  200


typedef struct {
    ngx_str_t    word;       /* "sentinel" or "node", for the log */
    ngx_str_t    question;   /* its command, for the log */

    /* fills in the command and returns the number of its words */

    int        (*ask)(ngx_violet_redis_topology_t *topology,
                      const char **argv, size_t *lens);

    /*
     * Takes the reply.  NGX_OK, or NGX_DECLINED if the next one is to be
     * asked, which has been logged.
     */

    ngx_int_t  (*answer)(ngx_violet_redis_topology_t *topology,
                         violet_reply_t *reply);

    unsigned     always:1;   /* asked each second, not only when the master
                                is missing */
} ngx_violet_redis_topology_kind_t;


typedef enum {
    NGX_VIOLET_REDIS_ASK_IDLE = 0,
    NGX_VIOLET_REDIS_ASK_AUTH,        /* connecting, or AUTH is sent */
    NGX_VIOLET_REDIS_ASK_SENT,
    NGX_VIOLET_REDIS_ASK_READY
} ngx_violet_redis_ask_state_e;


struct ngx_violet_redis_topology_s {
    ngx_violet_redis_conf_t            *conf;
    ngx_violet_redis_topology_kind_t   *kind;       /* NULL: a single Redis */

    ngx_violet_redis_topology_user_t   *users[NGX_VIOLET_REDIS_USERS];
    ngx_uint_t                          nusers;

    ngx_violet_redis_host_t            *urls;       /* of the configuration */
    ngx_violet_redis_host_t            *nodes;      /* of a cluster */
    ngx_uint_t                          nnodes;
    ngx_violet_redis_host_t             master;     /* of sentinels or of a
                                                       cluster; port 0: not
                                                       known */
    ngx_str_t                           name;       /* for the log */
    u_char                              text[VIOLET_NODE_HOST + 8];
    ngx_msec_t                          logged_at;  /* the first of the changes
                                                       in the log */
    ngx_uint_t                          logged;     /* changes since then */
    ngx_msec_t                          moved_at;   /* the last change of the
                                                       master */
    ngx_uint_t                          moves;      /* in quick succession */
    ngx_int_t                           slot;       /* of the prefix */

    ngx_event_t                         names;      /* timer: looks for names,
                                                       and tries a new
                                                       address */
    ngx_violet_redis_connection_t       probe;      /* the try */
    ngx_violet_redis_topology_user_t    probed;
    ngx_uint_t                          probes;     /* that failed */

    /* ngx_violet_redis_ask.c */

    ngx_violet_redis_connection_t       ask;
    ngx_violet_redis_ask_state_e        state;
    ngx_event_t                         timer;
    ngx_uint_t                          at;         /* index of the asked one */
    ngx_uint_t                          failures;   /* in a row, of all */
    ngx_msec_t                          asked_at;
    ngx_violet_redis_place_t            place;      /* of the asked one */
    ngx_violet_redis_errors_t           errors;

    unsigned                            started:1;
    unsigned                            missing:1;  /* there is no master */
    unsigned                            doubted:1;  /* there was none when the
                                                       last answer came */
};


/*
 * The master is at this host, as a sentinel or a node said.  An empty host is
 * that of "from".
 */

void ngx_violet_redis_topology_master(ngx_violet_redis_topology_t *topology,
    violet_node_t *node, ngx_violet_redis_place_t *from);


/* Moves all users that are not connected to the right address. */

void ngx_violet_redis_topology_move(ngx_violet_redis_topology_t *topology);


/*
 * ms to the next question while the master is missing: less than the usual
 * second, unless the master has changed again and again.
 */

ngx_msec_t ngx_violet_redis_topology_soon(
    ngx_violet_redis_topology_t *topology);


/*
 * The number of changes of the last minute, with this one.  Only so many of
 * them are logged.
 */

#define NGX_VIOLET_REDIS_CHANGES  10

ngx_uint_t ngx_violet_redis_topology_changes(
    ngx_violet_redis_topology_t *topology);


/* Asks, or stops to ask, sentinels or nodes. */

void ngx_violet_redis_ask_start(ngx_violet_redis_topology_t *topology);
void ngx_violet_redis_ask_close(ngx_violet_redis_topology_t *topology);


/* Asks as soon as possible: the master is missing. */

void ngx_violet_redis_ask_soon(ngx_violet_redis_topology_t *topology);


/*
 * Logs that the asked one was of no use, once a minute for each kind of error;
 * of a useless answer the kind is NGX_VIOLET_REDIS_ERROR_PROTOCOL.
 */

void ngx_violet_redis_ask_useless(ngx_violet_redis_topology_t *topology,
    ngx_violet_redis_error_e error, const char *why);


extern ngx_violet_redis_topology_kind_t  ngx_violet_redis_sentinel;
extern ngx_violet_redis_topology_kind_t  ngx_violet_redis_cluster;


#endif /* NGX_VIOLET_REDIS_TOPOLOGY_PRIV_H */

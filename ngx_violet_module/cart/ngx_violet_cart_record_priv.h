
/*
 * Shared by the files of a record alone: ngx_violet_cart_record.c (a handle
 * and its submit), _memory.c, _redis.c, _name.c, _server.c (which Redis it is)
 * and _owed.c (records that Redis lacks).
 */

#ifndef NGX_VIOLET_CART_RECORD_PRIV_H
#define NGX_VIOLET_CART_RECORD_PRIV_H


#include "ngx_violet_cart_record.h"


/* bytes of Redis's run_id */

#define NGX_VIOLET_RECORD_RUN_ID  40

/* bytes of the mark in Redis, hexadecimal digits */

#define NGX_VIOLET_RECORD_MARK    16


struct ngx_violet_records_s {
    ngx_violet_redis_t      *redis;       /* NULL: none */
    ngx_shm_zone_t          *zone;
    ngx_array_t             *apps;        /* of ngx_violet_app_t * */

    ngx_uint_t               asked;       /* losses of the connection when
                                             Redis was asked who it is, */
    ngx_uint_t               losses;      /* and when it had answered */
    uint32_t                 epoch;       /* what was shared in an earlier
                                             one, Redis may have lost */
    int64_t                  lost;        /* until when a read comes first */
    ngx_event_t              timer;       /* looks for what is owed */
    ngx_event_t              next;        /* the same, at once */
    ngx_uint_t               telling;     /* records under way */
    ngx_uint_t               ticks;

    u_char                   mark[NGX_VIOLET_RECORD_MARK];  /* NULs: not
                                             known */
    u_char                   heard[NGX_VIOLET_RECORD_MARK]; /* the same, until
                                             Redis has said who it is */
    ngx_str_t                mark_name;   /* its key, with the prefix */
    u_char                   name[NGX_VIOLET_KEYS_NAME];

    unsigned                 asking:1;    /* Redis, who it is */
    unsigned                 known:1;     /* it has answered once */
    unsigned                 owed:1;      /* something is, or may be */
    unsigned                 full:1;      /* more than is told now */
    unsigned                 heard_of:1;  /* Redis has answered about some */
};


struct ngx_violet_record_s {
    ngx_violet_records_t        *records;
    violet_cart_host_t           host;
    violet_cart_guard_t          guard;
    violet_cart_step_t           step;
    ngx_violet_wait_t           *wait;
    ngx_violet_redis_handler_pt  handler;     /* of the command under way */
    violet_counters_doubts_t    *doubts;      /* of its app; NULL: they are
                                                 not counted */
    ngx_log_t                   *log;         /* invalid if "gone" */
    ngx_event_t                  renewal;
    int64_t                      asked;       /* when Redis was, or Violet */
    int64_t                      deadline;    /* of a claim that waits for
                                                 Redis */
    ngx_violet_redis_status_e    redis;
    ngx_uint_t                   refs;
    ngx_uint_t                   marks;       /* questions for the mark that
                                                 are under way */
    size_t                       name_len;

    unsigned                     gone:1;      /* the request has ended */
    unsigned                     busy:1;      /* a command is under way */
    unsigned                     set:1;       /* SET found no record */
    unsigned                     written:1;   /* Redis has the claim, and is
                                                 asked for its mark */
    unsigned                     unmarked:1;  /* it has not the mark that this
                                                 worker knows */
    unsigned                     deciding:1;  /* and the guard waits for it */
    unsigned                     later:1;     /* Redis is told after it */
    unsigned                     teller:1;    /* of no request */
    unsigned                     claimed:1;
    unsigned                     sent:1;
    unsigned                     settled:1;

    u_char                       name[NGX_VIOLET_KEYS_NAME];
};


/* a record in shared memory */

typedef struct {
    violet_cart_record_t     record;      /* as it was written */
    int64_t                  at;          /* when */
    uint32_t                 epoch;
    u_char                   owed;
    u_char                   own;
} ngx_violet_record_slot_t;


/* Sets the guard's functions of the host's memory. */

void ngx_violet_record_memory(ngx_violet_record_t *record);


/*
 * Copies the names of records that are owed; each ends with a zero.  Returns
 * their number; *more is true if there are others, which are told later, and
 * *full if some of them only had no room.
 */

ngx_uint_t ngx_violet_record_owed(ngx_violet_records_t *records,
    u_char *names, size_t size, ngx_uint_t *more, ngx_uint_t *full);


/* One of the records that were told has ended, whatever Redis said. */

void ngx_violet_records_told(ngx_violet_records_t *records);


/*
 * Runs the guard's step REDIS.  OK: the handler will be called, with the
 * handle as its data and a reference to it.  "patient": it waits for a
 * connection until record->deadline, which ngx_violet_record_wait() sets for
 * all commands of a claim together.
 */

ngx_violet_redis_status_e ngx_violet_record_run(ngx_violet_record_t *record,
    ngx_uint_t patient, ngx_violet_redis_handler_pt handler);
void ngx_violet_record_wait(ngx_violet_record_t *record);


/* Reads a reply.  An invalid reply counts as VIOLET_REDIS_AWAY. */

void ngx_violet_record_read(ngx_violet_record_t *record,
    ngx_violet_redis_status_e status, violet_reply_t *reply,
    violet_cart_redis_reply_t *result);


/*
 * Asks Redis who it is, if the connection was lost since it was last asked.
 * Called before each command, so that the answer comes first.
 */

void ngx_violet_records_check(ngx_violet_records_t *records);


/* The same in any case: Redis is emptied without a loss of the connection. */

void ngx_violet_records_ask(ngx_violet_records_t *records);


/*
 * True if Redis may have lost records: it is not the one that the host knew, or
 * has not yet said on this connection who it is.
 */

ngx_uint_t ngx_violet_records_lost(ngx_violet_records_t *records);


/*
 * Reads the answer to GET of the mark, which was asked after a claim.  True if
 * Redis has not the mark that this worker knows: it was emptied before the
 * claim.
 */

ngx_uint_t ngx_violet_records_unmarked(ngx_violet_records_t *records,
    violet_reply_t *reply);


/* True if so a short time ago: other hosts may not have told it theirs yet. */

ngx_uint_t ngx_violet_records_fresh(ngx_violet_records_t *records);


/* Something is owed to Redis, and is told within a second or two. */

void ngx_violet_records_owe(ngx_violet_records_t *records);


/*
 * Makes the name of a record; a name has only the digest of an
 * Idempotency-Key.
 */

void ngx_violet_record_name(ngx_violet_record_t *record,
    ngx_violet_record_conf_t *conf);


/* A random token; NGX_ERROR if the kernel gives none.  Never all zeroes. */

ngx_int_t ngx_violet_record_token(u_char *token);
void ngx_violet_record_digest(u_char *digest, ngx_str_t *text);


/*
 * Adds n (-1 or 1) to the doubts of an app if a record is one, or becomes one
 * when its flight lapses.  "doubts" may be NULL.  It may be called under the
 * zone's lock.
 */

void ngx_violet_record_count_doubt(violet_counters_doubts_t *doubts,
    ngx_violet_record_slot_t *slot, int n);


/* The doubts of the app to which a record of that name belongs, or NULL. */

violet_counters_doubts_t *ngx_violet_record_doubts_of(
    ngx_violet_records_t *records, ngx_str_t *name);


/* Releases a reference to the handle. */

void ngx_violet_record_release(ngx_violet_record_t *record);


/* Tells Redis what the host has of one record; the handle frees itself. */

void ngx_violet_record_tell(ngx_violet_records_t *records, ngx_str_t *name);


#endif /* NGX_VIOLET_CART_RECORD_PRIV_H */


/*
 * Shared by the files of a record alone: ngx_violet_cart_record.c (a handle
 * and its submit), _memory.c, _redis.c, _name.c, _server.c (which Redis it is)
 * and _unsaved.c (records that Redis lacks).
 */

#ifndef NGX_VIOLET_CART_RECORD_PRIV_H
#define NGX_VIOLET_CART_RECORD_PRIV_H


#include "ngx_violet_cart_record.h"

#include "violet_cart_server.h"


struct ngx_violet_records_s {
    ngx_violet_redis_t      *redis;       /* NULL: none */
    ngx_shm_zone_t          *zone;
    ngx_array_t             *apps;        /* of ngx_violet_app_t * */

    /* numbers of lost connections, and of leaps of Redis's clock: when Redis
       was asked last who it is ("asked"), and when it answered last */
    ngx_uint_t               asked;
    ngx_uint_t               losses;
    ngx_uint_t               asked_leaps;
    ngx_uint_t               leaps;

    uint32_t                 epoch;       /* Redis may have lost the records
                                             that it got in an earlier one */
    int64_t                  lost;        /* until this instant each cart is
                                             read before it is sent */
    ngx_event_t              timer;       /* looks for unsaved records */
    ngx_event_t              next;        /* the same, at once */
    ngx_uint_t               telling;     /* records that are being written */
    ngx_uint_t               tree;        /* of the zone, where the next look
                                             for unsaved records begins */
    ngx_uint_t               tried;       /* records of the piece there, for
                                             whose names there was room */
    ngx_uint_t               passed;      /* records that are passed over
                                             there: Redis took none of them */
    ngx_uint_t               repeats;     /* of the look for records of POST
                                             orders alone, if Redis does not
                                             answer */
    ngx_uint_t               losses_told; /* connections that had been lost when
                                             the present records were sent */
    ngx_uint_t               ticks;
    ngx_uint_t               no_failed;   /* of the counters that would go
                                             first, so many are of no failed
                                             submit */
    ngx_violet_record_t     *claims;      /* of this round, for which Redis's
                                             mark is asked for at its end */

    /* the mark in Redis, all zeroes: not known; "heard" is the one that Redis
       has answered, until it has also said who it is */
    u_char                   mark[VIOLET_SERVER_MARK];
    u_char                   heard[VIOLET_SERVER_MARK];
    ngx_str_t                mark_name;   /* its key, with the prefix */
    u_char                   name[NGX_VIOLET_KEYS_NAME];

    unsigned                 asking:1;    /* Redis is asked who it is */
    unsigned                 looking:1;   /* Redis is asked for its mark */
    unsigned                 known:1;     /* Redis has said once who it is */
    unsigned                 owes:1;      /* the mark in Redis must become that
                                             of a loss */
    unsigned                 unsaved:1;   /* Redis may lack a record */
    unsigned                 round:1;     /* this round over the zone has seen
                                             an unsaved record */
    unsigned                 orders:1;    /* this round is over records of
                                             POST orders alone */
    unsigned                 full:1;      /* the next look follows at once, if
                                             Redis answers */
    unsigned                 heard_of:1;  /* Redis has answered about one of
                                             the records being written */
    unsigned                 silent:1;    /* Redis has not answered about one
                                             of them, not even by an error */
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
    int64_t                      asked;       /* instant of the last question
                                                 to Redis, or to Violet */
    ngx_msec_t                   deadline;    /* of a claim that waits for
                                                 Redis, by the clock of
                                                 ngx_violet_redis_waited() */
    ngx_violet_redis_status_e    redis;
    ngx_uint_t                   refs;
    ngx_uint_t                   marks;       /* questions for the mark that
                                                 are under way */
    ngx_violet_record_t         *next;        /* in records->claims, and of
                                                 one question */
    size_t                       name_len;

    unsigned                     gone:1;      /* the request has ended */
    unsigned                     busy:1;      /* a command is under way */
    unsigned                     set:1;       /* SET found no record */
    unsigned                     replaced:1;  /* SET returned what it has
                                                 replaced */
    unsigned                     listed:1;    /* it is in such a list */
    unsigned                     written:1;   /* Redis has the claim, and is
                                                 asked for its mark */
    unsigned                     unmarked:1;  /* Redis's mark is not the one
                                                 that this worker knows */
    unsigned                     deciding:1;  /* the guard waits for the
                                                 command under way */
    unsigned                     later:1;     /* after that command Redis is
                                                 told the record */
    unsigned                     teller:1;    /* the handle has no request: it
                                                 only tells Redis */
    unsigned                     claimed:1;
    unsigned                     sent:1;
    unsigned                     settled:1;

    u_char                       name[NGX_VIOLET_KEYS_NAME];
};


/* a record in shared memory */

typedef struct {
    violet_cart_record_t     record;      /* as it was written */
    int64_t                  at;          /* instant of the write */
    uint32_t                 epoch;
    u_char                   unsaved;
    u_char                   own;
    u_char                   undecided;
} ngx_violet_record_slot_t;


/* Sets the guard's functions of the host's memory. */

void ngx_violet_record_memory(ngx_violet_record_t *record);


/*
 * Copies the names of unsaved records, from records->tree on; each ends with a
 * zero.  Returns their number; *more is true if others were seen, which are too
 * young to be told or come later, and *full if the next look goes on from
 * records->tree before the end of the zone is reached.  With records->orders
 * those of POST orders come first.  Where there was not room for all, and Redis
 * has answered about none of them, the next look passes over them.
 */

ngx_uint_t ngx_violet_record_unsaved(ngx_violet_records_t *records,
    u_char *names, size_t size, ngx_uint_t *more, ngx_uint_t *full);


/*
 * Makes a random mark of VIOLET_SERVER_MARK bytes, not terminated.  Returns
 * NGX_ERROR if there are no random bytes.
 */

ngx_int_t ngx_violet_records_new_mark(u_char *mark);


/*
 * Redis may lack any record of the host: the next looks for unsaved records
 * begin with those of POST orders.
 */

void ngx_violet_records_restore(ngx_violet_records_t *records);


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


/* Asks for the mark behind the claims of a round.  "data" is the records. */

void ngx_violet_record_ask_mark(void *data);


/* Reads a reply.  An invalid reply counts as VIOLET_REDIS_AWAY. */

void ngx_violet_record_read(ngx_violet_record_t *record,
    ngx_violet_redis_status_e status, violet_reply_t *reply,
    violet_cart_redis_reply_t *result);


/*
 * Asks Redis who it is, if the connection was lost since it was last asked.
 * Called before each command, so that the answer comes first.
 */

void ngx_violet_records_check(ngx_violet_records_t *records);


/* The same in any case. */

void ngx_violet_records_ask(ngx_violet_records_t *records);


/*
 * Asks Redis for its mark alone, and who it is only if the mark has gone: Redis
 * may be emptied without a loss of the connection.
 */

void ngx_violet_records_look(ngx_violet_records_t *records);


/*
 * True if Redis may have lost records: it is not the one that the host knew, or
 * has not yet said on this connection who it is.
 */

ngx_uint_t ngx_violet_records_lost(ngx_violet_records_t *records);


/*
 * Reads the answer to GET of the mark, which was asked after a claim.  True if
 * the mark is not the one that this worker knows: Redis was emptied before the
 * claim.
 */

ngx_uint_t ngx_violet_records_unmarked(ngx_violet_records_t *records,
    violet_reply_t *reply);


/*
 * True if Redis lost records a short time ago: other hosts may not have written
 * theirs again yet.
 */

ngx_uint_t ngx_violet_records_fresh(ngx_violet_records_t *records);


/* A record is unsaved; Redis is told within a second or two. */

void ngx_violet_records_unsaved(ngx_violet_records_t *records);


/*
 * Makes the name of a record; a name has only the digest of an
 * Idempotency-Key.
 */

void ngx_violet_record_name(ngx_violet_record_t *record,
    ngx_violet_record_conf_t *conf);


/* True of the name of a record that goes by an Idempotency-Key. */

ngx_uint_t ngx_violet_record_is_by_key(ngx_str_t *name);


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

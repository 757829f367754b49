
/*
 * The records of the submit guard: one for each environment, app and cart, or
 * Idempotency-Key of a POST orders, in the shared memory of the host and in
 * Redis for all hosts.  core/cart/violet_cart_guard.c says which keeper is
 * asked and what is written; here is the I/O.
 *
 * A handle of a record is on the heap: the request's pool and a command to
 * Redis that is under way hold a reference to it each.
 */

#ifndef NGX_VIOLET_CART_RECORD_H
#define NGX_VIOLET_CART_RECORD_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_keys.h"
#include "ngx_violet_redis.h"
#include "ngx_violet_wait.h"

#include "violet_cart_guard.h"
#include "violet_counters.h"


/* ms: the time of "violet_submit_guard on" */

#define NGX_VIOLET_RECORD_TIME  (24 * 60 * 60 * 1000)


typedef struct ngx_violet_record_s  ngx_violet_record_t;

/* of a worker: what it knows of Redis, and which records Redis lacks */

typedef struct ngx_violet_records_s  ngx_violet_records_t;


/* ngx_violet_record_create() copies all of it */

typedef struct {
    ngx_violet_records_t       *records;
    ngx_violet_keys_t           keys;
    int64_t                     cart_id;     /* 0: named by the key */
    ngx_str_t                   key;         /* Idempotency-Key, or empty */
    ngx_str_t                   body;        /* its digest; of a key */
    violet_counters_doubts_t   *doubts;      /* of the app, or NULL */
    ngx_log_t                  *log;         /* of the request */
    ngx_msec_t                  time;        /* ms that an outcome is kept */
    ngx_msec_t                  timeout;     /* ms, of Violet's answer */
    unsigned                    again:1;     /* X-Violet-Submit: again */
    unsigned                    question:1;  /* what became of it? */
    unsigned                    refuse:1;    /* without_redis=refuse */
} ngx_violet_record_conf_t;


/*
 * Makes the worker's object, in the configuration's pool.  NULL: no memory.
 * "apps" is the array of all apps, which lives as long.
 */

ngx_violet_records_t *ngx_violet_records_create(ngx_pool_t *pool,
    ngx_violet_redis_t *redis, ngx_shm_zone_t *zone, ngx_array_t *apps);

/* Starts the timer by which a worker tells Redis of records that it lacks. */

void ngx_violet_records_start(ngx_violet_records_t *records);


/*
 * Makes a handle.  When the pool is destroyed, a claim that is not settled yet
 * is settled: as unknown if ngx_violet_record_sent() was called, else it is
 * taken back.  NULL if memory runs out.
 */

ngx_violet_record_t *ngx_violet_record_create(ngx_pool_t *pool,
    ngx_violet_record_conf_t *conf);


/*
 * Asks whether the submit may be sent; the second function goes on after the
 * order was read.  NGX_OK: the step is there, and "wait" is still the
 * caller's.  NGX_AGAIN: ngx_violet_wait_end() will be called on "wait" when
 * the step is there.
 */

ngx_int_t ngx_violet_record_ask(ngx_violet_record_t *record,
    ngx_violet_wait_t *wait);
ngx_int_t ngx_violet_record_shown(ngx_violet_record_t *record,
    violet_cart_shown_t *shown, ngx_violet_wait_t *wait);

/*
 * Frees the submit, after ngx_violet_record_ask() with conf->question.  Returns
 * as that does; violet_cart_guard_is_free() says whether it is free.
 */

ngx_int_t ngx_violet_record_free(ngx_violet_record_t *record,
    ngx_violet_wait_t *wait);

violet_cart_step_t ngx_violet_record_step(ngx_violet_record_t *record);


/* The guard, with the record that was decided on and the decision. */

violet_cart_guard_t *ngx_violet_record_guard(ngx_violet_record_t *record);


/* The status of Redis for the log and for $violet_redis. */

ngx_violet_redis_status_e ngx_violet_record_redis(
    ngx_violet_record_t *record);


/* A name of the record for keys of other values, in the handle. */

ngx_str_t ngx_violet_record_name_of(ngx_violet_record_t *record);


/*
 * The submit is about to be sent: Violet may act on it.  Until the record is
 * settled, the worker says every 10 s that the submit is in flight.
 */

void ngx_violet_record_sent(ngx_violet_record_t *record);


/* Takes the claim of a submit back that was not sent. */

void ngx_violet_record_unsent(ngx_violet_record_t *record);


/*
 * Writes the end of a submit to shared memory at once, and tells Redis.  The
 * token and the body of "end" are set here.  True if the submit has failed but
 * an earlier one is still in doubt.
 */

ngx_uint_t ngx_violet_record_settle(ngx_violet_record_t *record,
    violet_cart_end_t *end);


/*
 * The prefix of the names of all records of an app; names->data has room for
 * NGX_VIOLET_KEYS_NAME bytes.
 */

void ngx_violet_record_names(ngx_violet_redis_t *redis,
    ngx_violet_keys_t *keys, ngx_str_t *names);


/*
 * The number of records in shared memory whose names have this prefix and that
 * are not free; the number of all that are in doubt or in flight.
 */

ngx_uint_t ngx_violet_record_count(ngx_shm_zone_t *zone, ngx_str_t *names);
ngx_uint_t ngx_violet_record_count_doubts(ngx_shm_zone_t *zone);


#endif /* NGX_VIOLET_CART_RECORD_H */

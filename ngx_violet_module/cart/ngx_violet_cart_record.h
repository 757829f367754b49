
/*
 * The records of the submit guard: one for each app and cart, or for each
 * Idempotency-Key, in Redis for all hosts and in shared memory for this host.
 * A submit claims the record before it is sent, and settles it when it has
 * ended.
 */

#ifndef NGX_VIOLET_CART_RECORD_H
#define NGX_VIOLET_CART_RECORD_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_keys.h"
#include "ngx_violet_redis.h"
#include "ngx_violet_wait.h"

#include "violet_cart_claim.h"


/* ms: the time of "violet_submit_guard on" */

#define NGX_VIOLET_RECORD_TIME  (10 * 60 * 1000)


typedef struct ngx_violet_record_s  ngx_violet_record_t;


/* the cart of a record; ngx_violet_record_create() copies all of it */

typedef struct {
    ngx_violet_redis_t         *redis;       /* NULL: none */
    ngx_shm_zone_t             *zone;
    ngx_violet_keys_t           keys;
    int64_t                     cart_id;     /* 0: named by the key alone */
    ngx_str_t                   key;         /* Idempotency-Key, or empty */
    ngx_str_t                   body;        /* the digest of the body */
    ngx_log_t                  *log;         /* of the request */
    ngx_msec_t                  time;        /* ms that an outcome is kept */
    unsigned                    override_unknown:1;  /* X-Violet-Submit:
                                                        again */
} ngx_violet_record_conf_t;


/* the result of the last claim or look */

typedef struct {
    violet_record_verdict_t     verdict;     /* of a claim */
    violet_record_state_t       state;       /* of the record */
    ngx_uint_t                  status;      /* HTTP status of the submit that
                                                ended */
    ngx_violet_redis_status_e   redis;
    unsigned                    full:1;      /* no memory for the record */
} ngx_violet_record_result_t;


/*
 * Makes a handle of a record.  When the pool is destroyed, a claim that is not
 * settled yet is settled: as unknown if ngx_violet_record_sent() was called,
 * else as open.  NULL if memory runs out.
 */

ngx_violet_record_t *ngx_violet_record_create(ngx_pool_t *pool,
    ngx_violet_record_conf_t *conf);


/*
 * Claims the record for a submit, or reads its state.  Returns NGX_OK if the
 * result is there; "wait" is then still the caller's.  Returns NGX_AGAIN if
 * ngx_violet_wait_end() will be called on "wait" when the result is there.
 * Without Redis "wait" may be NULL.
 */

ngx_int_t ngx_violet_record_claim(ngx_violet_record_t *submit,
    ngx_violet_wait_t *wait);
ngx_int_t ngx_violet_record_look(ngx_violet_record_t *submit,
    ngx_violet_wait_t *wait);

ngx_violet_record_result_t *ngx_violet_record_result(
    ngx_violet_record_t *submit);


/*
 * The submit is about to be sent: Violet may act on it.  Until the record is
 * settled, the worker keeps it in flight by renewing its deadline.
 */

void ngx_violet_record_sent(ngx_violet_record_t *submit);


/* Takes the claim of a submit back that was not sent. */

void ngx_violet_record_unsent(ngx_violet_record_t *submit);


/*
 * Writes the result of a submit to shared memory at once, and sends it to
 * Redis.  "status" is the HTTP status that the caller gets.
 */

void ngx_violet_record_settle(ngx_violet_record_t *submit,
    violet_record_state_t state, ngx_uint_t status);


/*
 * Opens the unknown record that ngx_violet_record_look() has read, if it was
 * not claimed since.
 */

void ngx_violet_record_reopen(ngx_violet_record_t *submit);


/*
 * The prefix of the names of all records of an app; names->data has room for
 * NGX_VIOLET_KEYS_NAME bytes.
 */

void ngx_violet_record_names(ngx_violet_redis_t *redis,
    ngx_violet_keys_t *keys, ngx_str_t *names);


/*
 * The number of records in shared memory whose names have this prefix and
 * whose state is neither none nor open.
 */

ngx_uint_t ngx_violet_record_count(ngx_shm_zone_t *zone, ngx_str_t *names);


#endif /* NGX_VIOLET_CART_RECORD_H */

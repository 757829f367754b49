
/*
 * The guard against ordering twice: one record for each app and cart, or for
 * each Idempotency-Key, kept in Redis for all gateways and in shared memory
 * for this host.  A submit is claimed before it is sent and settled by the
 * token of its claim.
 */

#ifndef NGX_VIOLET_CART_RECORD_H
#define NGX_VIOLET_CART_RECORD_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_keys.h"
#include "ngx_violet_redis.h"
#include "ngx_violet_wait.h"

#include "violet_cart_record.h"


/* what "violet_submit_guard on" is, in milliseconds */

#define NGX_VIOLET_RECORD_TIME  (10 * 60 * 1000)


typedef struct ngx_violet_record_s  ngx_violet_record_t;


/* whose record; all of it is copied */

typedef struct {
    ngx_violet_redis_t         *redis;       /* NULL: none */
    ngx_shm_zone_t             *zone;
    ngx_violet_keys_t           keys;
    int64_t                     cart_id;     /* 0: by the key alone */
    ngx_str_t                   key;         /* Idempotency-Key, or empty */
    ngx_str_t                   body;        /* what the key is good for */
    ngx_log_t                  *log;         /* of the request */
    ngx_msec_t                  time;        /* an outcome is kept so long */
    unsigned                    override_unknown:1;  /* X-Violet-Submit:
                                                        again */
} ngx_violet_record_conf_t;


/* what became of the last claim or look */

typedef struct {
    violet_record_verdict_t     verdict;     /* of a claim */
    violet_record_state_t       state;       /* of the record */
    ngx_uint_t                  status;      /* of one that ended */
    ngx_violet_redis_status_e   redis;
    unsigned                    full:1;      /* nothing could be recorded */
} ngx_violet_record_result_t;


/*
 * A handle of a record, held by the pool.  When the pool goes, a claim that
 * is not settled is: as unknown if ngx_violet_record_sent() was called, as
 * open if not.  NULL if memory runs out.
 */

ngx_violet_record_t *ngx_violet_record_create(ngx_pool_t *pool,
    ngx_violet_record_conf_t *conf);


/*
 * Claims the record for a submit, or looks what it says.  Returns NGX_OK if
 * the result is there, or NGX_AGAIN if ngx_violet_wait_end() will be called
 * on "wait" when it is; a wait that was not needed stays the caller's.
 * Without Redis "wait" may be NULL.
 */

ngx_int_t ngx_violet_record_claim(ngx_violet_record_t *submit,
    ngx_violet_wait_t *wait);
ngx_int_t ngx_violet_record_look(ngx_violet_record_t *submit,
    ngx_violet_wait_t *wait);

ngx_violet_record_result_t *ngx_violet_record_result(
    ngx_violet_record_t *submit);


/*
 * From here on the submit may have been acted on; until it is settled, all
 * are told that it is in flight.
 */

void ngx_violet_record_sent(ngx_violet_record_t *submit);


/* The claimed submit is not sent after all: it is as if nobody had asked. */

void ngx_violet_record_unsent(ngx_violet_record_t *submit);


/*
 * Settles a claim: here at once, in Redis soon.  "status" is what the caller
 * is told.
 */

void ngx_violet_record_settle(ngx_violet_record_t *submit,
    violet_record_state_t state, ngx_uint_t status);


/* Frees the unknown record that was looked at, if it is still the same. */

void ngx_violet_record_reopen(ngx_violet_record_t *submit);


/*
 * What the names of all records of an app begin with; "names" has room for
 * NGX_VIOLET_KEYS_NAME bytes.
 */

void ngx_violet_record_names(ngx_violet_redis_t *redis,
    ngx_violet_keys_t *keys, ngx_str_t *names);


/*
 * How many records there are in shared memory whose names begin so and that
 * keep a submit from being sent.
 */

ngx_uint_t ngx_violet_record_count(ngx_shm_zone_t *zone, ngx_str_t *names);


#endif /* NGX_VIOLET_CART_RECORD_H */

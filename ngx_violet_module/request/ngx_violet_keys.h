
/*
 * The keys of all values in Redis and in the shared memory zone, and the
 * numbers of the forms of these values.
 *
 * Each key names an environment and an app: <env> is the Violet that the app
 * talks to (ngx_violet_conf_env.c), <app_id> is Violet's number of the app.
 * The name of an app is in no key.
 *
 *     health:<env>:<app_id>:<merchant_id>            a report
 *     health-list:<env>:<app_id>:<exclude_public>    the list of an app
 *     health-held:...  health-list-held:...          a held result
 *     flight:...:read  flight-list:...:refresh       the lease of a flight
 *     limit:<env>:<app_id>[:<merchant_id>]           a budget
 *     event:<env>:<app_id>:<merchant_id>             the mark of an event; with
 *                                                    0 that of the lists
 *     purged:<env>:<app_id>                          when all reports of an app
 *                                                    were dropped
 *     submit:<env>:<app_id>:<cart_id>                a submit of a cart
 *     submit:<env>:<app_id>:key:<digest>             a POST orders with an
 *                                                    Idempotency-Key
 *     ready:<digest>                                 a Redis has answered
 *
 * In Redis each key begins with the prefix of violet_redis.
 */

#ifndef NGX_VIOLET_KEYS_H
#define NGX_VIOLET_KEYS_H


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The number of a value's form: its first word, or the field "v" of a hash.
 * A value with another number is a miss; a submit with another number counts
 * as unknown.
 */

#define NGX_VIOLET_FORM_REPORT  1
#define NGX_VIOLET_FORM_FLIGHT  1
#define NGX_VIOLET_FORM_RESULT  4    /* that is held */
#define NGX_VIOLET_FORM_LIMIT   1
#define NGX_VIOLET_FORM_SUBMIT  2
#define NGX_VIOLET_FORM_EVENT   1
#define NGX_VIOLET_FORM_PURGED  1


/* the most bytes of <env>, of a key, and of a key with its prefix */

#define NGX_VIOLET_KEYS_ENV     128
#define NGX_VIOLET_KEYS_LEN     256
#define NGX_VIOLET_KEYS_NAME    512


/*
 * The beginnings of the keys of which Redis sends notices: reports, lists and
 * held results; purges of all reports of an app.  Every notice costs Redis time
 * for each host, so the keys of flights, which change three times for each
 * miss, begin with another word.
 */

#define NGX_VIOLET_KEYS_HEALTH  "health"
#define NGX_VIOLET_KEYS_PURGED  "purged:"


/* The beginning of the keys of records of submits. */

#define NGX_VIOLET_KEYS_SUBMIT  "submit:"


/* the environment and the app of a key */

typedef struct {
    ngx_str_t    env;
    ngx_int_t    app_id;
} ngx_violet_keys_t;


typedef struct {
    ngx_str_t    name;
    u_char       data[NGX_VIOLET_KEYS_LEN];
} ngx_violet_key_t;


/*
 * Write the key of a report, and of a list, into the pool.  NGX_ERROR if
 * memory runs out.
 */

ngx_int_t ngx_violet_keys_report(ngx_violet_keys_t *keys, ngx_pool_t *pool,
    int32_t merchant_id, ngx_str_t *key);
ngx_int_t ngx_violet_keys_list(ngx_violet_keys_t *keys, ngx_pool_t *pool,
    ngx_uint_t exclude_public, ngx_str_t *key);


/*
 * The last word of a report's or list's key: the merchant's id, or "true" or
 * "false" (exclude_public).
 */

void ngx_violet_keys_of(ngx_str_t *report, ngx_str_t *of);


/*
 * The key, in memory alone, that says that the Redis of this digest has
 * answered this host.
 */

void ngx_violet_keys_ready(ngx_violet_key_t *key, uint32_t place);


/*
 * The keys that belong to the key of a report or list: of its flight (the word
 * is "read" or "refresh"; in shared memory a token, or NULL), of its held
 * result, of the time of its last refresh, and of the mark of an event.
 */

void ngx_violet_keys_flight(ngx_violet_key_t *key, ngx_str_t *report,
    ngx_str_t *word);
void ngx_violet_keys_held(ngx_violet_key_t *key, ngx_str_t *report);
void ngx_violet_keys_refreshed(ngx_violet_key_t *key, ngx_str_t *report);
void ngx_violet_keys_event(ngx_violet_key_t *key, ngx_str_t *report);


/* The key of the instant at which all reports of an app were dropped. */

void ngx_violet_keys_purged(ngx_violet_keys_t *keys, ngx_violet_key_t *key);


/* The key of a budget; with merchant_id 0 of the app's budget. */

void ngx_violet_keys_limit(ngx_violet_keys_t *keys, int32_t merchant_id,
    ngx_violet_key_t *key);


/*
 * The key of a submit by cart, or, if cart_id is 0, by the digest of an
 * Idempotency-Key (in hexadecimal); and the beginning of all of an app's.
 */

void ngx_violet_keys_submit(ngx_violet_keys_t *keys, int64_t cart_id,
    ngx_str_t *digest, ngx_violet_key_t *key);
void ngx_violet_keys_submits(ngx_violet_keys_t *keys, ngx_violet_key_t *key);


#endif /* NGX_VIOLET_KEYS_H */


/*
 * The names of all that the gateway keeps, in Redis and in the shared memory
 * zone, and the numbers of the forms that the values have there.
 *
 * Whatever is kept is an environment's and an app's: <env> says which Violet
 * the app talks to (ngx_violet_conf_env.c), <app_id> is Violet's own number
 * of the app.  The name of an app is in no key.
 *
 *     health:<env>:<app_id>:<merchant_id>            a report
 *     health-list:<env>:<app_id>:<exclude_public>    the list of an app
 *     health-held:...  health-list-held:...          what is not asked again
 *     flight:...:read  flight-list:...:refresh       who asks Violet
 *     limit:<env>:<app_id>[:<merchant_id>]           a budget
 *     submit:<env>:<app_id>:<cart_id>                a submit of a cart
 *     submit:<env>:<app_id>:<cart_id>:key:<digest>   with an Idempotency-Key
 *     submit:<env>:<app_id>:key:<digest>             the same without a cart
 *
 * In Redis the prefix of violet_redis stands before them.
 */

#ifndef NGX_VIOLET_KEYS_H
#define NGX_VIOLET_KEYS_H


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * What a value begins with, or what its field "v" is.  A value of another
 * number is a miss; of a submit it is unknown what became of it.
 */

#define NGX_VIOLET_FORM_REPORT  1
#define NGX_VIOLET_FORM_FLIGHT  1
#define NGX_VIOLET_FORM_RESULT  2    /* that is held */
#define NGX_VIOLET_FORM_LIMIT   1
#define NGX_VIOLET_FORM_SUBMIT  1


/* bytes of <env>, of a key and of a key with its prefix, at most */

#define NGX_VIOLET_KEYS_ENV     128
#define NGX_VIOLET_KEYS_LEN     256
#define NGX_VIOLET_KEYS_NAME    512


/* the two that all of what is tracked in Redis begins with */

#define NGX_VIOLET_KEYS_HEALTH  "health"
#define NGX_VIOLET_KEYS_FLIGHT  "flight"


/* whose */

typedef struct {
    ngx_str_t    env;
    ngx_int_t    app_id;
} ngx_violet_keys_t;


typedef struct {
    ngx_str_t    name;
    u_char       data[NGX_VIOLET_KEYS_LEN];
} ngx_violet_key_t;


/*
 * The key of a report, and of a list, in the pool.  NGX_ERROR if memory runs
 * out.
 */

ngx_int_t ngx_violet_keys_report(ngx_violet_keys_t *keys, ngx_pool_t *pool,
    int32_t merchant_id, ngx_str_t *key);
ngx_int_t ngx_violet_keys_list(ngx_violet_keys_t *keys, ngx_pool_t *pool,
    ngx_uint_t exclude_public, ngx_str_t *key);


/*
 * What the report or list of a key is of: its last word, a merchant's number,
 * or "true" or "false".
 */

void ngx_violet_keys_of(ngx_str_t *report, ngx_str_t *of);


/*
 * The keys that go with that of a report or list: of its flight ("read",
 * "refresh" or, in shared memory, a token or nothing follows), of what is
 * held, and of when it was last refreshed.
 */

void ngx_violet_keys_flight(ngx_violet_key_t *key, ngx_str_t *report,
    ngx_str_t *word);
void ngx_violet_keys_held(ngx_violet_key_t *key, ngx_str_t *report);
void ngx_violet_keys_refreshed(ngx_violet_key_t *key, ngx_str_t *report);


typedef enum {
    NGX_VIOLET_KEYS_IS_REPORT = 0,
    NGX_VIOLET_KEYS_IS_FLIGHT,
    NGX_VIOLET_KEYS_IS_HELD,
    NGX_VIOLET_KEYS_IS_OTHER
} ngx_violet_keys_kind_e;


/* The reverse: what a key is, and the report that it goes with. */

ngx_violet_keys_kind_e ngx_violet_keys_read(ngx_str_t *name,
    ngx_violet_key_t *report);


/* The key of a budget: the app's if the merchant is 0. */

void ngx_violet_keys_limit(ngx_violet_keys_t *keys, int32_t merchant_id,
    ngx_violet_key_t *key);


/*
 * The key of a submit by cart, by the digest of an Idempotency-Key (in
 * hexadecimal, or empty), or both; and what all of an app begin with.
 */

void ngx_violet_keys_submit(ngx_violet_keys_t *keys, int64_t cart_id,
    ngx_str_t *digest, ngx_violet_key_t *key);
void ngx_violet_keys_submits(ngx_violet_keys_t *keys, ngx_violet_key_t *key);


#endif /* NGX_VIOLET_KEYS_H */

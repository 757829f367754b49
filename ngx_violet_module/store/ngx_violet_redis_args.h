
/*
 * The keys and arguments of a script or of a plain command, built on the
 * stack.  The names of keys with their prefix, and numbers as text, live in
 * this structure until the command has been sent.
 */

#ifndef NGX_VIOLET_REDIS_ARGS_H
#define NGX_VIOLET_REDIS_ARGS_H


#include "ngx_violet_redis.h"


#define NGX_VIOLET_REDIS_MAX_ARGS     24
#define NGX_VIOLET_REDIS_MAX_KEYS     16
#define NGX_VIOLET_REDIS_MAX_KEY      512
#define NGX_VIOLET_REDIS_MAX_NUMBERS  8


typedef struct {
    ngx_violet_redis_t         *redis;
    ngx_str_t                   args[NGX_VIOLET_REDIS_MAX_ARGS];
    ngx_uint_t                  nargs;      /* keys included */
    ngx_uint_t                  nkeys;
    ngx_uint_t                  nnumbers;
    unsigned                    failed:1;   /* too long or too many */
    u_char                      keys[NGX_VIOLET_REDIS_MAX_KEYS]
                                    [NGX_VIOLET_REDIS_MAX_KEY];
    u_char                      numbers[NGX_VIOLET_REDIS_MAX_NUMBERS]
                                       [NGX_INT64_LEN];
} ngx_violet_redis_args_t;


void ngx_violet_redis_args_init(ngx_violet_redis_args_t *args,
    ngx_violet_redis_t *redis);


/*
 * Adds a key, with the prefix of the configuration before it.  Keys come
 * before all arguments.
 */

void ngx_violet_redis_args_key(ngx_violet_redis_args_t *args,
    ngx_str_t *key);


/* Add bytes or a literal, neither of which is copied, or a number. */

void ngx_violet_redis_args_add(ngx_violet_redis_args_t *args, u_char *data,
    size_t len);
void ngx_violet_redis_args_number(ngx_violet_redis_args_t *args,
    uint64_t number);
void ngx_violet_redis_args_text(ngx_violet_redis_args_t *args,
    const char *text);


/* As ngx_violet_redis_script(); DOWN if an argument did not fit. */

ngx_violet_redis_status_e ngx_violet_redis_args_run(
    ngx_violet_redis_args_t *args, ngx_violet_redis_script_t *script,
    ngx_msec_t timeout, ngx_violet_redis_handler_pt handler, void *data);


#endif /* NGX_VIOLET_REDIS_ARGS_H */

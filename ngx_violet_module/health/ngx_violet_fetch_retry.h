
/*
 * An attempt to ask Violet something, as far as credentials go: it waits for
 * them, and is made once more if they were refused and others can be had.
 * The structure belongs to whoever makes the attempt.
 */

#ifndef NGX_VIOLET_FETCH_RETRY_H
#define NGX_VIOLET_FETCH_RETRY_H


#include "ngx_violet_credentials.h"
#include "ngx_violet_exchange.h"


typedef struct {
    ngx_violet_app_t                    *app;

    /* called once after each wait, later */
    ngx_violet_credentials_handler_pt    handler;
    void                                *data;

    /* its own */
    unsigned                             waited:1;
    unsigned                             repeated:1;
} ngx_violet_retry_t;


/*
 * Before an exchange.  NGX_OK: start it; NGX_AGAIN: call this again when the
 * handler was called; NGX_DECLINED: there are no credentials, and that is
 * the outcome of the exchange.
 */

ngx_int_t ngx_violet_retry_start(ngx_violet_retry_t *retry,
    ngx_violet_exchange_t *exchange);


/*
 * After an exchange without a client.  True if it was refused and the
 * handler will be called: ask then whether there is anything to repeat it
 * with.
 */

ngx_uint_t ngx_violet_retry_refused(ngx_violet_retry_t *retry,
    ngx_violet_exchange_t *exchange);


/*
 * True if the exchange is to be started again: its carrier is destroyed, it
 * is empty, and its upstream states are appended to others, in the pool.
 */

ngx_uint_t ngx_violet_retry_again(ngx_violet_retry_t *retry,
    ngx_violet_exchange_t *exchange, ngx_pool_t *pool, ngx_array_t **states);


#endif /* NGX_VIOLET_FETCH_RETRY_H */

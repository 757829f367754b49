
/*
 * The credentials of an exchange without a caller's request: it waits for
 * credentials, and is repeated once if Violet refused them and others are
 * available.  The structure is part of the caller's.
 */

#ifndef NGX_VIOLET_FETCH_RETRY_H
#define NGX_VIOLET_FETCH_RETRY_H


#include "ngx_violet_credentials.h"
#include "ngx_violet_exchange.h"


typedef struct {
    ngx_violet_app_t                    *app;

    /* called once after each wait, from an event */
    ngx_violet_credentials_handler_pt    handler;
    void                                *data;

    /* set by the functions below */
    unsigned                             waited:1;
    unsigned                             repeated:1;
} ngx_violet_retry_t;


/*
 * Call this before an exchange.  NGX_OK: start the exchange; NGX_AGAIN: call
 * this function again from the handler; NGX_DECLINED: there are no
 * credentials, and the exchange has the result REFUSED.
 */

ngx_int_t ngx_violet_retry_start(ngx_violet_retry_t *retry,
    ngx_violet_exchange_t *exchange);


/*
 * Call this after an exchange.  True if Violet refused the credentials and
 * the handler will be called, which then calls ngx_violet_retry_again().
 */

ngx_uint_t ngx_violet_retry_refused(ngx_violet_retry_t *retry,
    ngx_violet_exchange_t *exchange);


/*
 * True if there are other credentials to repeat the exchange with: the
 * carrier is destroyed, the exchange is zeroed, and its upstream states are
 * appended to *states, in the pool.
 */

ngx_uint_t ngx_violet_retry_again(ngx_violet_retry_t *retry,
    ngx_violet_exchange_t *exchange, ngx_pool_t *pool, ngx_array_t **states);


#endif /* NGX_VIOLET_FETCH_RETRY_H */

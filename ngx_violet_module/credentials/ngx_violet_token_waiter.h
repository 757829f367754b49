
/*
 * Waits for an access token, in one worker.  A waiter is in the queue of an
 * app's token and lives on the heap.
 */

#ifndef NGX_VIOLET_TOKEN_WAITER_H
#define NGX_VIOLET_TOKEN_WAITER_H


#include "ngx_violet_credentials.h"


/*
 * Adds a waiter for a token of another generation than this one (0: any
 * token will do).  The handler is called once, by
 * ngx_violet_token_waiter_wake().  NGX_OK, or NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_token_waiter_add(ngx_queue_t *waiters,
    ngx_uint_t generation, ngx_violet_credentials_handler_pt handler,
    void *data);


/*
 * Ends the waits that are over.  "generation" is that of the token that can
 * be used, 0 if there is none: it ends the waits for another one.  "pause" is
 * the time in ms until the next renewal may begin, 0 if one may begin now or
 * is under way.  A pause ends the waits for a token in the place of a refused
 * one, and those that would time out before its end.
 */

void ngx_violet_token_waiter_wake(ngx_queue_t *waiters, ngx_uint_t generation,
    ngx_msec_t pause);


#endif /* NGX_VIOLET_TOKEN_WAITER_H */

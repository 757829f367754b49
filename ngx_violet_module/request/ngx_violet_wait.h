
/*
 * The wait of a request for Redis, for a flight or for a token.  A wait lives
 * on the heap and has two holders: the request, which may end at any moment,
 * and the service, which ends the wait exactly once.
 */

#ifndef NGX_VIOLET_WAIT_H
#define NGX_VIOLET_WAIT_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct ngx_violet_wait_s  ngx_violet_wait_t;


/*
 * Parks a request from within its phase handler, which then returns
 * NGX_AGAIN.  If the client closes the connection meanwhile, nginx ends the
 * request.
 *
 * Returns NULL if memory runs out or the connection cannot be watched.
 */

ngx_violet_wait_t *ngx_violet_wait_start(ngx_http_request_t *r);


/* The parked request, or NULL if the request has ended. */

ngx_http_request_t *ngx_violet_wait_request(ngx_violet_wait_t *wait);


/*
 * Ends the wait: a posted event runs the request's phases again.  The wait
 * must not be used afterwards.
 */

void ngx_violet_wait_end(ngx_violet_wait_t *wait);


/* Ends a wait that turned out not to be needed; the request goes on. */

void ngx_violet_wait_cancel(ngx_violet_wait_t *wait);


#endif /* NGX_VIOLET_WAIT_H */


/*
 * The last look at a request of a violet location, while proxy_pass builds
 * it: may it carry secrets, and is it the request that was matched.
 */

#ifndef NGX_VIOLET_GUARD_H
#define NGX_VIOLET_GUARD_H


#include "ngx_violet_exchange.h"


/*
 * Called while proxy_pass builds any request of a violet location: makes an
 * exchange's upstream configuration safe, and says whether the request may
 * carry credentials.  A refusal is final: the request fails before it
 * connects.
 */

ngx_violet_refusal_e ngx_violet_guard(ngx_http_request_t *r,
    ngx_violet_exchange_t *exchange, ngx_uint_t unverified);


/*
 * Makes a request that proxy_pass is building fail before it connects, and
 * says why in the log.  Returns what it was given.
 */

ngx_violet_refusal_e ngx_violet_guard_refuse(ngx_http_request_t *r,
    ngx_violet_refusal_e refused);


#endif /* NGX_VIOLET_GUARD_H */

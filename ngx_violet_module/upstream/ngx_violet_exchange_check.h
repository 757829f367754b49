
/*
 * The last check of a request of a violet location, after proxy_pass has
 * built it and before nginx connects: whether the request may carry secrets,
 * and whether it is the one that the PRECONTENT handler approved.
 */

#ifndef NGX_VIOLET_EXCHANGE_CHECK_H
#define NGX_VIOLET_EXCHANGE_CHECK_H


#include "ngx_violet.h"


/*
 * Checks whether the request that proxy_pass is building may carry
 * credentials.  Call it for each value of a credential that proxy_pass asks
 * for; "header" is the number of the credential.  The first call adapts the
 * upstream configuration of an exchange and replaces peer.init, so that the
 * request is checked again when it is built.  After a refusal the request
 * fails before nginx connects.
 */

ngx_violet_refusal_e ngx_violet_check(ngx_http_request_t *r,
    ngx_uint_t header);


#endif /* NGX_VIOLET_EXCHANGE_CHECK_H */

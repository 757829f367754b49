
/*
 * The refusal of a request that proxy_pass is building: it fails before nginx
 * connects, and its caller gets a problem document.
 */

#ifndef NGX_VIOLET_EXCHANGE_REFUSAL_H
#define NGX_VIOLET_EXCHANGE_REFUSAL_H


#include "ngx_violet.h"


/*
 * Makes a request that proxy_pass is building fail before nginx connects, and
 * logs the reason.  Returns "refused".
 */

ngx_violet_refusal_e ngx_violet_refuse(ngx_http_request_t *r,
    ngx_violet_refusal_e refused);


/*
 * Stores the reason of a refusal for the answer to the caller, and logs it.
 * "peer" may be NULL.
 */

void ngx_violet_set_refused(ngx_http_request_t *r,
    ngx_violet_refusal_e refused, ngx_str_t *peer);


#endif /* NGX_VIOLET_EXCHANGE_REFUSAL_H */


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


/*
 * The X-Request-Id that Violet got with a request, as proxy_pass built it: it
 * may come from a proxy_set_header line.  "r" is the caller's request, or the
 * clone of an exchange.  *id lies in its pool; it is empty if nothing was sent
 * or no id was sent.
 */

void ngx_violet_check_sent_id(ngx_http_request_t *r, ngx_str_t *id);


/*
 * True if the upstream of a request, which is not NULL, is the one that was
 * checked for this context, and not that of an error page.
 */

ngx_uint_t ngx_violet_check_is_of(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


#endif /* NGX_VIOLET_EXCHANGE_CHECK_H */


/*
 * The trace and the request id of a caller, for a request to Violet that does
 * not carry the caller's other headers.
 */

#ifndef NGX_VIOLET_TRACE_H
#define NGX_VIOLET_TRACE_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* an empty text: the header is not sent */

typedef struct {
    ngx_str_t    parent;        /* traceparent */
    ngx_str_t    state;         /* tracestate */
    ngx_str_t    id;            /* X-Request-Id */
    ngx_str_t    own_id;        /* $request_id of the caller's request */
} ngx_violet_trace_t;


/*
 * Copies the trace of a request into the pool.  A header that is given twice
 * or is not of its form counts as missing; without an X-Request-Id the id is
 * $request_id.  A text for which there is no memory is empty.
 */

void ngx_violet_trace_copy(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_violet_trace_t *trace);


/* Makes the id the $request_id of a request that no caller has sent. */

void ngx_violet_trace_set_id(ngx_http_request_t *r, ngx_str_t *id);


#endif /* NGX_VIOLET_TRACE_H */

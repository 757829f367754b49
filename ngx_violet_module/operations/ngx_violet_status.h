
/*
 * Shared by the files of violet_status: ngx_violet_status.c (the directive,
 * the choice of a format), ngx_violet_status_send.c (a text in pieces) and
 * ngx_violet_status_source.c (the numbers that are no counters).
 */

#ifndef NGX_VIOLET_STATUS_H
#define NGX_VIOLET_STATUS_H


#include "ngx_violet.h"

#include "violet_metrics.h"


typedef enum {
    NGX_VIOLET_STATUS_PROMETHEUS = 0,
    NGX_VIOLET_STATUS_JSON,
    NGX_VIOLET_STATUS_HTML,
    NGX_VIOLET_STATUS_ANY           /* the request chooses */
} ngx_violet_status_format_e;


/*
 * Fills in the source: it points into the configuration and into the request's
 * pool.  Nobody is asked, and no lock is held while something is counted.
 * NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_status_source(ngx_http_request_t *r,
    violet_metrics_source_t *source);


/*
 * Makes the request's content a text of metrics, which is sent in pieces.
 * Returns as a step does.
 */

ngx_int_t ngx_violet_status_send(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_status_format_e format);


#endif /* NGX_VIOLET_STATUS_H */

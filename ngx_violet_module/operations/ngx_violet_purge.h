
/*
 * The private header of violet_purge: ngx_violet_purge.c has the directive and
 * the checks of a request, ngx_violet_purge_report.c drops reports,
 * ngx_violet_lookup.c looks them up, ngx_violet_purge_submit.c does both for
 * records of submits.  The context lives in the request's pool.
 */

#ifndef NGX_VIOLET_PURGE_H
#define NGX_VIOLET_PURGE_H


#include "ngx_violet_cart_record.h"
#include "ngx_violet_drop.h"
#include "ngx_violet_health_limit.h"

#include "violet_json_writer.h"
#include "violet_purge_query.h"


/* bytes of an Idempotency-Key in an answer */
#define NGX_VIOLET_PURGE_SHOWN  256


typedef struct {
    ngx_str_t                   token;      /* empty: this machine only */
} ngx_violet_purge_conf_t;


typedef struct {
    ngx_violet_drop_t           drop;       /* "redis" also of a look-up */
    violet_purge_query_t        query;
    ngx_violet_report_t         report;     /* looked up; its body is not
                                               kept */
    u_char                      etag[NGX_VIOLET_ETAG_LEN];
    ngx_uint_t                  found;
    ngx_violet_limit_result_t   limit;      /* looked up */
    ngx_violet_record_t        *record;     /* of a submit */
    violet_cart_record_t        was;        /* before it was freed */
} ngx_violet_purge_ctx_t;


/* Steps: drop what the query names, or show it. */

ngx_int_t ngx_violet_purge_report(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
ngx_int_t ngx_violet_lookup_report(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


ngx_int_t ngx_violet_purge_submit(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * A writer of an answer, and the answer, which has Retry-After if it is a 503;
 * it returns as a step does.
 */

ngx_int_t ngx_violet_purge_writer(ngx_http_request_t *r,
    violet_json_writer_t *w);
ngx_int_t ngx_violet_purge_send(ngx_http_request_t *r, ngx_uint_t status,
    violet_json_writer_t *w);


#endif /* NGX_VIOLET_PURGE_H */


/*
 * What the parts of the connection-health flow share: its steps
 * (ngx_violet_health.c), the keys it uses (ngx_violet_health_key.c) and its
 * answers (ngx_violet_health_answer.c).  For nobody else.
 */

#ifndef NGX_VIOLET_HEALTH_H
#define NGX_VIOLET_HEALTH_H


#include "ngx_violet.h"
#include "ngx_violet_fetch.h"
#include "ngx_violet_health_limit.h"
#include "ngx_violet_health_store.h"


/* the flow's part of a request's context */

typedef struct ngx_violet_health_ctx_s {
    ngx_str_t                     key;
    ngx_msec_t                    redis_left;   /* to wait for Redis */
    ngx_msec_t                    redis_asked;  /* when it was asked */
    ngx_violet_report_t           report;       /* from the store */
    ngx_violet_flight_t          *flight;       /* what it waits for */
    ngx_violet_flight_t          *left;         /* what it waited for in vain */
    ngx_violet_limit_result_t     limit;

    unsigned                      joined:1;     /* somebody else's flight */
    unsigned                      store_asked:1;  /* the store was asked */
} ngx_violet_health_ctx_t;


/*
 * The flows of connection health, entered by the handler: a report or the
 * list, and the POST of a report.  They return NGX_DECLINED to go on (to
 * proxy_pass, or to the answer they have set), NGX_AGAIN if the request
 * waits, or an HTTP status.
 */

ngx_int_t ngx_violet_health_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
ngx_int_t ngx_violet_report_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * Parts of the health flow that its report shares, ngx_violet_health_refresh.c.
 * In turn: a configuration that cannot be served gets its problem; the key
 * of a limit; what the limiter said is noted, with its headers; Retry-After,
 * and the 429 problem unless a cached report is sent with it.
 */

ngx_int_t ngx_violet_health_check_upstream(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
void ngx_violet_refresh_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_limit_key_t *key);
ngx_int_t ngx_violet_refresh_set_limit(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_limit_result_t *limit);
ngx_int_t ngx_violet_refresh_limited(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_uint_t cached);


/*
 * The key of the report that the request asks for, in its pool; and those of
 * what its refresh makes old: the two lists of the app.  NGX_ERROR if memory
 * runs out.
 */

ngx_int_t ngx_violet_health_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *key);
ngx_int_t ngx_violet_health_drops(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t keys[NGX_VIOLET_LEASE_DROPS]);


/* The key with all that the store must know of its location. */

void ngx_violet_health_store_key(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_report_place_t *key);


/*
 * Answers, for a step to return: a report that a flight brought; Violet's
 * own 4xx and a 200 that is no report, unchanged; a failure; and
 * ctx->health->report, with "detail" behind its Cache-Status.
 */

ngx_int_t ngx_violet_health_answer_new(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetch_result_t *fetched);
ngx_int_t ngx_violet_health_answer_other(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetch_result_t *fetched);
ngx_int_t ngx_violet_health_answer_failure(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetch_result_t *fetched);
ngx_int_t ngx_violet_health_answer_hit(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, char *detail);


#endif /* NGX_VIOLET_HEALTH_H */

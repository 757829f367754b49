
/*
 * The private header of the connection-health flow: its steps are in
 * ngx_violet_health.c, its keys in ngx_violet_health_key.c, its answers in
 * ngx_violet_health_answer.c, and the refresh limit as callers see it in
 * ngx_violet_health_refresh.c.
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
    ngx_msec_t                    redis_left;   /* ms to wait for Redis */
    ngx_msec_t                    redis_asked;  /* time of the last command */
    ngx_violet_report_t           report;       /* from the store */
    ngx_violet_flight_t          *flight;       /* that the request joined */
    ngx_violet_flight_t          *left;         /* that the request left when
                                                   its time was up */
    ngx_violet_limit_result_t     limit;

    unsigned                      joined:1;     /* another request's flight */
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
 * Functions that both flows use, in ngx_violet_health_refresh.c:
 *
 *     _check_upstream()  sets a problem if proxy_pass has variables
 *     _refresh_key()     fills in the key of the refresh limit
 *     _set_limit()       stores the limiter's decision, adds RateLimit fields
 *     _limited()         adds Retry-After, and sets the 429 problem unless a
 *                        cached report is sent
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
 * The key of the report that the request asks for, in the request's pool, and
 * the keys of the app's two lists, which a refresh makes old.  NGX_ERROR if
 * memory runs out.
 */

ngx_int_t ngx_violet_health_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *key);
ngx_int_t ngx_violet_health_drops(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t keys[NGX_VIOLET_LEASE_DROPS]);


/* Fills in the key, and the settings of the location that the store needs. */

void ngx_violet_health_store_key(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_report_place_t *key);


/*
 * Answers, for a step to return:
 *
 *     _new()      the report of a flight
 *     _other()    Violet's own 4xx, or a 200 that is no report, unchanged
 *     _failure()  the problem document of a failure
 *     _hit()      ctx->health->report, "detail" is appended to Cache-Status
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

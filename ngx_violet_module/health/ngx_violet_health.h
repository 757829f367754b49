
/*
 * What the parts of the connection-health flow share: its steps
 * (ngx_violet_health.c), the keys it uses (ngx_violet_health_key.c) and its
 * answers (ngx_violet_health_answer.c).  For nobody else.
 */

#ifndef NGX_VIOLET_HEALTH_H
#define NGX_VIOLET_HEALTH_H


#include "ngx_violet_module.h"
#include "ngx_violet_fetch.h"


/*
 * The key of the report that the request asks for, in its pool; and those of
 * what its refresh makes old: the lists of the app, and the same report with
 * or without an app_id argument.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_health_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *key);
ngx_int_t ngx_violet_health_drops(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t keys[NGX_VIOLET_CLAIM_DROPS]);


/* The key with all that the store must know of its location. */

void ngx_violet_health_store_key(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_store_key_t *key);


/*
 * Answers, for a step to return: a report that a flight brought; Violet's
 * own 4xx and a 200 that is no report, unchanged; a failure; and ctx->report,
 * with "detail" behind its Cache-Status.
 */

ngx_int_t ngx_violet_health_answer_new(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetched_t *fetched);
ngx_int_t ngx_violet_health_answer_other(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetched_t *fetched);
ngx_int_t ngx_violet_health_answer_failure(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetched_t *fetched);
ngx_int_t ngx_violet_health_answer_hit(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, char *detail);


#endif /* NGX_VIOLET_HEALTH_H */

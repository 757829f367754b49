
/*
 * The drop of reports for a request, by a purge or by an event of a webhook:
 * the request waits until Redis has answered.
 */

#ifndef NGX_VIOLET_DROP_H
#define NGX_VIOLET_DROP_H


#include "ngx_violet_operation.h"
#include "ngx_violet_health_purge.h"


/* The context of an operation that drops reports begins with it. */

typedef struct {
    ngx_violet_redis_status_e   redis;      /* NGX_VIOLET_REDIS_OFF without
                                               violet_redis */
    ngx_violet_purged_t         purged;
} ngx_violet_drop_t;


/*
 * Drops the report of a merchant, or with merchant_id 0 all reports of the app,
 * see ngx_violet_health_purge(), and goes on with "next", which reads the
 * result in ctx->operation.  Returns as a step does.
 */

ngx_int_t ngx_violet_drop(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    int32_t merchant_id, ngx_uint_t event, ngx_violet_step_pt next);


/* True if Redis did not answer: only this host's copies are dropped. */

ngx_uint_t ngx_violet_drop_is_away(ngx_violet_redis_status_e redis);


#endif /* NGX_VIOLET_DROP_H */

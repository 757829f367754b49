
/*
 * The result of a flight: read from its exchange, packed into a string for
 * followers in other processes, and unpacked there.
 */

#ifndef NGX_VIOLET_FETCH_RESULT_H
#define NGX_VIOLET_FETCH_RESULT_H


#include "ngx_violet.h"
#include "ngx_violet_exchange.h"
#include "ngx_violet_health_limit.h"
#include "ngx_violet_health_store.h"


typedef enum {
    NGX_VIOLET_FETCH_REPORT = 0,  /* a good report */
    NGX_VIOLET_FETCH_OTHER,       /* a complete answer that is no report */
    NGX_VIOLET_FETCH_FAILED,      /* Violet failed */
    NGX_VIOLET_FETCH_LIMITED,     /* the limiter refused */
    NGX_VIOLET_FETCH_REFUSED      /* a configuration problem */
} ngx_violet_fetch_result_e;


typedef struct {
    ngx_violet_fetch_result_e   kind;

    ngx_violet_report_t         report;
    ngx_uint_t                  stored;     /* 1: Redis or memory has it */
    unsigned                    found:1;    /* another flight stored
                                               the report meanwhile */
    unsigned                    followed:1;  /* another flight's result */
    ngx_uint_t                  held;       /* 1: an earlier result, used
                                               until "hold" ends */
    unsigned                    spared:1;   /* held only for callers with an
                                               old report */
    unsigned                    failed:1;   /* the gateway has no memory */
    unsigned                    gone:1;     /* Violet has no report of the
                                               merchant any more */

    /* of NGX_VIOLET_FETCH_OTHER, and of a 429 */
    ngx_uint_t                  status;
    ngx_str_t                   content_type;
    ngx_str_t                   content_encoding;
    ngx_str_t                   content;
    ngx_str_t                   retry_after;

    ngx_str_t                   request_id;  /* that Violet got, or empty */

    /* of a failure (status 502, 504 or 429): the detail of the problem */
    ngx_str_t                   detail;

    /* ms for which Violet is not asked again; 0: off */
    uint64_t                    hold;

    /* the reason if the gateway did not send the request */
    ngx_violet_refusal_e        refused;

    ngx_violet_limit_result_t   limit;
    ngx_violet_redis_status_e   redis;
    ngx_msec_t                  redis_left;  /* ms to wait for Redis */
    ngx_array_t                *states;      /* of the upstream */
} ngx_violet_fetch_result_t;


/*
 * Reads the result of an exchange and copies it to the pool.  merchant_id is
 * 0 for the list of all merchants.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_fetch_result_take(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_violet_exchange_t *exchange, int32_t merchant_id);


/* Sets the result of a gateway that had no memory to ask Violet. */

void ngx_violet_fetch_result_no_memory(ngx_violet_fetch_result_t *fetched);


/*
 * True if the failure is of this gateway alone (configuration, credentials,
 * memory): followers do not get it and ask Violet themselves.
 */

ngx_uint_t ngx_violet_fetch_result_is_private(
    ngx_violet_fetch_result_t *fetched);


/* Packs a result into a string in the pool.  NGX_ERROR if memory runs out. */

ngx_int_t ngx_violet_fetch_result_pack(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_str_t *packed);


/*
 * Unpacks a result; its strings are copied to the pool.  NGX_DECLINED if the
 * string is invalid or a body is longer than "limit" bytes; NGX_ERROR if
 * memory runs out.
 */

ngx_int_t ngx_violet_fetch_result_unpack(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_str_t *packed, size_t limit);


#endif /* NGX_VIOLET_FETCH_RESULT_H */

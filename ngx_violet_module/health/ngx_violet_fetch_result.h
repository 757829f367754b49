
/*
 * What came of a flight: read from the exchange that it made, told to those
 * who follow it in other processes, and read from what these were told.
 */

#ifndef NGX_VIOLET_FETCH_RESULT_H
#define NGX_VIOLET_FETCH_RESULT_H


#include "ngx_violet.h"
#include "ngx_violet_exchange.h"
#include "ngx_violet_health_limit.h"
#include "ngx_violet_health_store.h"


typedef enum {
    NGX_VIOLET_FETCH_REPORT = 0,  /* a good report */
    NGX_VIOLET_FETCH_OTHER,       /* a whole answer that is no report */
    NGX_VIOLET_FETCH_FAILED,      /* Violet failed */
    NGX_VIOLET_FETCH_LIMITED,     /* the limiter refused */
    NGX_VIOLET_FETCH_REFUSED      /* a configuration problem */
} ngx_violet_fetch_result_e;


typedef struct {
    ngx_violet_fetch_result_e   kind;

    ngx_violet_report_t         report;
    ngx_uint_t                  stored;     /* 1: Redis or memory has it */
    unsigned                    found:1;    /* in Redis, by the lease */
    unsigned                    followed:1;  /* somebody else's flight */
    ngx_uint_t                  held;       /* 1: an earlier result, that is
                                               used until "hold" ends */
    unsigned                    spared:1;   /* held for those alone who have
                                               an old report */
    unsigned                    failed:1;   /* for want of memory */
    unsigned                    gone:1;     /* Violet has no report of the
                                               merchant any more */

    /* of a whole answer that is no report, and of a failed 429 */
    ngx_uint_t                  status;
    ngx_str_t                   content_type;
    ngx_str_t                   content_encoding;
    ngx_str_t                   content;
    ngx_str_t                   retry_after;

    /* of a failure: what to tell, as a sentence; 502, 504 or 429 */
    ngx_str_t                   detail;

    /* how long Violet is not to be asked again, in milliseconds; 0: not */
    uint64_t                    hold;

    /* also of a failure, if it is ours */
    ngx_violet_refusal_e        refused;

    ngx_violet_limit_result_t   limit;
    ngx_violet_redis_status_e   redis;
    ngx_msec_t                  redis_left;  /* of the deadline */
    ngx_array_t                *states;
} ngx_violet_fetch_result_t;


/*
 * Reads the outcome of an exchange; all of it is copied to the pool.  A
 * merchant_id of 0 says that the list of all merchants was asked for.
 * NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_fetch_result_take(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_violet_exchange_t *exchange, int32_t merchant_id);


/* What is told when the gateway itself could not ask. */

void ngx_violet_fetch_result_no_memory(ngx_violet_fetch_result_t *fetched);


/*
 * True if the outcome is this gateway's own trouble: others find out by
 * themselves.
 */

ngx_uint_t ngx_violet_fetch_result_is_private(
    ngx_violet_fetch_result_t *fetched);


/*
 * Writes the outcome for other processes, into the pool.  NGX_ERROR if
 * memory runs out.
 */

ngx_int_t ngx_violet_fetch_result_pack(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_str_t *packed);


/*
 * The reverse; the strings are copied to the pool.  NGX_DECLINED if it was
 * not written by the above, or is longer than the limit; NGX_ERROR if memory
 * runs out.
 */

ngx_int_t ngx_violet_fetch_result_unpack(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_str_t *packed, size_t limit);


#endif /* NGX_VIOLET_FETCH_RESULT_H */

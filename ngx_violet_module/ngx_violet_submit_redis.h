
/*
 * What the two halves of the submit guard share: the decisions
 * (ngx_violet_submit.c) and their form in Redis (ngx_violet_submit_redis.c).
 * For nobody else.
 */

#ifndef NGX_VIOLET_SUBMIT_REDIS_H
#define NGX_VIOLET_SUBMIT_REDIS_H


#include "ngx_violet_submit.h"


#define NGX_VIOLET_SUBMIT_KEY_LEN  512
#define NGX_VIOLET_SUBMIT_HEX      (2 * VIOLET_SUBMIT_DIGEST)

/*
 * How long a submit may be in flight, in milliseconds; one that takes longer
 * reads as unknown, which refuses as well.
 */
#define NGX_VIOLET_SUBMIT_FLIGHT   (5 * 60 * 1000)


struct ngx_violet_submit_s {
    ngx_violet_redis_t           *redis;
    ngx_shm_zone_t               *zone;
    ngx_violet_wait_t            *wait;
    violet_submit_claim_t         claim;
    ngx_violet_submit_result_t    result;

    /* what memory said to a claim, and its token */
    violet_submit_record_t        known;

    ngx_uint_t                    refs;
    size_t                        name_len;

    unsigned                      gone:1;       /* the request */
    unsigned                      claimed:1;
    unsigned                      sent:1;
    unsigned                      settled:1;

    u_char                        name[NGX_VIOLET_SUBMIT_KEY_LEN];
};


/* what Redis says */

typedef struct {
    ngx_str_t                     verdict;
    ngx_str_t                     token;
    violet_submit_state_t         state;
    int64_t                       status;
    int64_t                       left;         /* of a flight, ms */
    int64_t                       ttl;
} ngx_violet_submit_reply_t;


/*
 * Runs an operation ("claim", "look", "settle", "free") for the handle, which
 * it then holds.  "known" is the record of a claim that memory refused, or
 * NULL; "state" and "status" are those of a settlement, or "1" for a claim
 * that overrides doubt.  Returns NGX_VIOLET_REDIS_OK if the handler will be
 * called, with the handle as its data.
 */

ngx_violet_redis_status_e ngx_violet_submit_run(ngx_violet_submit_t *submit,
    char *op, violet_submit_record_t *known, const char *state,
    ngx_uint_t status, ngx_violet_redis_handler_pt handler);


/*
 * Reads a reply; its texts point into it.  NGX_ERROR if it is none of the
 * script's.
 */

ngx_int_t ngx_violet_submit_read(redisReply *reply,
    ngx_violet_submit_reply_t *result);


/* Is this the verdict of a reply? */

#define ngx_violet_submit_is(reply, word)                                     \
    ((reply)->verdict.len == sizeof(word) - 1                                 \
     && ngx_strncmp((reply)->verdict.data, word, sizeof(word) - 1) == 0)


/* A token from its hexadecimal form, or NGX_ERROR. */

ngx_int_t ngx_violet_submit_unhex(u_char *raw, ngx_str_t *hex);


#endif /* NGX_VIOLET_SUBMIT_REDIS_H */


/*
 * Shared by the files of a record alone: ngx_violet_cart_record.c (which of
 * shared memory and Redis decides), ngx_violet_cart_record_memory.c,
 * ngx_violet_cart_record_redis.c and ngx_violet_cart_record_name.c.
 */

#ifndef NGX_VIOLET_CART_RECORD_PRIV_H
#define NGX_VIOLET_CART_RECORD_PRIV_H


#include "ngx_violet_cart_record.h"


#define NGX_VIOLET_RECORD_HEX  (2 * VIOLET_RECORD_DIGEST)

/*
 * ms, at most, until a flight that is not renewed reads as unknown.  The
 * worker of the submit renews the deadline after half of this time.
 */
#define NGX_VIOLET_RECORD_FLIGHT  (5 * 60 * 1000)


struct ngx_violet_record_s {
    ngx_violet_redis_t           *redis;
    ngx_shm_zone_t               *zone;
    ngx_violet_wait_t            *wait;
    ngx_log_t                    *log;          /* the request's; invalid if
                                                   "gone" */
    violet_record_claim_t         claim;
    ngx_violet_record_result_t    result;
    ngx_event_t                   renewal;      /* of the deadline; or the next
                                                   try to retract the claim */

    /* the record in shared memory before the claim or look */
    violet_record_t               known;

    ngx_uint_t                    refs;
    ngx_uint_t                    tries;        /* left, to retract */
    uint32_t                      seq;
    size_t                        name_len;

    unsigned                      gone:1;       /* the request has ended */
    unsigned                      claimed:1;
    unsigned                      sent:1;
    unsigned                      settled:1;
    unsigned                      canceled:1;

    u_char                        name[NGX_VIOLET_KEYS_NAME];
};


typedef enum {
    NGX_VIOLET_RECORD_CLAIM = 0,
    NGX_VIOLET_RECORD_LOOK,
    NGX_VIOLET_RECORD_RENEW,
    NGX_VIOLET_RECORD_SETTLE,
    NGX_VIOLET_RECORD_CANCEL,
    NGX_VIOLET_RECORD_REOPEN,
    NGX_VIOLET_RECORD_SHARE,
    NGX_VIOLET_RECORD_ADOPT
} ngx_violet_record_op_e;


/* members that an operation does not use are zero */

typedef struct {
    ngx_violet_record_t          *submit;
    ngx_violet_record_op_e        op;
    violet_record_verdict_t       verdict;
    violet_record_state_t         state;        /* to settle */
    ngx_uint_t                    status;
    violet_record_t               record;       /* before the operation; for
                                                   ADOPT the new one */
} ngx_violet_record_update_t;


/* the reply of the script in Redis */

typedef struct {
    ngx_str_t                     verdict;
    ngx_str_t                     token;
    ngx_str_t                     body;
    violet_record_state_t         state;
    int64_t                       status;
    int64_t                       left;         /* ms until the deadline */
    int64_t                       ttl;          /* ms until it is dropped */
    int64_t                       seq;
} ngx_violet_record_reply_t;


/*
 * The name of a record, the token of a claim, and the digest of a text.
 * Tokens and digests are never all zeroes.  A token is random: no other claim
 * has it, on this host or on others; NGX_ERROR if the kernel gives none.
 */

void ngx_violet_record_name(ngx_violet_record_t *submit,
    ngx_violet_record_conf_t *conf);
ngx_int_t ngx_violet_record_token(u_char *token);
void ngx_violet_record_digest(u_char *digest, ngx_str_t *text);


/*
 * Runs an operation on the record in shared memory.  NGX_OK, or NGX_ERROR if
 * the zone has no room for the record.
 */

ngx_int_t ngx_violet_record_memory(ngx_violet_record_update_t *update,
    ngx_violet_record_t *submit, ngx_violet_record_op_e op);


/*
 * Runs an operation ("claim", "look", "renew", "settle", "cancel", "free")
 * in Redis; the command then holds a reference to the handle.  "known" is the
 * record in shared memory for a look or for a claim that it refused, or NULL.
 * "state" and "status" are the new ones for "settle"; "state" is "1" for a
 * claim that overrides an unknown record.  Returns NGX_VIOLET_REDIS_OK if the
 * handler will be called, with the handle as its data.
 */

ngx_violet_redis_status_e ngx_violet_record_run(ngx_violet_record_t *submit,
    char *op, violet_record_t *known, const char *state,
    ngx_uint_t status, ngx_violet_redis_handler_pt handler);


/*
 * Reads a reply; the texts of the result point into it.  NGX_ERROR if the
 * reply does not have the form that the script returns.
 */

ngx_int_t ngx_violet_record_read(redisReply *reply,
    ngx_violet_record_reply_t *result);


/* True if the verdict of the reply is this word. */

#define ngx_violet_record_is(reply, word)                                     \
    ((reply)->verdict.len == sizeof(word) - 1                                 \
     && ngx_strncmp((reply)->verdict.data, word, sizeof(word) - 1) == 0)


/* A token or digest from its hexadecimal form, or NGX_ERROR. */

ngx_int_t ngx_violet_record_unhex(u_char *raw, ngx_str_t *hex);


#endif /* NGX_VIOLET_CART_RECORD_PRIV_H */

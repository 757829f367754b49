
/*
 * Replies of Redis, in version 2 of its protocol (RESP2): where one ends in
 * the bytes that have come so far.  Nothing of them is believed: every length
 * and every count is bounded, and no byte is looked at more than twice, however
 * few come at once.  The bytes belong to the caller.
 *
 * Source: https://redis.io/docs/reference/protocol-spec/
 */

#ifndef VIOLET_RESP_H
#define VIOLET_RESP_H


#include <stddef.h>
#include <stdint.h>


/* arrays within each other */
#define VIOLET_RESP_DEPTH   4

/* bytes of a line */
#define VIOLET_RESP_LINE    65536

/* bytes of a string that Redis can hold (512 MB) */
#define VIOLET_RESP_STRING  536870912


typedef enum {
    VIOLET_RESP_MORE = 0,      /* the reply goes on in bytes to come */
    VIOLET_RESP_WHOLE,
    VIOLET_RESP_BAD            /* this is no reply, or one out of bounds */
} violet_resp_e;


typedef struct {
    size_t      total;         /* bytes of a reply */
    uint32_t    elements;      /* of all its arrays together */
} violet_resp_limits_t;


typedef struct {
    violet_resp_limits_t    limits;
    const char             *fault;      /* after VIOLET_RESP_BAD */
    size_t                  len;        /* bytes that were understood */
    size_t                  need;       /* bytes that a string still takes */
    size_t                  line;       /* bytes of a line without an end */
    size_t                  skip;       /* bytes still to come and to drop */
    uint32_t                elements;
    uint32_t                depth;
    uint32_t                left[VIOLET_RESP_DEPTH];
} violet_resp_t;


/* Begins a reply.  The limits are copied. */

void violet_resp_init(violet_resp_t *resp,
    const violet_resp_limits_t *limits);


/*
 * Looks for the end of the reply that begins at "data", of which *len bytes
 * have come.  Call it again with the same bytes and more of them after
 * VIOLET_RESP_MORE; "data" may have moved.  After VIOLET_RESP_WHOLE the reply
 * has resp->len bytes; those behind them are of the next one.
 *
 * A string that makes the reply longer than allowed is taken out of the bytes
 * and written as the nil of an array, "*-1"; *len is then less.  Nothing of it
 * need be stored.
 */

violet_resp_e violet_resp_read(violet_resp_t *resp, char *data, size_t *len);


/*
 * How many bytes the reply has at least, as far as is known: room for so many
 * is well spent.  Never more than allowed in all and a line.
 */

size_t violet_resp_at_least(const violet_resp_t *resp);


#endif /* VIOLET_RESP_H */

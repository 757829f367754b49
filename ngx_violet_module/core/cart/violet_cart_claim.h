
/*
 * The decisions of the submit guard: whether the record of an earlier submit
 * allows the next one.  The caller stores the record; it has no secrets, and
 * only a digest of a body.
 *
 * A record in flight whose deadline has passed reads as unknown, never as
 * open: its submit may have ordered.
 */

#ifndef VIOLET_CART_CLAIM_H
#define VIOLET_CART_CLAIM_H


#include <stddef.h>
#include <stdint.h>

#include "violet_cart.h"


#define VIOLET_RECORD_DIGEST  16


typedef enum {
    VIOLET_RECORD_NONE = 0,  /* there is no record */
    VIOLET_RECORD_OPEN,      /* a submit has ended and may be repeated */
    VIOLET_RECORD_IN_FLIGHT,
    VIOLET_RECORD_UNKNOWN,
    VIOLET_RECORD_COMPLETED,
    VIOLET_RECORD_PARTIAL
} violet_record_state_t;


typedef enum {
    VIOLET_RECORD_CLAIMED = 0,  /* the submit may be sent */
    VIOLET_RECORD_REFUSED,      /* the state of the record forbids it */
    VIOLET_RECORD_OTHER_BODY    /* the key was used with another body */
} violet_record_verdict_t;


/* a record of all zeroes is VIOLET_RECORD_NONE */

typedef struct {
    unsigned char   token[VIOLET_RECORD_DIGEST];   /* of the last claim */
    unsigned char   body[VIOLET_RECORD_DIGEST];    /* zeroes: no key sent */
    int64_t         expires;       /* ms: when the record is dropped */
    int64_t         deadline;      /* ms: when a flight becomes unknown */
    uint16_t        status;        /* HTTP status that the caller got */
    uint8_t         state;         /* a violet_record_state_t */
    uint8_t         flags;         /* below */
    uint32_t        seq;           /* number of claims, the last included */
} violet_record_t;


#define VIOLET_RECORD_SHARED    0x01  /* Redis has it too, and Redis decides */
#define VIOLET_RECORD_OWN       0x02  /* claimed by this host */
#define VIOLET_RECORD_DOUBT     0x04  /* another submit became unknown while
                                         this one was in flight */
#define VIOLET_RECORD_OVERRIDE  0x08  /* claimed although it was unknown */


typedef struct {
    unsigned char   token[VIOLET_RECORD_DIGEST];
    unsigned char   body[VIOLET_RECORD_DIGEST];
    int64_t         now;           /* ms, of the clock of the record */
    int64_t         flight;        /* ms until a flight becomes unknown */
    int64_t         keep;          /* ms that an unknown record is kept */
    int64_t         time;          /* ms that an outcome is kept */
    unsigned        override_unknown:1;  /* X-Violet-Submit: again */
} violet_record_claim_t;


/*
 * The state of a record at "now": NONE if it has expired, UNKNOWN if the
 * deadline of its flight has passed.
 */

violet_record_state_t violet_record_state(
    const violet_record_t *record, int64_t now);


/* Claims a record for a submit.  A record that is not claimed is unchanged. */

violet_record_verdict_t violet_record_claim(violet_record_t *record,
    const violet_record_claim_t *claim);


/*
 * Writes the result of a submit.  The record of another claim is overwritten
 * only by a state of higher weight:
 *
 *     weight 2   completed, partial     an order was made
 *     weight 1   unknown, in_flight     an order may have been made
 *     weight 0   open, none             no order was made
 *
 * If another submit is in flight, "unknown" is noted in its record as DOUBT:
 * should that submit end as open, the record becomes unknown.  An open record
 * without the digest of a body is dropped.  Returns 0, or -1 if the record is
 * another claim's and stays.
 */

int violet_record_settle(violet_record_t *record,
    const violet_record_claim_t *claim, violet_record_state_t state,
    unsigned status);


/*
 * Takes back the claim of a submit that was not sent: the record becomes open,
 * or unknown if it was unknown before the claim.  Returns 0, or -1 if the
 * record is another claim's now.
 */

int violet_record_cancel(violet_record_t *record,
    const violet_record_claim_t *claim);


/*
 * Opens an unknown record that has the token of the claim, so that the cart
 * may be submitted again; the digest of the body stays.  Returns 0, or -1 if
 * the record has another state or token.
 */

int violet_record_reopen(violet_record_t *record,
    const violet_record_claim_t *claim);


/*
 * Moves the deadline of a submit that is still in flight.  Returns 0, or -1
 * if the record is another claim's now.
 */

int violet_record_renew(violet_record_t *record,
    const violet_record_claim_t *claim);


/* The state of a record after a submit with this outcome. */

violet_record_state_t violet_record_outcome(violet_cart_outcome_t outcome);


/* The name of a state in Redis, and the state of a name (NONE for others). */

const char *violet_record_name(violet_record_state_t state);
violet_record_state_t violet_record_parse(const char *name, size_t len);


#endif /* VIOLET_CART_CLAIM_H */

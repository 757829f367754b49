
/*
 * The decisions of the guard against ordering twice: what a record of an
 * earlier submit means for the next one.  The caller keeps the record; it
 * holds no secret, and of a body only a digest.
 *
 * A record never becomes free by itself while its outcome is in doubt: one
 * in flight whose deadline has passed reads as unknown.
 */

#ifndef VIOLET_CART_RECORD_H
#define VIOLET_CART_RECORD_H


#include <stddef.h>
#include <stdint.h>

#include "violet_cart.h"


#define VIOLET_RECORD_DIGEST  16


typedef enum {
    VIOLET_RECORD_NONE = 0,  /* nothing is known of any submit */
    VIOLET_RECORD_OPEN,      /* one ended, and may be repeated */
    VIOLET_RECORD_IN_FLIGHT,
    VIOLET_RECORD_UNKNOWN,
    VIOLET_RECORD_COMPLETED,
    VIOLET_RECORD_PARTIAL
} violet_record_state_t;


typedef enum {
    VIOLET_RECORD_CLAIMED = 0,  /* the submit may be sent, by its token */
    VIOLET_RECORD_REFUSED,      /* by the state of the record */
    VIOLET_RECORD_OTHER_BODY    /* the key was used for another request */
} violet_record_verdict_t;


/* all zeroes: there is none */

typedef struct {
    unsigned char   token[VIOLET_RECORD_DIGEST];   /* of who may settle it */
    unsigned char   body[VIOLET_RECORD_DIGEST];    /* zeroes: no key sent */
    int64_t         expires;       /* when it is forgotten, ms */
    int64_t         deadline;      /* of one in flight, ms */
    uint16_t        status;        /* to the caller, of one that ended */
    uint8_t         state;         /* a violet_record_state_t */
    uint8_t         flags;         /* below */
    uint32_t        seq;           /* the claims so far, this one included */
} violet_record_t;


#define VIOLET_RECORD_SHARED  0x01    /* others know it as well, and better */
#define VIOLET_RECORD_OWN     0x02    /* claimed here, not heard of */
#define VIOLET_RECORD_DOUBT   0x04    /* another one's outcome is not known */
#define VIOLET_RECORD_AGAIN   0x08    /* it was claimed in spite of doubt */


typedef struct {
    unsigned char   token[VIOLET_RECORD_DIGEST];
    unsigned char   body[VIOLET_RECORD_DIGEST];
    int64_t         now;           /* ms, of the clock of the record */
    int64_t         flight;        /* how long it may be in flight, ms */
    int64_t         keep;          /* how long doubt is remembered, ms */
    int64_t         time;          /* how long an outcome is, ms */
    unsigned        override_unknown:1;  /* X-Violet-Submit: again */
} violet_record_claim_t;


/* What a record says now: expired ones are none, overdue ones unknown. */

violet_record_state_t violet_record_state(
    const violet_record_t *record, int64_t now);


/* Claims a record for a submit; only if it is claimed it is changed. */

violet_record_verdict_t violet_record_claim(violet_record_t *record,
    const violet_record_claim_t *claim);


/*
 * Ends a submit: by the token of its claim, where nothing is known at all, or
 * where less is known: an order that was made is not forgotten for another
 * submit of the cart that failed.  Doubt about one submit waits for the end
 * of another that is in flight.  An open record of a claim without a body is
 * forgotten.  Returns 0, or -1 if the record is somebody else's and stays.
 */

int violet_record_settle(violet_record_t *record,
    const violet_record_claim_t *claim, violet_record_state_t state,
    unsigned status);


/*
 * Takes back the claim of a submit that was not sent: what was not known
 * before is not known again.  Returns 0, or -1 if the record is somebody
 * else's by now.
 */

int violet_record_cancel(violet_record_t *record,
    const violet_record_claim_t *claim);


/*
 * Frees an unknown record that has the token; what its key is good for stays.
 * Returns 0, or -1 if there is no such record.
 */

int violet_record_reopen(violet_record_t *record,
    const violet_record_claim_t *claim);


/*
 * Moves the deadline of a submit that is still in flight.  Returns 0, or -1
 * if the record is somebody else's by now.
 */

int violet_record_renew(violet_record_t *record,
    const violet_record_claim_t *claim);


/* What a verdict leaves behind. */

violet_record_state_t violet_record_outcome(violet_cart_outcome_t outcome);


/* A state's name as Redis keeps it, and back; NONE for any other text. */

const char *violet_record_name(violet_record_state_t state);
violet_record_state_t violet_record_parse(const char *name, size_t len);


#endif /* VIOLET_CART_RECORD_H */

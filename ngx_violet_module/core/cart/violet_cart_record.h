
/*
 * The guard against ordering twice, as far as it is a matter of decisions:
 * what a record of an earlier submit means for the next one, what an order
 * that was read says of a submit whose answer was lost, and the problem that
 * tells a caller of either.  The record is kept by whoever calls; it holds
 * no secret and nothing of a body but a digest.
 *
 * A record never becomes free by itself while its outcome is in doubt: one
 * in flight whose deadline has passed reads as unknown.
 */

#ifndef VIOLET_SUBMIT_H
#define VIOLET_SUBMIT_H


#include <stddef.h>
#include <stdint.h>

#include "violet_cart.h"


#define VIOLET_SUBMIT_DIGEST  16


typedef enum {
    VIOLET_SUBMIT_NONE = 0,        /* nothing is known of any submit */
    VIOLET_SUBMIT_OPEN,            /* one ended, and may be repeated */
    VIOLET_SUBMIT_IN_FLIGHT,
    VIOLET_SUBMIT_UNKNOWN,
    VIOLET_SUBMIT_COMPLETED,
    VIOLET_SUBMIT_PARTIAL
} violet_submit_state_t;


typedef enum {
    VIOLET_SUBMIT_CLAIMED = 0,     /* the submit may be sent, by its token */
    VIOLET_SUBMIT_REFUSED,         /* by the state of the record */
    VIOLET_SUBMIT_OTHER_BODY       /* the key was used for another request */
} violet_submit_verdict_t;


/* all zeroes: there is none */

typedef struct {
    unsigned char   token[VIOLET_SUBMIT_DIGEST];   /* of who may settle it */
    unsigned char   body[VIOLET_SUBMIT_DIGEST];    /* zeroes: no key sent */
    int64_t         expires;       /* when it is forgotten, ms */
    int64_t         deadline;      /* of one in flight, ms */
    uint16_t        status;        /* to the caller, of one that ended */
    uint8_t         state;         /* a violet_submit_state_t */
    uint8_t         flags;         /* below */
    uint32_t        seq;           /* the claims so far, this one included */
} violet_submit_record_t;


#define VIOLET_SUBMIT_SHARED  0x01    /* others know it as well, and better */
#define VIOLET_SUBMIT_OWN     0x02    /* claimed here, not heard of */
#define VIOLET_SUBMIT_DOUBT   0x04    /* another one's outcome is not known */
#define VIOLET_SUBMIT_AGAIN   0x08    /* it was claimed in spite of doubt */


typedef struct {
    unsigned char   token[VIOLET_SUBMIT_DIGEST];
    unsigned char   body[VIOLET_SUBMIT_DIGEST];
    int64_t         now;           /* ms, of the clock of the record */
    int64_t         flight;        /* how long it may be in flight, ms */
    int64_t         keep;          /* how long doubt is remembered, ms */
    int64_t         time;          /* how long an outcome is, ms */
    unsigned        again:1;       /* the caller overrides unknown */
} violet_submit_claim_t;


/* What a record says now: expired ones are none, overdue ones unknown. */

violet_submit_state_t violet_submit_state(
    const violet_submit_record_t *record, int64_t now);


/* Claims a record for a submit; only if it is claimed it is changed. */

violet_submit_verdict_t violet_submit_claim(violet_submit_record_t *record,
    const violet_submit_claim_t *claim);


/*
 * Ends a submit: by the token of its claim, where nothing is known at all, or
 * where less is known: an order that was made is not forgotten for another
 * submit of the cart that failed.  Doubt about one submit waits for the end
 * of another that is in flight.  An open record of a claim without a body is
 * forgotten.  Returns 0, or -1 if the record is somebody else's and stays.
 */

int violet_submit_settle(violet_submit_record_t *record,
    const violet_submit_claim_t *claim, violet_submit_state_t state,
    unsigned status);


/*
 * Takes back the claim of a submit that was not sent: what was not known
 * before is not known again.  Returns 0, or -1 if the record is somebody
 * else's by now.
 */

int violet_submit_cancel(violet_submit_record_t *record,
    const violet_submit_claim_t *claim);


/*
 * Frees an unknown record that has the token; what its key is good for stays.
 * Returns 0, or -1 if there is no such record.
 */

int violet_submit_free(violet_submit_record_t *record,
    const violet_submit_claim_t *claim);


/*
 * Moves the deadline of a submit that is still in flight.  Returns 0, or -1
 * if the record is somebody else's by now.
 */

int violet_submit_renew(violet_submit_record_t *record,
    const violet_submit_claim_t *claim);


/* What a verdict leaves behind. */

violet_submit_state_t violet_submit_outcome(violet_cart_outcome_t outcome);


/* A state's name as Redis keeps it, and back; NONE for any other text. */

const char *violet_submit_name(violet_submit_state_t state);
violet_submit_state_t violet_submit_parse(const char *name, size_t len);


/*
 * Does the body of a payment say "complete_checkout"?  Whatever Violet might
 * read as true does, and so does a body that cannot be parsed.
 */

int violet_submit_completes(const char *data, size_t len);


/* what an answer to the read of a cart or an order says of its submit */

typedef enum {
    VIOLET_SUBMIT_READ_NOTHING = 0,    /* it is no order of this id */
    VIOLET_SUBMIT_READ_ORDER,          /* it is, and may be submitted */
    VIOLET_SUBMIT_READ_OPEN            /* it shows that nothing was ordered */
} violet_submit_read_t;


/*
 * Reads the body of a complete 200.  Nothing was ordered only if all of this
 * holds: the order has the id and the status IN_PROGRESS; its bags are an
 * array of objects and each has a status, IN_PROGRESS; no bag is paid,
 * authorized or pending; no payment is being worked on or was made.
 */

violet_submit_read_t violet_submit_read(const char *data, size_t len,
    int64_t id);


typedef enum {
    VIOLET_SUBMIT_PROBLEM_IN_FLIGHT = 0,   /* one is under way */
    VIOLET_SUBMIT_PROBLEM_UNKNOWN,         /* what became of one is not known */
    VIOLET_SUBMIT_PROBLEM_COMPLETED,       /* one is, the order is not here */
    VIOLET_SUBMIT_PROBLEM_PARTIAL,         /* one was, repeated */
    VIOLET_SUBMIT_PROBLEM_OTHER_BODY,
    VIOLET_SUBMIT_PROBLEM_NO_GUARD         /* no room to remember one */
} violet_submit_problem_t;


/*
 * The problem for a submit that was not sent.  Of the answer, cart_id and
 * request_id are read.  The status of PARTIAL is "status", that of the others
 * their own.  Fills in the verdict and its document as violet_cart_judge()
 * does; returns 0, or -1 if memory ran out.
 */

int violet_submit_problem(violet_submit_problem_t kind, unsigned status,
    const violet_cart_answer_t *answer, violet_cart_verdict_t *verdict);


#endif /* VIOLET_SUBMIT_H */

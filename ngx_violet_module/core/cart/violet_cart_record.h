
/*
 * The record of a submit: what is known of the submits of one cart, or of one
 * Idempotency-Key.  Plain values: whoever keeps a record copies it.
 *
 * A record has no instants of the clock of its keeper.  Its times are relative
 * to the moment when it was written; violet_cart_record_pass() moves them on
 * by the time that the keeper has measured since.  So one clock decides, that
 * of the keeper.
 */

#ifndef VIOLET_CART_RECORD_H
#define VIOLET_CART_RECORD_H


#include <stddef.h>
#include <stdint.h>

#include "violet_cart_words.h"


/* bytes of the token of a claim, and of the digest of a body */

#define VIOLET_RECORD_DIGEST   16

/* failed bags that a record of a partial order has room for */

#define VIOLET_RECORD_BAGS     8

/* ms that a submit counts as in flight after its gateway was last heard of */

#define VIOLET_RECORD_FLIGHT   30000

/* ms that a doubt, a failed submit and a flight are kept */

#define VIOLET_RECORD_KEEP     (24 * 60 * 60 * 1000)

/* bytes of the text of a record at most */

#define VIOLET_RECORD_TEXT     448


typedef enum {
    VIOLET_RECORD_NONE = 0,       /* there is no record */
    VIOLET_RECORD_FAILED,         /* a submit has ended, nothing was ordered */
    VIOLET_RECORD_REQUIRES_ACTION,
    VIOLET_RECORD_IN_FLIGHT,
    VIOLET_RECORD_PENDING,
    VIOLET_RECORD_UNKNOWN,
    VIOLET_RECORD_COMPLETED,
    VIOLET_RECORD_PARTIAL
} violet_record_state_t;


/* what Violet has shown of the order, as bits */

enum {
    VIOLET_SEEN_SUBMITTED = 0x01,  /* a bag is SUBMITTED */
    VIOLET_SEEN_MADE = 0x02,       /* a bag is made: the merchant has it */
    VIOLET_SEEN_PROCESSING = 0x04, /* the order is PROCESSING */
    VIOLET_SEEN_EVIDENCE = 0x07,   /* the three above stay in a record */

    VIOLET_SEEN_ORDERED = 0x08,    /* the order is ACCEPTED or COMPLETED */
    VIOLET_SEEN_REJECTED = 0x10,   /* every bag, or the order, is REJECTED or
                                      CANCELED */
    VIOLET_SEEN_OPEN = 0x20        /* not submitted */
};


/* flags of a record */

enum {
    VIOLET_RECORD_DOUBTED = 0x01,  /* another submit of the cart was in doubt
                                      when this one was sent, or is since */
    VIOLET_RECORD_LAPSED = 0x02,   /* unknown, since the gateway of the submit
                                      was not heard of in time */
    VIOLET_RECORD_MANUAL = 0x04,   /* partial: a person must look */
    VIOLET_RECORD_MORE = 0x08      /* more bags failed than are listed */
};


/* A record of all zeroes is VIOLET_RECORD_NONE. */

typedef struct {
    unsigned char   token[VIOLET_RECORD_DIGEST];   /* of the last claim */
    unsigned char   body[VIOLET_RECORD_DIGEST];    /* zeroes: of a cart, or
                                                       not known */
    int64_t         kept;        /* ms that it is kept from its write on */
    int64_t         since;       /* ms since it was last known in flight */
    int64_t         sent;        /* ms since the epoch, by the sender's clock:
                                    the first submit that may have ordered */
    int64_t         order_id;    /* of POST orders; 0: not known */
    int64_t         bags[VIOLET_RECORD_BAGS];      /* that failed; 0: none */
    uint32_t        seq;         /* number of writes, this one included */
    uint32_t        stamp;       /* random: two writes with one number differ */
    uint32_t        left;        /* ms until a flight lapses */
    uint16_t        doubts;      /* how many submits ended in doubt */
    uint8_t         state;       /* a violet_record_state_t */
    uint8_t         evidence;    /* VIOLET_SEEN_EVIDENCE */
    uint8_t         flags;
} violet_cart_record_t;


/* how a submit has ended */

typedef struct {
    unsigned char             token[VIOLET_RECORD_DIGEST];
    unsigned char             body[VIOLET_RECORD_DIGEST];
    violet_cart_outcome_t     outcome;
    unsigned                  seen;         /* in the answer, VIOLET_SEEN_ */
    unsigned                  manual:1;     /* partial: retry is manual */
    unsigned                  more:1;       /* "bags" lacks some */
    int64_t                   sent;         /* as above */
    int64_t                   order_id;
    int64_t                   bags[VIOLET_RECORD_BAGS];   /* that failed */
} violet_cart_end_t;


/* Moves a record on by this time, in ms; a flight may lapse. */

void violet_cart_record_pass(violet_cart_record_t *record, int64_t elapsed);


/*
 * Gives a record that was changed the number of the next write.  "stamp" is
 * random.
 */

void violet_cart_record_next(violet_cart_record_t *record, uint32_t seq,
    uint32_t stamp);


/* True if both are the same write of the same record. */

int violet_cart_record_same(const violet_cart_record_t *one,
    const violet_cart_record_t *other);


/* True of a state that says that a submit may have ordered, or did. */

int violet_cart_record_in_doubt(const violet_cart_record_t *record);
int violet_cart_record_ordered(const violet_cart_record_t *record);


/*
 * Makes a flight of a record.  "again" says that a doubt was not cleared up.
 * "sent" is the present time in ms since the epoch.
 */

void violet_cart_record_claim(violet_cart_record_t *record,
    const unsigned char *token, const unsigned char *body, int64_t sent,
    int again);


/*
 * Moves the end of a flight on.  Returns 0, or -1 if the record says that the
 * submit with this token is in flight no more, or is of another claim.
 */

int violet_cart_record_renew(violet_cart_record_t *record,
    const unsigned char *token);


/*
 * Writes the end of a submit.  The record may be of a later claim: then the
 * order that was made counts more than a doubt, and a doubt more than a
 * failure.  Returns 1 if the submit has failed but the record is in doubt
 * now, since an earlier submit is; else 0.
 */

int violet_cart_record_settle(violet_cart_record_t *record,
    const violet_cart_end_t *end);


/*
 * Takes a claim back whose submit was not sent: the record becomes what it was
 * before, or failed if there was none.  Returns 0, or -1 if the record is of
 * another claim.
 */

int violet_cart_record_cancel(violet_cart_record_t *record,
    const unsigned char *token, const violet_cart_record_t *before);


/*
 * The record of what two keepers have: of this host, and of Redis.  "unsaved"
 * says that Redis may not have heard of the host's.  Returns 0 if the result
 * is the record of Redis as it is, so that Redis need not be told; 1 if Redis
 * must be told.  The caller then calls violet_cart_record_next().
 */

int violet_cart_record_join(const violet_cart_record_t *host,
    const violet_cart_record_t *redis, int unsaved,
    violet_cart_record_t *result);


/* ms that a record is kept; "time" is the operator's, for what was ordered. */

int64_t violet_cart_record_keep(const violet_cart_record_t *record,
    int64_t time);


/*
 * The text of a record, as Redis keeps it: its first word is "form", a number.
 * Writes at most VIOLET_RECORD_TEXT bytes and returns how many.
 */

size_t violet_cart_record_print(const violet_cart_record_t *record,
    unsigned form, char *buffer);


/*
 * Reads a text.  One that cannot be read, or has another form, is an unknown
 * record, since it may be of a submit that ordered.  Returns 0, or -1 for such
 * a text.
 */

int violet_cart_record_parse(violet_cart_record_t *record, unsigned form,
    const char *data, size_t len);


/* The name of a state, static and NUL-terminated. */

const char *violet_cart_record_name(violet_record_state_t state);


#endif /* VIOLET_CART_RECORD_H */


/*
 * The one decision about a submit, and about the question what became of it:
 * read the order first, send the submit, or answer.  It depends on the record
 * and on what the gateway's own read of the order has shown.
 *
 * Source: docs/cart-errors.md, "Submitting again".
 */

#ifndef VIOLET_CART_DECISION_H
#define VIOLET_CART_DECISION_H


#include <stdint.h>

#include "violet_cart_record.h"
#include "violet_cart_refusal.h"
#include "violet_cart_words.h"


/* ms: the shortest and the longest time until a doubt is settled */

#define VIOLET_SETTLE_MIN    60000
#define VIOLET_SETTLE_MAX    3600000

/* ms that settling takes longer than the time-out of an answer */

#define VIOLET_SETTLE_SLACK  10000

/* after so many doubts a cart is sent only with "X-Violet-Submit: again" */

#define VIOLET_SETTLE_DOUBTS  8


typedef enum {
    VIOLET_READ_NOT_YET = 0,
    VIOLET_READ_IMPOSSIBLE,      /* the id of the order is not known */
    VIOLET_READ_FAILED,
    VIOLET_READ_REFUSED,         /* with 401 or 403 */
    VIOLET_READ_ORDER
} violet_cart_read_state_t;


/* the result of a read */

typedef struct {
    violet_cart_read_state_t  state;
    violet_cart_outcome_t     outcome;      /* of an order, as judged */
    unsigned                  seen;         /* of an order, VIOLET_SEEN_ */
    unsigned                  manual:1;     /* partial: retry is manual */
    unsigned                  more:1;       /* "bags" lacks some */
    int64_t                   bags[VIOLET_RECORD_BAGS];   /* that failed */
} violet_cart_shown_t;


/* the submit or the question that is decided */

typedef struct {
    unsigned        question:1;   /* what became of the submit? */
    unsigned        again:1;      /* X-Violet-Submit: again */
    unsigned        key:1;        /* POST orders, by its Idempotency-Key */
    unsigned        unshared:1;   /* Redis could not be asked, or may have
                                     lost records */
    unsigned        refuse:1;     /* without Redis nothing is sent */
    const unsigned char  *body;   /* digest of the body, for a key */
    int64_t         settle;       /* ms until a first doubt is settled */
} violet_cart_ask_t;


typedef enum {
    VIOLET_DECISION_READ = 0,
    VIOLET_DECISION_SEND,         /* if the record can be claimed */
    VIOLET_DECISION_REFUSE,       /* by the problem "refusal" */
    VIOLET_DECISION_SHOWN,        /* the order, judged as it was read */
    VIOLET_DECISION_RECORDED,     /* the order, with the record's outcome */
    VIOLET_DECISION_NOT_SUBMITTED /* the answer to a question */
} violet_cart_action_t;


typedef struct {
    violet_cart_action_t     action;
    violet_cart_refusal_t    refusal;
    unsigned                 manual:1;    /* a person must look; else later */
    unsigned                 alarm:1;     /* to be logged as an error */
    unsigned                 again:1;     /* sent in spite of a doubt */
    unsigned                 changed:1;   /* the record becomes "state" */
    violet_record_state_t    state;
    int64_t                  after;       /* s until it may be repeated */
} violet_cart_decision_t;


/* Returns the evidence in an order as bits VIOLET_SEEN_. */

unsigned violet_cart_seen_bits(const violet_cart_seen_t *seen);


/*
 * The ids of the failed bags of a verdict, for a record.  True if there are
 * more than it has room for, or one has no id.
 */

int violet_cart_failed_bags(const violet_cart_verdict_t *verdict,
    int64_t *bags);


/* ms until the n-th doubt is settled; "settle" is of the first one. */

int64_t violet_cart_settle_time(int64_t settle, unsigned doubts);


/* The same for the first doubt, by the time-out of an answer in ms. */

int64_t violet_cart_settle_first(int64_t timeout);


/* s until the doubt of a record is settled, at least 1. */

int64_t violet_cart_settle_left(const violet_cart_record_t *record,
    int64_t settle);


/*
 * Decides.  The record is as it is now (violet_cart_record_pass()), or all
 * zeroes.  A decision to read asks for a second call with what was shown.
 */

void violet_cart_decide(const violet_cart_record_t *record,
    const violet_cart_shown_t *shown, const violet_cart_ask_t *ask,
    violet_cart_decision_t *decision);


/*
 * The record after an answer that changed it: its new state and the evidence
 * that the read has shown.  A "state" that the record has already leaves the
 * rest as it is.
 */

void violet_cart_decided(violet_cart_record_t *record,
    const violet_cart_shown_t *shown,
    const violet_cart_decision_t *decision);


#endif /* VIOLET_CART_DECISION_H */


/*
 * The steps of the submit guard, from the question whether a cart may be
 * submitted to the end of its submit: which keeper is asked, in which order,
 * and what is written.  The caller does the I/O that a step asks for and calls
 * the function that goes with it; a guard lives as long as the caller wants.
 *
 * There are two keepers: the memory of this host, which answers at once, and
 * Redis, for all hosts, if there is one.  Both compare and swap: a record is
 * written only if the keeper still has the version that was decided on.
 */

#ifndef VIOLET_CART_GUARD_H
#define VIOLET_CART_GUARD_H


#include <stdint.h>

#include "violet_cart_decision.h"
#include "violet_cart_record.h"


/* a record in the memory of the host */

typedef struct {
    violet_cart_record_t  record;      /* as it is now */
    unsigned              unsaved:1;   /* Redis may not have this version */
    unsigned              own:1;       /* of a submit of this host */
    unsigned              undecided:1; /* a claim that nobody may send yet */
} violet_cart_held_t;


typedef enum {
    VIOLET_HOST_STORED = 0,
    VIOLET_HOST_CHANGED,               /* another version is there */
    VIOLET_HOST_FULL                   /* no room */
} violet_cart_host_store_t;


/*
 * The memory of the host.  load() fills in what it has, or zeroes.  store()
 * replaces the version of "expected" (state NONE: nothing may be there).
 * shared() notes that Redis has this version; if memory has another one by
 * now, it does nothing.
 */

typedef struct {
    void                       *data;
    void                      (*load)(void *data, violet_cart_held_t *held);
    violet_cart_host_store_t  (*store)(void *data,
                                   const violet_cart_record_t *expected,
                                   const violet_cart_held_t *held);
    void                      (*shared)(void *data,
                                   const violet_cart_record_t *record);
    uint32_t                  (*random)(void *data);
} violet_cart_host_t;


/* a version that Redis must have for a write */

typedef enum {
    VIOLET_VERSION_NONE = 0,           /* no record */
    VIOLET_VERSION_RECORD,             /* the one of seq and stamp */
    VIOLET_VERSION_UNREADABLE          /* something else */
} violet_cart_version_kind_t;


typedef struct {
    violet_cart_version_kind_t  kind;
    uint32_t                    seq;
    uint32_t                    stamp;
} violet_cart_version_t;


/* what Redis has answered */

typedef enum {
    VIOLET_REDIS_WRITTEN = 0,
    VIOLET_REDIS_REPLACED,             /* the same, but it had "record", which
                                          was not expected */
    VIOLET_REDIS_KEPT,                 /* it has "record", or was only asked */
    VIOLET_REDIS_AWAY                  /* no answer, or an error */
} violet_cart_redis_status_t;


typedef struct {
    violet_cart_redis_status_t  status;
    violet_cart_version_t       version;     /* that it has now */
    violet_cart_record_t        record;      /* as it is now */
    unsigned                    lost:1;      /* Redis may have lost records */
    unsigned                    fresh:1;     /* it lost them so short ago that
                                                hosts may still have to write
                                                theirs again */
} violet_cart_redis_reply_t;


typedef enum {
    VIOLET_GUARD_REDIS = 0,   /* ask Redis: "expected", and "write" if set */
    VIOLET_GUARD_READ,        /* read the order */
    VIOLET_GUARD_SEND,        /* the record is claimed: send the submit */
    VIOLET_GUARD_ANSWER       /* as "decision" says */
} violet_cart_step_t;


typedef enum {
    VIOLET_PHASE_LOOK = 0,
    VIOLET_PHASE_CLAIM,
    VIOLET_PHASE_ANSWER,
    VIOLET_PHASE_TELL
} violet_cart_phase_t;


typedef struct {

    /* set by the caller */
    const violet_cart_host_t   *host;
    violet_cart_ask_t           ask;
    unsigned char               token[VIOLET_RECORD_DIGEST];
    unsigned char               body[VIOLET_RECORD_DIGEST];
    int64_t                     sent;          /* ms since the epoch: now */
    int64_t                     time;          /* ms that an outcome is kept */
    unsigned                    redis:1;       /* there is a Redis */
    unsigned                    refuse:1;      /* nothing is sent while it is
                                                  away */

    /* of the step VIOLET_GUARD_REDIS */
    violet_cart_version_t       expected;
    violet_cart_record_t        write;
    unsigned                    writes:1;      /* else Redis is only asked */
    unsigned                    replaces:1;    /* it is written whatever Redis
                                                  has, which is returned */

    /* the record that is decided on */
    violet_cart_record_t        record;
    violet_cart_decision_t      decision;
    violet_cart_shown_t         shown;
    unsigned                    left:1;        /* memory has a claim that was
                                                  given back: Redis is told by
                                                  violet_cart_guard_tell() */
    unsigned                    stray:1;       /* Redis may have a claim for
                                                  which memory had no room: if
                                                  nothing is sent, it is taken
                                                  back by
                                                  violet_cart_guard_withdraw()
                                                */

    /* private */
    violet_cart_record_t        memory;        /* what the host has */
    violet_cart_record_t        before;        /* before the claim */
    violet_cart_record_t        claim;         /* the last one */
    violet_cart_version_t       version;       /* what Redis has */
    violet_cart_version_t       tried;         /* of our claim, to which
                                                  Redis has not answered */
    violet_cart_phase_t         phase;
    unsigned                    tries;
    unsigned                    unsaved:1;     /* Redis may lack "record" */
    unsigned                    away:1;        /* Redis did not answer */
    unsigned                    retried:1;     /* Redis was asked once more
                                                  after that */
    unsigned                    undecided:1;   /* "memory" is a claim that
                                                  nobody may send yet */
    unsigned                    deciding:1;    /* our claim may not be sent
                                                  yet */
    unsigned                    own:1;
    unsigned                    held:1;        /* memory has our claim */
    unsigned                    claimed:1;     /* the submit may be sent */
} violet_cart_guard_t;


/* The first step.  All members that the caller does not set are zero. */

violet_cart_step_t violet_cart_guard_start(violet_cart_guard_t *guard);


/* Redis has answered, "elapsed" ms after it was asked. */

violet_cart_step_t violet_cart_guard_redis(violet_cart_guard_t *guard,
    const violet_cart_redis_reply_t *reply, int64_t elapsed);


/* The order was read, or could not be; "elapsed" ms have passed meanwhile. */

violet_cart_step_t violet_cart_guard_read(violet_cart_guard_t *guard,
    const violet_cart_shown_t *shown, int64_t elapsed);


/*
 * The caller has left before the guard decided: nothing will be sent.  A claim
 * in memory is given back.
 */

void violet_cart_guard_leave(violet_cart_guard_t *guard);


/*
 * The submit is in flight still, has ended, or was not sent.  The host's
 * memory is written at once.  The step is REDIS if Redis is to be told, else
 * ANSWER; the answers of Redis go to violet_cart_guard_told().
 * violet_cart_guard_settle() sets *doubted if the submit has failed but the
 * record is in doubt.
 */

violet_cart_step_t violet_cart_guard_renew(violet_cart_guard_t *guard);
violet_cart_step_t violet_cart_guard_settle(violet_cart_guard_t *guard,
    const violet_cart_end_t *end, int *doubted);
violet_cart_step_t violet_cart_guard_cancel(violet_cart_guard_t *guard);


/*
 * Nothing is sent, and memory had no room for the claim: tells Redis that it
 * was taken back.  Once and no more, since nobody remembers it.  ANSWER if
 * guard->stray is not set.
 */

violet_cart_step_t violet_cart_guard_withdraw(violet_cart_guard_t *guard);


/*
 * Frees the submit whose record was asked for, with ask.question: the record
 * becomes one of a failed submit.  The step is REDIS if Redis is to be told;
 * its answer goes to violet_cart_guard_redis().  _is_free() is true after that
 * if nobody has changed the record meanwhile, and Redis has heard of it or is
 * away.
 */

violet_cart_step_t violet_cart_guard_free(violet_cart_guard_t *guard);
int violet_cart_guard_is_free(violet_cart_guard_t *guard);


/*
 * Tells Redis what the host has, without a submit: of a guard that has only
 * "host" and "redis".  ANSWER if Redis has it already.
 */

violet_cart_step_t violet_cart_guard_tell(violet_cart_guard_t *guard);

violet_cart_step_t violet_cart_guard_told(violet_cart_guard_t *guard,
    const violet_cart_redis_reply_t *reply);


#endif /* VIOLET_CART_GUARD_H */

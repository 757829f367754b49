
/*
 * Tells by the answers of Redis whether it may have lost records of submits.
 * Redis has another run_id after a restart, and when a replica takes its place;
 * it has no mark after it was emptied; and it has dropped records too early if
 * its clock was set ahead.
 *
 * The mark is a key of Redis with random hexadecimal digits.  A worker that
 * finds no mark writes one.  The mark of a loss is "l", then eight hexadecimal
 * digits with the time of the loss in Unix seconds of Redis's clock, then
 * random digits.  A host that did not know this Redis before the loss reads of
 * the loss there.
 *
 * All workers of a host share one violet_cart_server_t, a plain value that the
 * caller copies to and from shared memory.  Their answers may come in another
 * order than Redis gave them.
 */

#ifndef VIOLET_CART_SERVER_H
#define VIOLET_CART_SERVER_H


#include <stdint.h>


/* bytes of Redis's run_id, and of the mark */

#define VIOLET_SERVER_RUN_ID  40
#define VIOLET_SERVER_MARK    16


/* All zeroes at first.  The instants are in ms, by the host's clock. */

typedef struct {
    unsigned char         run_id[VIOLET_SERVER_RUN_ID];
    unsigned char         mark[VIOLET_SERVER_MARK];    /* NULs: not known */
    unsigned char         before[VIOLET_SERVER_MARK];  /* the one before it */
    unsigned char         next[VIOLET_SERVER_MARK];    /* that this host
                                                          writes, or NULs */
    uint32_t              epoch;      /* number of the present Redis; what was
                                         told to an earlier one may be lost */
    int64_t               lost;       /* until when a read comes first */
    int64_t               seen;       /* the same, of a loss that this host
                                         has seen itself */
    int64_t               offset;     /* of Redis's clock at that loss */
} violet_cart_server_t;


/* an answer of Redis */

typedef struct {
    const unsigned char  *run_id;     /* NULL: not known */
    const unsigned char  *mark;       /* the same */
    const unsigned char  *random;     /* digits for a mark */
    int64_t               now;        /* ms, by the host's clock */
    int64_t               there;      /* ms since the epoch, by Redis's clock;
                                         negative: not known */
    unsigned              again:1;    /* this worker had lost a connection to
                                         Redis before */
    unsigned              leapt:1;    /* Redis's clock was set ahead */

    /* the result */
    unsigned              changed:1;  /* Redis may have lost records */
    unsigned              tell:1;     /* server->next is to be written: others
                                         must hear of a loss */
} violet_cart_server_answer_t;


/*
 * Takes an answer of Redis: writes to "server" what the host knows now, and to
 * "answer" what the caller must do.  If "changed" is set, all records of the
 * host must be told to Redis again; if "tell" is set, server->next must be
 * written as the mark.  Keeps no pointer of the answer.
 */

void violet_cart_server_heard(violet_cart_server_t *server,
    violet_cart_server_answer_t *answer);


/*
 * Makes the mark of a loss at this time, in ms since the epoch, of random
 * digits; both may be the same bytes.
 */

void violet_cart_server_mark(unsigned char *mark, const unsigned char *random,
    int64_t at);


#endif /* VIOLET_CART_SERVER_H */


/*
 * A mark that is neither the one that is known, nor the one before it, nor the
 * one that this host writes says that Redis was emptied since, however short
 * ago another loss was.  Two hosts that see one loss may each write a mark of
 * it: then one of them takes it for two losses, and writes its records once
 * more.
 */

#include <string.h>

#include "violet_cart_record.h"
#include "violet_cart_server.h"
#include "violet_text.h"


/* ms by which hosts may date the same loss differently */
#define VIOLET_SERVER_SAME  60000

/* ms by which workers may know Redis's clock differently */
#define VIOLET_SERVER_LEAP  10000

/* the first byte of the mark of a loss, and the digits of its time */
#define VIOLET_SERVER_LOSS  'l'
#define VIOLET_SERVER_TIME  8


static int violet_cart_server_changed(const violet_cart_server_t *server,
    const violet_cart_server_answer_t *answer);
static void violet_cart_server_lose(violet_cart_server_t *server,
    const violet_cart_server_answer_t *answer);
static void violet_cart_server_take(violet_cart_server_t *server,
    violet_cart_server_answer_t *answer);
static int64_t violet_cart_server_until(
    const violet_cart_server_answer_t *answer);
static int violet_cart_server_is(const unsigned char *one,
    const unsigned char *other);


void
violet_cart_server_heard(violet_cart_server_t *server,
    violet_cart_server_answer_t *answer)
{
    answer->changed = 0;
    answer->tell = 0;

    /* the first one that answers may not be the first one that was there */

    if (server->epoch == 0 && !answer->again) {
        server->epoch = 1;

    } else if (violet_cart_server_changed(server, answer)) {
        violet_cart_server_lose(server, answer);
        answer->changed = 1;
    }

    if (answer->run_id) {
        memcpy(server->run_id, answer->run_id, VIOLET_SERVER_RUN_ID);
    }

    if (answer->mark) {
        violet_cart_server_take(server, answer);
    }
}


static int
violet_cart_server_changed(const violet_cart_server_t *server,
    const violet_cart_server_answer_t *answer)
{
    int64_t  by;

    if (answer->run_id
        && memcmp(server->run_id, answer->run_id, VIOLET_SERVER_RUN_ID) != 0)
    {
        return 1;
    }

    /* another worker may have seen the same step of the clock */

    by = answer->there - answer->now - server->offset;

    if (answer->leapt
        && (server->seen < answer->now + VIOLET_RECORD_KEEP
                           - VIOLET_SERVER_SAME
            || by > VIOLET_SERVER_LEAP || by < -VIOLET_SERVER_LEAP))
    {
        return 1;
    }

    return answer->mark
           && server->mark[0] != '\0'
           && !violet_cart_server_is(answer->mark, server->mark)
           && !violet_cart_server_is(answer->mark, server->before)
           && !violet_cart_server_is(answer->mark, server->next);
}


static void
violet_cart_server_lose(violet_cart_server_t *server,
    const violet_cart_server_answer_t *answer)
{
    server->lost = answer->now + VIOLET_RECORD_KEEP;

    if (server->epoch != 0) {
        server->seen = server->lost;
    }

    server->epoch++;
    server->offset = answer->there - answer->now;

    memset(server->next, 0, VIOLET_SERVER_MARK);

    /* an older Redis, or a replica that was behind, may have it again */

    if (answer->mark == NULL
        || violet_cart_server_is(answer->mark, server->before))
    {
        memset(server->mark, 0, VIOLET_SERVER_MARK);
        memset(server->before, 0, VIOLET_SERVER_MARK);
    }
}


static void
violet_cart_server_take(violet_cart_server_t *server,
    violet_cart_server_answer_t *answer)
{
    int64_t  until;

    /* another worker has heard of a newer one meanwhile */

    if (violet_cart_server_is(answer->mark, server->before)) {
        return;
    }

    if (!violet_cart_server_is(answer->mark, server->mark)) {
        memcpy(server->before, server->mark, VIOLET_SERVER_MARK);
        memcpy(server->mark, answer->mark, VIOLET_SERVER_MARK);
    }

    until = violet_cart_server_until(answer);

    if (server->lost < until) {
        server->lost = until;
    }

    if (server->seen <= answer->now
        || server->seen <= until + VIOLET_SERVER_SAME)
    {
        memset(server->next, 0, VIOLET_SERVER_MARK);
        return;
    }

    /* this host has seen a loss of which the mark says nothing */

    if (answer->there < 0) {
        return;
    }

    if (server->next[0] == '\0') {
        violet_cart_server_mark(server->next, answer->random,
                                answer->there + server->seen - answer->now
                                - VIOLET_RECORD_KEEP);
    }

    answer->tell = 1;
}


/* Until when a read comes first, as the mark says. */

static int64_t
violet_cart_server_until(const violet_cart_server_answer_t *answer)
{
    int      digit;
    int64_t  at, left;
    size_t   i;

    if (answer->mark[0] != VIOLET_SERVER_LOSS || answer->there < 0) {
        return answer->now;
    }

    at = 0;

    for (i = 1; i <= VIOLET_SERVER_TIME; i++) {
        digit = violet_text_hex((char) answer->mark[i]);

        if (digit < 0) {
            return answer->now;
        }

        at = at * 16 + digit;
    }

    left = at * 1000 - answer->there + VIOLET_RECORD_KEEP;

    return answer->now + (left < VIOLET_RECORD_KEEP ? left
                                                    : VIOLET_RECORD_KEEP);
}


void
violet_cart_server_mark(unsigned char *mark, const unsigned char *random,
    int64_t at)
{
    size_t  i;

    static const char  digits[] = "0123456789abcdef";

    memmove(mark, random, VIOLET_SERVER_MARK);

    at /= 1000;

    mark[0] = VIOLET_SERVER_LOSS;

    for (i = VIOLET_SERVER_TIME; i > 0; i--) {
        mark[i] = (unsigned char) digits[at & 15];
        at >>= 4;
    }
}


/* No mark begins with a NUL, so no mark is one that is not known. */

static int
violet_cart_server_is(const unsigned char *one, const unsigned char *other)
{
    return memcmp(one, other, VIOLET_SERVER_MARK) == 0;
}

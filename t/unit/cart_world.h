
/*
 * The world of test_cart_histories.c: two hosts and their memory, Redis, and
 * the submits of one cart.  All of it is in one variable, and time passes when
 * the test says so.
 */

#ifndef VIOLET_TEST_CART_WORLD_H
#define VIOLET_TEST_CART_WORLD_H


#include <stdint.h>
#include <string.h>

#include "violet_cart_guard.h"


#define HOSTS      2
#define SUBMITS    10
#define HISTORIES  34000
#define STEPS      160

/* ms: by then Violet has ordered, or never does */
#define WORKING    50000

#define SETTLE     60000


typedef struct {
    violet_cart_record_t  record;        /* as it was written */
    int64_t               at;
    int                   owed;
    int                   own;
} slot_t;


typedef enum {
    IDLE = 0,
    ASKING,             /* Redis, for the decision */
    READING,
    SENT,
    TELLING,            /* Redis, that it goes on or has ended */
    OVER
} phase_t;


typedef struct {
    violet_cart_guard_t   guard;
    violet_cart_host_t    host;
    int                   where;         /* the host */
    phase_t               phase;
    int                   ran;           /* Redis has run the command */
    int                   teller;
    int64_t               asked;         /* when Redis was asked, or Violet */
    int                   unheard;       /* sent without Redis */
    int                   untold[HOSTS]; /* owed when Redis was asked */
    int                   asked_no;      /* number of the step of that */
    int                   sent_no;       /* and of the sending */
    violet_cart_redis_reply_t  reply;

    int                   sent;
    int                   ended;         /* the gateway has its answer */
    int                   cleared;       /* nothing was ordered: an answer
                                            says so, or a read */
    int64_t               sent_at;
    int64_t               orders_at;     /* 0: never */
    int                   ordered;
} submit_t;


static struct {
    uint64_t              seed;
    int64_t               now;
    int                   step;
    int                   redis;         /* there is one */
    int                   faults;
    int                   hosts;

    slot_t                memory[HOSTS];
    slot_t                store;         /* Redis */
    slot_t                old;           /* a snapshot */
    int                   lost[HOSTS];
    submit_t              submits[SUBMITS];
    int                   n;

    int                   again;         /* somebody wanted it */
    int                   unheard;       /* sent without Redis */
    int                   untold[HOSTS]; /* owed when Redis was asked */
    int                   asked_no;      /* number of the step of that */
    int                   sent_no;       /* and of the sending */
    int                   trace;
} world;


static unsigned long  counts[8];


static uint32_t
any(uint32_t n)
{
    world.seed ^= world.seed << 13;
    world.seed ^= world.seed >> 7;
    world.seed ^= world.seed << 17;

    return (uint32_t) (world.seed >> 20) % n;
}


static uint32_t
host_random(void *data)
{
    (void) data;

    return any(0x7fffffff);
}


static void
slot_read(slot_t *slot, violet_cart_record_t *record)
{
    *record = slot->record;

    if (record->state != VIOLET_RECORD_NONE) {
        violet_cart_record_pass(record, world.now - slot->at);
    }
}


static void
host_load(void *data, violet_cart_held_t *held)
{
    slot_t  *slot;

    slot = &world.memory[((submit_t *) data)->where];

    slot_read(slot, &held->record);
    held->owed = slot->owed;
    held->own = slot->own;
}


static violet_cart_host_store_t
host_store(void *data, const violet_cart_record_t *expected,
    const violet_cart_held_t *held)
{
    slot_t  *slot;

    slot = &world.memory[((submit_t *) data)->where];

    if (slot->record.state == VIOLET_RECORD_NONE
        ? expected->state != VIOLET_RECORD_NONE
        : expected->state == VIOLET_RECORD_NONE
          || !violet_cart_record_same(&slot->record, expected))
    {
        return VIOLET_HOST_CHANGED;
    }

    slot->record = held->record;
    slot->at = world.now;
    slot->owed = held->owed;
    slot->own = held->own;

    return VIOLET_HOST_STORED;
}


static void
host_shared(void *data, const violet_cart_record_t *record)
{
    slot_t  *slot;

    slot = &world.memory[((submit_t *) data)->where];

    if (slot->record.state != VIOLET_RECORD_NONE
        && violet_cart_record_same(&slot->record, record))
    {
        slot->owed = 0;
    }
}


/* The script: compares and swaps.  The text is what is kept. */

static void
redis_run(submit_t *s)
{
    int                     i;
    char                    text[VIOLET_RECORD_TEXT];
    size_t                  len;
    slot_t                 *slot;
    violet_cart_version_t  *expected;

    for (i = 0; i < HOSTS; i++) {
        s->untold[i] = world.memory[i].owed;
    }

    s->asked_no = world.step;

    slot = &world.store;
    expected = &s->guard.expected;

    memset(&s->reply, 0, sizeof(s->reply));

    s->reply.status = VIOLET_REDIS_KEPT;
    s->reply.lost = world.lost[s->where];

    if (s->guard.writes
        && (expected->kind == VIOLET_VERSION_NONE
            ? slot->record.state == VIOLET_RECORD_NONE
            : slot->record.state != VIOLET_RECORD_NONE
              && slot->record.seq == expected->seq
              && slot->record.stamp == expected->stamp))
    {
        len = violet_cart_record_print(&s->guard.write, 1, text);
        assert_int_equal(violet_cart_record_parse(&slot->record, 1, text,
                                                  len), 0);
        assert_memory_equal(&slot->record, &s->guard.write,
                            sizeof(violet_cart_record_t));

        slot->at = world.now;
        s->reply.status = VIOLET_REDIS_WRITTEN;
        return;
    }

    slot_read(slot, &s->reply.record);

    if (slot->record.state != VIOLET_RECORD_NONE) {
        s->reply.version.kind = VIOLET_VERSION_RECORD;
        s->reply.version.seq = slot->record.seq;
        s->reply.version.stamp = slot->record.stamp;
    }
}


/* Redis is emptied, or says what was before. */

static void
lose(void)
{
    int  i;

    if (any(2)) {
        memset(&world.store, 0, sizeof(world.store));
        counts[5]++;

    } else {
        world.store = world.old;
        counts[6]++;
    }

    /* each host hears of it by the first answer, and owes everything */

    for (i = 0; i < world.hosts; i++) {
        world.lost[i] = 1;
        world.memory[i].owed = 1;
    }

    for (i = 0; i < world.n; i++) {

        /* commands that were under way are answered by nobody */

        if ((world.submits[i].phase == ASKING
             || world.submits[i].phase == TELLING))
        {
            memset(&world.submits[i].reply, 0,
                   sizeof(violet_cart_redis_reply_t));
            world.submits[i].reply.status = VIOLET_REDIS_AWAY;
            world.submits[i].ran = 1;
        }
    }
}


#endif /* VIOLET_TEST_CART_WORLD_H */

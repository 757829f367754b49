
/*
 * The world of test_cart_histories.c: two hosts with two workers each and their
 * memory, Redis with its mark, and the submits of one cart, or of one
 * Idempotency-Key.  All of it is in one variable, and time passes when the test
 * says so.
 */

#ifndef VIOLET_TEST_CART_WORLD_H
#define VIOLET_TEST_CART_WORLD_H


#include <stdint.h>
#include <string.h>

#include "violet_cart_guard.h"
#include "violet_cart_server.h"


#define HOSTS      2
#define WORKERS    2
#define SUBMITS    10
#define HISTORIES  34000
#define STEPS      160

/* commands that Redis may run after their time */
#define LATE       8

/* ms: by then Violet has ordered, or never does */
#define WORKING    50000

#define SETTLE     60000

/* ms in which hosts tell Redis what it has lost */
#define FRESH      30000

/* ms after which each worker has looked for the mark */
#define LOOK       1000

/* ms since the epoch by Redis's clock, when the history begins */
#define THERE      INT64_C(1700000000000)


typedef struct {
    violet_cart_record_t  record;        /* as it was written */
    int64_t               at;
    int                   unsaved;
    int                   own;
    int                   undecided;
    uint32_t              epoch;
} slot_t;


/* what a worker knows of Redis */

typedef struct {
    unsigned char         mark[VIOLET_SERVER_MARK];
    uint32_t              epoch;
    int64_t               lost;
    int                   run;           /* of Redis; 0: not asked yet */
    int                   owes;
} worker_t;


/* a command that nobody waits for any more */

typedef struct {
    violet_cart_version_t  expected;
    violet_cart_record_t   write;
    int                    replaces;
} late_t;


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
    int                   worker;
    phase_t               phase;
    int                   ran;           /* Redis has run the command */
    int                   teller;
    int64_t               asked;         /* when Redis was asked, or Violet */
    int                   unheard;       /* sent without Redis */
    int                   untold[HOSTS]; /* unsaved when it was asked */
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
    int                   refuse;        /* without Redis nothing is sent */
    int                   hosts;
    int                   key;           /* it is a POST orders */
    int                   full;          /* memory has no room now and then */

    slot_t                memory[HOSTS];
    slot_t                store;         /* Redis */
    slot_t                old;           /* a snapshot */
    unsigned char         mark[VIOLET_SERVER_MARK];     /* NULs: none */
    unsigned char         old_mark[VIOLET_SERVER_MARK];
    int                   run;           /* how often it was started */
    violet_cart_server_t  servers[HOSTS];
    worker_t              workers[HOSTS][WORKERS];
    late_t                late[LATE];
    int                   nlate;
    submit_t              submits[SUBMITS];
    int                   n;

    int                   again;         /* somebody wanted it */
    int                   unheard;       /* sent without Redis */
    int                   trace;
} world;


static unsigned long  counts[16];


static uint32_t
any(uint32_t n)
{
    world.seed ^= world.seed << 13;
    world.seed ^= world.seed >> 7;
    world.seed ^= world.seed << 17;

    return (uint32_t) (world.seed >> 20) % n;
}


static int
ordered(int who)
{
    int  i, n;

    n = 0;

    for (i = 0; i < world.n; i++) {
        n += i != who && world.submits[i].ordered;
    }

    return n;
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


static worker_t *
worker_of(submit_t *s)
{
    return &world.workers[s->where][s->worker];
}


static void
host_load(void *data, violet_cart_held_t *held)
{
    slot_t  *slot;

    slot = &world.memory[((submit_t *) data)->where];

    slot_read(slot, &held->record);
    held->unsaved = slot->unsaved || slot->epoch != worker_of(data)->epoch;
    held->own = slot->own;
    held->undecided = slot->undecided;
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

    if (world.full && slot->record.state == VIOLET_RECORD_NONE && any(3)) {
        return VIOLET_HOST_FULL;
    }

    slot->epoch = worker_of(data)->epoch;
    slot->record = held->record;
    slot->at = world.now;
    slot->unsaved = held->unsaved;
    slot->own = held->own;
    slot->undecided = held->undecided;

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
        slot->unsaved = 0;
        slot->undecided = 0;
        slot->epoch = worker_of(data)->epoch;
    }
}


static void
host_set(submit_t *s)
{
    s->host.data = s;
    s->host.load = host_load;
    s->host.store = host_store;
    s->host.shared = host_shared;
    s->host.random = host_random;
    s->guard.host = &s->host;
}


static int
redis_has(const violet_cart_version_t *expected)
{
    slot_t  *slot;

    slot = &world.store;

    return expected->kind == VIOLET_VERSION_NONE
           ? slot->record.state == VIOLET_RECORD_NONE
           : slot->record.state != VIOLET_RECORD_NONE
             && slot->record.seq == expected->seq
             && slot->record.stamp == expected->stamp;
}


/* The script and SET: compare and swap, or swap.  The text is what is kept. */

static int
redis_swap(const violet_cart_version_t *expected,
    const violet_cart_record_t *write, int replaces)
{
    char     text[VIOLET_RECORD_TEXT];
    size_t   len;
    slot_t  *slot;

    slot = &world.store;

    if (!replaces && !redis_has(expected)) {
        return 0;
    }

    len = violet_cart_record_print(write, 1, text);
    assert_int_equal(violet_cart_record_parse(&slot->record, 1, text, len), 0);
    assert_memory_equal(&slot->record, write, sizeof(violet_cart_record_t));

    slot->at = world.now;

    return 1;
}


/* The worker asks Redis which one it is. */

static void
worker_ask(submit_t *s)
{
    char                         random[VIOLET_SERVER_MARK + 1];
    char                         run_id[VIOLET_SERVER_RUN_ID + 1];
    worker_t                    *worker;
    violet_cart_server_t        *server;
    violet_cart_server_answer_t  answer;

    worker = worker_of(s);
    server = &world.servers[s->where];

    (void) snprintf(random, sizeof(random), "%08x%08x", any(0x7fffffff),
                    any(0x7fffffff));
    (void) snprintf(run_id, sizeof(run_id), "%040d", world.run);

    if (world.mark[0] == '\0') {
        memcpy(world.mark, random, VIOLET_SERVER_MARK);

        if (worker->mark[0] != '\0') {
            violet_cart_server_mark(world.mark, world.mark, THERE + world.now);
        }
    }

    memset(&answer, 0, sizeof(answer));

    answer.run_id = (unsigned char *) run_id;
    answer.mark = world.mark;
    answer.random = (unsigned char *) random;
    answer.now = world.now;
    answer.there = THERE + world.now;
    answer.again = worker->run != 0;

    violet_cart_server_heard(server, &answer);

    worker->run = world.run;
    worker->epoch = server->epoch;
    worker->lost = server->lost;
    worker->owes = answer.tell;
    memcpy(worker->mark, server->mark, VIOLET_SERVER_MARK);

    counts[10] += answer.changed;

    if (answer.tell && any(4)) {
        memcpy(world.mark, server->next, VIOLET_SERVER_MARK);
    }
}


/* Each worker does so once a second, if it is not busy. */

static void
worker_look(submit_t *s)
{
    worker_t  *worker;

    worker = worker_of(s);

    if (worker->run != world.run || worker->owes
        || memcmp(worker->mark, world.mark, VIOLET_SERVER_MARK) != 0)
    {
        worker_ask(s);
    }
}


static void
redis_run(submit_t *s)
{
    int        i, unmarked;
    slot_t    *slot;
    worker_t  *worker;

    worker = worker_of(s);
    unmarked = 0;

    if (worker->run != world.run) {
        worker_ask(s);
    }

    for (i = 0; i < HOSTS; i++) {
        s->untold[i] = world.memory[i].unsaved
                       || world.memory[i].epoch != world.servers[i].epoch;
    }

    s->asked_no = world.step;

    slot = &world.store;

    memset(&s->reply, 0, sizeof(s->reply));

    s->reply.status = VIOLET_REDIS_KEPT;

    /* the mark is asked for behind a claim that expects no record */

    if (s->guard.writes && s->guard.phase == VIOLET_PHASE_CLAIM
        && s->guard.expected.kind == VIOLET_VERSION_NONE)
    {
        unmarked = memcmp(worker->mark, world.mark, VIOLET_SERVER_MARK) != 0;
        counts[11] += unmarked;
    }

    s->reply.lost = unmarked || worker->lost > world.now;
    s->reply.fresh = unmarked
                     || worker->lost > world.now + VIOLET_RECORD_KEEP - FRESH;

    /* the next command comes after the question what that means */

    if (unmarked) {
        worker_ask(s);
    }

    if (s->guard.writes && s->guard.replaces) {
        s->reply.status = VIOLET_REDIS_WRITTEN;

        if (slot->record.state != VIOLET_RECORD_NONE
            && !redis_has(&s->guard.expected))
        {
            s->reply.status = VIOLET_REDIS_REPLACED;
            s->reply.record = slot->record;
            s->reply.version.kind = VIOLET_VERSION_RECORD;
            s->reply.version.seq = s->guard.write.seq;
            s->reply.version.stamp = s->guard.write.stamp;

            counts[9]++;
        }

        redis_swap(&s->guard.expected, &s->guard.write, 1);
        return;
    }

    if (s->guard.writes
        && redis_swap(&s->guard.expected, &s->guard.write, 0))
    {
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


/* The time of a command is over, and Redis has not run it: never, or later. */

static void
redis_miss(submit_t *s)
{
    late_t  *late;

    memset(&s->reply, 0, sizeof(s->reply));
    s->reply.status = VIOLET_REDIS_AWAY;

    if (s->guard.writes && world.nlate < LATE && any(2)) {
        late = &world.late[world.nlate++];
        late->expected = s->guard.expected;
        late->write = s->guard.write;
        late->replaces = s->guard.replaces;
    }
}


static void
redis_run_late(void)
{
    late_t  *late;

    if (world.nlate) {
        late = &world.late[any((uint32_t) world.nlate)];

        counts[8] += redis_swap(&late->expected, &late->write,
                                late->replaces);

        *late = world.late[--world.nlate];
    }
}


/* Redis is emptied, or started again with nothing or with what was before. */

static void
lose(void)
{
    int  i;

    if (any(2)) {
        memset(&world.store, 0, sizeof(world.store));
        memset(world.mark, 0, sizeof(world.mark));
        counts[5]++;

        if (any(2)) {
            return;
        }

    } else {
        world.store = world.old;
        memcpy(world.mark, world.old_mark, VIOLET_SERVER_MARK);
        counts[6]++;
    }

    world.run++;

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


/*
 * Histories of one cart, or of one Idempotency-Key, at random: submits at two
 * hosts, over memory, over Redis, and over both with a Redis that does not
 * answer, answers late, runs a command after its time, is emptied, started
 * again or falls behind; workers that die; a memory without room; a Violet that
 * loses answers and takes its time.  The guard is the true one, and so is what
 * a host knows of its Redis; keepers and Violet are models.
 *
 * No submit is sent while another one may have ordered, unless somebody wants
 * it ("again") or a read has shown that the cart is not submitted.  And while
 * Redis is heard, a cart is ordered once.  With without_redis=refuse nothing is
 * sent without Redis.  At the end Redis has what the hosts know.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cart_submits.h"


/* Tells Redis what it lacks: all of a guard but its end is not used. */

static void
tell(void)
{
    submit_t  *s;

    if (world.n == SUBMITS || !world.redis) {
        return;
    }

    s = &world.submits[world.n++];

    s->where = (int) any((uint32_t) world.hosts);
    s->worker = (int) any(WORKERS);
    host_set(s);

    s->guard.redis = 1;
    s->guard.ask.body = s->guard.body;
    s->teller = 1;
    s->asked = world.now;

    s->phase = violet_cart_guard_tell(&s->guard) == VIOLET_GUARD_REDIS
               ? TELLING : OVER;

    if (s->phase == OVER) {
        memset(s, 0, sizeof(*s));
        world.n--;
    }
}


/* Time passes; who is in flight says so. */

static void
pass(int64_t ms)
{
    int        i;
    submit_t  *s, looker;

    world.now += ms;

    for (i = 0; world.redis && ms >= LOOK && i < world.hosts * WORKERS; i++) {
        looker.where = i % world.hosts;
        looker.worker = i / world.hosts;
        worker_look(&looker);
    }

    for (i = 0; i < world.n; i++) {
        s = &world.submits[i];

        if (s->orders_at && s->orders_at <= world.now && !s->ordered) {
            s->ordered = 1;

            if (ordered(i) && !world.again && !world.unheard) {
                fail_msg("submit %d has ordered a second time", i);
            }
        }

        /* a command takes 2 s at most, a read 10 s */

        if ((s->phase == ASKING || s->phase == TELLING)
            && world.now > s->asked + 2000)
        {
            if (!s->ran && world.faults && any(2)) {
                redis_miss(s);

            } else if (!s->ran) {
                redis_run(s);
            }

            if (world.faults) {
                memset(&s->reply, 0, sizeof(s->reply));
                s->reply.status = VIOLET_REDIS_AWAY;
            }

            s->ran = 1;
            s->asked = world.now;
            submit_redis(s);
        }

        if (s->phase == READING && world.now > s->asked + 10000) {
            submit_lost_read(s);
        }

        if (s->phase == SENT && world.now > s->sent_at + WORKING) {
            submit_end(s);
            continue;
        }

        if (s->phase == SENT
            && violet_cart_guard_renew(&s->guard) == VIOLET_GUARD_REDIS)
        {
            s->phase = TELLING;
            s->asked = world.now;
            s->ran = 0;
        }
    }
}


/* The next event of a submit. */

static void
submit_event(submit_t *s)
{
    switch (s->phase) {

    case ASKING:
    case TELLING:

        /* a worker dies */

        if (any(60) == 0) {
            s->phase = OVER;
            counts[7]++;
            return;
        }

        submit_redis(s);
        return;

    case READING:

        if (any(30) == 0) {
            s->phase = OVER;
            counts[7]++;
            return;
        }

        submit_read(s);
        return;

    case SENT:

        if (any(12) == 0) {
            s->phase = OVER;
            counts[7]++;

        } else if (any(3) == 0) {
            submit_end(s);
        }

        return;

    default:
        return;
    }
}


static void
history_step(void)
{
    submit_t  looker;

    switch (any(15)) {

    case 0:
    case 1:

        if (world.n < SUBMITS) {
            submit_start();
        }

        return;

    case 2:
        pass(any(5) ? any(2000) : any(10000));
        return;

    case 3:

        if (any(3) == 0) {

            /* long, with no submit in flight on a host that lives */

            int  i;

            for (i = 0; i < 12; i++) {
                pass(any(9000));
            }
        }

        return;

    case 4:
        tell();
        return;

    case 5:

        if (world.faults && any(20) == 0) {
            lose();

        } else if (any(3) == 0) {
            world.old = world.store;
            memcpy(world.old_mark, world.mark, VIOLET_SERVER_MARK);
        }

        return;

    case 6:
        redis_run_late();
        return;

    case 7:

        if (world.redis) {
            looker.where = (int) any((uint32_t) world.hosts);
            looker.worker = (int) any(WORKERS);
            worker_look(&looker);
        }

        return;

    default:
        break;
    }

    if (world.n == 0) {
        return;
    }

    submit_event(&world.submits[any((uint32_t) world.n)]);
}


/* Nothing fails any more: what is under way ends, and Redis is told. */

static void
finish(void)
{
    int                  i, n;
    submit_t             s;
    violet_cart_step_t   step;

    world.faults = 0;
    world.full = 0;

    for (n = 0; n < 1000; n++) {
        for (i = 0; i < world.n && world.submits[i].phase == OVER; i++) {
            /* void */
        }

        if (i == world.n) {
            break;
        }

        switch (world.submits[i].phase) {

        case SENT:
            submit_end(&world.submits[i]);
            break;

        case READING:
            submit_lost_read(&world.submits[i]);
            break;

        default:
            submit_redis(&world.submits[i]);
        }
    }

    assert_true(n < 1000);

    for (n = 0; n < 8 * HOSTS * WORKERS; n++) {
        memset(&s, 0, sizeof(s));

        s.where = n % world.hosts;
        s.worker = n / world.hosts % WORKERS;
        worker_look(&s);

        host_set(&s);
        s.guard.redis = 1;
        s.guard.ask.body = s.guard.body;

        step = violet_cart_guard_tell(&s.guard);

        while (step == VIOLET_GUARD_REDIS) {
            redis_run(&s);
            step = violet_cart_guard_told(&s.guard, &s.reply);
        }
    }
}


static void
check_finish(void)
{
    int                   i;
    slot_t               *slot;
    violet_cart_record_t  record, redis;

    slot_read(&world.store, &redis);

    for (i = 0; i < world.hosts; i++) {
        slot = &world.memory[i];
        slot_read(slot, &record);

        /* nobody may send a claim that was not decided on, nor tells it */

        if (record.state == VIOLET_RECORD_NONE
            || (slot->undecided
                && slot->record.state == VIOLET_RECORD_IN_FLIGHT))
        {
            continue;
        }

        if (redis.state == VIOLET_RECORD_NONE
            || (violet_cart_record_ordered(&record)
                && !violet_cart_record_ordered(&redis)))
        {
            fail_msg("Redis does not know what host %d knows: %s, %s", i,
                     violet_cart_record_name(redis.state),
                     violet_cart_record_name(record.state));
        }
    }
}


static void
histories(int hosts, int redis, int faults, uint64_t seed)
{
    int       i, j;
    submit_t  starter;

    for (i = 0; i < HISTORIES; i++) {
        memset(&world, 0, sizeof(world));

        world.seed = (seed + (uint64_t) i) * 0x9e3779b97f4a7c15u + 1;
        world.hosts = hosts;
        world.redis = redis;
        world.faults = faults;
        world.refuse = faults && i % 8 == 0;
        world.key = i % 3 == 0;
        world.full = i % 5 == 0;
        world.run = 1;

        /* each worker asks when it starts */

        for (j = 0; redis && j < hosts * WORKERS; j++) {
            starter.where = j % hosts;
            starter.worker = j / hosts;
            worker_ask(&starter);
        }

        for (j = 0; j < STEPS; j++) {
            world.step++;
            history_step();
        }

        if (redis) {
            finish();
            check_finish();
        }
    }
}


static void
report(const char *what)
{
    print_message("%s: %lu sent, %lu of them \"again\", %lu without Redis, "
                  "%lu after a read; %lu refused, Redis emptied %lu times, "
                  "behind %lu times, %lu workers dead, %lu claims and ends "
                  "run late, %lu orders written over another record, %lu "
                  "losses seen, %lu by a claim, %lu claims without memory "
                  "taken back\n",
                  what, counts[0], counts[1], counts[2], counts[3],
                  counts[4], counts[5], counts[6], counts[7], counts[8],
                  counts[9], counts[10], counts[11], counts[12]);

    assert_true(counts[0] > HISTORIES);
    assert_true(counts[3] > HISTORIES / 100);

    memset(counts, 0, sizeof(counts));
}


static void
test_memory(void **state)
{
    (void) state;

    histories(1, 0, 0, 1);
    report("memory");
}


static void
test_redis(void **state)
{
    (void) state;

    histories(HOSTS, 1, 0, 1000000);
    report("Redis");
}


static void
test_faults(void **state)
{
    (void) state;

    histories(HOSTS, 1, 1, 2000000);
    report("Redis that fails");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_redis),
        cmocka_unit_test(test_faults)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

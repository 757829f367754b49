
/*
 * Histories of one cart, at random: submits at two hosts, over memory, over
 * Redis, and over both with a Redis that does not answer, answers late, is
 * emptied or falls behind; workers that die; a Violet that loses answers and
 * takes its time.  The guard is the true one; keepers and Violet are models.
 *
 * No submit is sent while another one may have ordered, unless somebody wants
 * it ("again") or a read has shown that the cart is not submitted.  And while
 * Redis is heard, a cart is ordered once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cart_world.h"


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


/* What has happened so far that p must not ignore. */

static void
check_send(submit_t *p)
{
    int        i;
    submit_t  *s;

    if (p->guard.ask.unshared && world.redis) {
        world.unheard = 1;
        p->unheard = 1;
        counts[2]++;
    }

    if (p->guard.decision.again || p->guard.record.flags
                                   & VIOLET_RECORD_DOUBTED)
    {
        world.again = 1;
        counts[1]++;
        return;
    }

    if (p->guard.shown.state == VIOLET_READ_ORDER
        && (p->guard.shown.seen & VIOLET_SEEN_OPEN))
    {
        counts[3]++;

        for (i = 0; i < world.n; i++) {
            world.submits[i].cleared = 1;
        }

        p->cleared = 0;

        return;
    }

    for (i = 0; i < world.n; i++) {
        s = &world.submits[i];

        /* sent without Redis at another host, and not told to it by then */

        if (s->unheard && s->where != p->where
            && (p->untold[s->where] || s->sent_no > p->asked_no))
        {
            continue;
        }

        if (s != p && s->sent && !s->cleared) {
            world.trace = 1;
            fail_msg("submit %d is sent although %d may have ordered",
                     (int) (p - world.submits), i);
        }
    }
}


static void
submit_step(submit_t *s, violet_cart_step_t step)
{
    switch (step) {

    case VIOLET_GUARD_REDIS:
        s->phase = ASKING;
        s->asked = world.now;
        s->ran = 0;
        return;

    case VIOLET_GUARD_READ:
        s->phase = READING;
        s->asked = world.now;
        return;

    case VIOLET_GUARD_SEND:
        check_send(s);

        s->phase = SENT;
        s->sent = 1;
        s->sent_no = world.step;
        s->sent_at = world.now;
        counts[0]++;

        /* half of them order, at some time */

        if (any(2)) {
            s->orders_at = world.now + 1 + any(WORKING - 1);
        }

        return;

    default: /* VIOLET_GUARD_ANSWER */
        s->phase = OVER;
        counts[4]++;
    }
}


static void
submit_start(void)
{
    submit_t  *s;

    s = &world.submits[world.n++];

    s->where = (int) any((uint32_t) world.hosts);
    s->host.data = s;
    s->host.load = host_load;
    s->host.store = host_store;
    s->host.shared = host_shared;
    s->host.random = host_random;

    s->guard.host = &s->host;
    s->guard.redis = world.redis;
    s->guard.sent = 1700000000000 + world.now;
    s->guard.ask.settle = SETTLE;
    s->guard.ask.body = s->guard.body;
    s->guard.ask.again = any(20) == 0;
    s->guard.ask.question = any(12) == 0;
    memset(s->guard.token, world.n, VIOLET_RECORD_DIGEST);

    submit_step(s, violet_cart_guard_start(&s->guard));
}


static void
submit_read(submit_t *s)
{
    int                  i, working;
    violet_cart_shown_t  shown;

    memset(&shown, 0, sizeof(shown));

    shown.state = VIOLET_READ_FAILED;

    if (any(6)) {
        shown.state = VIOLET_READ_ORDER;
        shown.outcome = VIOLET_CART_PENDING;
        shown.seen = VIOLET_SEEN_OPEN;
        working = 0;

        for (i = 0; i < world.n; i++) {
            working += world.submits[i].orders_at > world.now;
        }

        if (ordered(-1)) {
            shown.outcome = VIOLET_CART_COMPLETED;
            shown.seen = VIOLET_SEEN_MADE;

        } else if (working && any(3) == 0) {
            shown.seen = VIOLET_SEEN_SUBMITTED;
        }
    }

    submit_step(s, violet_cart_guard_read(&s->guard, &shown,
                                          world.now - s->asked));
}


/* The answer of Violet, which may be lost. */

static void
submit_end(submit_t *s)
{
    int                 doubted;
    violet_cart_end_t   end;
    violet_cart_step_t  step;

    memset(&end, 0, sizeof(end));
    memcpy(end.token, s->guard.token, VIOLET_RECORD_DIGEST);

    end.sent = s->guard.sent;
    end.outcome = VIOLET_CART_UNKNOWN;

    if (any(3)) {

        if (s->ordered) {
            end.outcome = VIOLET_CART_COMPLETED;
            end.seen = VIOLET_SEEN_MADE;

        } else if (s->orders_at == 0) {
            end.outcome = VIOLET_CART_FAILED;
            s->cleared = 1;

        } else {
            end.outcome = VIOLET_CART_PENDING;
            end.seen = any(2) ? VIOLET_SEEN_SUBMITTED : 0;
        }
    }

    s->ended = 1;

    step = violet_cart_guard_settle(&s->guard, &end, &doubted);

    s->phase = step == VIOLET_GUARD_REDIS ? TELLING : OVER;
    s->asked = world.now;
    s->ran = 0;
}


static void
submit_lost_read(submit_t *s)
{
    violet_cart_shown_t  shown;

    memset(&shown, 0, sizeof(shown));

    shown.state = VIOLET_READ_FAILED;

    submit_step(s, violet_cart_guard_read(&s->guard, &shown, 10000));
}


static void
submit_redis(submit_t *s)
{
    int                 telling;
    violet_cart_step_t  step;

    telling = s->phase == TELLING || s->teller;

    if (!s->ran) {

        /* never sent, or the answer is waited for in vain */

        if (world.faults && any(4) == 0) {
            memset(&s->reply, 0, sizeof(s->reply));
            s->reply.status = VIOLET_REDIS_AWAY;

        } else {
            redis_run(s);
        }

        s->ran = 1;
        return;
    }

    if (world.faults && any(8) == 0) {
        memset(&s->reply, 0, sizeof(s->reply));
        s->reply.status = VIOLET_REDIS_AWAY;
    }

    if (telling) {
        step = violet_cart_guard_told(&s->guard, &s->reply);

        s->ran = 0;
        s->asked = world.now;

        if (step != VIOLET_GUARD_REDIS) {
            s->phase = s->sent && !s->ended ? SENT : OVER;
            s->teller = 0;
        }

        return;
    }

    /* the caller may have left meanwhile */

    if (any(30) == 0) {
        step = violet_cart_guard_redis(&s->guard, &s->reply,
                                       world.now - s->asked);

        if (step == VIOLET_GUARD_SEND) {
            step = violet_cart_guard_cancel(&s->guard);
            s->phase = step == VIOLET_GUARD_REDIS ? TELLING : OVER;
            s->ran = 0;
            return;
        }

        violet_cart_guard_leave(&s->guard);
        s->phase = OVER;
        return;
    }

    submit_step(s, violet_cart_guard_redis(&s->guard, &s->reply,
                                           world.now - s->asked));
}


/* Tells Redis what a host owes it: all of a guard but its end is not used. */

static void
tell(void)
{
    submit_t  *s;

    if (world.n == SUBMITS || !world.redis) {
        return;
    }

    s = &world.submits[world.n++];

    s->where = (int) any((uint32_t) world.hosts);
    s->host.data = s;
    s->host.load = host_load;
    s->host.store = host_store;
    s->host.shared = host_shared;
    s->host.random = host_random;
    s->guard.host = &s->host;
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
    submit_t  *s;

    world.now += ms;

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
            if (!s->ran && (!world.faults || any(2))) {
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


static void
history_step(void)
{
    submit_t  *s;

    switch (any(12)) {

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
        }

        return;

    default:
        break;
    }

    if (world.n == 0) {
        return;
    }

    s = &world.submits[any((uint32_t) world.n)];

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
histories(int hosts, int redis, int faults, uint64_t seed)
{
    int       i, j;

    for (i = 0; i < HISTORIES; i++) {
        memset(&world, 0, sizeof(world));

        world.seed = (seed + (uint64_t) i) * 0x9e3779b97f4a7c15u + 1;
        world.hosts = hosts;
        world.redis = redis;
        world.faults = faults;

        for (j = 0; j < STEPS; j++) {
            world.step++;
            history_step();
        }
    }
}


static void
report(const char *what)
{
    print_message("%s: %lu sent, %lu of them \"again\", %lu without Redis, "
                  "%lu after a read; %lu refused, Redis emptied %lu times, "
                  "behind %lu times, %lu workers dead\n",
                  what, counts[0], counts[1], counts[2], counts[3],
                  counts[4], counts[5], counts[6], counts[7]);

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


/*
 * The submits of test_cart_histories.c: each of their steps, and what must be
 * true when one is sent.
 */

#ifndef VIOLET_TEST_CART_SUBMITS_H
#define VIOLET_TEST_CART_SUBMITS_H


#include "cart_world.h"


/* Fails if p is sent although an earlier submit may have ordered. */

static void
check_send(submit_t *p)
{
    int        i;
    submit_t  *s;

    if (world.refuse
        && (p->reply.status == VIOLET_REDIS_AWAY || p->reply.fresh))
    {
        fail_msg("submit %d is sent although Redis cannot guard it",
                 (int) (p - world.submits));
    }

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

    /* such an order cannot be read: host sends it after a loss, as said */

    if (world.key && p->guard.ask.unshared && !world.refuse) {
        return;
    }

    for (i = 0; i < world.n; i++) {
        s = &world.submits[i];

        /*
         * sent without Redis at another host, or without memory at this one,
         * and not told to Redis by then
         */

        if (s->unheard && (s->where != p->where || world.full)
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


static void submit_over(submit_t *s);


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
        counts[4]++;
        submit_over(s);
    }
}


/* Nothing is sent: a claim for which memory had no room is taken back. */

static void
submit_over(submit_t *s)
{
    s->phase = OVER;

    if (violet_cart_guard_withdraw(&s->guard) == VIOLET_GUARD_REDIS) {
        s->phase = TELLING;
        s->asked = world.now;
        s->ran = 0;
        counts[12]++;
    }
}


static void
submit_start(void)
{
    submit_t  *s;

    s = &world.submits[world.n++];

    s->where = (int) any((uint32_t) world.hosts);
    s->worker = (int) any(WORKERS);
    host_set(s);

    if (world.key) {
        s->guard.ask.key = 1;
        s->guard.body[0] = any(8) ? 1 : 2;
    }

    s->guard.redis = world.redis;
    s->guard.refuse = world.refuse;
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

    memcpy(end.body, s->guard.body, VIOLET_RECORD_DIGEST);

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

        if (world.key && end.outcome != VIOLET_CART_FAILED) {
            end.order_id = any(4) ? 4711 : 0;
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
            redis_miss(s);

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
        submit_over(s);
        return;
    }

    submit_step(s, violet_cart_guard_redis(&s->guard, &s->reply,
                                           world.now - s->asked));
}


#endif /* VIOLET_TEST_CART_SUBMITS_H */


/*
 * Which answers of Redis count as a loss of records, and which mark the host
 * then writes for the other hosts.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "violet_cart_record.h"
#include "violet_cart_server.h"


/* ms since the epoch of Redis's clock when the host's clock is 0 */
#define THERE  INT64_C(1700000000000)

#define ONE    "11111111111111111111111111111111111111aa"
#define TWO    "22222222222222222222222222222222222222bb"


static violet_cart_server_t         server;
static violet_cart_server_answer_t  answer;
static int64_t                      now;


static void
start(void)
{
    memset(&server, 0, sizeof(server));
    now = 1000000;
}


/* A worker hears this; 1: Redis may have lost records. */

static int
hears(const char *run_id, const char *mark)
{
    static unsigned  n;

    char  random[VIOLET_SERVER_MARK + 1];

    (void) snprintf(random, sizeof(random), "%016x", ++n);

    answer.run_id = (const unsigned char *) run_id;
    answer.mark = (const unsigned char *) mark;
    answer.random = (const unsigned char *) random;
    answer.now = now;
    answer.there = THERE + now;

    violet_cart_server_heard(&server, &answer);

    return answer.changed;
}


static void
begin(const char *mark)
{
    start();
    memset(&answer, 0, sizeof(answer));
    assert_false(hears(ONE, mark));
    assert_int_equal(server.epoch, 1);
    assert_int_equal(server.lost, now);
}


/* The mark of a loss so many ms ago. */

static const char *
loss(char *text, int64_t ago)
{
    (void) snprintf(text, VIOLET_SERVER_MARK + 1, "l%08x1234567",
                    (unsigned) ((THERE + now - ago) / 1000));

    return text;
}


static void
test_same(void **state)
{
    (void) state;

    begin("0000000000000001");

    now += 5000;
    assert_false(hears(ONE, "0000000000000001"));
    assert_false(hears(ONE, NULL));
    assert_false(hears(NULL, NULL));
    assert_false(answer.tell);
    assert_int_equal(server.epoch, 1);
    assert_true(server.lost <= now);
}


static void
test_emptied(void **state)
{
    char  text[VIOLET_SERVER_MARK + 1];

    (void) state;

    begin("0000000000000001");

    now += 5000;
    assert_true(hears(ONE, loss(text, 0)));
    assert_int_equal(server.epoch, 2);
    assert_int_equal(server.lost, now + VIOLET_RECORD_KEEP);
    assert_false(answer.tell);

    /* the other workers, and one that had asked before */

    assert_false(hears(ONE, text));
    assert_false(hears(ONE, "0000000000000001"));
    assert_false(hears(ONE, text));
    assert_memory_equal(server.mark, text, VIOLET_SERVER_MARK);
    assert_int_equal(server.epoch, 2);
}


/* The second loss has dropped the records written since the first one. */

static void
test_emptied_twice(void **state)
{
    char  first[VIOLET_SERVER_MARK + 1], second[VIOLET_SERVER_MARK + 1];

    (void) state;

    begin("0000000000000001");

    assert_true(hears(ONE, loss(first, 0)));
    now += 300;
    (void) loss(second, 0);
    second[VIOLET_SERVER_MARK - 1] = '8';
    assert_true(hears(ONE, second));
    assert_int_equal(server.epoch, 3);

    /* and if somebody wrote a mark that says nothing of it */

    now += 300;
    assert_true(hears(ONE, "0000000000000002"));
    assert_int_equal(server.epoch, 4);
    assert_true(answer.tell);

    now += 300;
    assert_true(hears(ONE, "0000000000000003"));
    assert_int_equal(server.epoch, 5);
    assert_true(answer.tell);
}


/* All workers that hear of a mark without a loss write the same one. */

static void
test_told_once(void **state)
{
    char  next[VIOLET_SERVER_MARK + 1], want[VIOLET_SERVER_MARK + 1];

    (void) state;

    begin("0000000000000001");

    assert_true(hears(ONE, "0000000000000002"));
    assert_true(answer.tell);
    memcpy(next, server.next, VIOLET_SERVER_MARK);
    assert_memory_equal(next, loss(want, 0), 9);

    now += 2000;
    assert_false(hears(ONE, "0000000000000002"));
    assert_true(answer.tell);
    assert_memory_equal(server.next, next, VIOLET_SERVER_MARK);

    next[VIOLET_SERVER_MARK] = '\0';
    assert_false(hears(ONE, next));
    assert_false(answer.tell);
    assert_int_equal(server.next[0], 0);
    assert_false(hears(ONE, "0000000000000002"));
    assert_false(answer.tell);
    assert_false(hears(ONE, next));
    assert_int_equal(server.epoch, 2);
}


/* Redis was started again with its data, but for the last of them. */

static void
test_restarted(void **state)
{
    char  text[VIOLET_SERVER_MARK + 1];

    (void) state;

    begin("0000000000000001");

    assert_true(hears(TWO, "0000000000000001"));
    assert_true(answer.tell);
    assert_int_equal(server.epoch, 2);
    assert_false(hears(TWO, "0000000000000001"));

    /* emptied before this host has written its mark */

    assert_true(hears(TWO, "0000000000000002"));
    assert_true(answer.tell);
    assert_int_equal(server.epoch, 3);

    /* a replica that was behind has the mark of before the last one */

    begin("0000000000000001");
    assert_true(hears(ONE, loss(text, 0)));
    assert_true(hears(TWO, "0000000000000001"));
    assert_memory_equal(server.mark, "0000000000000001", VIOLET_SERVER_MARK);
    assert_true(answer.tell);

    /* nobody can read its mark */

    assert_true(hears(ONE, NULL));
    assert_int_equal(server.mark[0], 0);
    assert_false(hears(ONE, "0000000000000009"));
}


/* A host that never knew another Redis hears of the loss from its mark. */

static void
test_heard_of(void **state)
{
    size_t  i;
    char    text[VIOLET_SERVER_MARK + 1];

    static const struct {
        int64_t  ago, left;
    } rows[] = {
        { 0,                            VIOLET_RECORD_KEEP },
        { 3600000,                      VIOLET_RECORD_KEEP - 3600000 },
        { -7200000,                     VIOLET_RECORD_KEEP },
        { VIOLET_RECORD_KEEP + 1000,    0 },
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        start();
        memset(&answer, 0, sizeof(answer));
        assert_false(hears(ONE, loss(text, rows[i].ago)));
        assert_false(answer.tell);

        if (rows[i].left) {
            assert_int_equal(server.lost, now + rows[i].left);

        } else {
            assert_true(server.lost <= now);
        }
    }

    begin("l000000zz1234567");
    assert_false(answer.tell);
}


/* It is told by Redis's clock: that of the host may be set meanwhile. */

static void
test_redis_clock(void **state)
{
    char  text[VIOLET_SERVER_MARK + 1];

    (void) state;

    begin("0000000000000001");
    assert_true(hears(ONE, loss(text, 0)));

    now += 3600000;
    assert_false(hears(ONE, text));
    assert_false(answer.tell);

    /* without it nothing is written that others would date wrongly */

    begin("0000000000000001");
    answer.run_id = (const unsigned char *) ONE;
    answer.mark = (const unsigned char *) "0000000000000002";
    answer.random = (const unsigned char *) "0000000000000003";
    answer.there = -1;
    violet_cart_server_heard(&server, &answer);
    assert_true(answer.changed);
    assert_false(answer.tell);
}


static void
test_leap(void **state)
{
    char  next[VIOLET_SERVER_MARK + 1];

    (void) state;

    begin("0000000000000001");

    answer.leapt = 1;
    assert_true(hears(ONE, "0000000000000001"));
    assert_true(answer.tell);

    /* another worker sees the same step; then comes another one */

    assert_false(hears(ONE, "0000000000000001"));
    memcpy(next, server.next, VIOLET_SERVER_MARK);
    next[VIOLET_SERVER_MARK] = '\0';
    assert_false(hears(ONE, next));
    now += 3600000;
    assert_true(hears(ONE, next));
    assert_int_equal(server.epoch, 3);
}


/* The first one that answers is not the first one that was there. */

static void
test_first_after_a_loss(void **state)
{
    (void) state;

    start();
    memset(&answer, 0, sizeof(answer));
    answer.again = 1;

    assert_true(hears(ONE, "0000000000000001"));
    assert_int_equal(server.lost, now + VIOLET_RECORD_KEEP);
    assert_false(answer.tell);
    assert_false(hears(ONE, "0000000000000001"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_emptied),
        cmocka_unit_test(test_emptied_twice),
        cmocka_unit_test(test_told_once),
        cmocka_unit_test(test_restarted),
        cmocka_unit_test(test_heard_of),
        cmocka_unit_test(test_redis_clock),
        cmocka_unit_test(test_leap),
        cmocka_unit_test(test_first_after_a_loss)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

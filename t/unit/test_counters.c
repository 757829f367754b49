
/*
 * Counters in memory that is handed in: places of apps, lanes, slots of
 * workers, histograms, and doubts that end.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_counters.h"
#include "violet_route.h"


#define TEST_MINUTE  60000
#define TEST_DAY     ((int64_t) 24 * 60 * TEST_MINUTE)


static long  test_dead;


static int
test_alive(long pid)
{
    return pid != test_dead;
}


static violet_counters_t *
test_create(size_t apps)
{
    void    *memory;
    size_t   size;

    size = violet_counters_size(apps);

    /* a multiple of the line's size, as C11 wants it */

    memory = aligned_alloc(VIOLET_COUNTERS_LINE, size);

    assert_non_null(memory);

    /* memory that was used before */

    memset(memory, 0x5a, size);

    assert_null(violet_counters_create(memory, size - 1, apps));

    return violet_counters_create(memory, size, apps);
}


static int
test_app(violet_counters_t *counters, const char *name)
{
    violet_text_t  text;

    text.data = name;
    text.len = strlen(name);

    return violet_counters_app(counters, text);
}


static uint64_t
test_submits(violet_counters_t *counters, int app)
{
    return violet_counters_read_app(counters, app,
                   offsetof(violet_counters_app_t,
                            submits[VIOLET_CART_UNKNOWN]));
}


static void
test_count(violet_counters_t *counters, int app, unsigned worker)
{
    violet_counters_of_t  of;

    violet_counters_of(counters, app, worker, -1, &of);

    assert_null(of.in_flight);

    violet_count(&of.counters->submits[VIOLET_CART_UNKNOWN]);
}


/* An app keeps its place and its values; one that has gone makes room. */

static void
test_places(void **state)
{
    int                 shop, mall;
    violet_counters_t  *counters;

    (void) state;

    counters = test_create(2);

    violet_counters_configure(counters);

    shop = test_app(counters, "shop");
    mall = test_app(counters, "mall");

    assert_int_not_equal(shop, mall);
    assert_int_equal(test_app(counters, "third"), -1);

    test_count(counters, shop, 0);
    test_count(counters, mall, 1);
    test_count(counters, mall, 1 + VIOLET_COUNTERS_LANES);

    violet_counters_configure(counters);

    assert_int_equal(test_app(counters, "mall"), mall);
    assert_int_equal(test_submits(counters, mall), 2);

    /* the place of "shop" is given away, emptied */

    assert_int_equal(test_app(counters, "third"), shop);
    assert_int_equal(test_submits(counters, shop), 0);
    assert_int_equal(test_app(counters, "shop"), -1);

    free(counters);
}


/* Names are compared as a whole, beyond the bytes that are kept. */

static void
test_long_names(void **state)
{
    char                one[VIOLET_COUNTERS_NAME + 9];
    char                other[VIOLET_COUNTERS_NAME + 9];
    violet_counters_t  *counters;

    (void) state;

    counters = test_create(3);

    violet_counters_configure(counters);

    memset(one, 'a', sizeof(one));
    one[sizeof(one) - 1] = '\0';

    strcpy(other, one);
    other[sizeof(other) - 2] = 'b';

    assert_int_not_equal(test_app(counters, one), test_app(counters, other));
    assert_int_equal(test_app(counters, one), test_app(counters, one));

    one[VIOLET_COUNTERS_NAME] = '\0';

    assert_int_equal(test_app(counters, one), 2);

    free(counters);
}


static void
test_copy(void **state)
{
    int                      shop;
    violet_counters_t       *old, *counters;
    violet_counters_of_t     of;
    violet_counters_host_t  *host;

    (void) state;

    old = test_create(2);

    violet_counters_configure(old);

    shop = test_app(old, "gone");
    test_count(old, shop, 0);

    shop = test_app(old, "shop");

    test_count(old, shop, 0);
    test_count(old, shop, 5);

    violet_counters_of(old, shop, 0, 0, &of);
    violet_count_end(&of.doubts->ends, TEST_DAY, 1);

    host = violet_counters_host(old, 3);
    violet_count(&host->evictions);

    counters = test_create(3);

    violet_counters_configure(counters);

    assert_int_equal(test_app(counters, "new"), 0);
    assert_int_equal(test_app(counters, "shop"), 1);

    violet_counters_copy(counters, old);

    assert_int_equal(test_submits(counters, 0), 0);
    assert_int_equal(test_submits(counters, 1), 2);
    assert_int_equal(violet_counters_read_in_doubt(counters, 1, 0), 1);
    assert_int_equal(violet_counters_read_host(counters,
                               offsetof(violet_counters_host_t, evictions)),
                     1);

    free(old);
    free(counters);
}


/* The gauges of a worker that was killed do not count, and its slot is used. */

static void
test_slots(void **state)
{
    int                    i, one, other, app;
    size_t                 flights;
    violet_counters_t     *counters;
    violet_counters_of_t   of;

    (void) state;

    counters = test_create(1);

    violet_counters_configure(counters);

    app = test_app(counters, "shop");
    flights = offsetof(violet_counters_worker_t, flights);

    test_dead = 0;

    one = violet_counters_enter(counters, 100, test_alive);
    other = violet_counters_enter(counters, 200, test_alive);

    assert_int_not_equal(one, other);

    violet_counters_of(counters, app, 0, one, &of);
    violet_gauge_add(of.in_flight, 3);
    violet_gauge_add(&violet_counters_worker(counters, one)->flights, 5);

    violet_counters_of(counters, app, 1, other, &of);
    violet_gauge_add(of.in_flight, 4);

    assert_int_equal(violet_counters_read_in_flight(counters, app,
                                                    test_alive), 7);
    assert_int_equal(violet_counters_read_workers(counters, flights,
                                                  test_alive), 5);

    test_dead = 100;

    assert_int_equal(violet_counters_read_in_flight(counters, app,
                                                    test_alive), 4);
    assert_int_equal(violet_counters_read_workers(counters, flights,
                                                  test_alive), 0);

    /* another worker takes the slot of the dead one, without its numbers */

    assert_int_equal(violet_counters_enter(counters, 300, test_alive), one);
    assert_int_equal(violet_counters_read_workers(counters, flights,
                                                  test_alive), 0);

    violet_counters_leave(counters, other);

    assert_int_equal(violet_counters_read_in_flight(counters, app,
                                                    test_alive), 0);

    for (i = 1; i < VIOLET_COUNTERS_SLOTS; i++) {
        assert_int_not_equal(violet_counters_enter(counters, 1000 + i,
                                                   test_alive), -1);
    }

    one = violet_counters_enter(counters, 5000, test_alive);

    assert_int_equal(one, -1);
    assert_null(violet_counters_worker(counters, one));

    violet_counters_leave(counters, one);

    free(counters);
}


static void
test_histograms(void **state)
{
    size_t             i;
    violet_count_ms_t  ms;
    violet_count_us_t  us;

    static const struct {
        uint64_t  value;
        unsigned  bucket;
    } table[] = {
        { 0, 0 }, { 5, 0 }, { 6, 1 }, { 10, 1 }, { 60000, 12 },
        { 60001, 13 }, { UINT64_MAX, 13 }
    };

    (void) state;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        memset(&ms, 0, sizeof(ms));

        violet_count_ms(&ms, table[i].value);

        assert_int_equal(ms.buckets[table[i].bucket], 1);
        assert_int_equal(ms.sum, (unsigned long) table[i].value);
    }

    memset(&us, 0, sizeof(us));

    violet_count_us(&us, 100);
    violet_count_us(&us, 101);
    violet_count_us(&us, 250001);

    assert_int_equal(us.buckets[0], 1);
    assert_int_equal(us.buckets[1], 1);
    assert_int_equal(us.buckets[VIOLET_COUNTERS_US], 1);
    assert_int_equal(us.sum, 250202);
}


static void
test_statuses(void **state)
{
    (void) state;

    assert_int_equal(violet_count_status(200), 0);
    assert_int_equal(violet_count_status(504), VIOLET_COUNT_STATUSES - 2);
    assert_int_equal(violet_count_status(0), VIOLET_COUNT_STATUSES - 1);
    assert_int_equal(violet_count_status(201), VIOLET_COUNT_STATUSES - 1);
    assert_int_equal(violet_count_status(99999), VIOLET_COUNT_STATUSES - 1);

    assert_int_equal(violet_count_upstream(204), VIOLET_COUNT_UPSTREAM_2XX);
    assert_int_equal(violet_count_upstream(302), VIOLET_COUNT_UPSTREAM_3XX);
    assert_int_equal(violet_count_upstream(401), VIOLET_COUNT_UPSTREAM_401);
    assert_int_equal(violet_count_upstream(429), VIOLET_COUNT_UPSTREAM_429);
    assert_int_equal(violet_count_upstream(404), VIOLET_COUNT_UPSTREAM_4XX);
    assert_int_equal(violet_count_upstream(503), VIOLET_COUNT_UPSTREAM_5XX);
    assert_int_equal(violet_count_upstream(0), VIOLET_COUNT_UPSTREAM_CUT);

    /* the routes of requests are the first ones that are counted */

    assert_int_equal(VIOLET_ROUTE_OTHER, VIOLET_COUNT_ROUTE_OTHER);
    assert_int_equal(VIOLET_ROUTE_AUTH, VIOLET_COUNT_ROUTE_AUTH);
}


/* A doubt leaves the count by itself; a flight that lapsed enters it. */

static void
test_doubts(void **state)
{
    int                    app;
    int64_t                now;
    violet_counters_t     *counters;
    violet_counters_of_t   of;

    (void) state;

    counters = test_create(1);

    violet_counters_configure(counters);

    app = test_app(counters, "shop");
    now = 1000 * TEST_DAY;

    violet_counters_of(counters, app, 0, 0, &of);

    violet_count_end(&of.doubts->ends, now + TEST_DAY, 1);
    violet_count_end(&of.doubts->ends, now + TEST_DAY, 1);
    violet_count_end(&of.doubts->ends, now + TEST_DAY / 2, 1);

    assert_int_equal(violet_counters_read_in_doubt(counters, app, now), 3);

    violet_count_end(&of.doubts->ends, now + TEST_DAY, -1);

    assert_int_equal(violet_counters_read_in_doubt(counters, app, now), 2);

    assert_int_equal(violet_counters_read_in_doubt(counters, app,
                               now + TEST_DAY / 2 + TEST_MINUTE), 1);
    assert_int_equal(violet_counters_read_in_doubt(counters, app,
                               now + TEST_DAY + TEST_MINUTE), 0);

    /* a minute is used again for a later one, and never below zero */

    violet_count_end(&of.doubts->ends, now + TEST_DAY
                     + VIOLET_COUNTERS_PERIODS * TEST_MINUTE, 1);
    violet_count_end(&of.doubts->ends, now + TEST_DAY / 2 + TEST_MINUTE, -1);
    violet_count_end(&of.doubts->ends, -1, 1);

    assert_int_equal(violet_counters_read_in_doubt(counters, app,
                               now + TEST_DAY + TEST_MINUTE), 1);

    /* a flight */

    now += 4 * TEST_DAY;

    violet_count_end(&of.doubts->lapses, now + TEST_MINUTE, 1);

    assert_int_equal(violet_counters_read_in_doubt(counters, app, now), 0);
    assert_int_equal(violet_counters_read_in_doubt(counters, app,
                               now + 2 * TEST_MINUTE), 1);

    violet_count_end(&of.doubts->lapses, now + TEST_MINUTE, -1);

    assert_int_equal(violet_counters_read_in_doubt(counters, app,
                               now + 2 * TEST_MINUTE), 0);

    free(counters);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_histograms),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_doubts)
    };

    return cmocka_run_group_tests_name("violet_counters", tests, NULL, NULL);
}

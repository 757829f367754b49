
/*
 * The texts of the metrics: whole, and the same in pieces of any size; valid
 * JSON; the same series whatever was counted; nothing of an app's name leaves
 * its quotes.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "violet_metrics.h"


typedef size_t (*test_writer_pt)(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, char *buf, size_t size);


static violet_metrics_app_t  test_apps[3];


/* A source with so many apps, whose names are hostile if "hostile". */

static void
test_source(violet_metrics_source_t *source, size_t apps, int hostile)
{
    size_t  i, j, size;

    static const char *const  names[] = {
        "shop", "mall", "a-name-that-is-longer-than-both-versions"
    };

    memset(source, 0, sizeof(violet_metrics_source_t));

    size = violet_counters_size(apps);

    source->counters = violet_counters_create(
                           aligned_alloc(VIOLET_COUNTERS_LINE, size), size,
                           apps);

    violet_counters_configure(source->counters);

    source->version = hostile ? "1\"} x" : "0.1";
    source->nginx = "1.22.1";

    for (i = 0; i < VIOLET_HOST_VALUES; i++) {
        source->values[i] = (int64_t) i + 1;
    }

    for (i = 0; i < 2; i++) {
        source->redis[i].configured = (i == 0);
        source->redis[i].values[VIOLET_REDIS_UP] = 1;
        source->redis[i].values[VIOLET_REDIS_LINK_UP] = VIOLET_METRIC_UNKNOWN;
    }

    for (i = 0; i < apps; i++) {
        test_apps[i].name.data = hostile ? "a\"b\\c\nd" : names[i];
        test_apps[i].name.len = strlen(test_apps[i].name.data);
        test_apps[i].place = violet_counters_app(source->counters,
                                                 test_apps[i].name);

        for (j = 0; j < VIOLET_APP_VALUES; j++) {
            test_apps[i].values[j] = 7;
        }

        test_apps[i].values[VIOLET_APP_BUDGET_LEFT] = VIOLET_METRIC_UNKNOWN;
    }

    source->apps = test_apps;
    source->napps = apps;
}


/* The whole text, of pieces of at most "size" bytes; the caller frees it. */

static char *
test_text(const violet_metrics_source_t *source, test_writer_pt writer,
    size_t size)
{
    char                     *text, *piece;
    size_t                    len, n;
    violet_metrics_cursor_t   cursor;

    memset(&cursor, 0, sizeof(cursor));

    text = malloc(1);
    piece = malloc(size);
    len = 0;

    while (!cursor.done) {
        n = writer(source, &cursor, piece, size);

        assert_true(n > 0 || cursor.done);
        assert_true(n <= size);

        text = realloc(text, len + n + 1);
        memcpy(text + len, piece, n);
        len += n;
    }

    text[len] = '\0';
    free(piece);

    return text;
}


static unsigned
test_lines(const char *text)
{
    unsigned  n;

    for (n = 0; (text = strchr(text, '\n')) != NULL; n++) {
        text++;
    }

    return n;
}


static void
test_prometheus(void **state)
{
    char                     *text, *later;
    violet_counters_of_t      of;
    violet_metrics_source_t   source;

    (void) state;

    test_source(&source, 2, 0);

    text = test_text(&source, violet_metrics_prometheus, 1 << 20);

    assert_non_null(strstr(text, "violet_build_info{version=\"0.1\","
                                 "nginx=\"1.22.1\"} 1\n"));
    assert_non_null(strstr(text, "\nviolet_flights 3\n"));
    assert_non_null(strstr(text, "\nviolet_zone_bytes{state=\"free\"} 6\n"));
    assert_non_null(strstr(text, "\nviolet_redis_up{redis=\"cache\"} 1\n"));
    assert_null(strstr(text, "redis=\"submit\""));
    assert_null(strstr(text, "violet_redis_link_up"));
    assert_null(strstr(text, "violet_refresh_budget_left"));

    violet_counters_of(source.counters, test_apps[1].place, 3, -1, &of);

    violet_count(&of.counters->requests[1][0]);
    violet_count(&of.counters->submits[VIOLET_CART_UNKNOWN]);
    violet_count_ms(&of.counters->request_time[1], 20);
    violet_count_ms(&of.counters->request_time[1], 1500);

    later = test_text(&source, violet_metrics_prometheus, 1 << 20);

    assert_int_equal(test_lines(text), test_lines(later));

    assert_non_null(strstr(later, "\nviolet_requests_total{app=\"mall\","
                       "route=\"connection_health\",status=\"200\"} 1\n"));
    assert_non_null(strstr(later, "\nviolet_requests_total{app=\"shop\","
                       "route=\"connection_health\",status=\"200\"} 0\n"));
    assert_non_null(strstr(later, "\nviolet_submits_total{app=\"mall\","
                                  "outcome=\"unknown\"} 1\n"));
    assert_non_null(strstr(later,
        "_bucket{app=\"mall\",route=\"connection_health\",le=\"0.025\"} 1\n"));
    assert_non_null(strstr(later,
        "_bucket{app=\"mall\",route=\"connection_health\",le=\"2.5\"} 2\n"));
    assert_non_null(strstr(later,
        "_bucket{app=\"mall\",route=\"connection_health\",le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(later,
        "_sum{app=\"mall\",route=\"connection_health\"} 1.520\n"));
    assert_non_null(strstr(later,
        "_count{app=\"mall\",route=\"connection_health\"} 2\n"));

    free(text);
    free(later);
    free(source.counters);
}


static void
test_json(void **state)
{
    char                     *text;
    size_t                    apps;
    json_t                   *json, *app;
    violet_counters_of_t      of;
    violet_metrics_source_t   source;

    (void) state;

    for (apps = 0; apps <= 3; apps++) {
        test_source(&source, apps, 0);

        if (apps) {
            violet_counters_of(source.counters, test_apps[0].place, 0, -1,
                               &of);
            violet_count(&of.counters->upstreams[9][1]);
            violet_count_ms(&of.counters->request_time[0], 7);
        }

        text = test_text(&source, violet_metrics_json, 1 << 20);
        json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

        assert_non_null(json);
        assert_int_equal(json_object_size(json_object_get(json, "apps")),
                         apps);
        assert_int_equal(json_object_size(json_object_get(json, "redis")), 1);
        assert_string_equal(json_string_value(json_object_get(
                       json_object_get(json, "build_info"), "nginx")),
                            "1.22.1");

        if (apps) {
            app = json_object_get(json_object_get(json, "apps"), "shop");

            assert_int_equal(json_integer_value(json_object_get(
                json_object_get(json_object_get(app,
                                   "upstream_requests_total"), "cart_read"),
                "3xx")), 1);
            assert_true(json_real_value(json_object_get(
                json_object_get(json_object_get(app,
                                   "request_duration_seconds"), "other"),
                "sum")) > 0.0069);
            assert_int_equal(json_integer_value(json_object_get(app,
                                 "submits_in_doubt")), 7);
        }

        json_decref(json);
        free(text);
        free(source.counters);
    }
}


/* Any size of the pieces gives the same text. */

static void
test_pieces(void **state)
{
    char                     *whole, *text;
    size_t                    size, least, i;
    violet_metrics_source_t   source;

    static const test_writer_pt  writers[] = {
        violet_metrics_prometheus, violet_metrics_json
    };

    (void) state;

    test_source(&source, 3, 0);

    least = violet_metrics_piece(&source);

    for (i = 0; i < 2; i++) {
        whole = test_text(&source, writers[i], 1 << 20);

        for (size = least; size < least + 700; size += 7) {
            text = test_text(&source, writers[i], size);
            assert_string_equal(text, whole);
            free(text);
        }

        free(whole);
    }

    free(source.counters);
}


static void
test_hostile_names(void **state)
{
    char                     *text;
    json_t                   *json, *apps;
    violet_metrics_source_t   source;

    (void) state;

    test_source(&source, 1, 1);

    text = test_text(&source, violet_metrics_prometheus, 1 << 20);

    assert_non_null(strstr(text, "{version=\"1\\\"} x\",nginx=\"1.22.1\"} 1"));
    assert_non_null(strstr(text, "{app=\"a\\\"b\\\\c?d\"} 7\n"));

    free(text);

    text = test_text(&source, violet_metrics_json, 1 << 20);
    json = json_loads(text, 0, NULL);
    apps = json_object_get(json, "apps");

    assert_non_null(json_object_get(apps, "a\"b\\c?d"));

    json_decref(json);
    free(text);
    free(source.counters);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_prometheus),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_hostile_names)
    };

    return cmocka_run_group_tests_name("violet_metrics", tests, NULL, NULL);
}


/*
 * Replays the kept inputs of the fuzzers in the fuzz targets themselves.  The
 * Makefile unpacks the inputs from t/fuzz/corpus into the folder
 * VIOLET_FUZZ_CORPUS.
 */

#include <dirent.h>

#include "cart_check.h"

#include "../fuzz/event.c"
#include "../fuzz/judge.c"
#include "../fuzz/query.c"
#include "../fuzz/record.c"
#include "../fuzz/report.c"
#include "../fuzz/resp.c"
#include "../fuzz/route.c"


#define REPLAY_LEAST  20
#define REPLAY_SIZE   65536


typedef int (*replay_target_pt)(const uint8_t *data, size_t size);


static void
replay(const char *name, replay_target_pt target)
{
    DIR            *dir;
    FILE           *file;
    char            path[1024];
    size_t          n, size;
    uint8_t        *data;
    struct dirent  *entry;

    n = 0;

    data = malloc(REPLAY_SIZE);
    assert_non_null(data);

    snprintf(path, sizeof(path), "%s/%s", getenv("VIOLET_FUZZ_CORPUS"), name);

    dir = opendir(path);
    assert_non_null(dir);

    while ((entry = readdir(dir)) != NULL) {

        if (entry->d_name[0] == '.') {
            continue;
        }

        snprintf(path, sizeof(path), "%s/%s/%s",
                 getenv("VIOLET_FUZZ_CORPUS"), name, entry->d_name);

        file = fopen(path, "rb");
        assert_non_null(file);
        size = fread(data, 1, REPLAY_SIZE, file);
        fclose(file);

        (void) target(data, size);
        n++;
    }

    closedir(dir);
    free(data);

    assert_true(n >= REPLAY_LEAST);
}


static void
test_judge(void **state)
{
    (void) state;

    replay("judge", fuzz_judge);
}


static void
test_record(void **state)
{
    (void) state;

    replay("record", fuzz_record);
}


static void
test_resp(void **state)
{
    (void) state;

    replay("resp", fuzz_resp);
}


static void
test_event(void **state)
{
    (void) state;

    replay("event", fuzz_event);
}


static void
test_query(void **state)
{
    (void) state;

    replay("query", fuzz_query);
}


static void
test_report(void **state)
{
    (void) state;

    replay("report", fuzz_report);
}


static void
test_route(void **state)
{
    (void) state;

    replay("route", fuzz_route);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_resp),
        cmocka_unit_test(test_route)
    };

    violet_json_init();
    assert_int_equal(violet_reasons_init(), 0);

    return cmocka_run_group_tests_name("fuzz corpora", tests, NULL, NULL);
}

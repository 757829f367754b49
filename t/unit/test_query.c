
/*
 * The arguments of connection health: the valid spellings of a boolean, of
 * names and of the app's own id, and invalid ones.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_query.h"


#define TEST_APP_ID  10000

#define T  "refresh=true"


/* "canonical" has the arguments that were read; NULL: invalid */

typedef struct {
    const char   *args;
    const char   *canonical;
} test_args_t;


static const test_args_t  test_args[] = {
    { "", "" },
    { "refresh=true", T },
    { "refresh=1", T },
    { "refresh=yes", T },
    { "refresh=on", T },
    { "refresh=TRUE", T },
    { "refresh=True", T },
    { "refresh=tRuE", T },
    { "refresh=YES", T },
    { "refresh=On", T },
    { "refresh=false", "" },
    { "refresh=0", "" },
    { "refresh=no", "" },
    { "refresh=off", "" },
    { "refresh=FALSE", "" },
    { "refresh=No", "" },
    { "refresh=OFF", "" },

    /* other values */

    { "refresh", NULL },
    { "refresh=", NULL },
    { "refresh&x=1", NULL },
    { "refresh==true", NULL },
    { "refresh=true=", NULL },
    { "refresh=t", NULL },
    { "refresh=tru", NULL },
    { "refresh=truee", NULL },
    { "refresh=2", NULL },
    { "refresh=01", NULL },
    { "refresh=-1", NULL },
    { "refresh=y", NULL },
    { "refresh=n", NULL },
    { "refresh=null", NULL },
    { "refresh=+true", NULL },
    { "refresh=true+", NULL },
    { "refresh=%20true", NULL },
    { "refresh=true%00", NULL },
    { "refresh=true%0a", NULL },
    { "refresh=true;x=1", NULL },
    { "refresh=true,false", NULL },
    { "refresh=truetruetruetruetruetruetrue", NULL },
    { "refresh=\x11", NULL },
    { "refresh=\x90", NULL },

    /* spellings */

    { "%72efresh=true", T },
    { "%72%65%66%72%65%73%68=%74%72%75%65", T },
    { "refresh=%54RUE", T },
    { "refres%68=%31", T },
    { "refresh=%6fn", T },
    { "refresh=%6Fn", T },
    { "%2572efresh=true", "" },
    { "refresh%3dtrue", "" },
    { "refresh%26x", "" },
    { "Refresh=true", "" },
    { "REFRESH=true", "" },
    { "refresh[]=true", "" },
    { "refresh+=true", "" },
    { "+refresh=true", "" },
    { "refresh%00=true", "" },
    { "refreshrefreshrefresh=true", "" },
    { "refreshrefreshrefresh", "" },
    { "0123456789abcdef=true", "" },
    { "0123456789abcdefg=true", "" },

    /* repeated */

    { "refresh=true&refresh=true", T },
    { "refresh=false&refresh=true", T },
    { "refresh=true&refresh=false", T },
    { "refresh=false&%72efresh=1", T },
    { "refresh=false&refresh=0", "" },
    { "refresh=true&refresh=", NULL },
    { "refresh=true&refresh", NULL },
    { "refresh=maybe&refresh=true", NULL },
    { "refresh=false&refresh=x", NULL },

    /* empty arguments and others */

    { "&", "" },
    { "&&&", "" },
    { "=", "" },
    { "=true", "" },
    { "&refresh=true&", T },
    { "x", "" },
    { "x=1&y=2", "" },
    { "x=1&refresh=true&y=2", T },
    { "x=refresh=true", "" },
    { "x=1;refresh=true", "" },
    { "x;refresh=true", "" },
    { "x=%41+", "" },

    /* broken escapes */

    { "%", NULL },
    { "%7", NULL },
    { "x=%", NULL },
    { "x=%4", NULL },
    { "x=%4g", NULL },
    { "x=%g4", NULL },
    { "%zzrefresh=true", NULL },
    { "refresh=%zz", NULL },
    { "refresh=true&x=%u0041", NULL },
    { "x=%&7", NULL },
    { "0123456789abcdefghijkl%=1", NULL },

    /* app_id */

    { "app_id=10000", "" },
    { "app%5Fid=%31%30000", "" },
    { "app_id=10000&app_id=10000", "" },
    { "app_id=10000&refresh=true", T },
    { "refresh=true&app_id=10000", T },
    { "x=y&refresh=on&app_id=10000&z", T },
    { "app_id=10000&refresh=false", "" },
    { "app_id=10001", NULL },
    { "app_id=1000", NULL },
    { "app_id=100000", NULL },
    { "app_id=010000", NULL },
    { "app_id=+10000", NULL },
    { "app_id=%2B10000", NULL },
    { "app_id=10000+", NULL },
    { "app_id=10000.0", NULL },
    { "app_id=0x2710", NULL },
    { "app_id=4294977296", NULL },
    { "app_id=1000000000000000000000000000010000", NULL },
    { "app_id=", NULL },
    { "app_id", NULL },
    { "app_id=10000&app_id=10001", NULL },
    { "app_id=10001&app_id=10000", NULL },
    { "app_id=10000%00", NULL },
    { "App_id=10001", "" },
    { "appId=10001", "" },
    { "app_id[]=10001", "" }
};


typedef const char *(*test_reader_t)(const violet_text_t *args,
    int32_t app_id, violet_query_t *query);


/* A block of its own, so that a sanitizer sees a read past the end. */

static const char *
test_read_with(test_reader_t reader, const char *args, size_t len,
    int32_t app_id, violet_query_t *query)
{
    char           *copy;
    const char     *reason;
    violet_text_t   text;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);

    memcpy(copy, args, len);

    text.data = copy;
    text.len = len;

    memset(query, 0xa5, sizeof(violet_query_t));

    reason = reader(&text, app_id, query);

    free(copy);

    return reason;
}


static const char *
test_read(const char *args, size_t len, int32_t app_id,
    violet_query_t *query)
{
    return test_read_with(violet_query_read, args, len, app_id, query);
}


static void
test_query_table(void **state)
{
    size_t               i;
    const char          *reason;
    violet_query_t       query;
    const test_args_t   *row;

    (void) state;

    for (i = 0; i < sizeof(test_args) / sizeof(test_args_t); i++) {

        row = &test_args[i];
        reason = test_read(row->args, strlen(row->args), TEST_APP_ID,
                           &query);

        if (row->canonical == NULL) {
            if (reason == NULL) {
                fail_msg("?%s is accepted", row->args);
            }

            /* the reason is a sentence */

            assert_true(strlen(reason) > 20);
            assert_int_equal(reason[strlen(reason) - 1], '.');

            continue;
        }

        if (reason != NULL) {
            fail_msg("?%s is refused: %s", row->args, reason);
        }

        if (query.refresh != (strstr(row->canonical, T) != NULL)) {
            fail_msg("?%s is refresh %d", row->args, query.refresh);
        }
    }
}


/*
 * exclude_public has the same spellings as refresh, but it is true if it is
 * absent; each of the two ignores the other.
 */

static void
test_query_list(void **state)
{
    size_t           i;
    const char      *reason;
    violet_query_t   query;

    static const struct {
        const char  *args;
        int          exclude;        /* -1: invalid */
    } rows[] = {
        { "", 1 },
        { "&", 1 },
        { "x=1", 1 },
        { "exclude_public=true", 1 },
        { "exclude_public=1", 1 },
        { "exclude_public=YES", 1 },
        { "exclude_public=On", 1 },
        { "exclude_public=false", 0 },
        { "exclude_public=0", 0 },
        { "exclude_public=No", 0 },
        { "exclude_public=OFF", 0 },
        { "%65xclude_public=%66alse", 0 },
        { "exclude_publi%63=%30", 0 },
        { "exclude_public=false&exclude_public=false", 0 },
        { "exclude_public=false&exclude_public=true", 1 },
        { "exclude_public=true&exclude_public=false", 1 },
        { "exclude_public=false&exclude_public=", -1 },
        { "exclude_public=x&exclude_public=true", -1 },
        { "exclude_public", -1 },
        { "exclude_public=", -1 },
        { "exclude_public=2", -1 },
        { "exclude_public=null", -1 },
        { "exclude_public=false%00", -1 },
        { "exclude_public=falsefalsefalsefalse", -1 },
        { "exclude_public=false%", -1 },
        { "exclude_public2=false", 1 },
        { "exclude_publi=false", 1 },
        { "exclude_publicexclude_public=false", 1 },
        { "EXCLUDE_PUBLIC=false", 1 },
        { "refresh=true", 1 },
        { "refresh=maybe", 1 },
        { "refresh=%zz", -1 },
        { "app_id=10000", 1 },
        { "app_id=10000&exclude_public=off", 0 },
        { "app_id=10001&exclude_public=off", -1 },
        { "app_id=10000&app_id=1", -1 }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        reason = test_read_with(violet_query_read_list, rows[i].args,
                                strlen(rows[i].args), TEST_APP_ID, &query);

        if (rows[i].exclude == -1) {
            if (reason == NULL) {
                fail_msg("?%s is accepted", rows[i].args);
            }

            assert_true(strlen(reason) > 20);
            assert_int_equal(reason[strlen(reason) - 1], '.');
            continue;
        }

        if (reason != NULL) {
            fail_msg("?%s is refused: %s", rows[i].args, reason);
        }

        if (query.exclude_public != rows[i].exclude) {
            fail_msg("?%s is exclude_public %d", rows[i].args,
                     query.exclude_public);
        }

        assert_int_equal(query.refresh, 0);
    }

    /* a report ignores exclude_public */

    assert_null(test_read("exclude_public=maybe", 20, TEST_APP_ID, &query));
    assert_int_equal(query.exclude_public, 0);
    assert_int_equal(query.refresh, 0);
}


static void
test_query_app_ids(void **state)
{
    violet_query_t  query;

    (void) state;

    assert_null(test_read("app_id=2147483647", 17, INT32_MAX, &query));
    assert_null(test_read("app_id=1", 8, 1, &query));
    assert_non_null(test_read("app_id=2147483648", 17, INT32_MAX, &query));
    assert_non_null(test_read("app_id=-1", 9, 1, &query));
}


static void
test_query_null(void **state)
{
    violet_text_t    text = violet_text_null;
    violet_query_t   query;

    (void) state;

    memset(&query, 0xa5, sizeof(query));

    assert_null(violet_query_read(&text, TEST_APP_ID, &query));
    assert_int_equal(query.refresh, 0);

    assert_null(violet_query_read_list(&text, TEST_APP_ID, &query));
    assert_int_equal(query.exclude_public, 1);

    assert_null(test_read("refresh\0=true", 13, TEST_APP_ID, &query));
    assert_int_equal(query.refresh, 0);

    assert_non_null(test_read("refresh=true\0", 13, TEST_APP_ID, &query));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_query_table),
        cmocka_unit_test(test_query_list),
        cmocka_unit_test(test_query_app_ids),
        cmocka_unit_test(test_query_null)
    };

    return cmocka_run_group_tests_name("violet_query", tests, NULL, NULL);
}

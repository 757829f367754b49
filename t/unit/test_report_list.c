
/*
 * Bodies that are the list of an app's merchants or not, and the state that a
 * list gives.  Bodies have single quotes here.  The reports of a single
 * merchant are in test_report.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_report.h"


#define READY     VIOLET_REPORT_READY
#define DEGRADED  VIOLET_REPORT_DEGRADED
#define BLOCKED   VIOLET_REPORT_BLOCKED
#define NONE      -1

#define COUNT(table)  (sizeof(table) / sizeof((table)[0]))

/* a merchant in each of the three states */

#define OK   "{'merchant_id':1,'connection':{'status':'COMPLETE'}}"
#define MEH  "{'merchant_id':2,'connection':{'status':'INCOMPLETE'}}"
#define BAD  "{'merchant_id':3,'connection':{'status':'ERROR'}}"

#define C    "'connection':{'status':'COMPLETE'}"


typedef struct {
    const char   *body;
    int           state;
    const char   *reason;    /* a part of it; NULL: a list */
} test_list_t;


static const test_list_t  test_lists[] = {

    /* an array, of any length */

    { "[]", READY, NULL },
    { " [ ] ", READY, NULL },
    { "[" OK "]", READY, NULL },
    { "[" OK "," OK "]", READY, NULL },
    { "[{'merchantId':1," C "}]", READY, NULL },
    { "[{'merchant_id':'1'," C "}]", READY, NULL },
    { "[{'merchant_id':2147483647," C "}]", READY, NULL },
    { "[{'merchant_id':7,'merchantId':'7'," C "}]", READY, NULL },
    { "[{'merchant_id':null,'merchantId':7," C "}]", READY, NULL },

    /* the worst state counts */

    { "[" MEH "]", DEGRADED, NULL },
    { "[" OK "," MEH "," OK "]", DEGRADED, NULL },
    { "[" BAD "]", BLOCKED, NULL },
    { "[" BAD "," MEH "," OK "]", BLOCKED, NULL },
    { "[" OK "," MEH "," BAD "]", BLOCKED, NULL },
    { "[" OK ",{'merchant_id':4,'merchant_status':'DISABLED'," C "}]",
      BLOCKED, NULL },
    { "[" OK ",{'merchant_id':4,'migration':{'status':'COMPLETE'}}]",
      DEGRADED, NULL },

    /* not an array */

    { OK, NONE, "not an array" },
    { "{}", NONE, "not an array" },
    { "{'content':[" OK "]}", NONE, "not an array" },
    { "null", NONE, "" },
    { "'x'", NONE, "" },
    { "", NONE, "" },
    { "[", NONE, "" },
    { "[" OK, NONE, "" },
    { "[" OK ",]", NONE, "" },
    { "[" OK "] x", NONE, "" },
    { "All is well.", NONE, "" },

    /* an entry that is not a report, at any place */

    { "[null]", NONE, "not an object" },
    { "[[]]", NONE, "not an object" },
    { "[[" OK "]]", NONE, "not an object" },
    { "[1," OK "]", NONE, "not an object" },
    { "[" OK ",'x']", NONE, "not an object" },

    /* an entry without a valid merchant */

    { "[{}]", NONE, "without merchant_id" },
    { "[{" C "}]", NONE, "without merchant_id" },
    { "[{'id':1," C "}]", NONE, "without merchant_id" },
    { "[{'merchant_id':null," C "}]", NONE, "without merchant_id" },
    { "[" OK ",{" C "}," OK "]", NONE, "without merchant_id" },
    { "[{'merchant_id':0," C "}]", NONE, "invalid merchant_id" },
    { "[{'merchant_id':-1," C "}]", NONE, "invalid merchant_id" },
    { "[{'merchant_id':'x'," C "}]", NONE, "invalid merchant_id" },
    { "[{'merchant_id':''," C "}]", NONE, "invalid merchant_id" },
    { "[{'merchant_id':1.5," C "}]", NONE, "invalid merchant_id" },
    { "[{'merchant_id':true," C "}]", NONE, "invalid merchant_id" },
    { "[{'merchant_id':[1]," C "}]", NONE, "invalid merchant_id" },
    { "[{'merchant_id':2147483648," C "}]", NONE, "invalid merchant_id" },
    { "[{'merchant_id':4294967297," C "}]", NONE, "invalid merchant_id" },
    { "[{'merchant_id':1,'merchantId':2," C "}]", NONE, "invalid merchant_id" },
    { "[{'merchant_id':1,'merchantId':'x'," C "}]", NONE,
      "invalid merchant_id" },

    /* an entry without a section */

    { "[{'merchant_id':1}]", NONE, "known section" },
    { "[{'merchant_id':1,'connection':null}]", NONE, "known section" },
    { "[{'merchant_id':1,'connection':'COMPLETE'}]", NONE, "known section" },
    { "[{'merchant_id':1,'storage':{'status':'COMPLETE'}}]", NONE,
      "known section" },
    { "[" OK ",{'merchant_id':2}]", NONE, "known section" },
    { "[{'merchant_id':1}," OK "]", NONE, "known section" }
};


/* A block of its own, so that a sanitizer sees a read past the end. */

static int
test_check(const char *body, size_t len, violet_report_check_t *report)
{
    int       rc;
    char     *copy;
    size_t    i;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);

    for (i = 0; i < len; i++) {
        copy[i] = (char) (body[i] == '\'' ? '"' : body[i]);
    }

    memset(report, 0xa5, sizeof(violet_report_check_t));

    rc = violet_report_list_check(copy, len, report);

    free(copy);

    return rc;
}


static void
test_list_table(void **state)
{
    int                     rc;
    size_t                  i;
    const test_list_t      *row;
    violet_report_check_t   report;

    (void) state;

    for (i = 0; i < COUNT(test_lists); i++) {

        row = &test_lists[i];
        rc = test_check(row->body, strlen(row->body), &report);

        if (row->state == NONE) {
            if (rc != -1) {
                fail_msg("%s is accepted as a list", row->body);
            }

            if (report.reason == NULL
                || strstr(report.reason, row->reason) == NULL)
            {
                fail_msg("%s is refused as %s", row->body, report.reason);
            }

            continue;
        }

        if (rc != 0) {
            fail_msg("%s is refused: %s", row->body, report.reason);
        }

        if ((int) report.state != row->state) {
            fail_msg("%s is %s", row->body,
                     violet_report_state_name(report.state));
        }

        assert_null(report.reason);
        assert_int_equal(report.offset, 0);
    }
}


static void
test_list_offset(void **state)
{
    violet_report_check_t  report;

    (void) state;

    assert_int_equal(test_check("[" OK ",x]", strlen("[" OK ",x]"), &report),
                     -1);
    assert_true(report.offset >= strlen("[" OK)
                && report.offset <= strlen("[" OK ",x]"));

    assert_int_equal(test_check("[null]", 6, &report), -1);
    assert_int_equal(report.offset, 0);
}


/* Violet's own example as an entry, then the list cut at any byte. */

static void
test_list_fixture(void **state)
{
    char                    path[1024], *body;
    FILE                   *file;
    size_t                  len;
    const char             *data;
    violet_report_check_t   report;

    (void) state;

    data = getenv("VIOLET_TEST_DATA");

    (void) snprintf(path, sizeof(path), "%s/health/report.json",
                    data ? data : "t/data");

    file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }

    body = calloc(1, 65536);
    assert_non_null(body);

    body[0] = '[';
    len = 1 + fread(body + 1, 1, 60000, file);
    assert_true(len > 1000);
    assert_int_equal(fclose(file), 0);

    memcpy(body + len, "," OK "]", strlen("," OK "]"));

    for (data = body + len; *data != '\0'; data++) {
        if (*data == '\'') {
            body[data - body] = '"';
        }
    }

    len = strlen(body);

    /* the merchant of the example is inactive */

    assert_int_equal(violet_report_list_check(body, len, &report), 0);
    assert_int_equal(report.state, BLOCKED);

    /* a list is not a report, a report is not a list */

    assert_int_equal(violet_report_check(body, len, 1, &report), -1);
    assert_int_equal(violet_report_list_check(body + 1, len - 2, &report),
                     -1);

    for (len--; len > 0; len = len * 7 / 8) {
        assert_int_equal(violet_report_list_check(body, len, &report), -1);
    }

    free(body);
}


/* Eight thousand merchants are accepted; more are too many. */

static void
test_list_long(void **state)
{
    int                     i;
    char                   *body, *p;
    violet_report_check_t   report;

    (void) state;

    body = malloc(8001 * (sizeof(OK) + 1) + 2);
    assert_non_null(body);

    p = body;
    *p++ = '[';

    for (i = 0; i < 8000; i++) {
        memcpy(p, OK ",", sizeof(OK));
        p += sizeof(OK);
    }

    memcpy(p, MEH "]", sizeof(MEH));
    p += sizeof(MEH);

    assert_int_equal(test_check(body, (size_t) (p - body), &report), 0);
    assert_int_equal(report.state, DEGRADED);

    free(body);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_list_table),
        cmocka_unit_test(test_list_offset),
        cmocka_unit_test(test_list_fixture),
        cmocka_unit_test(test_list_long)
    };

    return cmocka_run_group_tests_name("violet_report_list", tests, NULL,
                                       NULL);
}

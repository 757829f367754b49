
/*
 * Bodies that are a report or not, the merchant of a report, and the state that
 * the report gives the merchant.  Bodies have single quotes here.
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

/* a healthy connection, and a report with one and further members */

#define OK      "'connection':{'status':'COMPLETE'}"
#define R(more) "{'merchant_id':42," OK more "}"


typedef struct {
    const char   *body;
    int           state;
    const char   *reason;    /* a part of it; NULL: a report */
} test_report_t;


static const test_report_t  test_reports[] = {

    /* the merchant */

    { "{'merchant_id':42," OK "}", READY, NULL },
    { "{'merchant_id':'42'," OK "}", READY, NULL },
    { "{'merchantId':42," OK "}", READY, NULL },
    { "{'merchantId':'42'," OK "}", READY, NULL },
    { "{'merchant_id':42,'merchantId':'42'," OK "}", READY, NULL },
    { "{'merchant_id':null,'merchantId':42," OK "}", READY, NULL },
    { "{" OK ",'merchant_id':42}", READY, NULL },

    { "{" OK "}", NONE, "no merchant_id" },
    { "{'merchant_id':null," OK "}", NONE, "no merchant_id" },
    { "{'MERCHANT_ID':42," OK "}", NONE, "no merchant_id" },
    { "{'merchantid':42," OK "}", NONE, "no merchant_id" },
    { "{'id':42," OK "}", NONE, "no merchant_id" },
    { "{'connection':{'status':'COMPLETE','merchant_id':42}}", NONE,
      "no merchant_id" },
    { "{'merchant_id':43," OK "}", NONE, "asked for" },
    { "{'merchant_id':'43'," OK "}", NONE, "asked for" },
    { "{'merchant_id':43,'merchantId':42," OK "}", NONE, "asked for" },
    { "{'merchant_id':42,'merchantId':43," OK "}", NONE, "asked for" },
    { "{'merchant_id':-42," OK "}", NONE, "asked for" },
    { "{'merchant_id':0," OK "}", NONE, "asked for" },
    { "{'merchant_id':42.0," OK "}", NONE, "asked for" },
    { "{'merchant_id':4.2e1," OK "}", NONE, "asked for" },
    { "{'merchant_id':4294967338," OK "}", NONE, "asked for" },
    { "{'merchant_id':18446744073709551658," OK "}", NONE,
      "merchant_id" },
    { "{'merchant_id':'042'," OK "}", NONE, "asked for" },
    { "{'merchant_id':'+42'," OK "}", NONE, "asked for" },
    { "{'merchant_id':' 42'," OK "}", NONE, "asked for" },
    { "{'merchant_id':'42 '," OK "}", NONE, "asked for" },
    { "{'merchant_id':'42\\u0000'," OK "}", NONE, "asked for" },
    { "{'merchant_id':'4294967338'," OK "}", NONE, "asked for" },
    { "{'merchant_id':''," OK "}", NONE, "asked for" },
    { "{'merchant_id':true," OK "}", NONE, "asked for" },
    { "{'merchant_id':[42]," OK "}", NONE, "asked for" },
    { "{'merchant_id':{'id':42}," OK "}", NONE, "asked for" },
    { "{'merchant_id':43,'merchant_id':42," OK "}", NONE, "JSON" },

    /* bodies that are a report or not */

    { "", NONE, "empty" },
    { " ", NONE, "JSON" },
    { "[]", NONE, "object" },
    { "[{'merchant_id':42," OK "}]", NONE, "object" },
    { "null", NONE, "JSON" },
    { "42", NONE, "JSON" },
    { "'x'", NONE, "JSON" },
    { "{}", NONE, "no merchant_id" },
    { "{'merchant_id':42," OK, NONE, "JSON" },
    { "{'merchant_id':42," OK "}x", NONE, "JSON" },
    { "{'merchant_id':42," OK ",}", NONE, "JSON" },
    { "<html></html>", NONE, "JSON" },
    { "\xff", NONE, "" },
    { "\xef\xbb\xbf{'merchant_id':42," OK "}", NONE, "JSON" },
    { " \r\n\t{'merchant_id':42," OK "} \r\n", READY, NULL },

    { "{'merchant_id':42}", NONE, "section" },
    { "{'merchant_id':42,'merchant_status':'ACTIVE'}", NONE, "section" },
    { "{'merchant_id':42,'connection':null}", NONE, "section" },
    { "{'merchant_id':42,'connection':'COMPLETE'}", NONE, "section" },
    { "{'merchant_id':42,'connection':[]}", NONE, "section" },
    { "{'merchant_id':42,'Connection':{'status':'COMPLETE'}}", NONE,
      "section" },
    { "{'merchant_id':42,'storage':{'status':'COMPLETE'}}", NONE,
      "section" },
    { "{'merchant_id':42,'error':'x','message':'y','code':1}", NONE,
      "section" },

    /* statuses of a section */

    { R(",'sync_status':{'status':'COMPLETE'}"), READY, NULL },
    { R(",'sync_status':{'status':'NOT_APPLICABLE'}"), READY, NULL },
    { R(",'sync_status':{'status':'complete'}"), READY, NULL },
    { R(",'sync_status':{'status':'Not_Applicable'}"), READY, NULL },
    { R(",'sync_status':{'status':'INCOMPLETE'}"), DEGRADED, NULL },
    { R(",'sync_status':{'status':'incomplete'}"), DEGRADED, NULL },
    { R(",'sync_status':{'status':'NEEDS_ATTENTION'}"), BLOCKED, NULL },
    { R(",'sync_status':{'status':'needs_attention'}"), BLOCKED, NULL },
    { R(",'sync_status':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'sync_status':{'status':'Error'}"), BLOCKED, NULL },
    { R(",'sync_status':{'status':'PENDING'}"), DEGRADED, NULL },
    { R(",'sync_status':{'status':'COMPLETED'}"), DEGRADED, NULL },
    { R(",'sync_status':{'status':'COMPLETE '}"), DEGRADED, NULL },
    { R(",'sync_status':{'status':'COMPLETE\\u0000'}"), DEGRADED, NULL },
    { R(",'sync_status':{'status':''}"), DEGRADED, NULL },
    { R(",'sync_status':{'status':null}"), DEGRADED, NULL },
    { R(",'sync_status':{'status':1}"), DEGRADED, NULL },
    { R(",'sync_status':{'status':['ERROR']}"), DEGRADED, NULL },
    { R(",'sync_status':{}"), DEGRADED, NULL },
    { R(",'sync_status':'COMPLETE'"), DEGRADED, NULL },
    { R(",'sync_status':[]"), DEGRADED, NULL },
    { R(",'sync_status':null"), READY, NULL },

    /* the status of a section counts, not those of its results */

    { R(",'sync_status':{'status':'COMPLETE','results':{'status':'FAILED'},"
        "'error':{'status':'ERROR'}}"), READY, NULL },
    { R(",'commission_rate':{'status':'COMPLETE','overrides':"
        "[{'status':'ERROR'}]}"), READY, NULL },
    { R(",'migration':{'status':'COMPLETE','results':'ERROR'}"), READY,
      NULL },

    /* all sections, in both casings */

    { R(",'scope_validation':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'scopeValidation':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'syncStatus':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'invalid_products':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'invalidProducts':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'offers_published':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'offersPublished':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'payout_account':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'payoutAccount':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'migration':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'commission_rate':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'commissionRate':{'status':'ERROR'}"), BLOCKED, NULL },

    { R(",'scope_validation':{'status':'X'}"), DEGRADED, NULL },
    { R(",'scopeValidation':{'status':'X'}"), DEGRADED, NULL },
    { R(",'syncStatus':{'status':'X'}"), DEGRADED, NULL },
    { R(",'invalid_products':{'status':'X'}"), DEGRADED, NULL },
    { R(",'invalidProducts':{'status':'X'}"), DEGRADED, NULL },
    { R(",'offers_published':{'status':'X'}"), DEGRADED, NULL },
    { R(",'offersPublished':{'status':'X'}"), DEGRADED, NULL },
    { R(",'payout_account':{'status':'X'}"), DEGRADED, NULL },
    { R(",'payoutAccount':{'status':'X'}"), DEGRADED, NULL },
    { R(",'migration':{'status':'X'}"), DEGRADED, NULL },
    { R(",'commission_rate':{'status':'X'}"), DEGRADED, NULL },
    { R(",'commissionRate':{'status':'X'}"), DEGRADED, NULL },

    /* the worst section counts, in any order */

    { R(",'sync_status':{'status':'ERROR'},"
        "'migration':{'status':'INCOMPLETE'}"), BLOCKED, NULL },
    { R(",'sync_status':{'status':'INCOMPLETE'},"
        "'migration':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'sync_status':{'status':'INCOMPLETE'},"
        "'migration':{'status':'COMPLETE'}"), DEGRADED, NULL },
    { R(",'sync_status':{'status':'COMPLETE'},"
        "'syncStatus':{'status':'ERROR'}"), BLOCKED, NULL },

    /* with and without a connection */

    { "{'merchant_id':42,'connection':{'status':'INCOMPLETE'}}", DEGRADED,
      NULL },
    { "{'merchant_id':42,'connection':{'status':'NEEDS_ATTENTION'}}",
      BLOCKED, NULL },
    { "{'merchant_id':42,'connection':{'status':'NOT_APPLICABLE'}}", READY,
      NULL },
    { "{'merchant_id':42,'connection':{}}", DEGRADED, NULL },
    { "{'merchant_id':42,'migration':{'status':'COMPLETE'}}", DEGRADED,
      NULL },
    { "{'merchant_id':42,'connection':null,"
      "'migration':{'status':'COMPLETE'}}", DEGRADED, NULL },
    { "{'merchant_id':42,'connection':'COMPLETE',"
      "'migration':{'status':'COMPLETE'}}", DEGRADED, NULL },
    { "{'merchant_id':42,'migration':{'status':'ERROR'}}", BLOCKED, NULL },

    /* sections that Violet may add, and members that are not sections */

    { R(",'storage':{'status':'ERROR'}"), BLOCKED, NULL },
    { R(",'storage':{'status':'NEEDS_ATTENTION'}"), BLOCKED, NULL },
    { R(",'storage':{'status':'INCOMPLETE'}"), DEGRADED, NULL },
    { R(",'storage':{'status':'COMPLETE'}"), READY, NULL },
    { R(",'storage':{'status':'WHATEVER'}"), READY, NULL },
    { R(",'storage':{}"), READY, NULL },
    { R(",'storage':null,'x':1,'y':'ERROR','z':['ERROR']"), READY, NULL },

    /* the merchant's status */

    { R(",'merchant_status':'ACTIVE'"), READY, NULL },
    { R(",'merchant_status':'active'"), READY, NULL },
    { R(",'merchantStatus':'Active'"), READY, NULL },
    { R(",'merchant_status':null"), READY, NULL },
    { R(",'merchant_status':'INACTIVE'"), BLOCKED, NULL },
    { R(",'merchant_status':'inactive'"), BLOCKED, NULL },
    { R(",'merchantStatus':'INACTIVE'"), BLOCKED, NULL },
    { R(",'merchant_status':'DISABLED'"), BLOCKED, NULL },
    { R(",'merchant_status':'disabled'"), BLOCKED, NULL },
    { R(",'merchant_status':'DISABLED_INACTIVE'"), BLOCKED, NULL },
    { R(",'merchantStatus':'Disabled_By_Whom'"), BLOCKED, NULL },
    { R(",'merchant_status':'DISABLE'"), DEGRADED, NULL },
    { R(",'merchant_status':'NOT_DISABLED'"), DEGRADED, NULL },
    { R(",'merchant_status':'FOR_DELETION'"), BLOCKED, NULL },
    { R(",'merchant_status':'for_deletion'"), BLOCKED, NULL },
    { R(",'merchant_status':'FOR_DELETION_X'"), DEGRADED, NULL },
    { R(",'merchant_status':'APPLICATION_DENIED'"), BLOCKED, NULL },
    { R(",'merchant_status':'APPLICATION_ACCEPTED'"), DEGRADED, NULL },
    { R(",'merchant_status':'APPLICATION_SUBMITTED'"), DEGRADED, NULL },
    { R(",'merchant_status':'APPLICATION_IN_PROGRESS'"), DEGRADED, NULL },
    { R(",'merchant_status':'NEW'"), DEGRADED, NULL },
    { R(",'merchant_status':''"), DEGRADED, NULL },
    { R(",'merchant_status':1"), DEGRADED, NULL },
    { R(",'merchant_status':{'status':'ACTIVE'}"), DEGRADED, NULL },
    { R(",'merchant_status':'ACTIVE','merchantStatus':'INACTIVE'"), BLOCKED,
      NULL },
    { R(",'merchant_status':'INACTIVE','merchantStatus':'ACTIVE'"), BLOCKED,
      NULL },
    { R(",'merchant_status':null,'merchantStatus':'NEW'"), DEGRADED, NULL },
    { R(",'merchant_status':'NEW','sync_status':{'status':'ERROR'}"),
      BLOCKED, NULL },
    { R(",'merchant_status':'INACTIVE','sync_status':"
        "{'status':'INCOMPLETE'}"), BLOCKED, NULL },

    /* a number out of range elsewhere does not make the report invalid */

    { R(",'x':123456789012345678901234567890"), READY, NULL }
};


/* A block of its own, so that a sanitizer sees a read past the end. */

static int
test_check(const char *body, size_t len, int32_t merchant_id,
    violet_report_check_t *report)
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

    rc = violet_report_check(copy, len, merchant_id, report);

    free(copy);

    return rc;
}


static void
test_report_table(void **state)
{
    int                     rc;
    size_t                  i;
    const test_report_t    *row;
    violet_report_check_t   report;

    (void) state;

    for (i = 0; i < COUNT(test_reports); i++) {

        row = &test_reports[i];
        rc = test_check(row->body, strlen(row->body), 42, &report);

        if (row->state == NONE) {
            if (rc != -1) {
                fail_msg("%s is accepted as a report", row->body);
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
test_report_fixture(void **state)
{
    char                    path[1024], *body, *status;
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

    len = fread(body, 1, 65535, file);
    assert_true(len > 1000);
    assert_int_equal(fclose(file), 0);

    /* Violet's example: all sections complete, merchant 1 is inactive */

    assert_int_equal(violet_report_check(body, len, 1, &report), 0);
    assert_int_equal(report.state, BLOCKED);

    assert_int_equal(violet_report_check(body, len, 2, &report), -1);

    status = strstr(body, "\"INACTIVE\"");
    assert_non_null(status);
    memcpy(status, "\"ACTIVE\"  ", 10);

    assert_int_equal(violet_report_check(body, len, 1, &report), 0);
    assert_int_equal(report.state, READY);

    /* cut at any byte it is not a report */

    for (len--; len > 0; len = len * 7 / 8) {
        if (body[len] != '\n') {
            assert_int_equal(violet_report_check(body, len, 1, &report), -1);
        }
    }

    free(body);
}


static void
test_report_offset(void **state)
{
    violet_report_check_t  report;

    (void) state;

    assert_int_equal(test_check("{'merchant_id':42,x}", 20, 42, &report),
                     -1);
    assert_true(report.offset >= 16 && report.offset <= 20);

    assert_int_equal(test_check("{'merchant_id':43}", 18, 42, &report), -1);
    assert_int_equal(report.offset, 0);
}


static void
test_report_depth(void **state)
{
    int                     i, n;
    char                   *body;
    size_t                  len;
    violet_report_check_t   report;

    static const int  depths[] = { 20, 1000, 100000 };

    (void) state;

    for (i = 0; i < 3; i++) {

        n = depths[i];
        body = calloc(1, (size_t) n * 2 + 100);
        assert_non_null(body);

        strcpy(body, "{'merchant_id':42," OK ",'x':");
        len = strlen(body);

        memset(body + len, '[', (size_t) n);
        memset(body + len + n, ']', (size_t) n);
        body[len + (size_t) n * 2] = '}';

        assert_int_equal(test_check(body, len + (size_t) n * 2 + 1, 42,
                                    &report),
                         n == 20 ? 0 : -1);

        free(body);
    }
}


static void
test_report_extreme_ids(void **state)
{
    violet_report_check_t  report;

    (void) state;

    assert_int_equal(test_check("{'merchant_id':2147483647," OK "}",
                                strlen("{'merchant_id':2147483647," OK "}"),
                                INT32_MAX, &report), 0);

    assert_int_equal(test_check("{'merchant_id':'2147483647'," OK "}",
                                strlen("{'merchant_id':'2147483647'," OK "}"),
                                INT32_MAX, &report), 0);

    assert_int_equal(test_check("{'merchant_id':'x'," OK "}",
                                strlen("{'merchant_id':'x'," OK "}"),
                                0, &report), -1);
}


static void
test_report_names(void **state)
{
    violet_report_state_t  parsed;

    (void) state;

    assert_string_equal(violet_report_state_name(READY), "ready");
    assert_string_equal(violet_report_state_name(DEGRADED), "degraded");
    assert_string_equal(violet_report_state_name(BLOCKED), "blocked");

    assert_int_equal(violet_report_state_parse("ready", 5, &parsed), 0);
    assert_int_equal(parsed, READY);
    assert_int_equal(violet_report_state_parse("degraded", 8, &parsed), 0);
    assert_int_equal(parsed, DEGRADED);
    assert_int_equal(violet_report_state_parse("blocked", 7, &parsed), 0);
    assert_int_equal(parsed, BLOCKED);

    assert_int_equal(violet_report_state_parse("", 0, &parsed), -1);
    assert_int_equal(violet_report_state_parse("read", 4, &parsed), -1);
    assert_int_equal(violet_report_state_parse("ready\0", 6, &parsed), -1);
    assert_int_equal(violet_report_state_parse("READY", 5, &parsed), -1);
    assert_int_equal(violet_report_state_parse("blockex", 7, &parsed), -1);
}


static void
test_report_refusals(void **state)
{
    size_t  i;

    static const struct {
        const char  *body;
        int          is;
    } bodies[] = {
        { "{\"message\":\"gone\",\"error\":\"merchant_gone\"}", 1 },
        { "{\"error_code\":2404}", 1 },
        { "{\"code\":2404,\"message\":null}", 1 },
        { "{\"timestamp\":\"\",\"status\":404}", 1 },
        { "{}", 0 },
        { "{\"message\":\"gone\"}", 0 },
        { "{\"status\":\"404\"}", 0 },
        { "[{\"code\":1}]", 0 },
        { "\"code\"", 0 },
        { "<html>code</html>", 0 },
        { "{\"code\":1", 0 },
        { "", 0 },
    };

    (void) state;

    for (i = 0; i < COUNT(bodies); i++) {
        assert_int_equal(violet_report_is_refusal(bodies[i].body,
                                                  strlen(bodies[i].body)),
                         bodies[i].is);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_report_refusals),
        cmocka_unit_test(test_report_table),
        cmocka_unit_test(test_report_fixture),
        cmocka_unit_test(test_report_offset),
        cmocka_unit_test(test_report_depth),
        cmocka_unit_test(test_report_extreme_ids),
        cmocka_unit_test(test_report_names)
    };

    return cmocka_run_group_tests_name("violet_report", tests, NULL, NULL);
}

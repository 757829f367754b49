
/*
 * What an order shows beside its verdict: evidence, and that it was not
 * submitted.  Each condition is shown fulfilled and not.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "violet_cart_read.h"
#include "violet_cart_record.h"
#include "violet_date.h"


/* 2024-08-29T22:52:52Z */
#define SENT  INT64_C(1724971972000)

#define OPEN      VIOLET_SEEN_OPEN
#define SUBMITTED VIOLET_SEEN_SUBMITTED
#define MADE      VIOLET_SEEN_MADE
#define PROC      VIOLET_SEEN_PROCESSING
#define ORDERED   VIOLET_SEEN_ORDERED
#define REJECTED  VIOLET_SEEN_REJECTED


#define BAG       "\"bags\":[{\"id\":1,\"status\":\"IN_PROGRESS\"}]"
#define ORDER(s, rest)  "{\"id\":7,\"status\":\"" s "\"," rest "}"
#define BAGS(b)   ORDER("IN_PROGRESS", "\"bags\":[" b "]")
#define PAID(p)   ORDER("IN_PROGRESS", BAG ",\"payment_transactions\":[" p "]")


typedef struct {
    const char  *body;
    int          seen;        /* -1: not the order */
} row_t;


static const row_t  rows[] = {

    { ORDER("IN_PROGRESS", BAG), OPEN },
    { ORDER("REQUIRES_ACTION", BAG), OPEN },
    { ORDER("in_progress", BAG), OPEN },
    { ORDER("PROCESSING", BAG), PROC },
    { ORDER("ACCEPTED", BAG), ORDERED },
    { ORDER("COMPLETED", BAG), ORDERED },
    { ORDER("CANCELED", BAG), REJECTED },
    { ORDER("REJECTED", BAG), REJECTED },
    { ORDER("WHATEVER", BAG), 0 },
    { "{\"id\":7," BAG "}", 0 },

    /* bags */
    { BAGS(""), 0 },
    { ORDER("IN_PROGRESS", "\"x\":1"), 0 },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\"},"
           "{\"id\":2,\"status\":\"IN_PROGRESS\"}"), OPEN },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\"},"
           "{\"id\":2,\"status\":\"SUBMITTED\"}"), SUBMITTED },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\"},"
           "{\"id\":2,\"status\":\"ACCEPTED\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"BACKORDERED\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"REFUNDED\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"PARTIALLY_REFUNDED\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"COMPLETED\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"REJECTED\"}"), REJECTED },
    { BAGS("{\"id\":1,\"status\":\"REJECTED\"},"
           "{\"id\":2,\"status\":\"CANCELED\"}"), REJECTED },
    { BAGS("{\"id\":1,\"status\":\"REJECTED\"},"
           "{\"id\":2,\"status\":\"IN_PROGRESS\"}"), 0 },
    { BAGS("{\"id\":1}"), 0 },
    { BAGS("7"), 0 },

    /* ids on the platform */
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"external_id\":null}"),
      OPEN },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"external_id\":\"\"}"),
      OPEN },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"external_id\":\"a\"}"),
      MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"external_id\":4}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"externalId\":4}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"external_order_id\":\"b\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"externalOrderId\":\"b\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"skus\":[{\"external_id\":\"b\"}]}"), OPEN },

    /* money */
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"financial_status\":\"PAID\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"financialStatus\":\"PARTIALLY_PAID\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"financial_status\":\"UNPAID\"}"), OPEN },
    { ORDER("IN_PROGRESS", "\"bags\":[{\"id\":1,\"status\":\"IN_PROGRESS\","
            "\"financial_status\":\"PAID\"}],\"payment_transactions\":"
            "[{\"status\":\"BYPASSED\"}]"), OPEN },
    { ORDER("IN_PROGRESS", "\"bags\":[{\"id\":1,\"status\":\"IN_PROGRESS\","
            "\"financial_status\":\"PAID\"}],\"payment_transactions\":"
            "[{\"status\":\"BYPASSED\",\"related_bags\":[\"2\"]}]"), MADE },
    { ORDER("IN_PROGRESS", "\"bags\":[{\"id\":1,\"status\":\"IN_PROGRESS\","
            "\"financial_status\":\"PAID\"}],\"payment_transactions\":"
            "[{\"status\":\"BYPASSED\"},{\"status\":\"FAILED\"}]"), MADE },
    { PAID("{\"status\":\"FAILED\"}"), OPEN },
    { PAID("{\"status\":\"PROCESSING\"}"), 0 },
    { PAID("{\"status\":\"FAILED\"},{\"capture_status\":\"CAPTURED\"}"), 0 },
    { PAID("{\"captureStatus\":\"REFUNDED\"}"), 0 },
    { PAID("{\"status\":\"PARTIALLY_REFUNDED\"}"), 0 },
    { PAID("{\"status\":\"AUTHORIZED\"}"), 0 },
    { PAID("{\"capture_status\":\"AUTHORIZED\"}"), 0 },
    { ORDER("IN_PROGRESS", BAG ",\"intent_based_checkout\":true,"
            "\"payment_transactions\":[{\"status\":\"AUTHORIZED\"}]"), OPEN },
    { ORDER("IN_PROGRESS", BAG ",\"walletBasedCheckout\":true,"
            "\"payment_transactions\":[{\"status\":\"AUTHORIZED\"}]"), OPEN },
    { ORDER("IN_PROGRESS", BAG ",\"wallet_based_checkout\":false,"
            "\"payment_transactions\":[{\"status\":\"AUTHORIZED\"}]"), 0 },
    { ORDER("IN_PROGRESS", BAG ",\"intent_based_checkout\":true,"
            "\"payment_transactions\":[{\"status\":\"CAPTURED\"}]"), 0 },

    /* dates of the bags: a minute before it was sent */
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"date_submitted\":\"2024-08-29T22:51:52+0000\"}"), OPEN },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"date_submitted\":\"2024-08-29T22:51:53+0000\"}"), 0 },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"dateSubmitted\":\"2024-08-29T22:52:53+0000\"}"), 0 },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"date_submitted\":null}"),
      OPEN },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"date_submitted\":1}"), 0 },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"date_submitted\":\"soon\"}"), 0 },
    { ORDER("IN_PROGRESS", BAG
            ",\"date_submitted\":\"2024-08-29T22:52:53+0000\""), OPEN },

    /* what is not the order */
    { "{\"id\":8,\"status\":\"IN_PROGRESS\"," BAG "}", -1 },
    { "{\"status\":\"IN_PROGRESS\"," BAG "}", -1 },
    { "{\"id\":7}", -1 },
    { "{\"id\":7,\"message\":\"x\",\"error\":\"y\",\"code\":3}", -1 },
    { "[]", -1 },
    { "", -1 },
    { "{\"id\":7,\"status\":\"IN_PROGRESS\"," BAG, -1 },
    { "{\"id\":7,\"status\":\"IN_PROGRESS\",\"status\":\"COMPLETED\","
      BAG "}", -1 },
    { BAGS("{\"id\":1,\"status\":\"ACCEPTED\",\"status\":\"IN_PROGRESS\"}"),
      -1 },
    { BAGS("{\"id\":1,\"external_id\":\"a\",\"external_id\":null,"
           "\"status\":\"IN_PROGRESS\"}"), -1 }
};


static void
test_rows(void **state)
{
    int       rc;
    size_t    i;
    unsigned  seen;

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rc = violet_cart_read_seen(rows[i].body, strlen(rows[i].body), 7,
                                   SENT, &seen);

        if (rc != (rows[i].seen == -1 ? -1 : 0)
            || (rc == 0 && (int) seen != rows[i].seen))
        {
            fail_msg("%s: %d, %x", rows[i].body, rc, seen);
        }
    }
}


/* Of a cart that nobody is known to have submitted, any date is too late. */

static void
test_without_a_submit(void **state)
{
    unsigned    seen;
    const char *body = BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
                            "\"date_submitted\":\"1970-01-01T00:00:00Z\"}");

    (void) state;

    assert_int_equal(violet_cart_read_seen(body, strlen(body), 7, 0, &seen),
                     0);
    assert_int_equal(seen, 0);

    assert_int_equal(violet_cart_read_seen(body, strlen(body), 0, SENT,
                                           &seen), 0);
    assert_int_equal(seen, OPEN);
}


static void
test_dates(void **state)
{
    size_t         i;
    int64_t        date;
    violet_text_t  text;

    static const struct {
        const char  *text;
        int64_t      date;     /* -1: none */
    } dates[] = {
        { "2024-08-29T22:52:52+0000", SENT },
        { "2024-08-29T22:52:52Z", SENT },
        { "2024-08-29T22:52:52.1Z", SENT + 100 },
        { "2024-08-29T22:52:52.1239Z", SENT + 123 },
        { "2024-08-29T22:52:52.000+00:00", SENT },
        { "2024-08-30T00:22:52+01:30", SENT },
        { "2024-08-29T17:52:52-0500", SENT },
        { "1970-01-01T00:00:00Z", 0 },
        { "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
        { "2000-03-01T00:00:00Z", INT64_C(951868800000) },
        { "2100-03-01T00:00:00Z", INT64_C(4107542400000) },
        { "9999-12-31T23:59:59Z", INT64_C(253402300799000) },
        { "", -1 },
        { "2024-08-29", -1 },
        { "2024-08-29T22:52:52", -1 },
        { "2024-08-29T22:52:52+00", -1 },
        { "2024-08-29T22:52:52.Z", -1 },
        { "2024-08-29T22:52:52Z ", -1 },
        { "2024-13-29T22:52:52Z", -1 },
        { "2024-08-32T22:52:52Z", -1 },
        { "2024-08-29T24:52:52Z", -1 },
        { "2024-08-29T22:60:52Z", -1 },
        { "2024-08-29T22:52:61Z", -1 },
        { "2024-08-29T22:52:52+2400", -1 },
        { "2024-08-29T22:52:52+0060", -1 },
        { "1969-08-29T22:52:52Z", -1 },
        { "2024-08-29 22:52:52Z", -1 },
        { "+024-08-29T22:52:52Z", -1 }
    };

    (void) state;

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        text.data = dates[i].text;
        text.len = strlen(dates[i].text);
        date = -1;

        if (violet_date_parse(text, &date) != (dates[i].date == -1 ? -1 : 0)
            || date != dates[i].date)
        {
            fail_msg("%s: %lld", dates[i].text, (long long) date);
        }
    }

    text.data = NULL;
    text.len = 0;
    assert_int_equal(violet_date_parse(text, &date), -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_without_a_submit),
        cmocka_unit_test(test_dates)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

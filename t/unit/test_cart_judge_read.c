
/*
 * What the gateway's own read of a cart or an order shows beside the verdict:
 * evidence, and that the cart was not submitted.
 */

#include "cart_check.h"
#include "violet_cart_read.h"


/* 2024-08-29T22:52:52Z */
#define SENT  INT64_C(1724971972000)

/* bits for the members of violet_cart_seen_t */
#define NOT_SENT   0x01
#define SUBMITTED  0x02
#define MADE       0x04
#define PROC       0x08
#define ORDERED    0x10
#define REJECTED   0x20


#define ONE_BAG         "\"bags\":[{\"id\":1,\"status\":\"IN_PROGRESS\"}]"
#define SHOWS(s, rest)  "{\"id\":7,\"status\":\"" s "\"," rest "}"
#define BAGS(b)         SHOWS("IN_PROGRESS", "\"bags\":[" b "]")
#define PAID(p)                                                               \
    SHOWS("IN_PROGRESS", ONE_BAG ",\"payment_transactions\":[" p "]")


typedef struct {
    const char  *body;
    int          seen;        /* -1: not the order */
} row_t;


static const row_t  rows[] = {

    { SHOWS("IN_PROGRESS", ONE_BAG), NOT_SENT },
    { SHOWS("REQUIRES_ACTION", ONE_BAG), NOT_SENT },
    { SHOWS("in_progress", ONE_BAG), NOT_SENT },
    { SHOWS("PROCESSING", ONE_BAG), PROC },
    { SHOWS("ACCEPTED", ONE_BAG), ORDERED },
    { SHOWS("COMPLETED", ONE_BAG), ORDERED },
    { SHOWS("CANCELED", ONE_BAG), REJECTED },
    { SHOWS("REJECTED", ONE_BAG), REJECTED },
    { SHOWS("WHATEVER", ONE_BAG), 0 },
    { "{\"id\":7," ONE_BAG "}", 0 },

    /* bags */
    { BAGS(""), 0 },
    { SHOWS("IN_PROGRESS", "\"x\":1"), 0 },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\"},"
           "{\"id\":2,\"status\":\"IN_PROGRESS\"}"), NOT_SENT },
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
      NOT_SENT },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"external_id\":\"\"}"),
      NOT_SENT },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"external_id\":\"a\"}"),
      MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"external_id\":4}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"externalId\":4}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"external_order_id\":\"b\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"externalOrderId\":\"b\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"skus\":[{\"external_id\":\"b\"}]}"), NOT_SENT },

    /* money */
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"financial_status\":\"PAID\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"financialStatus\":\"PARTIALLY_PAID\"}"), MADE },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"financial_status\":\"UNPAID\"}"), NOT_SENT },
    { SHOWS("IN_PROGRESS", "\"bags\":[{\"id\":1,\"status\":\"IN_PROGRESS\","
            "\"financial_status\":\"PAID\"}],\"payment_transactions\":"
            "[{\"status\":\"BYPASSED\"}]"), NOT_SENT },
    { SHOWS("IN_PROGRESS", "\"bags\":[{\"id\":1,\"status\":\"IN_PROGRESS\","
            "\"financial_status\":\"PAID\"}],\"payment_transactions\":"
            "[{\"status\":\"BYPASSED\",\"related_bags\":[\"2\"]}]"), MADE },
    { SHOWS("IN_PROGRESS", "\"bags\":[{\"id\":1,\"status\":\"IN_PROGRESS\","
            "\"financial_status\":\"PAID\"}],\"payment_transactions\":"
            "[{\"status\":\"BYPASSED\"},{\"status\":\"FAILED\"}]"), MADE },
    { PAID("{\"status\":\"FAILED\"}"), NOT_SENT },
    { PAID("{\"status\":\"PROCESSING\"}"), 0 },
    { PAID("{\"status\":\"FAILED\"},{\"capture_status\":\"CAPTURED\"}"), 0 },
    { PAID("{\"captureStatus\":\"REFUNDED\"}"), 0 },
    { PAID("{\"status\":\"PARTIALLY_REFUNDED\"}"), 0 },
    { PAID("{\"status\":\"AUTHORIZED\"}"), 0 },
    { PAID("{\"capture_status\":\"AUTHORIZED\"}"), 0 },
    { SHOWS("IN_PROGRESS", ONE_BAG ",\"intent_based_checkout\":true,"
            "\"payment_transactions\":[{\"status\":\"AUTHORIZED\"}]"),
      NOT_SENT },
    { SHOWS("IN_PROGRESS", ONE_BAG ",\"walletBasedCheckout\":true,"
            "\"payment_transactions\":[{\"status\":\"AUTHORIZED\"}]"),
      NOT_SENT },
    { SHOWS("IN_PROGRESS", ONE_BAG ",\"wallet_based_checkout\":false,"
            "\"payment_transactions\":[{\"status\":\"AUTHORIZED\"}]"), 0 },
    { SHOWS("IN_PROGRESS", ONE_BAG ",\"intent_based_checkout\":true,"
            "\"payment_transactions\":[{\"status\":\"CAPTURED\"}]"), 0 },

    /* dates of the bags: a minute before it was sent */
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"date_submitted\":\"2024-08-29T22:51:52+0000\"}"), NOT_SENT },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"date_submitted\":\"2024-08-29T22:51:53+0000\"}"), 0 },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"dateSubmitted\":\"2024-08-29T22:52:53+0000\"}"), 0 },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"date_submitted\":null}"),
      NOT_SENT },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\",\"date_submitted\":1}"), 0 },
    { BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
           "\"date_submitted\":\"soon\"}"), 0 },
    { SHOWS("IN_PROGRESS", ONE_BAG
            ",\"date_submitted\":\"2024-08-29T22:52:53+0000\""), NOT_SENT },

    /* what is not the order */
    { "{\"id\":8,\"status\":\"IN_PROGRESS\"," ONE_BAG "}", -1 },
    { "{\"status\":\"IN_PROGRESS\"," ONE_BAG "}", -1 },
    { "{\"id\":7}", -1 },
    { "{\"id\":7,\"message\":\"x\",\"error\":\"y\",\"code\":3}", -1 },
    { "[]", -1 },
    { "", -1 },
    { "{\"id\":7,\"status\":\"IN_PROGRESS\"," ONE_BAG, -1 },
    { "{\"id\":7,\"status\":\"IN_PROGRESS\",\"status\":\"COMPLETED\","
      ONE_BAG "}", -1 },
    { BAGS("{\"id\":1,\"status\":\"ACCEPTED\",\"status\":\"IN_PROGRESS\"}"),
      -1 },
    { BAGS("{\"id\":1,\"external_id\":\"a\",\"external_id\":null,"
           "\"status\":\"IN_PROGRESS\"}"), -1 }
};


/* 1 and the bits, 0 if the read failed; the verdict may have a document. */

static int
read_check(const char *body, unsigned status, int64_t id, int64_t sent,
    int *seen)
{
    int                     rc;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    check_answer(&answer, status, body, strlen(body));
    answer.sent = sent;

    rc = violet_cart_judge_read(&answer, id, &verdict);

    *seen = (verdict.seen.not_submitted ? NOT_SENT : 0)
            | (verdict.seen.submitted ? SUBMITTED : 0)
            | (verdict.seen.made ? MADE : 0)
            | (verdict.seen.processing ? PROC : 0)
            | (verdict.seen.ordered ? ORDERED : 0)
            | (verdict.seen.rejected ? REJECTED : 0);

    if (rc == 0) {
        assert_null(verdict.problem);
        assert_int_equal(*seen, 0);
    }

    free(verdict.problem);

    return rc;
}


static void
test_rows(void **state)
{
    int     rc, seen;
    size_t  i;

    (void) state;

    for (i = 0; i < N(rows); i++) {
        rc = read_check(rows[i].body, 200, 7, SENT, &seen);

        if (rc != (rows[i].seen != -1) || (rc && seen != rows[i].seen)) {
            fail_msg("%s: %d, %x", rows[i].body, rc, seen);
        }
    }
}


/* Of a cart that nobody is known to have submitted, any date is too late. */

static void
test_without_a_submit(void **state)
{
    int  seen;

    static const char  body[] =
        BAGS("{\"id\":1,\"status\":\"IN_PROGRESS\","
             "\"date_submitted\":\"1970-01-01T00:00:00Z\"}");

    (void) state;

    assert_int_equal(read_check(body, 200, 7, 0, &seen), 1);
    assert_int_equal(seen, 0);

    assert_int_equal(read_check(body, 200, 7, SENT, &seen), 1);
    assert_int_equal(seen, NOT_SENT);
}


/* Only a whole 200 is a read. */

static void
test_status(void **state)
{
    int       seen;
    size_t    i;
    unsigned  statuses[] = { 201, 202, 404, 400, 422, 500, 304, 0 };

    violet_cart_answer_t   answer;
    violet_cart_verdict_t  verdict;

    static const char  body[] =
        "{\"id\":7,\"status\":\"IN_PROGRESS\",\"bags\":["
        BAG(1, "REJECTED") "]}";

    (void) state;

    assert_int_equal(read_check(body, 200, 7, SENT, &seen), 1);

    for (i = 0; i < N(statuses); i++) {
        assert_int_equal(read_check(body, statuses[i], 7, SENT, &seen), 0);
    }

    check_answer(&answer, 200, body, strlen(body));
    answer.transport = VIOLET_CART_CUT;
    assert_int_equal(violet_cart_judge_read(&answer, 7, &verdict), 0);
    assert_null(verdict.problem);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_without_a_submit),
        cmocka_unit_test(test_status)
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}


/*
 * Events of webhooks: names, bodies in every cut, and signatures in both
 * forms.  What counts as JSON is compared with jansson.
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

#include "violet_event.h"
#include "violet_signature.h"


static violet_text_t
of(const char *word)
{
    violet_text_t  text;

    text.data = word;
    text.len = word ? strlen(word) : 0;

    return text;
}


/* Reads a body in pieces of this size; all sizes must find the same. */

static int
scan_in(const char *text, size_t len, size_t step, violet_event_body_t *body)
{
    int                   rc;
    char                 *copy;
    size_t                i, n;
    violet_event_scan_t   scan;

    violet_event_scan_start(&scan);

    for (i = 0; i < len; i += n) {
        n = step < len - i ? step : len - i;

        /* on the heap, so that a sanitizer sees a look behind the piece */

        copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, text + i, n);
        violet_event_scan(&scan, copy, n);
        free(copy);
    }

    memset(body, 0, sizeof(violet_event_body_t));
    rc = violet_event_scan_end(&scan, body);

    return rc;
}


static int
scan(const char *text, violet_event_body_t *body)
{
    int                  rc;
    size_t               step;
    violet_event_body_t  other;

    rc = scan_in(text, strlen(text), strlen(text) + 1, body);

    for (step = 1; step <= 7; step++) {
        assert_int_equal(scan_in(text, strlen(text), step, &other), rc);
        assert_memory_equal(body, &other, sizeof(violet_event_body_t));
    }

    return rc;
}


static void
test_names(void **state)
{
    (void) state;

    assert_int_equal(violet_event_kind(of("MERCHANT_CONNECTED")),
                     VIOLET_EVENT_MERCHANT);
    assert_int_equal(violet_event_kind(of("merchant_needs_attention")),
                     VIOLET_EVENT_MERCHANT);
    assert_int_equal(violet_event_kind(of("MERCHANT_PAYOUT_ACCOUNT_CREATED")),
                     VIOLET_EVENT_PAYOUT);
    assert_int_equal(violet_event_kind(of("MERCHANT_PAYOUT_ACCOUNT_")),
                     VIOLET_EVENT_OTHER);
    assert_int_equal(violet_event_kind(of("PRODUCT_SYNC_COMPLETED")),
                     VIOLET_EVENT_SYNC);
    assert_int_equal(violet_event_kind(of("PRODUCT_SYNC_FAILED")),
                     VIOLET_EVENT_SYNC);
    assert_int_equal(violet_event_kind(of("PRODUCT_SYNC_STARTED")),
                     VIOLET_EVENT_OTHER);
    assert_int_equal(violet_event_kind(of("ORDER_UPDATED")),
                     VIOLET_EVENT_OTHER);
    assert_int_equal(violet_event_kind(of("MERCHANT_")), VIOLET_EVENT_OTHER);
    assert_int_equal(violet_event_kind(of("")), VIOLET_EVENT_OTHER);
    assert_int_equal(violet_event_kind(of(NULL)), VIOLET_EVENT_OTHER);
}


static void
test_bodies(void **state)
{
    violet_event_body_t  body;

    (void) state;

    assert_int_equal(scan("{\"id\":7,\"merchant_id\":42,\"app_id\":10000}",
                          &body), 0);
    assert_int_equal(body.id, 7);
    assert_int_equal(body.merchant_id, 42);
    assert_int_equal(body.app_id, 10000);
    assert_int_equal(violet_event_merchant(&body, VIOLET_EVENT_MERCHANT), 42);
    assert_int_equal(violet_event_merchant(&body, VIOLET_EVENT_OTHER), 0);

    assert_int_equal(scan(" {\"merchantId\" : \"42\" , \"appId\":null}\n",
                          &body), 0);
    assert_int_equal(body.merchant_id, 42);
    assert_int_equal(body.app_id, 0);

    /* only at the top */

    assert_int_equal(scan("{\"a\":{\"merchant_id\":1,\"b\":[{\"id\":2}]},"
                          "\"c\":[\"id\",3],\"id\":7}", &body), 0);
    assert_int_equal(body.merchant_id, 0);
    assert_int_equal(body.id, 7);
    assert_int_equal(violet_event_merchant(&body, VIOLET_EVENT_MERCHANT), 7);
    assert_int_equal(violet_event_merchant(&body, VIOLET_EVENT_PAYOUT), 0);
    assert_int_equal(violet_event_merchant(&body, VIOLET_EVENT_SYNC), 0);
}


static void
test_bad_ids(void **state)
{
    size_t               i;
    violet_event_body_t  body;

    static const char *const  texts[] = {
        "{\"merchant_id\":1,\"merchant_id\":2}",
        "{\"merchant_id\":1,\"merchantId\":1}",
        "{\"merchant_id\":-42}", "{\"merchant_id\":4.2}",
        "{\"merchant_id\":42e1}", "{\"merchant_id\":0}",
        "{\"merchant_id\":true}", "{\"merchant_id\":{\"id\":42}}",
        "{\"merchant_id\":[42]}", "{\"merchant_id\":\"4\\u0032\"}",
        "{\"merchant_id\":\"\"}", "{\"merchant_id\":\" 42\"}",
        "{\"merchant_id\":11111111111111111111111111111111111111111111}"
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(scan(texts[i], &body), 0);
        assert_int_equal(body.merchant_id, -1);
        assert_int_equal(violet_event_merchant(&body, VIOLET_EVENT_SYNC), 0);

        /* nor does another id stand in for it */

        body.id = 7;
        assert_int_equal(violet_event_merchant(&body, VIOLET_EVENT_MERCHANT),
                         0);
    }

    assert_int_equal(scan("{\"id\":2147483647}", &body), 0);
    assert_int_equal(violet_event_merchant(&body, VIOLET_EVENT_MERCHANT),
                     2147483647);
    assert_int_equal(scan("{\"id\":2147483648}", &body), 0);
    assert_int_equal(violet_event_merchant(&body, VIOLET_EVENT_MERCHANT), 0);
}


static void
test_shapes(void **state)
{
    violet_event_body_t  body;

    (void) state;

    assert_int_equal(scan("{\"id\":42,\"name\":\"x\",\"store_url\":\"y\"}",
                          &body), 0);
    assert_int_equal(violet_event_shape(&body), VIOLET_EVENT_MERCHANT);

    assert_int_equal(scan("{\"id\":1,\"merchant_id\":42,"
                          "\"payment_provider_account_id\":\"acct\"}",
                          &body), 0);
    assert_int_equal(violet_event_shape(&body), VIOLET_EVENT_PAYOUT);

    assert_int_equal(scan("{\"id\":1,\"merchant_id\":42,"
                          "\"total_products_synced\":5}", &body), 0);
    assert_int_equal(violet_event_shape(&body), VIOLET_EVENT_SYNC);

    /* an offer, an order */

    assert_int_equal(scan("{\"id\":1,\"merchant_id\":42}", &body), 0);
    assert_int_equal(violet_event_shape(&body), VIOLET_EVENT_OTHER);
    assert_int_equal(scan("{\"id\":1}", &body), 0);
    assert_int_equal(violet_event_shape(&body), VIOLET_EVENT_OTHER);
    assert_int_equal(scan("{}", &body), 0);
    assert_int_equal(violet_event_shape(&body), VIOLET_EVENT_OTHER);
}


static void
test_json(void **state)
{
    json_t               *json;
    size_t                i;
    json_error_t          error;
    violet_event_body_t   body;

    static const char *const  texts[] = {
        "", " ", "{", "}", "[]", "[1]", "1", "\"a\"", "null", "{}", " {} ",
        "{}x", "{}{}", "{} ,", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}",
        "{\"a\":1 \"b\":2}", "{\"a\":1,\"b\":2}", "{a:1}", "{1:1}",
        "{\"a\":tru}", "{\"a\":true}", "{\"a\":false}", "{\"a\":null}",
        "{\"a\":nul", "{\"a\":truee}", "{\"a\":[]}", "{\"a\":[1,]}",
        "{\"a\":[,1]}", "{\"a\":[1,2]}", "{\"a\":[1}", "{\"a\":{]}",
        "{\"a\":01}", "{\"a\":0}", "{\"a\":-}", "{\"a\":-0}", "{\"a\":1.}",
        "{\"a\":1.5}", "{\"a\":.5}", "{\"a\":1e}", "{\"a\":1e+}",
        "{\"a\":1e+5}", "{\"a\":1E5}", "{\"a\":+1}", "{\"a\":1.5e-3}",
        "{\"a\":\"\\x\"}", "{\"a\":\"\\n\"}", "{\"a\":\"\\u00e9\"}",
        "{\"a\":\"\\u00g9\"}", "{\"a\":\"\\u00\"}", "{\"a\":\"\n\"}",
        "{\"a\":\"", "{\"a\\\"b\":1}", "{\"a\":\"\\\\\"}", "{\"a\":1}\r\n\t ",
        "{\"a\":{\"b\":{\"c\":[[],{}]}}}", "{\"a\":[{},[{}]]}", "{\"a\" 1}",
        "{\"a\"::1}", "{\"a\":1:2}", "{\"a\":1]", "{\"a\":- 1}", "{\"a\":1 2}"
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json = json_loads(texts[i], 0, &error);

        if (json && !json_is_object(json)) {
            json_decref(json);
            json = NULL;
        }

        if (scan(texts[i], &body) != (json ? 0 : -1)) {
            fail_msg("%s", texts[i]);
        }

        json_decref(json);
    }
}


static void
test_depth(void **state)
{
    char                 text[3 * VIOLET_EVENT_DEPTH + 16], *p;
    int                  depth;
    violet_event_body_t  body;

    (void) state;

    for (depth = VIOLET_EVENT_DEPTH - 1; depth <= VIOLET_EVENT_DEPTH + 1;
         depth++)
    {
        p = text + sprintf(text, "{\"a\":");
        memset(p, '[', depth - 1);
        memset(p + depth - 1, ']', depth - 1);
        strcpy(p + 2 * (depth - 1), "}");

        assert_int_equal(scan_in(text, strlen(text), 3, &body),
                         depth <= VIOLET_EVENT_DEPTH ? 0 : -1);
    }
}


static void
test_signatures(void **state)
{
    size_t         i;
    unsigned char  bytes[VIOLET_SIGNATURE], other[VIOLET_SIGNATURE];

    static const char  hex[] =
        "00ff10203040506070809000a0b0c0d0e0f0112233445566778899aabbccddee";
    static const char  upper[] =
        "00FF10203040506070809000A0B0C0D0E0F0112233445566778899AABBCCDDEE";
    static const char  base64[] =
        "AP8QIDBAUGBwgJAAoLDA0ODwESIzRFVmd4iZqrvM3e4=";

    static const char *const  wrong[] = {
        "", "00ff",
        "00ff10203040506070809000a0b0c0d0e0f0112233445566778899aabbccddeg",
        "00ff10203040506070809000a0b0c0d0e0f0112233445566778899aabbccdde",
        "AP8QIDBAUGBwgJAAoLDA0ODwESIzRFVmd4iZqrvM3e4",
        "AP8QIDBAUGBwgJAAoLDA0ODwESIzRFVmd4iZqrvM3e4A",
        "AP8QIDBAUGBwgJAAoLDA0ODwESIzRFVmd4iZqrvM3e5=",
        "AP8QIDBAUGBwgJAAoLDA0ODwESIzRFVmd4iZqrvM3e==",
        "AP8QIDBAUGBwgJAAoLDA0ODwESIzRFVmd4iZqrvM3-4="
    };

    (void) state;

    assert_int_equal(violet_signature_parse(of(hex), bytes), 0);
    assert_int_equal(violet_signature_parse(of(upper), other), 0);
    assert_memory_equal(bytes, other, VIOLET_SIGNATURE);
    assert_int_equal(violet_signature_parse(of(base64), other), 0);
    assert_memory_equal(bytes, other, VIOLET_SIGNATURE);
    assert_int_equal(bytes[1], 0xff);
    assert_int_equal(bytes[31], 0xee);

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(violet_signature_parse(of(wrong[i]), other), -1);
    }

    assert_int_equal(violet_signature_parse(of(NULL), other), -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_bad_ids),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_signatures)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

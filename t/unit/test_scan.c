
/*
 * The scan against the judge: over generated orders, whole and damaged, it
 * never proves what the judge would not say, and proves all that is plain.
 * VIOLET_SCAN_ORDERS says how many; a million if it is not set, fewer with
 * sanitizers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "violet_cart.h"
#include "violet_cart_body.h"
#include "violet_json.h"
#include "violet_order.h"
#include "violet_reason.h"
#include "violet_scan.h"


#if defined(__SANITIZE_ADDRESS__)
#define TEST_ORDERS  50000
#else
#define TEST_ORDERS  1000000
#endif

#define TEST_SIZE    8192
#define BAG          "{\"id\":1,\"status\":\"ACCEPTED\"}"


static char      text[TEST_SIZE];
static size_t    len;
static uint64_t  seed;


static unsigned
pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return (unsigned) (seed >> 11) % n;
}


static void
put(const char *piece)
{
    size_t  n;

    n = strlen(piece);

    if (len + n < TEST_SIZE) {
        memcpy(text + len, piece, n);
        len += n;
    }
}


static void
put_one(const char *const *pieces, unsigned n)
{
    put(pieces[pick(n)]);
}


#define put_any(list)  put_one(list, sizeof(list) / sizeof(list[0]))


/* mostly harmless: an order that is often completed */

static void
put_status(void)
{
    static const char *const  good[] = {
        "\"ACCEPTED\"", "\"SUBMITTED\"", "\"completed\"", "\"BACKORDERED\""
    };
    static const char *const  other[] = {
        "\"REJECTED\"", "\"IN_PROGRESS\"", "\"CANCELED\"", "null", "7",
        "\"REFUNDED\"", "\"A\\u0043CEPTED\"", "[]", "{}", "\"\"", "true",
        "\"REQUIRES_ACTION\"", "\"FAILED\"", "\"REQUIRES\\u005fACTION\"",
        "\"CAPTURED\"", "\"REQUIRES_PAYMENT_METHOD\"", "\"PROCESSING\""
    };

    if (pick(10)) {
        put_any(good);

    } else {
        put_any(other);
    }
}


static void
put_value(void)
{
    static const char *const  values[] = {
        "1", "-0.5e+3", "1e400", "3.85", "99999999999999999999", "true",
        "false", "null", "\"x\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"",
        "\"\xc3\xa9\"", "[]", "{}", "[1,[2,{\"status\":\"REJECTED\"}]]",
        "{\"status\":\"REJECTED\",\"errors\":[1]}", "\"a\\\"b\\\\\"",
        " [ 1 , 2 ] ", "[{\"a\":{}}]"
    };
    static const char *const  bad[] = {
        "\"\\ud800\"", "01", "+1", "\"\x01\"", "\"\xff\"", "\"\xc0\x80\"",
        "nul", "[1,]", "{\"a\":1,\"a\":2}", "\"\\x\"", "'a'", "1.", "\"a"
    };

    if (pick(60)) {
        put_any(values);

    } else {
        put_any(bad);
    }
}


static void
put_other(void)
{
    static const char *const  keys[] = {
        "\"name\":", "\"total\":", "\"taxes\": ", "\"st\\u0061te\":",
        "\"discounts\":", "\"\\u0062ags\":", "\"Status\":", "\"merchant\" :"
    };

    put_any(keys);
    put_value();
}


static void
put_bag(void)
{
    put("{\"id\":1,");

    if (pick(3) == 0) {
        put_other();
        put(",");
    }

    if (pick(40)) {
        put("\"status\":");
        put_status();

    } else {
        put("\"bag_status\":\"ACCEPTED\"");
    }

    if (pick(80) == 0) {
        put(",\"status\":");
        put_status();
    }

    put("}");
}


static void
put_payment(void)
{
    static const char *const  good[] = {
        "\"CAPTURED\"", "\"AUTHORIZED\"", "null", "\"processing\""
    };
    static const char *const  keys[] = {
        "\"status\":", "\"capture_status\":", "\"captureStatus\":"
    };

    put("{\"errors\":[],");
    put_any(keys);

    if (pick(8)) {
        put_any(good);

    } else {
        put_status();
    }

    put("}");
}


static void
put_list(void (*item)(void), unsigned most)
{
    unsigned  i, n;

    n = pick(most + 1);

    put("[");

    for (i = 0; i < n; i++) {
        put(i ? "," : "");

        if (pick(60)) {
            item();

        } else {
            put_value();
        }
    }

    put("]");
}


static void
put_member(void)
{
    switch (pick(9)) {

    case 0:
    case 1:
        put("\"status\":");
        put_status();
        break;

    case 2:
        put(pick(2) ? "\"payment_status\":" : "\"paymentStatus\":");
        put_status();
        break;

    case 3:
        put("\"errors\":");
        put(pick(8) ? (pick(2) ? "[]" : "null")
                    : (pick(2) ? "[{\"bag_id\":1}]" : "{\"message\":\"x\"}"));
        break;

    case 4:
    case 5:
        put(pick(2) ? "\"payment_transactions\":"
                    : "\"paymentTransactions\":");
        put_list(put_payment, 2);
        break;

    case 6:
        put("\"code\":1");
        break;

    default:
        put_other();
    }
}


static void
put_order(void)
{
    unsigned  i, n, bags;

    len = 0;
    n = 1 + pick(5);
    bags = pick(n);

    put(pick(50) ? "{" : pick(2) ? " {" : "\xef\xbb\xbf{");

    for (i = 0; i < n; i++) {
        put(i ? "," : "");

        if (i == bags && pick(30)) {
            put("\"bags\":");
            put_list(put_bag, 3);

        } else {
            put_member();
        }
    }

    put("}");

    /* some are damaged in one byte, or cut */

    switch (pick(12)) {

    case 0:
        text[pick((unsigned) len)] = "{}[],:\"\\0nt \x80"[pick(13)];
        break;

    case 1:
        len = pick((unsigned) len);
        break;
    }
}


/* Did the parser take it as it is, and what does the tree say? */

static int
tree_completed(int *parsed)
{
    int                   completed;
    violet_cart_body_t    body;
    violet_cart_answer_t  answer;

    memset(&answer, 0, sizeof(answer));

    answer.status = 200;
    answer.body.data = text;
    answer.body.len = len;

    violet_cart_body_init(&body, &answer);
    assert_int_equal(violet_cart_body_read(&body, &answer), 0);

    /* what the scan takes for JSON is JSON */

    if (body.root == NULL && violet_scan_completed(text, len)) {
        fail_msg("no JSON: %.*s", (int) len, text);
    }

    *parsed = (body.root != NULL && !body.twice);
    completed = body.kind == VIOLET_BODY_ORDER
                && violet_order_judge(&body.order) == VIOLET_ORDER_COMPLETED;

    violet_cart_body_free(&body);

    return completed;
}


/* Everything that decides stands there in its plainest form. */

static void
test_property(void **state)
{
    int            scan, tree, parsed;
    const char    *number;
    unsigned long  i, n, proved, completed, disliked;

    (void) state;

    number = getenv("VIOLET_SCAN_ORDERS");
    n = number ? strtoul(number, NULL, 10) : TEST_ORDERS;

    seed = 0x9e3779b97f4a7c15;
    proved = completed = disliked = 0;

    for (i = 0; i < n; i++) {
        put_order();

        scan = violet_scan_completed(text, len);
        tree = tree_completed(&parsed);

        proved += scan;
        completed += tree;
        disliked += (scan && !parsed);

        if (scan && parsed && !tree) {
            fail_msg("proved, but not so: %.*s", (int) len, text);
        }
    }

    printf("%lu orders: %lu completed, %lu proved, of these %lu that the "
           "parser dislikes\n", n, completed, proved, disliked);

    /* a scan that proves nothing would pass as well */

    assert_true(proved > n / 20);
    assert_true((proved - disliked) * 2 > completed);
    assert_true(disliked < proved / 20);
}


static void
test_rows(void **state)
{
    size_t  i;

    static const struct {
        const char  *body;
        int          completed;
    } rows[] = {
        { "{\"bags\":[" BAG "]}", 1 },
        { "\xef\xbb\xbf {\"bags\":[" BAG "]}\r\n", 1 },
        { "{\"bags\":[" BAG "," BAG "],\"errors\":[],\"status\":\"X\"}", 1 },
        { "{\"name\":\"\\ud800\",\"bags\":[" BAG "]}", 1 },
        { "{\"a\":1,\"a\":2,\"bags\":[" BAG "]}", 1 },
        { "{\"total\":1e400,\"bags\":[" BAG "]}", 1 },
        { "{\"payment_transactions\":[{\"status\":\"CAPTURED\"}],"
          "\"bags\":[" BAG "]}", 1 },
        { "{\"x\":[{\"status\":\"REJECTED\"}],\"bags\":[" BAG "]}", 1 },
        { "{\"bags\":[{\"status\":\"ACCEPTED\",\"skus\":[{\"status\":"
          "\"REJECTED\"}]}]}", 1 },

        { "", 0 },
        { "{}", 0 },
        { "[" BAG "]", 0 },
        { "{\"bags\":[]}", 0 },
        { "{\"bags\":null}", 0 },
        { "{\"bags\":[null]}", 0 },
        { "{\"bags\":[1]}", 0 },
        { "{\"bags\":[\"\"]}", 0 },
        { "{\"bags\":[[" BAG "]]}", 0 },
        { "{\"bags\":[{}]}", 0 },
        { "{\"bags\":[{\"bag_status\":\"ACCEPTED\"}]}", 0 },
        { "{\"bags\":[{\"x\":{\"status\":\"ACCEPTED\"}}]}", 0 },
        { "{\"bags\":[{\"status\":\"ACCEPTED\",\"status\":\"REJECTED\"}]}",
          0 },
        { "{\"bags\":[{\"status\":\"ACCEPTED\",\"st\\u0061tus\":1}]}", 0 },
        { "{\"bags\":[" BAG "],\"bags\":[" BAG "]}", 0 },
        { "{\"bags\":[" BAG "],\"errors\":[{}]}", 0 },
        { "{\"bags\":[" BAG "],\"errors\":[null]}", 0 },
        { "{\"bags\":[" BAG "],\"errors\":{}}", 0 },
        { "{\"bags\":[" BAG "],\"errors\":\"x\"}", 0 },
        { "{\"bags\":[" BAG "],\"errors\":false}", 0 },
        { "{\"bags\":[" BAG "],\"\\u0065rrors\":[{}]}", 0 },
        { "{\"bags\":[" BAG "],\"status\":\"requires_action\"}", 0 },
        { "{\"bags\":[" BAG "],\"paymentStatus\":\"REQUIRES_ACTION\"}", 0 },
        { "{\"bags\":[" BAG "],\"payment_transactions\":[{\"capture_status\":"
          "\"FAILED\"}]}", 0 },
        { "{\"bags\":[" BAG "],\"payment_transactions\":[{\"status\":"
          "\"NEW_ONE\"}]}", 0 },
        { "{\"bags\":[" BAG ",{\"status\":\"REJECTED\"}]}", 0 },
        { "{\"bags\":[" BAG "]", 0 },
        { "{\"bags\":[" BAG "]}x", 0 },
        { "{\"bags\":[" BAG "],}", 0 },
        { "{\"bags\":[" BAG ",]}", 0 },
        { "{\"a\":\"\xed\xa0\x80\",\"bags\":[" BAG "]}", 0 },
        { "{\"a\":\"\xf4\x90\x80\x80\",\"bags\":[" BAG "]}", 0 },
        { "{\"a\":\"\xe0\x80\x80\",\"bags\":[" BAG "]}", 0 },
        { "{\"a\":1.,\"bags\":[" BAG "]}", 0 },
        { "{\"a\":tru,\"bags\":[" BAG "]}", 0 },
        { "{\"a\":\"\t\",\"bags\":[" BAG "]}", 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (violet_scan_completed(rows[i].body, strlen(rows[i].body))
            != rows[i].completed)
        {
            fail_msg("%s", rows[i].body);
        }
    }
}


static void
test_depth(void **state)
{
    size_t   i;
    char    *deep;

    (void) state;

    deep = malloc(20100);
    assert_non_null(deep);

    memcpy(deep, "{\"a\":", 5);

    for (i = 0; i < 10000; i++) {
        deep[5 + i] = '[';
        deep[10005 + i] = ']';
    }

    memcpy(deep + 20005, ",\"bags\":[{\"status\":\"ACCEPTED\"}]}", 33);

    assert_int_equal(violet_scan_completed(deep, 20005 + 33), 0);

    free(deep);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_property)
    };

    violet_json_init();
    assert_int_equal(violet_reasons_init(), 0);

    return cmocka_run_group_tests_name("violet_scan", tests, NULL, NULL);
}

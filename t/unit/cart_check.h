
/*
 * Shared by the tests of the cart-submit judge: bodies and parts of them, a
 * verdict from an answer or an order, and a check that every problem has the
 * form that docs/cart-error.schema.json fixes.
 */

#ifndef CART_CHECK_H
#define CART_CHECK_H


#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "violet_cart.h"
#include "violet_json.h"
#include "violet_reason.h"


#define CHECK_CART_ID  10000
#define N(rows)  (sizeof(rows) / sizeof((rows)[0]))

#define ANSWERED     VIOLET_CART_ANSWERED
#define COMPLETED    VIOLET_CART_COMPLETED
#define PENDING      VIOLET_CART_PENDING
#define ACTION       VIOLET_CART_REQUIRES_ACTION
#define FAILED       VIOLET_CART_FAILED
#define PARTIAL      VIOLET_CART_PARTIAL
#define UNKNOWN      VIOLET_CART_UNKNOWN

#define CHANGE       VIOLET_CART_RETRY_AFTER_CHANGE
#define LATER        VIOLET_CART_RETRY_LATER
#define NEW_CART     VIOLET_CART_RETRY_NEW_CART
#define REST         VIOLET_CART_RETRY_NEW_CART_FOR_FAILED_BAGS
#define MANUAL       VIOLET_CART_RETRY_MANUAL

#define EVIDENCE(name)  VIOLET_EVIDENCE_##name

#define OTHER        VIOLET_REASON_OTHER
#define PAYMENT      VIOLET_REASON_PAYMENT_FAILED
#define GONE         VIOLET_REASON_ITEM_UNAVAILABLE


/* bodies that are no order, and one that is */

#define EXCEPTION                                                             \
    "{\"message\":\"It did not work.\",\"error\":\"some_error\","             \
    "\"code\":1234}"

#define LEGACY                                                                \
    "{\"status\":401,\"message\":\"Token has expired\",\"error_code\":11,"    \
    "\"timestamp\":1700000000000}"

#define SPRING                                                                \
    "{\"timestamp\":\"2024-01-01T00:00:00Z\",\"status\":404,"                 \
    "\"error\":\"Not Found\",\"path\":\"/v1/checkout/cart/1/submit\"}"

#define HTML  "<html><body><h1>It broke</h1></body></html>"

#define ORDER  "{\"id\":1,\"status\":\"COMPLETED\",\"bags\":[]}"


/* parts of an order */

#define BAG(id, status)  "{\"id\":" #id ",\"status\":\"" status "\"}"

#define OLD(id, type)                                                         \
    "{\"bag_id\":" #id ",\"type\":\"" type "\",\"message\":\"sold out\"}"

#define SUBMIT(id)  OLD(id, "EXTERNAL_SUBMIT_CART")

#define PAY(status, rest)  "{\"status\":\"" status "\"" rest "}"


typedef struct {
    violet_cart_transport_t   transport;
    unsigned                  status;
    const char               *body;

    violet_cart_outcome_t     outcome;
    unsigned                  to_caller;
    violet_cart_retry_t       retry;
    violet_reason_t           reason;
    violet_cart_evidence_t    evidence;
} check_row_t;


static const char *const  check_keys[] = {
    "type", "title", "status", "detail", "message", "error", "code",
    "outcome", "retry", "cart_id", "order_id", "request_id", "errors", "bags",
    "upstream", "order", NULL
};


static const char *const  check_error_keys[] = {
    "reason", "message", "scope", "blocking", "bag_id", "merchant_id",
    "sku_id", "order_sku_id", "name", "platform", "violet", NULL
};


static const char *const  check_violet_keys[] = {
    "id", "error", "code", "type", "entity_id", "entity_type",
    "date_created", NULL
};


static const char *const  check_bag_keys[] = {
    "bag_id", "merchant_id", "merchant_name", "status", "financial_status",
    "outcome", NULL
};


static const char *const  check_upstream_keys[] = {
    "status", "error", "code", NULL
};


static inline void
check_object(json_t *object, const char *const *keys)
{
    void  *iter;

    assert_true(json_is_object(object));

    for (iter = json_object_iter(object);
         iter;
         iter = json_object_iter_next(object, iter))
    {
        assert_non_null(*keys);
        assert_string_equal(json_object_iter_key(iter), *keys);
        keys++;
    }

    assert_null(*keys);
}


static inline const char *
check_string(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}


static inline void
check_errors(const json_t *problem)
{
    size_t            i, n;
    json_t           *item;
    const json_t     *errors;
    violet_reason_t   reason;

    errors = json_object_get(problem, "errors");
    n = json_array_size(errors);

    assert_true(n > 0);

    for (i = 0; i < n; i++) {
        item = json_array_get(errors, i);

        check_object(item, check_error_keys);
        check_object(json_object_get(item, "violet"), check_violet_keys);

        assert_true(json_is_boolean(json_object_get(item, "blocking")));
        assert_non_null(check_string(item, "scope"));
        assert_int_equal(violet_reason_parse(check_string(item, "reason"),
                                    strlen(check_string(item, "reason")),
                                    &reason),
                         0);
    }
}


/*
 * The members of an API exception at the top of a problem: the detail, Violet's
 * "error" or else the first blocking reason in lower case, and Violet's code.
 */

static inline void
check_exception(const json_t *problem)
{
    char           word[32];
    size_t         i, k;
    json_t        *error, *upstream;
    const json_t  *errors;
    const char    *reason;

    assert_true(json_equal(json_object_get(problem, "message"),
                           json_object_get(problem, "detail")));

    upstream = json_object_get(problem, "upstream");

    assert_true(json_equal(json_object_get(problem, "code"),
                           json_object_get(upstream, "code")));

    error = json_object_get(upstream, "error");

    if (json_is_string(error)) {
        assert_true(json_equal(json_object_get(problem, "error"), error));
        return;
    }

    errors = json_object_get(problem, "errors");

    for (i = 0; i < json_array_size(errors); i++) {

        error = json_array_get(errors, i);

        if (!json_is_true(json_object_get(error, "blocking"))) {
            continue;
        }

        reason = check_string(error, "reason");
        assert_true(strlen(reason) < sizeof(word));

        for (k = 0; reason[k]; k++) {
            word[k] = (char) tolower((unsigned char) reason[k]);
        }

        word[k] = '\0';

        assert_string_equal(check_string(problem, "error"), word);
        return;
    }

    assert_true(json_is_null(json_object_get(problem, "error")));
}


/* Parses a problem and checks its form; the caller owns what is returned. */

static inline json_t *
check_problem(const violet_cart_verdict_t *verdict, const char *data,
    size_t len)
{
    int                   twice;
    char                  type[64];
    size_t                i;
    json_t               *problem, *bags;
    violet_json_error_t   error;

    static const char *const  names[] = { NULL };

    /* the order within is Violet's bytes, which jansson may dislike */

    problem = violet_json_parse_loose(data, len, names, 0, &twice, &error);

    if (problem == NULL) {
        problem = json_loadb(data, len, JSON_ALLOW_NUL, NULL);
    }

    assert_non_null(problem);
    check_object(problem, check_keys);
    check_object(json_object_get(problem, "upstream"), check_upstream_keys);
    check_errors(problem);
    check_exception(problem);

    bags = json_object_get(problem, "bags");
    assert_true(json_is_array(bags));

    for (i = 0; i < json_array_size(bags); i++) {
        check_object(json_array_get(bags, i), check_bag_keys);
    }

    (void) snprintf(type, sizeof(type), "urn:ngx-violet:cart-submit-%s",
                    violet_cart_outcome_name(verdict->outcome));

    assert_string_equal(check_string(problem, "type"), type);
    assert_non_null(check_string(problem, "title"));
    assert_true(strlen(check_string(problem, "detail")) > 0);
    assert_string_equal(check_string(problem, "outcome"),
                        violet_cart_outcome_name(verdict->outcome));
    assert_string_equal(check_string(problem, "retry"),
                        violet_cart_retry_name(verdict->retry));
    assert_int_equal(json_integer_value(json_object_get(problem, "status")),
                     verdict->status);
    assert_int_equal(json_integer_value(json_object_get(problem, "cart_id")),
                     CHECK_CART_ID);

    return problem;
}


static inline void
check_answer(violet_cart_answer_t *answer, unsigned status, const char *body,
    size_t len)
{
    memset(answer, 0, sizeof(violet_cart_answer_t));

    answer->status = status;
    answer->body.data = body;
    answer->body.len = len;
    answer->cart_id = CHECK_CART_ID;
    answer->request_id.data = "b7e1";
    answer->request_id.len = 4;
    answer->partial_status = 422;
    answer->guarded = 1;
}


/*
 * Judges a body and returns the problem, or NULL if Violet's answer passes;
 * the caller owns it.
 */

static inline json_t *
check_judge_bytes(unsigned status, const char *body, size_t len,
    violet_cart_verdict_t *verdict)
{
    char                  *copy;
    json_t                *problem;
    violet_cart_answer_t   answer;

    /* of the exact size, so that a sanitizer sees a read past the end */
    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, body, len);

    check_answer(&answer, status, copy, len);

    assert_int_equal(violet_cart_judge(&answer, verdict), 0);

    problem = NULL;

    if (verdict->outcome < VIOLET_CART_FAILED) {
        assert_null(verdict->problem);

    } else {
        assert_non_null(verdict->problem);
        problem = check_problem(verdict, verdict->problem,
                                verdict->problem_len);
    }

    free(verdict->problem);
    free(copy);

    return problem;
}


static inline json_t *
check_judge(unsigned status, const char *body, violet_cart_verdict_t *verdict)
{
    return check_judge_bytes(status, body, strlen(body), verdict);
}


static inline void
check_rows(const check_row_t *rows, size_t n)
{
    size_t                  i;
    json_t                 *problem;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    for (i = 0; i < n; i++) {

        check_answer(&answer, rows[i].status, rows[i].body,
                     rows[i].body ? strlen(rows[i].body) : 0);
        answer.transport = rows[i].transport;

        assert_int_equal(violet_cart_judge(&answer, &verdict), 0);

        if (verdict.outcome != rows[i].outcome) {
            print_error("row %zu: %u %s: %s\n", i, rows[i].status,
                        rows[i].body ? rows[i].body : "-",
                        violet_cart_outcome_name(verdict.outcome));
        }

        assert_int_equal(verdict.outcome, rows[i].outcome);

        if (verdict.evidence != rows[i].evidence) {
            print_error("row %zu: %u %s: %s\n", i, rows[i].status,
                        rows[i].body ? rows[i].body : "-",
                        violet_cart_evidence_name(verdict.evidence));
        }

        assert_int_equal(verdict.evidence, rows[i].evidence);

        if (rows[i].outcome < VIOLET_CART_FAILED) {
            assert_null(verdict.problem);
            continue;
        }

        if (verdict.status != rows[i].to_caller
            || verdict.retry != rows[i].retry
            || !verdict.has_reason
            || verdict.reason != rows[i].reason)
        {
            print_error("row %zu: %u %s: %u %s %s\n", i, rows[i].status,
                        rows[i].body ? rows[i].body : "-", verdict.status,
                        violet_cart_retry_name(verdict.retry),
                        verdict.has_reason
                        ? violet_reason_name(verdict.reason) : "-");
        }

        assert_int_equal(verdict.status, rows[i].to_caller);
        assert_int_equal(verdict.retry, rows[i].retry);
        assert_true(verdict.has_reason);
        assert_int_equal(verdict.reason, rows[i].reason);

        problem = check_problem(&verdict, verdict.problem,
                                verdict.problem_len);
        json_decref(problem);
        free(verdict.problem);
    }
}


/* an order from its status, bags, errors and payments; NULL leaves one out */

typedef struct {
    const char             *status;
    const char             *bags;
    const char             *errors;
    const char             *payments;

    violet_cart_outcome_t   outcome;
    unsigned                to_caller;
    violet_cart_retry_t     retry;
    violet_reason_t         reason;
    violet_cart_evidence_t  evidence;
} check_order_t;


static inline size_t
check_member(char *buffer, size_t len, const char *name, const char *value,
    const char *brackets)
{
    if (value == NULL) {
        return len;
    }

    return len + (size_t) sprintf(buffer + len, ",\"%s\":%.1s%s%s", name,
                                  brackets, value, brackets + 1);
}


static inline void
check_orders(const check_order_t *orders, size_t n)
{
    char         body[4096];
    size_t       i, len;
    check_row_t  row;

    for (i = 0; i < n; i++) {

        len = (size_t) sprintf(body, "{\"id\":10000");
        len = check_member(body, len, "status", orders[i].status, "\"\"");
        len = check_member(body, len, "bags", orders[i].bags, "[]");
        len = check_member(body, len, "errors", orders[i].errors, "[]");
        len = check_member(body, len, "payment_transactions",
                          orders[i].payments, "[]");
        (void) strcpy(body + len, "}");

        memset(&row, 0, sizeof(check_row_t));

        row.status = 200;
        row.body = body;
        row.outcome = orders[i].outcome;
        row.to_caller = orders[i].to_caller;
        row.retry = orders[i].retry;
        row.reason = orders[i].reason;
        row.evidence = orders[i].evidence;

        check_rows(&row, 1);
    }
}


/* A member by its path, such as "errors.0.violet.code". */

static inline json_t *
check_at(json_t *value, const char *path)
{
    char    name[32];
    size_t  n;

    while (*path && value) {

        n = strcspn(path, ".");
        assert_true(n < sizeof(name));
        memcpy(name, path, n);
        name[n] = '\0';

        value = json_is_array(value)
                ? json_array_get(value, strtoul(name, NULL, 10))
                : json_object_get(value, name);

        path += n + (path[n] == '.');
    }

    assert_non_null(value);

    return value;
}


static inline void
check_text(json_t *problem, const char *path, const char *expected)
{
    json_t  *value;

    value = check_at(problem, path);

    if (expected == NULL) {
        assert_true(json_is_null(value));
        return;
    }

    assert_true(json_is_string(value));
    assert_string_equal(json_string_value(value), expected);
}


static inline void
check_number(json_t *problem, const char *path, json_int_t expected)
{
    json_t  *value;

    value = check_at(problem, path);

    assert_true(json_is_integer(value));
    assert_true(json_integer_value(value) == expected);
}


/* A file of t/data/cart; the caller frees it. */

static inline char *
check_file(const char *name, size_t *len)
{
    char         path[512];
    char        *data;
    FILE        *file;
    const char  *dir;

    dir = getenv("VIOLET_TEST_DATA");
    (void) snprintf(path, sizeof(path), "%s/cart/%s", dir ? dir : "t/data",
                    name);

    file = fopen(path, "rb");
    assert_non_null(file);

    data = malloc(65536);
    assert_non_null(data);

    *len = fread(data, 1, 65536, file);
    assert_int_equal(ferror(file), 0);
    assert_true(*len > 0 && *len < 65536);
    (void) fclose(file);

    return data;
}


static inline int
check_setup(void **state)
{
    (void) state;

    return violet_reasons_init();
}


static inline int
check_teardown(void **state)
{
    (void) state;

    violet_reasons_cleanup();

    return 0;
}


#endif /* CART_CHECK_H */

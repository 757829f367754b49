
/*
 * The document is written as text, without a JSON tree: it may list thousands
 * of errors beside an order of several megabytes.  After a write has failed,
 * all later writes do nothing, so only the end needs a check.  The buffer is
 * the caller's of violet_problem_write(), once it returns.
 */

#include <stdlib.h>
#include <string.h>

#include "violet_json_writer.h"
#include "violet_problem.h"
#include "violet_reason.h"


/* bytes: the longest message, and the longest other text of Violet's */
#define VIOLET_PROBLEM_MESSAGE  8192
#define VIOLET_PROBLEM_TEXT     1024


static void violet_problem_document(violet_sink_t *s,
    const violet_problem_t *problem);
static void violet_problem_error(violet_sink_t *s,
    const violet_error_t *error);
static void violet_problem_bag(violet_sink_t *s, const violet_bag_t *bag);
static void violet_problem_upstream(violet_sink_t *s,
    const violet_problem_t *problem);
static const char *violet_problem_title(violet_cart_outcome_t outcome);
static const char *violet_problem_scope(violet_scope_t scope);
static void violet_sink_text(violet_sink_t *s, const char *name,
    violet_text_t text);
static void violet_sink_message(violet_sink_t *s, const char *name,
    violet_text_t text);
static void violet_sink_value(violet_sink_t *s, const char *name,
    const json_t *value);


char *
violet_problem_write(const violet_problem_t *problem, size_t *len)
{
    violet_sink_t  s;

    memset(&s, 0, sizeof(violet_sink_t));

    violet_problem_document(&s, problem);

    if (s.failed) {
        free(s.data);
        return NULL;
    }

    *len = s.len;

    return s.data;
}


size_t
violet_problem_print(const violet_problem_t *problem, char *buffer,
    size_t size)
{
    violet_sink_t  s;

    memset(&s, 0, sizeof(violet_sink_t));

    s.data = buffer;
    s.size = size;
    s.fixed = 1;

    violet_problem_document(&s, problem);

    return s.failed ? 0 : s.len;
}


static void
violet_problem_document(violet_sink_t *s, const violet_problem_t *problem)
{
    size_t  i;

    violet_sink_open(s, '{');

    violet_sink_name(s, "type");
    violet_sink_literal(s, "\"urn:ngx-violet:cart-submit-");
    violet_sink_literal(s, violet_cart_outcome_name(problem->outcome));
    violet_sink_literal(s, "\"");

    violet_sink_word(s, "title", violet_problem_title(problem->outcome));
    violet_sink_integer(s, "status", problem->status);
    violet_sink_message(s, "detail", problem->detail);
    violet_sink_word(s, "outcome", violet_cart_outcome_name(problem->outcome));
    violet_sink_word(s, "retry", violet_cart_retry_name(problem->retry));

    if (problem->cart_id) {
        violet_sink_integer(s, "cart_id", problem->cart_id);

    } else {
        violet_sink_word(s, "cart_id", NULL);
    }

    violet_sink_id(s, "order_id", problem->order_id);
    violet_sink_text(s, "request_id", problem->request_id);

    violet_sink_name(s, "errors");
    violet_sink_open(s, '[');

    for (i = 0; i < problem->nerrors; i++) {
        violet_problem_error(s, &problem->errors[i]);
    }

    violet_sink_close(s, ']');

    violet_sink_name(s, "bags");
    violet_sink_open(s, '[');

    for (i = 0; i < problem->nbags; i++) {
        violet_problem_bag(s, &problem->bags[i]);
    }

    violet_sink_close(s, ']');

    violet_problem_upstream(s, problem);

    violet_sink_name(s, "order");

    if (problem->order.data) {
        violet_sink_bytes(s, problem->order.data, problem->order.len);

    } else {
        violet_sink_literal(s, "null");
    }

    violet_sink_close(s, '}');
}


static void
violet_problem_error(violet_sink_t *s, const violet_error_t *error)
{
    violet_sink_item(s);

    violet_sink_word(s, "reason", violet_reason_name(error->reason));
    violet_sink_message(s, "message", error->message);
    violet_sink_word(s, "scope", violet_problem_scope(error->scope));

    violet_sink_name(s, "blocking");
    violet_sink_literal(s, error->blocking ? "true" : "false");

    violet_sink_id(s, "bag_id", error->bag_id);
    violet_sink_id(s, "merchant_id", error->merchant_id);
    violet_sink_id(s, "sku_id", error->sku_id);
    violet_sink_id(s, "order_sku_id", error->order_sku_id);
    violet_sink_text(s, "name", error->name);
    violet_sink_text(s, "platform", error->platform);

    violet_sink_name(s, "violet");
    violet_sink_open(s, '{');

    violet_sink_value(s, "id", error->id);
    violet_sink_text(s, "error", error->error);
    violet_sink_id(s, "code", error->code);
    violet_sink_text(s, "type", error->type);
    violet_sink_value(s, "entity_id", error->entity_id);
    violet_sink_text(s, "entity_type", error->entity_type);
    violet_sink_text(s, "date_created", error->date_created);

    violet_sink_close(s, '}');
    violet_sink_close(s, '}');
}


static void
violet_problem_bag(violet_sink_t *s, const violet_bag_t *bag)
{
    violet_sink_item(s);

    violet_sink_id(s, "bag_id", bag->id);
    violet_sink_id(s, "merchant_id", bag->merchant_id);
    violet_sink_text(s, "merchant_name", bag->merchant_name);
    violet_sink_text(s, "status", bag->status);
    violet_sink_text(s, "financial_status", bag->financial_status);
    violet_sink_word(s, "outcome", violet_bag_outcome_name(bag->outcome));

    violet_sink_close(s, '}');
}


static void
violet_problem_upstream(violet_sink_t *s, const violet_problem_t *problem)
{
    violet_sink_name(s, "upstream");
    violet_sink_open(s, '{');

    if (problem->upstream_status) {
        violet_sink_integer(s, "status", problem->upstream_status);

    } else {
        violet_sink_word(s, "status", NULL);
    }

    violet_sink_text(s, "error", problem->upstream_error);
    violet_sink_id(s, "code", problem->upstream_code);

    violet_sink_close(s, '}');
}


static const char *
violet_problem_title(violet_cart_outcome_t outcome)
{
    switch (outcome) {

    case VIOLET_CART_FAILED:
        return "The cart was not submitted";

    case VIOLET_CART_PARTIAL:
        return "The cart was partly submitted";

    default: /* VIOLET_CART_UNKNOWN; other outcomes have no document */
        return "It is not known whether the cart was submitted";
    }
}


static const char *
violet_problem_scope(violet_scope_t scope)
{
    switch (scope) {

    case VIOLET_SCOPE_BAG:
        return "BAG";

    case VIOLET_SCOPE_SKU:
        return "SKU";

    case VIOLET_SCOPE_PAYMENT:
        return "PAYMENT";

    default: /* VIOLET_SCOPE_CART */
        return "CART";
    }
}


static void
violet_sink_text(violet_sink_t *s, const char *name, violet_text_t text)
{
    violet_sink_within(s, name, text, VIOLET_PROBLEM_TEXT);
}


static void
violet_sink_message(violet_sink_t *s, const char *name, violet_text_t text)
{
    violet_sink_within(s, name, text, VIOLET_PROBLEM_MESSAGE);
}


/* An id as it came: a number or a string; null for any other type. */

static void
violet_sink_value(violet_sink_t *s, const char *name, const json_t *value)
{
    if (json_is_integer(value)) {
        violet_sink_integer(s, name, json_integer_value(value));
        return;
    }

    violet_sink_text(s, name, violet_json_to_text(value));
}

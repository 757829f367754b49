
/*
 * The document is written as text, without a JSON tree: it may list thousands
 * of errors beside an order of several megabytes.  The caller owns the
 * document.
 */

#include <stdlib.h>
#include <string.h>

#include "violet_json_writer.h"
#include "violet_problem.h"
#include "violet_reason.h"


/* bytes: the longest message, and the longest other text of Violet's */
#define VIOLET_PROBLEM_MESSAGE  8192
#define VIOLET_PROBLEM_TEXT     1024

/* bytes of the longest name of a reason, with its NUL */
#define VIOLET_PROBLEM_REASON   32


static void violet_problem_document(violet_json_writer_t *w,
    const violet_problem_t *problem);
static void violet_problem_exception(violet_json_writer_t *w,
    const violet_problem_t *problem);
static const char *violet_problem_reason(const violet_problem_t *problem);
static void violet_problem_error(violet_json_writer_t *w,
    const violet_error_t *error);
static void violet_problem_bag(violet_json_writer_t *w,
    const violet_bag_t *bag);
static void violet_problem_upstream(violet_json_writer_t *w,
    const violet_problem_t *problem);
static const char *violet_problem_title(violet_cart_outcome_t outcome);
static const char *violet_problem_scope(violet_scope_t scope);
static void violet_problem_text(violet_json_writer_t *w, const char *name,
    violet_text_t text);
static void violet_problem_message(violet_json_writer_t *w, const char *name,
    violet_text_t text);
static void violet_problem_value(violet_json_writer_t *w, const char *name,
    const json_t *value);


char *
violet_problem_write(const violet_problem_t *problem, size_t *len)
{
    violet_json_writer_t  w;

    memset(&w, 0, sizeof(violet_json_writer_t));

    violet_problem_document(&w, problem);

    if (w.failed) {
        free(w.data);
        return NULL;
    }

    *len = w.len;

    return w.data;
}


size_t
violet_problem_print(const violet_problem_t *problem, char *buffer,
    size_t size)
{
    violet_json_writer_t  w;

    memset(&w, 0, sizeof(violet_json_writer_t));

    w.data = buffer;
    w.size = size;
    w.fixed = 1;

    violet_problem_document(&w, problem);

    return w.failed ? 0 : w.len;
}


static void
violet_problem_document(violet_json_writer_t *w,
    const violet_problem_t *problem)
{
    size_t  i;

    violet_json_write_open(w, '{');

    violet_json_write_name(w, "type");
    violet_json_write_literal(w, "\"urn:ngx-violet:cart-submit-");
    violet_json_write_literal(w, violet_cart_outcome_name(problem->outcome));
    violet_json_write_literal(w, "\"");

    violet_json_write_word(w, "title", violet_problem_title(problem->outcome));
    violet_json_write_integer(w, "status", problem->status);
    violet_problem_message(w, "detail", problem->detail);

    violet_problem_exception(w, problem);

    violet_json_write_word(w, "outcome",
                           violet_cart_outcome_name(problem->outcome));
    violet_json_write_word(w, "retry", violet_cart_retry_name(problem->retry));

    if (problem->cart_id) {
        violet_json_write_integer(w, "cart_id", problem->cart_id);

    } else {
        violet_json_write_word(w, "cart_id", NULL);
    }

    violet_json_write_id(w, "order_id", problem->order_id);
    violet_problem_text(w, "request_id", problem->request_id);

    violet_json_write_name(w, "errors");
    violet_json_write_open(w, '[');

    for (i = 0; i < problem->nerrors; i++) {
        violet_problem_error(w, &problem->errors[i]);
    }

    violet_json_write_close(w, ']');

    violet_json_write_name(w, "bags");
    violet_json_write_open(w, '[');

    for (i = 0; i < problem->nbags; i++) {
        violet_problem_bag(w, &problem->bags[i]);
    }

    violet_json_write_close(w, ']');

    violet_problem_upstream(w, problem);

    violet_json_write_name(w, "order");

    if (problem->order.data) {
        violet_json_write_bytes(w, problem->order.data, problem->order.len);

    } else {
        violet_json_write_literal(w, "null");
    }

    violet_json_write_close(w, '}');
}


/*
 * The members that an API exception of Violet's has at the top, for clients
 * that were written for Violet itself.
 */

static void
violet_problem_exception(violet_json_writer_t *w,
    const violet_problem_t *problem)
{
    size_t       i;
    char         word[VIOLET_PROBLEM_REASON];
    const char  *reason;

    violet_problem_message(w, "message", problem->detail);

    reason = violet_problem_reason(problem);

    if (problem->upstream_error.data || reason == NULL) {
        violet_problem_text(w, "error", problem->upstream_error);

    } else {
        for (i = 0; i < sizeof(word) - 1 && reason[i]; i++) {
            word[i] = (char) (reason[i] == '_' ? '_' : reason[i] | 0x20);
        }

        word[i] = '\0';

        violet_json_write_word(w, "error", word);
    }

    violet_json_write_id(w, "code", problem->upstream_code);
}


/* The reason of the first error that blocks; NULL if no error does. */

static const char *
violet_problem_reason(const violet_problem_t *problem)
{
    size_t  i;

    for (i = 0; i < problem->nerrors; i++) {

        if (problem->errors[i].blocking) {
            return violet_reason_name(problem->errors[i].reason);
        }
    }

    return NULL;
}


static void
violet_problem_error(violet_json_writer_t *w, const violet_error_t *error)
{
    violet_json_write_item(w);

    violet_json_write_word(w, "reason", violet_reason_name(error->reason));
    violet_problem_message(w, "message", error->message);
    violet_json_write_word(w, "scope", violet_problem_scope(error->scope));

    violet_json_write_name(w, "blocking");
    violet_json_write_literal(w, error->blocking ? "true" : "false");

    violet_json_write_id(w, "bag_id", error->bag_id);
    violet_json_write_id(w, "merchant_id", error->merchant_id);
    violet_json_write_id(w, "sku_id", error->sku_id);
    violet_json_write_id(w, "order_sku_id", error->order_sku_id);
    violet_problem_text(w, "name", error->name);
    violet_problem_text(w, "platform", error->platform);

    violet_json_write_name(w, "violet");
    violet_json_write_open(w, '{');

    violet_problem_value(w, "id", error->id);
    violet_problem_text(w, "error", error->error);
    violet_json_write_id(w, "code", error->code);
    violet_problem_text(w, "type", error->type);
    violet_problem_value(w, "entity_id", error->entity_id);
    violet_problem_text(w, "entity_type", error->entity_type);
    violet_problem_text(w, "date_created", error->date_created);

    violet_json_write_close(w, '}');
    violet_json_write_close(w, '}');
}


static void
violet_problem_bag(violet_json_writer_t *w, const violet_bag_t *bag)
{
    violet_json_write_item(w);

    violet_json_write_id(w, "bag_id", bag->id);
    violet_json_write_id(w, "merchant_id", bag->merchant_id);
    violet_problem_text(w, "merchant_name", bag->merchant_name);
    violet_problem_text(w, "status", bag->status);
    violet_problem_text(w, "financial_status", bag->financial_status);
    violet_json_write_word(w, "outcome",
                           violet_bag_outcome_name(bag->outcome));

    violet_json_write_close(w, '}');
}


static void
violet_problem_upstream(violet_json_writer_t *w,
    const violet_problem_t *problem)
{
    violet_json_write_name(w, "upstream");
    violet_json_write_open(w, '{');

    if (problem->upstream_status) {
        violet_json_write_integer(w, "status", problem->upstream_status);

    } else {
        violet_json_write_word(w, "status", NULL);
    }

    violet_problem_text(w, "error", problem->upstream_error);
    violet_json_write_id(w, "code", problem->upstream_code);

    violet_json_write_close(w, '}');
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
violet_problem_text(violet_json_writer_t *w, const char *name,
    violet_text_t text)
{
    violet_json_write_text(w, name, text, VIOLET_PROBLEM_TEXT);
}


static void
violet_problem_message(violet_json_writer_t *w, const char *name,
    violet_text_t text)
{
    violet_json_write_text(w, name, text, VIOLET_PROBLEM_MESSAGE);
}


/* An id as it came: a number or a string; null for any other type. */

static void
violet_problem_value(violet_json_writer_t *w, const char *name,
    const json_t *value)
{
    if (json_is_integer(value)) {
        violet_json_write_integer(w, name, json_integer_value(value));
        return;
    }

    violet_problem_text(w, name, violet_json_to_text(value));
}

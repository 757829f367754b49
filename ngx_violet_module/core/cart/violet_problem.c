
/*
 * The document is written as text, without a JSON tree: it may list thousands
 * of errors beside an order of several megabytes.  After a write has failed,
 * all later writes do nothing, so only the end needs a check.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "violet_problem.h"
#include "violet_reason.h"


#define VIOLET_PROBLEM_SIZE     2048

/* bytes: the longest message, and the longest other text of Violet's */
#define VIOLET_PROBLEM_MESSAGE  8192
#define VIOLET_PROBLEM_TEXT     1024

#define VIOLET_PROBLEM_CUT      "\xe2\x80\xa6"


typedef struct {
    char          *data;
    size_t         len;
    size_t         size;

    unsigned       fixed:1;     /* the buffer is the caller's */
    unsigned       failed:1;
    unsigned       comma:1;     /* the next member or item needs one */
} violet_sink_t;


static void violet_problem_document(violet_sink_t *s,
    const violet_problem_t *problem);
static void violet_problem_error(violet_sink_t *s,
    const violet_error_t *error);
static void violet_problem_bag(violet_sink_t *s, const violet_bag_t *bag);
static void violet_problem_upstream(violet_sink_t *s,
    const violet_problem_t *problem);
static const char *violet_problem_title(violet_cart_outcome_t outcome);
static const char *violet_problem_scope(violet_scope_t scope);
static void violet_sink_item(violet_sink_t *s);
static void violet_sink_open(violet_sink_t *s, char bracket);
static void violet_sink_close(violet_sink_t *s, char bracket);
static void violet_sink_name(violet_sink_t *s, const char *name);
static void violet_sink_text(violet_sink_t *s, const char *name,
    violet_text_t text);
static void violet_sink_message(violet_sink_t *s, const char *name,
    violet_text_t text);
static void violet_sink_within(violet_sink_t *s, const char *name,
    violet_text_t text, size_t max);
static void violet_sink_word(violet_sink_t *s, const char *name,
    const char *word);
static void violet_sink_integer(violet_sink_t *s, const char *name,
    int64_t value);
static void violet_sink_id(violet_sink_t *s, const char *name,
    violet_id_t id);
static void violet_sink_value(violet_sink_t *s, const char *name,
    const json_t *value);
static void violet_sink_characters(violet_sink_t *s, violet_text_t text);
static void violet_sink_escape(violet_sink_t *s, unsigned char c);
static void violet_sink_literal(violet_sink_t *s, const char *literal);
static void violet_sink_bytes(violet_sink_t *s, const char *data, size_t len);
static int violet_sink_grow(violet_sink_t *s, size_t len);


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
violet_sink_item(violet_sink_t *s)
{
    if (s->comma) {
        violet_sink_literal(s, ",");
    }

    violet_sink_open(s, '{');
}


static void
violet_sink_open(violet_sink_t *s, char bracket)
{
    violet_sink_bytes(s, &bracket, 1);
    s->comma = 0;
}


static void
violet_sink_close(violet_sink_t *s, char bracket)
{
    violet_sink_bytes(s, &bracket, 1);
    s->comma = 1;
}


static void
violet_sink_name(violet_sink_t *s, const char *name)
{
    violet_sink_literal(s, s->comma ? ",\"" : "\"");
    violet_sink_literal(s, name);
    violet_sink_literal(s, "\":");

    s->comma = 1;
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


/* A longer text is cut between two characters. */

static void
violet_sink_within(violet_sink_t *s, const char *name, violet_text_t text,
    size_t max)
{
    size_t  i;

    violet_sink_name(s, name);

    if (text.data == NULL) {
        violet_sink_literal(s, "null");
        return;
    }

    violet_sink_literal(s, "\"");

    if (text.len <= max) {
        violet_sink_characters(s, text);

    } else {
        text.len = max - strlen(VIOLET_PROBLEM_CUT);

        for (i = 0; i < 3 && (text.data[text.len] & 0xc0) == 0x80; i++) {
            text.len--;
        }

        violet_sink_characters(s, text);
        violet_sink_literal(s, VIOLET_PROBLEM_CUT);
    }

    violet_sink_literal(s, "\"");
}


/* Writes a static word that needs no escaping; NULL is written as null. */

static void
violet_sink_word(violet_sink_t *s, const char *name, const char *word)
{
    violet_sink_name(s, name);

    if (word) {
        violet_sink_literal(s, "\"");
        violet_sink_literal(s, word);
        violet_sink_literal(s, "\"");

    } else {
        violet_sink_literal(s, "null");
    }
}


static void
violet_sink_integer(violet_sink_t *s, const char *name, int64_t value)
{
    int   n;
    char  digits[32];

    violet_sink_name(s, name);

    n = snprintf(digits, sizeof(digits), "%" PRId64, value);

    if (n < 0) {
        s->failed = 1;
        return;
    }

    violet_sink_bytes(s, digits, (size_t) n);
}


static void
violet_sink_id(violet_sink_t *s, const char *name, violet_id_t id)
{
    if (id.known) {
        violet_sink_integer(s, name, id.value);
        return;
    }

    violet_sink_word(s, name, NULL);
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


static void
violet_sink_characters(violet_sink_t *s, violet_text_t text)
{
    const char  *p, *last, *next, *run;

    p = text.data;
    last = text.data + text.len;
    run = p;

    while (p < last) {

        next = violet_text_utf8(p, last);

        if (next && (unsigned char) *p >= 0x20 && *p != '"' && *p != '\\') {
            p = next;
            continue;
        }

        violet_sink_bytes(s, run, (size_t) (p - run));

        if (next) {
            violet_sink_escape(s, (unsigned char) *p);

        } else {
            violet_sink_literal(s, "\\ufffd");
        }

        p++;
        run = p;
    }

    violet_sink_bytes(s, run, (size_t) (p - run));
}


static void
violet_sink_escape(violet_sink_t *s, unsigned char c)
{
    char               text[6] = { '\\', 'u', '0', '0', '0', '0' };
    static const char  hex[] = "0123456789abcdef";

    switch (c) {

    case '"':
        violet_sink_literal(s, "\\\"");
        break;

    case '\\':
        violet_sink_literal(s, "\\\\");
        break;

    case '\n':
        violet_sink_literal(s, "\\n");
        break;

    case '\r':
        violet_sink_literal(s, "\\r");
        break;

    case '\t':
        violet_sink_literal(s, "\\t");
        break;

    default:
        text[4] = hex[c >> 4];
        text[5] = hex[c & 0xf];
        violet_sink_bytes(s, text, sizeof(text));
        break;
    }
}


static void
violet_sink_literal(violet_sink_t *s, const char *literal)
{
    violet_sink_bytes(s, literal, strlen(literal));
}


static void
violet_sink_bytes(violet_sink_t *s, const char *data, size_t len)
{
    if (s->failed || len == 0) {
        return;
    }

    if (len > s->size - s->len && violet_sink_grow(s, len) == -1) {
        s->failed = 1;
        return;
    }

    memcpy(s->data + s->len, data, len);
    s->len += len;
}


static int
violet_sink_grow(violet_sink_t *s, size_t len)
{
    char    *data;
    size_t   size;

    if (s->fixed || len > SIZE_MAX / 4 - s->len) {
        return -1;
    }

    size = s->size ? s->size : VIOLET_PROBLEM_SIZE;

    while (size - s->len < len) {
        size *= 2;
    }

    data = realloc(s->data, size);
    if (data == NULL) {
        return -1;
    }

    s->data = data;
    s->size = size;

    return 0;
}

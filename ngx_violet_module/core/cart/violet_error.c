
/*
 * Reads errors one by one.  Any field may be missing or have another type than
 * documented; it is unknown then, and the error is listed nevertheless.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "violet_error.h"
#include "violet_reason.h"


#define VIOLET_WORDS_HASHED  256


static uint32_t violet_words_hash(uint32_t hash, violet_text_t text);
static int violet_errors_grow(violet_errors_t *errors);
static void violet_error_scope(violet_error_t *error, const json_t *item);
static void violet_exception_sku(const violet_exception_t *exception,
    const json_t *item, violet_words_t *words, violet_error_t *error);


void
violet_words_init(violet_words_t *words, const violet_reasons_t *reasons)
{
    memset(words, 0, sizeof(violet_words_t));

    words->reasons = reasons;
    words->budget = VIOLET_WORDS_BUDGET;
}


const violet_word_t *
violet_words_find(violet_words_t *words, violet_text_t error,
    violet_text_t type, violet_text_t message)
{
    int             spent, doubtful;
    size_t          cost;
    uint32_t        hash;
    violet_word_t  *word;
    violet_text_t   asked;

    hash = violet_words_hash(2166136261u, error);
    hash = violet_words_hash(hash, type);
    hash = violet_words_hash(hash, message);

    word = &words->memo[hash % VIOLET_WORDS_MEMO];

    if (word->used
        && violet_text_same(word->error, error)
        && violet_text_same(word->type, type)
        && violet_text_same(word->message, message))
    {
        return word;
    }

    asked = message;
    cost = 16 + (message.len < VIOLET_REASON_DOUBT ? message.len
                                                 : VIOLET_REASON_DOUBT);
    spent = cost > words->budget;

    if (spent) {
        asked.data = NULL;
        asked.len = 0;

    } else {
        words->budget -= cost;
    }

    word->error = error;
    word->type = type;
    word->message = message;
    word->reason = violet_reason_find(words->reasons, error, type, asked,
                                      &doubtful);
    word->doubtful = doubtful || (spent && message.len);
    word->used = 1;

    return word;
}


/* FNV-1a over the first bytes: it only chooses a slot of the memo. */

static uint32_t
violet_words_hash(uint32_t hash, violet_text_t text)
{
    size_t  i;

    for (i = 0; i < text.len && i < VIOLET_WORDS_HASHED; i++) {
        hash = (hash ^ (unsigned char) text.data[i]) * 16777619u;
    }

    return (hash ^ 0x100) * 16777619u;
}


int
violet_errors_add(violet_errors_t *errors, const violet_error_t *error)
{
    if (errors->n >= VIOLET_ERRORS_MAX) {
        return 0;
    }

    if (violet_errors_grow(errors) == -1) {
        return -1;
    }

    errors->elts[errors->n++] = *error;

    return 0;
}


int
violet_errors_add_first(violet_errors_t *errors, const violet_error_t *error)
{
    if (violet_errors_grow(errors) == -1) {
        return -1;
    }

    if (errors->n) {
        memmove(&errors->elts[1], &errors->elts[0],
                errors->n * sizeof(violet_error_t));
    }

    errors->elts[0] = *error;
    errors->n++;

    return 0;
}


static int
violet_errors_grow(violet_errors_t *errors)
{
    size_t           size;
    violet_error_t  *elts;

    if (errors->n < errors->size) {
        return 0;
    }

    size = errors->size ? errors->size * 2 : 8;

    elts = realloc(errors->elts, size * sizeof(violet_error_t));
    if (elts == NULL) {
        return -1;
    }

    errors->elts = elts;
    errors->size = size;

    return 0;
}


void
violet_errors_free(violet_errors_t *errors)
{
    free(errors->elts);

    errors->elts = NULL;
    errors->n = 0;
    errors->size = 0;
}


void
violet_error_init(violet_error_t *error, violet_reason_t reason,
    violet_scope_t scope, const char *message)
{
    memset(error, 0, sizeof(violet_error_t));

    error->reason = reason;
    error->scope = scope;
    error->ours = (message != NULL);
    error->message.data = message;
    error->message.len = message ? strlen(message) : 0;
}


void
violet_error_read(violet_error_t *error, const json_t *item,
    violet_words_t *words)
{
    const violet_word_t  *word;

    violet_error_init(error, VIOLET_REASON_OTHER, VIOLET_SCOPE_CART, NULL);

    error->message = violet_json_text(item, "message", "error_message");

    if (error->message.data == NULL) {
        error->message = json_is_string(item)
                         ? violet_json_to_text(item)
                         : violet_json_text(item, "errorMessage", NULL);
    }

    error->bag_id = violet_json_id(item, "bag_id", "bagId");
    error->merchant_id = violet_json_id(item, "merchant_id", "merchantId");
    error->sku_id = violet_json_id(item, "sku_id", "skuId");
    error->order_sku_id = violet_json_id(item, "order_sku_id", "orderSkuId");
    error->name = violet_json_text(item, "name", NULL);
    error->platform = violet_json_text(item, "platform", NULL);

    error->id = violet_json_get(item, "id", NULL);
    error->error = violet_json_text(item, "error", NULL);
    error->code = violet_json_id(item, "code", "error_code");
    error->type = violet_json_text(item, "type", NULL);
    error->entity_id = violet_json_get(item, "entity_id", "entityId");
    error->entity_type = violet_json_text(item, "entity_type", "entityType");
    error->date_created = violet_json_text(item, "date_created",
                                           "dateCreated");

    /* the code of a payment provider may be a word, like "error" elsewhere */

    if (error->error.data == NULL && !error->code.known) {
        error->error = violet_json_text(item, "error_code", "errorCode");
    }

    if (!error->code.known) {
        error->code = violet_json_id(item, "errorCode", NULL);
    }

    violet_error_scope(error, item);

    word = violet_words_find(words, error->error, error->type,
                             error->message);
    error->reason = word->reason;
    error->doubtful = word->doubtful;
}


static void
violet_error_scope(violet_error_t *error, const json_t *item)
{
    error->named = (violet_json_get(item, "bag_id", "bagId") != NULL);

    if (violet_text_is(error->entity_type, "SKU")) {
        error->scope = VIOLET_SCOPE_SKU;

        if (!error->sku_id.known) {
            error->sku_id = violet_json_to_id(error->entity_id);
        }

        return;
    }

    if (violet_text_is(error->entity_type, "BAG")) {
        error->scope = VIOLET_SCOPE_BAG;

        if (!error->named) {
            error->bag_id = violet_json_to_id(error->entity_id);
            error->named = (error->entity_id != NULL);
        }

        return;
    }

    if (violet_text_is(error->entity_type, "ORDER") || !error->bag_id.known) {
        error->scope = VIOLET_SCOPE_CART;
        return;
    }

    error->scope = VIOLET_SCOPE_BAG;
}


void
violet_exception_read(violet_exception_t *exception, const json_t *root)
{
    exception->message = violet_json_text(root, "message", NULL);
    exception->error = violet_json_text(root, "error", NULL);
    exception->code = violet_json_id(root, "code", "error_code");
    exception->id = violet_json_get(root, "id", NULL);
    exception->skus = violet_json_array(violet_json_get(root, "data", NULL),
                                        "skus", NULL);

    /* Spring, configured to send no messages, sends an empty one */

    if (exception->message.len == 0) {
        exception->message.data = NULL;
    }
}


int
violet_exception_is_doubtful(const violet_exception_t *exception,
    violet_words_t *words)
{
    size_t         i;
    violet_text_t  message, none = violet_text_null;

    if (violet_words_find(words, exception->error, none,
                          exception->message)->doubtful)
    {
        return 1;
    }

    for (i = 0; i < json_array_size(exception->skus); i++) {

        message = violet_json_text(json_array_get(exception->skus, i),
                                   "message", NULL);

        if (violet_words_find(words, exception->error, none,
                              message)->doubtful)
        {
            return 1;
        }
    }

    return 0;
}


int
violet_exception_errors(const violet_exception_t *exception,
    const violet_reason_t *reason, violet_words_t *words,
    violet_errors_t *errors)
{
    size_t          i, n;
    const json_t   *item;
    violet_text_t   type = violet_text_null;
    violet_error_t  error;

    n = errors->n;

    for (i = 0; i < json_array_size(exception->skus); i++) {

        item = json_array_get(exception->skus, i);

        if (!json_is_object(item)) {
            continue;
        }

        violet_exception_sku(exception, item, words, &error);

        if (reason) {
            error.reason = *reason;
        }

        if (violet_errors_add(errors, &error) == -1) {
            return -1;
        }
    }

    if (errors->n > n) {
        return 0;
    }

    violet_error_init(&error, VIOLET_REASON_OTHER, VIOLET_SCOPE_CART, NULL);

    error.blocking = 1;
    error.message = exception->message;
    error.id = exception->id;
    error.error = exception->error;
    error.code = exception->code;
    error.reason = reason ? *reason
                          : violet_words_find(words, exception->error, type,
                                              exception->message)->reason;

    return violet_errors_add(errors, &error);
}


/* If the SKU's own message has no reason, that of the exception is used. */

static void
violet_exception_sku(const violet_exception_t *exception, const json_t *item,
    violet_words_t *words, violet_error_t *error)
{
    violet_text_t  type = violet_text_null;

    violet_error_init(error, VIOLET_REASON_OTHER, VIOLET_SCOPE_SKU, NULL);

    error->blocking = 1;
    error->message = violet_json_text(item, "message", NULL);
    error->bag_id = violet_json_id(item, "bag_id", "bagId");
    error->merchant_id = violet_json_id(item, "merchant_id", "merchantId");
    error->sku_id = violet_json_id(item, "sku_id", "skuId");
    error->order_sku_id = violet_json_id(item, "order_sku_id", "orderSkuId");
    error->name = violet_json_text(item, "name", NULL);
    error->platform = violet_json_text(item, "platform", NULL);

    error->id = exception->id;
    error->error = exception->error;
    error->code = exception->code;

    error->reason = violet_words_find(words, error->error, type,
                                      error->message)->reason;

    if (error->reason == VIOLET_REASON_OTHER) {
        error->reason = violet_words_find(words, error->error, type,
                                          exception->message)->reason;
    }
}

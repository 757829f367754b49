
/*
 * The errors of a submit, as the problem document lists them: read from an
 * API exception or, by violet_order.c, from an order.  Texts and JSON values
 * point into the JSON tree of the answer, or are static; violet_errors_t owns
 * the list.
 */

#ifndef VIOLET_ERROR_H
#define VIOLET_ERROR_H


#include <stddef.h>

#include <jansson.h>

#include "violet_cart_words.h"
#include "violet_json.h"
#include "violet_reason.h"
#include "violet_text.h"


/*
 * The number of errors that are listed; more are judged, but left out.  An
 * empty error takes three bytes of an answer and several hundred bytes of the
 * document.
 */

#define VIOLET_ERRORS_MAX      16384

/* slots of the memo; bytes of messages that patterns are tried on */

#define VIOLET_WORDS_MEMO      64
#define VIOLET_WORDS_BUDGET    32768


typedef enum {
    VIOLET_SCOPE_CART = 0,
    VIOLET_SCOPE_BAG,
    VIOLET_SCOPE_SKU,
    VIOLET_SCOPE_PAYMENT
} violet_scope_t;


typedef struct {
    violet_reason_t           reason;
    violet_scope_t            scope;
    unsigned                  blocking:1;
    unsigned                  ours:1;       /* the gateway's message */
    unsigned                  doubtful:1;   /* the order may exist */
    unsigned                  named:1;      /* it names a bag, by any id */

    violet_text_t             message;
    violet_id_t               bag_id;
    violet_id_t               merchant_id;
    violet_id_t               sku_id;
    violet_id_t               order_sku_id;
    violet_text_t             name;
    violet_text_t             platform;

    /* Violet's own fields, as they came */
    const json_t             *id;
    violet_text_t             error;
    violet_id_t               code;
    violet_text_t             type;
    const json_t             *entity_id;
    violet_text_t             entity_type;
    violet_text_t             date_created;
} violet_error_t;


typedef struct {
    violet_error_t           *elts;
    size_t                    n;
    size_t                    size;
} violet_errors_t;


typedef struct {
    violet_text_t             error;
    violet_text_t             type;
    violet_text_t             message;
    violet_reason_t           reason;
    unsigned                  doubtful:1;
    unsigned                  used:1;
} violet_word_t;


/*
 * The search for reasons, bounded for one answer: a memo of errors that were
 * already looked up, and a budget of bytes.  When the budget is spent, no more
 * patterns are tried on messages, and errors with other messages are doubtful.
 */

typedef struct {
    const violet_reasons_t   *reasons;
    size_t                    budget;
    violet_word_t             memo[VIOLET_WORDS_MEMO];
} violet_words_t;


/* The top level of an error body; any of it may be missing. */

typedef struct {
    violet_text_t             message;
    violet_text_t             error;
    violet_id_t               code;
    const json_t             *id;
    const json_t             *skus;
} violet_exception_t;


void violet_words_init(violet_words_t *words, const violet_reasons_t *reasons);

/*
 * The reason of an error, and whether the error is doubtful; the reason of a
 * doubtful error is that of the doubt, if a word or a pattern was found.  The
 * result is valid until the next call.
 */

const violet_word_t *violet_words_find(violet_words_t *words,
    violet_text_t error, violet_text_t type, violet_text_t message);


/* Adds a copy, at the end or at the front.  Returns -1 if memory runs out. */

int violet_errors_add(violet_errors_t *errors, const violet_error_t *error);
int violet_errors_add_first(violet_errors_t *errors,
    const violet_error_t *error);

void violet_errors_free(violet_errors_t *errors);


/*
 * Sets these members and clears all others.  The message is the gateway's,
 * static, and may be NULL.
 */

void violet_error_init(violet_error_t *error, violet_reason_t reason,
    violet_scope_t scope, const char *message);


/*
 * Reads an entry of errors[], of an order or of a transaction; the entry may
 * have any JSON type.  The caller sets "blocking".
 */

void violet_error_read(violet_error_t *error, const json_t *item,
    violet_words_t *words);


void violet_exception_read(violet_exception_t *exception, const json_t *root);


/*
 * True if the exception or the message of one of its SKUs is doubtful; one is
 * enough.
 */

int violet_exception_is_doubtful(const violet_exception_t *exception,
    violet_words_t *words);


/*
 * Adds one error for each entry of data.skus[], or one for the cart if there
 * is no entry.  A "reason" that is not NULL is the reason of all of them.
 * Returns -1 if memory runs out.
 */

int violet_exception_errors(const violet_exception_t *exception,
    const violet_reason_t *reason, violet_words_t *words,
    violet_errors_t *errors);


#endif /* VIOLET_ERROR_H */

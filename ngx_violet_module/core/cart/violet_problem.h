
/*
 * The problem document of a cart submit (RFC 9457): always every key, in the
 * same order; a value that is not known is null.  violet_problem_t owns
 * nothing.
 */

#ifndef VIOLET_PROBLEM_H
#define VIOLET_PROBLEM_H


#include <stddef.h>
#include <stdint.h>

#include "violet_bags.h"
#include "violet_cart_words.h"
#include "violet_error.h"
#include "violet_json.h"
#include "violet_text.h"


typedef struct {
    violet_cart_outcome_t     outcome;
    violet_cart_retry_t       retry;
    unsigned                  status;             /* to the caller */
    violet_text_t             detail;

    int64_t                   cart_id;            /* 0: unknown */
    violet_id_t               order_id;
    violet_text_t             request_id;         /* bytes of any kind */

    const violet_error_t     *errors;
    size_t                    nerrors;

    const violet_bag_t       *bags;
    size_t                    nbags;

    unsigned                  upstream_status;    /* 0: no complete answer */
    violet_text_t             upstream_error;
    violet_id_t               upstream_code;

    /* Violet's order: JSON that was parsed, copied byte for byte */
    violet_text_t             order;
} violet_problem_t;


/* The document, allocated with malloc(); NULL if memory runs out. */

char *violet_problem_write(const violet_problem_t *problem, size_t *len);


/* Writes the document to a buffer.  Returns 0 if it does not fit. */

size_t violet_problem_print(const violet_problem_t *problem, char *buffer,
    size_t size);


#endif /* VIOLET_PROBLEM_H */


/*
 * The body of an answer and its kind: an order, an API exception, or neither.
 * violet_cart_body_t owns the JSON tree and what is read from the tree.  It
 * must be freed whether reading it succeeded or not.
 */

#ifndef VIOLET_CART_BODY_H
#define VIOLET_CART_BODY_H


#include <stddef.h>

#include <jansson.h>

#include "violet_cart.h"
#include "violet_error.h"
#include "violet_order.h"


typedef enum {
    VIOLET_BODY_NONE = 0,      /* not a JSON object */
    VIOLET_BODY_OBJECT,        /* an object of none of the kinds below */
    VIOLET_BODY_ERROR,         /* has "message" or "error", but is not an
                                  API exception */
    VIOLET_BODY_EXCEPTION,
    VIOLET_BODY_ERRORS,        /* an order that has only errors[] */
    VIOLET_BODY_ORDER,
    VIOLET_BODY_UNCLEAR        /* an order that cannot be judged */
} violet_body_kind_t;


typedef struct {
    violet_body_kind_t    kind;
    json_t               *root;

    /*
     * For the log: why the body of a 2xx is not an order, static, and the
     * offset in bytes at which the parser stopped.  Otherwise NULL and 0.
     */
    const char           *why;
    size_t                offset;

    /* one of violet_cart_names occurs twice in an object */
    unsigned              twice:1;

    /* of every object */
    violet_exception_t    exception;

    /* of VIOLET_BODY_ERRORS and VIOLET_BODY_ORDER */
    violet_order_t        order;
    violet_errors_t       errors;

    violet_words_t        words;
} violet_cart_body_t;


/*
 * The names of members on which a verdict can depend, ending with NULL, and
 * the depth of the deepest object that has such a member: order, payments,
 * payment, its errors, error.
 */

#define VIOLET_CART_NAMES_DEPTH  5

extern const char *const  violet_cart_names[];


/* Makes an empty body, as for an answer that never came. */

void violet_cart_body_init(violet_cart_body_t *body,
    const violet_cart_answer_t *answer);


/* Reads any body, valid or not.  Returns -1 if memory ran out. */

int violet_cart_body_read(violet_cart_body_t *body,
    const violet_cart_answer_t *answer);

void violet_cart_body_free(violet_cart_body_t *body);


/* True if Violet sent an order, even one that cannot be judged. */

int violet_cart_body_is_order(const violet_cart_body_t *body);


#endif /* VIOLET_CART_BODY_H */

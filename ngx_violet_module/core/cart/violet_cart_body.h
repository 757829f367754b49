
/*
 * The body of an answer, sorted by what it is: an order, an API exception,
 * or neither.  violet_cart_body_t owns the tree and all that is read from
 * it, and must be freed whether reading it succeeded or not.
 */

#ifndef VIOLET_CART_BODY_H
#define VIOLET_CART_BODY_H


#include <stddef.h>

#include <jansson.h>

#include "violet_cart.h"
#include "violet_error.h"
#include "violet_order.h"


typedef enum {
    VIOLET_BODY_NONE = 0,      /* no object at all */
    VIOLET_BODY_OBJECT,        /* one about which nothing is known */
    VIOLET_BODY_ERROR,         /* a message or an error, no API exception */
    VIOLET_BODY_EXCEPTION,
    VIOLET_BODY_ERRORS,        /* an order by its errors[] alone */
    VIOLET_BODY_ORDER,
    VIOLET_BODY_UNCLEAR        /* an order that cannot be judged */
} violet_body_kind_t;


typedef struct {
    violet_body_kind_t    kind;
    json_t               *root;

    /*
     * why it is no order, static, and where the parser gave up; NULL and 0
     * if it is one or nobody expected one
     */
    const char           *why;
    size_t                offset;

    /* a name that decides occurs twice: what is read may not be what counts */
    unsigned              twice:1;

    /* of any object */
    violet_exception_t    exception;

    /* of VIOLET_BODY_ERRORS and VIOLET_BODY_ORDER */
    violet_order_t        order;
    violet_errors_t       errors;

    violet_words_t        words;
} violet_cart_body_t;


/*
 * The names of members on which a verdict can depend, ending with NULL, and
 * how deep an object that has one can be nested: order, payments, payment,
 * its errors, error.
 */

#define VIOLET_CART_NAMES_DEPTH  5

extern const char *const  violet_cart_names[];


/* An empty one, as of an answer that never came. */

void violet_cart_body_init(violet_cart_body_t *body,
    const violet_cart_answer_t *answer);


/* Reads whatever came; returns -1 if memory ran out. */

int violet_cart_body_read(violet_cart_body_t *body,
    const violet_cart_answer_t *answer);

void violet_cart_body_free(violet_cart_body_t *body);


/* Did Violet send an order, one that cannot be judged included? */

int violet_cart_body_is_order(const violet_cart_body_t *body);


#endif /* VIOLET_CART_BODY_H */

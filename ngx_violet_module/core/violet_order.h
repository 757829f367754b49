
/*
 * Violet's order as far as a verdict needs it: its bags and how each ended,
 * and which errors stand in the way.  Texts point into the tree that was
 * read; bags and groups are owned by violet_order_t, the errors by whoever
 * passed their list.
 */

#ifndef VIOLET_ORDER_H
#define VIOLET_ORDER_H


#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "violet_error.h"
#include "violet_json.h"
#include "violet_text.h"


/* an order of more bags than these is none that we can judge */

#define VIOLET_ORDER_MAX_BAGS  16384


typedef enum {
    VIOLET_BAG_ACCEPTED = 0,
    VIOLET_BAG_FAILED,
    VIOLET_BAG_PENDING
} violet_bag_outcome_t;


typedef struct {
    violet_id_t             id;
    violet_id_t             merchant_id;
    violet_text_t           merchant_name;
    violet_text_t           status;
    violet_text_t           financial_status;
    violet_bag_outcome_t    outcome;

    /* index of its group; meaningless if the id is unknown */
    size_t                  group;
} violet_bag_t;


/* all bags of one id: nothing forbids Violet to list one twice */

typedef struct {
    int64_t                 id;
    size_t                  bag;            /* the first of them */

    unsigned                accepted:1;     /* all of them */
    unsigned                blocked:1;      /* a blocking error names it */
} violet_bag_group_t;


typedef struct {
    violet_text_t           status;

    violet_bag_t           *bags;
    size_t                  nbags;

    violet_bag_group_t     *groups;         /* sorted by id */
    size_t                  ngroups;

    violet_errors_t        *errors;
    violet_words_t         *words;

    size_t                  accepted;
    size_t                  failed;

    unsigned                has_status:1;       /* of whatever type */
    unsigned                canceled:1;         /* or rejected, as a whole */
    unsigned                requires_action:1;
    unsigned                contradiction:1;
    unsigned                blocking:1;         /* an error of any scope */
    unsigned                blocking_other:1;   /* one that is no payment's */
    unsigned                all_blocked:1;      /* a payment for all bags */
} violet_order_t;


typedef enum {
    VIOLET_ORDER_REQUIRES_ACTION = 0,
    VIOLET_ORDER_PARTIAL,
    VIOLET_ORDER_CONTRADICTION,
    VIOLET_ORDER_COMPLETED,
    VIOLET_ORDER_PENDING,
    VIOLET_ORDER_NO_BAGS,
    VIOLET_ORDER_PAYMENT_FAILED,
    VIOLET_ORDER_FAILED_OPEN,       /* the cart can be submitted again */
    VIOLET_ORDER_FAILED,
    VIOLET_ORDER_UNCLEAR
} violet_order_verdict_t;


/*
 * Reads an order and adds its errors to the list.  Returns 0, or -1 if
 * memory ran out.  The order may be freed after either.  It must list no
 * more than VIOLET_ORDER_MAX_BAGS.
 */

int violet_order_read(violet_order_t *order, const json_t *root,
    violet_words_t *words, violet_errors_t *errors);

void violet_order_free(violet_order_t *order);


/* The bags of an id, or NULL if the order lists none. */

violet_bag_group_t *violet_order_find(const violet_order_t *order,
    violet_id_t id);


/* An error of a listed bag is its merchant's; "group" may be NULL. */

void violet_order_merchant(const violet_order_t *order,
    const violet_bag_group_t *group, violet_error_t *error);


/* The first row of the contract's table of orders that fits. */

violet_order_verdict_t violet_order_judge(const violet_order_t *order);


/* "accepted", "failed" or "pending", static and NUL-terminated. */

const char *violet_bag_outcome_name(violet_bag_outcome_t outcome);


#endif /* VIOLET_ORDER_H */

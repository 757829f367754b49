
/*
 * The bags of an order: one for each merchant.  Texts point into the JSON tree
 * of the order; violet_bags_t owns the arrays.
 */

#ifndef VIOLET_BAGS_H
#define VIOLET_BAGS_H


#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "violet_error.h"
#include "violet_json.h"
#include "violet_text.h"


/* an order with more bags is not judged */

#define VIOLET_BAGS_MAX  16384


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


/* all bags with one id: Violet might list a bag twice */

typedef struct {
    int64_t                 id;
    size_t                  bag;            /* index of the first one */

    unsigned                accepted:1;     /* all bags are accepted */
    unsigned                blocked:1;      /* a blocking error names it */
} violet_bag_group_t;


typedef struct {
    violet_bag_t           *bags;
    size_t                  nbags;
    size_t                  naccepted;      /* of the bags */

    violet_bag_group_t     *groups;         /* sorted by id */
    size_t                  ngroups;
} violet_bags_t;


/*
 * Reads bags[] of an order, which must list no more than VIOLET_BAGS_MAX.
 * Sets each bag to accepted or pending; violet_order_read() finds the failed
 * ones later.  Returns 0, or -1 if memory runs out; call violet_bags_free()
 * after either.
 */

int violet_bags_read(violet_bags_t *bags, const json_t *order);

void violet_bags_free(violet_bags_t *bags);


/* The group of bags with this id, or NULL if the order lists none. */

violet_bag_group_t *violet_bags_find(const violet_bags_t *bags,
    violet_id_t id);


/*
 * Sets error->merchant_id to that of the group's first bag, if it is known.
 * "group" may be NULL.
 */

void violet_bags_set_merchant(const violet_bags_t *bags,
    const violet_bag_group_t *group, violet_error_t *error);


/* "accepted", "failed" or "pending", static and NUL-terminated. */

const char *violet_bag_outcome_name(violet_bag_outcome_t outcome);


#endif /* VIOLET_BAGS_H */

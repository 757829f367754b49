
/*
 * The bags of an order: one for each merchant.  They are read with the order
 * and found by their id.  Texts point into the tree that was read; the
 * arrays are owned by violet_bags_t.
 */

#ifndef VIOLET_BAGS_H
#define VIOLET_BAGS_H


#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "violet_error.h"
#include "violet_json.h"
#include "violet_text.h"


/* an order of more bags is not judged */

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


/* all bags of one id: nothing forbids Violet to list one twice */

typedef struct {
    int64_t                 id;
    size_t                  bag;            /* the first of them */

    unsigned                accepted:1;     /* all of them */
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
 * Reads bags[] of an order: a bag is accepted or, until errors have been
 * read, pending.  Returns 0, or -1 if memory runs out; violet_bags_free()
 * may be called after either.  The order must list no more than
 * VIOLET_BAGS_MAX.
 */

int violet_bags_read(violet_bags_t *bags, const json_t *order);

void violet_bags_free(violet_bags_t *bags);


/* The group of bags with this id, or NULL if the order lists none. */

violet_bag_group_t *violet_bags_find(const violet_bags_t *bags,
    violet_id_t id);


/*
 * Gives an error about listed bags the merchant of the first of them.
 * "group" may be NULL.
 */

void violet_bags_set_merchant(const violet_bags_t *bags,
    const violet_bag_group_t *group, violet_error_t *error);


/* "accepted", "failed" or "pending", static and NUL-terminated. */

const char *violet_bag_outcome_name(violet_bag_outcome_t outcome);


#endif /* VIOLET_BAGS_H */

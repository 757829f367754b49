
/*
 * The bags of an order: one for each merchant.  Texts point into the JSON tree
 * of the order; violet_bags_t owns the arrays.
 */

#ifndef VIOLET_BAGS_H
#define VIOLET_BAGS_H


#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "violet_cart_words.h"
#include "violet_error.h"
#include "violet_json.h"
#include "violet_text.h"


/* an order with more bags is not judged */

#define VIOLET_BAGS_MAX  16384


typedef enum {
    VIOLET_BAG_ACCEPTED = 0,
    VIOLET_BAG_FAILED,
    VIOLET_BAG_PENDING,
    VIOLET_BAG_UNKNOWN
} violet_bag_outcome_t;


typedef struct {
    violet_id_t              id;
    violet_id_t              merchant_id;
    violet_text_t            merchant_name;
    violet_text_t            status;
    violet_text_t            financial_status;
    violet_text_t            date_submitted;

    violet_bag_outcome_t     outcome;
    violet_cart_evidence_t   evidence;       /* for its outcome */

    size_t                   group;          /* index of its group */

    /* what the bag itself says */
    unsigned                 has_status:1;   /* of any JSON type */
    unsigned                 has_date:1;     /* a date_submitted, of any type */
    unsigned                 listed:1;       /* status of the first list */
    unsigned                 closed:1;       /* REJECTED or CANCELED */
    unsigned                 external:1;     /* an id on the platform */
    unsigned                 paid:1;
} violet_bag_t;


/*
 * All bags with one id (Violet might list a bag twice), or one bag without an
 * id; with what errors and payments say of them.
 */

typedef struct {
    int64_t                  id;
    size_t                   bag;            /* index of the first one */

    unsigned                 listed:1;       /* all are of the first list */

    /* what errors say */
    unsigned                 blocked:1;      /* a blocking error names it */
    unsigned                 doubtful:1;     /* a doubtful one does */
    unsigned                 submit_error:1; /* an EXTERNAL_SUBMIT_CART names
                                                it, blocking or not */
    /* what payments say */
    unsigned                 paying:1;       /* a payment goes on */
    unsigned                 failed:1;       /* a payment failed */
    unsigned                 uncaptured:1;   /* a capture failed */
    unsigned                 bypassed:1;     /* a payment is BYPASSED */
    unsigned                 not_bypassed:1; /* a payment is not BYPASSED */
} violet_bag_group_t;


typedef struct {
    int64_t                  id;             /* the bag_id of a bag */
    size_t                   group;
} violet_bag_alias_t;


typedef struct {
    violet_bag_t            *bags;
    size_t                   nbags;

    /* sorted by id; behind the first ngroups, bags without an id */
    violet_bag_group_t      *groups;
    size_t                   ngroups;

    /* for bags whose bag_id is another number than their id */
    violet_bag_alias_t      *aliases;        /* sorted by id */
    size_t                   naliases;
} violet_bags_t;


/*
 * Reads bags[] of an order, which must list no more than VIOLET_BAGS_MAX, and
 * makes their groups; outcomes are set by violet_order_read().  Returns 0, or
 * -1 if memory runs out; call violet_bags_free() after either.
 */

int violet_bags_read(violet_bags_t *bags, const json_t *order);

void violet_bags_free(violet_bags_t *bags);


/*
 * The group of the bags whose "id" is this, else of one whose "bag_id" is;
 * NULL if the order lists none.
 */

violet_bag_group_t *violet_bags_find(const violet_bags_t *bags,
    violet_id_t id);


/*
 * Sets error->merchant_id to that of the group's first bag, if it is known.
 * "group" may be NULL.
 */

void violet_bags_set_merchant(const violet_bags_t *bags,
    const violet_bag_group_t *group, violet_error_t *error);


/* True if this status of a bag is of the first list: a merchant has it. */

int violet_bag_is_accepted(violet_text_t status);


/* "accepted", "failed", "pending" or "unknown", static, NUL-terminated. */

const char *violet_bag_outcome_name(violet_bag_outcome_t outcome);


#endif /* VIOLET_BAGS_H */

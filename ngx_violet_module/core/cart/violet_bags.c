
/*
 * Bags are read once and found by binary search in an array that is sorted by
 * id: an order may list thousands of errors for thousands of bags.
 */

#include <stdlib.h>
#include <string.h>

#include "violet_bags.h"


static int violet_bags_list(violet_bags_t *bags, const json_t *order);
static void violet_bags_bag(violet_bag_t *bag, const json_t *item);
static int violet_bags_has_id(const json_t *item, const char *snake,
    const char *camel);
static int violet_bags_group(violet_bags_t *bags);
static int violet_bags_compare(const void *one, const void *two);
static int violet_bags_alias(violet_bags_t *bags, const json_t *order);
static int violet_bags_compare_alias(const void *one, const void *two);


/* the first list: the merchant's platform has accepted the order */

static const char *const  violet_bags_listed[] = {
    "ACCEPTED",
    "COMPLETED",
    "BACKORDERED",
    "PARTIALLY_REFUNDED",
    "REFUNDED",
    NULL
};


/* Violet writes CANCELED for bags, CANCELLED for payments */

static const char *const  violet_bags_closed[] = {
    "REJECTED",
    "CANCELED",
    "CANCELLED",
    NULL
};


static const char *const  violet_bags_paid[] = {
    "PAID",
    "PARTIALLY_PAID",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    NULL
};


int
violet_bags_read(violet_bags_t *bags, const json_t *order)
{
    memset(bags, 0, sizeof(violet_bags_t));

    if (violet_bags_list(bags, order) == -1
        || violet_bags_group(bags) == -1
        || violet_bags_alias(bags, order) == -1)
    {
        return -1;
    }

    return 0;
}


void
violet_bags_free(violet_bags_t *bags)
{
    free(bags->bags);
    free(bags->groups);
    free(bags->aliases);

    memset(bags, 0, sizeof(violet_bags_t));
}


static int
violet_bags_list(violet_bags_t *bags, const json_t *order)
{
    size_t         i, n;
    const json_t  *items;

    items = violet_json_array(order, "bags", NULL);
    n = json_array_size(items);

    if (n == 0) {
        return 0;
    }

    bags->bags = calloc(n, sizeof(violet_bag_t));
    if (bags->bags == NULL) {
        return -1;
    }

    bags->nbags = n;

    for (i = 0; i < n; i++) {
        violet_bags_bag(&bags->bags[i], json_array_get(items, i));
    }

    return 0;
}


static void
violet_bags_bag(violet_bag_t *bag, const json_t *item)
{
    const json_t  *status, *date;

    bag->id = violet_json_id(item, "id", NULL);

    if (!bag->id.known) {
        bag->id = violet_json_id(item, "bag_id", "bagId");
    }

    status = violet_json_get(item, "status", NULL);

    if (status == NULL) {
        status = violet_json_get(item, "bag_status", "bagStatus");
    }

    date = violet_json_get(item, "date_submitted", "dateSubmitted");

    bag->status = violet_json_to_text(status);
    bag->has_status = (status != NULL);
    bag->date_submitted = violet_json_to_text(date);
    bag->has_date = (date != NULL);

    bag->merchant_id = violet_json_id(item, "merchant_id", "merchantId");
    bag->merchant_name = violet_json_text(item, "merchant_name",
                                          "merchantName");
    bag->financial_status = violet_json_text(item, "financial_status",
                                             "financialStatus");

    bag->listed = violet_bag_is_accepted(bag->status);
    bag->closed = violet_text_any(bag->status, violet_bags_closed);
    bag->paid = violet_text_any(bag->financial_status, violet_bags_paid);
    bag->external = violet_bags_has_id(item, "external_id", "externalId")
                    || violet_bags_has_id(item, "external_order_id",
                                          "externalOrderId");
}


/* An id on the merchant's platform is a number or text of any form. */

static int
violet_bags_has_id(const json_t *item, const char *snake, const char *camel)
{
    const json_t  *value;

    value = violet_json_get(item, snake, camel);

    return json_is_number(value) || violet_json_to_text(value).len != 0;
}


static int
violet_bags_group(violet_bags_t *bags)
{
    size_t               i, n, last;
    violet_bag_t        *bag;
    violet_bag_group_t  *groups;

    if (bags->nbags == 0) {
        return 0;
    }

    groups = calloc(bags->nbags, sizeof(violet_bag_group_t));
    if (groups == NULL) {
        return -1;
    }

    bags->groups = groups;

    for (i = 0, n = 0; i < bags->nbags; i++) {

        if (bags->bags[i].id.known) {
            groups[n].id = bags->bags[i].id.value;
            groups[n++].bag = i;
        }
    }

    qsort(groups, n, sizeof(violet_bag_group_t), violet_bags_compare);

    for (i = 0; i < n; i++) {

        if (bags->ngroups == 0
            || groups[bags->ngroups - 1].id != groups[i].id)
        {
            groups[bags->ngroups] = groups[i];
            groups[bags->ngroups].listed = 1;
            bags->ngroups++;
        }

        bag = &bags->bags[groups[i].bag];
        bag->group = bags->ngroups - 1;

        if (!bag->listed) {
            groups[bag->group].listed = 0;
        }
    }

    for (i = 0, last = bags->nbags; i < bags->nbags; i++) {
        bag = &bags->bags[i];

        if (!bag->id.known) {
            bag->group = --last;
            groups[last].bag = i;
            groups[last].listed = bag->listed;
        }
    }

    return 0;
}


static int
violet_bags_compare(const void *one, const void *two)
{
    const violet_bag_group_t  *a = one;
    const violet_bag_group_t  *b = two;

    if (a->id != b->id) {
        return a->id < b->id ? -1 : 1;
    }

    return (a->bag > b->bag) - (a->bag < b->bag);
}


static int
violet_bags_alias(violet_bags_t *bags, const json_t *order)
{
    size_t         i;
    violet_id_t    id;
    const json_t  *items;

    items = violet_json_array(order, "bags", NULL);

    for (i = 0; i < bags->nbags; i++) {
        id = violet_json_id(json_array_get(items, i), "bag_id", "bagId");

        if (!id.known || id.value == bags->bags[i].id.value) {
            continue;
        }

        if (bags->aliases == NULL) {
            bags->aliases = calloc(bags->nbags, sizeof(violet_bag_alias_t));

            if (bags->aliases == NULL) {
                return -1;
            }
        }

        bags->aliases[bags->naliases].id = id.value;
        bags->aliases[bags->naliases++].group = bags->bags[i].group;
    }

    if (bags->naliases) {
        qsort(bags->aliases, bags->naliases, sizeof(violet_bag_alias_t),
              violet_bags_compare_alias);
    }

    return 0;
}


static int
violet_bags_compare_alias(const void *one, const void *two)
{
    const violet_bag_alias_t  *a = one;
    const violet_bag_alias_t  *b = two;

    if (a->id != b->id) {
        return a->id < b->id ? -1 : 1;
    }

    return (a->group > b->group) - (a->group < b->group);
}


violet_bag_group_t *
violet_bags_find(const violet_bags_t *bags, violet_id_t id)
{
    size_t  low, high, middle;

    low = 0;
    high = id.known ? bags->ngroups : 0;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (bags->groups[middle].id < id.value) {
            low = middle + 1;

        } else if (bags->groups[middle].id > id.value) {
            high = middle;

        } else {
            return &bags->groups[middle];
        }
    }

    low = 0;
    high = id.known ? bags->naliases : 0;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (bags->aliases[middle].id < id.value) {
            low = middle + 1;

        } else if (bags->aliases[middle].id > id.value) {
            high = middle;

        } else {
            return &bags->groups[bags->aliases[middle].group];
        }
    }

    return NULL;
}


void
violet_bags_set_merchant(const violet_bags_t *bags,
    const violet_bag_group_t *group, violet_error_t *error)
{
    if (group && bags->bags[group->bag].merchant_id.known) {
        error->merchant_id = bags->bags[group->bag].merchant_id;
    }
}


int
violet_bag_is_accepted(violet_text_t status)
{
    return violet_text_any(status, violet_bags_listed);
}


const char *
violet_bag_outcome_name(violet_bag_outcome_t outcome)
{
    switch (outcome) {

    case VIOLET_BAG_ACCEPTED:
        return "accepted";

    case VIOLET_BAG_FAILED:
        return "failed";

    case VIOLET_BAG_PENDING:
        return "pending";

    default: /* VIOLET_BAG_UNKNOWN */
        return "unknown";
    }
}

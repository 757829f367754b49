
/*
 * The table of bags in docs/cart-errors.md: what the order says about one of
 * its bags.
 */

#ifndef VIOLET_BAG_TABLE_H
#define VIOLET_BAG_TABLE_H


#include "violet_bags.h"
#include "violet_order.h"


/*
 * Sets the outcome of a bag, by the first row that fits, and the evidence for
 * it.  The errors and payments of the order must have been read.
 */

void violet_bag_judge(const violet_order_t *order, violet_bag_t *bag);


/*
 * True if the merchant has the order of this bag: its status says so, it has
 * an id on the platform, or it was paid.
 */

int violet_bag_made(const violet_order_t *order, const violet_bag_t *bag);


#endif /* VIOLET_BAG_TABLE_H */


/*
 * The payments of an order: which of them failed, for which bags, and with
 * what errors.  All that is read goes into the violet_order_t.
 */

#ifndef VIOLET_PAYMENT_H
#define VIOLET_PAYMENT_H


#include <jansson.h>

#include "violet_order.h"


/*
 * Reads payment_transactions[] of an order whose bags were read; returns -1
 * if memory ran out.
 */

int violet_payments_read(violet_order_t *order, const json_t *root);


#endif /* VIOLET_PAYMENT_H */

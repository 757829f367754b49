
/*
 * Shared by the files of the guard alone: violet_cart_guard.c (the decision)
 * and violet_cart_guard_tell.c (the submit and its end).
 */

#ifndef VIOLET_CART_GUARD_PRIV_H
#define VIOLET_CART_GUARD_PRIV_H


#include "violet_cart_guard.h"


/* times that a record may change while it is decided on, or told */
#define VIOLET_GUARD_TRIES  2


/* Sets "memory", "unsaved" and "own" to what the host has now. */

void violet_cart_guard_load(violet_cart_guard_t *guard);


/* Writes to the host's memory, if that still has "memory". */

violet_cart_host_store_t violet_cart_guard_store(violet_cart_guard_t *guard,
    const violet_cart_record_t *record, int unsaved, int own);


/* The step that asks Redis: to write a record, or, if it is NULL, for its. */

violet_cart_step_t violet_cart_guard_ask(violet_cart_guard_t *guard,
    violet_cart_phase_t phase, const violet_cart_record_t *write);


/* Gives a record the number of the next write, larger than all before. */

void violet_cart_guard_next(violet_cart_guard_t *guard,
    violet_cart_record_t *record);


#endif /* VIOLET_CART_GUARD_PRIV_H */

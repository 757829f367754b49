
/*
 * The proof that an answer is a completed order, by one pass over its bytes
 * that builds nothing: what most submits end with costs no tree.  It never
 * says so of what the full parser and violet_order.c would judge otherwise;
 * what it cannot prove is theirs to judge.
 *
 * It is content with less than the parser: a lone surrogate in a name, or a
 * repeated key that nobody reads, does not make an order less completed.
 */

#ifndef VIOLET_SCAN_H
#define VIOLET_SCAN_H


#include <stddef.h>


/*
 * Returns 1 if the text is one JSON object (RFC 8259, UTF-8, perhaps with a
 * BOM) that is an order with bags, all of them accepted, without errors and
 * with no payment but those that were made or are under way; else 0.
 */

int violet_scan_completed(const char *data, size_t len);


#endif /* VIOLET_SCAN_H */


/*
 * The hash of a short text, such as a key in shared memory.  All processes of
 * a host that run one build compute the same number; nothing keeps it longer.
 * A caller may choose texts with equal hashes: who uses it compares the texts.
 */

#ifndef VIOLET_HASH_H
#define VIOLET_HASH_H


#include <stddef.h>
#include <stdint.h>


/* "len" bytes at "data", of any value and at any address; cannot fail. */

uint32_t violet_hash(const void *data, size_t len);


#endif /* VIOLET_HASH_H */


/*
 * Eight bytes at a time are mixed into the state by a multiplication, whose
 * upper half goes into the lower one.  ngx_murmur_hash2() shifts bytes above
 * 127 into the sign of an int, which C does not define.
 */

#include <string.h>

#include "violet_hash.h"


/* odd, and without a pattern in its bits */
#define VIOLET_HASH_FACTOR  0x9e3779b97f4a7c15ULL


static uint64_t violet_hash_mix(uint64_t hash, uint64_t word);


uint32_t
violet_hash(const void *data, size_t len)
{
    size_t                n;
    uint64_t              hash, word;
    const unsigned char  *p = data;

    hash = len;

    for (n = len; n >= sizeof(word); n -= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        hash = violet_hash_mix(hash, word);
        p += sizeof(word);
    }

    if (n) {

        for (word = 0; n; n--) {
            word = word << 8 | *p++;
        }

        hash = violet_hash_mix(hash, word);
    }

    return (uint32_t) violet_hash_mix(hash, 0);
}


static uint64_t
violet_hash_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * VIOLET_HASH_FACTOR;

    return hash ^ hash >> 32;
}

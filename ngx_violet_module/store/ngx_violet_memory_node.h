
/*
 * What the parts of the shared memory zone share: its operations
 * (ngx_violet_memory.c), the nodes they are made of
 * (ngx_violet_memory_node.c), and its lock, with what is done after a worker
 * was killed that held it (ngx_violet_memory_lock.c).  For nobody else; all
 * of it under the zone's mutex.
 */

#ifndef NGX_VIOLET_MEMORY_NODE_H
#define NGX_VIOLET_MEMORY_NODE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_memory_barrier.h"


/* of keys that share a count of changes; a power of two */
#define NGX_VIOLET_MEMORY_BUCKETS  256

/* of the zone's bytes there is a tree for so many: a few nodes in each */
#define NGX_VIOLET_MEMORY_TREE     16384


/* what a value is to those who need room */

typedef enum {
    NGX_VIOLET_MEMORY_VALUE = 0,
    NGX_VIOLET_MEMORY_CACHED,       /* goes with its generation */
    NGX_VIOLET_MEMORY_COUNTER       /* not to be dropped before its time */
} ngx_violet_memory_kind_e;


typedef struct ngx_violet_memory_node_s  ngx_violet_memory_node_t;

struct ngx_violet_memory_node_s {
    ngx_rbtree_node_t    node;        /* node.key is a hash of the key */
    ngx_queue_t          queue;
    int64_t              expires[2];  /* of each version */
    ngx_uint_t           used;        /* which use brought it to the head */
    ngx_uint_t           generation;
    uint32_t             value_len;
    uint16_t             key_len;
    u_char               kind;
    u_char               version;     /* 0 or 1: which one holds */
    u_char               data[1];     /* the key, then the value, aligned, */
};                                    /* of a counter two versions of it */


/* It lies at the end of the zone, where the slab pool does not reach. */

typedef struct {
    ngx_uint_t                 changing;    /* a change is half made */
    ngx_rbtree_t              *trees;       /* by hash */
    ngx_uint_t                 mask;        /* their number, less one */
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                queue;       /* of values, by use */
    ngx_uint_t                 values;      /* in it */
    ngx_uint_t                 uses;        /* that moved one to its head */
    ngx_queue_t                counters;    /* by use */
    ngx_violet_memory_node_t  *moving;      /* out of its queue for now */
    ngx_uint_t                 owed;        /* counters not yet put back */
    ngx_uint_t                 generation;
    int64_t                    covered;     /* until then */
    uint64_t                   changes[NGX_VIOLET_MEMORY_BUCKETS];
} ngx_violet_memory_shared_t;


/* of this process */

typedef struct {
    ngx_violet_memory_shared_t  *sh;
    ngx_slab_pool_t             *shpool;

    /* found under the lock, told after it */
    ngx_uint_t                   kept;
    ngx_uint_t                   lost;
    unsigned                     emptied:1;
} ngx_violet_memory_t;


/*
 * After a worker was killed while it changed the zone: empties the zone, but
 * for its counters; and tells it, once the lock is given back.
 */

void ngx_violet_memory_rescue(ngx_violet_memory_t *memory);
void ngx_violet_memory_tell(ngx_violet_memory_t *memory);


static ngx_inline void
ngx_violet_memory_lock(ngx_violet_memory_t *memory)
{
    ngx_shmtx_lock(&memory->shpool->mutex);

    if (memory->sh->changing) {
        ngx_violet_memory_rescue(memory);
    }
}


/* What follows cannot be left half made; until the lock is given back. */

static ngx_inline void
ngx_violet_memory_change(ngx_violet_memory_t *memory)
{
    memory->sh->changing = 1;

    ngx_violet_barrier();
}


static ngx_inline void
ngx_violet_memory_unlock(ngx_violet_memory_t *memory)
{
    if (memory->sh->changing) {
        ngx_violet_barrier();

        memory->sh->changing = 0;
    }

    ngx_shmtx_unlock(&memory->shpool->mutex);

    if (memory->emptied) {
        ngx_violet_memory_tell(memory);
    }
}


/* Lays out a new zone of that size; NGX_ERROR if it is too small. */

ngx_int_t ngx_violet_memory_plant(ngx_violet_memory_t *memory, size_t size);


/* Empties the zone and makes its slab pool anew, whatever state it is in. */

void ngx_violet_memory_clear(ngx_violet_memory_t *memory);


/* A version of the value of a node, and the one that holds. */

#define ngx_violet_memory_version(mn, n)                                      \
    (ngx_align_ptr((mn)->data + (mn)->key_len, NGX_ALIGNMENT)                 \
     + (n) * ngx_align((size_t) (mn)->value_len, NGX_ALIGNMENT))

#define ngx_violet_memory_value(mn)                                           \
    ngx_violet_memory_version(mn, (mn)->version)


/* The node of a key, expired or not, or NULL. */

ngx_violet_memory_node_t *ngx_violet_memory_lookup(
    ngx_violet_memory_t *memory, ngx_str_t *key, uint32_t hash);


/*
 * A new node with room for a value of that size; others are dropped for it.
 * NULL if there is no room.  Nobody finds it before it is inserted, with its
 * value.
 */

ngx_violet_memory_node_t *ngx_violet_memory_create(
    ngx_violet_memory_t *memory, ngx_str_t *key, uint32_t hash, size_t size,
    ngx_violet_memory_kind_e kind);


void ngx_violet_memory_insert(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn);


/* Gives a counter another value, all of it or nothing. */

void ngx_violet_memory_assign(ngx_violet_memory_node_t *mn, u_char *value,
    int64_t expires);


/*
 * The node is the most recently used one now.  A touch leaves a value where
 * it is while three quarters of the others at most have come before it since:
 * a quarter goes first, and most touches cost nothing.
 */

void ngx_violet_memory_use(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn);
void ngx_violet_memory_touch(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn);

void ngx_violet_memory_delete(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn);
ngx_uint_t ngx_violet_memory_expired(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn);


#endif /* NGX_VIOLET_MEMORY_NODE_H */

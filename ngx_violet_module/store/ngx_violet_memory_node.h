
/*
 * Types and functions of the zone's own files: its counters and notices
 * (ngx_violet_memory.c), its values (ngx_violet_memory_value.c), its nodes
 * (ngx_violet_memory_node.c), and its lock with the repair after a worker was
 * killed that held it (ngx_violet_memory_lock.c).  All of it is used under the
 * zone's mutex.
 */

#ifndef NGX_VIOLET_MEMORY_NODE_H
#define NGX_VIOLET_MEMORY_NODE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_memory.h"
#include "ngx_violet_memory_barrier.h"

#include "violet_hash.h"


/* groups of keys with one count of changes each; a power of two */
#define NGX_VIOLET_MEMORY_BUCKETS  256

/* bytes of the zone for each tree, a page: most trees have one node or none */
#define NGX_VIOLET_MEMORY_TREE     4096


/* when a value is deleted */

typedef enum {
    NGX_VIOLET_MEMORY_VALUE = 0,    /* when it expires, or to make room */
    NGX_VIOLET_MEMORY_CACHED,       /* the same, or when its generation ends */
    NGX_VIOLET_MEMORY_COUNTER       /* not before it expires */
} ngx_violet_memory_kind_e;


/* bytes of a value that its node has no room for; a page of memory at most */

typedef struct ngx_violet_memory_piece_s  ngx_violet_memory_piece_t;

struct ngx_violet_memory_piece_s {
    ngx_violet_memory_piece_t   *next;
    u_char                       data[1];
};


/* A node takes a page at most. */

typedef struct ngx_violet_memory_node_s  ngx_violet_memory_node_t;

struct ngx_violet_memory_node_s {
    ngx_rbtree_node_t    node;        /* node.key is a hash of the key */
    ngx_queue_t          queue;
    int64_t              expires[2];  /* of each version of the value */
    ngx_uint_t           used;        /* number of the use that moved it */
    ngx_uint_t           generation;
    uint64_t             serial;      /* no two nodes have the same */
    ngx_violet_memory_piece_t  *pieces;  /* the rest of the value */
    uint32_t             value_len;
    uint32_t             head_len;    /* bytes of the value in the node */
    uint16_t             key_len;
    u_char               kind;
    u_char               version;     /* 0 or 1: the valid one */

    /* the key, then the value, aligned; a counter has two versions of it */
    u_char               data[1];
};


/* a worker with a link, see ngx_violet_memory_link.h */

typedef struct {
    uint64_t                   number;      /* 0: nobody's */
    ngx_uint_t                 cycle;       /* number of its configuration */
    ngx_pid_t                  pid;
    uint32_t                   place;       /* differs if the Redis does */
    ngx_uint_t                 ready;       /* its link is up */
    int64_t                    until;       /* end of its time */
} ngx_violet_memory_seat_t;


/* It lies at the end of the zone, behind the slab pool. */

typedef struct {
    ngx_uint_t                 changing;    /* a change is half made */
    ngx_rbtree_t              *trees;       /* by hash */
    ngx_uint_t                 mask;        /* their number, less one */
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                queue;       /* of values, by use */
    ngx_uint_t                 values;      /* in it */
    ngx_uint_t                 entries[NGX_VIOLET_MEMORY_ENTRIES];
    ngx_uint_t                 uses;        /* that moved a value to its head */
    ngx_queue_t                counters;    /* by use */
    ngx_violet_memory_node_t  *moving;      /* outside of its queue */
    ngx_uint_t                 owed;        /* counters not yet restored */
    ngx_uint_t                 generation;
    uint64_t                   serial;      /* of the newest node */
    ngx_uint_t                 cycles;      /* configurations that were read */
    uint64_t                   seats;       /* that were taken so far */
    ngx_violet_memory_seat_t   holder;      /* its link covers the memory */
    ngx_violet_memory_seat_t   next;
    uint64_t                   changes[NGX_VIOLET_MEMORY_BUCKETS];
    uint64_t                   noticed[NGX_VIOLET_MEMORY_BUCKETS];
    uint64_t                   epochs[NGX_VIOLET_MEMORY_BUCKETS];
    ngx_atomic_t               notices;     /* of Redis, in all */
    int64_t                    marked;      /* until when, by
                                               ngx_violet_memory_mark() */
} ngx_violet_memory_shared_t;


/* of this process */

typedef struct {
    ngx_violet_memory_shared_t  *sh;
    ngx_slab_pool_t             *shpool;
    ngx_uint_t                   cycle;     /* number of the configuration */
    violet_counter_t            *evictions; /* of this worker; NULL: nobody
                                               reads them */

    /* counters after a repair; logged once the lock is released */
    ngx_uint_t                   kept;
    ngx_uint_t                   lost;
    unsigned                     emptied:1;
} ngx_violet_memory_t;


/* The kind of a node, by its key. */

ngx_violet_memory_entry_e ngx_violet_memory_entry(
    ngx_violet_memory_node_t *mn);


/* The hash of a key: each hit takes it, and CRC-32 reads byte after byte. */

#define ngx_violet_memory_hash(key)  violet_hash((key)->data, (key)->len)


/* Marks the zone as half changed until the lock is released. */

static ngx_inline void
ngx_violet_memory_change(ngx_violet_memory_t *memory)
{
    memory->sh->changing = 1;

    ngx_violet_barrier();
}


/*
 * Whether notices of all changes arrive, so that cached values may be served
 * without asking Redis.
 */

#define ngx_violet_memory_covered(memory)                                     \
    ((memory)->sh->holder.until > ngx_violet_clock())


/*
 * A number that changes when the key of this hash, or everything, is
 * forgotten: the sum of two numbers that only grow.
 */

#define ngx_violet_memory_changed(memory, hash)                               \
    ((memory)->sh->changes[(hash) & (NGX_VIOLET_MEMORY_BUCKETS - 1)]          \
     + (memory)->sh->generation)


/* Lays out a new zone of that size; NGX_ERROR if it is too small. */

ngx_int_t ngx_violet_memory_plant(ngx_violet_memory_t *memory, size_t size);


/* Empties the zone and initializes its slab pool, whatever its state. */

void ngx_violet_memory_clear(ngx_violet_memory_t *memory);


/* The n-th version of the value of a node, and the valid one. */

#define ngx_violet_memory_version(mn, n)                                      \
    (ngx_align_ptr((mn)->data + (mn)->key_len, NGX_ALIGNMENT)                 \
     + (n) * ngx_align((size_t) (mn)->value_len, NGX_ALIGNMENT))

#define ngx_violet_memory_value(mn)                                           \
    ngx_violet_memory_version(mn, (mn)->version)


/* The node of a key, expired or not, or NULL. */

ngx_violet_memory_node_t *ngx_violet_memory_lookup(
    ngx_violet_memory_t *memory, ngx_str_t *key, uint32_t hash);


/*
 * A new node for a value of that size, with room for its first "head_len"
 * bytes; other values are evicted for it.  NULL if there is no room, or if the
 * value would take more than half of the zone.  The caller sets the value,
 * then inserts the node.
 */

ngx_violet_memory_node_t *ngx_violet_memory_create(
    ngx_violet_memory_t *memory, ngx_str_t *key, uint32_t hash, size_t size,
    ngx_violet_memory_kind_e kind);


/*
 * A new piece with room for that many bytes, which the caller links to the
 * node; other values are evicted for it, but not the node.  NULL if there is
 * no room.
 */

ngx_violet_memory_piece_t *ngx_violet_memory_piece(
    ngx_violet_memory_t *memory, ngx_violet_memory_node_t *mn, size_t len);


/* Bytes of a value in a piece; the last piece of a value may have less. */

#define NGX_VIOLET_MEMORY_PIECE                                               \
    (ngx_pagesize - offsetof(ngx_violet_memory_piece_t, data))


void ngx_violet_memory_insert(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn);


/* Gives a node in its tree another hash, and so another place. */

void ngx_violet_memory_rehash(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn, uint32_t hash);


/* Gives a counter another value, all of it or nothing. */

void ngx_violet_memory_assign(ngx_violet_memory_node_t *mn, u_char *value,
    int64_t expires);


/*
 * The first moves a node to the head of its queue.  The second is an
 * approximate LRU: it moves a node only if more than 3/4 of all values were
 * moved since the node's last move.  So the coldest quarter is evicted first,
 * and most hits write nothing.
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

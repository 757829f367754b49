
/*
 * A walk over the counters of the zone.  The lock is held for a part of the
 * trees at a time.  For operators the walk reads so many nodes at most, and may
 * miss some.
 */


#include "ngx_violet_memory_node.h"
#include "ngx_violet_memory_lock.h"


/* trees that are read before the lock is released */
#define NGX_VIOLET_MEMORY_WALK_TREES  32

/* nodes that a walk for operators reads at most */
#define NGX_VIOLET_MEMORY_WALK_NODES  50000


static ngx_uint_t ngx_violet_memory_walk_piece(ngx_violet_memory_t *memory,
    ngx_uint_t *tree, ngx_violet_memory_counts_pt handler, void *data);
static ngx_uint_t ngx_violet_memory_walk_tree(ngx_violet_memory_t *memory,
    ngx_rbtree_t *tree, ngx_violet_memory_counts_pt handler, void *data);


ngx_uint_t
ngx_violet_memory_walk(ngx_shm_zone_t *zone,
    ngx_violet_memory_counts_pt handler, void *data)
{
    ngx_uint_t            tree, nodes;
    ngx_violet_memory_t  *memory;

    memory = zone->data;
    tree = 0;
    nodes = 0;

    do {

        if (nodes > NGX_VIOLET_MEMORY_WALK_NODES) {
            return 0;
        }

        nodes += ngx_violet_memory_walk_piece(memory, &tree, handler, data);

    } while (tree);

    return 1;
}


void
ngx_violet_memory_walk_on(ngx_shm_zone_t *zone, ngx_uint_t *tree,
    ngx_violet_memory_counts_pt handler, void *data)
{
    (void) ngx_violet_memory_walk_piece(zone->data, tree, handler, data);
}


/* The number of its nodes; *tree is the next one, or 0 at the end. */

static ngx_uint_t
ngx_violet_memory_walk_piece(ngx_violet_memory_t *memory, ngx_uint_t *tree,
    ngx_violet_memory_counts_pt handler, void *data)
{
    ngx_uint_t  i, end, nodes;

    nodes = 0;
    end = ngx_min(*tree + NGX_VIOLET_MEMORY_WALK_TREES,
                  memory->sh->mask + 1);

    ngx_violet_memory_lock(memory);

    for (i = *tree; i < end; i++) {
        nodes += ngx_violet_memory_walk_tree(memory, &memory->sh->trees[i],
                                             handler, data);
    }

    ngx_violet_memory_unlock(memory);

    *tree = end <= memory->sh->mask ? end : 0;

    return nodes;
}


/* Returns the number of its nodes. */

static ngx_uint_t
ngx_violet_memory_walk_tree(ngx_violet_memory_t *memory, ngx_rbtree_t *tree,
    ngx_violet_memory_counts_pt handler, void *data)
{
    ngx_str_t                  key;
    ngx_uint_t                 n;
    ngx_rbtree_node_t         *node;
    ngx_violet_memory_node_t  *mn;

    n = 0;

    if (tree->root == tree->sentinel) {
        return 0;
    }

    for (node = ngx_rbtree_min(tree->root, tree->sentinel);
         node;
         node = ngx_rbtree_next(tree, node))
    {
        mn = ngx_rbtree_data(node, ngx_violet_memory_node_t, node);
        n++;

        if (mn->kind == NGX_VIOLET_MEMORY_COUNTER
            && !ngx_violet_memory_expired(memory, mn))
        {
            key.data = mn->data;
            key.len = mn->key_len;

            (void) handler(data, &key, ngx_violet_memory_value(mn),
                           mn->value_len);
        }
    }

    return n;
}

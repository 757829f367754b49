
/*
 * A walk over the counters of the zone, for operators.  The lock is held for a
 * part of the trees at a time, and the walk reads so many nodes at most: it
 * may miss some, which requests never do.
 */


#include "ngx_violet_memory_node.h"
#include "ngx_violet_memory_lock.h"


/* trees that are read before the lock is released */
#define NGX_VIOLET_MEMORY_WALK_TREES  32

/* nodes that a walk reads at most */
#define NGX_VIOLET_MEMORY_WALK_NODES  50000


static ngx_uint_t ngx_violet_memory_walk_tree(ngx_violet_memory_t *memory,
    ngx_rbtree_t *tree, ngx_violet_memory_counts_pt handler, void *data);


ngx_uint_t
ngx_violet_memory_walk(ngx_shm_zone_t *zone,
    ngx_violet_memory_counts_pt handler, void *data)
{
    ngx_uint_t            i, end, nodes;
    ngx_violet_memory_t  *memory;

    memory = zone->data;
    nodes = 0;

    for (i = 0; i <= memory->sh->mask; i = end) {

        if (nodes > NGX_VIOLET_MEMORY_WALK_NODES) {
            return 0;
        }

        end = ngx_min(i + NGX_VIOLET_MEMORY_WALK_TREES,
                      memory->sh->mask + 1);

        ngx_violet_memory_lock(memory);

        for ( /* void */ ; i < end; i++) {
            nodes += ngx_violet_memory_walk_tree(memory,
                                                 &memory->sh->trees[i],
                                                 handler, data);
        }

        ngx_violet_memory_unlock(memory);
    }

    return 1;
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

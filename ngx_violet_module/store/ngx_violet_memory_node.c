
/*
 * The nodes of the shared memory zone: trees by key, and two queues by use,
 * one of values and one of counters.  A node is one allocation of the slab
 * pool: header, key, value.  The part of a value that does not fit into a page
 * of memory lies in pieces of a page each, so a value of any size needs no run
 * of free pages, and as many values are evicted for it as it needs pages.
 *
 * Few nodes of a full zone are in the CPU's caches, so the cost of a hit is
 * the number of nodes that it reads: there are many low trees, and a node is
 * moved in its queue only if it is near the end.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_memory_node.h"


/* values that are evicted at most to make room for a node or piece */
#define NGX_VIOLET_MEMORY_EVICT  64

/* counters that are checked for their end when there is no room */
#define NGX_VIOLET_MEMORY_LOOK   256


static void ngx_violet_memory_insert_value(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static ngx_rbtree_t *ngx_violet_memory_tree(ngx_violet_memory_t *memory,
    uint32_t hash);
static ngx_uint_t ngx_violet_memory_expire(ngx_violet_memory_t *memory,
    ngx_uint_t n);
static void *ngx_violet_memory_alloc(ngx_violet_memory_t *memory,
    size_t size, ngx_violet_memory_node_t *keep);
static void *ngx_violet_memory_alloc_for_marks(ngx_violet_memory_t *memory,
    size_t size);
static void ngx_violet_memory_first(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn);
static void ngx_violet_memory_unlink(ngx_violet_memory_node_t *mn);
static ngx_queue_t *ngx_violet_memory_queue(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn);
static ngx_int_t ngx_violet_memory_cmp(ngx_violet_memory_node_t *mn,
    u_char *data, size_t len);


ngx_int_t
ngx_violet_memory_plant(ngx_violet_memory_t *memory, size_t size)
{
    u_char           *end;
    size_t            len;
    ngx_uint_t        n;
    ngx_slab_pool_t  *shpool;

    shpool = memory->shpool;

    for (n = 1; n * 2 <= size / NGX_VIOLET_MEMORY_TREE; n *= 2) {
        /* void */
    }

    len = sizeof(ngx_violet_memory_shared_t) + n * sizeof(ngx_rbtree_t);
    len = ngx_align(len, NGX_CPU_CACHE_LINE);

    if (size < len + 4 * ngx_pagesize) {
        return NGX_ERROR;
    }

    end = (u_char *) shpool + size - len;

    ngx_memzero(end, len);

    memory->sh = (ngx_violet_memory_shared_t *) end;
    memory->sh->trees = (ngx_rbtree_t *)
                        (end + sizeof(ngx_violet_memory_shared_t));
    memory->sh->mask = n - 1;

    shpool->end = end;
    shpool->data = memory->sh;

    ngx_violet_memory_clear(memory);

    return NGX_OK;
}


void
ngx_violet_memory_clear(ngx_violet_memory_t *memory)
{
    ngx_uint_t                   i;
    ngx_violet_memory_shared_t  *sh;

    sh = memory->sh;

    for (i = 0; i <= sh->mask; i++) {
        ngx_rbtree_init(&sh->trees[i], &sh->sentinel,
                        ngx_violet_memory_insert_value);
    }

    ngx_queue_init(&sh->queue);
    sh->values = 0;
    ngx_memzero(sh->entries, sizeof(sh->entries));

    ngx_queue_init(&sh->counters);
    sh->moving = NULL;

    ngx_slab_init(memory->shpool);

    /* values are evicted when the zone is full: nothing to log */

    memory->shpool->log_nomem = 0;
}


static ngx_rbtree_t *
ngx_violet_memory_tree(ngx_violet_memory_t *memory, uint32_t hash)
{
    return &memory->sh->trees[hash & memory->sh->mask];
}


ngx_violet_memory_node_t *
ngx_violet_memory_lookup(ngx_violet_memory_t *memory, ngx_str_t *key,
    uint32_t hash)
{
    ngx_int_t                  rc;
    ngx_rbtree_node_t         *node, *sentinel;
    ngx_violet_memory_node_t  *mn;

    node = ngx_violet_memory_tree(memory, hash)->root;
    sentinel = &memory->sh->sentinel;

    while (node != sentinel) {

        if (hash != node->key) {
            node = (hash < node->key) ? node->left : node->right;
            continue;
        }

        mn = (ngx_violet_memory_node_t *) node;

        rc = ngx_violet_memory_cmp(mn, key->data, key->len);

        if (rc == 0) {
            return mn;
        }

        node = (rc < 0) ? node->left : node->right;
    }

    return NULL;
}


ngx_violet_memory_node_t *
ngx_violet_memory_create(ngx_violet_memory_t *memory, ngx_str_t *key,
    uint32_t hash, size_t size, ngx_violet_memory_kind_e kind)
{
    size_t                     len, head;
    ngx_violet_memory_node_t  *mn;

    len = offsetof(ngx_violet_memory_node_t, data) + key->len + NGX_ALIGNMENT;

    if (len > ngx_pagesize / 2
        || size > 0xffffffff
        || size > (size_t) (memory->shpool->end - memory->shpool->start) / 2)
    {
        return NULL;
    }

    if (kind == NGX_VIOLET_MEMORY_COUNTER) {
        head = size;
        len += 2 * ngx_align(size, NGX_ALIGNMENT);

    } else {
        head = ngx_min(size, ngx_pagesize - len);
        len += head;
    }

    (void) ngx_violet_memory_expire(memory, 2);

    mn = ngx_violet_memory_alloc(memory, len, NULL);
    if (mn == NULL) {
        return NULL;
    }

    mn->node.key = hash;
    mn->key_len = (uint16_t) key->len;
    mn->value_len = (uint32_t) size;
    mn->head_len = (uint32_t) head;
    mn->pieces = NULL;
    mn->kind = kind;
    mn->version = 0;
    mn->generation = memory->sh->generation;
    mn->serial = ++memory->sh->serial;
    ngx_memcpy(mn->data, key->data, key->len);

    return mn;
}


ngx_violet_memory_piece_t *
ngx_violet_memory_piece(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn, size_t len)
{
    ngx_violet_memory_piece_t  *piece;

    piece = ngx_violet_memory_alloc(memory,
                               offsetof(ngx_violet_memory_piece_t, data) + len,
                               mn);
    if (piece) {
        piece->next = NULL;
    }

    return piece;
}


void
ngx_violet_memory_insert(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn)
{
    if (mn->kind != NGX_VIOLET_MEMORY_COUNTER) {
        memory->sh->values++;
    }

    memory->sh->entries[ngx_violet_memory_entry(mn)]++;

    ngx_rbtree_insert(ngx_violet_memory_tree(memory,
                                             (uint32_t) mn->node.key),
                      &mn->node);
    ngx_violet_memory_first(memory, mn);
}


void
ngx_violet_memory_rehash(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn, uint32_t hash)
{
    ngx_rbtree_delete(ngx_violet_memory_tree(memory,
                                             (uint32_t) mn->node.key),
                      &mn->node);

    mn->node.key = hash;

    ngx_rbtree_insert(ngx_violet_memory_tree(memory, hash), &mn->node);
}


void
ngx_violet_memory_assign(ngx_violet_memory_node_t *mn, u_char *value,
    int64_t expires)
{
    ngx_uint_t  version;

    version = !mn->version;

    mn->expires[version] = expires;
    ngx_memcpy(ngx_violet_memory_version(mn, version), value, mn->value_len);

    ngx_violet_barrier();

    mn->version = (u_char) version;
}


/*
 * Deletes expired counters, a few whenever a node is created.  Counters do
 * not expire in the order of their use: one that is checked and stays is moved
 * to the head, so that all are checked in turn.
 */

static ngx_uint_t
ngx_violet_memory_expire(ngx_violet_memory_t *memory, ngx_uint_t n)
{
    ngx_uint_t                 i, gone;
    ngx_queue_t               *q;
    ngx_violet_memory_node_t  *mn;

    gone = 0;

    for (i = 0; i < n && !ngx_queue_empty(&memory->sh->counters); i++) {

        q = ngx_queue_last(&memory->sh->counters);
        mn = ngx_queue_data(q, ngx_violet_memory_node_t, queue);

        if (!ngx_violet_memory_expired(memory, mn)) {
            ngx_violet_memory_use(memory, mn);
            continue;
        }

        ngx_violet_memory_delete(memory, mn);
        gone++;
    }

    return gone;
}


/*
 * Values are evicted for any node, the least recently used first, except
 * "keep", for which the memory is.  A counter that has not expired is not: a
 * caller who fills the zone would get a new budget.  Marks of events are, if
 * there is no other value any more.
 */

static void *
ngx_violet_memory_alloc(ngx_violet_memory_t *memory, size_t size,
    ngx_violet_memory_node_t *keep)
{
    void                      *p;
    ngx_uint_t                 i;
    ngx_queue_t               *q;
    ngx_violet_memory_node_t  *mn;

    p = ngx_slab_alloc_locked(memory->shpool, size);

    if (p == NULL
        && ngx_violet_memory_expire(memory, NGX_VIOLET_MEMORY_LOOK))
    {
        p = ngx_slab_alloc_locked(memory->shpool, size);
    }

    for (i = 0; p == NULL && i < NGX_VIOLET_MEMORY_EVICT; i++) {

        if (ngx_queue_empty(&memory->sh->queue)) {
            return ngx_violet_memory_alloc_for_marks(memory, size);
        }

        q = ngx_queue_last(&memory->sh->queue);
        mn = ngx_queue_data(q, ngx_violet_memory_node_t, queue);

        if (mn == keep) {
            return ngx_violet_memory_alloc_for_marks(memory, size);
        }

        if (memory->evictions && !ngx_violet_memory_expired(memory, mn)) {
            violet_count(memory->evictions);
        }

        ngx_violet_memory_delete(memory, mn);

        p = ngx_slab_alloc_locked(memory->shpool, size);
    }

    return p;
}


/* Deletes marks of events, the least recently used first, until it has room. */

static void *
ngx_violet_memory_alloc_for_marks(ngx_violet_memory_t *memory, size_t size)
{
    void                      *p;
    ngx_uint_t                 i;
    ngx_queue_t               *q, *prev, *counters;
    ngx_violet_memory_node_t  *mn;

    p = NULL;
    counters = &memory->sh->counters;
    q = ngx_queue_last(counters);

    for (i = 0;
         i < NGX_VIOLET_MEMORY_LOOK && q != ngx_queue_sentinel(counters);
         i++)
    {
        prev = ngx_queue_prev(q);
        mn = ngx_queue_data(q, ngx_violet_memory_node_t, queue);

        if (ngx_violet_memory_entry(mn) == NGX_VIOLET_MEMORY_EVENT) {
            ngx_violet_memory_delete(memory, mn);

            p = ngx_slab_alloc_locked(memory->shpool, size);
            if (p) {
                break;
            }
        }

        q = prev;
    }

    return p;
}


static ngx_queue_t *
ngx_violet_memory_queue(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn)
{
    return mn->kind == NGX_VIOLET_MEMORY_COUNTER ? &memory->sh->counters
                                                 : &memory->sh->queue;
}


void
ngx_violet_memory_use(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn)
{
    memory->sh->moving = mn;

    ngx_violet_barrier();

    ngx_violet_memory_unlink(mn);
    ngx_violet_memory_first(memory, mn);

    memory->sh->moving = NULL;

    ngx_violet_barrier();
}


/*
 * At every instruction of this function and the next one, "next" from the
 * head of a queue leads to each node of the queue.
 */

static void
ngx_violet_memory_first(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn)
{
    ngx_queue_t  *head;

    if (mn->kind != NGX_VIOLET_MEMORY_COUNTER) {
        mn->used = ++memory->sh->uses;
    }

    head = ngx_violet_memory_queue(memory, mn);

    mn->queue.next = head->next;
    mn->queue.prev = head;

    ngx_violet_barrier();

    head->next->prev = &mn->queue;
    head->next = &mn->queue;

    ngx_violet_barrier();
}


static void
ngx_violet_memory_unlink(ngx_violet_memory_node_t *mn)
{
    mn->queue.prev->next = mn->queue.next;
    mn->queue.next->prev = mn->queue.prev;

    ngx_violet_barrier();
}


void
ngx_violet_memory_touch(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn)
{
    if (memory->sh->uses - mn->used > memory->sh->values / 4 * 3) {
        ngx_violet_memory_change(memory);
        ngx_violet_memory_use(memory, mn);
    }
}


void
ngx_violet_memory_delete(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn)
{
    ngx_violet_memory_piece_t  *piece, *next;

    ngx_violet_memory_unlink(mn);

    ngx_rbtree_delete(ngx_violet_memory_tree(memory,
                                             (uint32_t) mn->node.key),
                      &mn->node);

    if (mn->kind != NGX_VIOLET_MEMORY_COUNTER) {
        memory->sh->values--;
    }

    memory->sh->entries[ngx_violet_memory_entry(mn)]--;

    for (piece = mn->pieces; piece; piece = next) {
        next = piece->next;
        ngx_slab_free_locked(memory->shpool, piece);
    }

    ngx_slab_free_locked(memory->shpool, mn);
}


ngx_uint_t
ngx_violet_memory_expired(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn)
{
    if (mn->kind == NGX_VIOLET_MEMORY_CACHED
        && mn->generation != memory->sh->generation)
    {
        return 1;
    }

    return mn->expires[mn->version] <= ngx_violet_clock();
}


static void
ngx_violet_memory_insert_value(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t         **p;
    ngx_violet_memory_node_t   *mn;

    mn = (ngx_violet_memory_node_t *) node;

    for ( ;; ) {

        if (node->key != temp->key) {
            p = (node->key < temp->key) ? &temp->left : &temp->right;

        } else {
            p = (ngx_violet_memory_cmp((ngx_violet_memory_node_t *) temp,
                                       mn->data, mn->key_len)
                 < 0)
                ? &temp->left : &temp->right;
        }

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}


static ngx_int_t
ngx_violet_memory_cmp(ngx_violet_memory_node_t *mn, u_char *data, size_t len)
{
    return ngx_memn2cmp(data, mn->data, len, mn->key_len);
}

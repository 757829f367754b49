
/*
 * The shared memory zone: a tree by key and a queue by use.  A node is one
 * allocation of the slab pool: header, key, value.  The slab's mutex guards
 * everything; what is done under it is short, allocates nothing outside the
 * zone and logs nothing.
 */


#include "ngx_violet_memory.h"


/* how many of the least recently used are looked at to make room for one */
#define NGX_VIOLET_MEMORY_EVICT  64


typedef struct {
    ngx_rbtree_t         rbtree;
    ngx_rbtree_node_t    sentinel;
    ngx_queue_t          queue;
} ngx_violet_memory_shared_t;


typedef struct {
    ngx_rbtree_node_t    node;        /* node.key is a hash of the key */
    ngx_queue_t          queue;
    ngx_msec_t           expires;
    size_t               value_len;
    uint16_t             key_len;
    u_char               counter;     /* not to be dropped before its time */
    u_char               data[1];     /* the key, then the value, aligned */
} ngx_violet_memory_node_t;


typedef struct {
    ngx_violet_memory_shared_t  *sh;
    ngx_slab_pool_t             *shpool;
} ngx_violet_memory_t;


#define ngx_violet_memory_value(mn)                                           \
    ngx_align_ptr((mn)->data + (mn)->key_len, NGX_ALIGNMENT)


static ngx_int_t ngx_violet_memory_init(ngx_shm_zone_t *zone, void *data);
static ngx_violet_memory_node_t *ngx_violet_memory_lookup(
    ngx_violet_memory_t *memory, ngx_str_t *key, uint32_t hash);
static ngx_violet_memory_node_t *ngx_violet_memory_create(
    ngx_violet_memory_t *memory, ngx_str_t *key, uint32_t hash, size_t size,
    ngx_uint_t counter);
static void *ngx_violet_memory_alloc(ngx_violet_memory_t *memory,
    size_t size);
static void ngx_violet_memory_delete(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn);
static ngx_uint_t ngx_violet_memory_expired(ngx_violet_memory_node_t *mn);
static void ngx_violet_memory_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static ngx_int_t ngx_violet_memory_cmp(ngx_violet_memory_node_t *mn,
    u_char *data, size_t len);


ngx_shm_zone_t *
ngx_violet_memory_add(ngx_conf_t *cf, size_t size, void *tag)
{
    ngx_str_t             name;
    ngx_shm_zone_t       *zone;
    ngx_violet_memory_t  *memory;

    ngx_str_set(&name, "violet");

    memory = ngx_pcalloc(cf->pool, sizeof(ngx_violet_memory_t));
    if (memory == NULL) {
        return NULL;
    }

    zone = ngx_shared_memory_add(cf, &name, size, tag);
    if (zone == NULL) {
        return NULL;
    }

    zone->init = ngx_violet_memory_init;
    zone->data = memory;

    return zone;
}


static ngx_int_t
ngx_violet_memory_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_violet_memory_t  *old = data;

    ngx_violet_memory_t  *memory;

    memory = zone->data;

    if (old) {
        memory->sh = old->sh;
        memory->shpool = old->shpool;
        return NGX_OK;
    }

    memory->shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        memory->sh = memory->shpool->data;
        return NGX_OK;
    }

    memory->sh = ngx_slab_calloc(memory->shpool,
                                 sizeof(ngx_violet_memory_shared_t));
    if (memory->sh == NULL) {
        return NGX_ERROR;
    }

    memory->shpool->data = memory->sh;

    ngx_rbtree_init(&memory->sh->rbtree, &memory->sh->sentinel,
                    ngx_violet_memory_insert);
    ngx_queue_init(&memory->sh->queue);

    /* a full zone makes room by itself, there is nothing to log */

    memory->shpool->log_nomem = 0;

    return NGX_OK;
}


ngx_int_t
ngx_violet_memory_get(ngx_shm_zone_t *zone, ngx_str_t *key, ngx_pool_t *pool,
    ngx_str_t *value)
{
    size_t                     len, n;
    u_char                    *p;
    uint32_t                   hash;
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t  *mn;

    memory = zone->data;
    hash = ngx_crc32_short(key->data, key->len);

    p = NULL;
    len = 0;

    /* the pool is not for use under the lock, so the size is asked first */

    for ( ;; ) {
        ngx_shmtx_lock(&memory->shpool->mutex);

        mn = ngx_violet_memory_lookup(memory, key, hash);

        if (mn == NULL || ngx_violet_memory_expired(mn)) {
            ngx_shmtx_unlock(&memory->shpool->mutex);
            return NGX_DECLINED;
        }

        n = mn->value_len;

        if (p && n <= len) {
            ngx_memcpy(p, ngx_violet_memory_value(mn), n);

            ngx_queue_remove(&mn->queue);
            ngx_queue_insert_head(&memory->sh->queue, &mn->queue);

            ngx_shmtx_unlock(&memory->shpool->mutex);

            value->data = p;
            value->len = n;

            return NGX_OK;
        }

        ngx_shmtx_unlock(&memory->shpool->mutex);

        p = ngx_palloc(pool, n);
        if (p == NULL) {
            return NGX_ERROR;
        }

        len = n;
    }
}


ngx_int_t
ngx_violet_memory_set(ngx_shm_zone_t *zone, ngx_str_t *key, ngx_str_t *head,
    ngx_str_t *body, ngx_msec_t ttl)
{
    u_char                    *p;
    uint32_t                   hash;
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t  *mn;

    memory = zone->data;
    hash = ngx_crc32_short(key->data, key->len);

    ngx_shmtx_lock(&memory->shpool->mutex);

    mn = ngx_violet_memory_lookup(memory, key, hash);

    if (mn) {
        ngx_violet_memory_delete(memory, mn);
    }

    mn = ngx_violet_memory_create(memory, key, hash, head->len + body->len, 0);

    if (mn) {
        mn->expires = ngx_current_msec + ttl;

        p = ngx_violet_memory_value(mn);
        p = ngx_cpymem(p, head->data, head->len);
        ngx_memcpy(p, body->data, body->len);
    }

    ngx_shmtx_unlock(&memory->shpool->mutex);

    return mn ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_violet_memory_update(ngx_shm_zone_t *zone, ngx_str_t *keys, ngx_uint_t n,
    size_t size, ngx_msec_t ttl, ngx_violet_memory_update_pt update,
    void *data)
{
    u_char                     values[64];
    uint32_t                   hash;
    ngx_uint_t                 i, empty;
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t  *mn;

    static u_char  zeroes[64];

    if (n * size > sizeof(values)) {
        return NGX_ERROR;
    }

    memory = zone->data;

    ngx_memzero(values, sizeof(values));

    ngx_shmtx_lock(&memory->shpool->mutex);

    /*
     * the decision is taken on copies: making room for the second may drop
     * the first
     */

    for (i = 0; i < n; i++) {
        hash = ngx_crc32_short(keys[i].data, keys[i].len);
        mn = ngx_violet_memory_lookup(memory, &keys[i], hash);

        if (mn && mn->value_len == size && !ngx_violet_memory_expired(mn)) {
            ngx_memcpy(values + i * size, ngx_violet_memory_value(mn), size);
        }
    }

    update(data, values);

    for (i = 0; i < n; i++) {
        hash = ngx_crc32_short(keys[i].data, keys[i].len);
        mn = ngx_violet_memory_lookup(memory, &keys[i], hash);

        empty = (ngx_memcmp(values + i * size, zeroes, size) == 0);

        if (mn && (empty || mn->value_len != size)) {
            ngx_violet_memory_delete(memory, mn);
            mn = NULL;
        }

        if (empty) {
            continue;
        }

        if (mn == NULL) {
            mn = ngx_violet_memory_create(memory, &keys[i], hash, size, 1);
        }

        if (mn == NULL) {
            ngx_shmtx_unlock(&memory->shpool->mutex);
            return NGX_ERROR;
        }

        mn->expires = ngx_current_msec + ttl;
        ngx_memcpy(ngx_violet_memory_value(mn), values + i * size, size);

        ngx_queue_remove(&mn->queue);
        ngx_queue_insert_head(&memory->sh->queue, &mn->queue);
    }

    ngx_shmtx_unlock(&memory->shpool->mutex);

    return NGX_OK;
}


static ngx_violet_memory_node_t *
ngx_violet_memory_lookup(ngx_violet_memory_t *memory, ngx_str_t *key,
    uint32_t hash)
{
    ngx_int_t                  rc;
    ngx_rbtree_node_t         *node, *sentinel;
    ngx_violet_memory_node_t  *mn;

    node = memory->sh->rbtree.root;
    sentinel = memory->sh->rbtree.sentinel;

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


static ngx_violet_memory_node_t *
ngx_violet_memory_create(ngx_violet_memory_t *memory, ngx_str_t *key,
    uint32_t hash, size_t size, ngx_uint_t counter)
{
    ngx_violet_memory_node_t  *mn;

    if (key->len > 0xffff) {
        return NULL;
    }

    mn = ngx_violet_memory_alloc(memory,
                                 offsetof(ngx_violet_memory_node_t, data)
                                 + key->len + NGX_ALIGNMENT + size);
    if (mn == NULL) {
        return NULL;
    }

    mn->node.key = hash;
    mn->key_len = (uint16_t) key->len;
    mn->value_len = size;
    mn->counter = counter;
    ngx_memcpy(mn->data, key->data, key->len);

    ngx_rbtree_insert(&memory->sh->rbtree, &mn->node);
    ngx_queue_insert_head(&memory->sh->queue, &mn->queue);

    return mn;
}


/*
 * Reports make room for anything, oldest first.  A counter that still counts
 * does not, or whoever fills the zone would get new budgets.
 */

static void *
ngx_violet_memory_alloc(ngx_violet_memory_t *memory, size_t size)
{
    void                      *p;
    ngx_uint_t                 i;
    ngx_queue_t               *q, *prev;
    ngx_violet_memory_node_t  *mn;

    p = ngx_slab_alloc_locked(memory->shpool, size);

    q = ngx_queue_last(&memory->sh->queue);

    for (i = 0; p == NULL && i < NGX_VIOLET_MEMORY_EVICT; i++) {

        if (q == ngx_queue_sentinel(&memory->sh->queue)) {
            return NULL;
        }

        prev = ngx_queue_prev(q);
        mn = ngx_queue_data(q, ngx_violet_memory_node_t, queue);

        if (!mn->counter || ngx_violet_memory_expired(mn)) {
            ngx_violet_memory_delete(memory, mn);
            p = ngx_slab_alloc_locked(memory->shpool, size);
        }

        q = prev;
    }

    return p;
}


static void
ngx_violet_memory_delete(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn)
{
    ngx_rbtree_delete(&memory->sh->rbtree, &mn->node);
    ngx_queue_remove(&mn->queue);
    ngx_slab_free_locked(memory->shpool, mn);
}


static ngx_uint_t
ngx_violet_memory_expired(ngx_violet_memory_node_t *mn)
{
    return (ngx_msec_int_t) (mn->expires - ngx_current_msec) <= 0;
}


static void
ngx_violet_memory_insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
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

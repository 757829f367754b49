
/*
 * The shared memory zone: its operations.  The slab's mutex guards
 * everything; code under it is short, allocates nothing outside the zone and
 * logs nothing.  A function that changes more than one number calls
 * ngx_violet_memory_change() first, see ngx_violet_memory_lock.c.  Nodes are
 * in ngx_violet_memory_node.c.
 *
 * A new generation forgets all cached values: values of an older one count as
 * expired and are evicted when room is needed.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_memory_lock.h"
#include "ngx_violet_memory_node.h"


/* bytes of the values of counters that are updated at once */
#define NGX_VIOLET_MEMORY_VALUES  256

/* counters that are read to find some that may be deleted */
#define NGX_VIOLET_MEMORY_ROOM    1024


static ngx_int_t ngx_violet_memory_init(ngx_shm_zone_t *zone, void *data);
static ngx_int_t ngx_violet_memory_put(ngx_violet_memory_t *memory,
    ngx_str_t *key, uint32_t hash, ngx_str_t *head, ngx_str_t *body,
    int64_t ttl, ngx_violet_memory_kind_e kind);
static void ngx_violet_memory_drop(ngx_violet_memory_t *memory,
    ngx_str_t *key, uint32_t hash);
static uint64_t *ngx_violet_memory_changes(ngx_violet_memory_t *memory,
    uint32_t hash);


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
        memory->cycle = ++memory->sh->cycles;
        return NGX_OK;
    }

    memory->shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        memory->sh = memory->shpool->data;
        memory->cycle = ++memory->sh->cycles;
        return NGX_OK;
    }

    if (ngx_violet_memory_plant(memory, zone->shm.size) != NGX_OK) {
        return NGX_ERROR;
    }

    memory->cycle = ++memory->sh->cycles;

    return NGX_OK;
}


ngx_int_t
ngx_violet_memory_get(ngx_shm_zone_t *zone, ngx_str_t *key, ngx_pool_t *pool,
    ngx_str_t *value, ngx_uint_t *covered)
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

    /* nothing is allocated under the lock, so the size is read first */

    for ( ;; ) {
        ngx_violet_memory_lock(memory);

        mn = ngx_violet_memory_lookup(memory, key, hash);

        if (mn == NULL || ngx_violet_memory_expired(memory, mn)) {
            ngx_violet_memory_unlock(memory);
            return NGX_DECLINED;
        }

        n = mn->value_len;

        if (p && n <= len) {
            ngx_memcpy(p, ngx_violet_memory_value(mn), n);

            ngx_violet_memory_touch(memory, mn);

            if (covered) {
                *covered = ngx_violet_memory_covered(memory);
            }

            ngx_violet_memory_unlock(memory);

            value->data = p;
            value->len = n;

            return NGX_OK;
        }

        ngx_violet_memory_unlock(memory);

        p = ngx_palloc(pool, n);
        if (p == NULL) {
            return NGX_ERROR;
        }

        len = n;
    }
}


ngx_int_t
ngx_violet_memory_read(ngx_shm_zone_t *zone, ngx_str_t *key, u_char *value,
    size_t size)
{
    uint32_t                   hash;
    ngx_int_t                  rc;
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t  *mn;

    memory = zone->data;
    hash = ngx_crc32_short(key->data, key->len);

    rc = NGX_DECLINED;

    ngx_violet_memory_lock(memory);

    mn = ngx_violet_memory_lookup(memory, key, hash);

    if (mn && mn->value_len == size && !ngx_violet_memory_expired(memory, mn))
    {
        ngx_memcpy(value, ngx_violet_memory_value(mn), size);
        rc = NGX_OK;
    }

    ngx_violet_memory_unlock(memory);

    return rc;
}


ngx_int_t
ngx_violet_memory_set(ngx_shm_zone_t *zone, ngx_str_t *key, ngx_str_t *head,
    ngx_str_t *body, int64_t ttl)
{
    uint32_t              hash;
    ngx_int_t             rc;
    ngx_violet_memory_t  *memory;

    memory = zone->data;
    hash = ngx_crc32_short(key->data, key->len);

    ngx_violet_memory_lock(memory);

    rc = ngx_violet_memory_put(memory, key, hash, head, body, ttl,
                               NGX_VIOLET_MEMORY_VALUE);

    ngx_violet_memory_unlock(memory);

    return rc;
}


uint64_t
ngx_violet_memory_key_version(ngx_shm_zone_t *zone, ngx_str_t *key)
{
    uint32_t              hash;
    uint64_t              version;
    ngx_violet_memory_t  *memory;

    memory = zone->data;
    hash = ngx_crc32_short(key->data, key->len);

    ngx_violet_memory_lock(memory);

    /* both only grow, so an equal sum means that neither has changed */

    version = *ngx_violet_memory_changes(memory, hash)
              + memory->sh->generation;

    ngx_violet_memory_unlock(memory);

    return version;
}


ngx_int_t
ngx_violet_memory_cache(ngx_shm_zone_t *zone, ngx_str_t *key,
    ngx_str_t *head, ngx_str_t *body, int64_t ttl, uint64_t version)
{
    uint32_t              hash;
    ngx_int_t             rc;
    ngx_violet_memory_t  *memory;

    memory = zone->data;
    hash = ngx_crc32_short(key->data, key->len);

    rc = NGX_DECLINED;

    ngx_violet_memory_lock(memory);

    if (version == *ngx_violet_memory_changes(memory, hash)
                   + memory->sh->generation)
    {
        rc = ngx_violet_memory_put(memory, key, hash, head, body, ttl,
                                   NGX_VIOLET_MEMORY_CACHED);
    }

    ngx_violet_memory_unlock(memory);

    return rc;
}


static ngx_int_t
ngx_violet_memory_put(ngx_violet_memory_t *memory, ngx_str_t *key,
    uint32_t hash, ngx_str_t *head, ngx_str_t *body, int64_t ttl,
    ngx_violet_memory_kind_e kind)
{
    u_char                    *p;
    ngx_violet_memory_node_t  *mn;

    ngx_violet_memory_change(memory);

    mn = ngx_violet_memory_lookup(memory, key, hash);

    if (mn) {
        ngx_violet_memory_delete(memory, mn);
    }

    mn = ngx_violet_memory_create(memory, key, hash, head->len + body->len,
                                  kind);
    if (mn == NULL) {
        return NGX_ERROR;
    }

    mn->expires[0] = ngx_violet_clock() + ttl;

    p = ngx_violet_memory_value(mn);
    p = ngx_cpymem(p, head->data, head->len);
    ngx_memcpy(p, body->data, body->len);

    ngx_violet_memory_insert(memory, mn);

    return NGX_OK;
}


void
ngx_violet_memory_forget(ngx_shm_zone_t *zone, ngx_str_t *key)
{
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    ngx_violet_memory_lock(memory);

    ngx_violet_memory_drop(memory, key,
                           ngx_crc32_short(key->data, key->len));

    ngx_violet_memory_unlock(memory);
}


void
ngx_violet_memory_notice(ngx_shm_zone_t *zone, ngx_str_t *key)
{
    uint32_t              hash;
    ngx_violet_memory_t  *memory;

    memory = zone->data;
    hash = ngx_crc32_short(key->data, key->len);

    ngx_violet_memory_lock(memory);

    ngx_violet_memory_drop(memory, key, hash);

    memory->sh->noticed[hash & (NGX_VIOLET_MEMORY_BUCKETS - 1)]++;
    memory->sh->notices++;

    ngx_violet_memory_unlock(memory);
}


static void
ngx_violet_memory_drop(ngx_violet_memory_t *memory, ngx_str_t *key,
    uint32_t hash)
{
    ngx_violet_memory_node_t  *mn;

    ngx_violet_memory_change(memory);

    (*ngx_violet_memory_changes(memory, hash))++;

    mn = ngx_violet_memory_lookup(memory, key, hash);

    if (mn) {
        ngx_violet_memory_delete(memory, mn);
    }
}


void
ngx_violet_memory_notice_all(ngx_shm_zone_t *zone)
{
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    ngx_violet_memory_lock(memory);

    memory->sh->generation++;
    memory->sh->notices++;

    ngx_violet_memory_unlock(memory);
}


ngx_uint_t
ngx_violet_memory_notices(ngx_shm_zone_t *zone)
{
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    return memory->sh->notices;
}


uint64_t
ngx_violet_memory_noticed(ngx_shm_zone_t *zone, ngx_str_t *key)
{
    uint32_t              hash;
    uint64_t              noticed;
    ngx_violet_memory_t  *memory;

    memory = zone->data;
    hash = ngx_crc32_short(key->data, key->len);

    ngx_violet_memory_lock(memory);

    noticed = memory->sh->noticed[hash & (NGX_VIOLET_MEMORY_BUCKETS - 1)]
              + memory->sh->generation;

    ngx_violet_memory_unlock(memory);

    return noticed;
}


static uint64_t *
ngx_violet_memory_changes(ngx_violet_memory_t *memory, uint32_t hash)
{
    return &memory->sh->changes[hash & (NGX_VIOLET_MEMORY_BUCKETS - 1)];
}


ngx_int_t
ngx_violet_memory_update(ngx_shm_zone_t *zone, ngx_str_t *keys, ngx_uint_t n,
    size_t size, ngx_violet_memory_update_pt update, void *data)
{
    u_char                     values[NGX_VIOLET_MEMORY_VALUES];
    int64_t                    expires;
    uint32_t                   hash;
    ngx_uint_t                 i, empty;
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t  *mn;

    static u_char  zeroes[NGX_VIOLET_MEMORY_VALUES];

    if (n * size > sizeof(values)) {
        return NGX_ERROR;
    }

    memory = zone->data;

    ngx_memzero(values, sizeof(values));

    ngx_violet_memory_lock(memory);

    /*
     * "update" works on copies: making room for the second counter may
     * delete the first
     */

    for (i = 0; i < n; i++) {
        hash = ngx_crc32_short(keys[i].data, keys[i].len);
        mn = ngx_violet_memory_lookup(memory, &keys[i], hash);

        if (mn && mn->value_len == size
            && !ngx_violet_memory_expired(memory, mn))
        {
            ngx_memcpy(values + i * size, ngx_violet_memory_value(mn), size);
        }
    }

    expires = ngx_violet_clock() + update(data, values);

    ngx_violet_memory_change(memory);

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

        if (mn) {
            ngx_violet_memory_assign(mn, values + i * size, expires);
            ngx_violet_memory_use(memory, mn);
            continue;
        }

        mn = ngx_violet_memory_create(memory, &keys[i], hash, size,
                                      NGX_VIOLET_MEMORY_COUNTER);
        if (mn == NULL) {
            ngx_violet_memory_unlock(memory);
            return NGX_ERROR;
        }

        ngx_violet_memory_assign(mn, values + i * size, expires);
        ngx_violet_memory_insert(memory, mn);
    }

    ngx_violet_memory_unlock(memory);

    return NGX_OK;
}


ngx_uint_t
ngx_violet_memory_count(ngx_shm_zone_t *zone,
    ngx_violet_memory_counts_pt counts, void *data)
{
    ngx_str_t                  key;
    ngx_uint_t                 n;
    ngx_queue_t               *q, *counters;
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t  *mn;

    n = 0;
    memory = zone->data;

    ngx_violet_memory_lock(memory);

    counters = &memory->sh->counters;

    for (q = ngx_queue_head(counters);
         q != ngx_queue_sentinel(counters);
         q = ngx_queue_next(q))
    {
        mn = ngx_queue_data(q, ngx_violet_memory_node_t, queue);

        key.data = mn->data;
        key.len = mn->key_len;

        if (!ngx_violet_memory_expired(memory, mn)
            && counts(data, &key, ngx_violet_memory_value(mn), mn->value_len))
        {
            n++;
        }
    }

    ngx_violet_memory_unlock(memory);

    return n;
}


ngx_uint_t
ngx_violet_memory_make_room(ngx_shm_zone_t *zone,
    ngx_violet_memory_counts_pt may_go, void *data, ngx_uint_t n)
{
    ngx_str_t                  key;
    ngx_uint_t                 i, gone;
    ngx_queue_t               *q, *prev, *counters;
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t  *mn;

    gone = 0;
    memory = zone->data;

    ngx_violet_memory_lock(memory);

    ngx_violet_memory_change(memory);

    counters = &memory->sh->counters;
    q = ngx_queue_last(counters);

    for (i = 0;
         i < NGX_VIOLET_MEMORY_ROOM && gone < n
         && q != ngx_queue_sentinel(counters);
         i++)
    {
        prev = ngx_queue_prev(q);
        mn = ngx_queue_data(q, ngx_violet_memory_node_t, queue);

        key.data = mn->data;
        key.len = mn->key_len;

        if (ngx_violet_memory_expired(memory, mn)
            || may_go(data, &key, ngx_violet_memory_value(mn), mn->value_len))
        {
            ngx_violet_memory_delete(memory, mn);
            gone++;
        }

        q = prev;
    }

    ngx_violet_memory_unlock(memory);

    return gone;
}

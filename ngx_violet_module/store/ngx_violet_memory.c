
/*
 * The shared memory zone: its creation, what is forgotten, and counters; its
 * values are in ngx_violet_memory_value.c.  The slab's mutex guards
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

#include <sys/mman.h>


/* bytes of the values of counters that are updated at once */
#define NGX_VIOLET_MEMORY_VALUES  256

/* counters that are read to find some that may be deleted */
#define NGX_VIOLET_MEMORY_ROOM    1024


static ngx_int_t ngx_violet_memory_init(ngx_shm_zone_t *zone, void *data);
static void ngx_violet_memory_undo(ngx_violet_memory_t *memory,
    ngx_str_t *keys, ngx_uint_t i, u_char *value, size_t size);
static ngx_uint_t ngx_violet_memory_drop(ngx_violet_memory_t *memory,
    ngx_str_t *key, uint32_t hash);


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

    /*
     * a hit in a large zone costs the CPU's page tables more than the report,
     * so huge pages are asked for; most kernels refuse them until the
     * operator allows them
     */

#ifdef MADV_HUGEPAGE
    (void) madvise(zone->shm.addr, zone->shm.size, MADV_HUGEPAGE);
#endif

    if (ngx_violet_memory_plant(memory, zone->shm.size) != NGX_OK) {
        return NGX_ERROR;
    }

    memory->cycle = ++memory->sh->cycles;

    return NGX_OK;
}


uint64_t
ngx_violet_memory_key_version(ngx_shm_zone_t *zone, ngx_str_t *key)
{
    uint32_t              hash;
    uint64_t              version;
    ngx_violet_memory_t  *memory;

    memory = zone->data;
    hash = ngx_violet_memory_hash(key);

    ngx_violet_memory_lock(memory);

    version = ngx_violet_memory_changed(memory, hash);

    ngx_violet_memory_unlock(memory);

    return version;
}


ngx_uint_t
ngx_violet_memory_forget(ngx_shm_zone_t *zone, ngx_str_t *key)
{
    ngx_uint_t            had;
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    ngx_violet_memory_lock(memory);

    had = ngx_violet_memory_drop(memory, key,
                                 ngx_violet_memory_hash(key));

    ngx_violet_memory_unlock(memory);

    return had;
}


void
ngx_violet_memory_notice(ngx_shm_zone_t *zone, ngx_str_t *key)
{
    uint32_t              hash;
    ngx_violet_memory_t  *memory;

    memory = zone->data;
    hash = ngx_violet_memory_hash(key);

    ngx_violet_memory_lock(memory);

    (void) ngx_violet_memory_drop(memory, key, hash);

    memory->sh->noticed[hash & (NGX_VIOLET_MEMORY_BUCKETS - 1)]++;
    memory->sh->notices++;

    ngx_violet_memory_unlock(memory);
}


/* As ngx_violet_memory_forget(). */

static ngx_uint_t
ngx_violet_memory_drop(ngx_violet_memory_t *memory, ngx_str_t *key,
    uint32_t hash)
{
    ngx_uint_t                 had;
    ngx_violet_memory_node_t  *mn;

    ngx_violet_memory_change(memory);

    memory->sh->changes[hash & (NGX_VIOLET_MEMORY_BUCKETS - 1)]++;

    mn = ngx_violet_memory_lookup(memory, key, hash);

    if (mn == NULL) {
        return 0;
    }

    had = !ngx_violet_memory_expired(memory, mn);

    ngx_violet_memory_delete(memory, mn);

    return had;
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


uint64_t
ngx_violet_memory_epoch(ngx_shm_zone_t *zone, uint32_t group)
{
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    return *(volatile uint64_t *)
           &memory->sh->epochs[group & (NGX_VIOLET_MEMORY_BUCKETS - 1)];
}


void
ngx_violet_memory_next_epoch(ngx_shm_zone_t *zone, uint32_t group)
{
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    ngx_violet_memory_lock(memory);

    memory->sh->epochs[group & (NGX_VIOLET_MEMORY_BUCKETS - 1)]++;
    memory->sh->notices++;

    ngx_violet_memory_unlock(memory);
}


ngx_uint_t
ngx_violet_memory_generation(ngx_shm_zone_t *zone)
{
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    return *(volatile ngx_uint_t *) &memory->sh->generation;
}


void
ngx_violet_memory_mark(ngx_shm_zone_t *zone, int64_t ttl)
{
    int64_t               until;
    ngx_violet_memory_t  *memory;

    memory = zone->data;
    until = ngx_violet_clock() + ttl;

    ngx_violet_memory_lock(memory);

    memory->sh->marked = ngx_max(memory->sh->marked, until);

    ngx_violet_memory_unlock(memory);
}


ngx_uint_t
ngx_violet_memory_marked(ngx_shm_zone_t *zone)
{
    ngx_violet_memory_t  *memory;

    memory = zone->data;

    return *(volatile int64_t *) &memory->sh->marked > ngx_violet_clock();
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
    hash = ngx_violet_memory_hash(key);

    ngx_violet_memory_lock(memory);

    noticed = memory->sh->noticed[hash & (NGX_VIOLET_MEMORY_BUCKETS - 1)]
              + memory->sh->generation;

    ngx_violet_memory_unlock(memory);

    return noticed;
}


ngx_int_t
ngx_violet_memory_update(ngx_shm_zone_t *zone, ngx_str_t *keys, ngx_uint_t n,
    size_t size, ngx_violet_memory_update_pt update, void *data)
{
    u_char                     values[NGX_VIOLET_MEMORY_VALUES];
    u_char                     before[NGX_VIOLET_MEMORY_VALUES];
    int64_t                    expires;
    uint32_t                   hash, first_hash;
    ngx_uint_t                 i, empty;
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t  *mn, *first;

    static u_char  zeroes[NGX_VIOLET_MEMORY_VALUES];

    if (n * size > sizeof(values)) {
        return NGX_ERROR;
    }

    memory = zone->data;
    first = NULL;
    first_hash = 0;

    ngx_memzero(values, n * size);

    ngx_violet_memory_lock(memory);

    /*
     * "update" works on copies: making room for the first counter may delete
     * the second, so that one is looked up again
     */

    for (i = 0; i < n; i++) {
        hash = ngx_violet_memory_hash(&keys[i]);
        mn = ngx_violet_memory_lookup(memory, &keys[i], hash);

        if (i == 0) {
            first = mn;
            first_hash = hash;
        }

        if (mn && mn->value_len == size
            && !ngx_violet_memory_expired(memory, mn))
        {
            ngx_memcpy(values + i * size, ngx_violet_memory_value(mn), size);
        }
    }

    ngx_memcpy(before, values, size);

    expires = ngx_violet_clock() + update(data, values);

    ngx_violet_memory_change(memory);

    for (i = 0; i < n; i++) {

        if (i == 0) {
            hash = first_hash;
            mn = first;

        } else {
            hash = ngx_violet_memory_hash(&keys[i]);
            mn = ngx_violet_memory_lookup(memory, &keys[i], hash);
        }

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
            ngx_violet_memory_undo(memory, keys, i, before, size);
            ngx_violet_memory_unlock(memory);
            return NGX_ERROR;
        }

        ngx_violet_memory_assign(mn, values + i * size, expires);
        ngx_violet_memory_insert(memory, mn);
    }

    ngx_violet_memory_unlock(memory);

    return NGX_OK;
}


/*
 * There is no room for the counter with the number i: if it is the second one,
 * the first gets the value back that it had.  It is kept for as long as the new
 * value would be.
 */

static void
ngx_violet_memory_undo(ngx_violet_memory_t *memory, ngx_str_t *keys,
    ngx_uint_t i, u_char *value, size_t size)
{
    ngx_violet_memory_node_t  *mn;

    static u_char  zeroes[NGX_VIOLET_MEMORY_VALUES];

    if (i == 0) {
        return;
    }

    mn = ngx_violet_memory_lookup(memory, &keys[0],
                                  ngx_violet_memory_hash(&keys[0]));
    if (mn == NULL) {
        return;
    }

    if (ngx_memcmp(value, zeroes, size) == 0) {
        ngx_violet_memory_delete(memory, mn);
        return;
    }

    ngx_violet_memory_assign(mn, value, mn->expires[mn->version]);
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
    ngx_violet_memory_counts_pt may_go, void *data, ngx_uint_t n,
    ngx_uint_t *looked)
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

    *looked = (q != ngx_queue_sentinel(counters)) ? i : 0;

    ngx_violet_memory_unlock(memory);

    return gone;
}


/*
 * The shared memory zone: reports and results, which are evicted, the least
 * recently used first, and counters, which are not.  All workers share it, it
 * survives a reload, and it holds no pointer to a configuration.  Its instants
 * are those of ngx_violet_clock().
 *
 * A report that is a copy of one in Redis is "cached": all of them can be
 * forgotten at once, and a copy whose key changed while it was read is not
 * stored.
 */

#ifndef NGX_VIOLET_MEMORY_H
#define NGX_VIOLET_MEMORY_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "violet_counters.h"


/*
 * Called while the zone is locked, so it must be quick and must not log.
 * Returns how long the values are kept, in ms.
 */

typedef int64_t (*ngx_violet_memory_update_pt)(void *data, u_char *value);


/* Adds the zone to a configuration; NULL after an error, which is logged. */

ngx_shm_zone_t *ngx_violet_memory_add(ngx_conf_t *cf, size_t size,
    void *tag);


/*
 * Copies the value of a key to a pool.  *covered (which may be NULL) tells
 * whether the link covers the memory, see ngx_violet_memory_link.h.  Returns
 * NGX_OK, NGX_DECLINED if the key has no value or an expired one, or NGX_ERROR
 * if memory runs out.
 */

ngx_int_t ngx_violet_memory_get(ngx_shm_zone_t *zone, ngx_str_t *key,
    ngx_pool_t *pool, ngx_str_t *value, ngx_uint_t *covered);


/*
 * Copies a value of exactly that size to a buffer.  NGX_OK, or NGX_DECLINED
 * if the key has no such value.
 */

ngx_int_t ngx_violet_memory_read(ngx_shm_zone_t *zone, ngx_str_t *key,
    u_char *value, size_t size);


/*
 * Sets a value from two parts, head and body, for "ttl" ms.  Other values are
 * evicted to make room.  Returns NGX_OK, or NGX_ERROR if the value does not
 * fit, or another worker set one meanwhile; the key then has no older value.
 */

ngx_int_t ngx_violet_memory_set(ngx_shm_zone_t *zone, ngx_str_t *key,
    ngx_str_t *head, ngx_str_t *body, int64_t ttl);


/*
 * The version of a key.  Take it before you ask Redis or Violet;
 * ngx_violet_memory_cache() refuses the answer if the key was forgotten
 * meanwhile.
 */

uint64_t ngx_violet_memory_key_version(ngx_shm_zone_t *zone, ngx_str_t *key);


/*
 * Sets a cached value, as ngx_violet_memory_set() does.  NGX_DECLINED if the
 * key has been forgotten since its version was taken.
 */

ngx_int_t ngx_violet_memory_cache(ngx_shm_zone_t *zone, ngx_str_t *key,
    ngx_str_t *head, ngx_str_t *body, int64_t ttl, uint64_t version);


/* Forgets a key.  True if it had a value that had not expired. */

ngx_uint_t ngx_violet_memory_forget(ngx_shm_zone_t *zone, ngx_str_t *key);


/*
 * Forget a key, and all cached values, after a notice of Redis.  The worker
 * that got the notice calls them for all workers of the host.
 */

void ngx_violet_memory_notice(ngx_shm_zone_t *zone, ngx_str_t *key);
void ngx_violet_memory_notice_all(ngx_shm_zone_t *zone);


/*
 * The epoch of a group of keys, which a hash names: what was made in an earlier
 * epoch is old.  The second function begins a new one.  Groups whose hashes
 * share a bucket begin new epochs together.  The first takes no lock.
 */

uint64_t ngx_violet_memory_epoch(ngx_shm_zone_t *zone, uint32_t group);
void ngx_violet_memory_next_epoch(ngx_shm_zone_t *zone, uint32_t group);


/*
 * A number that changes when all cached values are forgotten; it takes no lock.
 */

ngx_uint_t ngx_violet_memory_generation(ngx_shm_zone_t *zone);


/*
 * Sets a mark of the whole zone for so many ms; and whether it is set, without
 * the zone's lock.  It spares look-ups of values that hardly ever exist: the
 * mark is set before such a value is.
 */

void ngx_violet_memory_mark(ngx_shm_zone_t *zone, int64_t ttl);
ngx_uint_t ngx_violet_memory_marked(ngx_shm_zone_t *zone);


/*
 * How other workers learn of these notices.  The first is a number that every
 * notice changes; it takes no lock.  The second is a number that every notice
 * of this key changes, and sometimes a notice of another key.
 */

ngx_uint_t ngx_violet_memory_notices(ngx_shm_zone_t *zone);
uint64_t ngx_violet_memory_noticed(ngx_shm_zone_t *zone, ngx_str_t *key);


/*
 * Updates counters: one or two small values of equal size, under one lock.
 * "update" gets zeroes for a new counter; a counter that it leaves as zeroes
 * is deleted, and any other one is kept until it expires.
 * Returns NGX_OK, or NGX_ERROR if the zone has no room for the counters; the
 * decision of "update" is void then.
 */

ngx_int_t ngx_violet_memory_update(ngx_shm_zone_t *zone, ngx_str_t *keys,
    ngx_uint_t n, size_t size, ngx_violet_memory_update_pt update,
    void *data);


/*
 * Called while the zone is locked, as above, with a counter that has not
 * expired.  True if the counter counts, or may be deleted.
 */

typedef ngx_uint_t (*ngx_violet_memory_counts_pt)(void *data, ngx_str_t *key,
    u_char *value, size_t len);


/*
 * The number of counters for which "counts" is true.  It reads all counters
 * under the lock: for a reload and for what happens seldom, not for requests.
 */

ngx_uint_t ngx_violet_memory_count(ngx_shm_zone_t *zone,
    ngx_violet_memory_counts_pt counts, void *data);


/*
 * Deletes counters for which "may_go" is true, the least recently used first,
 * until "n" are deleted.  It reads at most 1,024 counters.  Returns the number
 * of those deleted.  Sets "looked" to the number of those read, or to 0 if
 * there are no others.
 */

ngx_uint_t ngx_violet_memory_make_room(ngx_shm_zone_t *zone,
    ngx_violet_memory_counts_pt may_go, void *data, ngx_uint_t n,
    ngx_uint_t *looked);


/*
 * Calls a handler for each counter, as above; its result does not matter.  The
 * lock is released now and then.  0 if the zone has so many nodes that not all
 * of them were read.  For operators, not for requests.
 */

ngx_uint_t ngx_violet_memory_walk(ngx_shm_zone_t *zone,
    ngx_violet_memory_counts_pt handler, void *data);


/*
 * A piece of such a walk: calls the handler for each counter of some trees,
 * from the one with the number *tree on.  *tree becomes the number of the next
 * one, or 0 when all were read.  Counters that are there all the time are read
 * once in a round.
 */

void ngx_violet_memory_walk_on(ngx_shm_zone_t *zone, ngx_uint_t *tree,
    ngx_violet_memory_counts_pt handler, void *data);


/* kinds of entries, by the first word of their keys */

typedef enum {
    NGX_VIOLET_MEMORY_REPORT = 0,   /* and what belongs to one */
    NGX_VIOLET_MEMORY_FLIGHT,
    NGX_VIOLET_MEMORY_LIMIT,
    NGX_VIOLET_MEMORY_SUBMIT,
    NGX_VIOLET_MEMORY_EVENT,
    NGX_VIOLET_MEMORY_ENTRIES
} ngx_violet_memory_entry_e;


/* how full the zone is, at about one instant: it is not locked */

typedef struct {
    size_t       used;      /* bytes, in whole pages */
    size_t       free;
    ngx_uint_t   entries[NGX_VIOLET_MEMORY_ENTRIES];
} ngx_violet_memory_stats_t;

void ngx_violet_memory_stats(ngx_shm_zone_t *zone,
    ngx_violet_memory_stats_t *stats);


/* Sets where this worker counts reports that it evicts before their time. */

void ngx_violet_memory_count_evictions(ngx_shm_zone_t *zone,
    violet_counter_t *evictions);


#endif /* NGX_VIOLET_MEMORY_H */

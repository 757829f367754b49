
/*
 * The shared memory zone: reports and results, of which those go first that
 * were not used lately, and counters.  All workers see it, it survives a
 * reload, and it holds nothing of a configuration.  Instants in it are those
 * of ngx_violet_clock().
 *
 * Reports that have their truth in Redis are "cached": they can be forgotten
 * all at once, and one that was changed while it was being read is not kept.
 */

#ifndef NGX_VIOLET_MEMORY_H
#define NGX_VIOLET_MEMORY_H


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Called while the zone is locked: quick, and without logging.  Returns how
 * long what it leaves is kept, in milliseconds.
 */

typedef int64_t (*ngx_violet_memory_update_pt)(void *data, u_char *value);


/* Adds the zone to a configuration; NULL if it cannot, which is logged. */

ngx_shm_zone_t *ngx_violet_memory_add(ngx_conf_t *cf, size_t size,
    void *tag);


/*
 * Copies the value of a key to a pool.  Returns NGX_OK, NGX_DECLINED if
 * there is none or it has expired, or NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_memory_get(ngx_shm_zone_t *zone, ngx_str_t *key,
    ngx_pool_t *pool, ngx_str_t *value);


/*
 * Copies a value of exactly that size to a buffer.  NGX_OK, or NGX_DECLINED
 * if there is none.
 */

ngx_int_t ngx_violet_memory_read(ngx_shm_zone_t *zone, ngx_str_t *key,
    u_char *value, size_t size);


/*
 * Sets a value from two parts, head and body, for a time in milliseconds.
 * Others are dropped to make room.  Returns NGX_OK, or NGX_ERROR if it does
 * not fit; then the key is gone.
 */

ngx_int_t ngx_violet_memory_set(ngx_shm_zone_t *zone, ngx_str_t *key,
    ngx_str_t *head, ngx_str_t *body, int64_t ttl);


/*
 * What a copy of the truth about a key is worth: noted before the truth is
 * asked, and given to ngx_violet_memory_cache() with the answer.
 */

uint64_t ngx_violet_memory_key_version(ngx_shm_zone_t *zone, ngx_str_t *key);


/*
 * Sets a cached value.  As above, and NGX_DECLINED if the key has been
 * forgotten since the note was taken.
 */

ngx_int_t ngx_violet_memory_cache(ngx_shm_zone_t *zone, ngx_str_t *key,
    ngx_str_t *head, ngx_str_t *body, int64_t ttl, uint64_t note);


/* Forgets a key; forgets all that is cached. */

void ngx_violet_memory_forget(ngx_shm_zone_t *zone, ngx_str_t *key);
void ngx_violet_memory_forget_all(ngx_shm_zone_t *zone);


/*
 * Whether somebody on this host is told of every change of the truth: a
 * worker says that it was up to now and will be for some milliseconds, or
 * that it no longer is.  If it only begins to be told, and nobody else was,
 * all that is cached is forgotten.
 */

void ngx_violet_memory_cover(ngx_shm_zone_t *zone, int64_t msec,
    ngx_uint_t begins);
void ngx_violet_memory_uncover(ngx_shm_zone_t *zone);


/*
 * Updates counters: one or two small values of equal size, under one lock;
 * those that are new come as zeroes, those left as zeroes are not kept, and
 * none of the others is dropped before its time.
 * Returns NGX_OK, or NGX_ERROR if there is no room for them; what "update"
 * decided does not hold then.
 */

ngx_int_t ngx_violet_memory_update(ngx_shm_zone_t *zone, ngx_str_t *keys,
    ngx_uint_t n, size_t size, ngx_violet_memory_update_pt update,
    void *data);


/* Called while the zone is locked, as above: does this value count? */

typedef ngx_uint_t (*ngx_violet_memory_counts_pt)(u_char *value, size_t len);


/*
 * How many counters there are whose keys begin with that.  All are looked at
 * under the lock: for a reload, not for requests.
 */

ngx_uint_t ngx_violet_memory_count(ngx_shm_zone_t *zone, ngx_str_t *prefix,
    ngx_violet_memory_counts_pt counts);


#endif /* NGX_VIOLET_MEMORY_H */

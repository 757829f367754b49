
/*
 * The values of the shared memory zone.  A value of more than a page lies in
 * pieces, and the zone is locked for one piece at a time: a report of 1 MB
 * does not stop other workers while it is copied.  Between two pieces the zone
 * may change, so each step looks the node up again and compares its serial.
 *
 * While a value is written its node has the complement of the key's hash, by
 * which no reader finds it.  If its worker is killed meanwhile, the node is
 * evicted like any other one that is not used, or deleted when the value is
 * written again.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_memory_lock.h"
#include "ngx_violet_memory_node.h"


/* times that a value may change while it is read */
#define NGX_VIOLET_MEMORY_TRIES  3


/* pages for values that a worker keeps for the next requests */
#if !defined NGX_VIOLET_MEMORY_SPARES
#if (NGX_DEBUG_PALLOC)
#define NGX_VIOLET_MEMORY_SPARES  0
#else
#define NGX_VIOLET_MEMORY_SPARES  64
#endif
#endif


/* a page that no request has */

typedef struct ngx_violet_memory_spare_s  ngx_violet_memory_spare_t;

struct ngx_violet_memory_spare_s {
    ngx_violet_memory_spare_t  *next;
};


/* a value that is written */

typedef struct {
    ngx_violet_memory_t        *memory;
    ngx_str_t                  *key;
    uint32_t                    hash;
    ngx_violet_memory_kind_e    kind;
    uint64_t                    version;    /* of the key, of a cached value */
    int64_t                     ttl;
    ngx_str_t                   parts[2];   /* what is left of the value */
    uint64_t                    serial;     /* of its node */
    ngx_violet_memory_piece_t  *last;       /* of its pieces */
} ngx_violet_memory_write_t;


static ngx_pool_cleanup_t *ngx_violet_memory_page(ngx_pool_t *pool);
static void ngx_violet_memory_page_back(void *data);
static void ngx_violet_memory_unused(ngx_pool_t *pool,
    ngx_pool_cleanup_t *page, ngx_str_t *value);
static ngx_int_t ngx_violet_memory_copy_head(ngx_violet_memory_t *memory,
    ngx_str_t *key, uint32_t hash, ngx_str_t *value, size_t size,
    ngx_violet_memory_node_t *copy, ngx_uint_t *covered);
static ngx_int_t ngx_violet_memory_copy_pieces(ngx_violet_memory_t *memory,
    ngx_str_t *key, uint32_t hash, ngx_str_t *value,
    ngx_violet_memory_node_t *copy);
static ngx_int_t ngx_violet_memory_write(ngx_violet_memory_write_t *w,
    ngx_str_t *head, ngx_str_t *body);
static ngx_int_t ngx_violet_memory_write_head(ngx_violet_memory_write_t *w);
static ngx_int_t ngx_violet_memory_write_piece(ngx_violet_memory_write_t *w);
static void ngx_violet_memory_write_end(ngx_violet_memory_write_t *w,
    ngx_violet_memory_node_t *mn);
static void ngx_violet_memory_write_copy(ngx_violet_memory_write_t *w,
    u_char *p, size_t len);


static ngx_violet_memory_spare_t  *ngx_violet_memory_spares;
static ngx_uint_t                  ngx_violet_memory_nspares;


ngx_int_t
ngx_violet_memory_get(ngx_shm_zone_t *zone, ngx_str_t *key, ngx_pool_t *pool,
    ngx_str_t *value, ngx_uint_t *covered)
{
    size_t                     size;
    uint32_t                   hash;
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_pool_cleanup_t        *page;
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t   copy;

    memory = zone->data;
    hash = ngx_violet_memory_hash(key);

    /* nothing is allocated under the lock; most values have less than a page */

    page = ngx_violet_memory_page(pool);
    if (page == NULL) {
        return NGX_ERROR;
    }

    size = ngx_pagesize;
    value->data = page->data;

    for (i = 0; i < NGX_VIOLET_MEMORY_TRIES; /* void */ ) {

        rc = ngx_violet_memory_copy_head(memory, key, hash, value, size,
                                         &copy, covered);

        if (rc == NGX_AGAIN) {
            ngx_violet_memory_unused(pool, page, value);

            size = value->len;

            value->data = ngx_palloc(pool, size);
            if (value->data == NULL) {
                return NGX_ERROR;
            }

            continue;
        }

        if (rc != NGX_OK) {
            break;
        }

        if (ngx_violet_memory_copy_pieces(memory, key, hash, value, &copy)
            == NGX_OK)
        {
            return NGX_OK;
        }

        i++;
    }

    ngx_violet_memory_unused(pool, page, value);

    return NGX_DECLINED;
}


/*
 * A page, as the data of the cleanup that takes it back from the pool: an
 * allocation of the size of a page costs malloc 300 instructions.
 */

static ngx_pool_cleanup_t *
ngx_violet_memory_page(ngx_pool_t *pool)
{
    ngx_pool_cleanup_t         *cln;
    ngx_violet_memory_spare_t  *spare;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    spare = ngx_violet_memory_spares;

    if (spare) {
        ngx_violet_memory_spares = spare->next;
        ngx_violet_memory_nspares--;

    } else {
        spare = ngx_alloc(ngx_pagesize, pool->log);
        if (spare == NULL) {
            return NULL;
        }
    }

    cln->handler = ngx_violet_memory_page_back;
    cln->data = spare;

    return cln;
}


static void
ngx_violet_memory_page_back(void *data)
{
    ngx_violet_memory_spare_t  *spare = data;

    if (ngx_violet_memory_nspares == NGX_VIOLET_MEMORY_SPARES) {
        ngx_free(spare);
        return;
    }

    spare->next = ngx_violet_memory_spares;

    ngx_violet_memory_spares = spare;
    ngx_violet_memory_nspares++;
}


/* Gives back memory that no value needs: a page, or a piece of the pool. */

static void
ngx_violet_memory_unused(ngx_pool_t *pool, ngx_pool_cleanup_t *page,
    ngx_str_t *value)
{
    if (page->handler == NULL) {
        (void) ngx_pfree(pool, value->data);
        return;
    }

    page->handler(page->data);
    page->handler = NULL;
}


/*
 * Copies the bytes of a value that are in its node, and the node to "copy".
 * NGX_AGAIN with value->len set if the value needs more than "size" bytes.
 */

static ngx_int_t
ngx_violet_memory_copy_head(ngx_violet_memory_t *memory, ngx_str_t *key,
    uint32_t hash, ngx_str_t *value, size_t size,
    ngx_violet_memory_node_t *copy, ngx_uint_t *covered)
{
    ngx_int_t                  rc;
    ngx_violet_memory_node_t  *mn;

    rc = NGX_DECLINED;

    ngx_violet_memory_lock(memory);

    mn = ngx_violet_memory_lookup(memory, key, hash);

    if (mn && !ngx_violet_memory_expired(memory, mn)) {
        rc = NGX_AGAIN;
        value->len = mn->value_len;

        if (mn->value_len <= size) {
            rc = NGX_OK;

            ngx_memcpy(value->data, ngx_violet_memory_value(mn),
                       mn->head_len);

            ngx_violet_memory_touch(memory, mn);

            if (covered) {
                *covered = ngx_violet_memory_covered(memory);
            }

            *copy = *mn;
        }
    }

    ngx_violet_memory_unlock(memory);

    return rc;
}


/* Copies the other bytes; NGX_DECLINED if the value was changed meanwhile. */

static ngx_int_t
ngx_violet_memory_copy_pieces(ngx_violet_memory_t *memory, ngx_str_t *key,
    uint32_t hash, ngx_str_t *value, ngx_violet_memory_node_t *copy)
{
    u_char                     *p;
    size_t                      left, len;
    ngx_uint_t                  same;
    ngx_violet_memory_node_t   *mn;
    ngx_violet_memory_piece_t  *piece;

    p = value->data + copy->head_len;
    left = value->len - copy->head_len;
    piece = copy->pieces;

    while (left) {
        len = ngx_min(left, NGX_VIOLET_MEMORY_PIECE);

        ngx_violet_memory_lock(memory);

        mn = ngx_violet_memory_lookup(memory, key, hash);

        same = (mn && mn->serial == copy->serial);

        if (same) {
            ngx_memcpy(p, piece->data, len);
            piece = piece->next;
        }

        ngx_violet_memory_unlock(memory);

        if (!same) {
            return NGX_DECLINED;
        }

        p += len;
        left -= len;
    }

    return NGX_OK;
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
    hash = ngx_violet_memory_hash(key);

    rc = NGX_DECLINED;

    ngx_violet_memory_lock(memory);

    mn = ngx_violet_memory_lookup(memory, key, hash);

    if (mn && mn->value_len == size && mn->head_len == size
        && !ngx_violet_memory_expired(memory, mn))
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
    ngx_violet_memory_write_t  w;

    ngx_memzero(&w, sizeof(ngx_violet_memory_write_t));

    w.memory = zone->data;
    w.key = key;
    w.kind = NGX_VIOLET_MEMORY_VALUE;
    w.ttl = ttl;

    return ngx_violet_memory_write(&w, head, body);
}


ngx_int_t
ngx_violet_memory_cache(ngx_shm_zone_t *zone, ngx_str_t *key,
    ngx_str_t *head, ngx_str_t *body, int64_t ttl, uint64_t version)
{
    ngx_violet_memory_write_t  w;

    ngx_memzero(&w, sizeof(ngx_violet_memory_write_t));

    w.memory = zone->data;
    w.key = key;
    w.kind = NGX_VIOLET_MEMORY_CACHED;
    w.ttl = ttl;
    w.version = version;

    return ngx_violet_memory_write(&w, head, body);
}


/* Writes a value in steps, each under the lock. */

static ngx_int_t
ngx_violet_memory_write(ngx_violet_memory_write_t *w, ngx_str_t *head,
    ngx_str_t *body)
{
    ngx_int_t                  rc;
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t  *mn;

    memory = w->memory;

    w->hash = ngx_violet_memory_hash(w->key);
    w->parts[0] = *head;
    w->parts[1] = *body;

    do {
        ngx_violet_memory_lock(memory);

        if (w->kind == NGX_VIOLET_MEMORY_CACHED
            && w->version != ngx_violet_memory_changed(memory, w->hash))
        {
            rc = NGX_DECLINED;

        } else {
            ngx_violet_memory_change(memory);

            rc = w->serial ? ngx_violet_memory_write_piece(w)
                           : ngx_violet_memory_write_head(w);
        }

        if (rc != NGX_OK && rc != NGX_AGAIN && w->serial) {
            mn = ngx_violet_memory_lookup(memory, w->key, ~w->hash);

            if (mn && mn->serial == w->serial) {
                ngx_violet_memory_change(memory);
                ngx_violet_memory_delete(memory, mn);
            }
        }

        if (rc == NGX_ERROR) {
            mn = ngx_violet_memory_lookup(memory, w->key, w->hash);

            /* another worker may have stored a newer value meanwhile */

            if (mn && (w->serial == 0 || mn->serial < w->serial)) {
                ngx_violet_memory_delete(memory, mn);
            }
        }

        ngx_violet_memory_unlock(memory);

    } while (rc == NGX_AGAIN);

    return rc;
}


/* The first step; NGX_AGAIN if there are more. */

static ngx_int_t
ngx_violet_memory_write_head(ngx_violet_memory_write_t *w)
{
    ngx_violet_memory_t       *memory;
    ngx_violet_memory_node_t  *mn;

    memory = w->memory;

    /* of a worker that was killed, or that stores the same report */

    mn = ngx_violet_memory_lookup(memory, w->key, ~w->hash);

    if (mn) {
        ngx_violet_memory_delete(memory, mn);
    }

    mn = ngx_violet_memory_create(memory, w->key, ~w->hash,
                                  w->parts[0].len + w->parts[1].len, w->kind);
    if (mn == NULL) {
        return NGX_ERROR;
    }

    mn->expires[0] = ngx_violet_clock() + w->ttl;

    ngx_violet_memory_write_copy(w, ngx_violet_memory_value(mn),
                                 mn->head_len);

    ngx_violet_memory_insert(memory, mn);

    w->serial = mn->serial;

    if (mn->value_len > mn->head_len) {
        return NGX_AGAIN;
    }

    ngx_violet_memory_write_end(w, mn);

    return NGX_OK;
}


/*
 * The other steps.  The node may be gone, because other values needed its place
 * or another worker writes a value of the same key.
 */

static ngx_int_t
ngx_violet_memory_write_piece(ngx_violet_memory_write_t *w)
{
    size_t                      left, len;
    ngx_violet_memory_node_t   *mn;
    ngx_violet_memory_piece_t  *piece;

    mn = ngx_violet_memory_lookup(w->memory, w->key, ~w->hash);

    if (mn == NULL || mn->serial != w->serial) {
        return NGX_ERROR;
    }

    left = w->parts[0].len + w->parts[1].len;
    len = ngx_min(left, NGX_VIOLET_MEMORY_PIECE);

    piece = ngx_violet_memory_piece(w->memory, mn, len);
    if (piece == NULL) {
        return NGX_ERROR;
    }

    ngx_violet_memory_write_copy(w, piece->data, len);

    if (w->last) {
        w->last->next = piece;

    } else {
        mn->pieces = piece;
    }

    w->last = piece;

    if (left > len) {
        return NGX_AGAIN;
    }

    ngx_violet_memory_write_end(w, mn);

    return NGX_OK;
}


/* Lets readers find the new value in place of the old one. */

static void
ngx_violet_memory_write_end(ngx_violet_memory_write_t *w,
    ngx_violet_memory_node_t *mn)
{
    ngx_violet_memory_node_t  *old;

    old = ngx_violet_memory_lookup(w->memory, w->key, w->hash);

    if (old) {
        ngx_violet_memory_delete(w->memory, old);
    }

    ngx_violet_memory_rehash(w->memory, mn, w->hash);
}


/* Copies the next bytes of the value. */

static void
ngx_violet_memory_write_copy(ngx_violet_memory_write_t *w, u_char *p,
    size_t len)
{
    size_t      n;
    ngx_uint_t  i;

    for (i = 0; i < 2; i++) {
        n = ngx_min(len, w->parts[i].len);

        p = ngx_cpymem(p, w->parts[i].data, n);

        w->parts[i].data += n;
        w->parts[i].len -= n;
        len -= n;
    }
}

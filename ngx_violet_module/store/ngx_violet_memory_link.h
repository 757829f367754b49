
/*
 * Which worker of the host has the link, the connection on which Redis sends
 * notices of changed keys.  The zone has two seats: the holder's, whose link
 * covers the memory, and the next one's, whose link is being opened.  Cached
 * values may be served without asking Redis only while the memory is covered.
 *
 * A seat is lost when its worker has died or its time is over.  If the memory
 * was not covered meanwhile, all cached values are forgotten.
 */

#ifndef NGX_VIOLET_MEMORY_LINK_H
#define NGX_VIOLET_MEMORY_LINK_H


#include <ngx_config.h>
#include <ngx_core.h>


/* of this worker */

typedef struct {
    uint64_t    number;       /* of its seat, 0: it has none */
    uint64_t    next;         /* number of the next one's seat, which waits for
                                 this worker's */
    uint32_t    place;        /* differs if the Redis does */
    int64_t     covered;      /* ms that one reply to a PING covers memory */
    unsigned    leaving:1;    /* it takes no seat any more */
} ngx_violet_memory_link_t;


typedef enum {
    NGX_VIOLET_MEMORY_LINK_NONE = 0,  /* no seat: close the link */
    NGX_VIOLET_MEMORY_LINK_NEXT,      /* open the link */
    NGX_VIOLET_MEMORY_LINK_HELD,      /* the link covers the memory */
    NGX_VIOLET_MEMORY_LINK_WANTED     /* the same, and a worker of a newer
                                         configuration waits for the seat */
} ngx_violet_memory_link_e;


/*
 * Takes a seat if one is free, and renews the seat of a worker that is next.
 * "up" says that the worker's link is up and gets all notices.  Each worker
 * calls this function at intervals; a worker that does not for 2 s is next no
 * more.
 */

ngx_violet_memory_link_e ngx_violet_memory_link_look(ngx_shm_zone_t *zone,
    ngx_violet_memory_link_t *link, ngx_uint_t up);


/*
 * Covers the memory if this worker is the holder.  "since" is the time, in ms,
 * since which a notice may be missing: since the PING was sent.
 */

ngx_violet_memory_link_e ngx_violet_memory_link_cover(ngx_shm_zone_t *zone,
    ngx_violet_memory_link_t *link, int64_t since);


/*
 * Gives the holder's seat to the worker that is next and whose link is up.  No
 * cached value is forgotten, so the holder must have read all notices that
 * were sent before that link was up.
 */

void ngx_violet_memory_link_give(ngx_shm_zone_t *zone,
    ngx_violet_memory_link_t *link);


/* Leaves the seat, if any: the memory is not covered by this link any more. */

void ngx_violet_memory_link_leave(ngx_shm_zone_t *zone,
    ngx_violet_memory_link_t *link);


/* Whether the memory is covered. */

ngx_uint_t ngx_violet_memory_link_covers(ngx_shm_zone_t *zone);


/* Whether a newer configuration than this worker's was read. */

ngx_uint_t ngx_violet_memory_link_is_old(ngx_shm_zone_t *zone);


#endif /* NGX_VIOLET_MEMORY_LINK_H */

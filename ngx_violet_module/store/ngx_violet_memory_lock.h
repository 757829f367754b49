
/*
 * The lock of the shared memory zone.  A change that a killed worker could
 * leave half made is marked; the next worker that takes the lock finds the
 * mark and empties the zone, but for its counters.  The functions are inline,
 * since each hit takes the lock.
 */

#ifndef NGX_VIOLET_MEMORY_LOCK_H
#define NGX_VIOLET_MEMORY_LOCK_H


#include "ngx_violet_memory_barrier.h"
#include "ngx_violet_memory_node.h"


/*
 * After a worker was killed while it changed the zone: the first deletes all
 * but the counters, the second logs it once the lock is released.
 */

void ngx_violet_memory_rescue(ngx_violet_memory_t *memory);
void ngx_violet_memory_log_emptied(ngx_violet_memory_t *memory);


static ngx_inline void
ngx_violet_memory_lock(ngx_violet_memory_t *memory)
{
    ngx_shmtx_lock(&memory->shpool->mutex);

    if (memory->sh->changing) {
        ngx_violet_memory_rescue(memory);
    }
}


static ngx_inline void
ngx_violet_memory_unlock(ngx_violet_memory_t *memory)
{
    if (memory->sh->changing) {
        ngx_violet_barrier();

        memory->sh->changing = 0;
    }

    ngx_shmtx_unlock(&memory->shpool->mutex);

    if (memory->emptied) {
        ngx_violet_memory_log_emptied(memory);
    }
}


#endif /* NGX_VIOLET_MEMORY_LOCK_H */

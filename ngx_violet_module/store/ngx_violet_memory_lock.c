
/*
 * The lock of the shared memory zone.  A worker may be killed at any
 * instruction; nginx's master then frees the lock that it held.  So a worker
 * marks the zone before it changes it, and the next worker that finds the
 * mark trusts neither trees nor queues nor the slab pool.
 *
 * Reports can be fetched again.  Counters cannot: they are the records of
 * submits, budgets and leases.  So the queue of counters is valid forwards at
 * every instruction, and a counter has two versions of its value, of which a
 * single byte selects the valid one.  Counters are copied out of the zone, the
 * zone is emptied, and they are restored.
 */


#include "ngx_violet_memory_lock.h"


/* a counter outside the zone; its key and its value follow */

typedef struct {
    int64_t       expires;
    size_t        value_len;
    uint32_t      hash;
    uint16_t      key_len;
} ngx_violet_memory_copy_t;


static ngx_uint_t ngx_violet_memory_collect(ngx_violet_memory_t *memory,
    u_char *copies, size_t *size);
static ngx_uint_t ngx_violet_memory_is_counter(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn);
static size_t ngx_violet_memory_copy(ngx_violet_memory_node_t *mn, u_char *p);
static ngx_uint_t ngx_violet_memory_restore(ngx_violet_memory_t *memory,
    u_char *p, ngx_uint_t n);


/*
 * This worker may be killed as well.  Then the counters that it had copied
 * and not restored are lost; their number is in the zone.
 */

void
ngx_violet_memory_rescue(ngx_violet_memory_t *memory)
{
    u_char                      *copies;
    size_t                       size;
    ngx_uint_t                   n;
    ngx_violet_memory_shared_t  *sh;

    sh = memory->sh;

    n = ngx_violet_memory_collect(memory, NULL, &size);

    copies = n ? ngx_alloc(size, ngx_cycle->log) : NULL;

    if (copies) {
        (void) ngx_violet_memory_collect(memory, copies, &size);
    }

    sh->owed += n;

    ngx_violet_barrier();

    ngx_queue_init(&sh->counters);

    ngx_violet_barrier();

    /* a report that was requested before is not cached */

    sh->generation++;

    ngx_violet_memory_clear(memory);

    memory->kept = 0;

    if (copies) {
        memory->kept = ngx_violet_memory_restore(memory, copies, n);
        ngx_free(copies);
    }

    memory->lost = sh->owed;
    memory->emptied = 1;

    sh->owed = 0;
}


/* Returns the number of counters and their size; copies them if it can. */

static ngx_uint_t
ngx_violet_memory_collect(ngx_violet_memory_t *memory, u_char *copies,
    size_t *size)
{
    ngx_uint_t                 n;
    ngx_queue_t               *q;
    ngx_violet_memory_node_t  *mn, *moving;

    n = 0;
    *size = 0;
    moving = memory->sh->moving;

    for (q = ngx_queue_head(&memory->sh->counters);
         q != ngx_queue_sentinel(&memory->sh->counters);
         q = ngx_queue_next(q))
    {
        mn = ngx_queue_data(q, ngx_violet_memory_node_t, queue);

        if (!ngx_violet_memory_is_counter(memory, mn)) {
            break;
        }

        if (mn == moving) {
            moving = NULL;
        }

        *size += ngx_violet_memory_copy(mn, copies ? copies + *size : NULL);
        n++;
    }

    if (moving && ngx_violet_memory_is_counter(memory, moving)) {
        *size += ngx_violet_memory_copy(moving,
                                        copies ? copies + *size : NULL);
        n++;
    }

    return n;
}


/* "moving" may be a value, and a faulty worker may have written anything. */

static ngx_uint_t
ngx_violet_memory_is_counter(ngx_violet_memory_t *memory,
    ngx_violet_memory_node_t *mn)
{
    u_char  *p, *end;

    p = (u_char *) mn;
    end = memory->shpool->end;

    if (p < memory->shpool->start || p >= end
        || (size_t) (end - p) < sizeof(ngx_violet_memory_node_t))
    {
        return 0;
    }

    if (mn->kind != NGX_VIOLET_MEMORY_COUNTER || mn->version > 1) {
        return 0;
    }

    p = ngx_violet_memory_value(mn);

    return p <= end && mn->value_len <= (size_t) (end - p);
}


/* Returns the size of the copy; copies nothing if p is NULL. */

static size_t
ngx_violet_memory_copy(ngx_violet_memory_node_t *mn, u_char *p)
{
    ngx_violet_memory_copy_t  copy;

    if (p) {
        copy.expires = mn->expires[mn->version];
        copy.value_len = mn->value_len;
        copy.hash = (uint32_t) mn->node.key;
        copy.key_len = mn->key_len;

        p = ngx_cpymem(p, &copy, sizeof(ngx_violet_memory_copy_t));
        p = ngx_cpymem(p, mn->data, mn->key_len);
        ngx_memcpy(p, ngx_violet_memory_value(mn), mn->value_len);
    }

    return sizeof(ngx_violet_memory_copy_t) + mn->key_len + mn->value_len;
}


/* Returns the number of counters that fitted in. */

static ngx_uint_t
ngx_violet_memory_restore(ngx_violet_memory_t *memory, u_char *p,
    ngx_uint_t n)
{
    ngx_str_t                  key;
    ngx_uint_t                 i, kept;
    ngx_violet_memory_node_t  *mn;
    ngx_violet_memory_copy_t   copy;

    kept = 0;

    for (i = 0; i < n; i++) {
        ngx_memcpy(&copy, p, sizeof(ngx_violet_memory_copy_t));
        p += sizeof(ngx_violet_memory_copy_t);

        key.data = p;
        key.len = copy.key_len;
        p += copy.key_len;

        mn = ngx_violet_memory_create(memory, &key, copy.hash,
                                      copy.value_len,
                                      NGX_VIOLET_MEMORY_COUNTER);
        if (mn) {
            ngx_violet_memory_assign(mn, p, copy.expires);
            ngx_violet_memory_insert(memory, mn);

            memory->sh->owed--;
            kept++;
        }

        p += copy.value_len;
    }

    return kept;
}


void
ngx_violet_memory_log_emptied(ngx_violet_memory_t *memory)
{
    memory->emptied = 0;

    if (memory->lost) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                      "violet: a worker ended while it changed the shared "
                      "memory zone, and %ui records of submits, budgets and "
                      "flights were lost: a cart whose submit is in doubt "
                      "can be submitted again unless Redis has its record, "
                      "so compare the orders at Violet with your own",
                      memory->lost);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: a worker ended while it changed the shared memory "
                  "zone: the reports in it were dropped, the %ui records "
                  "of submits, budgets and flights in it were kept",
                  memory->kept);
}

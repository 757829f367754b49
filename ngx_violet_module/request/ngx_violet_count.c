
/*
 * The zone of the counters.  All of it is one allocation of the zone's slab
 * pool.  A reload that needs no larger zone takes it over as it is; one that
 * does gets a new zone and the values so far, and what workers of the old
 * configuration count after that is lost.
 */


#include "ngx_violet.h"
#include "ngx_violet_count.h"

#include <signal.h>


/* apps that the default size has room for, or a multiple of it */
#define NGX_VIOLET_COUNTS_APPS  4


static size_t ngx_violet_counts_room(size_t apps);
static ngx_int_t ngx_violet_counts_init(ngx_shm_zone_t *zone, void *data);
static ngx_int_t ngx_violet_counts_create(ngx_violet_counts_t *counts,
    ngx_shm_zone_t *zone);
static ngx_violet_counts_t *ngx_violet_counts_old(ngx_shm_zone_t *zone);
static ngx_int_t ngx_violet_counts_place(ngx_violet_counts_t *counts,
    ngx_uint_t worker);
static void ngx_violet_count_mark(void *data);


ngx_int_t
ngx_violet_counts_add(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    size_t                need;
    ngx_str_t             name;
    ngx_violet_counts_t  *counts;

    counts = vmcf->counts;

    counts->apps = &vmcf->apps;
    counts->slot = -1;
    counts->loaded = ngx_time();

    need = ngx_violet_counts_room(vmcf->apps.nelts);

    if (counts->size == 0) {
        counts->size = ngx_violet_counts_room(
                           ngx_align(vmcf->apps.nelts, NGX_VIOLET_COUNTS_APPS));
    }

    if (counts->size < need) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"violet_status\": \"zone=\" has %uz bytes, the "
                      "counters of %ui apps need %uz: use \"zone=%uzk\" or "
                      "leave \"zone=\" out",
                      counts->size, vmcf->apps.nelts, need,
                      (need + 1023) / 1024);
        return NGX_ERROR;
    }

    ngx_str_set(&name, "violet_status");

    counts->zone = ngx_shared_memory_add(cf, &name, counts->size,
                                         &ngx_violet_module);
    if (counts->zone == NULL) {
        return NGX_ERROR;
    }

    counts->zone->init = ngx_violet_counts_init;
    counts->zone->data = counts;

    return NGX_OK;
}


/* Bytes of a zone: the slab pool has a structure for each of its pages. */

static size_t
ngx_violet_counts_room(size_t apps)
{
    size_t  pages;

    pages = (violet_counters_size(apps) + ngx_pagesize - 1) / ngx_pagesize;

    /* its own header, and an end that is no whole page */

    pages += 3;

    pages += (pages * sizeof(ngx_slab_page_t) + ngx_pagesize - 1)
             / ngx_pagesize;

    return pages * ngx_pagesize;
}


static ngx_int_t
ngx_violet_counts_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_violet_counts_t  *before = data;

    ngx_violet_counts_t  *counts;

    counts = zone->data;

    if (before == NULL && !zone->shm.exists) {
        if (ngx_violet_counts_create(counts, zone) != NGX_OK) {
            return NGX_ERROR;
        }

    } else {
        counts->counters = ((ngx_slab_pool_t *) zone->shm.addr)->data;

        violet_counters_configure(counts->counters);
    }

    if (ngx_violet_counts_place(counts, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    if (before == NULL && !zone->shm.exists) {
        before = ngx_violet_counts_old(zone);

        if (before) {
            violet_counters_copy(counts->counters, before->counters);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_counts_create(ngx_violet_counts_t *counts, ngx_shm_zone_t *zone)
{
    void             *p;
    size_t            apps, size;
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    for (apps = counts->apps->nelts;
         ngx_violet_counts_room(apps + 1) <= counts->size;
         apps++)
    {
        /* void */
    }

    /* whole pages, which begin on a line of the CPU's cache */

    size = ngx_align(violet_counters_size(apps), ngx_pagesize);

    p = ngx_slab_alloc(shpool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    counts->counters = violet_counters_create(p, size, apps);
    if (counts->counters == NULL) {
        return NGX_ERROR;
    }

    violet_counters_configure(counts->counters);

    shpool->data = counts->counters;

    return NGX_OK;
}


/* The zone of the configuration that still runs, if it has another size. */

static ngx_violet_counts_t *
ngx_violet_counts_old(ngx_shm_zone_t *zone)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_shm_zone_t   *old;

    if (ngx_cycle == NULL || ngx_cycle->shared_memory.part.elts == NULL) {
        return NULL;
    }

    for (part = (ngx_list_part_t *) &ngx_cycle->shared_memory.part;
         part;
         part = part->next)
    {
        old = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (&old[i] != zone && old[i].tag == zone->tag
                && old[i].init == ngx_violet_counts_init && old[i].shm.addr
                && ((ngx_violet_counts_t *) old[i].data)->counters)
            {
                return old[i].data;
            }
        }
    }

    return NULL;
}


/* Where the worker of that number counts, for each app. */

static ngx_int_t
ngx_violet_counts_place(ngx_violet_counts_t *counts, ngx_uint_t worker)
{
    int                 place;
    ngx_uint_t          i;
    violet_text_t       name;
    ngx_violet_app_t  **app;

    app = counts->apps->elts;

    for (i = 0; i < counts->apps->nelts; i++) {
        name.data = (char *) app[i]->name.data;
        name.len = app[i]->name.len;

        place = violet_counters_app(counts->counters, name);

        if (place == -1) {
            return NGX_ERROR;
        }

        app[i]->counted = place;

        violet_counters_of(counts->counters, place, worker, counts->slot,
                           &app[i]->counts);
    }

    counts->host = violet_counters_host(counts->counters, worker);
    counts->worker = violet_counters_worker(counts->counters, counts->slot);

    return NGX_OK;
}


void
ngx_violet_counts_start(ngx_violet_main_conf_t *vmcf)
{
    ngx_uint_t            i;
    ngx_violet_app_t    **app;
    ngx_violet_counts_t  *counts;

    counts = vmcf->counts;

    if (counts == NULL) {
        return;
    }

    counts->slot = violet_counters_enter(counts->counters, (long) ngx_pid,
                                         ngx_violet_counts_alive);

    app = vmcf->apps.elts;

    for (i = 0; i < vmcf->apps.nelts; i++) {
        violet_counters_of(counts->counters, app[i]->counted, ngx_worker,
                           counts->slot, &app[i]->counts);
    }

    counts->host = violet_counters_host(counts->counters, ngx_worker);
    counts->worker = violet_counters_worker(counts->counters, counts->slot);
}


void
ngx_violet_counts_stop(ngx_violet_main_conf_t *vmcf)
{
    ngx_violet_counts_t  *counts;

    counts = vmcf->counts;

    if (counts && counts->counters) {
        violet_counters_leave(counts->counters, counts->slot);
    }
}


int
ngx_violet_counts_alive(long pid)
{
    return kill((pid_t) pid, 0) == 0 || ngx_errno == NGX_EPERM;
}


void
ngx_violet_count_remember(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_pool_cleanup_t      *cln;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);

    if (vmcf->counts == NULL || r != r->main) {
        return;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return;
    }

    cln->handler = ngx_violet_count_mark;
    cln->data = ctx;
}


/* By its address a context is found again; there is nothing to clean up. */

static void
ngx_violet_count_mark(void *data)
{
    (void) data;
}


ngx_violet_ctx_t *
ngx_violet_count_remembered(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_violet_count_mark) {
            return cln->data;
        }
    }

    return NULL;
}

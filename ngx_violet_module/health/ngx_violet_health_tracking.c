
/*
 * Handles the notices of changed keys in Redis.  Each worker has a link of its
 * own, a connection on which Redis sends a notice of each key.  Each worker
 * drops the key's copy from the memory that all workers share.
 */


#include "ngx_violet_health_tracking.h"
#include "ngx_violet_flight_lease.h"
#include "ngx_violet_flight.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_redis_notify.h"


/* ms after a reply to a ping during which the link counts as up */
#define NGX_VIOLET_TRACKING_COVERED  (5 * NGX_VIOLET_REDIS_NOTIFY_PERIOD / 2)


static void ngx_violet_tracking(void *data,
    ngx_violet_redis_notify_event_e event, ngx_str_t *key);
static void ngx_violet_tracking_key(ngx_violet_main_conf_t *vmcf,
    ngx_str_t *name);


static ngx_str_t  ngx_violet_tracking_names[] = {
    ngx_string(NGX_VIOLET_KEYS_HEALTH),
    ngx_string(NGX_VIOLET_KEYS_FLIGHT)
};


ngx_int_t
ngx_violet_tracking_create(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    if (vmcf->redis == NULL) {
        return NGX_OK;
    }

    vmcf->link = ngx_violet_redis_notify_create(cf->pool,
                                         ngx_violet_redis_conf(vmcf->redis),
                                         ngx_violet_tracking_names, 2);

    return vmcf->link ? NGX_OK : NGX_ERROR;
}


void
ngx_violet_tracking_start(ngx_violet_main_conf_t *vmcf)
{
    vmcf->started = 1;

    if (vmcf->link) {
        ngx_violet_redis_start(vmcf->redis);
        ngx_violet_redis_notify_start(vmcf->link, ngx_violet_tracking, vmcf);
    }
}


void
ngx_violet_tracking_close(ngx_violet_main_conf_t *vmcf)
{
    if (vmcf->started && vmcf->link) {
        ngx_violet_redis_notify_close(vmcf->link);
        ngx_violet_redis_close(vmcf->redis);
    }
}


static void
ngx_violet_tracking(void *data, ngx_violet_redis_notify_event_e event,
    ngx_str_t *key)
{
    ngx_violet_main_conf_t  *vmcf = data;

    switch (event) {

    case NGX_VIOLET_REDIS_NOTIFY_UP:
        ngx_violet_memory_cover(vmcf->zone, NGX_VIOLET_TRACKING_COVERED, 1);
        break;

    case NGX_VIOLET_REDIS_NOTIFY_ALIVE:
        ngx_violet_memory_cover(vmcf->zone, NGX_VIOLET_TRACKING_COVERED, 0);
        return;

    case NGX_VIOLET_REDIS_NOTIFY_DOWN:
        ngx_violet_memory_uncover(vmcf->zone);
        break;

    case NGX_VIOLET_REDIS_NOTIFY_KEY:
        ngx_violet_tracking_key(vmcf, key);
        return;

    default: /* NGX_VIOLET_REDIS_NOTIFY_ALL */
        ngx_violet_memory_forget_all(vmcf->zone);
    }

    ngx_violet_flight_notify(&vmcf->flights, NULL);
}


static void
ngx_violet_tracking_key(ngx_violet_main_conf_t *vmcf, ngx_str_t *name)
{
    ngx_str_t          key, *prefix;
    ngx_violet_key_t   report;

    prefix = &ngx_violet_redis_conf(vmcf->redis)->prefix;

    if (name->len < prefix->len
        || ngx_memcmp(name->data, prefix->data, prefix->len) != 0)
    {
        return;
    }

    key.data = name->data + prefix->len;
    key.len = name->len - prefix->len;

    switch (ngx_violet_keys_read(&key, &report)) {

    case NGX_VIOLET_KEYS_IS_REPORT:
        ngx_violet_memory_forget(vmcf->zone, &key);
        return;

    case NGX_VIOLET_KEYS_IS_HELD:
        ngx_violet_lease_forget_held(vmcf->zone, &report.name);
        break;

    case NGX_VIOLET_KEYS_IS_FLIGHT:
        break;

    default: /* NGX_VIOLET_KEYS_IS_OTHER */
        return;
    }

    ngx_violet_flight_notify(&vmcf->flights, &report.name);
}

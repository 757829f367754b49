
/*
 * Handles the notices of changed keys in Redis.  Each worker has a link of its
 * own, a connection on which Redis sends a notice of each key.  Each worker
 * drops the key's copy from the memory that all workers share.
 *
 * Flights learn of notices from the zone, which has their number.
 */


#include "ngx_violet_health_tracking.h"
#include "ngx_violet_flight.h"
#include "ngx_violet_keys.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_redis_notify.h"


/* ms after a reply to a ping during which the link counts as up */
#define NGX_VIOLET_TRACKING_COVERED  (5 * NGX_VIOLET_REDIS_NOTIFY_PERIOD / 2)

/* ms between two looks of a worker at the number of notices */
#define NGX_VIOLET_TRACKING_WATCH    20


typedef struct ngx_violet_tracking_s  ngx_violet_tracking_t;

struct ngx_violet_tracking_s {
    ngx_violet_redis_notify_t  *link;
    ngx_event_t                 watch;     /* timer */
    ngx_msec_t                  until;     /* end of the watch */
    ngx_uint_t                  notices;   /* at the last look */
};


static void ngx_violet_tracking(void *data,
    ngx_violet_redis_notify_event_e event, ngx_str_t *key);
static void ngx_violet_tracking_key(ngx_violet_main_conf_t *vmcf,
    ngx_str_t *name);
static void ngx_violet_tracking_look(ngx_event_t *ev);


static ngx_str_t  ngx_violet_tracking_names[] = {
    ngx_string(NGX_VIOLET_KEYS_HEALTH)
};


ngx_int_t
ngx_violet_tracking_create(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    ngx_violet_tracking_t  *tracking;

    if (vmcf->redis == NULL) {
        return NGX_OK;
    }

    tracking = ngx_pcalloc(cf->pool, sizeof(ngx_violet_tracking_t));
    if (tracking == NULL) {
        return NGX_ERROR;
    }

    tracking->link = ngx_violet_redis_notify_create(cf->pool,
                                         ngx_violet_redis_conf(vmcf->redis),
                                         ngx_violet_tracking_names, 1);
    if (tracking->link == NULL) {
        return NGX_ERROR;
    }

    tracking->watch.handler = ngx_violet_tracking_look;
    tracking->watch.data = vmcf;
    tracking->watch.cancelable = 1;

    vmcf->tracking = tracking;

    return NGX_OK;
}


void
ngx_violet_tracking_start(ngx_violet_main_conf_t *vmcf)
{
    vmcf->started = 1;

    if (vmcf->tracking) {
        vmcf->tracking->watch.log = ngx_cycle->log;

        ngx_violet_redis_start(vmcf->redis);
        ngx_violet_redis_notify_start(vmcf->tracking->link,
                                      ngx_violet_tracking, vmcf);
    }

    if (vmcf->submit_redis) {
        ngx_violet_redis_start(vmcf->submit_redis);
    }
}


void
ngx_violet_tracking_close(ngx_violet_main_conf_t *vmcf)
{
    if (!vmcf->started) {
        return;
    }

    if (vmcf->tracking) {
        ngx_violet_redis_notify_close(vmcf->tracking->link);
        ngx_violet_redis_close(vmcf->redis);
    }

    if (vmcf->submit_redis) {
        ngx_violet_redis_close(vmcf->submit_redis);
    }
}


ngx_uint_t
ngx_violet_tracking_is_up(ngx_violet_main_conf_t *vmcf)
{
    return vmcf->tracking
           && ngx_violet_redis_notify_is_up(vmcf->tracking->link);
}


static void
ngx_violet_tracking(void *data, ngx_violet_redis_notify_event_e event,
    ngx_str_t *key)
{
    ngx_violet_main_conf_t  *vmcf = data;

    switch (event) {

    case NGX_VIOLET_REDIS_NOTIFY_UP:
        ngx_violet_memory_cover(vmcf->zone, NGX_VIOLET_TRACKING_COVERED, 1);
        return;

    case NGX_VIOLET_REDIS_NOTIFY_ALIVE:
        ngx_violet_memory_cover(vmcf->zone, NGX_VIOLET_TRACKING_COVERED, 0);
        return;

    case NGX_VIOLET_REDIS_NOTIFY_DOWN:
        ngx_violet_memory_uncover(vmcf->zone);
        return;

    case NGX_VIOLET_REDIS_NOTIFY_KEY:
        ngx_violet_tracking_key(vmcf, key);
        return;

    default: /* NGX_VIOLET_REDIS_NOTIFY_ALL */
        ngx_violet_memory_notice_all(vmcf->zone);
    }
}


/* The key of a value in memory is that in Redis without the prefix. */

static void
ngx_violet_tracking_key(ngx_violet_main_conf_t *vmcf, ngx_str_t *name)
{
    ngx_str_t  key, *prefix;

    prefix = &ngx_violet_redis_conf(vmcf->redis)->prefix;

    if (name->len < prefix->len
        || ngx_memcmp(name->data, prefix->data, prefix->len) != 0)
    {
        return;
    }

    key.data = name->data + prefix->len;
    key.len = name->len - prefix->len;

    ngx_violet_memory_notice(vmcf->zone, &key);
}


void
ngx_violet_tracking_watch(ngx_violet_main_conf_t *vmcf, ngx_msec_t msec)
{
    ngx_msec_t              until;
    ngx_violet_tracking_t  *tracking;

    tracking = vmcf->tracking;
    until = ngx_current_msec + msec;

    if (tracking->watch.timer_set) {

        if ((ngx_msec_int_t) (until - tracking->until) > 0) {
            tracking->until = until;
        }

        return;
    }

    tracking->until = until;

    ngx_add_timer(&tracking->watch, NGX_VIOLET_TRACKING_WATCH);
}


static void
ngx_violet_tracking_look(ngx_event_t *ev)
{
    ngx_uint_t               notices;
    ngx_violet_tracking_t   *tracking;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ev->data;
    tracking = vmcf->tracking;

    notices = ngx_violet_memory_notices(vmcf->zone);

    if (notices != tracking->notices) {
        tracking->notices = notices;
        ngx_violet_flight_notify(&vmcf->flights);
    }

    if ((ngx_msec_int_t) (tracking->until - ngx_current_msec) > 0) {
        ngx_add_timer(&tracking->watch, NGX_VIOLET_TRACKING_WATCH);
    }
}


/*
 * Handles the notices of changed keys in Redis.  One worker of the host has the
 * link, a connection on which Redis sends a notice of each key, and drops the
 * key's copy from the memory that all workers share.  Each worker looks at
 * intervals whether it is to have the link, see ngx_violet_memory_link.h.
 *
 * The timer of these looks opens and closes the link; the link's own handler
 * never does.  Flights learn of notices from the zone, which has their number.
 */


#include "ngx_violet_health_tracking.h"
#include "ngx_violet_health_epoch.h"
#include "ngx_violet_flight.h"
#include "ngx_violet_keys.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_memory_link.h"
#include "ngx_violet_redis_notify.h"


/* ms for which a reply to a PING covers the memory, from the PING on */
#define NGX_VIOLET_TRACKING_COVERED  (5 * NGX_VIOLET_REDIS_NOTIFY_PERIOD / 2)

/* ms between two looks of a worker at the seats of the link */
#define NGX_VIOLET_TRACKING_LOOK     500

/* ms between two looks of a worker whose link is up */
#define NGX_VIOLET_TRACKING_LINKED   100

/* ms that a worker that exits waits for the link of a newer configuration */
#define NGX_VIOLET_TRACKING_STAY     2000

/* ms between two looks of a worker at the number of notices */
#define NGX_VIOLET_TRACKING_WATCH    20


typedef struct ngx_violet_tracking_s  ngx_violet_tracking_t;

struct ngx_violet_tracking_s {
    ngx_violet_redis_notify_t  *link;
    ngx_violet_memory_link_t    seat;
    uint64_t                    asked;     /* a PING was sent before this worker
                                              gives its seat to that one */
    ngx_event_t                 look;      /* timer */
    ngx_msec_t                  stays;     /* end of the wait before exit */

    ngx_event_t                 watch;     /* timer */
    ngx_msec_t                  until;     /* end of the watch */
    ngx_uint_t                  notices;   /* at the last look */

    unsigned                    open:1;    /* the link is started */
};


static uint32_t ngx_violet_tracking_place(ngx_violet_redis_conf_t *conf);
static void ngx_violet_tracking_demoted(void *data);
static void ngx_violet_tracking(void *data,
    ngx_violet_redis_notify_event_e event, ngx_str_t *key);
static void ngx_violet_tracking_alive(ngx_violet_main_conf_t *vmcf);
static void ngx_violet_tracking_key(ngx_violet_main_conf_t *vmcf,
    ngx_str_t *name);
static void ngx_violet_tracking_look_event(ngx_event_t *ev);
static void ngx_violet_tracking_look(ngx_violet_main_conf_t *vmcf);
static ngx_uint_t ngx_violet_tracking_exits(ngx_violet_main_conf_t *vmcf);
static void ngx_violet_tracking_look_soon(ngx_violet_tracking_t *tracking);
static void ngx_violet_tracking_open(ngx_violet_main_conf_t *vmcf);
static void ngx_violet_tracking_end(ngx_violet_main_conf_t *vmcf);
static void ngx_violet_tracking_watch_event(ngx_event_t *ev);


static ngx_str_t  ngx_violet_tracking_names[] = {
    ngx_string(NGX_VIOLET_KEYS_HEALTH),
    ngx_string(NGX_VIOLET_KEYS_PURGED)
};


ngx_int_t
ngx_violet_tracking_create(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    ngx_violet_tracking_t    *tracking;
    ngx_violet_redis_conf_t  *conf;

    if (vmcf->redis == NULL) {
        return NGX_OK;
    }

    tracking = ngx_pcalloc(cf->pool, sizeof(ngx_violet_tracking_t));
    if (tracking == NULL) {
        return NGX_ERROR;
    }

    conf = ngx_violet_redis_conf(vmcf->redis);

    tracking->link = ngx_violet_redis_notify_create(cf->pool,
                                                vmcf->redis,
                                                ngx_violet_tracking_names, 2);
    if (tracking->link == NULL) {
        return NGX_ERROR;
    }

    tracking->seat.place = ngx_violet_tracking_place(conf);
    tracking->seat.covered = NGX_VIOLET_TRACKING_COVERED;

    tracking->look.handler = ngx_violet_tracking_look_event;
    tracking->look.data = vmcf;

    tracking->watch.handler = ngx_violet_tracking_watch_event;
    tracking->watch.data = vmcf;
    tracking->watch.cancelable = 1;

    vmcf->tracking = tracking;

    return NGX_OK;
}


/* A digest of where the keys of the configuration are. */

static uint32_t
ngx_violet_tracking_place(ngx_violet_redis_conf_t *conf)
{
    uint32_t  place;

    ngx_crc32_init(place);
    ngx_crc32_update(&place, conf->url.data, conf->url.len);
    ngx_crc32_update(&place, conf->prefix.data, conf->prefix.len);
    ngx_crc32_update(&place, (u_char *) &conf->db, sizeof(conf->db));
    ngx_crc32_final(place);

    return place;
}


void
ngx_violet_tracking_start(ngx_violet_main_conf_t *vmcf)
{
    ngx_violet_tracking_t  *tracking;

    vmcf->started = 1;

    tracking = vmcf->tracking;

    if (tracking) {
        tracking->look.log = ngx_cycle->log;
        tracking->watch.log = ngx_cycle->log;

        ngx_violet_redis_on_demoted(vmcf->redis, ngx_violet_tracking_demoted,
                                    vmcf);
        ngx_violet_redis_start(vmcf->redis);
        ngx_violet_tracking_look(vmcf);
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
        ngx_violet_tracking_end(vmcf);
        ngx_violet_redis_close(vmcf->redis);
    }

    if (vmcf->submit_redis) {
        ngx_violet_redis_close(vmcf->submit_redis);
    }
}


ngx_uint_t
ngx_violet_tracking_is_up(ngx_violet_main_conf_t *vmcf)
{
    return ngx_violet_memory_link_covers(vmcf->zone);
}


/* Redis takes no writes: its notices end, too. */

static void
ngx_violet_tracking_demoted(void *data)
{
    ngx_violet_main_conf_t  *vmcf = data;

    ngx_violet_redis_notify_drop(vmcf->tracking->link);
}


static void
ngx_violet_tracking(void *data, ngx_violet_redis_notify_event_e event,
    ngx_str_t *key)
{
    ngx_violet_main_conf_t  *vmcf = data;

    ngx_violet_tracking_t  *tracking;

    tracking = vmcf->tracking;

    switch (event) {

    case NGX_VIOLET_REDIS_NOTIFY_UP:
        ngx_violet_tracking_look_soon(tracking);
        return;

    case NGX_VIOLET_REDIS_NOTIFY_ALIVE:
        ngx_violet_tracking_alive(vmcf);
        return;

    case NGX_VIOLET_REDIS_NOTIFY_DOWN:
        if (tracking->open) {
            ngx_violet_memory_link_leave(vmcf->zone, &tracking->seat);
            ngx_violet_tracking_look_soon(tracking);
        }

        return;

    case NGX_VIOLET_REDIS_NOTIFY_KEY:
        ngx_violet_tracking_key(vmcf, key);
        return;

    default: /* NGX_VIOLET_REDIS_NOTIFY_ALL */
        ngx_violet_memory_notice_all(vmcf->zone);
    }
}


static void
ngx_violet_tracking_alive(ngx_violet_main_conf_t *vmcf)
{
    ngx_violet_tracking_t     *tracking;
    ngx_violet_memory_link_e   state;

    tracking = vmcf->tracking;

    state = ngx_violet_memory_link_cover(vmcf->zone, &tracking->seat,
                                ngx_violet_redis_notify_since(tracking->link));

    if (state == NGX_VIOLET_MEMORY_LINK_WANTED
        && tracking->asked == tracking->seat.next)
    {
        /* the PING was sent after the link of the next holder was up */

        ngx_violet_memory_link_give(vmcf->zone, &tracking->seat);
        state = NGX_VIOLET_MEMORY_LINK_NONE;
    }

    if (state == NGX_VIOLET_MEMORY_LINK_NONE) {
        ngx_violet_tracking_look_soon(tracking);
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

    if (key.len >= sizeof(NGX_VIOLET_KEYS_PURGED) - 1
        && ngx_memcmp(key.data, NGX_VIOLET_KEYS_PURGED,
                      sizeof(NGX_VIOLET_KEYS_PURGED) - 1)
           == 0)
    {
        ngx_violet_health_epoch_next(vmcf->zone, &key);
        return;
    }

    ngx_violet_memory_notice(vmcf->zone, &key);
}


static void
ngx_violet_tracking_look_event(ngx_event_t *ev)
{
    ngx_violet_tracking_look(ev->data);
}


static void
ngx_violet_tracking_look(ngx_violet_main_conf_t *vmcf)
{
    ngx_uint_t                 up;
    ngx_violet_tracking_t     *tracking;
    ngx_violet_memory_link_e   state;

    if (ngx_exiting && ngx_violet_tracking_exits(vmcf)) {
        return;
    }

    tracking = vmcf->tracking;

    up = tracking->open && ngx_violet_redis_notify_is_up(tracking->link);

    state = ngx_violet_memory_link_look(vmcf->zone, &tracking->seat, up);

    switch (state) {

    case NGX_VIOLET_MEMORY_LINK_NONE:
        ngx_violet_tracking_end(vmcf);
        break;

    case NGX_VIOLET_MEMORY_LINK_NEXT:
        ngx_violet_tracking_open(vmcf);
        break;

    case NGX_VIOLET_MEMORY_LINK_WANTED:
        if (tracking->asked != tracking->seat.next) {
            tracking->asked = tracking->seat.next;
            ngx_violet_redis_notify_ask(tracking->link);
        }

        break;

    default: /* NGX_VIOLET_MEMORY_LINK_HELD */
        break;
    }

    /*
     * nginx waits for a timer that is not cancelable before a worker exits; a
     * worker whose link is up may have been given the holder's seat meanwhile
     */

    up = tracking->open && ngx_violet_redis_notify_is_up(tracking->link);

    tracking->look.cancelable = !up;

    ngx_add_timer(&tracking->look, up ? NGX_VIOLET_TRACKING_LINKED
                                      : NGX_VIOLET_TRACKING_LOOK);
}


/*
 * A worker that exits takes no seat.  If a newer configuration was read, it
 * keeps its link until a worker of that configuration has opened one, but for
 * no longer than 2 s.  Returns true if it has no link any more.
 */

static ngx_uint_t
ngx_violet_tracking_exits(ngx_violet_main_conf_t *vmcf)
{
    ngx_violet_tracking_t  *tracking;

    tracking = vmcf->tracking;

    if (!tracking->seat.leaving) {
        tracking->seat.leaving = 1;
        tracking->stays = ngx_current_msec + NGX_VIOLET_TRACKING_STAY;
    }

    if (tracking->open
        && ngx_violet_redis_notify_is_up(tracking->link)
        && ngx_violet_memory_link_is_old(vmcf->zone)
        && (ngx_msec_int_t) (tracking->stays - ngx_current_msec) > 0)
    {
        return 0;
    }

    ngx_violet_tracking_end(vmcf);

    return 1;
}


/* Within the link's handler, so the event is posted. */

static void
ngx_violet_tracking_look_soon(ngx_violet_tracking_t *tracking)
{
    if (tracking->look.timer_set) {
        ngx_del_timer(&tracking->look);
    }

    ngx_post_event(&tracking->look, &ngx_posted_events);
}


static void
ngx_violet_tracking_open(ngx_violet_main_conf_t *vmcf)
{
    ngx_violet_tracking_t  *tracking;

    tracking = vmcf->tracking;

    if (!tracking->open) {
        tracking->open = 1;

        ngx_violet_redis_notify_start(tracking->link, ngx_violet_tracking,
                                      vmcf);
    }
}


static void
ngx_violet_tracking_end(ngx_violet_main_conf_t *vmcf)
{
    ngx_violet_tracking_t  *tracking;

    tracking = vmcf->tracking;

    ngx_violet_memory_link_leave(vmcf->zone, &tracking->seat);

    if (tracking->open) {
        tracking->open = 0;

        ngx_violet_redis_notify_close(tracking->link);
    }
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
ngx_violet_tracking_watch_event(ngx_event_t *ev)
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

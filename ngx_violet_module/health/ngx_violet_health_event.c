
/*
 * Marks of events in shared memory, for a host without violet_redis.
 */


#include "ngx_violet_health_event.h"
#include "ngx_violet_health_epoch.h"
#include "ngx_violet_flight_lease.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_memory_clock.h"


typedef enum {
    NGX_VIOLET_EVENT_TAKE = 0,
    NGX_VIOLET_EVENT_LOOK,
    NGX_VIOLET_EVENT_CLOSE
} ngx_violet_event_act_e;


/* a mark; all members are 0 if the merchant has no mark */

typedef struct {
    int64_t                  last;     /* when the last event came */
    int64_t                  open;     /* 0 or 1 */
} ngx_violet_event_mark_t;


typedef struct {
    ngx_violet_event_act_e   act;
    ngx_violet_event_mark_t  before;
    int64_t                  now;
    ngx_uint_t               open;     /* of a mark that is taken */
    int64_t                  asked;    /* when Violet was asked; of _CLOSE */
} ngx_violet_event_update_t;


static ngx_int_t ngx_violet_health_event_mark(ngx_shm_zone_t *zone,
    ngx_str_t *report, ngx_violet_event_update_t *update);
static int64_t ngx_violet_health_event_update(void *data, u_char *value);


ngx_uint_t
ngx_violet_health_event_take(ngx_shm_zone_t *zone, ngx_violet_app_t *app,
    ngx_pool_t *pool, ngx_str_t *report, ngx_uint_t open)
{
    uint64_t                    version;
    ngx_int_t                   rc;
    ngx_violet_key_t            held;
    ngx_violet_report_t         copy;
    ngx_violet_report_place_t   place;
    ngx_violet_event_update_t   update;

    update.act = NGX_VIOLET_EVENT_TAKE;
    update.open = open;

    if (ngx_violet_health_event_mark(zone, report, &update) != NGX_OK) {

        /* no room for a mark: as if this were the first event */

        update.before.last = 0;
    }

    ngx_memzero(&place, sizeof(ngx_violet_report_place_t));

    place.zone = zone;
    place.app = app;
    place.key = *report;
    place.epoch = ngx_violet_health_epoch(zone, app);
    place.ttl = NGX_MAX_INT32_VALUE;
    place.limit = NGX_MAX_INT32_VALUE;

    version = ngx_violet_memory_key_version(zone, report);

    rc = ngx_violet_health_store_last(&place, pool, &copy);

    /* without memory for a copy, whose time would be shortened, none is kept */

    if (update.before.last == 0 || rc == NGX_ERROR) {
        ngx_violet_keys_held(&held, report);

        ngx_violet_lease_end_on_host(zone, report);
        (void) ngx_violet_memory_forget(zone, &held.name);

        return ngx_violet_memory_forget(zone, report);
    }

    /* a flight that is under way finds the mark when it lands */

    if (rc != NGX_OK) {
        return 0;
    }

    if (copy.age >= NGX_VIOLET_EVENT_CALM) {
        (void) ngx_violet_memory_forget(zone, report);
        return 1;
    }

    place.ttl = NGX_VIOLET_EVENT_CALM - copy.age;

    (void) ngx_violet_health_store_keep(&place, &copy, version);

    return 1;
}


ngx_uint_t
ngx_violet_health_event_is_open(ngx_shm_zone_t *zone, ngx_str_t *report)
{
    ngx_violet_event_update_t  update;

    update.act = NGX_VIOLET_EVENT_LOOK;

    return ngx_violet_health_event_mark(zone, report, &update) == NGX_OK
           && update.before.open;
}


uint64_t
ngx_violet_health_event_kept(ngx_shm_zone_t *zone, ngx_str_t *report,
    uint64_t since, ngx_uint_t refresh)
{
    ngx_violet_event_update_t  update;

    update.act = refresh ? NGX_VIOLET_EVENT_CLOSE : NGX_VIOLET_EVENT_LOOK;
    update.asked = ngx_violet_clock() - (int64_t) since;

    if (ngx_violet_health_event_mark(zone, report, &update) != NGX_OK
        || update.before.last == 0)
    {
        return INT64_MAX;
    }

    if (update.before.last >= update.asked) {
        return NGX_VIOLET_EVENT_CALM;
    }

    return update.before.open && !refresh ? NGX_VIOLET_EVENT_LIMITED
                                          : INT64_MAX;
}


static ngx_int_t
ngx_violet_health_event_mark(ngx_shm_zone_t *zone, ngx_str_t *report,
    ngx_violet_event_update_t *update)
{
    ngx_violet_key_t  key;

    ngx_violet_keys_event(&key, report);

    update->now = ngx_violet_clock();

    return ngx_violet_memory_update(zone, &key.name, 1,
                                    sizeof(ngx_violet_event_mark_t),
                                    ngx_violet_health_event_update, update);
}


static int64_t
ngx_violet_health_event_update(void *data, u_char *value)
{
    ngx_violet_event_update_t  *u = data;

    ngx_violet_event_mark_t  mark;

    ngx_memcpy(&mark, value, sizeof(ngx_violet_event_mark_t));

    u->before = mark;

    if (u->act == NGX_VIOLET_EVENT_TAKE) {

        /* 0 is the instant of no event */

        mark.last = ngx_max(u->now, 1);
        mark.open = (int64_t) u->open;

    } else if (u->act == NGX_VIOLET_EVENT_CLOSE && mark.last < u->asked) {
        mark.open = 0;
    }

    ngx_memcpy(value, &mark, sizeof(ngx_violet_event_mark_t));

    if (mark.open || u->act == NGX_VIOLET_EVENT_TAKE) {
        return NGX_VIOLET_EVENT_KEEP - (u->now - mark.last);
    }

    return NGX_VIOLET_EVENT_CALM;
}


/*
 * Records that Redis lacks.  A timer of each worker sends such a record of
 * shared memory again until Redis has it, also the record of a worker that
 * died.  As long as Redis answers, the next records follow at once: after Redis
 * was emptied, another host may send what it does not find there when
 * NGX_VIOLET_SERVER_FRESH is over.  Records of POST orders come first, since
 * another host cannot read such an order from Violet; if Redis does not answer
 * meanwhile, they come first again.
 */


#include "ngx_violet_cart_record_priv.h"


/* ms between two looks for unsaved ones, and looks until one is due anyway */
#define NGX_VIOLET_UNSAVED_TICK   1000
#define NGX_VIOLET_UNSAVED_TICKS  60

/* records that a worker sends at once, and bytes of their names */
#define NGX_VIOLET_UNSAVED_MANY   32
#define NGX_VIOLET_UNSAVED_NAMES                                              \
    (NGX_VIOLET_UNSAVED_MANY * NGX_VIOLET_KEYS_NAME)

/* how often records of POST orders come first, if Redis does not answer */
#define NGX_VIOLET_UNSAVED_REPEATS  8


static void ngx_violet_unsaved_tick(ngx_event_t *ev);
static void ngx_violet_unsaved_next(ngx_event_t *ev);
static void ngx_violet_unsaved_tell(ngx_violet_records_t *records);
static void ngx_violet_unsaved_orders_first(ngx_violet_records_t *records);


ngx_violet_records_t *
ngx_violet_records_create(ngx_pool_t *pool, ngx_violet_redis_t *redis,
    ngx_shm_zone_t *zone, ngx_array_t *apps)
{
    ngx_violet_records_t  *records;

    records = ngx_pcalloc(pool, sizeof(ngx_violet_records_t));
    if (records == NULL) {
        return NULL;
    }

    records->redis = redis;
    records->zone = zone;
    records->apps = apps;

    return records;
}


void
ngx_violet_records_start(ngx_violet_records_t *records)
{
    if (records->redis == NULL) {
        return;
    }

    /* the worker before this one may have died while it wrote them */

    ngx_violet_records_restore(records);

    records->mark_name.data = records->name;
    records->mark_name.len = ngx_snprintf(records->name, NGX_VIOLET_KEYS_NAME,
                                 "%V" NGX_VIOLET_KEYS_SUBMIT "mark",
                                 &ngx_violet_redis_conf(records->redis)
                                     ->prefix)
                             - records->name;

    records->timer.handler = ngx_violet_unsaved_tick;
    records->timer.data = records;
    records->timer.log = ngx_cycle->log;
    records->timer.cancelable = 1;

    records->next.handler = ngx_violet_unsaved_next;
    records->next.data = records;
    records->next.log = ngx_cycle->log;

    ngx_add_timer(&records->timer, NGX_VIOLET_UNSAVED_TICK);

    ngx_violet_redis_on_writing(records->redis, ngx_violet_record_ask_mark,
                                records);

    ngx_violet_records_check(records);
}


static void
ngx_violet_unsaved_tick(ngx_event_t *ev)
{
    ngx_violet_records_t  *records;

    records = ev->data;

    ngx_violet_records_look(records);

    /* another worker may have died with an unsaved record */

    if (++records->ticks % NGX_VIOLET_UNSAVED_TICKS == 0) {
        records->unsaved = 1;
    }

    if (records->unsaved && records->telling == 0) {
        ngx_violet_unsaved_tell(records);
    }

    ngx_add_timer(ev, NGX_VIOLET_UNSAVED_TICK);
}


void
ngx_violet_records_told(ngx_violet_records_t *records)
{
    if (--records->telling == 0 && records->full && records->heard_of) {
        ngx_post_event(&records->next, &ngx_posted_next_events);
    }
}


static void
ngx_violet_unsaved_next(ngx_event_t *ev)
{
    ngx_violet_records_t  *records;

    records = ev->data;

    if (records->telling == 0) {
        ngx_violet_unsaved_tell(records);
    }
}


void
ngx_violet_records_restore(ngx_violet_records_t *records)
{
    records->repeats = NGX_VIOLET_UNSAVED_REPEATS;

    ngx_violet_unsaved_orders_first(records);
}


static void
ngx_violet_unsaved_orders_first(ngx_violet_records_t *records)
{
    records->unsaved = 1;
    records->orders = 1;
    records->tree = 0;
    records->tried = 0;
    records->passed = 0;
}


static void
ngx_violet_unsaved_tell(ngx_violet_records_t *records)
{
    u_char      names[NGX_VIOLET_UNSAVED_NAMES];
    u_char     *p;
    ngx_str_t   name;
    ngx_uint_t  i, n, more, full;

    ngx_violet_records_check(records);

    /* before Redis has said who it is, all records may seem unsaved */

    if (!records->known) {
        return;
    }

    /* after a loss orders come first again, once Redis answers */

    if (records->silent && records->repeats) {
        records->repeats--;
        ngx_violet_unsaved_orders_first(records);
    }

    n = ngx_violet_record_unsaved(records, names, NGX_VIOLET_UNSAVED_NAMES,
                                  &more, &full);

    /* those that are sent now may fail, and are looked for once more */

    records->round |= (n > 0 || more);

    /* if all of these fail, the others wait for the timer */

    records->full = (full || (records->orders && records->round));
    records->heard_of = 0;
    records->silent = 0;
    records->losses_told = ngx_violet_redis_losses(records->redis);

    if (!full) {
        records->unsaved = records->round;
        records->round = 0;
        records->orders = 0;
    }

    for (i = 0, p = names; i < n; i++) {
        name.data = p;
        name.len = ngx_strlen(p);

        p += name.len + 1;

        ngx_violet_record_tell(records, &name);
    }

    if (n == 0 && records->full) {
        ngx_post_event(&records->next, &ngx_posted_next_events);
    }
}

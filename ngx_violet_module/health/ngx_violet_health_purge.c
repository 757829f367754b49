
/*
 * The purge of a report and its lists, or of all reports of an app.  The
 * copies of this host are dropped first, then the reports in Redis, and then
 * the copies of this host once more: they may have been read from Redis in
 * between, and the notice of Redis may come later than the reply.
 *
 * An operation lives on the heap until Redis has called back.
 */


#include "ngx_violet_health_purge.h"
#include "ngx_violet_flight_lease.h"
#include "ngx_violet_flight_lease_script.h"
#include "ngx_violet_health_epoch.h"
#include "ngx_violet_health_event.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_redis_args.h"


/* the report, the two lists */

#define NGX_VIOLET_PURGE_KEYS  3


typedef struct {
    ngx_pool_t                   *pool;
    ngx_shm_zone_t               *zone;
    ngx_violet_redis_t           *redis;     /* NULL: no violet_redis */
    ngx_violet_app_t             *app;
    ngx_str_t                     keys[NGX_VIOLET_PURGE_KEYS];
    ngx_violet_key_t              instant;   /* of a purge of all reports */
    ngx_violet_purged_t           purged;
    ngx_violet_health_purged_pt   handler;
    void                         *data;
    unsigned                      event:1;   /* not a purge */
    unsigned                      all:1;     /* all reports of the app */
} ngx_violet_purge_op_t;


static ngx_violet_purge_op_t *ngx_violet_purge_create(
    ngx_violet_main_conf_t *vmcf, ngx_violet_app_t *app,
    int32_t merchant_id);
static ngx_int_t ngx_violet_purge_name(ngx_violet_purge_op_t *op,
    int32_t merchant_id);
static void ngx_violet_purge_destroy(ngx_violet_purge_op_t *op);
static void ngx_violet_purge_host(ngx_violet_purge_op_t *op);
static ngx_violet_redis_status_e ngx_violet_purge_redis(
    ngx_violet_purge_op_t *op);
static ngx_violet_redis_status_e ngx_violet_purge_redis_all(
    ngx_violet_purge_op_t *op);
static void ngx_violet_purge_answered(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static ngx_int_t ngx_violet_purge_read(ngx_violet_purge_op_t *op,
    violet_reply_t *reply);


ngx_int_t
ngx_violet_health_purge(ngx_violet_main_conf_t *vmcf,
    ngx_violet_app_t *app, int32_t merchant_id, ngx_uint_t event,
    ngx_violet_purged_t *purged, ngx_violet_health_purged_pt handler,
    void *data)
{
    ngx_violet_purge_op_t  *op;

    op = ngx_violet_purge_create(vmcf, app, merchant_id);
    if (op == NULL) {
        return NGX_ERROR;
    }

    op->handler = handler;
    op->data = data;
    op->event = event;

    ngx_violet_purge_host(op);

    *purged = op->purged;

    if (op->redis == NULL) {
        ngx_violet_purge_destroy(op);
        return NGX_OK;
    }

    if (ngx_violet_purge_redis(op) != NGX_VIOLET_REDIS_OK) {
        ngx_violet_purge_destroy(op);
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


static ngx_violet_purge_op_t *
ngx_violet_purge_create(ngx_violet_main_conf_t *vmcf,
    ngx_violet_app_t *app, int32_t merchant_id)
{
    ngx_pool_t             *pool;
    ngx_violet_purge_op_t  *op;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    op = ngx_pcalloc(pool, sizeof(ngx_violet_purge_op_t));
    if (op == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    op->pool = pool;
    op->zone = vmcf->zone;
    op->redis = vmcf->redis;
    op->app = app;
    op->all = (merchant_id == 0);

    if (ngx_violet_purge_name(op, merchant_id) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    return op;
}


static ngx_int_t
ngx_violet_purge_name(ngx_violet_purge_op_t *op, int32_t merchant_id)
{
    ngx_uint_t          i;
    ngx_violet_keys_t  *keys;

    keys = &op->app->keys;

    if (op->all) {
        ngx_violet_keys_purged(keys, &op->instant);
        return NGX_OK;
    }

    if (ngx_violet_keys_report(keys, op->pool, merchant_id, &op->keys[0])
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < 2; i++) {
        if (ngx_violet_keys_list(keys, op->pool, i, &op->keys[1 + i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_violet_purge_destroy(ngx_violet_purge_op_t *op)
{
    ngx_destroy_pool(op->pool);
}


static void
ngx_violet_purge_host(ngx_violet_purge_op_t *op)
{
    ngx_uint_t        i, had[NGX_VIOLET_PURGE_KEYS];
    ngx_violet_key_t  held;

    if (op->all) {
        ngx_violet_health_epoch_next(op->zone, &op->instant.name);
        return;
    }

    if (op->event && op->redis == NULL) {
        for (i = 0; i < NGX_VIOLET_PURGE_KEYS; i++) {
            (void) ngx_violet_health_event_take(op->zone, op->app, op->pool,
                                                &op->keys[i], i == 0);
        }

        return;
    }

    for (i = 0; i < NGX_VIOLET_PURGE_KEYS; i++) {

        /*
         * the lease before the copy: what lands in between is dropped; after
         * an event the lease in Redis decides
         */

        if (!op->event) {
            ngx_violet_lease_end_on_host(op->zone, &op->keys[i]);

            ngx_violet_keys_held(&held, &op->keys[i]);
            (void) ngx_violet_memory_forget(op->zone, &held.name);
        }

        had[i] = ngx_violet_memory_forget(op->zone, &op->keys[i]);
    }

    op->purged.reports = had[0];
    op->purged.lists = had[1] + had[2];
}


static ngx_violet_redis_status_e
ngx_violet_purge_redis(ngx_violet_purge_op_t *op)
{
    ngx_uint_t                i, n;
    ngx_violet_key_t          key;
    ngx_violet_redis_args_t   args;

    static ngx_str_t  words[] = { ngx_string("read"), ngx_string("refresh") };

    if (op->all) {
        return ngx_violet_purge_redis_all(op);
    }

    ngx_violet_redis_args_init(&args, op->redis);

    for (i = 0; i < NGX_VIOLET_PURGE_KEYS; i++) {

        ngx_violet_redis_args_key(&args, &op->keys[i]);

        for (n = 0; n < 2; n++) {
            ngx_violet_keys_flight(&key, &op->keys[i], &words[n]);
            ngx_violet_redis_args_key(&args, &key.name);
        }

        ngx_violet_keys_held(&key, &op->keys[i]);
        ngx_violet_redis_args_key(&args, &key.name);

        if (op->event) {
            ngx_violet_keys_event(&key, &op->keys[i]);
            ngx_violet_redis_args_key(&args, &key.name);
        }
    }

    return ngx_violet_redis_args_run(&args,
                                     op->event ? &ngx_violet_lease_event_script
                                               : &ngx_violet_lease_purge_script,
                                     ngx_violet_redis_conf(op->redis)->timeout,
                                     ngx_violet_purge_answered, op);
}


static ngx_violet_redis_status_e
ngx_violet_purge_redis_all(ngx_violet_purge_op_t *op)
{
    ngx_violet_redis_args_t  args;

    ngx_violet_redis_args_init(&args, op->redis);
    ngx_violet_redis_args_key(&args, &op->instant.name);

    return ngx_violet_redis_args_run(&args, &ngx_violet_lease_purge_all_script,
                                     ngx_violet_redis_conf(op->redis)->timeout,
                                     ngx_violet_purge_answered, op);
}


static void
ngx_violet_purge_answered(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_purge_op_t  *op = data;

    ngx_violet_purged_t  host;

    host = op->purged;

    ngx_violet_purge_host(op);

    op->purged = host;

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_purge_read(op, reply) != NGX_OK)
    {
        status = NGX_VIOLET_REDIS_DOWN;
    }

    op->handler(op->data, status, &op->purged);

    ngx_violet_purge_destroy(op);
}


/* A report that only this host had was kept while Redis was away. */

static ngx_int_t
ngx_violet_purge_read(ngx_violet_purge_op_t *op, violet_reply_t *reply)
{
    ngx_uint_t  i, had[NGX_VIOLET_PURGE_KEYS];

    if (op->all) {
        return reply->type == VIOLET_REPLY_INTEGER ? NGX_OK : NGX_ERROR;
    }

    if (reply->type != VIOLET_REPLY_ARRAY
        || reply->elements != NGX_VIOLET_PURGE_KEYS)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_VIOLET_PURGE_KEYS; i++) {

        if (reply->element[i].type != VIOLET_REPLY_INTEGER) {
            return NGX_ERROR;
        }

        had[i] = (reply->element[i].integer == 1);
    }

    op->purged.reports = ngx_max(op->purged.reports, had[0]);
    op->purged.lists = ngx_max(op->purged.lists, had[1] + had[2]);

    return NGX_OK;
}


/*
 * Epochs of an app's reports.  What a worker knows of the instant in Redis is
 * in the app's state; a question lives in its command until Redis has called
 * back.
 */


#include "ngx_violet_health_epoch.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_memory_link.h"

#include "violet_text.h"


typedef struct {
    ngx_violet_app_t     *app;
    uint64_t              epoch;        /* when Redis was asked */
    ngx_uint_t            generation;
} ngx_violet_epoch_op_t;


/* The command GET, but for its key. */

static ngx_violet_redis_form_t  ngx_violet_epoch_form = {
    ngx_string("*2\r\n$3\r\nGET\r\n"),
    ngx_null_string
};


static ngx_violet_app_purged_t *ngx_violet_epoch_of(ngx_violet_app_t *app);
static void ngx_violet_epoch_answered(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static int64_t ngx_violet_epoch_read(violet_reply_t *reply);


uint64_t
ngx_violet_health_epoch(ngx_shm_zone_t *zone, ngx_violet_app_t *app)
{
    return ngx_violet_memory_epoch(zone, ngx_violet_epoch_of(app)->group);
}


/* The hash is taken once: each look-up of a report needs it. */

static ngx_violet_app_purged_t *
ngx_violet_epoch_of(ngx_violet_app_t *app)
{
    ngx_violet_key_t          key;
    ngx_violet_app_purged_t  *purged;

    purged = &app->state->purged;

    if (!purged->named) {
        ngx_violet_keys_purged(&app->keys, &key);

        purged->group = ngx_crc32_short(key.name.data, key.name.len);
        purged->named = 1;
    }

    return purged;
}


void
ngx_violet_health_epoch_next(ngx_shm_zone_t *zone, ngx_str_t *name)
{
    ngx_violet_memory_next_epoch(zone,
                                 ngx_crc32_short(name->data, name->len));
}


ngx_violet_redis_status_e
ngx_violet_health_epoch_ask(ngx_violet_redis_t *redis, ngx_shm_zone_t *zone,
    ngx_violet_app_t *app, ngx_msec_t timeout)
{
    uint64_t                    epoch;
    ngx_uint_t                  generation;
    ngx_violet_key_t            key;
    ngx_violet_epoch_op_t       op;
    ngx_violet_app_purged_t    *purged;

    purged = ngx_violet_epoch_of(app);

    epoch = ngx_violet_memory_epoch(zone, purged->group);
    generation = ngx_violet_memory_generation(zone);

    if (purged->known && purged->epoch == epoch
        && purged->generation == generation
        && ngx_violet_memory_link_covers(zone))
    {
        return NGX_VIOLET_REDIS_OK;
    }

    op.app = app;
    op.epoch = epoch;
    op.generation = generation;

    ngx_violet_keys_purged(&app->keys, &key);

    return ngx_violet_redis_read(redis, &ngx_violet_epoch_form, &key.name,
                                 timeout, ngx_violet_epoch_answered, &op,
                                 sizeof(ngx_violet_epoch_op_t));
}


static void
ngx_violet_epoch_answered(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_epoch_op_t  *op = data;

    ngx_violet_app_purged_t  *purged;

    if (status == NGX_VIOLET_REDIS_OK) {
        purged = &op->app->state->purged;

        purged->at = ngx_violet_epoch_read(reply);
        purged->epoch = op->epoch;
        purged->generation = op->generation;
        purged->known = 1;
    }
}


/* A value of another form or type is ignored: 0. */

static int64_t
ngx_violet_epoch_read(violet_reply_t *reply)
{
    size_t         len;
    uint64_t       at;
    violet_text_t  text;

    len = sizeof(NGX_VIOLET_HEALTH_EPOCH_FORM) - 1;

    if (reply->type != VIOLET_REPLY_STRING || (size_t) reply->len <= len
        || ngx_memcmp(reply->str, NGX_VIOLET_HEALTH_EPOCH_FORM, len) != 0)
    {
        return 0;
    }

    text.data = reply->str + len;
    text.len = reply->len - len;

    if (text.len > NGX_VIOLET_HEALTH_EPOCH_DIGITS
        || violet_text_number(text, &at) != 0)
    {
        return 0;
    }

    return (int64_t) at;
}


ngx_uint_t
ngx_violet_health_epoch_has(ngx_violet_app_t *app, int64_t stored_at)
{
    ngx_violet_app_purged_t  *purged;

    purged = &app->state->purged;

    return purged->known && stored_at > purged->at;
}

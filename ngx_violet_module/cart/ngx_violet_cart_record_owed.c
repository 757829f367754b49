
/*
 * What Redis has not heard.  A record in shared memory that Redis may lack is
 * told again, by a timer of each worker, until Redis has it: also one of a
 * worker that died.
 *
 * A Redis that was restarted, emptied, or replaced by its replica may have lost
 * records.  Its run_id says that it is another one, a key with a random mark
 * that it was emptied: then everything that the host has is owed to it, and for
 * a day a cart without a record is read before it is sent.
 */


#include "ngx_violet_memory.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_cart_record_priv.h"
#include "ngx_violet_random.h"


/* ms between two looks for what is owed, and looks until one is due anyway */
#define NGX_VIOLET_OWED_TICK   1000
#define NGX_VIOLET_OWED_TICKS  60

/* records that a worker tells at once, and bytes of their names */
#define NGX_VIOLET_OWED_MANY   32
#define NGX_VIOLET_OWED_NAMES  (NGX_VIOLET_OWED_MANY * NGX_VIOLET_KEYS_NAME)

/* bytes of the mark in Redis, hexadecimal digits */
#define NGX_VIOLET_OWED_MARK   16

/* ms in which each host tells its records to a Redis that has lost them */
#define NGX_VIOLET_OWED_FRESH  30000

/* ms that the host remembers which Redis it knew */
#define NGX_VIOLET_OWED_KNOWN  (366 * INT64_C(86400000))


/* in shared memory: the Redis that the host knows */

typedef struct {
    u_char                 run_id[NGX_VIOLET_RECORD_RUN_ID];
    u_char                 mark[NGX_VIOLET_OWED_MARK];    /* NULs: none */
    uint32_t               epoch;
    int64_t                lost;
} ngx_violet_owed_redis_t;


typedef struct {
    u_char                  *run_id;
    u_char                  *mark;        /* NULL: not known */
    ngx_uint_t               losses;      /* of connections, before */
    ngx_uint_t               changed;
    ngx_violet_owed_redis_t  redis;
} ngx_violet_owed_update_t;


static void ngx_violet_owed_tick(ngx_event_t *ev);
static void ngx_violet_owed_tell(ngx_violet_records_t *records);
static void ngx_violet_owed_ask(ngx_violet_records_t *records);
static ngx_uint_t ngx_violet_owed_is_known(ngx_violet_records_t *records);
static void ngx_violet_owed_answered(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_owed_known(ngx_violet_records_t *records,
    u_char *run_id, u_char *mark);
static ngx_uint_t ngx_violet_owed_changed(ngx_violet_owed_redis_t *redis,
    ngx_violet_owed_update_t *update);
static int64_t ngx_violet_owed_update(void *data, u_char *value);
static u_char *ngx_violet_owed_field(redisReply *reply, char *name,
    size_t *len);


/*
 * KEYS[1]   the mark
 * ARGV[1]   another one, if there is none
 *
 * A mark that cannot be read or written is empty.
 */

static ngx_violet_redis_script_t  ngx_violet_owed_script = {
    ngx_string(
        "local mark = redis.pcall('GET', KEYS[1]) "
        "if not mark then "
            "mark = ARGV[1] "
            "if redis.pcall('SET', KEYS[1], mark).err then "
                "mark = '' "
            "end "
        "end "
        "if type(mark) == 'table' then "
            "mark = '' "
        "end "
        "return 'mark:' .. string.sub(mark, 1, "
                ngx_value(NGX_VIOLET_OWED_MARK) ") .. '\\n' "
               ".. redis.call('INFO', 'server')"),
    ""
};


ngx_violet_records_t *
ngx_violet_records_create(ngx_pool_t *pool, ngx_violet_redis_t *redis,
    ngx_shm_zone_t *zone)
{
    ngx_violet_records_t  *records;

    records = ngx_pcalloc(pool, sizeof(ngx_violet_records_t));
    if (records == NULL) {
        return NULL;
    }

    records->redis = redis;
    records->zone = zone;

    return records;
}


void
ngx_violet_records_start(ngx_violet_records_t *records)
{
    if (records->redis == NULL) {
        return;
    }

    records->owed = 1;

    records->timer.handler = ngx_violet_owed_tick;
    records->timer.data = records;
    records->timer.log = ngx_cycle->log;
    records->timer.cancelable = 1;

    ngx_add_timer(&records->timer, NGX_VIOLET_OWED_TICK);

    ngx_violet_records_check(records);
}


void
ngx_violet_records_owe(ngx_violet_records_t *records)
{
    records->owed = 1;
}


static void
ngx_violet_owed_tick(ngx_event_t *ev)
{
    ngx_violet_records_t  *records;

    records = ev->data;

    ngx_violet_owed_ask(records);

    /* another worker may have died with something owed */

    if (++records->ticks % NGX_VIOLET_OWED_TICKS == 0) {
        records->owed = 1;
    }

    if (records->owed && records->telling == 0) {
        ngx_violet_owed_tell(records);
    }

    ngx_add_timer(ev, NGX_VIOLET_OWED_TICK);
}


static void
ngx_violet_owed_tell(ngx_violet_records_t *records)
{
    u_char      names[NGX_VIOLET_OWED_NAMES];
    u_char     *p;
    ngx_str_t   name;
    ngx_uint_t  i, n, more;

    ngx_violet_records_check(records);

    /* before Redis has said who it is, everything may seem to be owed */

    if (!records->known) {
        return;
    }

    n = ngx_violet_record_owed(records, names, NGX_VIOLET_OWED_NAMES, &more);

    /* those that are told now may fail, and are looked for once more */

    records->owed = (n > 0 || more);

    for (i = 0, p = names; i < n; i++) {
        name.data = p;
        name.len = ngx_strlen(p);

        p += name.len + 1;

        ngx_violet_record_tell(records, &name);
    }
}


/*
 * The plain command is answered before the one that comes after it; the script
 * waits for a connection.
 */

void
ngx_violet_records_check(ngx_violet_records_t *records)
{
    ngx_str_t  section;

    if (records->asking || ngx_violet_owed_is_known(records)) {
        return;
    }

    ngx_str_set(&section, "server");

    if (ngx_violet_redis_command(records->redis, "INFO", &section, 1,
                                 ngx_violet_redis_conf(records->redis)
                                     ->timeout,
                                 ngx_violet_owed_answered, records)
        == NGX_VIOLET_REDIS_OK)
    {
        records->asking = 1;
        records->asked = ngx_violet_redis_losses(records->redis);
        return;
    }

    ngx_violet_owed_ask(records);
}


/* Once a second, too: Redis is emptied without a loss of the connection. */

static void
ngx_violet_owed_ask(ngx_violet_records_t *records)
{
    u_char     bytes[NGX_VIOLET_OWED_MARK / 2];
    u_char     mark[NGX_VIOLET_OWED_MARK], name[NGX_VIOLET_KEYS_NAME];
    ngx_str_t  args[2];

    if (records->asking
        || ngx_violet_random(bytes, sizeof(bytes)) != NGX_OK)
    {
        return;
    }

    args[0].data = name;
    args[0].len = ngx_snprintf(name, NGX_VIOLET_KEYS_NAME,
                               "%V" NGX_VIOLET_KEYS_SUBMIT "mark",
                               &ngx_violet_redis_conf(records->redis)->prefix)
                  - name;

    args[1].data = mark;
    args[1].len = ngx_hex_dump(mark, bytes, sizeof(bytes)) - mark;

    if (ngx_violet_redis_script_wait(records->redis, &ngx_violet_owed_script,
                                     args, 1, 2,
                                     ngx_violet_redis_conf(records->redis)
                                         ->timeout,
                                     ngx_violet_owed_answered, records)
        == NGX_VIOLET_REDIS_OK)
    {
        records->asking = 1;
        records->asked = ngx_violet_redis_losses(records->redis);
    }
}


/* Redis has said on this connection who it is. */

static ngx_uint_t
ngx_violet_owed_is_known(ngx_violet_records_t *records)
{
    return records->known
           && records->losses == ngx_violet_redis_losses(records->redis);
}


ngx_uint_t
ngx_violet_records_lost(ngx_violet_records_t *records)
{
    return !ngx_violet_owed_is_known(records)
           || records->lost > ngx_violet_clock();
}


ngx_uint_t
ngx_violet_records_fresh(ngx_violet_records_t *records)
{
    return !ngx_violet_owed_is_known(records)
           || records->lost > ngx_violet_clock() + VIOLET_RECORD_KEEP
                              - NGX_VIOLET_OWED_FRESH;
}


static void
ngx_violet_owed_answered(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_records_t  *records = data;

    size_t   len;
    u_char  *run_id, *mark;

    records->asking = 0;

    if (status != NGX_VIOLET_REDIS_OK) {

        /* an error reply: it does not allow INFO, and is not asked again */

        if (status == NGX_VIOLET_REDIS_DOWN
            && records->asked == ngx_violet_redis_losses(records->redis))
        {
            records->known = 1;
            records->losses = records->asked;
        }

        return;
    }

    run_id = ngx_violet_owed_field(reply, "run_id:", &len);

    if (run_id == NULL || len != NGX_VIOLET_RECORD_RUN_ID) {
        return;
    }

    records->known = 1;
    records->losses = ngx_violet_redis_losses(records->redis);

    mark = ngx_violet_owed_field(reply, "mark:", &len);

    if (mark && len != NGX_VIOLET_OWED_MARK) {
        mark = NULL;
    }

    ngx_violet_owed_known(records, run_id, mark);
}


static void
ngx_violet_owed_known(ngx_violet_records_t *records, u_char *run_id,
    u_char *mark)
{
    ngx_str_t                 key;
    ngx_violet_owed_update_t  update;

    ngx_str_set(&key, "submit-redis");

    ngx_memzero(&update, sizeof(ngx_violet_owed_update_t));

    update.run_id = run_id;
    update.losses = records->losses;
    update.mark = mark;

    if (ngx_violet_memory_update(records->zone, &key, 1,
                                 sizeof(ngx_violet_owed_redis_t),
                                 ngx_violet_owed_update, &update)
        != NGX_OK)
    {
        return;
    }

    records->epoch = update.redis.epoch;
    records->lost = update.redis.lost;

    if (update.changed) {
        records->owed = 1;

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "violet: Redis of records of submits was restarted, "
                      "emptied or replaced, and may have lost some: what "
                      "this host has is told to it, and for a day a cart "
                      "without a record is read before it is submitted");
    }
}


static int64_t
ngx_violet_owed_update(void *data, u_char *value)
{
    ngx_violet_owed_update_t  *update = data;

    ngx_violet_owed_redis_t    redis;

    ngx_memcpy(&redis, value, sizeof(ngx_violet_owed_redis_t));

    /* the first one that answers may not be the first one that was there */

    if (redis.epoch == 0 && update->losses == 0) {
        redis.epoch = 1;

    } else if (ngx_violet_owed_changed(&redis, update)) {
        redis.epoch++;
        redis.lost = ngx_violet_clock() + VIOLET_RECORD_KEEP;
        update->changed = 1;

        ngx_memzero(redis.mark, NGX_VIOLET_OWED_MARK);
    }

    ngx_memcpy(redis.run_id, update->run_id, NGX_VIOLET_RECORD_RUN_ID);

    if (update->mark) {
        ngx_memcpy(redis.mark, update->mark, NGX_VIOLET_OWED_MARK);
    }

    ngx_memcpy(value, &redis, sizeof(ngx_violet_owed_redis_t));

    update->redis = redis;

    return NGX_VIOLET_OWED_KNOWN;
}


static ngx_uint_t
ngx_violet_owed_changed(ngx_violet_owed_redis_t *redis,
    ngx_violet_owed_update_t *update)
{
    if (ngx_memcmp(redis->run_id, update->run_id, NGX_VIOLET_RECORD_RUN_ID)
        != 0)
    {
        return 1;
    }

    return update->mark && redis->mark[0] != '\0'
           && ngx_memcmp(redis->mark, update->mark, NGX_VIOLET_OWED_MARK) != 0;
}


/* The value of a line of INFO. */

static u_char *
ngx_violet_owed_field(redisReply *reply, char *name, size_t *len)
{
    u_char  *p, *last, *end;
    size_t   n;

    if (reply->type != REDIS_REPLY_STRING) {
        return NULL;
    }

    n = ngx_strlen(name);
    p = (u_char *) reply->str;
    last = p + reply->len;

    while (p < last) {
        end = ngx_strlchr(p, last, '\n');

        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) > n && ngx_memcmp(p, name, n) == 0) {
            p += n;
            *len = end - p;

            if (*len && p[*len - 1] == '\r') {
                (*len)--;
            }

            return p;
        }

        p = end + 1;
    }

    return NULL;
}

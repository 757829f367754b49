
/*
 * Which Redis keeps the records, and whether it may have lost some.  A Redis
 * that was restarted, or replaced by its replica, has another run_id; in one
 * that was emptied, a key with a random mark is gone.  Then the host owes
 * everything that it has to Redis, and for a day it reads a cart without a
 * record before it sends it.
 *
 * The Redis that the host knows is kept in shared memory.
 */


#include "ngx_violet_memory.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_cart_record_priv.h"
#include "ngx_violet_random.h"


/* ms in which each host sends its records to a Redis that has lost them */
#define NGX_VIOLET_SERVER_FRESH  30000

/* ms that the host remembers which Redis it knew */
#define NGX_VIOLET_SERVER_KNOWN  (366 * INT64_C(86400000))


/* in shared memory: the Redis that the host knows */

typedef struct {
    u_char                run_id[NGX_VIOLET_RECORD_RUN_ID];
    u_char                mark[NGX_VIOLET_RECORD_MARK];    /* NULs: none */
    uint32_t              epoch;
    int64_t               lost;           /* until when a read comes first */
} ngx_violet_server_t;


typedef struct {
    u_char               *run_id;
    u_char               *mark;           /* NULL: not known */
    ngx_uint_t            losses;         /* of connections, before */
    ngx_uint_t            changed;
    ngx_violet_server_t   redis;
} ngx_violet_server_update_t;


static ngx_violet_redis_status_e ngx_violet_server_begin(
    ngx_violet_records_t *records);
static ngx_int_t ngx_violet_server_new_mark(u_char *mark);
static void ngx_violet_server_marking(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_server_heard(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static ngx_uint_t ngx_violet_server_is_known(ngx_violet_records_t *records);
static void ngx_violet_server_answered(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_server_known(ngx_violet_records_t *records,
    u_char *run_id, u_char *mark);
static ngx_uint_t ngx_violet_server_changed(ngx_violet_server_t *redis,
    ngx_violet_server_update_t *update);
static int64_t ngx_violet_server_update(void *data, u_char *value);
static u_char *ngx_violet_server_field(violet_reply_t *reply, char *name,
    size_t *len);


/*
 * KEYS[1]   the mark
 * ARGV[1]   the mark to write if Redis has no mark
 *
 * A mark that cannot be read or written is empty.
 */

static ngx_violet_redis_script_t  ngx_violet_server_script = {
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
                ngx_value(NGX_VIOLET_RECORD_MARK) ") .. '\\n' "
               ".. redis.call('INFO', 'server')"),
    ""
};


void
ngx_violet_records_owe(ngx_violet_records_t *records)
{
    records->owed = 1;
}


/*
 * Plain commands are answered before the one that comes after them; the script
 * waits for a connection.
 */

void
ngx_violet_records_check(ngx_violet_records_t *records)
{
    if (records->asking || ngx_violet_server_is_known(records)) {
        return;
    }

    if (ngx_violet_server_begin(records) == NGX_VIOLET_REDIS_OK) {
        records->asking = 1;
        records->asked = ngx_violet_redis_losses(records->redis);
        return;
    }

    ngx_violet_records_ask(records);
}


/* Writes the mark if Redis has no mark, then asks for the mark and run_id. */

static ngx_violet_redis_status_e
ngx_violet_server_begin(ngx_violet_records_t *records)
{
    u_char                      mark[NGX_VIOLET_RECORD_MARK];
    ngx_str_t                   args[3], section;
    ngx_msec_t                  timeout;
    ngx_violet_redis_status_e   rc;

    if (ngx_violet_server_new_mark(mark) != NGX_OK) {
        return NGX_VIOLET_REDIS_MEMORY;
    }

    ngx_memzero(records->heard, NGX_VIOLET_RECORD_MARK);

    timeout = ngx_violet_redis_conf(records->redis)->timeout;

    args[0] = records->mark_name;
    args[1].data = mark;
    args[1].len = NGX_VIOLET_RECORD_MARK;
    ngx_str_set(&args[2], "NX");
    ngx_str_set(&section, "server");

    rc = ngx_violet_redis_command(records->redis, "SET", args, 3, timeout,
                                  ngx_violet_server_marking, records);

    if (rc == NGX_VIOLET_REDIS_OK) {
        rc = ngx_violet_redis_command(records->redis, "GET", args, 1, timeout,
                                      ngx_violet_server_heard, records);
    }

    if (rc == NGX_VIOLET_REDIS_OK) {
        rc = ngx_violet_redis_command(records->redis, "INFO", &section, 1,
                                      timeout, ngx_violet_server_answered,
                                      records);
    }

    return rc;
}


static ngx_int_t
ngx_violet_server_new_mark(u_char *mark)
{
    u_char  bytes[NGX_VIOLET_RECORD_MARK / 2];

    if (ngx_violet_random(bytes, sizeof(bytes)) != NGX_OK) {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(mark, bytes, sizeof(bytes));

    return NGX_OK;
}


/* Whether the mark was written, the next answer shows. */

static void
ngx_violet_server_marking(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    (void) data;
    (void) status;
    (void) reply;
}


static void
ngx_violet_server_heard(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_records_t  *records = data;

    if (status == NGX_VIOLET_REDIS_OK && reply->type == VIOLET_REPLY_STRING
        && reply->len == NGX_VIOLET_RECORD_MARK)
    {
        ngx_memcpy(records->heard, reply->str, NGX_VIOLET_RECORD_MARK);
    }
}


ngx_uint_t
ngx_violet_records_unmarked(ngx_violet_records_t *records,
    violet_reply_t *reply)
{
    /* Redis could not write a mark, or would not show it */

    if (records->mark[0] == '\0'
        || (reply->type == VIOLET_REPLY_STRING
            && reply->len == NGX_VIOLET_RECORD_MARK
            && ngx_memcmp(reply->str, records->mark, NGX_VIOLET_RECORD_MARK)
               == 0))
    {
        return 0;
    }

    ngx_violet_records_ask(records);

    return 1;
}


void
ngx_violet_records_ask(ngx_violet_records_t *records)
{
    u_char     mark[NGX_VIOLET_RECORD_MARK];
    ngx_str_t  args[2];

    if (records->asking || ngx_violet_server_new_mark(mark) != NGX_OK) {
        return;
    }

    ngx_memzero(records->heard, NGX_VIOLET_RECORD_MARK);

    args[0] = records->mark_name;
    args[1].data = mark;
    args[1].len = NGX_VIOLET_RECORD_MARK;

    if (ngx_violet_redis_script_wait(records->redis, &ngx_violet_server_script,
                                     args, 1, 2,
                                     ngx_violet_redis_conf(records->redis)
                                         ->timeout,
                                     ngx_violet_server_answered, records)
        == NGX_VIOLET_REDIS_OK)
    {
        records->asking = 1;
        records->asked = ngx_violet_redis_losses(records->redis);
    }
}


/* Redis has said on this connection who it is. */

static ngx_uint_t
ngx_violet_server_is_known(ngx_violet_records_t *records)
{
    return records->known
           && records->losses == ngx_violet_redis_losses(records->redis);
}


ngx_uint_t
ngx_violet_records_lost(ngx_violet_records_t *records)
{
    return !ngx_violet_server_is_known(records)
           || records->lost > ngx_violet_clock();
}


ngx_uint_t
ngx_violet_records_fresh(ngx_violet_records_t *records)
{
    return !ngx_violet_server_is_known(records)
           || records->lost > ngx_violet_clock() + VIOLET_RECORD_KEEP
                              - NGX_VIOLET_SERVER_FRESH;
}


static void
ngx_violet_server_answered(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
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

    run_id = ngx_violet_server_field(reply, "run_id:", &len);

    if (run_id == NULL || len != NGX_VIOLET_RECORD_RUN_ID) {
        return;
    }

    records->known = 1;
    records->losses = ngx_violet_redis_losses(records->redis);

    mark = ngx_violet_server_field(reply, "mark:", &len);

    if (mark && len != NGX_VIOLET_RECORD_MARK) {
        mark = NULL;
    }

    if (mark == NULL && records->heard[0] != '\0') {
        mark = records->heard;
    }

    ngx_violet_server_known(records, run_id, mark);
}


static void
ngx_violet_server_known(ngx_violet_records_t *records, u_char *run_id,
    u_char *mark)
{
    ngx_str_t                 key;
    ngx_violet_server_update_t  update;

    ngx_str_set(&key, "submit-redis");

    ngx_memzero(&update, sizeof(ngx_violet_server_update_t));

    update.run_id = run_id;
    update.losses = records->losses;
    update.mark = mark;

    if (ngx_violet_memory_update(records->zone, &key, 1,
                                 sizeof(ngx_violet_server_t),
                                 ngx_violet_server_update, &update)
        != NGX_OK)
    {
        return;
    }

    records->epoch = update.redis.epoch;
    records->lost = update.redis.lost;

    ngx_memcpy(records->mark, update.redis.mark, NGX_VIOLET_RECORD_MARK);

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
ngx_violet_server_update(void *data, u_char *value)
{
    ngx_violet_server_update_t  *update = data;

    ngx_violet_server_t    redis;

    ngx_memcpy(&redis, value, sizeof(ngx_violet_server_t));

    /* the first one that answers may not be the first one that was there */

    if (redis.epoch == 0 && update->losses == 0) {
        redis.epoch = 1;

    } else if (ngx_violet_server_changed(&redis, update)) {
        redis.epoch++;
        redis.lost = ngx_violet_clock() + VIOLET_RECORD_KEEP;
        update->changed = 1;

        ngx_memzero(redis.mark, NGX_VIOLET_RECORD_MARK);
    }

    ngx_memcpy(redis.run_id, update->run_id, NGX_VIOLET_RECORD_RUN_ID);

    if (update->mark) {
        ngx_memcpy(redis.mark, update->mark, NGX_VIOLET_RECORD_MARK);
    }

    ngx_memcpy(value, &redis, sizeof(ngx_violet_server_t));

    update->redis = redis;

    return NGX_VIOLET_SERVER_KNOWN;
}


static ngx_uint_t
ngx_violet_server_changed(ngx_violet_server_t *redis,
    ngx_violet_server_update_t *update)
{
    if (ngx_memcmp(redis->run_id, update->run_id, NGX_VIOLET_RECORD_RUN_ID)
        != 0)
    {
        return 1;
    }

    return update->mark && redis->mark[0] != '\0'
           && ngx_memcmp(redis->mark, update->mark, NGX_VIOLET_RECORD_MARK)
              != 0;
}


/* The value of a line of INFO. */

static u_char *
ngx_violet_server_field(violet_reply_t *reply, char *name, size_t *len)
{
    u_char  *p, *last, *end;
    size_t   n;

    if (reply->type != VIOLET_REPLY_STRING) {
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

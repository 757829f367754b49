
/*
 * Asks Redis which one it is; core/cart/violet_cart_server.c says whether it
 * may have lost records.  Then all records of the host are unsaved, and for a
 * day it reads a cart without a record before it sends it.
 *
 * The Redis that the host knows is kept in shared memory.
 */


#include "ngx_violet_memory.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_redis_info.h"
#include "ngx_violet_cart_record_priv.h"


/* ms in which each host sends its records to a Redis that has lost them */
#define NGX_VIOLET_SERVER_FRESH  30000

/* ms that the host remembers which Redis it knew */
#define NGX_VIOLET_SERVER_KNOWN  (366 * INT64_C(86400000))


typedef struct {
    violet_cart_server_t          server;
    violet_cart_server_answer_t   answer;
} ngx_violet_server_update_t;


static ngx_violet_redis_status_e ngx_violet_server_begin(
    ngx_violet_records_t *records);
static void ngx_violet_server_asked(ngx_violet_records_t *records);
static void ngx_violet_server_marking(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_server_heard(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_server_looked(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static ngx_uint_t ngx_violet_server_is_known(ngx_violet_records_t *records);
static void ngx_violet_server_answered(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_server_known(ngx_violet_records_t *records,
    u_char *run_id, u_char *mark);
static int64_t ngx_violet_server_update(void *data, u_char *value);
static void ngx_violet_server_tell(ngx_violet_records_t *records,
    u_char *mark);
static ngx_int_t ngx_violet_server_mark(ngx_violet_records_t *records,
    u_char *mark);


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
                ngx_value(VIOLET_SERVER_MARK) ") .. '\\n' "
               ".. redis.call('INFO', 'server')"),
    ""
};


void
ngx_violet_records_unsaved(ngx_violet_records_t *records)
{
    records->unsaved = 1;

    /* a look that is under way may have passed its place */

    records->round = 1;
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
        ngx_violet_server_asked(records);
        return;
    }

    ngx_violet_records_ask(records);
}


static void
ngx_violet_server_asked(ngx_violet_records_t *records)
{
    records->asking = 1;
    records->asked = ngx_violet_redis_losses(records->redis);
    records->asked_leaps = ngx_violet_redis_leaps(records->redis);
}


/* Writes the mark if Redis has no mark, then asks for the mark and run_id. */

static ngx_violet_redis_status_e
ngx_violet_server_begin(ngx_violet_records_t *records)
{
    u_char                      mark[VIOLET_SERVER_MARK];
    ngx_str_t                   args[3], section;
    ngx_msec_t                  timeout;
    ngx_violet_redis_status_e   rc;

    if (ngx_violet_server_mark(records, mark) != NGX_OK) {
        return NGX_VIOLET_REDIS_MEMORY;
    }

    ngx_memzero(records->heard, VIOLET_SERVER_MARK);

    timeout = ngx_violet_redis_conf(records->redis)->timeout;

    args[0] = records->mark_name;
    args[1].data = mark;
    args[1].len = VIOLET_SERVER_MARK;
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


/* Whether the mark was written, the next answer shows. */

static void
ngx_violet_server_marking(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    /* void */
}


static void
ngx_violet_server_heard(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_records_t  *records = data;

    if (status == NGX_VIOLET_REDIS_OK && reply->type == VIOLET_REPLY_STRING
        && reply->len == VIOLET_SERVER_MARK)
    {
        ngx_memcpy(records->heard, reply->str, VIOLET_SERVER_MARK);
    }
}


ngx_uint_t
ngx_violet_records_unmarked(ngx_violet_records_t *records,
    violet_reply_t *reply)
{
    /* Redis could not write a mark, or would not show it */

    if (records->mark[0] == '\0'
        || (reply->type == VIOLET_REPLY_STRING
            && reply->len == VIOLET_SERVER_MARK
            && ngx_memcmp(reply->str, records->mark, VIOLET_SERVER_MARK)
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
    u_char     mark[VIOLET_SERVER_MARK];
    ngx_str_t  args[2];

    if (records->asking || ngx_violet_server_mark(records, mark) != NGX_OK) {
        return;
    }

    ngx_memzero(records->heard, VIOLET_SERVER_MARK);

    args[0] = records->mark_name;
    args[1].data = mark;
    args[1].len = VIOLET_SERVER_MARK;

    if (ngx_violet_redis_script_wait(records->redis, &ngx_violet_server_script,
                                     args, 1, 2,
                                     ngx_violet_redis_conf(records->redis)
                                         ->timeout,
                                     ngx_violet_server_answered, records)
        == NGX_VIOLET_REDIS_OK)
    {
        ngx_violet_server_asked(records);
    }
}


/*
 * While the connection is the same, Redis is the same one, so its mark alone
 * shows that it was emptied.  A GET costs Redis a fiftieth of the script.
 */

void
ngx_violet_records_look(ngx_violet_records_t *records)
{
    if (records->mark[0] == '\0' || records->owes
        || !ngx_violet_server_is_known(records))
    {
        ngx_violet_records_ask(records);
        return;
    }

    if (records->asking || records->looking) {
        return;
    }

    if (ngx_violet_redis_command(records->redis, "GET", &records->mark_name, 1,
                                 ngx_violet_redis_conf(records->redis)
                                     ->timeout,
                                 ngx_violet_server_looked, records)
        == NGX_VIOLET_REDIS_OK)
    {
        records->looking = 1;
    }
}


static void
ngx_violet_server_looked(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_records_t  *records = data;

    records->looking = 0;

    if (status == NGX_VIOLET_REDIS_OK) {
        (void) ngx_violet_records_unmarked(records, reply);
    }
}


/* Redis has said on this connection who it is, and its clock ran on since. */

static ngx_uint_t
ngx_violet_server_is_known(ngx_violet_records_t *records)
{
    return records->known
           && records->losses == ngx_violet_redis_losses(records->redis)
           && records->leaps == ngx_violet_redis_leaps(records->redis);
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

            if (records->leaps != records->asked_leaps) {
                ngx_violet_server_known(records, NULL, NULL);
            }
        }

        return;
    }

    run_id = ngx_violet_redis_info_field(reply, "run_id:", &len);

    if (run_id == NULL || len != VIOLET_SERVER_RUN_ID) {
        return;
    }

    records->known = 1;
    records->losses = ngx_violet_redis_losses(records->redis);

    mark = ngx_violet_redis_info_field(reply, "mark:", &len);

    if (mark && len != VIOLET_SERVER_MARK) {
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
    u_char                        random[VIOLET_SERVER_MARK];
    ngx_str_t                     key;
    violet_cart_server_t         *server;
    ngx_violet_server_update_t    update;
    violet_cart_server_answer_t  *answer;

    /* the loss counts also if there are no random bytes */

    if (ngx_violet_records_new_mark(random) != NGX_OK) {
        ngx_memset(random, '0', VIOLET_SERVER_MARK);
    }

    ngx_str_set(&key, "submit-redis");

    ngx_memzero(&update, sizeof(ngx_violet_server_update_t));

    server = &update.server;
    answer = &update.answer;

    answer->run_id = run_id;
    answer->mark = mark;
    answer->random = random;
    answer->now = ngx_violet_clock();
    answer->there = ngx_violet_redis_clock(records->redis);
    answer->again = (records->losses != 0);
    answer->leapt = (records->leaps != records->asked_leaps);

    if (ngx_violet_memory_update(records->zone, &key, 1,
                                 sizeof(violet_cart_server_t),
                                 ngx_violet_server_update, &update)
        != NGX_OK)
    {
        return;
    }

    records->leaps = records->asked_leaps;
    records->epoch = server->epoch;
    records->lost = server->lost;
    records->owes = answer->tell;

    ngx_memcpy(records->mark, server->mark, VIOLET_SERVER_MARK);

    if (answer->tell) {
        ngx_violet_server_tell(records, server->next);
    }

    if (answer->changed) {
        ngx_violet_records_restore(records);

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "violet: Redis of records of submits was restarted, "
                      "emptied or replaced, or its clock was set ahead, "
                      "and it may have lost some: this "
                      "host writes its records again, and for a day a cart "
                      "without a record is read before it is submitted");
    }
}


static int64_t
ngx_violet_server_update(void *data, u_char *value)
{
    ngx_violet_server_update_t  *update = data;

    ngx_memcpy(&update->server, value, sizeof(violet_cart_server_t));

    violet_cart_server_heard(&update->server, &update->answer);

    ngx_memcpy(value, &update->server, sizeof(violet_cart_server_t));

    return NGX_VIOLET_SERVER_KNOWN;
}


static void
ngx_violet_server_tell(ngx_violet_records_t *records, u_char *mark)
{
    ngx_str_t  args[2];

    args[0] = records->mark_name;
    args[1].data = mark;
    args[1].len = VIOLET_SERVER_MARK;

    (void) ngx_violet_redis_command(records->redis, "SET", args, 2,
                                    ngx_violet_redis_conf(records->redis)
                                        ->timeout,
                                    ngx_violet_server_marking, NULL);
}


/*
 * The mark for a Redis without one: if it had one, it has lost its data.  Its
 * clock is not known while the connection is not ready.
 */

static ngx_int_t
ngx_violet_server_mark(ngx_violet_records_t *records, u_char *mark)
{
    int64_t  there;

    if (ngx_violet_records_new_mark(mark) != NGX_OK) {
        return NGX_ERROR;
    }

    if (records->mark[0] != '\0') {
        there = ngx_violet_redis_clock(records->redis);

        violet_cart_server_mark(mark, mark,
                                there >= 0 ? there : ngx_violet_epoch());
    }

    return NGX_OK;
}


/*
 * The records in Redis: a text each, see core/cart/violet_cart_record_text.c.
 * One script compares and swaps; it decides nothing.  A cart without a record
 * is claimed by a plain SET, which does the same; the question for Redis's mark
 * goes with it, since there is no record either in a Redis that was emptied.
 * An order that was made is written by a plain SET as well, which returns what
 * was there.  How long ago a record was written is what is gone of its time to
 * live, so Redis's clock alone says how old it is.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_cart_record_priv.h"


/* ms that a claim, or a look before it, waits for Redis, all in all */
#define NGX_VIOLET_RECORD_WAIT  2000

/* arguments of SET */
#define NGX_VIOLET_RECORD_SET  5

/* bytes of a version: a number, a dot, eight digits */
#define NGX_VIOLET_RECORD_VERSION  (NGX_INT32_LEN + 9)


/*
 * KEYS[1]   the record
 * ARGV[1]   the version that it must have: "" if there must be none, "!" if
 *           it must be unreadable
 * ARGV[2]   the new text, or "" to look only
 * ARGV[3]   ms that it is kept
 *
 * It returns 1 if it wrote: an array would cost Redis a fifth more.  Else it
 * returns the text that is there and the ms that are left of it.
 */

static ngx_violet_redis_script_t  ngx_violet_record_cas = {
    ngx_string(
        "local v = redis.pcall('GET', KEYS[1]) "
        "local version = '' "
        "if type(v) == 'table' or v == '' then "
            "v = '!' "
        "end "
        "if v then "
            "version = string.match(v, '^"
                ngx_value(NGX_VIOLET_FORM_SUBMIT)
                " (%d+%.%x+) ') or '!' "
        "end "
        "if ARGV[2] ~= '' and version == ARGV[1] then "
            "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) "
            "return 1 "
        "end "
        "return {v and string.sub(v, 1, "
                ngx_value(VIOLET_RECORD_TEXT) ") or '', "
                "redis.call('PTTL', KEYS[1])}"),
    ""
};


static ngx_violet_redis_status_e ngx_violet_record_set(
    ngx_violet_record_t *record);
static void ngx_violet_record_was_set(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_record_all_marked(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_record_marked(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static ngx_violet_redis_status_e ngx_violet_record_replace(
    ngx_violet_record_t *record);
static void ngx_violet_record_was_replaced(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_record_put(ngx_violet_record_t *record,
    ngx_str_t *args, u_char *text, u_char *ttl);
static ngx_violet_redis_status_e ngx_violet_record_script(
    ngx_violet_record_t *record, ngx_uint_t patient);
static ngx_msec_t ngx_violet_record_left(ngx_violet_record_t *record);
static ngx_uint_t ngx_violet_record_lost(ngx_violet_record_t *record);
static ngx_uint_t ngx_violet_record_fresh(ngx_violet_record_t *record);
static void ngx_violet_record_version(violet_cart_version_t *version,
    u_char *buf, ngx_str_t *text);
static void ngx_violet_record_before(ngx_violet_record_t *record,
    violet_reply_t *reply, violet_cart_redis_reply_t *result);


ngx_violet_redis_status_e
ngx_violet_record_run(ngx_violet_record_t *record, ngx_uint_t patient,
    ngx_violet_redis_handler_pt handler)
{
    ngx_violet_redis_status_e  rc;

    ngx_violet_records_check(record->records);

    record->handler = handler;
    record->set = 0;
    record->replaced = 0;

    rc = NGX_VIOLET_REDIS_OPEN;

    if (record->guard.writes && record->guard.replaces) {
        rc = ngx_violet_record_replace(record);

    } else if (patient && record->guard.writes
               && record->guard.expected.kind == VIOLET_VERSION_NONE)
    {
        rc = ngx_violet_record_set(record);
    }

    if (rc != NGX_VIOLET_REDIS_OK) {
        rc = ngx_violet_record_script(record, patient);
    }

    if (rc == NGX_VIOLET_REDIS_OK) {
        record->refs++;
        record->busy = 1;
    }

    return rc;
}


/*
 * The claim of a cart that has no record, as most have: a plain command costs
 * Redis a third of the script.  The mark is asked for after it, so that a Redis
 * with the mark was not emptied before it ran the claim: once for all claims
 * that are written together, or at once for one that waits for Redis.
 */

static ngx_violet_redis_status_e
ngx_violet_record_set(ngx_violet_record_t *record)
{
    u_char                      text[VIOLET_RECORD_TEXT];
    u_char                      ttl[NGX_INT64_LEN];
    ngx_str_t                   args[NGX_VIOLET_RECORD_SET];
    ngx_msec_t                  left;
    ngx_uint_t                  up;
    ngx_violet_redis_t         *redis;
    ngx_violet_redis_status_e   rc;

    redis = record->records->redis;
    left = ngx_violet_record_left(record);
    up = ngx_violet_redis_is_up(redis);

    ngx_violet_record_put(record, args, text, ttl);
    ngx_str_set(&args[4], "NX");

    rc = ngx_violet_redis_command_wait(redis, "SET", args,
                                       NGX_VIOLET_RECORD_SET, left,
                                       ngx_violet_record_was_set, record);

    if (rc != NGX_VIOLET_REDIS_OK) {
        return rc;
    }

    record->written = 0;
    record->marks++;
    record->refs++;

    if (up && !record->listed) {
        record->listed = 1;
        record->next = record->records->claims;
        record->records->claims = record;

        return NGX_VIOLET_REDIS_OK;
    }

    if (ngx_violet_redis_command_wait(redis, "GET",
                                      &record->records->mark_name, 1, left,
                                      ngx_violet_record_marked, record)
        != NGX_VIOLET_REDIS_OK)
    {
        record->unmarked = 1;
        record->marks--;
        record->refs--;
    }

    return NGX_VIOLET_REDIS_OK;
}


void
ngx_violet_record_ask_mark(void *data)
{
    ngx_violet_records_t *records = data;

    ngx_msec_t            left, least;
    ngx_violet_record_t  *record, *claims;

    claims = records->claims;

    if (claims == NULL) {
        return;
    }

    records->claims = NULL;

    least = NGX_VIOLET_RECORD_WAIT;

    for (record = claims; record; record = record->next) {
        left = ngx_violet_record_left(record);
        least = ngx_min(least, left);
    }

    if (ngx_violet_redis_command_wait(records->redis, "GET",
                                      &records->mark_name, 1, least,
                                      ngx_violet_record_all_marked, claims)
        == NGX_VIOLET_REDIS_OK)
    {
        return;
    }

    for (record = claims; record; record = record->next) {
        record->unmarked = 1;
    }

    ngx_violet_record_all_marked(claims, NGX_VIOLET_REDIS_MEMORY, NULL);
}


static void
ngx_violet_record_all_marked(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_record_t *record = data;

    ngx_violet_record_t  *next;

    for ( /* void */ ; record; record = next) {
        next = record->next;
        record->listed = 0;

        ngx_violet_record_marked(record, status, reply);
    }
}


/*
 * If there was a record, the script says which, and how old it is.  If the
 * command was lost with its connection, the script has the rest of the time.
 */

static void
ngx_violet_record_was_set(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_record_t  *record = data;

    /* "OK"; nil if there was a record */

    record->set = (status == NGX_VIOLET_REDIS_OK
                   && reply->type == VIOLET_REPLY_STATUS);

    if (record->set && record->marks) {
        record->written = 1;
        return;
    }

    if (record->set || status == NGX_VIOLET_REDIS_TIMEOUT) {
        record->handler(record, status, reply);
        return;
    }

    status = ngx_violet_record_script(record, 1);

    if (status != NGX_VIOLET_REDIS_OK) {
        record->handler(record, status, NULL);
    }
}


/* The claim counts as answered now; an older question may end before it. */

static void
ngx_violet_record_marked(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_record_t  *record = data;

    static violet_reply_t  ok = { .type = VIOLET_REPLY_STATUS };

    record->marks--;

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_records_unmarked(record->records, reply))
    {
        record->unmarked = 1;
    }

    if (record->written && record->marks == 0) {
        record->written = 0;
        record->handler(record, status,
                        status == NGX_VIOLET_REDIS_OK ? &ok : NULL);
    }

    ngx_violet_record_release(record);
}


/*
 * An order that was made: a plain command costs Redis less than the script.
 * The text that was there comes back, and the guard joins it if it is not the
 * claim.
 */

static ngx_violet_redis_status_e
ngx_violet_record_replace(ngx_violet_record_t *record)
{
    u_char               text[VIOLET_RECORD_TEXT];
    u_char               ttl[NGX_INT64_LEN];
    ngx_str_t            args[NGX_VIOLET_RECORD_SET];
    ngx_violet_redis_t  *redis;

    redis = record->records->redis;

    ngx_violet_record_put(record, args, text, ttl);
    ngx_str_set(&args[4], "GET");

    return ngx_violet_redis_command(redis, "SET", args, NGX_VIOLET_RECORD_SET,
                                    ngx_violet_redis_conf(redis)->timeout,
                                    ngx_violet_record_was_replaced, record);
}


/* The script replaces a value of another type. */

static void
ngx_violet_record_was_replaced(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_record_t  *record = data;

    record->replaced = (status == NGX_VIOLET_REDIS_OK
                        && (reply->type == VIOLET_REPLY_NIL
                            || reply->type == VIOLET_REPLY_STRING));

    if (!record->replaced && status == NGX_VIOLET_REDIS_OK) {
        status = ngx_violet_record_script(record, 0);

        if (status == NGX_VIOLET_REDIS_OK) {
            return;
        }
    }

    record->handler(record, status, reply);
}


/* The arguments of SET, but for the last one. */

static void
ngx_violet_record_put(ngx_violet_record_t *record, ngx_str_t *args,
    u_char *text, u_char *ttl)
{
    violet_cart_record_t  *write;

    write = &record->guard.write;

    args[0] = ngx_violet_record_name_of(record);

    args[1].data = text;
    args[1].len = violet_cart_record_print(write, NGX_VIOLET_FORM_SUBMIT,
                                           (char *) text);

    ngx_str_set(&args[2], "PX");

    args[3].data = ttl;
    args[3].len = ngx_sprintf(ttl, "%L", ngx_max(write->kept, 1)) - ttl;
}


static ngx_violet_redis_status_e
ngx_violet_record_script(ngx_violet_record_t *record, ngx_uint_t patient)
{
    char                  text[VIOLET_RECORD_TEXT];
    u_char                ttl[NGX_INT64_LEN];
    u_char                version[NGX_VIOLET_RECORD_VERSION];
    ngx_str_t             args[4];
    ngx_violet_redis_t   *redis;
    violet_cart_guard_t  *guard;

    redis = record->records->redis;
    guard = &record->guard;

    ngx_memzero(args, sizeof(args));

    args[0] = ngx_violet_record_name_of(record);
    args[1].data = version;
    args[2].data = (u_char *) text;
    args[3].data = ttl;

    if (guard->writes) {
        ngx_violet_record_version(&guard->expected, version, &args[1]);

        args[2].len = violet_cart_record_print(&guard->write,
                                               NGX_VIOLET_FORM_SUBMIT, text);
        args[3].len = ngx_sprintf(ttl, "%L", ngx_max(guard->write.kept, 1))
                      - ttl;
    }

    return patient
           ? ngx_violet_redis_script_wait(redis, &ngx_violet_record_cas, args,
                                          1, 4,
                                          ngx_violet_record_left(record),
                                          record->handler, record)
           : ngx_violet_redis_script(redis, &ngx_violet_record_cas, args, 1,
                                     4, ngx_violet_redis_conf(redis)->timeout,
                                     record->handler, record);
}


void
ngx_violet_record_wait(ngx_violet_record_t *record)
{
    ngx_violet_redis_t  *redis;

    redis = record->records->redis;

    if (redis) {
        record->deadline = ngx_violet_redis_waited(redis)
                           + NGX_VIOLET_RECORD_WAIT;
    }
}


static ngx_msec_t
ngx_violet_record_left(ngx_violet_record_t *record)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (record->deadline
                      - ngx_violet_redis_waited(record->records->redis));

    return left > 0 ? (ngx_msec_t) left : 0;
}


static void
ngx_violet_record_version(violet_cart_version_t *version, u_char *buf,
    ngx_str_t *text)
{
    text->data = buf;

    switch (version->kind) {

    case VIOLET_VERSION_NONE:
        text->len = 0;
        break;

    case VIOLET_VERSION_RECORD:
        text->len = ngx_sprintf(buf, "%uD.%08xD", version->seq,
                                version->stamp)
                    - buf;
        break;

    default: /* VIOLET_VERSION_UNREADABLE */
        buf[0] = '!';
        text->len = 1;
    }
}


/* The type and the range of everything that Redis returns are checked. */

void
ngx_violet_record_read(ngx_violet_record_t *record,
    ngx_violet_redis_status_e status, violet_reply_t *reply,
    violet_cart_redis_reply_t *result)
{
    int64_t                 elapsed;
    violet_reply_t         *text, *ttl;
    violet_cart_record_t   *got;

    ngx_memzero(result, sizeof(violet_cart_redis_reply_t));

    result->status = VIOLET_REDIS_AWAY;

    if (status != NGX_VIOLET_REDIS_OK) {
        return;
    }

    result->lost = ngx_violet_record_lost(record);
    result->fresh = ngx_violet_record_fresh(record);

    if (record->replaced) {
        ngx_violet_record_before(record, reply, result);
        return;
    }

    /* of SET: there was no record; of the script: it wrote */

    if (record->set
        || (reply->type == VIOLET_REPLY_INTEGER && reply->integer == 1))
    {
        result->status = VIOLET_REDIS_WRITTEN;
        return;
    }

    if (reply->type != VIOLET_REPLY_ARRAY || reply->elements != 2) {
        return;
    }

    text = &reply->element[0];
    ttl = &reply->element[1];

    if (text->type != VIOLET_REPLY_STRING
        || ttl->type != VIOLET_REPLY_INTEGER)
    {
        return;
    }

    result->status = VIOLET_REDIS_KEPT;

    if (text->len == 0) {
        return;
    }

    got = &result->record;

    if (violet_cart_record_parse(got, NGX_VIOLET_FORM_SUBMIT, text->str,
                                 text->len)
        != 0)
    {
        result->version.kind = VIOLET_VERSION_UNREADABLE;
        return;
    }

    result->version.kind = VIOLET_VERSION_RECORD;
    result->version.seq = got->seq;
    result->version.stamp = got->stamp;

    /* somebody took its time to live away: its flight ends now */

    elapsed = ttl->integer < 0
              ? (int64_t) got->left
              : ngx_violet_redis_elapsed(record->records->redis,
                                         got->kept - ttl->integer);

    violet_cart_record_pass(got, elapsed);
}


/*
 * SET returned what was there: the claim, or nothing, if Redis was emptied.
 * How old another record is, it does not say: it counts as new.
 */

static void
ngx_violet_record_before(ngx_violet_record_t *record, violet_reply_t *reply,
    violet_cart_redis_reply_t *result)
{
    u_char      buf[NGX_VIOLET_RECORD_VERSION];
    ngx_str_t   version;
    ngx_uint_t  known;

    /* "form seq.stamp ", with which the text begins */

    static const char  form[] = ngx_value(NGX_VIOLET_FORM_SUBMIT) " ";
    const size_t       head = sizeof(form) - 1;

    ngx_violet_record_version(&record->guard.expected, buf, &version);

    known = reply->type == VIOLET_REPLY_NIL
            ? !reply->cut
            : (version.len && reply->len > head + version.len
               && ngx_memcmp(reply->str, form, head) == 0
               && ngx_memcmp(reply->str + head, version.data, version.len) == 0
               && reply->str[head + version.len] == ' ');

    if (known) {
        result->status = VIOLET_REDIS_WRITTEN;
        return;
    }

    (void) violet_cart_record_parse(&result->record, NGX_VIOLET_FORM_SUBMIT,
                                    reply->str, reply->len);

    result->status = VIOLET_REDIS_REPLACED;
    result->version.kind = VIOLET_VERSION_RECORD;
    result->version.seq = record->guard.write.seq;
    result->version.stamp = record->guard.write.stamp;
}


static ngx_uint_t
ngx_violet_record_lost(ngx_violet_record_t *record)
{
    return record->unmarked || ngx_violet_records_lost(record->records);
}


/* A mark that is missing was lost a moment ago: Redis says so itself later. */

static ngx_uint_t
ngx_violet_record_fresh(ngx_violet_record_t *record)
{
    return record->unmarked || ngx_violet_records_fresh(record->records);
}

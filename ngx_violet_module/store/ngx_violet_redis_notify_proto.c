
/*
 * The commands of the link: AUTH, HELLO, in a
 * cluster GET, CLIENT TRACKING with the id that
 * HELLO gave, SUBSCRIBE, each after the reply to the one before; after that
 * Redis sends only messages and replies to PING.  Redis is not trusted: any
 * other reply is an error, and the caller closes the link.
 */


#include "ngx_violet_redis_notify_proto.h"
#include "ngx_violet_redis_connect.h"
#include "ngx_violet_redis_hello.h"


#define NGX_VIOLET_REDIS_NOTIFY_CHANNEL  "__redis__:invalidate"

/* keys of one message; a message with more means all keys */
#define NGX_VIOLET_REDIS_NOTIFY_MAX_KEYS  1000


static ngx_int_t ngx_violet_redis_notify_hello(
    ngx_violet_redis_notify_t *link, violet_reply_t *reply);
static ngx_int_t ngx_violet_redis_notify_slot(
    ngx_violet_redis_notify_t *link);
static ngx_int_t ngx_violet_redis_notify_track(
    ngx_violet_redis_notify_t *link);
static ngx_int_t ngx_violet_redis_notify_refused(
    ngx_violet_redis_notify_t *link, violet_reply_t *reply);
static ngx_int_t ngx_violet_redis_notify_message(
    ngx_violet_redis_notify_t *link, violet_reply_t *reply);
static ngx_int_t ngx_violet_redis_notify_changed(
    ngx_violet_redis_notify_t *link, violet_reply_t *keys);


/* AUTH if there is a password, then HELLO. */

ngx_int_t
ngx_violet_redis_notify_begin(ngx_violet_redis_notify_t *link)
{
    int          argc;
    u_char       name[NGX_VIOLET_REDIS_HELLO_NAME];
    size_t       lens[NGX_VIOLET_REDIS_HELLO_ARGS];
    const char  *argv[NGX_VIOLET_REDIS_HELLO_ARGS];

    if (link->state == NGX_VIOLET_REDIS_NOTIFY_CONNECTING) {
        argc = ngx_violet_redis_auth(&link->conf->username,
                                     &link->conf->password, argv, lens);

        if (argc) {
            link->state = NGX_VIOLET_REDIS_NOTIFY_AUTH;

            return ngx_violet_redis_connection_command(&link->connection,
                                                       argc, argv, lens);
        }
    }

    link->state = NGX_VIOLET_REDIS_NOTIFY_HELLO;

    argc = ngx_violet_redis_hello(argv, lens, name);

    return ngx_violet_redis_connection_command(&link->connection, argc, argv,
                                               lens);
}


static ngx_int_t
ngx_violet_redis_notify_hello(ngx_violet_redis_notify_t *link,
    violet_reply_t *reply)
{
    ngx_violet_redis_hello_t  hello;

    if (ngx_violet_redis_hello_read(&hello, reply) != NGX_OK) {
        return NGX_ERROR;
    }

    if (hello.replica) {
        ngx_violet_redis_error_replica(&link->errors,
                                       ngx_violet_redis_notify_name(link));
        return NGX_BUSY;
    }

    link->id = hello.id;

    return link->conf->cluster ? ngx_violet_redis_notify_slot(link)
                               : ngx_violet_redis_notify_track(link);
}


/*
 * A node of a cluster tracks any keys, also those that it does not have.  Only
 * a command with a key shows that it has the slot.
 */

static ngx_int_t
ngx_violet_redis_notify_slot(ngx_violet_redis_notify_t *link)
{
    size_t       lens[2];
    const char  *argv[2];

    link->state = NGX_VIOLET_REDIS_NOTIFY_SLOT;

    argv[0] = "GET";
    lens[0] = 3;

    argv[1] = (char *) link->conf->slot_key.data;
    lens[1] = link->conf->slot_key.len;

    return ngx_violet_redis_connection_command(&link->connection, 2, argv,
                                               lens);
}


static ngx_int_t
ngx_violet_redis_notify_track(ngx_violet_redis_notify_t *link)
{
    int          argc;
    u_char       text[NGX_INT64_LEN], *p;
    u_char       names[NGX_VIOLET_REDIS_NOTIFY_MAX_NAMES][256];
    size_t       lens[6 + 2 * NGX_VIOLET_REDIS_NOTIFY_MAX_NAMES];
    ngx_uint_t   i;
    const char  *argv[6 + 2 * NGX_VIOLET_REDIS_NOTIFY_MAX_NAMES];

    static const char  *words[] = {
        "CLIENT", "TRACKING", "ON", "BCAST", "REDIRECT"
    };

    for (argc = 0; argc < 5; argc++) {
        argv[argc] = words[argc];
        lens[argc] = ngx_strlen(words[argc]);
    }

    argv[argc] = (char *) text;
    lens[argc++] = ngx_sprintf(text, "%L", link->id) - text;

    for (i = 0; i < link->n; i++) {
        argv[argc] = "PREFIX";
        lens[argc++] = 6;

        p = ngx_slprintf(names[i], names[i] + sizeof(names[i]), "%V%V",
                         &link->conf->prefix, &link->names[i]);

        argv[argc] = (char *) names[i];
        lens[argc++] = p - names[i];
    }

    link->state = NGX_VIOLET_REDIS_NOTIFY_TRACKING;

    return ngx_violet_redis_connection_command(&link->connection, argc, argv,
                                               lens);
}


ngx_int_t
ngx_violet_redis_notify_ping(ngx_violet_redis_notify_t *link)
{
    size_t       len;
    const char  *word;

    word = "PING";
    len = 4;

    link->asked++;
    link->asked_at = ngx_current_msec;

    return ngx_violet_redis_connection_command(&link->connection, 1, &word,
                                               &len);
}


ngx_int_t
ngx_violet_redis_notify_reply(ngx_violet_redis_notify_t *link,
    violet_reply_t *reply)
{
    size_t       lens[2];
    const char  *argv[2];

    if (reply->type == VIOLET_REPLY_ERROR) {
        return ngx_violet_redis_notify_refused(link, reply);
    }

    switch (link->state) {

    case NGX_VIOLET_REDIS_NOTIFY_AUTH:
        if (reply->type != VIOLET_REPLY_STATUS) {
            return NGX_ERROR;
        }

        return ngx_violet_redis_notify_begin(link);

    case NGX_VIOLET_REDIS_NOTIFY_HELLO:
        return ngx_violet_redis_notify_hello(link, reply);

    case NGX_VIOLET_REDIS_NOTIFY_SLOT:
        if (reply->type != VIOLET_REPLY_NIL) {
            return NGX_ERROR;
        }

        return ngx_violet_redis_notify_track(link);

    case NGX_VIOLET_REDIS_NOTIFY_TRACKING:
        if (reply->type != VIOLET_REPLY_STATUS) {
            return NGX_ERROR;
        }

        link->state = NGX_VIOLET_REDIS_NOTIFY_SUBSCRIBE;

        argv[0] = "SUBSCRIBE";
        lens[0] = 9;
        argv[1] = NGX_VIOLET_REDIS_NOTIFY_CHANNEL;
        lens[1] = sizeof(NGX_VIOLET_REDIS_NOTIFY_CHANNEL) - 1;

        return ngx_violet_redis_connection_command(&link->connection, 2,
                                                   argv, lens);

    default: /* SUBSCRIBE, READY */
        return ngx_violet_redis_notify_message(link, reply);
    }
}


static ngx_int_t
ngx_violet_redis_notify_refused(ngx_violet_redis_notify_t *link,
    violet_reply_t *reply)
{
    const char  *what;

    if (ngx_violet_redis_topology_redirected(link->topology, &link->user,
                                             reply))
    {
        return NGX_BUSY;
    }

    switch (link->state) {

    case NGX_VIOLET_REDIS_NOTIFY_AUTH:
        what = "AUTH";
        break;

    case NGX_VIOLET_REDIS_NOTIFY_HELLO:
        what = "HELLO";
        break;

    case NGX_VIOLET_REDIS_NOTIFY_SLOT:
        what = "GET";
        break;

    default:
        what = "CLIENT TRACKING";
    }

    ngx_violet_redis_error_log(&link->errors,
                               ngx_violet_redis_notify_name(link), what,
                               reply);

    if (ngx_violet_redis_error_is_away(ngx_violet_redis_error(reply))) {
        return NGX_BUSY;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_violet_redis_notify_message(ngx_violet_redis_notify_t *link,
    violet_reply_t *reply)
{
    violet_reply_t  *kind;

    if (reply->type != VIOLET_REPLY_ARRAY || reply->elements < 2
        || reply->element[0].type != VIOLET_REPLY_STRING)
    {
        return NGX_ERROR;
    }

    kind = &reply->element[0];

    if (link->state == NGX_VIOLET_REDIS_NOTIFY_SUBSCRIBE) {

        if (ngx_strcmp(kind->str, "subscribe") != 0) {
            return NGX_ERROR;
        }

        link->state = NGX_VIOLET_REDIS_NOTIFY_READY;

        ngx_violet_redis_topology_found(link->topology);

        link->ready_at = ngx_current_msec;
        link->asked = 0;

        ngx_violet_redis_connection_ready(&link->connection);

        ngx_add_timer(&link->timer, NGX_VIOLET_REDIS_NOTIFY_PERIOD);

        link->handler(link->data, NGX_VIOLET_REDIS_NOTIFY_UP, NULL);

        return NGX_OK;
    }

    if (ngx_strcmp(kind->str, "pong") == 0) {

        if (link->asked == 0) {
            return NGX_ERROR;
        }

        if (ngx_violet_redis_has_lasted(link->ready_at)) {
            link->failures = 0;
        }

        if (--link->asked == 0) {
            link->handler(link->data, NGX_VIOLET_REDIS_NOTIFY_ALIVE, NULL);
        }

        return NGX_OK;
    }

    if (ngx_strcmp(kind->str, "message") != 0 || reply->elements != 3) {
        return NGX_ERROR;
    }

    return ngx_violet_redis_notify_changed(link, &reply->element[2]);
}


/* nil stands for all keys: FLUSHDB and FLUSHALL. */

static ngx_int_t
ngx_violet_redis_notify_changed(ngx_violet_redis_notify_t *link,
    violet_reply_t *keys)
{
    size_t      i;
    ngx_str_t   key;

    if (keys->type == VIOLET_REPLY_NIL
        || (keys->type == VIOLET_REPLY_ARRAY
            && keys->elements > NGX_VIOLET_REDIS_NOTIFY_MAX_KEYS))
    {
        link->handler(link->data, NGX_VIOLET_REDIS_NOTIFY_ALL, NULL);
        return NGX_OK;
    }

    if (keys->type != VIOLET_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    for (i = 0; i < keys->elements; i++) {

        if (keys->element[i].type != VIOLET_REPLY_STRING) {
            return NGX_ERROR;
        }

        key.data = (u_char *) keys->element[i].str;
        key.len = keys->element[i].len;

        link->handler(link->data, NGX_VIOLET_REDIS_NOTIFY_KEY, &key);
    }

    return NGX_OK;
}


/*
 * The commands that begin a connection, which are sent at once, and their
 * replies.  No other command is sent before all of them have been answered.
 */


#include "ngx_violet_redis_command.h"
#include "ngx_violet_redis_clock.h"
#include "ngx_violet_redis_connect.h"
#include "ngx_violet_redis_hello.h"
#include "ngx_violet_redis_info.h"


/*
 * bytes that Redis must echo after a failure before it is used again: as many
 * as a report has, so that a Redis that sends a few bytes a second fails
 */
#define NGX_VIOLET_REDIS_PROBE  4096


static ngx_int_t ngx_violet_redis_preamble_probe(ngx_violet_redis_t *redis);
static ngx_int_t ngx_violet_redis_preamble_pair(ngx_violet_redis_t *redis,
    const char *name, u_char *arg, size_t len);
static ngx_int_t ngx_violet_redis_preamble_command(ngx_violet_redis_t *redis,
    int argc, const char **argv, size_t *lens);


ngx_int_t
ngx_violet_redis_preamble_send(ngx_violet_redis_t *redis)
{
    int          argc;
    u_char       name[NGX_VIOLET_REDIS_HELLO_NAME], db[NGX_INT_T_LEN], *last;
    size_t       lens[NGX_VIOLET_REDIS_HELLO_ARGS];
    ngx_str_t   *key;
    const char  *argv[NGX_VIOLET_REDIS_HELLO_ARGS];

    redis->state = NGX_VIOLET_REDIS_PREAMBLE;
    redis->npreamble = 0;
    redis->answered = 0;

    argc = ngx_violet_redis_auth(&redis->conf.username,
                                 &redis->conf.password, argv, lens);

    if (argc
        && ngx_violet_redis_preamble_command(redis, argc, argv, lens)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    argc = ngx_violet_redis_hello(argv, lens, name);

    if (ngx_violet_redis_preamble_command(redis, argc, argv, lens) != NGX_OK) {
        return NGX_ERROR;
    }

    if (redis->conf.db) {
        last = ngx_sprintf(db, "%ui", redis->conf.db);

        if (ngx_violet_redis_preamble_pair(redis, "SELECT", db, last - db)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    key = &redis->conf.slot_key;

    if (redis->conf.cluster
        && ngx_violet_redis_preamble_pair(redis, "GET", key->data, key->len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_violet_redis_info_is_due(redis)
        && ngx_violet_redis_preamble_pair(redis, "INFO", (u_char *) "memory",
                                          6)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_violet_redis_preamble_probe(redis);
}


/* The kernel accepts connections for a Redis that hangs: ask for a reply. */

static ngx_int_t
ngx_violet_redis_preamble_probe(ngx_violet_redis_t *redis)
{
    char         probe[NGX_VIOLET_REDIS_PROBE];
    size_t       len;
    const char  *name;

    if (redis->failures) {
        ngx_memset(probe, '.', sizeof(probe));

        if (ngx_violet_redis_preamble_pair(redis, "PING", (u_char *) probe,
                                           sizeof(probe))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    name = "TIME";
    len = 4;

    redis->clock_asked = ngx_violet_clock();

    return ngx_violet_redis_preamble_command(redis, 1, &name, &len);
}


static ngx_int_t
ngx_violet_redis_preamble_pair(ngx_violet_redis_t *redis, const char *name,
    u_char *arg, size_t len)
{
    size_t       lens[2];
    const char  *argv[2];

    argv[0] = name;
    lens[0] = ngx_strlen(name);

    argv[1] = (char *) arg;
    lens[1] = len;

    return ngx_violet_redis_preamble_command(redis, 2, argv, lens);
}


static ngx_int_t
ngx_violet_redis_preamble_command(ngx_violet_redis_t *redis, int argc,
    const char **argv, size_t *lens)
{
    redis->preamble[redis->npreamble++] = argv[0];

    return ngx_violet_redis_connection_command(&redis->connection, argc, argv,
                                               lens);
}


ngx_int_t
ngx_violet_redis_preamble_reply(ngx_violet_redis_t *redis,
    const char *command, violet_reply_t *reply)
{
    ngx_int_t                 rc;
    ngx_violet_redis_hello_t  hello;

    ngx_memzero(&hello, sizeof(ngx_violet_redis_hello_t));

    if (ngx_strcmp(command, "INFO") == 0) {
        ngx_violet_redis_info_take(redis, reply);
        return NGX_OK;
    }

    if (ngx_strcmp(command, "TIME") == 0) {
        rc = ngx_violet_redis_clock_take(redis, reply);

    } else if (ngx_strcmp(command, "HELLO") == 0) {
        rc = ngx_violet_redis_hello_read(&hello, reply);

    } else if (ngx_strcmp(command, "PING") == 0) {
        rc = (reply->type == VIOLET_REPLY_STRING
              && reply->len == NGX_VIOLET_REDIS_PROBE)
             ? NGX_OK : NGX_ERROR;

    } else if (ngx_strcmp(command, "GET") == 0) {
        rc = (reply->type == VIOLET_REPLY_NIL) ? NGX_OK : NGX_ERROR;

        if (ngx_violet_redis_topology_redirected(redis->topology,
                                                 &redis->user, reply))
        {
            return NGX_ERROR;
        }

    } else { /* AUTH, SELECT */
        rc = (reply->type == VIOLET_REPLY_STATUS) ? NGX_OK : NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_violet_redis_error_log(&redis->errors,
                                   ngx_violet_redis_name(redis), command,
                                   reply);
        return NGX_ERROR;
    }

    if (hello.replica) {
        ngx_violet_redis_error_replica(&redis->errors,
                                       ngx_violet_redis_name(redis));
        return NGX_ERROR;
    }

    return NGX_OK;
}

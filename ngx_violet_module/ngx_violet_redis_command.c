
/*
 * Commands of the Redis client.  A command lives on the heap from the moment
 * it is accepted until hiredis has let go of it; one that missed its
 * deadline stays behind as a tombstone, so that a late reply meets it and
 * nobody else.
 */


#include "ngx_violet_redis_command.h"

#include <ngx_sha1.h>


/* timeouts in a row after which the connection is given up */
#define NGX_VIOLET_REDIS_MAX_TIMEOUTS  3


static void ngx_violet_redis_command_timeout(ngx_event_t *ev);
static void ngx_violet_redis_digest(ngx_violet_redis_script_t *script);


ngx_violet_redis_command_t *
ngx_violet_redis_create_command(ngx_violet_redis_t *redis,
    ngx_violet_redis_script_t *script, ngx_str_t *args, ngx_uint_t nkeys,
    ngx_uint_t nargs)
{
    u_char                       n[NGX_INT_T_LEN];
    size_t                       lens[NGX_VIOLET_REDIS_MAX_ARGS + 3];
    ngx_uint_t                   i;
    const char                  *argv[NGX_VIOLET_REDIS_MAX_ARGS + 3];
    ngx_violet_redis_command_t  *cmd;

    if (nargs > NGX_VIOLET_REDIS_MAX_ARGS) {
        return NULL;
    }

    ngx_violet_redis_digest(script);

    argv[0] = "EVALSHA";
    lens[0] = 7;

    argv[1] = (char *) script->sha1;
    lens[1] = 40;

    argv[2] = (char *) n;
    lens[2] = ngx_sprintf(n, "%ui", nkeys) - n;

    for (i = 0; i < nargs; i++) {
        argv[3 + i] = (char *) args[i].data;
        lens[3 + i] = args[i].len;
    }

    cmd = ngx_calloc(sizeof(ngx_violet_redis_command_t), ngx_cycle->log);
    if (cmd == NULL) {
        return NULL;
    }

    cmd->len = redisFormatCommandArgv(&cmd->request, nargs + 3, argv, lens);
    if (cmd->len < 0) {
        ngx_free(cmd);
        return NULL;
    }

    cmd->redis = redis;
    cmd->script = script;

    cmd->timer.handler = ngx_violet_redis_command_timeout;
    cmd->timer.data = cmd;
    cmd->timer.log = ngx_cycle->log;

    return cmd;
}


void
ngx_violet_redis_free_command(ngx_violet_redis_command_t *cmd)
{
    if (cmd->timer.timer_set) {
        ngx_del_timer(&cmd->timer);
    }

    redisFreeCommand(cmd->request);
    ngx_free(cmd);
}


/*
 * After the count of arguments "$7 EVALSHA $40 <digest>" gives way to
 * "$4 EVAL $<length> <source>".
 */

ngx_int_t
ngx_violet_redis_use_source(ngx_violet_redis_command_t *cmd)
{
    u_char     *head, *rest, *p;
    char       *request;
    ngx_str_t  *source;

    source = &cmd->script->source;

    head = (u_char *) ngx_strstr(cmd->request, "$7\r\nEVALSHA\r\n");
    if (head == NULL) {
        return NGX_ERROR;
    }

    rest = head + sizeof("$7\r\nEVALSHA\r\n$40\r\n") - 1 + 40 + 2;

    /* freed by redisFreeCommand(), like the one that hiredis made */

    request = malloc(cmd->len + source->len + NGX_SIZE_T_LEN);
    if (request == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(request, cmd->request, head - (u_char *) cmd->request);
    p = ngx_sprintf(p, "$4\r\nEVAL\r\n$%uz\r\n%V\r\n", source->len, source);
    p = ngx_cpymem(p, rest, (u_char *) cmd->request + cmd->len - rest);

    redisFreeCommand(cmd->request);

    cmd->request = request;
    cmd->len = p - (u_char *) request;
    cmd->by_source = 1;

    return NGX_OK;
}


static void
ngx_violet_redis_command_timeout(ngx_event_t *ev)
{
    ngx_violet_redis_t          *redis;
    ngx_violet_redis_command_t  *cmd;

    cmd = ev->data;
    redis = cmd->redis;

    ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_TIMEOUT, NULL);

    if (!cmd->sent) {
        ngx_queue_remove(&cmd->queue);
        ngx_violet_redis_free_command(cmd);
        return;
    }

    if (++redis->timeouts == NGX_VIOLET_REDIS_MAX_TIMEOUTS) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" missed %d deadlines in a row, "
                      "closing the connection",
                      &redis->conf.url, NGX_VIOLET_REDIS_MAX_TIMEOUTS);

        if (!redis->drop.posted) {
            ngx_post_event(&redis->drop, &ngx_posted_events);
        }
    }
}


void
ngx_violet_redis_done(ngx_violet_redis_command_t *cmd,
    ngx_violet_redis_status_e status, redisReply *reply)
{
    if (cmd->done) {
        return;
    }

    cmd->done = 1;

    if (cmd->timer.timer_set) {
        ngx_del_timer(&cmd->timer);
    }

    cmd->handler(cmd->data, status, reply);
}


static void
ngx_violet_redis_digest(ngx_violet_redis_script_t *script)
{
    u_char      digest[20];
    ngx_sha1_t  sha1;

    if (script->sha1[0]) {
        return;
    }

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, script->source.data, script->source.len);
    ngx_sha1_final(digest, &sha1);

    ngx_hex_dump(script->sha1, digest, 20);
}


ngx_str_t
ngx_violet_redis_words(redisReply *reply, u_char *buf, size_t size,
    ngx_uint_t code)
{
    u_char     ch;
    size_t     i;
    ngx_str_t  words;

    if (reply->type != REDIS_REPLY_ERROR) {
        ngx_str_set(&words, "unexpected reply");
        return words;
    }

    for (i = 0; i < size && i < (size_t) reply->len; i++) {
        ch = reply->str[i];

        if (code && ch == ' ') {
            break;
        }

        buf[i] = (ch < 0x20 || ch > 0x7e || ch == '"') ? '?' : ch;
    }

    words.data = buf;
    words.len = i;

    return words;
}

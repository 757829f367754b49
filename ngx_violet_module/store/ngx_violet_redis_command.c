
/*
 * Commands of the Redis client.  A command lives on the heap from the moment
 * it is accepted until its reply has come or the connection is lost.  A
 * command that missed its deadline stays in the queue, so that a late reply is
 * matched with it and not with another command.
 *
 * Replies come in the order of the commands.  So once a reply is late, the
 * replies behind it will be late, too: all commands in the queue time out at
 * once, and no command is added before all of them have been answered.
 */


#include "ngx_violet_redis_command.h"
#include "ngx_violet_redis_connect.h"
#include "ngx_violet_sha1.h"
#include "violet_resp_command.h"


static ngx_violet_redis_status_e ngx_violet_redis_eval(
    ngx_violet_redis_t *redis, ngx_violet_redis_script_t *script,
    ngx_str_t *args, ngx_uint_t nkeys, ngx_uint_t nargs, ngx_uint_t patient,
    ngx_msec_t timeout, ngx_violet_redis_handler_pt handler, void *data);
static ngx_violet_redis_status_e ngx_violet_redis_run(
    ngx_violet_redis_t *redis, ngx_violet_redis_script_t *script,
    ngx_str_t *head, ngx_uint_t nhead, ngx_str_t *args, ngx_uint_t nargs,
    ngx_uint_t patient, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data);
static ngx_violet_redis_status_e ngx_violet_redis_begin(
    ngx_violet_redis_t *redis, ngx_violet_redis_script_t *script,
    ngx_uint_t patient, size_t len, size_t own,
    ngx_violet_redis_command_t **command, char **bytes);
static ngx_violet_redis_status_e ngx_violet_redis_submit(
    ngx_violet_redis_command_t *cmd, ngx_msec_t timeout);
static ngx_uint_t ngx_violet_redis_is_away(ngx_violet_redis_t *redis);
static void ngx_violet_redis_digest(ngx_violet_redis_script_t *script);
static ngx_int_t ngx_violet_redis_send(ngx_violet_redis_command_t *cmd);
static void ngx_violet_redis_sent(ngx_violet_redis_command_t *cmd);
static ngx_violet_redis_command_t *ngx_violet_redis_take(ngx_queue_t *queue);
static ngx_uint_t ngx_violet_redis_refused(ngx_violet_redis_command_t *cmd,
    violet_reply_t *reply);
static ngx_int_t ngx_violet_redis_use_source(ngx_violet_redis_command_t *cmd);


ngx_violet_redis_status_e
ngx_violet_redis_script(ngx_violet_redis_t *redis,
    ngx_violet_redis_script_t *script, ngx_str_t *args, ngx_uint_t nkeys,
    ngx_uint_t nargs, ngx_msec_t timeout, ngx_violet_redis_handler_pt handler,
    void *data)
{
    return ngx_violet_redis_eval(redis, script, args, nkeys, nargs, 0, timeout,
                                 handler, data);
}


ngx_violet_redis_status_e
ngx_violet_redis_script_wait(ngx_violet_redis_t *redis,
    ngx_violet_redis_script_t *script, ngx_str_t *args, ngx_uint_t nkeys,
    ngx_uint_t nargs, ngx_msec_t timeout, ngx_violet_redis_handler_pt handler,
    void *data)
{
    return ngx_violet_redis_eval(redis, script, args, nkeys, nargs, 1, timeout,
                                 handler, data);
}


static ngx_violet_redis_status_e
ngx_violet_redis_eval(ngx_violet_redis_t *redis,
    ngx_violet_redis_script_t *script, ngx_str_t *args, ngx_uint_t nkeys,
    ngx_uint_t nargs, ngx_uint_t patient, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data)
{
    u_char     n[NGX_INT_T_LEN];
    ngx_str_t  head[3];

    ngx_violet_redis_digest(script);

    ngx_str_set(&head[0], "EVALSHA");

    head[1].data = script->sha1;
    head[1].len = 40;

    head[2].data = n;
    head[2].len = ngx_sprintf(n, "%ui", nkeys) - n;

    return ngx_violet_redis_run(redis, script, head, 3, args, nargs, patient,
                                timeout, handler, data);
}


ngx_violet_redis_status_e
ngx_violet_redis_command(ngx_violet_redis_t *redis, const char *name,
    ngx_str_t *args, ngx_uint_t nargs, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data)
{
    ngx_str_t  head;

    head.data = (u_char *) name;
    head.len = ngx_strlen(name);

    return ngx_violet_redis_run(redis, NULL, &head, 1, args, nargs, 0, timeout,
                                handler, data);
}


ngx_violet_redis_status_e
ngx_violet_redis_command_wait(ngx_violet_redis_t *redis, const char *name,
    ngx_str_t *args, ngx_uint_t nargs, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data)
{
    ngx_str_t  head;

    head.data = (u_char *) name;
    head.len = ngx_strlen(name);

    return ngx_violet_redis_run(redis, NULL, &head, 1, args, nargs, 1, timeout,
                                handler, data);
}


/* The command is the words of "head" and the arguments. */

static ngx_violet_redis_status_e
ngx_violet_redis_run(ngx_violet_redis_t *redis,
    ngx_violet_redis_script_t *script, ngx_str_t *head, ngx_uint_t nhead,
    ngx_str_t *args, ngx_uint_t nargs, ngx_uint_t patient, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data)
{
    char                        *bytes;
    size_t                       lens[NGX_VIOLET_REDIS_MAX_ARGS + 3];
    ngx_str_t                   *word;
    ngx_uint_t                   i;
    const char                  *argv[NGX_VIOLET_REDIS_MAX_ARGS + 3];
    ngx_violet_redis_status_e    status;
    ngx_violet_redis_command_t  *cmd;

    if (nargs > NGX_VIOLET_REDIS_MAX_ARGS) {
        return NGX_VIOLET_REDIS_MEMORY;
    }

    for (i = 0; i < nhead + nargs; i++) {
        word = (i < nhead) ? &head[i] : &args[i - nhead];

        argv[i] = (char *) word->data;
        lens[i] = word->len;
    }

    status = ngx_violet_redis_begin(redis, script, patient,
                                    violet_resp_command_len(nhead + nargs,
                                                            lens),
                                    0, &cmd, &bytes);

    if (status != NGX_VIOLET_REDIS_OK) {
        return status;
    }

    (void) violet_resp_command(bytes, nhead + nargs, argv, lens);

    cmd->handler = handler;
    cmd->data = data;

    return ngx_violet_redis_submit(cmd, timeout);
}


ngx_violet_redis_status_e
ngx_violet_redis_read(ngx_violet_redis_t *redis,
    ngx_violet_redis_form_t *form, ngx_str_t *key, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data, size_t len)
{
    char                        *p;
    size_t                       word;
    ngx_str_t                   *prefix;
    ngx_violet_redis_status_e    status;
    ngx_violet_redis_command_t  *cmd;

    prefix = &redis->conf.prefix;
    word = prefix->len + key->len;

    status = ngx_violet_redis_begin(redis, NULL, 0,
                                    form->head.len
                                    + violet_resp_command_word_len(word)
                                    + form->tail.len,
                                    len, &cmd, &p);

    if (status != NGX_VIOLET_REDIS_OK) {
        return status;
    }

    p = (char *) ngx_cpymem(p, form->head.data, form->head.len);
    p = violet_resp_command_word(p, word);
    p = (char *) ngx_cpymem(p, prefix->data, prefix->len);
    p = (char *) ngx_cpymem(p, key->data, key->len);
    *p++ = '\r';
    *p++ = '\n';
    ngx_memcpy(p, form->tail.data, form->tail.len);

    cmd->handler = handler;
    cmd->data = cmd + 1;
    ngx_memcpy(cmd->data, data, len);

    return ngx_violet_redis_submit(cmd, timeout);
}


/*
 * Makes a command of so many bytes, which the caller writes.  They go into the
 * buffer of the connection at once, unless the command may have to wait or be
 * sent again.  Behind the command there are "own" bytes for its caller.
 */

static ngx_violet_redis_status_e
ngx_violet_redis_begin(ngx_violet_redis_t *redis,
    ngx_violet_redis_script_t *script, ngx_uint_t patient, size_t len,
    size_t own, ngx_violet_redis_command_t **command, char **bytes)
{
    ngx_uint_t                   away, kept;
    ngx_violet_redis_command_t  *cmd;

    away = ngx_violet_redis_is_away(redis);

    if (away && !(patient && redis->initialized && !ngx_exiting)) {
        ngx_violet_redis_count_refused(redis);

        return redis->distrusted ? NGX_VIOLET_REDIS_MEMORY
                                 : NGX_VIOLET_REDIS_OPEN;
    }

    kept = script || away || redis->state != NGX_VIOLET_REDIS_READY;

    cmd = ngx_alloc(sizeof(ngx_violet_redis_command_t) + own
                    + (kept ? len : 0), ngx_cycle->log);
    if (cmd == NULL) {
        return NGX_VIOLET_REDIS_MEMORY;
    }

    ngx_memzero(cmd, sizeof(ngx_violet_redis_command_t));

    cmd->redis = redis;
    cmd->script = script;
    cmd->patient = patient;
    cmd->len = len;

    if (kept) {
        cmd->request = (char *) (cmd + 1) + own;
        *bytes = cmd->request;

    } else {
        *bytes = ngx_violet_redis_connection_room(&redis->connection, len);

        if (*bytes == NULL) {
            ngx_free(cmd);
            return NGX_VIOLET_REDIS_MEMORY;
        }
    }

    *command = cmd;

    return NGX_VIOLET_REDIS_OK;
}


/* The bytes of the command are written. */

static ngx_violet_redis_status_e
ngx_violet_redis_submit(ngx_violet_redis_command_t *cmd, ngx_msec_t timeout)
{
    ngx_violet_redis_t  *redis;

    redis = cmd->redis;

    if (cmd->request == NULL) {
        ngx_violet_redis_connection_written(&redis->connection, cmd->len);
        ngx_violet_redis_sent(cmd);

    } else if (redis->state != NGX_VIOLET_REDIS_READY
               || ngx_violet_redis_is_away(redis))
    {
        ngx_queue_insert_tail(&redis->pending, &cmd->queue);

    } else if (ngx_violet_redis_send(cmd) != NGX_OK) {
        ngx_violet_redis_free_command(cmd);
        return NGX_VIOLET_REDIS_MEMORY;
    }

    ngx_violet_redis_deadline(cmd, timeout);

    return NGX_VIOLET_REDIS_OK;
}


/* While the breaker is open only the connection's own PING is sent. */

static ngx_uint_t
ngx_violet_redis_is_away(ngx_violet_redis_t *redis)
{
    return !redis->initialized || redis->stalled || redis->drop.posted
           || redis->state == NGX_VIOLET_REDIS_IDLE
           || (redis->state != NGX_VIOLET_REDIS_READY && redis->failures);
}


void
ngx_violet_redis_free_command(ngx_violet_redis_command_t *cmd)
{
    if (cmd->by_source) {
        ngx_free(cmd->request);
    }

    ngx_free(cmd);
}


static void
ngx_violet_redis_digest(ngx_violet_redis_script_t *script)
{
    if (script->sha1[0] == '\0') {
        (void) ngx_violet_sha1_hex(&script->source, script->sha1);
    }
}


/* After NGX_OK the command is freed when its reply has come. */

static ngx_int_t
ngx_violet_redis_send(ngx_violet_redis_command_t *cmd)
{
    if (ngx_violet_redis_connection_send(&cmd->redis->connection,
                                         cmd->request, cmd->len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_violet_redis_sent(cmd);

    return NGX_OK;
}


static void
ngx_violet_redis_sent(ngx_violet_redis_command_t *cmd)
{
    cmd->sent = 1;
    cmd->sent_at = ngx_violet_redis_waited(cmd->redis);

    ngx_violet_redis_count_sent(cmd);

    ngx_queue_insert_tail(&cmd->redis->sent, &cmd->queue);
}


void
ngx_violet_redis_distrust(ngx_violet_redis_t *redis)
{
    if (!ngx_violet_redis_connection_is_open(&redis->connection)) {
        return;
    }

    ngx_violet_redis_connection_stop(&redis->connection);

    redis->distrusted = 1;

    ngx_post_event(&redis->drop, &ngx_posted_events);
}


ngx_int_t
ngx_violet_redis_keep(ngx_violet_redis_t *redis, ngx_pool_t *pool)
{
    return ngx_violet_redis_connection_keep(&redis->connection, pool);
}


void
ngx_violet_redis_demoted(ngx_violet_redis_t *redis)
{
    redis->demoted = 1;

    ngx_violet_redis_connection_stop(&redis->connection);

    ngx_post_event(&redis->drop, &ngx_posted_events);
}


void
ngx_violet_redis_send_pending(ngx_violet_redis_t *redis)
{
    ngx_violet_redis_command_t  *cmd;

    while ((cmd = ngx_violet_redis_take(&redis->pending)) != NULL) {

        if (ngx_violet_redis_send(cmd) != NGX_OK) {
            ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_MEMORY, NULL);
            ngx_violet_redis_free_command(cmd);
        }
    }
}


void
ngx_violet_redis_fail_commands(ngx_violet_redis_t *redis, ngx_uint_t all)
{
    ngx_queue_t                  patient;
    ngx_violet_redis_command_t  *cmd;

    while ((cmd = ngx_violet_redis_take(&redis->sent)) != NULL) {
        ngx_violet_redis_done(cmd, redis->distrusted ? NGX_VIOLET_REDIS_MEMORY
                                                     : NGX_VIOLET_REDIS_DOWN,
                              NULL);
        ngx_violet_redis_free_command(cmd);
    }

    ngx_queue_init(&patient);

    while ((cmd = ngx_violet_redis_take(&redis->pending)) != NULL) {

        if (cmd->patient && !all) {
            ngx_queue_insert_tail(&patient, &cmd->queue);
            continue;
        }

        ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_DOWN, NULL);
        ngx_violet_redis_free_command(cmd);
    }

    if (!ngx_queue_empty(&patient)) {
        ngx_queue_add(&redis->pending, &patient);
    }

    ngx_violet_redis_deadline_idle(redis);
}


static ngx_violet_redis_command_t *
ngx_violet_redis_take(ngx_queue_t *queue)
{
    ngx_queue_t  *q;

    if (ngx_queue_empty(queue)) {
        return NULL;
    }

    q = ngx_queue_head(queue);

    /* a command is in no queue when it is freed */

    ngx_queue_remove(q);                            /* NOLINT(*-unix.Malloc) */

    return ngx_queue_data(q, ngx_violet_redis_command_t, queue);
}


void
ngx_violet_redis_command_reply(ngx_violet_redis_t *redis, violet_reply_t *reply)
{
    ngx_violet_redis_command_t  *cmd;

    cmd = ngx_violet_redis_take(&redis->sent);

    if (cmd == NULL) {
        ngx_violet_redis_distrust(redis);
        return;
    }

    if (reply->type == VIOLET_REPLY_ERROR) {

        if (ngx_violet_redis_refused(cmd, reply)
            && ngx_violet_redis_send(cmd) == NGX_OK)
        {
            return;
        }

        if (cmd->script == NULL
            && ngx_violet_redis_error(reply)
               == NGX_VIOLET_REDIS_ERROR_WRONGTYPE)
        {
            ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_OK, reply);

        } else {
            ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_DOWN, NULL);
        }

    } else {
        if (redis->failures && ngx_violet_redis_has_lasted(redis->ready_at)) {
            redis->failures = 0;
        }

        ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_OK, reply);
    }

    ngx_violet_redis_free_command(cmd);

    ngx_violet_redis_deadline_idle(redis);
    ngx_violet_redis_recover(redis);
}


/* Returns true if the command is to be sent again, with its source. */

static ngx_uint_t
ngx_violet_redis_refused(ngx_violet_redis_command_t *cmd, violet_reply_t *reply)
{
    ngx_violet_redis_t        *redis;
    ngx_violet_redis_error_e   error;

    redis = cmd->redis;

    if (reply->len >= 8 && ngx_strncmp(reply->str, "NOSCRIPT", 8) == 0
        && cmd->script && !cmd->by_source)
    {
        /* a command whose deadline has passed is not sent again */

        return !cmd->done && !redis->drop.posted
               && ngx_violet_redis_use_source(cmd) == NGX_OK;
    }

    if (ngx_violet_redis_topology_redirected(redis->topology, &redis->user,
                                             reply))
    {
        ngx_post_event(&redis->drop, &ngx_posted_events);
        return 0;
    }

    error = ngx_violet_redis_error(reply);

    ngx_violet_redis_error_log(&redis->errors, ngx_violet_redis_name(redis),
                               NULL, reply);

    if (error == NGX_VIOLET_REDIS_ERROR_READONLY) {
        ngx_violet_redis_demoted(redis);

    } else if (ngx_violet_redis_error_is_away(error)) {
        ngx_post_event(&redis->drop, &ngx_posted_events);
    }

    return 0;
}


/*
 * After the count of arguments "$7 EVALSHA $40 <digest>" gives way to
 * "$4 EVAL $<length> <source>".
 */

static ngx_int_t
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

    request = ngx_alloc(cmd->len + source->len + NGX_SIZE_T_LEN,
                        ngx_cycle->log);
    if (request == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(request, cmd->request, head - (u_char *) cmd->request);
    p = ngx_sprintf(p, "$4\r\nEVAL\r\n$%uz\r\n%V\r\n", source->len, source);
    p = ngx_cpymem(p, rest, (u_char *) cmd->request + cmd->len - rest);

    cmd->request = request;
    cmd->len = p - (u_char *) request;
    cmd->by_source = 1;

    return NGX_OK;
}


void
ngx_violet_redis_done(ngx_violet_redis_command_t *cmd,
    ngx_violet_redis_status_e status, violet_reply_t *reply)
{
    if (cmd->done) {
        return;
    }

    cmd->done = 1;
    cmd->timed = 0;

    ngx_violet_redis_count_done(cmd, status);

    cmd->handler(cmd->data, status, reply);
}

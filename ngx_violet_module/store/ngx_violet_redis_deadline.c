
/*
 * Deadlines of commands.  The client has one timer for all of its commands,
 * set to the earliest deadline: most commands are answered long before, and
 * then their deadlines cost nothing.
 *
 * A command that was not answered in time means that Redis is stalled.  All
 * its commands time out, and it is bypassed until it has answered each.
 *
 * The time of a deadline is time in which the worker looked for the reply.  If
 * a worker stands still, or its clock jumps, Redis may have had no turn, and a
 * claim of a submit that timed out could be sent beside that of another host.
 * So there is a look at least once a slice, and between two looks no more than
 * a slice counts.
 */


#include "ngx_violet_redis_command.h"


/* ms between two looks for replies, and what counts of it at most */
#define NGX_VIOLET_REDIS_SLICE  100

/* ms without a reply after which the connection is closed, as looks */
#define NGX_VIOLET_REDIS_STALL  1000
#define NGX_VIOLET_REDIS_STALL_LOOKS                                          \
    (NGX_VIOLET_REDIS_STALL / NGX_VIOLET_REDIS_SLICE)


static void ngx_violet_redis_deadline_set(ngx_violet_redis_t *redis,
    ngx_msec_t at);
static void ngx_violet_redis_deadline_look(ngx_queue_t *queue);
static void ngx_violet_redis_deadline_next(ngx_violet_redis_t *redis,
    ngx_queue_t *queue);
static void ngx_violet_redis_deadline_missed(ngx_violet_redis_command_t *cmd);
static void ngx_violet_redis_stall(ngx_violet_redis_t *redis);


ngx_msec_t
ngx_violet_redis_waited(ngx_violet_redis_t *redis)
{
    ngx_msec_t  passed;

    passed = ngx_current_msec - redis->looked_at;

    redis->looked_at = ngx_current_msec;
    redis->waited += ngx_min(passed, NGX_VIOLET_REDIS_SLICE);

    return redis->waited;
}


void
ngx_violet_redis_deadline(ngx_violet_redis_command_t *cmd, ngx_msec_t timeout)
{
    cmd->deadline = ngx_violet_redis_waited(cmd->redis) + timeout;
    cmd->timed = 1;

    cmd->redis->deadline_timer.cancelable = 0;

    ngx_violet_redis_deadline_set(cmd->redis, cmd->deadline);
}


static void
ngx_violet_redis_deadline_set(ngx_violet_redis_t *redis, ngx_msec_t at)
{
    ngx_event_t     *timer;
    ngx_msec_int_t   left;

    timer = &redis->deadline_timer;

    left = (ngx_msec_int_t) (at - redis->waited);
    left = ngx_max(left, 0);
    left = ngx_min(left, NGX_VIOLET_REDIS_SLICE);

    if (timer->timer_set) {

        if ((ngx_msec_int_t) (timer->timer.key - ngx_current_msec) <= left) {
            return;
        }

        ngx_del_timer(timer);
    }

    ngx_add_timer(timer, (ngx_msec_t) left);
}


/* A worker that exits waits for commands, not for a timer without any. */

void
ngx_violet_redis_deadline_idle(ngx_violet_redis_t *redis)
{
    redis->deadline_timer.cancelable = ngx_queue_empty(&redis->sent)
                                       && ngx_queue_empty(&redis->pending);
}


void
ngx_violet_redis_deadline_timer(ngx_event_t *ev)
{
    ngx_violet_redis_t  *redis;

    redis = ev->data;

    (void) ngx_violet_redis_waited(redis);

    ngx_violet_redis_deadline_look(&redis->sent);
    ngx_violet_redis_deadline_look(&redis->pending);

    ngx_violet_redis_deadline_next(redis, &redis->sent);
    ngx_violet_redis_deadline_next(redis, &redis->pending);

    ngx_violet_redis_deadline_idle(redis);
}


/* A handler may add commands, at the end; it removes none. */

static void
ngx_violet_redis_deadline_look(ngx_queue_t *queue)
{
    ngx_queue_t                 *q, *next;
    ngx_violet_redis_command_t  *cmd;

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = next)
    {
        next = ngx_queue_next(q);

        cmd = ngx_queue_data(q, ngx_violet_redis_command_t, queue);

        if (cmd->timed
            && (ngx_msec_int_t) (cmd->deadline - cmd->redis->waited) <= 0)
        {
            ngx_violet_redis_deadline_missed(cmd);
        }
    }
}


static void
ngx_violet_redis_deadline_next(ngx_violet_redis_t *redis, ngx_queue_t *queue)
{
    ngx_queue_t                 *q;
    ngx_violet_redis_command_t  *cmd;

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_next(q))
    {
        cmd = ngx_queue_data(q, ngx_violet_redis_command_t, queue);

        if (cmd->timed) {
            ngx_violet_redis_deadline_set(redis, cmd->deadline);
        }
    }
}


static void
ngx_violet_redis_deadline_missed(ngx_violet_redis_command_t *cmd)
{
    ngx_msec_t  age, timeout;

    cmd->timed = 0;

    if (!cmd->sent) {
        ngx_queue_remove(&cmd->queue);

        ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_TIMEOUT, NULL);
        ngx_violet_redis_free_command(cmd);
        return;
    }

    age = cmd->redis->waited - cmd->sent_at;
    timeout = cmd->redis->conf.timeout;

    if (age >= timeout) {
        ngx_violet_redis_stall(cmd->redis);
    }

    ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_TIMEOUT, NULL);

    /*
     * this command had a shorter deadline than violet_redis timeout=: that is
     * no sign of a slow Redis yet
     */

    if (age < timeout) {
        cmd->deadline = cmd->sent_at + timeout;
        cmd->timed = 1;
    }
}


static void
ngx_violet_redis_stall(ngx_violet_redis_t *redis)
{
    ngx_queue_t                 *q;
    ngx_violet_redis_command_t  *cmd;

    if (!redis->stalled) {
        redis->stalled = 1;
        redis->failures++;
        redis->stall_looks = NGX_VIOLET_REDIS_STALL_LOOKS;

        ngx_add_timer(&redis->stall_timer, NGX_VIOLET_REDIS_SLICE);

        if (ngx_violet_redis_error_due(&redis->errors,
                                       NGX_VIOLET_REDIS_ERROR_STALLED))
        {
            redis->stall_logged = 1;

            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "violet: Redis at \"%V\" did not answer within "
                          "%Mms and is bypassed until it answers again",
                          ngx_violet_redis_name(redis), redis->conf.timeout);
        }
    }

    for (q = ngx_queue_head(&redis->sent);
         q != ngx_queue_sentinel(&redis->sent);
         q = ngx_queue_next(q))
    {
        cmd = ngx_queue_data(q, ngx_violet_redis_command_t, queue);

        if (!cmd->patient) {
            ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_TIMEOUT, NULL);
        }
    }
}


/* A clock that jumps counts as one look, and drops no connection. */

void
ngx_violet_redis_stall_timer(ngx_event_t *ev)
{
    ngx_violet_redis_t  *redis;

    redis = ev->data;

    if (--redis->stall_looks) {
        ngx_add_timer(ev, NGX_VIOLET_REDIS_SLICE);
        return;
    }

    redis->drop.handler(&redis->drop);
}


/* All late commands have been answered: Redis is used again. */

void
ngx_violet_redis_recover(ngx_violet_redis_t *redis)
{
    if (!redis->stalled || !ngx_queue_empty(&redis->sent)) {
        return;
    }

    redis->stalled = 0;

    if (redis->stall_timer.timer_set) {
        ngx_del_timer(&redis->stall_timer);
    }

    if (redis->stall_logged) {
        redis->stall_logged = 0;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" answers again",
                      ngx_violet_redis_name(redis));
    }

    ngx_violet_redis_send_pending(redis);
}

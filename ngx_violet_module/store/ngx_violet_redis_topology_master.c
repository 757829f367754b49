
/*
 * The master that a sentinel or a node of a cluster names, or that Redis names
 * by MOVED: the users of the topology move to it.
 */


#include "ngx_violet_redis_topology_priv.h"

#include "violet_backoff.h"


/*
 * ms from one change of the master to the next that is followed; it doubles
 * with each one, up to the second, and begins anew after a time without any
 */
#define NGX_VIOLET_REDIS_REDIRECT       100
#define NGX_VIOLET_REDIS_REDIRECT_MOST  2000
#define NGX_VIOLET_REDIS_REDIRECT_NEW   10000

/* ms in which NGX_VIOLET_REDIS_CHANGES are logged */
#define NGX_VIOLET_REDIS_CHANGES_TIME  60000


static ngx_uint_t ngx_violet_redis_topology_follows(
    ngx_violet_redis_topology_t *topology);
static ngx_uint_t ngx_violet_redis_topology_moves(
    ngx_violet_redis_topology_t *topology);
static void ngx_violet_redis_topology_tell(
    ngx_violet_redis_topology_t *topology, ngx_str_t *before);


ngx_uint_t
ngx_violet_redis_topology_redirected(ngx_violet_redis_topology_t *t,
    ngx_violet_redis_topology_user_t *user, violet_reply_t *reply)
{
    violet_node_t  node;
    violet_text_t  text;

    if (!t->conf->cluster || reply->type != VIOLET_REPLY_ERROR
        || ngx_violet_redis_error(reply) != NGX_VIOLET_REDIS_ERROR_MOVED)
    {
        return 0;
    }

    text.data = reply->str;
    text.len = reply->len;

    if (violet_node_moved(&node, text) == 0) {
        ngx_violet_redis_topology_master(t, &node, &user->place);
    }

    ngx_violet_redis_topology_lost(t);

    return 1;
}


void
ngx_violet_redis_topology_master(ngx_violet_redis_topology_t *t,
    violet_node_t *node, ngx_violet_redis_place_t *from)
{
    u_char     before[VIOLET_NODE_HOST + 8], host[NGX_SOCKADDR_STRLEN];
    ngx_str_t  name, old;

    name.data = (u_char *) node->host.data;
    name.len = node->host.len;

    if (name.len == 0) {
        name.data = host;
        name.len = ngx_sock_ntop(from->addr.sockaddr, from->addr.socklen,
                                 host, sizeof(host), 0);
    }

    if (ngx_violet_redis_host_is(&t->master, &name, node->port)
        || !ngx_violet_redis_topology_follows(t))
    {
        return;
    }

    old.data = before;
    old.len = t->name.len;
    ngx_memcpy(before, t->text, old.len);

    t->name.data = t->text;
    t->name.len = ngx_snprintf(t->text, sizeof(t->text), "%V:%i", &name,
                               (ngx_int_t) node->port)
                  - t->text;

    ngx_violet_redis_topology_tell(t, &old);

    if (ngx_violet_redis_host_set(&t->master, t->conf, &name, node->port)
        == NGX_OK)
    {
        ngx_violet_redis_host_look(&t->master);
    }

    if (t->master.is_name && !t->names.timer_set && t->conf->resolver) {
        ngx_add_timer(&t->names, NGX_VIOLET_REDIS_LOOK);
    }

    ngx_violet_redis_topology_move(t);
}


/*
 * Nodes that send to each other, and sentinels that do not agree, are not
 * followed in a circle.
 */

static ngx_uint_t
ngx_violet_redis_topology_follows(ngx_violet_redis_topology_t *t)
{
    ngx_msec_t  delay;

    delay = violet_backoff(ngx_violet_redis_topology_moves(t),
                           NGX_VIOLET_REDIS_REDIRECT,
                           NGX_VIOLET_REDIS_REDIRECT_MOST);

    if (ngx_current_msec - t->moved_at < delay) {
        return 0;
    }

    t->moves++;
    t->moved_at = ngx_current_msec;

    return 1;
}


/* Changes in quick succession. */

static ngx_uint_t
ngx_violet_redis_topology_moves(ngx_violet_redis_topology_t *t)
{
    if (ngx_current_msec - t->moved_at >= NGX_VIOLET_REDIS_REDIRECT_NEW) {
        t->moves = 0;
    }

    return t->moves;
}


ngx_msec_t
ngx_violet_redis_topology_soon(ngx_violet_redis_topology_t *t)
{
    ngx_uint_t  moves;

    moves = ngx_violet_redis_topology_moves(t);

    return violet_backoff(ngx_max(moves, 1), NGX_VIOLET_REDIS_LOOK_SOON,
                          NGX_VIOLET_REDIS_LOOK);
}


/* Sentinels that do not agree must not fill the log. */

static void
ngx_violet_redis_topology_tell(ngx_violet_redis_topology_t *t,
    ngx_str_t *before)
{
    ngx_uint_t  n;

    n = ngx_violet_redis_topology_changes(t);

    if (n > NGX_VIOLET_REDIS_CHANGES) {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "violet: Redis at %V is the master now%s%V%s%s",
                  &t->name, before->len ? ", it was " : "", before,
                  t->conf->cluster ? " (of our slot of the cluster)" : "",
                  n == NGX_VIOLET_REDIS_CHANGES
                  ? ", more changes of this minute are not logged" : "");
}


ngx_uint_t
ngx_violet_redis_topology_changes(ngx_violet_redis_topology_t *t)
{
    if (t->logged == 0
        || ngx_current_msec - t->logged_at >= NGX_VIOLET_REDIS_CHANGES_TIME)
    {
        t->logged_at = ngx_current_msec;
        t->logged = 0;
    }

    return ++t->logged;
}


/*
 * The master that a sentinel or a node of a cluster names, or that Redis names
 * by MOVED: the users of the topology move to it.
 */


#include "ngx_violet_redis_topology_priv.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_memory_clock.h"

#include "violet_backoff.h"
#include "violet_hash.h"


/*
 * ms from one change of the master to the next that is followed; it doubles
 * with each one, up to the second, and begins anew after a time without any
 */
#define NGX_VIOLET_REDIS_REDIRECT       100
#define NGX_VIOLET_REDIS_REDIRECT_MOST  2000
#define NGX_VIOLET_REDIS_REDIRECT_NEW   10000

/* ms in which NGX_VIOLET_REDIS_CHANGES are logged */
#define NGX_VIOLET_REDIS_CHANGES_TIME  60000

/* ms that the host remembers which master it logged last */
#define NGX_VIOLET_REDIS_TOLD          86400000

/* bytes of the name of this counter in shared memory */
#define NGX_VIOLET_REDIS_TOLD_NAME     32


/* in shared memory: the master that was logged last, by two hashes */

typedef struct {
    uint32_t   crc;
    uint32_t   hash;
    int64_t    since;       /* the first of the changes of a minute */
    uint64_t   changes;
} ngx_violet_redis_topology_told_t;


typedef struct {
    ngx_violet_redis_topology_told_t  told;
    ngx_uint_t                        changes;   /* 0: it was logged */
} ngx_violet_redis_topology_news_t;


static ngx_uint_t ngx_violet_redis_topology_follows(
    ngx_violet_redis_topology_t *topology);
static ngx_msec_t ngx_violet_redis_topology_rest(
    ngx_violet_redis_topology_t *topology);
static ngx_uint_t ngx_violet_redis_topology_moves(
    ngx_violet_redis_topology_t *topology);
static void ngx_violet_redis_topology_tell(
    ngx_violet_redis_topology_t *topology, ngx_str_t *before);
static ngx_uint_t ngx_violet_redis_topology_news(
    ngx_violet_redis_topology_t *topology);
static int64_t ngx_violet_redis_topology_told(void *data, u_char *value);


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
        user->sent_away = 1;
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
    if (ngx_violet_redis_topology_rest(t)) {
        return 0;
    }

    t->moves++;
    t->moved_at = ngx_current_msec;

    return 1;
}


/* ms until a change of the master is followed. */

static ngx_msec_t
ngx_violet_redis_topology_rest(ngx_violet_redis_topology_t *t)
{
    ngx_msec_t  delay, since;

    delay = violet_backoff(ngx_violet_redis_topology_moves(t),
                           NGX_VIOLET_REDIS_REDIRECT,
                           NGX_VIOLET_REDIS_REDIRECT_MOST);

    since = ngx_current_msec - t->moved_at;

    return since < delay ? delay - since : 0;
}


ngx_msec_t
ngx_violet_redis_topology_delay(ngx_violet_redis_topology_t *t,
    ngx_violet_redis_topology_user_t *user, ngx_msec_t delay)
{
    if (!user->sent_away) {
        return delay;
    }

    user->sent_away = 0;

    return ngx_max(delay, ngx_violet_redis_topology_rest(t));
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


/* The worker that hears of it first logs it, for all workers of the host. */

static void
ngx_violet_redis_topology_tell(ngx_violet_redis_topology_t *t,
    ngx_str_t *before)
{
    ngx_uint_t  n;

    n = ngx_violet_redis_topology_news(t);

    if (n == 0 || n > NGX_VIOLET_REDIS_CHANGES) {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "violet: Redis at %V is the master now%s%V%s%s",
                  &t->name, before->len ? ", it was " : "", before,
                  t->conf->cluster ? " (of our slot of the cluster)" : "",
                  n == NGX_VIOLET_REDIS_CHANGES
                  ? ", more changes of this minute are not logged" : "");
}


/*
 * The number of changes of the last minute on this host, with this one; 0 if
 * another worker has logged it.  Sentinels that do not agree must not fill the
 * log.
 */

static ngx_uint_t
ngx_violet_redis_topology_news(ngx_violet_redis_topology_t *t)
{
    u_char                           name[NGX_VIOLET_REDIS_TOLD_NAME];
    uint32_t                         asked;
    ngx_str_t                        key;
    ngx_violet_redis_conf_t         *conf;
    ngx_violet_redis_topology_news_t  news;

    conf = t->conf;

    /* the same sentinels may watch two masters, a cluster has many */

    ngx_crc32_init(asked);
    ngx_crc32_update(&asked, conf->url.data, conf->url.len);
    ngx_crc32_update(&asked, conf->sentinel.data, conf->sentinel.len);
    ngx_crc32_update(&asked, conf->prefix.data, conf->prefix.len);
    ngx_crc32_final(asked);

    key.data = name;
    key.len = ngx_sprintf(name, "redis-master:%08xD", asked) - name;

    ngx_memzero(&news, sizeof(ngx_violet_redis_topology_news_t));

    news.told.crc = ngx_crc32_long(t->name.data, t->name.len);
    news.told.hash = violet_hash(t->name.data, t->name.len);

    if (ngx_violet_memory_update(t->conf->zone, &key, 1,
                                 sizeof(ngx_violet_redis_topology_told_t),
                                 ngx_violet_redis_topology_told, &news)
        != NGX_OK)
    {
        return ngx_violet_redis_topology_changes(t);
    }

    return news.changes;
}


static int64_t
ngx_violet_redis_topology_told(void *data, u_char *value)
{
    ngx_violet_redis_topology_news_t  *news = data;

    int64_t                           now;
    ngx_violet_redis_topology_told_t  told;

    ngx_memcpy(&told, value, sizeof(ngx_violet_redis_topology_told_t));

    if (told.changes == 0 || told.crc != news->told.crc
        || told.hash != news->told.hash)
    {
        now = ngx_violet_clock();

        if (told.changes == 0
            || now - told.since >= NGX_VIOLET_REDIS_CHANGES_TIME)
        {
            told.since = now;
            told.changes = 0;
        }

        told.crc = news->told.crc;
        told.hash = news->told.hash;
        news->changes = ++told.changes;

        ngx_memcpy(value, &told, sizeof(ngx_violet_redis_topology_told_t));
    }

    return NGX_VIOLET_REDIS_TOLD;
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

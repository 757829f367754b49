
/*
 * The topology: names, the master that others named, and its users.  A name
 * that gets other addresses moves its users only when a connection to a new
 * address could be made; a master that a sentinel or a node names moves them
 * at once, since the old one takes no writes that last.
 */


#include "ngx_violet_redis_topology_priv.h"


static void ngx_violet_redis_topology_hosts(
    ngx_violet_redis_topology_t *topology);
static void ngx_violet_redis_topology_look(
    ngx_violet_redis_topology_t *topology);
static void ngx_violet_redis_topology_names(ngx_event_t *ev);
static ngx_uint_t ngx_violet_redis_topology_named(
    ngx_violet_redis_topology_t *topology);
static void ngx_violet_redis_topology_changed(void *data);
static void ngx_violet_redis_topology_check(
    ngx_violet_redis_topology_t *topology);
static ngx_uint_t ngx_violet_redis_topology_is_right(
    ngx_violet_redis_topology_t *topology,
    ngx_violet_redis_topology_user_t *user);
static void ngx_violet_redis_topology_probed(void *data);
static void ngx_violet_redis_topology_probe_reply(void *data,
    violet_reply_t *reply);
static void ngx_violet_redis_topology_probe_lost(void *data,
    ngx_violet_redis_error_e error, ngx_err_t err, const char *why);


static ngx_violet_redis_connection_handlers_t
    ngx_violet_redis_topology_probe =
{
    ngx_violet_redis_topology_probed,
    ngx_violet_redis_topology_probe_reply,
    ngx_violet_redis_topology_probe_lost,
    NULL
};


ngx_violet_redis_topology_t *
ngx_violet_redis_topology_create(ngx_pool_t *pool,
    ngx_violet_redis_conf_t *conf)
{
    ngx_violet_redis_topology_t  *t;

    t = ngx_pcalloc(pool, sizeof(ngx_violet_redis_topology_t));
    if (t == NULL) {
        return NULL;
    }

    t->urls = ngx_pcalloc(pool,
                          conf->nurls * sizeof(ngx_violet_redis_host_t));
    if (t->urls == NULL) {
        return NULL;
    }

    if (conf->cluster) {
        t->nodes = ngx_pcalloc(pool, NGX_VIOLET_REDIS_NODES
                                     * sizeof(ngx_violet_redis_host_t));
        if (t->nodes == NULL) {
            return NULL;
        }
    }

    t->conf = conf;
    t->kind = conf->sentinel.len ? &ngx_violet_redis_sentinel
              : conf->cluster ? &ngx_violet_redis_cluster : NULL;

    return t;
}


void
ngx_violet_redis_topology_add(ngx_violet_redis_topology_t *t,
    ngx_violet_redis_topology_user_t *user)
{
    if (t->nusers < NGX_VIOLET_REDIS_USERS) {
        t->users[t->nusers++] = user;
    }
}


void
ngx_violet_redis_topology_start(ngx_violet_redis_topology_t *t)
{
    violet_text_t  prefix;

    t->started = 1;
    t->missing = 1;

    prefix.data = (char *) t->conf->prefix.data;
    prefix.len = t->conf->prefix.len;

    t->slot = t->conf->cluster ? violet_node_slot(prefix) : 0;

    ngx_violet_redis_topology_hosts(t);

    t->probe.handlers = &ngx_violet_redis_topology_probe;
    t->probe.data = t;
    t->probe.counted = 1;

    t->names.handler = ngx_violet_redis_topology_names;
    t->names.data = t;
    t->names.log = ngx_cycle->log;
    t->names.cancelable = 1;

    ngx_violet_redis_topology_names(&t->names);

    if (t->kind) {
        ngx_violet_redis_ask_start(t);
    }
}


/* Names were resolved after the topology was created. */

static void
ngx_violet_redis_topology_hosts(ngx_violet_redis_topology_t *t)
{
    ngx_uint_t  i;

    for (i = 0; i < t->conf->nurls; i++) {
        ngx_violet_redis_host_url(&t->urls[i], t->conf, &t->conf->urls[i]);

        t->urls[i].changed = ngx_violet_redis_topology_changed;
        t->urls[i].data = t;
    }

    t->master.changed = ngx_violet_redis_topology_changed;
    t->master.data = t;

    for (i = 0; t->nodes && i < NGX_VIOLET_REDIS_NODES; i++) {
        t->nodes[i].changed = ngx_violet_redis_topology_changed;
        t->nodes[i].data = t;
    }
}


void
ngx_violet_redis_topology_close(ngx_violet_redis_topology_t *t)
{
    ngx_uint_t  i;

    if (!t->started) {
        return;
    }

    t->started = 0;

    for (i = 0; i < t->conf->nurls; i++) {
        ngx_violet_redis_host_close(&t->urls[i]);
    }

    for (i = 0; t->nodes && i < NGX_VIOLET_REDIS_NODES; i++) {
        ngx_violet_redis_host_close(&t->nodes[i]);
    }

    ngx_violet_redis_host_close(&t->master);

    ngx_violet_redis_connection_end(&t->probe);

    if (t->names.timer_set) {
        ngx_del_timer(&t->names);
    }

    ngx_violet_redis_ask_close(t);
}


/* Once a second, if there is a name. */

static void
ngx_violet_redis_topology_names(ngx_event_t *ev)
{
    ngx_violet_redis_topology_t  *t;

    t = ev->data;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    ngx_violet_redis_topology_look(t);
    ngx_violet_redis_topology_check(t);

    if (ngx_violet_redis_topology_named(t)) {
        ngx_add_timer(&t->names, NGX_VIOLET_REDIS_LOOK);
    }
}


static void
ngx_violet_redis_topology_look(ngx_violet_redis_topology_t *t)
{
    ngx_uint_t  i;

    for (i = 0; i < t->conf->nurls; i++) {
        ngx_violet_redis_host_look(&t->urls[i]);
    }

    for (i = 0; i < t->nnodes; i++) {
        ngx_violet_redis_host_look(&t->nodes[i]);
    }

    ngx_violet_redis_host_look(&t->master);
}


static ngx_uint_t
ngx_violet_redis_topology_named(ngx_violet_redis_topology_t *t)
{
    ngx_uint_t  i;

    if (t->conf->resolver == NULL) {
        return 0;
    }

    for (i = 0; i < t->conf->nurls; i++) {

        if (t->urls[i].is_name) {
            return 1;
        }
    }

    for (i = 0; i < t->nnodes; i++) {

        if (t->nodes[i].is_name) {
            return 1;
        }
    }

    return t->master.is_name;
}


/* The resolver has given a host other addresses. */

static void
ngx_violet_redis_topology_changed(void *data)
{
    ngx_violet_redis_topology_t  *t = data;

    ngx_uint_t                         i;
    ngx_violet_redis_topology_user_t  *user;

    for (i = 0; i < t->nusers; i++) {
        user = t->users[i];

        if (!user->open) {
            user->moved(user->data);
        }
    }

    ngx_violet_redis_topology_check(t);
}


/* Tries a new address if the address of a connection has gone. */

static void
ngx_violet_redis_topology_check(ngx_violet_redis_topology_t *t)
{
    ngx_uint_t  i;

    if (ngx_violet_redis_connection_is_open(&t->probe)) {
        return;
    }

    for (i = 0; i < t->nusers; i++) {

        if (t->users[i]->open
            && !ngx_violet_redis_topology_is_right(t, t->users[i]))
        {
            break;
        }
    }

    if (i == t->nusers
        || ngx_violet_redis_topology_where(t, &t->probed, t->probes)
           != NGX_OK)
    {
        t->probes = 0;
        return;
    }

    ngx_violet_redis_connection_open(&t->probe, t->conf,
                                     &t->probed.place.addr,
                                     t->probed.place.ssl_name);
}


static ngx_uint_t
ngx_violet_redis_topology_is_right(ngx_violet_redis_topology_t *t,
    ngx_violet_redis_topology_user_t *user)
{
    ngx_uint_t  i;

    if (t->kind) {
        return ngx_violet_redis_host_has(&t->master, &user->place);
    }

    for (i = 0; i < t->conf->nurls; i++) {

        if (ngx_violet_redis_host_has(&t->urls[i], &user->place)) {
            return 1;
        }
    }

    return 0;
}


/* All whose connection is missing or wrong connect anew. */

void
ngx_violet_redis_topology_move(ngx_violet_redis_topology_t *t)
{
    ngx_uint_t                         i;
    ngx_violet_redis_topology_user_t  *user;

    for (i = 0; i < t->nusers; i++) {
        user = t->users[i];

        if (!user->open || !ngx_violet_redis_topology_is_right(t, user)) {
            user->moved(user->data);
        }
    }
}


static void
ngx_violet_redis_topology_probed(void *data)
{
    ngx_violet_redis_topology_t  *t = data;

    ngx_violet_redis_connection_close(&t->probe);

    t->probes = 0;

    if (ngx_violet_redis_topology_changes(t) <= NGX_VIOLET_REDIS_CHANGES) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" has moved to %V",
                      ngx_violet_redis_topology_name(t),
                      &t->probed.place.addr.name);
    }

    ngx_violet_redis_topology_move(t);
}


/* Nothing is asked, so nothing may be sent. */

static void
ngx_violet_redis_topology_probe_reply(void *data, violet_reply_t *reply)
{
    ngx_violet_redis_topology_t  *t = data;

    ngx_violet_redis_connection_close(&t->probe);
}


/* The next second's look tries the next address. */

static void
ngx_violet_redis_topology_probe_lost(void *data,
    ngx_violet_redis_error_e error, ngx_err_t err, const char *why)
{
    ngx_violet_redis_topology_t  *t = data;

    t->probes++;
}


ngx_int_t
ngx_violet_redis_topology_where(ngx_violet_redis_topology_t *t,
    ngx_violet_redis_topology_user_t *user, ngx_uint_t tries)
{
    ngx_uint_t                i, n;
    ngx_violet_redis_host_t  *host;

    if (t->kind) {

        if (t->master.naddrs == 0) {
            return NGX_AGAIN;
        }

        ngx_violet_redis_host_place(&t->master, tries, &user->place);
        return NGX_OK;
    }

    n = 0;

    for (i = 0; i < t->conf->nurls; i++) {
        n += t->urls[i].naddrs;
    }

    if (n == 0) {
        return NGX_AGAIN;
    }

    n = tries % n;

    for (host = t->urls; n >= host->naddrs; host++) {
        n -= host->naddrs;
    }

    ngx_violet_redis_host_place(host, n, &user->place);

    return NGX_OK;
}


void
ngx_violet_redis_topology_found(ngx_violet_redis_topology_t *t)
{
    t->missing = 0;
}


void
ngx_violet_redis_topology_lost(ngx_violet_redis_topology_t *t)
{
    ngx_uint_t  i;

    if (!t->started || ngx_exiting || ngx_terminate) {
        return;
    }

    /* a master that answers another user's commands is not missing */

    for (i = 0; i < t->nusers && !t->users[i]->ready; i++) {
        /* void */
    }

    t->missing = (i == t->nusers);

    ngx_violet_redis_topology_look(t);

    if (t->kind) {
        ngx_violet_redis_ask_soon(t);
    }
}


ngx_str_t *
ngx_violet_redis_topology_name(ngx_violet_redis_topology_t *t)
{
    return t->name.len ? &t->name : &t->conf->url;
}

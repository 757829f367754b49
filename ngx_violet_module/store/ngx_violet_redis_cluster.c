
/*
 * Cluster: the node that has the slot of the prefix, as another node says,
 * and nodes that are asked when those of the URLs fail.
 *
 * CLUSTER SLOTS is an array of ranges: first slot, last slot, master, its
 * replicas; a node is host, port, id, more.
 *
 * Source: https://redis.io/commands/cluster-slots/
 */


#include "ngx_violet_redis_topology_priv.h"


static int ngx_violet_redis_cluster_ask(ngx_violet_redis_topology_t *t,
    const char **argv, size_t *lens);
static ngx_int_t ngx_violet_redis_cluster_answer(
    ngx_violet_redis_topology_t *t, violet_reply_t *reply);
static violet_reply_t *ngx_violet_redis_cluster_range(violet_reply_t *reply,
    ngx_int_t slot);
static ngx_int_t ngx_violet_redis_cluster_node(violet_node_t *node,
    violet_reply_t *reply, u_char *port);
static void ngx_violet_redis_cluster_learn(ngx_violet_redis_topology_t *t,
    violet_reply_t *range);
static ngx_uint_t ngx_violet_redis_cluster_knows(
    ngx_violet_redis_topology_t *t, ngx_str_t *name, in_port_t port);


ngx_violet_redis_topology_kind_t  ngx_violet_redis_cluster = {
    ngx_string("node"),
    ngx_string("CLUSTER SLOTS"),
    ngx_violet_redis_cluster_ask,
    ngx_violet_redis_cluster_answer,
    0
};


static int
ngx_violet_redis_cluster_ask(ngx_violet_redis_topology_t *t,
    const char **argv, size_t *lens)
{
    argv[0] = "CLUSTER";
    lens[0] = 7;

    argv[1] = "SLOTS";
    lens[1] = 5;

    return 2;
}


static ngx_int_t
ngx_violet_redis_cluster_answer(ngx_violet_redis_topology_t *t,
    violet_reply_t *reply)
{
    size_t           i;
    u_char           port[NGX_INT64_LEN];
    violet_reply_t  *range;
    violet_node_t    node;

    if (reply->type != VIOLET_REPLY_ARRAY) {
        ngx_violet_redis_ask_useless(t, NGX_VIOLET_REDIS_ERROR_PROTOCOL,
                                     "it sent no list of slots");
        return NGX_DECLINED;
    }

    range = ngx_violet_redis_cluster_range(reply, t->slot);

    if (range == NULL
        || ngx_violet_redis_cluster_node(&node, &range->element[2], port)
           != NGX_OK)
    {
        ngx_violet_redis_ask_useless(t, NGX_VIOLET_REDIS_ERROR_PROTOCOL,
                                     "no node has the slot of our prefix");
        return NGX_DECLINED;
    }

    ngx_violet_redis_topology_master(t, &node, &t->place);

    /* a new list, the nodes of our slot first: they are needed most */

    t->nnodes = 0;

    ngx_violet_redis_cluster_learn(t, range);

    for (i = 0; i < reply->elements; i++) {
        ngx_violet_redis_cluster_learn(t, &reply->element[i]);
    }

    return NGX_OK;
}


/* The range of the slot, which has a master; NULL if there is none. */

static violet_reply_t *
ngx_violet_redis_cluster_range(violet_reply_t *reply, ngx_int_t slot)
{
    size_t           i;
    violet_reply_t  *range;

    for (i = 0; i < reply->elements; i++) {
        range = &reply->element[i];

        if (range->type == VIOLET_REPLY_ARRAY && range->elements >= 3
            && range->element[0].type == VIOLET_REPLY_INTEGER
            && range->element[1].type == VIOLET_REPLY_INTEGER
            && range->element[0].integer <= slot
            && slot <= range->element[1].integer)
        {
            return range;
        }
    }

    return NULL;
}


/* "port" has room for the number's text, on which the result depends. */

static ngx_int_t
ngx_violet_redis_cluster_node(violet_node_t *node, violet_reply_t *reply,
    u_char *port)
{
    violet_text_t  host, text;

    if (reply->type != VIOLET_REPLY_ARRAY || reply->elements < 2
        || reply->element[1].type != VIOLET_REPLY_INTEGER)
    {
        return NGX_ERROR;
    }

    if (reply->element[0].type == VIOLET_REPLY_STRING) {
        host.data = reply->element[0].str;
        host.len = reply->element[0].len;

    } else if (reply->element[0].type == VIOLET_REPLY_NIL) {
        host.data = "";
        host.len = 0;

    } else {
        return NGX_ERROR;
    }

    text.data = (char *) port;
    text.len = ngx_sprintf(port, "%L", (int64_t) reply->element[1].integer)
               - port;

    return violet_node_read(node, host, text) == 0 ? NGX_OK : NGX_ERROR;
}


/* A node that has the same place as in the list before keeps its addresses. */

static void
ngx_violet_redis_cluster_learn(ngx_violet_redis_topology_t *t,
    violet_reply_t *range)
{
    size_t                    i;
    u_char                    port[NGX_INT64_LEN];
    ngx_str_t                 name;
    violet_node_t             node;
    ngx_violet_redis_host_t  *host;

    if (range->type != VIOLET_REPLY_ARRAY) {
        return;
    }

    for (i = 2; i < range->elements; i++) {

        if (t->nnodes == NGX_VIOLET_REDIS_NODES) {
            return;
        }

        if (ngx_violet_redis_cluster_node(&node, &range->element[i], port)
            != NGX_OK
            || node.host.len == 0)
        {
            continue;
        }

        name.data = (u_char *) node.host.data;
        name.len = node.host.len;

        if (ngx_violet_redis_cluster_knows(t, &name, node.port)) {
            continue;
        }

        host = &t->nodes[t->nnodes++];

        if (!ngx_violet_redis_host_is(host, &name, node.port)) {
            (void) ngx_violet_redis_host_set(host, t->conf, &name, node.port);
        }
    }
}


static ngx_uint_t
ngx_violet_redis_cluster_knows(ngx_violet_redis_topology_t *t,
    ngx_str_t *name, in_port_t port)
{
    ngx_uint_t  i;

    for (i = 0; i < t->conf->nurls; i++) {

        if (ngx_violet_redis_host_is(&t->urls[i], name, port)) {
            return 1;
        }
    }

    for (i = 0; i < t->nnodes; i++) {

        if (ngx_violet_redis_host_is(&t->nodes[i], name, port)) {
            return 1;
        }
    }

    return 0;
}

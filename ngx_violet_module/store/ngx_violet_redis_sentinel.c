
/*
 * Sentinel: the master of a name, as a sentinel says.
 *
 * Source: https://redis.io/docs/reference/sentinel-clients/
 */


#include "ngx_violet_redis_topology_priv.h"


static int ngx_violet_redis_sentinel_ask(ngx_violet_redis_topology_t *t,
    const char **argv, size_t *lens);
static ngx_int_t ngx_violet_redis_sentinel_answer(
    ngx_violet_redis_topology_t *t, violet_reply_t *reply);


ngx_violet_redis_topology_kind_t  ngx_violet_redis_sentinel = {
    ngx_string("sentinel"),
    ngx_string("SENTINEL GET-MASTER-ADDR-BY-NAME"),
    ngx_violet_redis_sentinel_ask,
    ngx_violet_redis_sentinel_answer,
    1
};


static int
ngx_violet_redis_sentinel_ask(ngx_violet_redis_topology_t *t,
    const char **argv, size_t *lens)
{
    argv[0] = "SENTINEL";
    lens[0] = 8;

    argv[1] = "GET-MASTER-ADDR-BY-NAME";
    lens[1] = 23;

    argv[2] = (char *) t->conf->sentinel.data;
    lens[2] = t->conf->sentinel.len;

    return 3;
}


/* An array of host and port; nil if the sentinel does not know the name. */

static ngx_int_t
ngx_violet_redis_sentinel_answer(ngx_violet_redis_topology_t *t,
    violet_reply_t *reply)
{
    ngx_uint_t     i;
    violet_node_t  node;
    violet_text_t  part[2];

    if (reply->type == VIOLET_REPLY_NIL) {
        ngx_violet_redis_ask_useless(t, NGX_VIOLET_REDIS_ERROR_PROTOCOL,
                                     "it knows no master of the name in "
                                     "\"sentinel=\"");
        return NGX_DECLINED;
    }

    if (reply->type != VIOLET_REPLY_ARRAY || reply->elements != 2) {
        goto useless;
    }

    for (i = 0; i < 2; i++) {

        if (reply->element[i].type != VIOLET_REPLY_STRING) {
            goto useless;
        }

        part[i].data = reply->element[i].str;
        part[i].len = reply->element[i].len;
    }

    if (violet_node_read(&node, part[0], part[1]) != 0 || node.host.len == 0)
    {
        goto useless;
    }

    ngx_violet_redis_topology_master(t, &node, &t->place);

    return NGX_OK;

useless:

    ngx_violet_redis_ask_useless(t, NGX_VIOLET_REDIS_ERROR_PROTOCOL,
                                     "it sent no address of a master");

    return NGX_DECLINED;
}

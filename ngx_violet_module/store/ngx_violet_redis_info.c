
/*
 * INFO memory.  Its reply has a line "name:value" for each figure.  Eviction
 * needs both, a "maxmemory" that is not 0 and another policy than noeviction.
 */


#include "ngx_violet_redis_info.h"


static ngx_int_t ngx_violet_redis_info_value(violet_reply_t *reply, char *name,
    ngx_str_t *value);


ngx_uint_t
ngx_violet_redis_info_is_due(ngx_violet_redis_t *redis)
{
    return redis->conf.records && !redis->evicts && ngx_worker == 0;
}


void
ngx_violet_redis_info_take(ngx_violet_redis_t *redis, violet_reply_t *reply)
{
    ngx_str_t  size, policy;

    if (reply->type != VIOLET_REPLY_STRING
        || ngx_violet_redis_info_value(reply, "\nmaxmemory:", &size)
           != NGX_OK
        || ngx_violet_redis_info_value(reply, "\nmaxmemory_policy:", &policy)
           != NGX_OK)
    {
        return;
    }

    if ((size.len == 1 && size.data[0] == '0')
        || (policy.len == sizeof("noeviction") - 1
            && ngx_strncmp(policy.data, "noeviction", policy.len) == 0))
    {
        ngx_violet_redis_count_evicts(redis, 0);
        return;
    }

    redis->evicts = 1;

    ngx_violet_redis_count_evicts(redis, 1);

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "violet: Redis at \"%V\" may evict the records of submits, "
                  "\"maxmemory-policy\" is \"%V\", and then a cart can be "
                  "ordered twice: set it to \"noeviction\", or use "
                  "\"violet_submit_redis\"", ngx_violet_redis_name(redis),
                  &policy);
}


/* The rest of the line that begins so, if it is a plain word. */

static ngx_int_t
ngx_violet_redis_info_value(violet_reply_t *reply, char *name, ngx_str_t *value)
{
    u_char  *p, *last;

    p = (u_char *) reply->str;
    last = p + reply->len;

    p = ngx_strlcasestrn(p, last, (u_char *) name, ngx_strlen(name) - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p + ngx_strlen(name);

    for (p = value->data; p < last; p++) {
        if ((*p < '0' || *p > '9') && (*p < 'a' || *p > 'z') && *p != '-') {
            break;
        }
    }

    value->len = p - value->data;

    return (value->len && p < last && *p == CR) ? NGX_OK : NGX_ERROR;
}

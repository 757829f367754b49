
/*
 * The replies of INFO, which have a line "name:value" for each field.  Eviction
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

    if (ngx_violet_redis_info_value(reply, "maxmemory:", &size) != NGX_OK
        || ngx_violet_redis_info_value(reply, "maxmemory_policy:", &policy)
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


/* The value of a field, if it is a plain word. */

static ngx_int_t
ngx_violet_redis_info_value(violet_reply_t *reply, char *name, ngx_str_t *value)
{
    size_t  i;
    u_char  c;

    value->data = ngx_violet_redis_info_field(reply, name, &value->len);

    if (value->data == NULL || value->len == 0) {
        return NGX_ERROR;
    }

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if ((c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '-') {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


u_char *
ngx_violet_redis_info_field(violet_reply_t *reply, char *name, size_t *len)
{
    u_char  *p, *last, *end;
    size_t   n;

    if (reply->type != VIOLET_REPLY_STRING) {
        return NULL;
    }

    n = ngx_strlen(name);
    p = (u_char *) reply->str;
    last = p + reply->len;

    while (p < last) {
        end = ngx_strlchr(p, last, '\n');

        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) > n && ngx_memcmp(p, name, n) == 0) {
            p += n;
            *len = end - p;

            if (*len && p[*len - 1] == '\r') {
                (*len)--;
            }

            return p;
        }

        p = end + 1;
    }

    return NULL;
}

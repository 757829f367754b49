
/*
 * HELLO and its reply: an array of names and values in turn, in any order.
 * Names that are not known are passed over.
 */


#include "ngx_violet_redis_hello.h"


static ngx_uint_t ngx_violet_redis_hello_is(violet_reply_t *reply,
    const char *word);


int
ngx_violet_redis_hello(const char **argv, size_t *lens, u_char *name)
{
    argv[0] = "HELLO";
    lens[0] = 5;

    argv[1] = "2";
    lens[1] = 1;

    argv[2] = "SETNAME";
    lens[2] = 7;

    argv[3] = (char *) name;
    lens[3] = ngx_snprintf(name, NGX_VIOLET_REDIS_HELLO_NAME, "violet:%V:%P",
                           &ngx_cycle->hostname, ngx_pid)
              - name;

    return NGX_VIOLET_REDIS_HELLO_ARGS;
}


ngx_int_t
ngx_violet_redis_hello_read(ngx_violet_redis_hello_t *hello,
    violet_reply_t *reply)
{
    size_t           i;
    violet_reply_t  *value;

    ngx_memzero(hello, sizeof(ngx_violet_redis_hello_t));

    if (reply->type != VIOLET_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {
        value = &reply->element[i + 1];

        if (ngx_violet_redis_hello_is(&reply->element[i], "id")
            && value->type == VIOLET_REPLY_INTEGER)
        {
            hello->id = value->integer;

        } else if (ngx_violet_redis_hello_is(&reply->element[i], "role")) {
            hello->replica = ngx_violet_redis_hello_is(value, "replica")
                             || ngx_violet_redis_hello_is(value, "slave");
        }
    }

    return hello->id > 0 ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
ngx_violet_redis_hello_is(violet_reply_t *reply, const char *word)
{
    return reply->type == VIOLET_REPLY_STRING
           && (size_t) reply->len == ngx_strlen(word)
           && ngx_strncmp(reply->str, word, reply->len) == 0;
}

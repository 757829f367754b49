
/*
 * The keys and arguments of a script or command.  An argument that does not
 * fit sets "failed", and the run returns DOWN, so that callers need not check
 * each.
 */


#include "ngx_violet_redis_args.h"


void
ngx_violet_redis_args_init(ngx_violet_redis_args_t *args,
    ngx_violet_redis_t *redis)
{
    args->redis = redis;
    args->nargs = 0;
    args->nkeys = 0;
    args->nnumbers = 0;
    args->failed = 0;
}


void
ngx_violet_redis_args_key(ngx_violet_redis_args_t *args, ngx_str_t *key)
{
    u_char     *p, *last;
    ngx_str_t  *prefix;

    if (args->nkeys == NGX_VIOLET_REDIS_MAX_KEYS
        || args->nkeys != args->nargs)
    {
        args->failed = 1;
        return;
    }

    prefix = &ngx_violet_redis_conf(args->redis)->prefix;

    p = args->keys[args->nkeys];
    last = p + NGX_VIOLET_REDIS_MAX_KEY;

    p = ngx_slprintf(p, last, "%V%V", prefix, key);

    if (p == last) {
        args->failed = 1;
        return;
    }

    ngx_violet_redis_args_add(args, args->keys[args->nkeys],
                              p - args->keys[args->nkeys]);
    args->nkeys++;
}


void
ngx_violet_redis_args_add(ngx_violet_redis_args_t *args, u_char *data,
    size_t len)
{
    if (args->nargs == NGX_VIOLET_REDIS_MAX_ARGS) {
        args->failed = 1;
        return;
    }

    args->args[args->nargs].data = data;
    args->args[args->nargs].len = len;
    args->nargs++;
}


void
ngx_violet_redis_args_number(ngx_violet_redis_args_t *args, uint64_t number)
{
    u_char  *p;

    if (args->nnumbers == NGX_VIOLET_REDIS_MAX_NUMBERS) {
        args->failed = 1;
        return;
    }

    p = args->numbers[args->nnumbers++];

    ngx_violet_redis_args_add(args, p, ngx_sprintf(p, "%uL", number) - p);
}


void
ngx_violet_redis_args_text(ngx_violet_redis_args_t *args, const char *text)
{
    ngx_violet_redis_args_add(args, (u_char *) text, ngx_strlen(text));
}


ngx_violet_redis_status_e
ngx_violet_redis_args_run(ngx_violet_redis_args_t *args,
    ngx_violet_redis_script_t *script, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data)
{
    if (args->failed) {
        return NGX_VIOLET_REDIS_DOWN;
    }

    return ngx_violet_redis_script(args->redis, script, args->args,
                                   args->nkeys, args->nargs, timeout,
                                   handler, data);
}

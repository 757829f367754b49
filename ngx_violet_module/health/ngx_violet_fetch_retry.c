
/*
 * Waits for credentials, and repeats with others, for exchanges without a
 * caller's request.  No memory is allocated here.  The structure must live
 * until its handler is called.
 */


#include "ngx_violet_fetch_retry.h"
#include "ngx_violet_clientless.h"

#include "violet_token_json.h"


ngx_int_t
ngx_violet_retry_start(ngx_violet_retry_t *retry,
    ngx_violet_exchange_t *e)
{
    if (ngx_violet_credentials_ready(retry->app)) {
        return NGX_OK;
    }

    if (!retry->waited) {
        retry->waited = 1;

        if (ngx_violet_credentials_wait(retry->app, NULL, retry->handler,
                                        retry->data)
            == NGX_OK)
        {
            return NGX_AGAIN;
        }
    }

    e->result = NGX_VIOLET_EXCHANGE_REFUSED;
    e->refused = NGX_VIOLET_REFUSED_CREDENTIALS;

    return NGX_DECLINED;
}


ngx_uint_t
ngx_violet_retry_refused(ngx_violet_retry_t *retry,
    ngx_violet_exchange_t *e)
{
    if (e->result != NGX_VIOLET_EXCHANGE_ANSWERED || retry->repeated) {
        return 0;
    }

    /* a 401 may be about something else than the token */

    if (e->status == NGX_HTTP_UNAUTHORIZED
        && !violet_token_is_refused((char *) e->content.data,
                                    e->content.len))
    {
        return 0;
    }

    switch (ngx_violet_credentials_feedback(retry->app, &e->used,
                                            e->status))
    {

    case NGX_OK:
        retry->repeated = 1;
        retry->handler(retry->data);
        return 1;

    case NGX_AGAIN:
        retry->repeated = 1;
        return ngx_violet_credentials_wait(retry->app, &e->used,
                                           retry->handler, retry->data)
               == NGX_OK;

    default: /* NGX_DECLINED */
        return 0;
    }
}


ngx_uint_t
ngx_violet_retry_again(ngx_violet_retry_t *retry,
    ngx_violet_exchange_t *e, ngx_pool_t *pool, ngx_array_t **states)
{
    if (!ngx_violet_credentials_differ(retry->app, &e->used)
        || ngx_violet_exchange_copy_states(pool, states, e->states) != NGX_OK)
    {
        return 0;
    }

    ngx_violet_clientless_destroy(e->carrier);
    ngx_memzero(e, sizeof(ngx_violet_exchange_t));

    return 1;
}

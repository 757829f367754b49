
/*
 * Waiting for credentials and repeating with others, for exchanges that no
 * request carries.  Nothing is allocated here; what waits is counted on to
 * live until its handler is called.
 */


#include "ngx_violet_fetch_retry.h"
#include "ngx_violet_clientless.h"


ngx_int_t
ngx_violet_attempt_start(ngx_violet_attempt_t *attempt,
    ngx_violet_exchange_t *e)
{
    if (ngx_violet_credentials_ready(attempt->app)) {
        return NGX_OK;
    }

    if (!attempt->waited) {
        attempt->waited = 1;

        if (ngx_violet_credentials_wait(attempt->app, NULL, attempt->handler,
                                        attempt->data)
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
ngx_violet_attempt_refused(ngx_violet_attempt_t *attempt,
    ngx_violet_exchange_t *e)
{
    if (e->result != NGX_VIOLET_EXCHANGE_ANSWERED || attempt->repeated) {
        return 0;
    }

    switch (ngx_violet_credentials_refused(attempt->app, &e->used,
                                           e->status))
    {

    case NGX_OK:
        attempt->repeated = 1;
        attempt->handler(attempt->data);
        return 1;

    case NGX_AGAIN:
        attempt->repeated = 1;
        return ngx_violet_credentials_wait(attempt->app, &e->used,
                                           attempt->handler, attempt->data)
               == NGX_OK;

    default: /* NGX_DECLINED */
        return 0;
    }
}


ngx_uint_t
ngx_violet_attempt_again(ngx_violet_attempt_t *attempt,
    ngx_violet_exchange_t *e, ngx_pool_t *pool, ngx_array_t **states)
{
    if (!ngx_violet_credentials_differ(attempt->app, &e->used)
        || ngx_violet_exchange_copy_states(pool, states, e->states) != NGX_OK)
    {
        return 0;
    }

    ngx_violet_clientless_destroy(e->carrier);
    ngx_memzero(e, sizeof(ngx_violet_exchange_t));

    return 1;
}

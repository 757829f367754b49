
/*
 * Waits for an access token.  The timer of the token calls
 * ngx_violet_token_waiter_wake() while there are any.
 */


#include "ngx_violet_token_waiter.h"


/* ms that a request waits for a token at most */
#define NGX_VIOLET_TOKEN_WAIT  5000


typedef struct {
    ngx_queue_t                          queue;
    ngx_uint_t                           refused;      /* generation */
    ngx_msec_t                           deadline;
    ngx_violet_credentials_handler_pt    handler;
    void                                *data;
} ngx_violet_token_waiter_t;


ngx_int_t
ngx_violet_token_waiter_add(ngx_queue_t *waiters, ngx_uint_t generation,
    ngx_violet_credentials_handler_pt handler, void *data)
{
    ngx_violet_token_waiter_t  *waiter;

    waiter = ngx_alloc(sizeof(ngx_violet_token_waiter_t), ngx_cycle->log);
    if (waiter == NULL) {
        return NGX_ERROR;
    }

    waiter->refused = generation;
    waiter->deadline = ngx_current_msec + NGX_VIOLET_TOKEN_WAIT;
    waiter->handler = handler;
    waiter->data = data;

    ngx_queue_insert_tail(waiters, &waiter->queue);

    return NGX_OK;
}


void
ngx_violet_token_waiter_wake(ngx_queue_t *waiters, ngx_uint_t generation,
    ngx_msec_t pause)
{
    ngx_msec_t                  now;
    ngx_queue_t                *q, *next;
    ngx_violet_token_waiter_t  *waiter;

    now = ngx_current_msec;

    for (q = ngx_queue_head(waiters);
         q != ngx_queue_sentinel(waiters);
         q = next)
    {
        next = ngx_queue_next(q);
        waiter = ngx_queue_data(q, ngx_violet_token_waiter_t, queue);

        if (!(generation && waiter->refused != generation)
            && !(pause && waiter->refused)
            && (ngx_msec_int_t) (waiter->deadline - now - pause) > 0)
        {
            continue;
        }

        ngx_queue_remove(q);

        waiter->handler(waiter->data);

        ngx_free(waiter);
    }
}


/*
 * The steps of a fetch.  One event of the fetch runs the next step, so that no
 * step runs inside the Redis client or at the end of a subrequest.
 */


#include "ngx_violet_fetch_priv.h"


static void ngx_violet_fetch_event(ngx_event_t *ev);


void
ngx_violet_fetch_post(ngx_violet_fetch_t *fetch,
    ngx_violet_fetch_step_pt next)
{
    fetch->event.handler = ngx_violet_fetch_event;
    fetch->event.data = fetch;
    fetch->event.log = ngx_cycle->log;

    fetch->next = next;

    ngx_post_event(&fetch->event, &ngx_posted_events);
}


static void
ngx_violet_fetch_event(ngx_event_t *ev)
{
    ngx_violet_fetch_t  *fetch;

    fetch = ev->data;

    fetch->next(fetch);
}


/* All waits for Redis share one deadline. */

void
ngx_violet_fetch_asked(ngx_violet_fetch_t *fetch,
    ngx_violet_redis_status_e status)
{
    ngx_msec_t  spent;

    fetch->fetched.redis = ngx_violet_redis_status_merge(
                                 fetch->fetched.redis, status);

    spent = ngx_current_msec - fetch->redis_asked_at;

    fetch->conf.redis_left -= ngx_min(spent, fetch->conf.redis_left);
}

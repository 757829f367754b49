
/*
 * The wait of a request.  It is allocated when the request is parked, and
 * freed when both holders have let go: the service by ngx_violet_wait_end(),
 * the request when it is resumed or ends.
 *
 * The request is resumed from a posted event, so its phases never run inside
 * the Redis client or inside another request.
 */


#include "ngx_violet.h"
#include "ngx_violet_wait.h"


struct ngx_violet_wait_s {
    ngx_http_request_t   *request;
    ngx_http_cleanup_t   *cleanup;
    ngx_event_t           event;
};


static void ngx_violet_wait_detach(void *data);
static void ngx_violet_wait_resume(ngx_event_t *ev);
static void ngx_violet_wait_leave(ngx_violet_wait_t *wait);


ngx_violet_wait_t *
ngx_violet_wait_start(ngx_http_request_t *r)
{
    ngx_event_t         *rev;
    ngx_violet_ctx_t    *ctx;
    ngx_violet_wait_t   *wait;
    ngx_http_cleanup_t  *cln;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    wait = ngx_calloc(sizeof(ngx_violet_wait_t), r->connection->log);
    if (wait == NULL) {
        return NULL;
    }

    rev = r->connection->read;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);

    } else if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_free(wait);
        return NULL;
    }

    /*
     * While nginx discards a body it has a handler of its own, which does not
     * end the request of a client that leaves: the request ends after the wait.
     */

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    wait->request = r;
    wait->cleanup = cln;

    wait->event.handler = ngx_violet_wait_resume;
    wait->event.data = wait;
    wait->event.log = ngx_cycle->log;

    cln->handler = ngx_violet_wait_detach;
    cln->data = wait;

    ctx = ngx_violet_ctx(r);
    ctx->waiting = 1;

    return wait;
}


ngx_http_request_t *
ngx_violet_wait_request(ngx_violet_wait_t *wait)
{
    return wait->request;
}


void
ngx_violet_wait_end(ngx_violet_wait_t *wait)
{
    if (wait->request == NULL) {
        ngx_free(wait);
        return;
    }

    ngx_post_event(&wait->event, &ngx_posted_events);
}


void
ngx_violet_wait_cancel(ngx_violet_wait_t *wait)
{
    ngx_violet_wait_leave(wait);
    ngx_free(wait);
}


/* The cleanup of the request, which ends before the wait. */

static void
ngx_violet_wait_detach(void *data)
{
    ngx_violet_wait_t  *wait = data;

    wait->request = NULL;

    /* once the event is posted the service no longer holds the wait */

    if (wait->event.posted) {
        ngx_delete_posted_event(&wait->event);
        ngx_free(wait);
    }
}


static void
ngx_violet_wait_resume(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_violet_wait_t   *wait;
    ngx_http_request_t  *r;

    wait = ev->data;
    r = wait->request;

    ngx_violet_wait_leave(wait);
    ngx_free(wait);

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


static void
ngx_violet_wait_leave(ngx_violet_wait_t *wait)
{
    ngx_violet_ctx_t    *ctx;
    ngx_http_request_t  *r;

    r = wait->request;

    wait->cleanup->handler = NULL;

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_block_reading;
    }

    ctx = ngx_violet_ctx(r);
    ctx->waiting = 0;
}

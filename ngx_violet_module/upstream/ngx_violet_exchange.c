
/*
 * One request to Violet whose whole answer is captured.  The structure and
 * all that is captured live in the pool of the carrier: the caller's request,
 * or a request without a client.
 *
 * nginx's proxy handler runs in a clone of the carrier that begins at the
 * content phase.  An exchange must not be sent twice or answered from a
 * cache: the settings for that are made in a copy of the upstream
 * configuration, which proxy_pass uses for this request, see
 * ngx_violet_exchange_check.c.
 */


#include "ngx_violet.h"
#include "ngx_violet_count.h"
#include "ngx_violet_exchange.h"


static ngx_int_t ngx_violet_exchange_clone(ngx_violet_exchange_t *e,
    ngx_http_post_subrequest_t *ps);
static ngx_int_t ngx_violet_exchange_finished(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static ngx_violet_exchange_result_e ngx_violet_exchange_result(
    ngx_violet_exchange_t *e, ngx_int_t rc);
static void ngx_violet_exchange_count(ngx_violet_exchange_t *e);
static ngx_uint_t ngx_violet_exchange_tried(ngx_array_t *states);


ngx_int_t
ngx_violet_exchange_uri(ngx_http_request_t *r, violet_route_t *route,
    ngx_str_t *uri)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, route->path_offset + route->path_len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, r->uri.data, route->path_offset);
    ngx_memcpy(p + route->path_offset, route->path, route->path_len);

    uri->data = p;
    uri->len = route->path_offset + route->path_len;

    return NGX_OK;
}


ngx_int_t
ngx_violet_exchange_start(ngx_violet_exchange_t *e)
{
    ngx_uint_t                   i;
    ngx_violet_ctx_t            *ctx;
    ngx_http_request_t          *r, *sr;
    ngx_http_phase_handler_t    *ph;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_post_subrequest_t  *ps;

    r = e->carrier;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_violet_ctx_t));
    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));

    if (ctx == NULL || ps == NULL
        || ngx_violet_exchange_set_deadline(e) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ps->handler = ngx_violet_exchange_finished;
    ps->data = e;

    if (ngx_violet_exchange_clone(e, ps) != NGX_OK) {
        ngx_violet_exchange_drop_deadline(e);
        return NGX_ERROR;
    }

    e->started = ngx_current_msec;

    sr = e->subrequest;

    ctx->exchange = e;
    ctx->app = e->app;
    ctx->credentials = 1;
    ngx_http_set_ctx(sr, ctx, ngx_violet_module);

    /* proxy_pass sends the canonical URI, not the caller's spelling */

    sr->valid_unparsed_uri = 0;

    /*
     * proxy_pass sends method_name; "method" keeps proxy_cache from answering,
     * since it caches none of these two.  For nginx LOCK is not idempotent,
     * as POST is not.
     */

    sr->method = e->body ? NGX_HTTP_LOCK : NGX_HTTP_UNKNOWN;

    if (e->get) {
        sr->method_name = ngx_http_core_get_method;
    }

    /* skips the phases before content: mirror, try_files, this module */

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    ph = cmcf->phase_engine.handlers;

    for (i = r->phase_handler; ph[i].checker; i++) {
        if (ph[i].checker == ngx_http_core_content_phase) {
            break;
        }
    }

    sr->phase_handler = i;

    return NGX_OK;
}


/*
 * If ngx_http_subrequest() fails, the clone may already be the connection's
 * active request, counted and posted: the carrier would wait for it for ever,
 * and an event of the connection would run it.  All of that is undone.
 */

static ngx_int_t
ngx_violet_exchange_clone(ngx_violet_exchange_t *e,
    ngx_http_post_subrequest_t *ps)
{
    void                           *active;
    ngx_uint_t                      count;
    ngx_http_request_t             *r, *sr;
    ngx_http_posted_request_t     **posted;
    ngx_http_postponed_request_t  **postponed;

    r = e->carrier;

    active = r->connection->data;
    count = r->main->count;

    for (posted = &r->main->posted_requests;
         *posted;
         posted = &(*posted)->next)
    {
        /* void */
    }

    for (postponed = &r->postponed;
         *postponed;
         postponed = &(*postponed)->next)
    {
        /* void */
    }

    if (ngx_http_subrequest(r, &e->uri, &e->args, &sr, ps,
                            NGX_HTTP_SUBREQUEST_CLONE)
        == NGX_OK
        && ngx_violet_exchange_set_request(e, sr) == NGX_OK)
    {
        e->subrequest = sr;
        return NGX_OK;
    }

    *posted = NULL;
    *postponed = NULL;

    r->main->count = count;
    r->connection->data = active;

    return NGX_ERROR;
}


static ngx_int_t
ngx_violet_exchange_finished(ngx_http_request_t *sr, void *data, ngx_int_t rc)
{
    ngx_violet_exchange_t  *e = data;

    /* nginx may finalize a clone twice */

    if (e->done) {
        return NGX_OK;
    }

    ngx_violet_exchange_drop_deadline(e);

    e->done = 1;
    e->states = sr->upstream_states;
    e->headers_out = &sr->headers_out;
    e->result = ngx_violet_exchange_result(e, rc);

    ngx_violet_exchange_count(e);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, sr->connection->log, 0,
                   "violet exchange: result:%d status:%ui rc:%i",
                   e->result, e->status, rc);

    /* an access log of subrequests must not show the body of a login */

    if (e->own_request) {
        sr->request_body = NULL;
    }

    e->handler(e->data, e);

    /* the client gets nothing of the clone, not even an error page */

    return NGX_OK;
}


static ngx_violet_exchange_result_e
ngx_violet_exchange_result(ngx_violet_exchange_t *e, ngx_int_t rc)
{
    ngx_http_upstream_t  *u;

    /* a peer may have got the request before the next peer was refused */

    if (e->refused && ngx_violet_exchange_unsent(e->states)) {
        return NGX_VIOLET_EXCHANGE_REFUSED;
    }

    if (e->too_large) {

        if (e->own_request == NULL
            && ngx_violet_log_due(&e->app->state->logged,
                                  NGX_VIOLET_CAUSE_TOO_LARGE))
        {
            ngx_log_error(NGX_LOG_ERR, e->carrier->connection->log, 0,
                          "violet: Violet's answer to app \"%V\" is larger "
                          "than \"violet_buffer_limit\" (%uz bytes) and is "
                          "not used: raise the limit",
                          &e->app->name, e->limit);
        }

        return NGX_VIOLET_EXCHANGE_TOO_LARGE;
    }

    if (e->late && !e->complete) {
        return ngx_violet_exchange_unsent(e->states)
               ? NGX_VIOLET_EXCHANGE_UNREACHABLE : NGX_VIOLET_EXCHANGE_TIMEOUT;
    }

    if (e->status) {

        if (e->inflate && e->received
            && !ngx_violet_gunzip_is_done(e->inflate))
        {
            ngx_log_error(NGX_LOG_ERR, e->carrier->connection->log, 0,
                          "violet: Violet's answer has the content coding "
                          "gzip, but is not valid gzip or is cut off "
                          "(%uz bytes)",
                          e->received);

            return NGX_VIOLET_EXCHANGE_CUT;
        }

        return (e->complete && !e->failed) ? NGX_VIOLET_EXCHANGE_ANSWERED
                                           : NGX_VIOLET_EXCHANGE_CUT;
    }

    if (ngx_violet_exchange_unsent(e->states)) {

        if ((rc == NGX_HTTP_INTERNAL_SERVER_ERROR || rc == NGX_ERROR)
            && !ngx_violet_exchange_tried(e->states))
        {
            e->refused = NGX_VIOLET_REFUSED_INTERNAL;
            return NGX_VIOLET_EXCHANGE_REFUSED;
        }

        return NGX_VIOLET_EXCHANGE_UNREACHABLE;
    }

    if (rc == NGX_HTTP_CLIENT_CLOSED_REQUEST) {

        /* nginx's code for every failure once the caller has gone */

        u = e->subrequest->upstream;

        return u->state->response_time >= u->conf->read_timeout
               ? NGX_VIOLET_EXCHANGE_TIMEOUT : NGX_VIOLET_EXCHANGE_CUT;
    }

    return rc == NGX_HTTP_GATEWAY_TIME_OUT ? NGX_VIOLET_EXCHANGE_TIMEOUT
                                           : NGX_VIOLET_EXCHANGE_CUT;
}


/* One that was refused was not sent: nothing to count. */

static void
ngx_violet_exchange_count(ngx_violet_exchange_t *e)
{
    ngx_uint_t  result;

    switch (e->result) {

    case NGX_VIOLET_EXCHANGE_ANSWERED:
        result = violet_count_upstream(e->status);
        break;

    case NGX_VIOLET_EXCHANGE_UNREACHABLE:
        result = VIOLET_COUNT_UPSTREAM_UNREACHABLE;
        break;

    case NGX_VIOLET_EXCHANGE_TIMEOUT:
        result = VIOLET_COUNT_UPSTREAM_TIMEOUT;
        break;

    case NGX_VIOLET_EXCHANGE_TOO_LARGE:
        result = VIOLET_COUNT_UPSTREAM_TOO_LARGE;
        break;

    case NGX_VIOLET_EXCHANGE_CUT:
        result = VIOLET_COUNT_UPSTREAM_CUT;
        break;

    default: /* NGX_VIOLET_EXCHANGE_REFUSED */
        return;
    }

    ngx_violet_count_upstream(e->app, e->route, result,
                              ngx_current_msec - e->started);
}


ngx_uint_t
ngx_violet_exchange_unsent(ngx_array_t *states)
{
    ngx_uint_t                 i;
    ngx_http_upstream_state_t  *state;

    if (states == NULL) {
        return 1;
    }

    state = states->elts;

    for (i = 0; i < states->nelts; i++) {
        if (state[i].bytes_sent) {
            return 0;
        }
    }

    return 1;
}


/*
 * nginx adds a state before it connects to a peer.  An error after that means
 * that this worker lacks connections, descriptors or memory; it is no fault
 * of the configuration.
 */

static ngx_uint_t
ngx_violet_exchange_tried(ngx_array_t *states)
{
    return states != NULL && states->nelts > 0;
}


ngx_int_t
ngx_violet_exchange_copy_states(ngx_pool_t *pool, ngx_array_t **to,
    ngx_array_t *from)
{
    ngx_str_t                  *peer;
    ngx_uint_t                  i;
    ngx_http_upstream_state_t  *source, *state;

    if (from == NULL || from->nelts == 0) {
        return NGX_OK;
    }

    if (*to == NULL) {
        *to = ngx_array_create(pool, from->nelts,
                               sizeof(ngx_http_upstream_state_t));
        if (*to == NULL) {
            return NGX_ERROR;
        }
    }

    source = from->elts;

    for (i = 0; i < from->nelts; i++) {

        state = ngx_array_push(*to);
        if (state == NULL) {
            return NGX_ERROR;
        }

        *state = source[i];

        if (source[i].peer == NULL) {
            continue;
        }

        state->peer = NULL;

        peer = ngx_palloc(pool, sizeof(ngx_str_t));
        if (peer == NULL) {
            return NGX_ERROR;
        }

        peer->len = source[i].peer->len;
        peer->data = ngx_pstrdup(pool, source[i].peer);
        if (peer->data == NULL) {
            return NGX_ERROR;
        }

        state->peer = peer;
    }

    return NGX_OK;
}

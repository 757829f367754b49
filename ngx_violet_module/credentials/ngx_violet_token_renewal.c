
/*
 * A renewal of an access token: up to four calls to Violet, one after the
 * other.  The structure lives on the heap, the exchange of each call in a
 * request without a client.  The secrets of a call are wiped as soon as the
 * call has ended.
 *
 * The order: the refresh token, if there is one, else a login; with the
 * app_secret that was right the last time, then with the other one; then, if
 * Violet refuses the refresh token of an earlier login, a new login.
 */


#include "ngx_violet_count.h"
#include "ngx_violet_secret.h"
#include "ngx_violet_token_renewal.h"


/* ms for each exchange, of which there are at most four */
#define NGX_VIOLET_TOKEN_RENEWAL_TIMEOUT  10000

/* bytes of an answer at most */
#define NGX_VIOLET_TOKEN_RENEWAL_LIMIT  65536


static void ngx_violet_token_renewal_send(ngx_violet_token_renewal_t *call);
static ngx_int_t ngx_violet_token_renewal_uri(ngx_violet_token_renewal_t *call,
    ngx_str_t *uri, ngx_str_t *path);
static ngx_int_t ngx_violet_token_renewal_body(
    ngx_violet_token_renewal_t *call);
static void ngx_violet_token_renewal_sent(void *data,
    ngx_violet_exchange_t *exchange);
static void ngx_violet_token_renewal_event(ngx_event_t *ev);
static ngx_uint_t ngx_violet_token_renewal_again(
    ngx_violet_token_renewal_t *call);
static void ngx_violet_token_renewal_take(ngx_violet_token_renewal_t *call);
static void ngx_violet_token_renewal_clear(ngx_violet_token_renewal_t *call);
static void ngx_violet_token_renewal_end(ngx_violet_token_renewal_t *call,
    ngx_violet_token_result_e result);


ngx_violet_token_renewal_t *
ngx_violet_token_renewal_create(ngx_log_t *log)
{
    return ngx_calloc(sizeof(ngx_violet_token_renewal_t), log);
}


void
ngx_violet_token_renewal_start(ngx_violet_token_renewal_t *call)
{
    call->event.handler = ngx_violet_token_renewal_event;
    call->event.data = call;
    call->event.log = ngx_cycle->log;

    call->login = (call->refresh_len == 0);

    ngx_violet_token_renewal_send(call);
}


static void
ngx_violet_token_renewal_send(ngx_violet_token_renewal_t *call)
{
    ngx_str_t               uri, path;
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_violet_exchange_t  *e;

    ngx_memzero(&call->exchange, sizeof(ngx_violet_exchange_t));
    ngx_memzero(&call->own_request, sizeof(ngx_violet_own_request_t));

    if (ngx_violet_token_renewal_uri(call, &uri, &path) != NGX_OK) {
        ngx_violet_token_renewal_end(call, NGX_VIOLET_TOKEN_MEMORY);
        return;
    }

    r = ngx_violet_clientless_create(&call->route->location, &uri);

    ngx_free(uri.data);

    if (r == NULL) {
        ngx_violet_token_renewal_end(call, NGX_VIOLET_TOKEN_MEMORY);
        return;
    }

    call->carrier = r;

    call->own_request.secret = call->secret;
    call->own_request.timeout = NGX_VIOLET_TOKEN_RENEWAL_TIMEOUT;

    if (call->route->check && !call->route->v1) {
        call->own_request.path = path;
    }

    if (call->login) {
        if (ngx_violet_token_renewal_body(call) != NGX_OK) {
            ngx_violet_token_renewal_end(call, NGX_VIOLET_TOKEN_MEMORY);
            return;
        }

    } else {
        call->own_request.token.data = call->refresh;
        call->own_request.token.len = call->refresh_len;
    }

    e = &call->exchange;

    e->carrier = r;
    e->app = call->app;
    e->route = VIOLET_ROUTE_AUTH;
    e->uri = r->uri;
    e->own_request = &call->own_request;
    e->limit = NGX_VIOLET_TOKEN_RENEWAL_LIMIT;
    e->timeout = NGX_VIOLET_TOKEN_RENEWAL_TIMEOUT + 100;
    e->handler = ngx_violet_token_renewal_sent;
    e->data = call;

    if (ngx_violet_exchange_start(e) != NGX_OK) {
        ngx_violet_token_renewal_end(call, NGX_VIOLET_TOKEN_MEMORY);
        return;
    }

    c = r->connection;

    ngx_http_run_posted_requests(c);
}


/* Sets "uri", which is allocated from the heap, and "path", a literal. */

static ngx_int_t
ngx_violet_token_renewal_uri(ngx_violet_token_renewal_t *call, ngx_str_t *uri,
    ngx_str_t *path)
{
    u_char     *p;
    ngx_str_t  *prefix;

    if (call->login) {
        ngx_str_set(path, "login");

    } else {
        ngx_str_set(path, "auth/token");
    }

    prefix = &call->route->prefix;

    p = ngx_alloc(prefix->len + 3 + path->len, ngx_cycle->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    uri->data = p;

    p = ngx_cpymem(p, prefix->data, prefix->len);

    if (call->route->v1) {
        p = ngx_cpymem(p, "v1/", 3);
    }

    p = ngx_cpymem(p, path->data, path->len);

    uri->len = p - uri->data;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_token_renewal_body(ngx_violet_token_renewal_t *call)
{
    u_char         *p;
    size_t          size, len;
    ngx_str_t      *value;
    violet_text_t   username, password;

    value = &call->app->secrets[NGX_VIOLET_APP_USERNAME]->value;

    username.data = (char *) value->data;
    username.len = value->len;

    value = &call->app->secrets[NGX_VIOLET_APP_PASSWORD]->value;

    password.data = (char *) value->data;
    password.len = value->len;

    size = 64 + 6 * (username.len + password.len);

    p = ngx_pnalloc(call->carrier->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = violet_token_login(username, password, (char *) p, size);

    if (len == 0) {
        return NGX_ERROR;
    }

    call->own_request.body.data = p;
    call->own_request.body.len = len;

    return NGX_OK;
}


/*
 * nginx calls this while it finalizes the subrequest, and uses the carrier
 * afterwards: an event destroys it.
 */

static void
ngx_violet_token_renewal_sent(void *data, ngx_violet_exchange_t *exchange)
{
    ngx_violet_token_renewal_t  *call = data;

    ngx_post_event(&call->event, &ngx_posted_events);
}


static void
ngx_violet_token_renewal_event(ngx_event_t *ev)
{
    ngx_violet_token_renewal_t  *call;

    call = ev->data;

    if (call->carrier && call->exchange.done) {
        ngx_violet_token_renewal_take(call);

        if (ngx_violet_token_renewal_again(call)) {
            ngx_violet_token_renewal_clear(call);
            ngx_violet_token_renewal_send(call);
            return;
        }
    }

    ngx_violet_token_renewal_clear(call);

    switch (call->result) {

    case NGX_VIOLET_TOKEN_RENEWED:
        ngx_violet_count(call->app, renewals[VIOLET_COUNT_RENEWAL_OK]);
        break;

    case NGX_VIOLET_TOKEN_REFUSED:
        ngx_violet_count(call->app, renewals[VIOLET_COUNT_RENEWAL_REFUSED]);
        break;

    default:
        ngx_violet_count(call->app, renewals[VIOLET_COUNT_RENEWAL_FAILED]);
    }

    call->handler(call->data, call);
}


static void
ngx_violet_token_renewal_take(ngx_violet_token_renewal_t *call)
{
    ngx_violet_exchange_t  *e;

    e = &call->exchange;

    call->status = e->status;

    switch (e->result) {

    case NGX_VIOLET_EXCHANGE_ANSWERED:
        break;

    case NGX_VIOLET_EXCHANGE_UNREACHABLE:
        call->result = NGX_VIOLET_TOKEN_UNREACHABLE;
        return;

    case NGX_VIOLET_EXCHANGE_TIMEOUT:
        call->result = NGX_VIOLET_TOKEN_TIMEOUT;
        return;

    case NGX_VIOLET_EXCHANGE_REFUSED:
        call->result = NGX_VIOLET_TOKEN_UNSENT;
        return;

    default:
        call->result = NGX_VIOLET_TOKEN_CUT;
        return;
    }

    if (e->status == NGX_HTTP_UNAUTHORIZED || e->status == NGX_HTTP_FORBIDDEN)
    {
        call->result = NGX_VIOLET_TOKEN_REFUSED;
        return;
    }

    if (e->status != NGX_HTTP_OK) {
        call->result = NGX_VIOLET_TOKEN_STATUS;
        return;
    }

    call->detail = violet_token_parse((char *) e->content.data,
                                      e->content.len, &call->answer);

    call->result = call->detail ? NGX_VIOLET_TOKEN_INVALID
                                : NGX_VIOLET_TOKEN_RENEWED;
}


/* True if another call may bring a token; prepares that call. */

static ngx_uint_t
ngx_violet_token_renewal_again(ngx_violet_token_renewal_t *call)
{
    ngx_uint_t  refused;

    if (call->exchange.refused == NGX_VIOLET_REFUSED_PATH) {
        call->route->v1 = 1;
        return 1;
    }

    refused = (call->result == NGX_VIOLET_TOKEN_REFUSED);

    if (refused) {
        call->tried |= 1 << call->secret;

        if (call->app->secrets[1]
            && !(call->tried & (1 << (1 - call->secret))))
        {
            call->secret = 1 - call->secret;
            return 1;
        }
    }

    /* a 4xx status refuses this request; 408 and 429 refuse any request */

    if (call->result == NGX_VIOLET_TOKEN_STATUS && call->status / 100 == 4
        && call->status != NGX_HTTP_REQUEST_TIME_OUT
        && call->status != NGX_HTTP_TOO_MANY_REQUESTS)
    {
        refused = 1;
    }

    if (refused && !call->login
        && call->app->secrets[NGX_VIOLET_APP_USERNAME])
    {
        call->login = 1;
        call->forget = 1;
        call->tried = 0;
        return 1;
    }

    return 0;
}


/* Wipes the secrets of a call, and destroys its carrier. */

static void
ngx_violet_token_renewal_clear(ngx_violet_token_renewal_t *call)
{
    ngx_violet_exchange_t  *e;

    if (call->carrier == NULL) {
        return;
    }

    e = &call->exchange;

    if (e->content.data) {
        explicit_bzero(e->content.data, e->content.len);
    }

    if (call->own_request.body.data) {
        explicit_bzero(call->own_request.body.data, call->own_request.body.len);
    }

    ngx_violet_clientless_destroy(call->carrier);

    call->carrier = NULL;
}


/* Ends a renewal that failed at once; an event calls the handler. */

static void
ngx_violet_token_renewal_end(ngx_violet_token_renewal_t *call,
    ngx_violet_token_result_e result)
{
    call->result = result;

    ngx_post_event(&call->event, &ngx_posted_events);
}


void
ngx_violet_token_renewal_destroy(ngx_violet_token_renewal_t *call)
{
    if (call->event.posted) {
        ngx_delete_posted_event(&call->event);
    }

    /* an exchange that is under way must not call its handler */

    call->exchange.done = 1;

    ngx_violet_token_renewal_clear(call);

    explicit_bzero(call, sizeof(ngx_violet_token_renewal_t));
    ngx_free(call);
}

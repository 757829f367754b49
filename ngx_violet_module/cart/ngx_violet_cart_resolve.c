
/*
 * The gateway's own read of an order: GET checkout/cart/{id}, and where Violet
 * has no such cart GET orders/{id}, with the app's credentials.  One read of a
 * cart is under way on a host at a time, and after one that failed none is
 * tried for 5 s: a lease in shared memory says so.
 */


#include "ngx_violet.h"
#include "ngx_violet_cart.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_random.h"


/* ms for a read in all; the lease lasts a little longer */
#define NGX_VIOLET_RESOLVE_TIMEOUT  10000
#define NGX_VIOLET_RESOLVE_LEASE    12000

/* ms after a read that failed until the next one */
#define NGX_VIOLET_RESOLVE_HOLD     5000

/* the status 410, which nginx has no name for */
#define NGX_VIOLET_RESOLVE_GONE     410

/* ms between two looks whether the read of another request has ended */
#define NGX_VIOLET_RESOLVE_LOOK     50


typedef enum {
    NGX_VIOLET_RESOLVE_MINE = 0,
    NGX_VIOLET_RESOLVE_BUSY,
    NGX_VIOLET_RESOLVE_FAILED,
    NGX_VIOLET_RESOLVE_REFUSED
} ngx_violet_resolve_lease_e;


/* the lease in shared memory */

typedef struct {
    int64_t                       until;      /* a read is under way */
    int64_t                       held;       /* none is tried */
    uint32_t                      owner;
    uint32_t                      refused;
} ngx_violet_resolve_lease_t;


typedef struct {
    ngx_violet_resolve_lease_e    result;
    uint32_t                      owner;
    unsigned                      release:1;
    unsigned                      failed:1;
    unsigned                      refused:1;
} ngx_violet_resolve_update_t;


struct ngx_violet_resolve_s {
    ngx_http_request_t           *request;
    ngx_violet_step_pt            next;
    ngx_violet_wait_t            *wait;
    ngx_event_t                   look;
    int64_t                       id;
    int64_t                       began;
    uint32_t                      owner;      /* 0: no lease is held */
    unsigned                      orders:1;   /* GET orders/{id} */
    unsigned                      repeated:1; /* after a 401 */
};


static ngx_int_t ngx_violet_resolve_try(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_resolve_wait(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_resolve_look(ngx_event_t *ev);
static ngx_int_t ngx_violet_resolve_get(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_resolve_got(void *data, ngx_violet_exchange_t *e);
static ngx_int_t ngx_violet_resolve_read(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_resolve_again(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_resolve_order(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_resolve_done(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, violet_cart_read_state_t state);
static void ngx_violet_resolve_cleanup(void *data);
static void ngx_violet_resolve_release(ngx_violet_resolve_t *resolve,
    violet_cart_read_state_t state);
static ngx_violet_resolve_lease_e ngx_violet_resolve_lease(
    ngx_http_request_t *r, ngx_violet_resolve_t *resolve,
    ngx_violet_resolve_update_t *update);
static int64_t ngx_violet_resolve_update(void *data, u_char *value);


ngx_int_t
ngx_violet_cart_resolve(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_step_pt next)
{
    ngx_http_cleanup_t    *cln;
    ngx_violet_resolve_t  *resolve;

    resolve = ctx->cart->resolve;

    if (resolve == NULL) {
        cln = ngx_http_cleanup_add(r, sizeof(ngx_violet_resolve_t));
        if (cln == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        cln->handler = ngx_violet_resolve_cleanup;

        resolve = cln->data;
        ctx->cart->resolve = resolve;
    }

    ngx_memzero(resolve, sizeof(ngx_violet_resolve_t));

    resolve->request = r;
    resolve->next = next;
    resolve->began = ngx_violet_clock();
    resolve->id = ctx->route.cart_id;

    if (resolve->id == 0) {
        resolve->id = ngx_violet_record_guard(ctx->cart->record)
                          ->record.order_id;
        resolve->orders = 1;
    }

    resolve->look.handler = ngx_violet_resolve_look;
    resolve->look.data = resolve;
    resolve->look.log = r->connection->log;

    ngx_memzero(&ctx->cart->shown, sizeof(violet_cart_shown_t));

    ctx->cart->resolved = 1;
    ctx->cart->fetched = NULL;

    return ngx_violet_resolve_try(r, ctx);
}


/* A step: takes the lease, or waits for it. */

static ngx_int_t
ngx_violet_resolve_try(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_resolve_t         *resolve;
    ngx_violet_resolve_update_t   update;

    resolve = ctx->cart->resolve;

    ngx_memzero(&update, sizeof(ngx_violet_resolve_update_t));

    switch (ngx_violet_resolve_lease(r, resolve, &update)) {

    case NGX_VIOLET_RESOLVE_MINE:
        resolve->owner = update.owner;
        return ngx_violet_resolve_get(r, ctx);

    case NGX_VIOLET_RESOLVE_BUSY:

        if (ngx_violet_clock_since(resolve->began)
            < NGX_VIOLET_RESOLVE_TIMEOUT)
        {
            return ngx_violet_resolve_wait(r, ctx);
        }

        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_FAILED);

    case NGX_VIOLET_RESOLVE_REFUSED:
        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_REFUSED);

    default: /* NGX_VIOLET_RESOLVE_FAILED */
        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_FAILED);
    }
}


static ngx_int_t
ngx_violet_resolve_wait(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_resolve_t  *resolve;

    resolve = ctx->cart->resolve;

    resolve->wait = ngx_violet_wait_start(r);
    if (resolve->wait == NULL) {
        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_FAILED);
    }

    ctx->next = ngx_violet_resolve_try;

    ngx_add_timer(&resolve->look, NGX_VIOLET_RESOLVE_LOOK);

    return NGX_AGAIN;
}


static void
ngx_violet_resolve_look(ngx_event_t *ev)
{
    ngx_violet_wait_t     *wait;
    ngx_violet_resolve_t  *resolve;

    resolve = ev->data;

    wait = resolve->wait;
    resolve->wait = NULL;

    ngx_violet_wait_end(wait);
}


static ngx_int_t
ngx_violet_resolve_get(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    u_char                 *p;
    int64_t                 left;
    ngx_violet_resolve_t   *resolve;
    ngx_violet_loc_conf_t  *vlcf;
    ngx_violet_exchange_t  *e;

    vlcf = ngx_violet_loc_conf(r);
    resolve = ctx->cart->resolve;

    left = NGX_VIOLET_RESOLVE_TIMEOUT
           - (int64_t) ngx_violet_clock_since(resolve->began);

    e = ngx_pcalloc(r->pool, sizeof(ngx_violet_exchange_t));
    p = ngx_pnalloc(r->pool, ctx->route.path_offset
                             + sizeof("checkout/cart/") + NGX_INT64_LEN);

    if (e == NULL || p == NULL || left <= 0) {
        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_FAILED);
    }

    e->uri.data = p;

    p = ngx_cpymem(p, r->uri.data, ctx->route.path_offset);
    p = ngx_sprintf(p, "%s/%L", resolve->orders ? "orders" : "checkout/cart",
                    resolve->id);

    e->uri.len = p - e->uri.data;

    e->carrier = r;
    e->app = ctx->app;
    e->limit = vlcf->buffer_limit;
    e->timeout = (ngx_msec_t) left;
    e->get = 1;
    e->route = VIOLET_COUNT_ROUTE_CART_READ;
    e->handler = ngx_violet_resolve_got;
    e->data = r;

    ctx->waiting = 1;
    ctx->next = ngx_violet_resolve_read;

    r->read_event_handler = ngx_http_block_reading;

    if (ngx_violet_exchange_start(e) != NGX_OK) {
        ctx->waiting = 0;
        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_FAILED);
    }

    return NGX_AGAIN;
}


static void
ngx_violet_resolve_got(void *data, ngx_violet_exchange_t *e)
{
    ngx_violet_ctx_t    *ctx;
    ngx_http_request_t  *r;

    r = data;
    ctx = ngx_violet_ctx(r);

    ctx->waiting = 0;
    ctx->cart->fetched = e;

    (void) ngx_violet_exchange_copy_states(r->pool, &r->upstream_states,
                                           e->states);
}


static ngx_int_t
ngx_violet_resolve_read(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_violet_resolve_t   *resolve;
    ngx_violet_exchange_t  *e;

    e = ctx->cart->fetched;
    resolve = ctx->cart->resolve;

    if (e->result != NGX_VIOLET_EXCHANGE_ANSWERED) {
        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_FAILED);
    }

    rc = ngx_violet_credentials_feedback(ctx->app, &e->used, e->status);

    switch (e->status) {

    case NGX_HTTP_OK:
        return ngx_violet_resolve_order(r, ctx);

    case NGX_HTTP_BAD_REQUEST:
    case NGX_HTTP_NOT_FOUND:
    case NGX_VIOLET_RESOLVE_GONE:

        if (resolve->orders) {
            return ngx_violet_resolve_done(r, ctx, VIOLET_READ_FAILED);
        }

        resolve->orders = 1;

        return ngx_violet_resolve_get(r, ctx);

    case NGX_HTTP_UNAUTHORIZED:

        if (!resolve->repeated && (rc == NGX_OK || rc == NGX_AGAIN)) {
            resolve->repeated = 1;

            ctx->next = ngx_violet_resolve_again;

            if (ngx_violet_credentials_park(r, ctx->app, &e->used)
                == NGX_AGAIN)
            {
                return NGX_AGAIN;
            }

            return ngx_violet_resolve_again(r, ctx);
        }

        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_REFUSED);

    case NGX_HTTP_FORBIDDEN:
        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_REFUSED);

    default:
        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_FAILED);
    }
}


static ngx_int_t
ngx_violet_resolve_again(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    if (ngx_violet_credentials_differ(ctx->app, &ctx->cart->fetched->used)) {
        return ngx_violet_resolve_get(r, ctx);
    }

    return ngx_violet_resolve_done(r, ctx, VIOLET_READ_REFUSED);
}


static ngx_int_t
ngx_violet_resolve_order(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    violet_cart_shown_t    *shown;
    violet_cart_verdict_t  *verdict;

    if (ngx_violet_cart_judge_read(r, ctx, ctx->cart->fetched,
                                   ctx->cart->resolve->id)
        != NGX_OK)
    {
        return ngx_violet_resolve_done(r, ctx, VIOLET_READ_FAILED);
    }

    verdict = &ctx->cart->verdict;
    shown = &ctx->cart->shown;

    shown->outcome = verdict->outcome;
    shown->seen = violet_cart_seen_bits(&verdict->seen);
    shown->manual = verdict->retry == VIOLET_CART_RETRY_MANUAL;
    shown->more = violet_cart_failed_bags(verdict, shown->bags);

    ctx->cart->judged = 1;

    return ngx_violet_resolve_done(r, ctx, VIOLET_READ_ORDER);
}


static ngx_int_t
ngx_violet_resolve_done(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    violet_cart_read_state_t state)
{
    u_char     buf[NGX_VIOLET_CART_NAME];
    ngx_str_t  name;

    ctx->cart->shown.state = state;

    ngx_violet_resolve_release(ctx->cart->resolve, state);

    if (state != VIOLET_READ_ORDER) {
        ctx->cart->judged = 0;
        ngx_str_null(&ctx->cart->problem);

        name = ngx_violet_cart_name(ctx, buf);

        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "violet: the order of %V cannot be read now%s, Violet's "
                      "status %ui",
                      &name,
                      state == VIOLET_READ_REFUSED ? ": Violet refused it"
                                                   : "",
                      ctx->cart->fetched ? ctx->cart->fetched->status : 0);
    }

    return ctx->cart->resolve->next(r, ctx);
}


/* The request ends: by its answer, or while it reads. */

static void
ngx_violet_resolve_cleanup(void *data)
{
    ngx_violet_resolve_t  *resolve = data;

    if (resolve->look.timer_set) {
        ngx_del_timer(&resolve->look);
        ngx_violet_wait_end(resolve->wait);
        resolve->wait = NULL;
    }

    if (resolve->request) {
        ngx_violet_resolve_release(resolve, VIOLET_READ_NOT_YET);
    }
}


static void
ngx_violet_resolve_release(ngx_violet_resolve_t *resolve,
    violet_cart_read_state_t state)
{
    ngx_violet_resolve_update_t  update;

    if (resolve->owner == 0) {
        return;
    }

    ngx_memzero(&update, sizeof(ngx_violet_resolve_update_t));

    update.owner = resolve->owner;
    update.release = 1;
    update.failed = (state == VIOLET_READ_FAILED);
    update.refused = (state == VIOLET_READ_REFUSED);

    (void) ngx_violet_resolve_lease(resolve->request, resolve, &update);

    resolve->owner = 0;
}


static ngx_violet_resolve_lease_e
ngx_violet_resolve_lease(ngx_http_request_t *r, ngx_violet_resolve_t *resolve,
    ngx_violet_resolve_update_t *update)
{
    u_char                   buf[sizeof("read:") + NGX_VIOLET_KEYS_LEN];
    ngx_str_t                name, none;
    ngx_violet_key_t         key;
    ngx_violet_ctx_t        *ctx;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);
    ctx = ngx_violet_ctx(r);

    ngx_str_null(&none);

    ngx_violet_keys_submit(&ctx->app->keys, resolve->id, &none, &key);

    name.data = buf;
    name.len = ngx_snprintf(buf, sizeof(buf), "read:%V", &key.name) - buf;

    if (!update->release
        && (ngx_violet_random((u_char *) &update->owner, sizeof(uint32_t))
            != NGX_OK
            || update->owner == 0))
    {
        update->owner = 1;
    }

    /* a zone that is full holds no lease: the read goes on */

    if (ngx_violet_memory_update(vmcf->zone, &name, 1,
                                 sizeof(ngx_violet_resolve_lease_t),
                                 ngx_violet_resolve_update, update)
        != NGX_OK)
    {
        return NGX_VIOLET_RESOLVE_MINE;
    }

    return update->result;
}


static int64_t
ngx_violet_resolve_update(void *data, u_char *value)
{
    ngx_violet_resolve_update_t  *update = data;

    int64_t                       now;
    ngx_violet_resolve_lease_t    lease;

    now = ngx_violet_clock();

    ngx_memcpy(&lease, value, sizeof(ngx_violet_resolve_lease_t));

    if (update->release) {

        if (lease.owner != update->owner) {
            return ngx_max(lease.until - now, 1);
        }

        ngx_memzero(&lease, sizeof(ngx_violet_resolve_lease_t));

        if (update->failed || update->refused) {
            lease.held = now + NGX_VIOLET_RESOLVE_HOLD;
            lease.refused = update->refused;
        }

        ngx_memcpy(value, &lease, sizeof(ngx_violet_resolve_lease_t));

        return NGX_VIOLET_RESOLVE_HOLD;
    }

    if (lease.held > now) {
        update->result = lease.refused ? NGX_VIOLET_RESOLVE_REFUSED
                                       : NGX_VIOLET_RESOLVE_FAILED;
        return lease.held - now;
    }

    if (lease.until > now) {
        update->result = NGX_VIOLET_RESOLVE_BUSY;
        return lease.until - now;
    }

    ngx_memzero(&lease, sizeof(ngx_violet_resolve_lease_t));

    lease.until = now + NGX_VIOLET_RESOLVE_LEASE;
    lease.owner = update->owner;
    update->result = NGX_VIOLET_RESOLVE_MINE;

    ngx_memcpy(value, &lease, sizeof(ngx_violet_resolve_lease_t));

    return NGX_VIOLET_RESOLVE_LEASE;
}

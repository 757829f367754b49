
/*
 * The page: its sections, and its headers.  It has no script, asks nobody, and
 * loads nothing; it renews itself.
 */


#include "ngx_violet_count.h"
#include "ngx_violet_redis.h"
#include "ngx_violet_status_page.h"


/* s after which a browser loads the page again */
#define NGX_VIOLET_PAGE_REFRESH  15

/* bytes of the page without apps and carts, and for each of them */
#define NGX_VIOLET_PAGE_SIZE  24576
#define NGX_VIOLET_PAGE_APP   6144
#define NGX_VIOLET_PAGE_CART  512


static ngx_int_t ngx_violet_page_read(ngx_http_request_t *r,
    ngx_violet_page_t *page);
static ngx_int_t ngx_violet_page_headers(ngx_http_request_t *r);
static void ngx_violet_page_begin(ngx_violet_page_t *page);
static ngx_violet_page_e ngx_violet_page_state(ngx_violet_page_t *page,
    const char **says);
static void ngx_violet_page_carts(ngx_violet_page_t *page);
static void ngx_violet_page_app(ngx_violet_page_t *page, ngx_uint_t i);
static void ngx_violet_page_token(ngx_violet_page_t *page,
    ngx_violet_token_state_t *token);
static void ngx_violet_page_hits(ngx_violet_page_t *page, int place);
static void ngx_violet_page_submits(ngx_violet_page_t *page, int place);
static void ngx_violet_page_redis(ngx_violet_page_t *page, ngx_uint_t i,
    ngx_violet_redis_t *redis);
static void ngx_violet_page_zone(ngx_violet_page_t *page);
static void ngx_violet_page_figure(ngx_violet_page_t *page, const char *name,
    int64_t value);


static ngx_str_t  ngx_violet_page_type = ngx_string("text/html; charset=utf-8");


ngx_int_t
ngx_violet_status_page(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    u_char             *todo, *start;
    size_t              size;
    ngx_str_t           text, wrong;
    ngx_uint_t          i;
    ngx_violet_page_t  *page;

    page = ngx_pcalloc(r->pool, sizeof(ngx_violet_page_t));
    if (page == NULL || ngx_violet_page_read(r, page) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    size = NGX_VIOLET_PAGE_SIZE
           + page->source.napps * NGX_VIOLET_PAGE_APP
           + page->listed * NGX_VIOLET_PAGE_CART;

    todo = ngx_pnalloc(r->pool, size);
    start = ngx_pnalloc(r->pool, 2 * size);

    if (todo == NULL || start == NULL
        || ngx_violet_page_headers(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the head of the page says how bad it is, so that is found out first */

    page->last = todo;
    page->end = todo + size;

    ngx_violet_page_todo(page);

    wrong.data = todo;
    wrong.len = page->last - todo;

    page->last = start;
    page->end = start + 2 * size;

    ngx_violet_page_begin(page);

    if (page->wrong) {
        ngx_violet_page_print(page, "<section class=todo>%V</section>",
                              &wrong);
    } else {
        ngx_violet_page_print(page, "<p class=fine>Nothing to do.</p>");
    }

    ngx_violet_page_carts(page);

    ngx_violet_page_print(page, "<h2>Apps</h2><div class=grid>");

    for (i = 0; i < page->source.napps; i++) {
        ngx_violet_page_app(page, i);
    }

    ngx_violet_page_print(page, "</div><h2>This host</h2><div class=grid>");
    ngx_violet_page_redis(page, 0, page->vmcf->redis);
    ngx_violet_page_redis(page, 1, page->vmcf->submit_redis);
    ngx_violet_page_zone(page);

    ngx_violet_page_print(page, "</div><footer>Counted since nginx was "
        "started; configuration read ");
    ngx_violet_page_instant(page, page->vmcf->counts->loaded);
    ngx_violet_page_print(page, ". Module %s, nginx %s. Renewed every %d s."
        "</footer></body></html>\n", page->source.version,
        page->source.nginx, NGX_VIOLET_PAGE_REFRESH);

    text.data = start;
    text.len = page->last - start;

    ngx_violet_answer_set(r, NGX_HTTP_OK, &ngx_violet_page_type, &text);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_violet_page_read(ngx_http_request_t *r, ngx_violet_page_t *page)
{
    int64_t             n;
    ngx_uint_t          i;
    ngx_violet_app_t  **app;

    page->vmcf = ngx_violet_main_conf(r);

    if (ngx_violet_status_source(r, &page->source) != NGX_OK) {
        return NGX_ERROR;
    }

    page->tokens = ngx_palloc(r->pool, (page->source.napps + 1)
                                       * sizeof(ngx_violet_token_state_t));
    if (page->tokens == NULL) {
        return NGX_ERROR;
    }

    app = page->vmcf->apps.elts;

    for (i = 0; i < page->source.napps; i++) {
        ngx_violet_token_state(app[i], &page->tokens[i]);

        n = page->source.apps[i].values[VIOLET_APP_IN_DOUBT];
        page->in_doubt += ngx_max(n, 0);
    }

    if (page->in_doubt) {
        page->listed = ngx_violet_cart_doubts(page->vmcf, page->doubts,
                                              NGX_VIOLET_PAGE_DOUBTS);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_page_headers(ngx_http_request_t *r)
{
    ngx_str_t  policy, no_store, nosniff, referrer;

    ngx_str_set(&policy, "default-src 'none'; style-src 'unsafe-inline'; "
                         "frame-ancestors 'none'");
    ngx_str_set(&no_store, "no-store");
    ngx_str_set(&nosniff, "nosniff");
    ngx_str_set(&referrer, "no-referrer");

    if (ngx_violet_answer_header(r, "Content-Security-Policy", &policy)
        != NGX_OK
        || ngx_violet_answer_header(r, "Cache-Control", &no_store) != NGX_OK
        || ngx_violet_answer_header(r, "X-Content-Type-Options", &nosniff)
           != NGX_OK
        || ngx_violet_answer_header(r, "Referrer-Policy", &referrer)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_violet_page_begin(ngx_violet_page_t *page)
{
    const char         *says;
    ngx_violet_page_e   state;

    state = ngx_violet_page_state(page, &says);

    ngx_violet_page_print(page, "<!DOCTYPE html><html lang=en><head>"
        "<meta charset=utf-8>"
        "<meta name=viewport content=\"width=device-width,initial-scale=1\">"
        "<meta http-equiv=refresh content=%d>"
        "<title>%s: ", NGX_VIOLET_PAGE_REFRESH, says);
    ngx_violet_page_text(page, ngx_cycle->hostname.data,
                         ngx_cycle->hostname.len);
    ngx_violet_page_print(page, "</title><style>%s</style></head><body>"
        "<header><p class=host>Violet gateway on ", ngx_violet_page_style);
    ngx_violet_page_text(page, ngx_cycle->hostname.data,
                         ngx_cycle->hostname.len);
    ngx_violet_page_print(page, ", ");
    ngx_violet_page_instant(page, ngx_time());
    ngx_violet_page_print(page, "</p><h1><span class=\"dot %s\"></span>%s"
        "</h1></header>", ngx_violet_page_class(state), says);
}


/* As violet_ready without "redis" answers. */

static ngx_violet_page_e
ngx_violet_page_state(ngx_violet_page_t *page, const char **says)
{
    ngx_uint_t  i;

    for (i = 0; i < page->source.napps; i++) {
        if (page->tokens[i].is == NGX_VIOLET_TOKEN_IS_MISSING) {
            *says = "Not ready";
            return NGX_VIOLET_PAGE_BAD;
        }
    }

    if (page->wrong == 0) {
        *says = "Ready";
        return NGX_VIOLET_PAGE_GOOD;
    }

    *says = page->worst == NGX_VIOLET_PAGE_BAD ? "Ready, but something fails"
                                               : "Ready, with warnings";

    return page->worst;
}


static void
ngx_violet_page_carts(ngx_violet_page_t *page)
{
    ngx_uint_t                i;
    ngx_violet_cart_doubt_t  *doubt;

    if (page->in_doubt <= 0) {
        return;
    }

    ngx_violet_page_print(page, "<h2>Carts in doubt on this host</h2>"
        "<div class=card><p class=say>For each of them send "
        "<code>GET /v1/checkout/cart/ID/submit</code> to the gateway, or let "
        "its caller submit it again: the gateway reads the order at Violet "
        "and answers what became of it. If it stays in doubt, look the cart "
        "up at Violet before anybody orders by hand.</p>"
        "<table><tr><th>Cart</th><th>In doubt since</th><th>Submits</th>"
        "</tr>");

    for (i = 0; i < page->listed; i++) {
        doubt = &page->doubts[i];

        ngx_violet_page_print(page, "<tr><td><b>");
        ngx_violet_page_text(page, doubt->name, doubt->len);
        ngx_violet_page_print(page, "</b><small>%V</small></td><td>",
                              &doubt->app->name);

        if (doubt->since) {
            ngx_violet_page_time(page, ngx_time() - doubt->since / 1000);
            ngx_violet_page_print(page, "<small>");
            ngx_violet_page_instant(page, doubt->since / 1000);
            ngx_violet_page_print(page, "%s</small>",
                doubt->flight ? ", its worker died" : "");

        } else {
            ngx_violet_page_print(page, "not known");
        }

        ngx_violet_page_print(page, "</td><td>%ui</td></tr>", doubt->doubts);
    }

    ngx_violet_page_print(page, "</table>");

    if (page->in_doubt > (int64_t) page->listed) {
        ngx_violet_page_print(page, "<p class=soft>");
        ngx_violet_page_number(page, page->in_doubt - page->listed);
        ngx_violet_page_print(page, " more are not listed.</p>");
    }

    ngx_violet_page_print(page, "</div>");
}


static void
ngx_violet_page_app(ngx_violet_page_t *page, ngx_uint_t i)
{
    int64_t               *values;
    ngx_violet_app_t     **app;
    violet_metrics_app_t  *counted;

    app = page->vmcf->apps.elts;
    counted = &page->source.apps[i];
    values = counted->values;

    ngx_violet_page_print(page, "<article class=card><h3>%V <small>app %V",
                          &app[i]->name, &app[i]->id_text);

    if (app[i]->keys.env.len) {
        ngx_violet_page_print(page, " at ");
        ngx_violet_page_text(page, app[i]->keys.env.data,
                             app[i]->keys.env.len);
    }

    ngx_violet_page_print(page, "</small></h3>");
    ngx_violet_page_token(page, &page->tokens[i]);

    ngx_violet_page_print(page, "<dl class=figures>");
    ngx_violet_page_hits(page, counted->place);
    ngx_violet_page_figure(page, "refreshes left",
                           values[VIOLET_APP_BUDGET_LEFT]);
    ngx_violet_page_figure(page, "submits in flight",
                           values[VIOLET_APP_IN_FLIGHT]);
    ngx_violet_page_figure(page, "carts in doubt",
                           values[VIOLET_APP_IN_DOUBT]);
    ngx_violet_page_print(page, "</dl>");

    ngx_violet_page_submits(page, counted->place);
    ngx_violet_page_print(page, "</article>");
}


static void
ngx_violet_page_token(ngx_violet_page_t *page,
    ngx_violet_token_state_t *token)
{
    int64_t  left;

    /* by ngx_violet_token_state_e */

    static const struct {
        ngx_violet_page_e   state;
        const char         *text;
    } states[] = {
        { NGX_VIOLET_PAGE_GOOD, "Token valid" },
        { NGX_VIOLET_PAGE_WARN, "Token valid, its renewal fails" },
        { NGX_VIOLET_PAGE_BAD, "Token refused by Violet" },
        { NGX_VIOLET_PAGE_BAD, "Token expired" },
        { NGX_VIOLET_PAGE_BAD, "No token yet" }
    };

    ngx_violet_page_print(page, "<p class=state><span class=\"dot %s\">"
        "</span><span>%s", ngx_violet_page_class(states[token->is].state),
        states[token->is].text);

    if (token->expires != -1 && token->is != NGX_VIOLET_TOKEN_IS_MISSING) {
        left = token->expires / 1000 - ngx_time();

        ngx_violet_page_print(page, left > 0 ? ", for " : ", ");
        ngx_violet_page_time(page, left > 0 ? left : -left);
        ngx_violet_page_print(page, left > 0 ? "" : " ago");
    }

    ngx_violet_page_print(page, "</span></p>");
}


/* The share of reads that were answered without a wait for Violet. */

static void
ngx_violet_page_hits(ngx_violet_page_t *page, int place)
{
    uint64_t    n, hits, all;
    ngx_uint_t  i;

    hits = 0;
    all = 0;

    for (i = 0; i < VIOLET_COUNT_CACHES; i++) {

        if (i == VIOLET_COUNT_CACHE_REFRESH || i == VIOLET_COUNT_CACHE_LIMITED
            || i == VIOLET_COUNT_CACHE_BYPASS)
        {
            continue;
        }

        n = violet_counters_read_app(page->source.counters, place,
                offsetof(violet_counters_app_t, caches)
                + i * sizeof(violet_counter_t));

        all += n;

        if (i == VIOLET_COUNT_CACHE_HIT_MEMORY
            || i == VIOLET_COUNT_CACHE_HIT_REDIS
            || i == VIOLET_COUNT_CACHE_UPDATING
            || i == VIOLET_COUNT_CACHE_HELD)
        {
            hits += n;
        }
    }

    ngx_violet_page_print(page, "<div><dt>served from the cache</dt><dd>");

    if (all) {
        n = hits * 1000 / all;
        ngx_violet_page_print(page, "%uL.%uL %%", n / 10, n % 10);

    } else {
        ngx_violet_page_print(page, "\342\200\223");
    }

    ngx_violet_page_print(page, "</dd></div>");
}


static void
ngx_violet_page_submits(ngx_violet_page_t *page, int place)
{
    uint64_t    n[VIOLET_COUNT_OUTCOMES], all;
    ngx_uint_t  i;

    /* by violet_cart_outcome_t */

    static const char  *colors[VIOLET_COUNT_OUTCOMES] = {
        "good", "mid", "mid", "warn", "bad", "bad"
    };

    all = 0;

    for (i = 0; i < VIOLET_COUNT_OUTCOMES; i++) {
        n[i] = violet_counters_read_app(page->source.counters, place,
                   offsetof(violet_counters_app_t, submits)
                   + i * sizeof(violet_counter_t));
        all += n[i];
    }

    ngx_violet_page_print(page, "<p class=cap>submits by outcome</p>"
                                "<div class=bar>");

    for (i = 0; all && i < VIOLET_COUNT_OUTCOMES; i++) {
        if (n[i]) {
            ngx_violet_page_print(page, "<i class=c-%s style=\"flex:%uL\">"
                                  "</i>", colors[i], n[i]);
        }
    }

    ngx_violet_page_print(page, "</div><ul class=key>");

    for (i = 0; i < VIOLET_COUNT_OUTCOMES; i++) {
        ngx_violet_page_print(page, "<li><i class=c-%s></i>%s<b>", colors[i],
                              violet_cart_outcome_name(i));
        ngx_violet_page_number(page, n[i]);
        ngx_violet_page_print(page, "</b></li>");
    }

    ngx_violet_page_print(page, "</ul>");
}


static void
ngx_violet_page_redis(ngx_violet_page_t *page, ngx_uint_t i,
    ngx_violet_redis_t *redis)
{
    size_t              offset;
    int64_t            *values;
    ngx_str_t          *url;
    ngx_violet_page_e   state;

    if (redis == NULL) {
        return;
    }

    values = page->source.redis[i].values;
    url = &ngx_violet_redis_conf(redis)->url;
    offset = offsetof(violet_counters_host_t, redis)
             + i * sizeof(violet_counters_redis_t)
             + offsetof(violet_counters_redis_t, commands);

    state = values[VIOLET_REDIS_UP] == 0 ? NGX_VIOLET_PAGE_BAD
            : values[VIOLET_REDIS_LINK_UP] == 0 ? NGX_VIOLET_PAGE_WARN
                                                : NGX_VIOLET_PAGE_GOOD;

    ngx_violet_page_print(page, "<article class=card><h3>Redis%s <small>",
                          i ? " for submits" : "");
    ngx_violet_page_text(page, url->data, url->len);
    ngx_violet_page_print(page, "</small></h3><p class=state>"
        "<span class=\"dot %s\"></span><span>%s</span></p>"
        "<dl class=figures>", ngx_violet_page_class(state),
        state == NGX_VIOLET_PAGE_BAD ? "Away"
        : state == NGX_VIOLET_PAGE_WARN ? "Connected, without notices"
                                        : "Connected");

    ngx_violet_page_figure(page, "commands answered",
        violet_counters_read_host(page->source.counters, offset
            + VIOLET_COUNT_COMMAND_OK * sizeof(violet_counter_t)));
    ngx_violet_page_figure(page, "errors",
        violet_counters_read_host(page->source.counters, offset
            + VIOLET_COUNT_COMMAND_ERROR * sizeof(violet_counter_t)));
    ngx_violet_page_figure(page, "late",
        violet_counters_read_host(page->source.counters, offset
            + VIOLET_COUNT_COMMAND_TIMEOUT * sizeof(violet_counter_t)));
    ngx_violet_page_figure(page, "not sent",
        violet_counters_read_host(page->source.counters, offset
            + VIOLET_COUNT_COMMAND_REFUSED * sizeof(violet_counter_t)));

    ngx_violet_page_print(page, "</dl></article>");
}


static void
ngx_violet_page_zone(ngx_violet_page_t *page)
{
    int64_t  *values, used, all;

    values = page->source.values;
    used = values[VIOLET_HOST_BYTES_USED];
    all = used + values[VIOLET_HOST_BYTES_FREE];

    ngx_violet_page_print(page, "<article class=card><h3>Shared memory "
                                "<small>violet_zone of ");
    ngx_violet_page_bytes(page, all);
    ngx_violet_page_print(page, "</small></h3><div class=bar>"
        "<i class=c-mid style=\"flex:%L\"></i><i style=\"flex:%L\"></i></div>"
        "<dl class=figures><div><dt>used</dt><dd>",
        ngx_max(used / 1024, 1),
        ngx_max(values[VIOLET_HOST_BYTES_FREE] / 1024, 1));
    ngx_violet_page_bytes(page, used);
    ngx_violet_page_print(page, "</dd></div>");

    ngx_violet_page_figure(page, "reports",
                           values[VIOLET_HOST_ENTRIES_REPORT]);
    ngx_violet_page_figure(page, "records of submits",
                           values[VIOLET_HOST_ENTRIES_SUBMIT]);
    ngx_violet_page_figure(page, "evicted early",
        violet_counters_read_host(page->source.counters,
                             offsetof(violet_counters_host_t, evictions)));
    ngx_violet_page_figure(page, "fetches under way",
                           values[VIOLET_HOST_FLIGHTS]);
    ngx_violet_page_figure(page, "callers who wait",
                           values[VIOLET_HOST_WAITERS]);

    ngx_violet_page_print(page, "</dl></article>");
}


/* A value that is not known is a dash. */

static void
ngx_violet_page_figure(ngx_violet_page_t *page, const char *name,
    int64_t value)
{
    ngx_violet_page_print(page, "<div><dt>%s</dt><dd>", name);

    if (value == VIOLET_METRIC_UNKNOWN) {
        ngx_violet_page_print(page, "\342\200\223");

    } else {
        ngx_violet_page_number(page, value);
    }

    ngx_violet_page_print(page, "</dd></div>");
}

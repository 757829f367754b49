
/*
 * The list of faults of this host and their remedies.  The sentences are for
 * somebody who was woken up: what happens to callers now, then one thing to
 * do.
 */


#include "ngx_violet_status_page.h"
#include "ngx_violet_redis.h"


static void ngx_violet_page_todo_app(ngx_violet_page_t *page, ngx_uint_t i);
static void ngx_violet_page_todo_token(ngx_violet_page_t *page,
    ngx_violet_app_t *app, ngx_violet_token_state_t *token);
static void ngx_violet_page_todo_redis(ngx_violet_page_t *page, ngx_uint_t i,
    ngx_violet_redis_t *redis);
static void ngx_violet_page_todo_open(ngx_violet_page_t *page,
    ngx_violet_page_e state);
static void ngx_violet_page_todo_reason(ngx_violet_page_t *page,
    ngx_violet_token_state_t *token);


void
ngx_violet_page_todo(ngx_violet_page_t *page)
{
    ngx_uint_t  i;

    for (i = 0; i < page->source.napps; i++) {
        ngx_violet_page_todo_app(page, i);
    }

    ngx_violet_page_todo_redis(page, 0, page->vmcf->redis);
    ngx_violet_page_todo_redis(page, 1, page->vmcf->submit_redis);

    if (page->in_doubt > 0) {
        ngx_violet_page_todo_open(page, NGX_VIOLET_PAGE_WARN);
        ngx_violet_page_number(page, page->in_doubt);
        ngx_violet_page_print(page, "%s in doubt</h3>"
            "<p>Nobody knows yet whether %s ordered. The gateway does not "
            "send such a cart again before it has found out.</p>"
            "<p><b>Do:</b> see the list below.</p></article>",
            page->in_doubt == 1 ? " cart is" : " carts are",
            page->in_doubt == 1 ? "it was" : "they were");
    }
}


static void
ngx_violet_page_todo_app(ngx_violet_page_t *page, ngx_uint_t i)
{
    ngx_violet_app_t  **app;

    app = page->vmcf->apps.elts;

    ngx_violet_page_todo_token(page, app[i], &page->tokens[i]);

    if (page->source.apps[i].values[VIOLET_APP_BUDGET_LEFT] == 0) {
        ngx_violet_page_todo_open(page, NGX_VIOLET_PAGE_WARN);
        ngx_violet_page_print(page, "App %V: no refreshes are left</h3>"
            "<p>Callers with <code>refresh=true</code> get a 429, or the "
            "stored report. Other reads are not affected.</p>"
            "<p><b>Do:</b> find the caller that refreshes too often "
            "(<code>$violet_refresh</code> in the access log). The budget "
            "fills up by itself.</p></article>", &app[i]->name);
    }
}


static void
ngx_violet_page_todo_token(ngx_violet_page_t *page, ngx_violet_app_t *app,
    ngx_violet_token_state_t *token)
{
    if (token->is == NGX_VIOLET_TOKEN_IS_GOOD) {
        return;
    }

    ngx_violet_page_todo_open(page, token->is == NGX_VIOLET_TOKEN_IS_FAILING
                                    ? NGX_VIOLET_PAGE_WARN
                                    : NGX_VIOLET_PAGE_BAD);

    switch (token->is) {

    case NGX_VIOLET_TOKEN_IS_MISSING:
        ngx_violet_page_print(page, "App %V: there has been no token "
            "yet</h3><p>Its requests get a 503; stored reports are "
            "served.", &app->name);
        break;

    case NGX_VIOLET_TOKEN_IS_EXPIRED:
        ngx_violet_page_print(page, "App %V: the token has expired</h3>"
            "<p>%s; stored reports are served.", &app->name,
            token->renewed ? "Its requests get a 503"
                           : "Violet refuses its requests");
        break;

    case NGX_VIOLET_TOKEN_IS_REFUSED:
        ngx_violet_page_print(page, "App %V: Violet refuses the token</h3>"
            "<p>Its requests fail; stored reports are served.", &app->name);
        break;

    default: /* NGX_VIOLET_TOKEN_IS_FAILING */
        ngx_violet_page_print(page, "App %V: the renewal of its token "
            "fails</h3><p>Requests still go through, with the old token.",
            &app->name);
    }

    ngx_violet_page_todo_reason(page, token);

    if (!token->renewed) {
        ngx_violet_page_print(page, "</p><p><b>Do:</b> write a new "
            "<code>token</code> to its file; it is used within 5 seconds. Or "
            "let the gateway renew it, by <code>refresh_token</code> or "
            "<code>login</code>.</p></article>");
        return;
    }

    ngx_violet_page_print(page, "</p><p><b>Do:</b> check "
        "<code>app_secret</code> and the <code>refresh_token</code> or "
        "<code>login</code> of the app, and whether this host reaches Violet. "
        "A file that you correct is read within 5 seconds, and the gateway "
        "goes on trying.</p></article>");
}


static void
ngx_violet_page_todo_reason(ngx_violet_page_t *page,
    ngx_violet_token_state_t *token)
{
    if (token->reason) {
        ngx_violet_page_print(page, " The last renewal failed: ");
        ngx_violet_page_text(page, (u_char *) token->reason,
                             ngx_strlen(token->reason));
        ngx_violet_page_print(page, ".");
    }
}


static void
ngx_violet_page_todo_redis(ngx_violet_page_t *page, ngx_uint_t i,
    ngx_violet_redis_t *redis)
{
    int64_t    *values;
    ngx_str_t  *url;

    if (redis == NULL) {
        return;
    }

    values = page->source.redis[i].values;
    url = &ngx_violet_redis_conf(redis)->url;

    if (values[VIOLET_REDIS_UP] == 0) {
        ngx_violet_page_todo_open(page, NGX_VIOLET_PAGE_BAD);
        ngx_violet_page_print(page, "Redis is away%s</h3><p>",
                              i ? " (violet_submit_redis)" : "");
        ngx_violet_page_text(page, url->data, url->len);
        ngx_violet_page_print(page, "%s</p>"
            "<p><b>Do:</b> see whether Redis runs, and whether this host "
            "reaches it. The gateway connects again by itself.</p></article>",
            i || page->vmcf->submit_redis == NULL
            ? " does not answer. This host goes on alone: two hosts that are "
              "asked for one cart at the same moment may both send it, unless "
              "<code>without_redis=refuse</code> holds submits back."
            : " does not answer. This host goes on alone, with the reports "
              "in its memory and refresh limits of its own.");
        return;
    }

    if (i == 0 && values[VIOLET_REDIS_LINK_UP] == 0) {
        ngx_violet_page_todo_open(page, NGX_VIOLET_PAGE_WARN);
        ngx_violet_page_print(page, "No notices of changes from Redis</h3>"
            "<p>Each read asks Redis, which is slower and right.</p>"
            "<p><b>Do:</b> if it lasts longer than a minute, check that the "
            "user of the gateway may use <code>CLIENT TRACKING</code>."
            "</p></article>");
    }

    if (values[VIOLET_REDIS_EVICTS] == 1) {
        ngx_violet_page_todo_open(page, NGX_VIOLET_PAGE_WARN);
        ngx_violet_page_print(page, "Redis may evict records of submits</h3>"
            "<p>A cart whose record is lost can be ordered twice.</p>"
            "<p><b>Do:</b> set <code>maxmemory-policy noeviction</code>, or "
            "give submits a Redis of their own by "
            "<code>violet_submit_redis</code>.</p></article>");
    }
}


static void
ngx_violet_page_todo_open(ngx_violet_page_t *page, ngx_violet_page_e state)
{
    page->worst = ngx_max(page->worst, state);
    page->wrong++;

    ngx_violet_page_print(page, "<article class=%s><h3>",
                          ngx_violet_page_class(state));
}

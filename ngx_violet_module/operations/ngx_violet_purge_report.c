
/*
 * Drops the report of a merchant, or all reports of an app; and the answers of
 * all purges and look-ups.
 */


#include "ngx_violet_purge.h"


/* bytes of an answer: of a key, six for each byte, and 200 for the rest */
#define NGX_VIOLET_PURGE_ANSWER  2048

/* s: Retry-After while Redis is away */
#define NGX_VIOLET_PURGE_RETRY  "5"


static ngx_int_t ngx_violet_purge_report_answer(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


ngx_int_t
ngx_violet_purge_report(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_purge_ctx_t  *purge;

    purge = ctx->operation;

    return ngx_violet_drop(r, ctx, purge->query.merchant_id, 0,
                           ngx_violet_purge_report_answer);
}


/* Nobody counts the reports of an app, so a purge of all drops something. */

static ngx_int_t
ngx_violet_purge_report_answer(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_str_t                nothing;
    ngx_uint_t               away, all;
    violet_json_writer_t     w;
    ngx_violet_purge_ctx_t  *purge;

    purge = ctx->operation;

    ctx->seen.redis = purge->drop.redis;

    all = (purge->query.kind == VIOLET_PURGE_ALL);
    away = ngx_violet_drop_is_away(purge->drop.redis);

    if (!away && !all && purge->drop.purged.reports == 0
        && purge->drop.purged.lists == 0)
    {
        ngx_str_null(&nothing);
        ngx_violet_answer_set(r, NGX_HTTP_NO_CONTENT, &nothing, &nothing);

        return NGX_DECLINED;
    }

    if (ngx_violet_purge_writer(r, &w) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    violet_json_write_open(&w, '{');
    violet_json_write_name(&w, "purged");
    violet_json_write_open(&w, '{');

    if (all) {
        violet_json_write_integer(&w, "all", 1);

    } else {
        violet_json_write_integer(&w, "reports", purge->drop.purged.reports);
        violet_json_write_integer(&w, "lists", purge->drop.purged.lists);
    }

    violet_json_write_close(&w, '}');

    if (!away) {
        violet_json_write_close(&w, '}');
        return ngx_violet_purge_send(r, NGX_HTTP_OK, &w);
    }

    violet_json_write_word(&w, "scope", "host");
    violet_json_write_close(&w, '}');

    return ngx_violet_purge_send(r, NGX_HTTP_SERVICE_UNAVAILABLE, &w);
}


ngx_int_t
ngx_violet_purge_writer(ngx_http_request_t *r, violet_json_writer_t *w)
{
    ngx_memzero(w, sizeof(violet_json_writer_t));

    w->data = ngx_pnalloc(r->pool, NGX_VIOLET_PURGE_ANSWER);
    if (w->data == NULL) {
        return NGX_ERROR;
    }

    w->size = NGX_VIOLET_PURGE_ANSWER - 1;
    w->fixed = 1;

    return NGX_OK;
}


ngx_int_t
ngx_violet_purge_send(ngx_http_request_t *r, ngx_uint_t status,
    violet_json_writer_t *w)
{
    ngx_str_t  text, after;

    if (w->failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&after, NGX_VIOLET_PURGE_RETRY);

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_violet_answer_header(r, "Retry-After", &after) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    w->data[w->len] = '\n';

    text.data = (u_char *) w->data;
    text.len = w->len + 1;

    return ngx_violet_operation_json(r, status, &text);
}


/*
 * Frees the submit of a cart, or of an Idempotency-Key, or shows what its
 * record is.
 */


#include "ngx_violet_purge.h"
#include "ngx_violet_log.h"


static ngx_int_t ngx_violet_purge_submit_asked(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_purge_submit_freed(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_purge_submit_answer(ngx_http_request_t *r,
    ngx_violet_purge_ctx_t *purge, ngx_uint_t status, ngx_uint_t host);
static void ngx_violet_purge_submit_record(violet_json_writer_t *w,
    const violet_cart_record_t *record);


ngx_int_t
ngx_violet_purge_submit(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_wait_t         *wait;
    ngx_violet_loc_conf_t     *vlcf;
    ngx_violet_main_conf_t    *vmcf;
    ngx_violet_purge_ctx_t    *purge;
    ngx_violet_record_conf_t   conf;

    vmcf = ngx_violet_main_conf(r);
    purge = ctx->operation;

    vlcf = ctx->app->loc_conf;

    if (vlcf == NULL) {
        vlcf = ngx_violet_loc_conf(r);
    }

    ngx_memzero(&conf, sizeof(ngx_violet_record_conf_t));

    conf.records = vmcf->records;
    conf.keys = ctx->app->keys;
    conf.cart_id = purge->query.cart_id;
    conf.key.data = (u_char *) purge->query.key;
    conf.key.len = purge->query.key_len;
    conf.doubts = ctx->app->counts.doubts;
    conf.log = r->connection->log;
    conf.time = vlcf->submit_guard;
    conf.timeout = vlcf->read_timeout;
    conf.question = 1;

    purge->record = ngx_violet_record_create(r->pool, &conf);
    if (purge->record == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->next = ngx_violet_purge_submit_asked;

    if (ngx_violet_record_ask(purge->record, wait) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    return ngx_violet_purge_submit_asked(r, ctx);
}


static ngx_int_t
ngx_violet_purge_submit_asked(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_str_t                nothing;
    ngx_uint_t               status;
    ngx_violet_wait_t       *wait;
    violet_cart_guard_t     *guard;
    ngx_violet_purge_ctx_t  *purge;

    purge = ctx->operation;

    guard = ngx_violet_record_guard(purge->record);

    ctx->seen.redis = ngx_violet_record_redis(purge->record);

    purge->was = guard->record;

    if (r->method != NGX_HTTP_POST) {

        /* while Redis is away it may have a record that this host has not */

        status = purge->was.state != VIOLET_RECORD_NONE ? NGX_HTTP_OK
                 : guard->away ? NGX_HTTP_SERVICE_UNAVAILABLE
                               : NGX_HTTP_NOT_FOUND;

        return ngx_violet_purge_submit_answer(r, purge, status, guard->away);
    }

    if (purge->was.state == VIOLET_RECORD_NONE && !guard->away) {
        ngx_str_null(&nothing);
        ngx_violet_answer_set(r, NGX_HTTP_NO_CONTENT, &nothing, &nothing);

        return NGX_DECLINED;
    }

    if (purge->was.state == VIOLET_RECORD_IN_FLIGHT && !purge->query.force) {
        return ngx_violet_purge_submit_answer(r, purge, NGX_HTTP_CONFLICT,
                                              guard->away);
    }

    if (purge->was.state == VIOLET_RECORD_NONE) {
        return ngx_violet_purge_submit_freed(r, ctx);
    }

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->next = ngx_violet_purge_submit_freed;

    if (ngx_violet_record_free(purge->record, wait) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    return ngx_violet_purge_submit_freed(r, ctx);
}


/* Somebody must be able to see later why a cart was sent again. */

static ngx_int_t
ngx_violet_purge_submit_freed(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    u_char                   buf[NGX_VIOLET_LOG_TEXT];
    u_char                   number[NGX_INT64_LEN];
    ngx_str_t                name, shown;
    ngx_uint_t               away;
    violet_cart_guard_t     *guard;
    ngx_violet_purge_ctx_t  *purge;

    purge = ctx->operation;

    guard = ngx_violet_record_guard(purge->record);
    away = guard->away;

    if (purge->was.state != VIOLET_RECORD_NONE) {

        if (!violet_cart_guard_is_free(guard)) {
            return ngx_violet_purge_submit_answer(r, purge, NGX_HTTP_CONFLICT,
                                                  away);
        }

        name.data = (u_char *) purge->query.key;
        name.len = purge->query.key_len;

        if (purge->query.cart_id) {
            name.data = number;
            name.len = ngx_sprintf(number, "%L", purge->query.cart_id)
                       - number;
        }

        shown = ngx_violet_log_text(&name, buf);

        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "violet: the submit of %s %V is freed by %V, its "
                      "record was %s",
                      purge->query.cart_id ? "cart" : "key", &shown,
                      &r->connection->addr_text,
                      violet_cart_record_name(purge->was.state));
    }

    return ngx_violet_purge_submit_answer(r, purge,
                                          away ? NGX_HTTP_SERVICE_UNAVAILABLE
                                               : NGX_HTTP_OK, away);
}


static ngx_int_t
ngx_violet_purge_submit_answer(ngx_http_request_t *r,
    ngx_violet_purge_ctx_t *purge, ngx_uint_t status, ngx_uint_t host)
{
    violet_text_t         key;
    violet_json_writer_t  w;

    if (ngx_violet_purge_writer(r, &w) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    violet_json_write_open(&w, '{');

    if (purge->query.kind == VIOLET_PURGE_CART) {
        violet_json_write_integer(&w, "cart_id", purge->query.cart_id);

    } else {
        key.data = purge->query.key;
        key.len = purge->query.key_len;

        violet_json_write_text(&w, "key", key, NGX_VIOLET_PURGE_SHOWN);
    }

    violet_json_write_name(&w, "record");

    if (purge->was.state == VIOLET_RECORD_NONE) {
        violet_json_write_literal(&w, "null");

    } else {
        ngx_violet_purge_submit_record(&w, &purge->was);
    }

    if (host) {
        violet_json_write_word(&w, "scope", "host");
    }

    violet_json_write_close(&w, '}');

    return ngx_violet_purge_send(r, status, &w);
}


/* Times are Unix times in seconds. */

static void
ngx_violet_purge_submit_record(violet_json_writer_t *w,
    const violet_cart_record_t *record)
{
    time_t       now;
    const char  *name;

    now = ngx_time();
    name = violet_cart_record_name(record->state);

    violet_json_write_open(w, '{');

    if (record->state == VIOLET_RECORD_IN_FLIGHT) {
        violet_json_write_word(w, "outcome", NULL);
        violet_json_write_word(w, "status", "in_flight");

    } else {
        violet_json_write_word(w, "outcome", name);
        violet_json_write_word(w, "status", "ended");
    }

    violet_json_write_integer(w, "since", now - record->since / 1000);

    if (record->state == VIOLET_RECORD_IN_FLIGHT) {
        violet_json_write_integer(w, "deadline", now + record->left / 1000);

    } else {
        violet_json_write_word(w, "deadline", NULL);
    }

    violet_json_write_integer(w, "doubts", record->doubts);
    violet_json_write_close(w, '}');
}


/*
 * A text of metrics, sent in pieces: one in a round of the event loop, so that
 * a scrape of many apps holds nobody up.  A piece is written when the one
 * before it has left; its buffer is used again.
 */


#include "ngx_violet.h"
#include "ngx_violet_operation.h"
#include "ngx_violet_status.h"


/* bytes of a piece */
#define NGX_VIOLET_STATUS_PIECE  32768


typedef size_t (*ngx_violet_status_write_pt)(
    const violet_metrics_source_t *source, violet_metrics_cursor_t *cursor,
    char *buf, size_t size);


typedef struct {
    violet_metrics_source_t      source;
    violet_metrics_cursor_t      cursor;
    ngx_violet_status_write_pt   write;
    ngx_str_t                    type;
    ngx_chain_t                 *free;
    ngx_chain_t                 *busy;
} ngx_violet_status_t;


static ngx_int_t ngx_violet_status_content(ngx_http_request_t *r);
static void ngx_violet_status_writer(ngx_http_request_t *r);
static ngx_int_t ngx_violet_status_piece(ngx_http_request_t *r,
    ngx_violet_status_t *status);
static ngx_int_t ngx_violet_status_output(ngx_http_request_t *r,
    ngx_violet_status_t *status, ngx_chain_t *out);
static ngx_int_t ngx_violet_status_wait(ngx_http_request_t *r);


ngx_int_t
ngx_violet_status_send(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_status_format_e format)
{
    ngx_str_t             no_store, detail;
    ngx_violet_status_t  *status;

    /* pieces that follow each other cannot become a part of a response */

    if (r != r->main) {
        ngx_str_set(&detail, "the metrics of violet_status cannot be the "
                             "target of a subrequest (SSI, mirror, "
                             "auth_request)");

        return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_CONFIGURATION,
                                         0, &detail);
    }

    status = ngx_pcalloc(r->pool, sizeof(ngx_violet_status_t));

    ngx_str_set(&no_store, "no-store");

    if (status == NULL
        || ngx_violet_status_source(r, &status->source) != NGX_OK
        || ngx_violet_answer_header(r, "Cache-Control", &no_store) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (format == NGX_VIOLET_STATUS_JSON) {
        status->write = violet_metrics_json;
        ngx_str_set(&status->type, "application/json");

    } else {
        status->write = violet_metrics_prometheus;
        ngx_str_set(&status->type, "text/plain; version=0.0.4");
    }

    ctx->operation = status;

    r->content_handler = ngx_violet_status_content;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_violet_status_content(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_violet_status_t  *status;

    status = ngx_violet_ctx(r)->operation;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_type = status->type;
    r->headers_out.content_type_len = status->type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    r->main->count++;

    r->write_event_handler = ngx_violet_status_writer;

    ngx_violet_status_writer(r);

    return NGX_DONE;
}


static void
ngx_violet_status_writer(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_event_t          *wev;
    ngx_violet_status_t  *status;

    wev = r->connection->write;
    status = ngx_violet_ctx(r)->operation;

    if (wev->timedout) {
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    rc = status->busy ? ngx_violet_status_output(r, status, NULL) : NGX_OK;

    if (rc == NGX_OK) {
        rc = ngx_violet_status_piece(r, status);
    }

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    /* nginx sends the rest of the last piece */

    if (status->cursor.done) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    if (ngx_violet_status_wait(r) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (rc == NGX_OK) {
        ngx_post_event(wev, &ngx_posted_next_events);
    }
}


static ngx_int_t
ngx_violet_status_piece(ngx_http_request_t *r, ngx_violet_status_t *status)
{
    size_t        size;
    ngx_buf_t    *b;
    ngx_chain_t  *out;

    size = ngx_max(violet_metrics_piece(&status->source),
                   NGX_VIOLET_STATUS_PIECE);

    out = ngx_chain_get_free_buf(r->pool, &status->free);
    if (out == NULL) {
        return NGX_ERROR;
    }

    b = out->buf;

    if (b->start == NULL) {
        b->start = ngx_palloc(r->pool, size);
        if (b->start == NULL) {
            return NGX_ERROR;
        }

        b->end = b->start + size;
        b->temporary = 1;
        b->tag = (ngx_buf_tag_t) &ngx_violet_module;
    }

    b->pos = b->start;
    b->last = b->start + status->write(&status->source, &status->cursor,
                                       (char *) b->start, b->end - b->start);
    b->flush = 1;
    b->last_buf = status->cursor.done;
    b->last_in_chain = status->cursor.done;

    return ngx_violet_status_output(r, status, out);
}


/* Sends a chain, or, if it is NULL, more of what was not sent before. */

static ngx_int_t
ngx_violet_status_output(ngx_http_request_t *r, ngx_violet_status_t *status,
    ngx_chain_t *out)
{
    ngx_int_t  rc;

    rc = ngx_http_output_filter(r, out);

    ngx_chain_update_chains(r->pool, &status->free, &status->busy, &out,
                            (ngx_buf_tag_t) &ngx_violet_module);

    return rc;
}


/*
 * A caller may read slowly: then the next piece is due when there is room.  A
 * worker that shuts down ends when it has no timers, so there is one until all
 * is sent.
 */

static ngx_int_t
ngx_violet_status_wait(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
}

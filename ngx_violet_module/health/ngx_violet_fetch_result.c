
/*
 * The result of an exchange: a report, another complete answer, or a failure.
 * It is copied to the flight's pool, since the carrier's pool is destroyed
 * before the flight lands.
 */


#include "ngx_violet_exchange_check.h"
#include "ngx_violet_fetch_result.h"
#include "ngx_violet_header.h"


/* s that an answer is held that is too large, or a 429 without Retry-After */
#define NGX_VIOLET_FETCH_HOLD      60

/* s that a 429 is held at most */
#define NGX_VIOLET_FETCH_MAX_HOLD  86400

/* a status for which nginx has no name */
#define NGX_VIOLET_FETCH_GONE  410


static ngx_int_t ngx_violet_fetch_result_copy_id(
    ngx_violet_fetch_result_t *fetched, ngx_pool_t *pool,
    ngx_violet_exchange_t *e);
static void ngx_violet_fetch_result_failure(ngx_violet_fetch_result_t *fetched,
    ngx_violet_exchange_result_e result);
static ngx_int_t ngx_violet_fetch_result_answer(
    ngx_violet_fetch_result_t *fetched, ngx_pool_t *pool,
    ngx_violet_exchange_t *e, int32_t merchant_id);
static ngx_int_t ngx_violet_fetch_result_refusal(
    ngx_violet_fetch_result_t *fetched, ngx_pool_t *pool,
    ngx_violet_exchange_t *e, int32_t merchant_id);
static ngx_int_t ngx_violet_fetch_result_error(
    ngx_violet_fetch_result_t *fetched, ngx_pool_t *pool,
    ngx_violet_exchange_t *e);
static void ngx_violet_fetch_result_log_status(ngx_violet_exchange_t *e);
static ngx_int_t ngx_violet_fetch_result_retry_after(
    ngx_violet_fetch_result_t *fetched, ngx_pool_t *pool,
    ngx_violet_exchange_t *e);
static ngx_int_t ngx_violet_fetch_result_check(
    ngx_violet_fetch_result_t *fetched, ngx_pool_t *pool, int32_t merchant_id);
static void ngx_violet_fetch_result_log(ngx_violet_fetch_result_t *fetched,
    int32_t merchant_id, violet_report_check_t *report);
static ngx_int_t ngx_violet_fetch_result_copy(ngx_pool_t *pool, ngx_str_t *to,
    ngx_str_t *from);


ngx_int_t
ngx_violet_fetch_result_take(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_violet_exchange_t *e, int32_t merchant_id)
{
    if (ngx_violet_exchange_copy_states(pool, &fetched->states, e->states)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    fetched->status = e->status;

    if (ngx_violet_fetch_result_copy_id(fetched, pool, e) != NGX_OK) {
        return NGX_ERROR;
    }

    if (e->result == NGX_VIOLET_EXCHANGE_REFUSED) {
        fetched->kind = NGX_VIOLET_FETCH_REFUSED;
        fetched->refused = e->refused;

        /* without a token it is a failure: a stale report may be served */

        if (e->refused == NGX_VIOLET_REFUSED_CREDENTIALS) {
            fetched->kind = NGX_VIOLET_FETCH_FAILED;
            fetched->status = NGX_HTTP_BAD_GATEWAY;
        }

        return NGX_OK;
    }

    if (e->result == NGX_VIOLET_EXCHANGE_ANSWERED) {
        return ngx_violet_fetch_result_answer(fetched, pool, e, merchant_id);
    }

    ngx_violet_fetch_result_failure(fetched, e->result);

    return NGX_OK;
}


static ngx_int_t
ngx_violet_fetch_result_copy_id(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_violet_exchange_t *e)
{
    ngx_str_t  id;

    if (e->subrequest == NULL) {
        return NGX_OK;
    }

    ngx_violet_check_sent_id(e->subrequest, &id);

    return ngx_violet_fetch_result_copy(pool, &fetched->request_id, &id);
}


void
ngx_violet_fetch_result_no_memory(ngx_violet_fetch_result_t *fetched)
{
    fetched->kind = NGX_VIOLET_FETCH_FAILED;
    fetched->status = NGX_HTTP_BAD_GATEWAY;
    fetched->failed = 1;
    ngx_str_set(&fetched->detail, "the gateway is out of memory");
}


ngx_uint_t
ngx_violet_fetch_result_is_private(ngx_violet_fetch_result_t *fetched)
{
    return fetched->refused || fetched->failed;
}


static void
ngx_violet_fetch_result_failure(ngx_violet_fetch_result_t *fetched,
    ngx_violet_exchange_result_e result)
{
    fetched->kind = NGX_VIOLET_FETCH_FAILED;
    fetched->status = NGX_HTTP_BAD_GATEWAY;

    switch (result) {

    case NGX_VIOLET_EXCHANGE_UNREACHABLE:
        ngx_str_set(&fetched->detail,
                    "no connection to Violet could be made");
        break;

    case NGX_VIOLET_EXCHANGE_TIMEOUT:
        fetched->status = NGX_HTTP_GATEWAY_TIME_OUT;
        ngx_str_set(&fetched->detail, "Violet did not answer in time");
        break;

    case NGX_VIOLET_EXCHANGE_TOO_LARGE:
        fetched->hold = NGX_VIOLET_FETCH_HOLD * 1000;
        ngx_str_set(&fetched->detail,
                    "Violet's answer is larger than violet_buffer_limit");
        break;

    default:
        ngx_str_set(&fetched->detail,
                    "Violet's answer was cut off or was no valid HTTP");
    }
}


static ngx_int_t
ngx_violet_fetch_result_answer(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_violet_exchange_t *e, int32_t merchant_id)
{
    ngx_http_headers_out_t  *out;

    out = e->headers_out;

    if (ngx_violet_fetch_result_copy(pool, &fetched->content, &e->content)
        != NGX_OK
        || ngx_violet_fetch_result_copy(pool, &fetched->content_type,
                                        &out->content_type)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (out->content_encoding && out->content_encoding->hash
        && ngx_violet_fetch_result_copy(pool, &fetched->content_encoding,
                                        &out->content_encoding->value)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (e->status == NGX_HTTP_TOO_MANY_REQUESTS
        || e->status >= NGX_HTTP_INTERNAL_SERVER_ERROR
        || e->status < NGX_HTTP_OK
        || e->status / 100 == 3)
    {
        return ngx_violet_fetch_result_error(fetched, pool, e);
    }

    if (e->status != NGX_HTTP_OK) {
        return ngx_violet_fetch_result_refusal(fetched, pool, e, merchant_id);
    }

    return ngx_violet_fetch_result_check(fetched, pool, merchant_id);
}


/*
 * If a merchant has left, Violet's 403, 404 or 410 has an API exception.  A
 * 403 without one comes from a proxy in front of Violet: it is a failure.
 */

static ngx_int_t
ngx_violet_fetch_result_refusal(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_violet_exchange_t *e, int32_t merchant_id)
{
    ngx_uint_t  says;

    fetched->kind = NGX_VIOLET_FETCH_OTHER;

    if (e->status != NGX_HTTP_FORBIDDEN && e->status != NGX_HTTP_NOT_FOUND
        && e->status != NGX_VIOLET_FETCH_GONE)
    {
        return NGX_OK;
    }

    says = violet_report_is_refusal((char *) fetched->content.data,
                                    fetched->content.len);

    if (says) {
        fetched->gone = (merchant_id != 0);

    } else if (e->status == NGX_HTTP_FORBIDDEN) {
        return ngx_violet_fetch_result_error(fetched, pool, e);
    }

    return NGX_OK;
}


/*
 * A 5xx, a 429, or a status that Violet's API does not use: a failure.  The
 * problem names the status; Violet's body is dropped.
 */

static ngx_int_t
ngx_violet_fetch_result_error(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_violet_exchange_t *e)
{
    u_char  *p;

    fetched->kind = NGX_VIOLET_FETCH_FAILED;

    ngx_violet_fetch_result_log_status(e);

    p = ngx_pnalloc(pool, sizeof("Violet answered with status ")
                          + NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    fetched->detail.data = p;
    fetched->detail.len = ngx_sprintf(p, "Violet answered with status %ui",
                                      e->status)
                          - p;

    /* no caller gets the body, so followers do not either */

    ngx_str_null(&fetched->content);
    ngx_str_null(&fetched->content_type);
    ngx_str_null(&fetched->content_encoding);

    if (e->status == NGX_HTTP_TOO_MANY_REQUESTS) {
        return ngx_violet_fetch_result_retry_after(fetched, pool, e);
    }

    fetched->status = (e->status == NGX_HTTP_GATEWAY_TIME_OUT)
                      ? NGX_HTTP_GATEWAY_TIME_OUT : NGX_HTTP_BAD_GATEWAY;

    return NGX_OK;
}


static void
ngx_violet_fetch_result_log_status(ngx_violet_exchange_t *e)
{
    ngx_violet_log_limit_t  *logged;

    logged = &e->app->state->logged;

    if (e->status == NGX_HTTP_TOO_MANY_REQUESTS) {

        if (ngx_violet_log_due(logged, NGX_VIOLET_CAUSE_LIMITED)) {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "violet: Violet limits the requests of app \"%V\" "
                          "for connection health (status 429): callers get "
                          "a 429 until its Retry-After is over; with a longer "
                          "\"violet_health_ttl\" the gateway asks less often",
                          &e->app->name);
        }

        return;
    }

    if (e->status / 100 == 3) {

        if (ngx_violet_log_due(logged, NGX_VIOLET_CAUSE_REDIRECT)) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "violet: Violet redirects requests of app \"%V\" "
                          "for connection health (status %ui), and the "
                          "gateway follows no redirect: check the host, the "
                          "port and the path that \"proxy_pass\" leads to",
                          &e->app->name, e->status);
        }

        return;
    }

    if (ngx_violet_log_due(logged, NGX_VIOLET_CAUSE_FAILED)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Violet answers requests of app \"%V\" for "
                      "connection health with status %ui: callers get a 502 "
                      "or 504, or an old report if \"violet_health_stale\" "
                      "allows it", &e->app->name, e->status);
    }
}


/* Retry-After is seconds or a date (RFC 9110, section 10.2.3). */

static ngx_int_t
ngx_violet_fetch_result_retry_after(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_violet_exchange_t *e)
{
    time_t            seconds;
    ngx_table_elt_t  *h;

    seconds = NGX_VIOLET_FETCH_HOLD;

    h = ngx_violet_header_find(&e->headers_out->headers, "Retry-After");

    if (h) {
        if (ngx_violet_fetch_result_copy(pool, &fetched->retry_after, &h->value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        seconds = ngx_atotm(h->value.data, h->value.len);

        if (seconds == NGX_ERROR) {
            seconds = ngx_parse_http_time(h->value.data, h->value.len);

            seconds = (seconds == NGX_ERROR) ? NGX_VIOLET_FETCH_HOLD
                                             : seconds - ngx_time();
        }
    }

    seconds = ngx_max(seconds, 0);
    seconds = ngx_min(seconds, NGX_VIOLET_FETCH_MAX_HOLD);

    fetched->hold = (uint64_t) seconds * 1000;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_fetch_result_check(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, int32_t merchant_id)
{
    int                    rc;
    violet_report_check_t  report;

    ngx_memzero(&report, sizeof(violet_report_check_t));

    if (fetched->content_encoding.len) {
        report.reason = "it is compressed, which was not asked for";
        rc = -1;

    } else if (merchant_id) {
        rc = violet_report_check((char *) fetched->content.data,
                                 fetched->content.len, merchant_id, &report);

    } else {
        rc = violet_report_list_check((char *) fetched->content.data,
                                      fetched->content.len, &report);
    }

    if (rc != 0) {
        ngx_violet_fetch_result_log(fetched, merchant_id, &report);

        fetched->kind = NGX_VIOLET_FETCH_OTHER;
        return NGX_OK;
    }

    fetched->kind = NGX_VIOLET_FETCH_REPORT;
    fetched->report.body = fetched->content;
    fetched->report.state = report.state;
    fetched->report.age = 0;

    ngx_str_null(&fetched->content);

    return ngx_violet_health_store_set_etag(pool, &fetched->report);
}


static void
ngx_violet_fetch_result_log(ngx_violet_fetch_result_t *fetched,
    int32_t merchant_id, violet_report_check_t *report)
{
    if (merchant_id == 0) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "violet: the list of all merchants is not stored: %s "
                      "(%uz bytes, at byte %uz)",
                      report->reason, fetched->content.len, report->offset);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "violet: the answer about merchant %D is not stored: "
                  "%s (%uz bytes, at byte %uz)",
                  merchant_id, report->reason, fetched->content.len,
                  report->offset);
}


static ngx_int_t
ngx_violet_fetch_result_copy(ngx_pool_t *pool, ngx_str_t *to, ngx_str_t *from)
{
    to->data = ngx_pstrdup(pool, from);
    if (to->data == NULL) {
        return NGX_ERROR;
    }

    to->len = from->len;

    return NGX_OK;
}

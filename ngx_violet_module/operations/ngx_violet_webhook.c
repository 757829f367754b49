
/*
 * violet_webhook: the gateway hears from Violet that something about a merchant
 * has changed, and drops the merchant's report.  Nothing of an event is
 * believed before its signature has been checked over the whole body.
 *
 * With proxy_pass in the location a verified event goes on to it.
 */


#include "ngx_violet_webhook.h"
#include "ngx_violet_count.h"
#include "ngx_violet_header.h"
#include "ngx_violet_log.h"


#if (NGX_VIOLET_CRYPTO)

/* s: Retry-After while Redis is away */
#define NGX_VIOLET_WEBHOOK_RETRY  "5"


static char *ngx_violet_webhook_parameter(ngx_conf_t *cf, ngx_str_t *value,
    ngx_violet_webhook_conf_t *conf);
static ngx_uint_t ngx_violet_webhook_is_name(ngx_str_t *name);
static ngx_int_t ngx_violet_webhook_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_webhook_signature(ngx_http_request_t *r,
    ngx_violet_webhook_ctx_t *webhook);
static void ngx_violet_webhook_has_body(ngx_http_request_t *r);
static ngx_int_t ngx_violet_webhook_verify(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_webhook_unauthorized(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_webhook_coded(ngx_http_request_t *r);
static ngx_int_t ngx_violet_webhook_read_event(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_webhook_classify(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, violet_event_body_t *body);
static void ngx_violet_webhook_no_topic(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_webhook_finish(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_webhook_answer(ngx_http_request_t *r,
    char *result);


char *
ngx_violet_webhook_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_violet_operation_t     *operation;
    ngx_violet_webhook_conf_t  *webhook;

    operation = ngx_violet_operation_add(cf, vlcf, ngx_violet_webhook_handler);
    if (operation == NULL) {
        return NGX_CONF_ERROR;
    }

    webhook = ngx_pcalloc(cf->pool, sizeof(ngx_violet_webhook_conf_t));
    if (webhook == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    operation->app_name = value[1];
    operation->conf = webhook;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_violet_webhook_parameter(cf, &value[i], webhook)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_violet_webhook_parameter(ngx_conf_t *cf, ngx_str_t *value,
    ngx_violet_webhook_conf_t *conf)
{
    if (ngx_strcmp(value->data, "action=drop") == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value->data, "action=log") == 0) {
        conf->log = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "event=", 6) == 0 && conf->event.len == 0) {

        conf->event.data = value->data + 6;
        conf->event.len = value->len - 6;

        if (ngx_violet_webhook_is_name(&conf->event)) {
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in \"violet_webhook\", use "
                       "\"event=NAME\" once, such as "
                       "\"event=MERCHANT_CONNECTED\", \"action=drop\" or "
                       "\"action=log\"", value);

    return NGX_CONF_ERROR;
}


static ngx_uint_t
ngx_violet_webhook_is_name(ngx_str_t *name)
{
    size_t  i;

    for (i = 0; i < name->len; i++) {
        if ((name->data[i] < 'A' || name->data[i] > 'Z')
            && name->data[i] != '_')
        {
            return 0;
        }
    }

    return name->len > 0;
}


static ngx_int_t
ngx_violet_webhook_handler(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_violet_webhook_ctx_t  *webhook;

    if (r->method != NGX_HTTP_POST) {
        rc = ngx_http_discard_request_body(r);

        return rc == NGX_OK ? ngx_violet_operation_method(r, "POST") : rc;
    }

    webhook = ngx_pcalloc(r->pool, sizeof(ngx_violet_webhook_ctx_t));
    if (webhook == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    webhook->request = r;
    ctx->operation = webhook;

    if (ngx_violet_webhook_signature(r, webhook) != NGX_OK) {
        rc = ngx_http_discard_request_body(r);

        return rc == NGX_OK ? ngx_violet_webhook_unauthorized(r, ctx) : rc;
    }

    /* no step is due if the phases run while the body is being read */

    ctx->waiting = 1;
    ctx->next = ngx_violet_webhook_verify;

    rc = ngx_http_read_client_request_body(r, ngx_violet_webhook_has_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


/* Violet sends one; with two of them either may be somebody else's. */

static ngx_int_t
ngx_violet_webhook_signature(ngx_http_request_t *r,
    ngx_violet_webhook_ctx_t *webhook)
{
    violet_text_t              text;
    ngx_table_elt_t           *h, *found;
    ngx_violet_header_iter_t   iter;

    found = NULL;

    ngx_violet_header_first(&iter, &r->headers_in.headers);

    while ((h = ngx_violet_header_next(&iter)) != NULL) {

        if (h->hash == 0 || !ngx_violet_header_is(&h->key, "X-Violet-Hmac")) {
            continue;
        }

        if (found) {
            return NGX_DECLINED;
        }

        found = h;
    }

    if (found == NULL) {
        return NGX_DECLINED;
    }

    text.data = (char *) found->value.data;
    text.len = found->value.len;

    return violet_signature_parse(text, webhook->signature) == 0
           ? NGX_OK : NGX_DECLINED;
}


static void
ngx_violet_webhook_has_body(ngx_http_request_t *r)
{
    ngx_violet_ctx_t  *ctx;

    ctx = ngx_violet_ctx(r);

    ctx->waiting = 0;

    r->preserve_body = 1;

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


static ngx_int_t
ngx_violet_webhook_verify(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_violet_webhook_ctx_t  *webhook;

    webhook = ctx->operation;

    if (!webhook->started
        && ngx_violet_webhook_open(r, webhook, ctx->app) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_violet_webhook_hash(webhook);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_violet_webhook_signed(webhook);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_OK) {
        return ngx_violet_webhook_unauthorized(r, ctx);
    }

    rc = ngx_violet_webhook_coded(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->next = ngx_violet_webhook_read_event;

    return ctx->next(r, ctx);
}


static ngx_int_t
ngx_violet_webhook_unauthorized(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_str_t  challenge, detail;

    ngx_violet_count(ctx->app, webhooks[VIOLET_COUNT_WEBHOOK_UNSIGNED]);

    if (ngx_violet_log_due(&ctx->app->state->logged,
                           NGX_VIOLET_CAUSE_UNSIGNED))
    {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "violet: an event for the app \"%V\" gets a 401: its "
                      "X-Violet-Hmac is missing or was not made with an "
                      "app_secret of the app", &ctx->app->name);
    }

    /* RFC 9110 requires a challenge; no scheme is registered for this one */

    ngx_str_set(&challenge, "HMAC-SHA256 header=\"X-Violet-Hmac\"");

    if (ngx_violet_answer_header(r, "WWW-Authenticate", &challenge)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&detail, "X-Violet-Hmac is missing, there twice, or was not "
                         "made with the app's secret over this body");

    return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_UNAUTHORIZED, 0,
                                     &detail);
}


/* NGX_OK if the body has no content coding. */

static ngx_int_t
ngx_violet_webhook_coded(ngx_http_request_t *r)
{
    ngx_str_t         detail;
    ngx_table_elt_t  *h;

    h = ngx_violet_header_find(&r->headers_in.headers, "Content-Encoding");

    if (h == NULL || ngx_violet_header_is(&h->value, "identity")) {
        return NGX_OK;
    }

    ngx_str_set(&detail, "an event must have no Content-Encoding");

    return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_INVALID_REQUEST,
                                     NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                     &detail);
}


static ngx_int_t
ngx_violet_webhook_read_event(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                  rc;
    violet_event_body_t        body;
    ngx_violet_webhook_ctx_t  *webhook;

    webhook = ctx->operation;

    rc = ngx_violet_webhook_scan(webhook);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&body, sizeof(violet_event_body_t));

    /* a body that is no JSON has no merchant */

    (void) violet_event_scan_end(&webhook->scan, &body);

    ngx_violet_webhook_classify(r, ctx, &body);

    if (webhook->merchant_id == 0
        || ((ngx_violet_webhook_conf_t *)
            ngx_violet_loc_conf(r)->operation->conf)->log)
    {
        return ngx_violet_webhook_finish(r, ctx);
    }

    return ngx_violet_drop(r, ctx, webhook->merchant_id, 1,
                           ngx_violet_webhook_finish);
}


/* Leaves merchant_id 0 if the event says nothing about a merchant's report. */

static void
ngx_violet_webhook_classify(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    violet_event_body_t *body)
{
    violet_text_t               name;
    ngx_table_elt_t            *h;
    ngx_violet_webhook_ctx_t   *webhook;
    ngx_violet_webhook_conf_t  *conf;

    webhook = ctx->operation;
    conf = ngx_violet_loc_conf(r)->operation->conf;

    h = ngx_violet_header_find(&r->headers_in.headers, "X-Violet-Topic");

    if (h && h->value.len) {
        name.data = (char *) h->value.data;
        name.len = h->value.len;

        webhook->kind = violet_event_kind(name);

    } else if (conf->event.len) {
        name.data = (char *) conf->event.data;
        name.len = conf->event.len;

        webhook->kind = violet_event_kind(name);

    } else {
        webhook->kind = violet_event_shape(body);

        ngx_violet_webhook_no_topic(r, ctx);
    }

    /* two apps may have one secret */

    if (body->app_id == 0 || body->app_id == ctx->app->id) {
        webhook->merchant_id = violet_event_merchant(body, webhook->kind);
    }
}


static void
ngx_violet_webhook_no_topic(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_webhook_ctx_t  *webhook;

    static char  *kinds[] = {
        "ignored", "taken for one of a merchant",
        "taken for one of a payout account", "taken for one of a sync"
    };

    webhook = ctx->operation;

    ngx_violet_count(ctx->app, webhooks[VIOLET_COUNT_WEBHOOK_NO_TOPIC]);

    if (ngx_violet_log_due(&ctx->app->state->logged,
                           NGX_VIOLET_CAUSE_NO_TOPIC))
    {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "violet: an event for the app \"%V\" has no "
                      "X-Violet-Topic and is %s, by the shape of its body: "
                      "give each event a location with "
                      "\"violet_webhook %V event=NAME\"",
                      &ctx->app->name, kinds[webhook->kind],
                      &ctx->app->name);
    }
}


/*
 * While Redis is away Violet must repeat the event, and a consumer behind
 * proxy_pass must hear of it once.
 */

static ngx_int_t
ngx_violet_webhook_finish(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_str_t                  after;
    ngx_violet_webhook_ctx_t  *webhook;

    webhook = ctx->operation;

    ctx->seen.redis = webhook->drop.redis;

    if (ngx_violet_drop_is_away(webhook->drop.redis)) {
        ngx_violet_count(ctx->app, webhooks[VIOLET_COUNT_WEBHOOK_FAILED]);

        ngx_str_set(&after, NGX_VIOLET_WEBHOOK_RETRY);

        if (ngx_violet_answer_header(r, "Retry-After", &after) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_violet_webhook_answer(r, "failed");
    }

    if (webhook->merchant_id) {
        ngx_violet_count(ctx->app, webhooks[VIOLET_COUNT_WEBHOOK_ACCEPTED]);

    } else {
        ngx_violet_count(ctx->app, webhooks[VIOLET_COUNT_WEBHOOK_IGNORED]);
    }

    if (r->content_handler) {
        return NGX_DECLINED;
    }

    return ngx_violet_webhook_answer(r, webhook->merchant_id ? "accepted"
                                                             : "ignored");
}


static ngx_int_t
ngx_violet_webhook_answer(ngx_http_request_t *r, char *result)
{
    size_t      len;
    ngx_str_t   text;
    ngx_uint_t  failed;

    failed = (result[0] == 'f');

    len = sizeof("{\"result\":\"\",\"scope\":\"host\"}\n")
          + ngx_strlen(result);

    text.data = ngx_pnalloc(r->pool, len);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.len = ngx_sprintf(text.data, "{\"result\":\"%s\"%s}\n", result,
                           failed ? ",\"scope\":\"host\"" : "")
               - text.data;

    return ngx_violet_operation_json(r, failed ? NGX_HTTP_SERVICE_UNAVAILABLE
                                               : NGX_HTTP_OK, &text);
}

#else

char *
ngx_violet_webhook_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "no \"violet_webhook\" in this build of "
                       "ngx_violet_module, which lacks libcrypto: build it "
                       "again with OpenSSL's development package");

    return NGX_CONF_ERROR;
}

#endif /* NGX_VIOLET_CRYPTO */

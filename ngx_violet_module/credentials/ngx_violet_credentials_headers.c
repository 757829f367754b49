
/*
 * The headers with the credentials.  The three headers are ordinary
 * proxy_set_header lines with variables of this module: proxy_pass then drops
 * a caller's headers of these names, and no other code edits the request.
 *
 * The names of the variables end in a random suffix, made at each load of the
 * configuration, and nginx does not find them by name at run time: neither an
 * operator nor a caller can name them.  They have a value only while
 * proxy_pass builds a request that the PRECONTENT handler has approved, or
 * the request of an exchange.
 */


#include "ngx_violet.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_exchange.h"
#include "ngx_violet_exchange_check.h"
#include "ngx_violet_exchange_refusal.h"
#include "ngx_violet_random.h"
#include "ngx_violet_token.h"


#define NGX_VIOLET_CREDENTIALS        3

#define NGX_VIOLET_CREDENTIAL_ID      0
#define NGX_VIOLET_CREDENTIAL_SECRET  1
#define NGX_VIOLET_CREDENTIAL_TOKEN   2


struct ngx_violet_credentials_s {
    ngx_str_t           names[NGX_VIOLET_CREDENTIALS];  /* with the "$" */
};


typedef struct {
    ngx_str_t           header;
    ngx_str_t           variable;
} ngx_violet_credential_t;


/* for the end of a request that was sent with credentials */

typedef struct {
    ngx_http_upstream_t  *upstream;
    ngx_chain_t          *body;      /* before the request is built */
    ngx_violet_ctx_t     *ctx;
} ngx_violet_credentials_sent_t;


static ngx_int_t ngx_violet_credentials_set_header(ngx_conf_t *cf,
    ngx_str_t *header, ngx_str_t *text);
static ngx_int_t ngx_violet_credentials_drop_headers(ngx_conf_t *cf,
    ngx_str_t *header);
static ngx_int_t ngx_violet_credential_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_violet_credentials_admit(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_uint_t header);
static ngx_violet_ctx_t *ngx_violet_credentials_inherit(
    ngx_http_request_t *r);
static ngx_uint_t ngx_violet_credentials_open(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_credentials_end_later(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_credentials_end(void *data);
static ngx_str_t *ngx_violet_credential_value(ngx_violet_ctx_t *ctx,
    uintptr_t data);


static ngx_violet_credential_t  ngx_violet_credential_headers[] = {

    { ngx_string("X-Violet-App-Id"),
      ngx_string("violet_app_id") },

    { ngx_string("X-Violet-App-Secret"),
      ngx_string("violet_app_secret") },

    { ngx_string("X-Violet-Token"),
      ngx_string("violet_token") }
};


ngx_violet_credentials_t *
ngx_violet_credentials_create(ngx_conf_t *cf)
{
    u_char                    *p, random[16];
    ngx_str_t                  name;
    ngx_uint_t                 i;
    ngx_http_variable_t       *var;
    ngx_violet_credential_t   *h;
    ngx_violet_credentials_t  *credentials;

    credentials = ngx_pcalloc(cf->pool, sizeof(ngx_violet_credentials_t));
    if (credentials == NULL) {
        return NULL;
    }

    if (ngx_violet_random(random, sizeof(random)) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      "violet: getrandom() failed");
        return NULL;
    }

    for (i = 0; i < NGX_VIOLET_CREDENTIALS; i++) {
        h = &ngx_violet_credential_headers[i];

        p = ngx_pnalloc(cf->pool, 1 + h->variable.len + 1
                                  + 2 * sizeof(random));
        if (p == NULL) {
            return NULL;
        }

        credentials->names[i].data = p;

        *p++ = '$';
        p = ngx_cpymem(p, h->variable.data, h->variable.len);
        *p++ = '_';
        p = ngx_hex_dump(p, random, sizeof(random));

        credentials->names[i].len = p - credentials->names[i].data;

        name.data = credentials->names[i].data + 1;
        name.len = credentials->names[i].len - 1;

        var = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE
                                               |NGX_HTTP_VAR_NOHASH);
        if (var == NULL) {
            return NULL;
        }

        var->get_handler = ngx_violet_credential_variable;
        var->data = i;
    }

    return credentials;
}


/* Runs the handler of proxy_set_header, as nginx's parser does for a line. */

ngx_int_t
ngx_violet_credentials_set_headers(ngx_conf_t *cf,
    ngx_violet_credentials_t *credentials)
{
    ngx_str_t   *header;
    ngx_uint_t   i;

    for (i = 0; i < NGX_VIOLET_CREDENTIALS; i++) {
        header = &ngx_violet_credential_headers[i].header;

        if (ngx_violet_credentials_set_header(cf, header,
                                              &credentials->names[i])
            != NGX_OK
            || ngx_violet_credentials_drop_headers(cf, header) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_credentials_set_header(ngx_conf_t *cf, ngx_str_t *header,
    ngx_str_t *text)
{
    void           *conf;
    char           *rv;
    ngx_str_t      *value;
    ngx_array_t    *args;
    ngx_command_t  *cmd;

    cmd = ngx_violet_credentials_proxy_command("proxy_set_header");

    if (cmd == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"violet\" found no \"proxy_set_header\" in "
                           "this nginx");
        return NGX_ERROR;
    }

    conf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);

    args = cf->args;

    cf->args = ngx_array_create(cf->pool, 3, sizeof(ngx_str_t));
    if (cf->args == NULL) {
        cf->args = args;
        return NGX_ERROR;
    }

    value = ngx_array_push_n(cf->args, 3);

    value[0] = cmd->name;
    value[1] = *header;
    value[2] = *text;

    rv = cmd->set(cf, cmd, conf);

    cf->args = args;

    return rv == NGX_CONF_OK ? NGX_OK : NGX_ERROR;
}


/*
 * Some servers read "_" in the name of a header as "-", and nginx passes such
 * headers if underscores_in_headers is on.  Each such spelling gets a line
 * with an empty value, so that proxy_pass drops a caller's header.
 */

static ngx_int_t
ngx_violet_credentials_drop_headers(ngx_conf_t *cf, ngx_str_t *header)
{
    size_t      i;
    ngx_str_t   name, nothing;
    ngx_uint_t  n, spelling, dashes;

    ngx_str_set(&nothing, "");

    dashes = 0;

    for (i = 0; i < header->len; i++) {
        dashes += (header->data[i] == '-');
    }

    for (spelling = 1; spelling < (ngx_uint_t) 1 << dashes; spelling++) {

        name.len = header->len;
        name.data = ngx_pstrdup(cf->pool, header);
        if (name.data == NULL) {
            return NGX_ERROR;
        }

        for (i = 0, n = 0; i < name.len; i++) {
            if (name.data[i] == '-' && (spelling >> n++) & 1) {
                name.data[i] = '_';
            }
        }

        if (ngx_violet_credentials_set_header(cf, &name, &nothing) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_violet_credentials_own_header(ngx_violet_credentials_t *credentials,
    ngx_keyval_t *line)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_VIOLET_CREDENTIALS; i++) {
        if (line->value.data == credentials->names[i].data) {
            return 1;
        }
    }

    return 0;
}


ngx_command_t *
ngx_violet_credentials_proxy_command(char *name)
{
    ngx_command_t  *cmd;

    for (cmd = ngx_http_proxy_module.commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(cmd->name.data, name) == 0) {
            return cmd;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_violet_credential_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              *value;
    ngx_violet_ctx_t       *ctx;
    ngx_violet_loc_conf_t  *vlcf;

    /* not valid: nginx caches no value, and each use is checked anew */

    v->valid = 0;
    v->no_cacheable = 1;
    v->not_found = 0;
    v->len = 0;
    v->data = (u_char *) "";

    vlcf = ngx_violet_loc_conf(r);
    ctx = ngx_violet_ctx(r);

    if (ctx == NULL && vlcf->app_name) {
        ctx = ngx_violet_credentials_inherit(r);
    }

    if (!ngx_violet_credentials_open(r, ctx)) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_violet_credentials_admit(r, ctx, data) != NGX_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    value = ngx_violet_credential_value(ctx, data);

    if (value == NULL) {
        (void) ngx_violet_refuse(r, NGX_VIOLET_REFUSED_CREDENTIALS);

        v->not_found = 1;
        return NGX_OK;
    }

    v->len = value->len;
    v->data = value->data;

    return NGX_OK;
}


/* NGX_OK if the request that proxy_pass is building may carry credentials. */

static ngx_int_t
ngx_violet_credentials_admit(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_uint_t header)
{
    struct ngx_violet_check_s  *before;

    before = ctx->check;

    if (ngx_violet_check(r, header) != NGX_VIOLET_NOT_REFUSED) {
        return NGX_DECLINED;
    }

    if (ctx->check != before
        && ngx_violet_credentials_end_later(r, ctx) != NGX_OK)
    {
        (void) ngx_violet_refuse(r, NGX_VIOLET_REFUSED_INTERNAL);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/*
 * nginx keeps the built request until the pool is destroyed, since it may
 * send the request to another peer.  It is wiped then.
 */

static ngx_int_t
ngx_violet_credentials_end_later(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_pool_cleanup_t             *cln;
    ngx_violet_credentials_sent_t  *sent;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_violet_credentials_sent_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_violet_credentials_end;

    sent = cln->data;

    sent->upstream = r->upstream;
    sent->body = r->upstream->request_bufs;
    sent->ctx = ctx;

    return NGX_OK;
}


/*
 * Reports the status of a streamed answer, which has been passed on.  This is
 * a cleanup since an error_page may have redirected the request.
 */

static void
ngx_violet_credentials_end(void *data)
{
    ngx_violet_credentials_sent_t  *sent = data;

    ngx_buf_t            *b;
    ngx_violet_ctx_t     *ctx;
    ngx_http_upstream_t  *u;

    u = sent->upstream;
    ctx = sent->ctx;

    /*
     * The first buffer is the head.  If nginx built none, the first one is
     * the caller's body, whose buffer may also hold its next request.
     */

    if (u->request_bufs && u->request_bufs != sent->body) {
        b = u->request_bufs->buf;
        explicit_bzero(b->start, b->end - b->start);
    }

    if (ctx->exchange == NULL && !ctx->refused
        && ctx->route.id != VIOLET_ROUTE_AUTH)
    {
        (void) ngx_violet_credentials_feedback(ctx->app, &ctx->used,
                                               u->headers_in.status_n);
    }
}


/*
 * nginx asks for all lengths and then for all values without returning to the
 * event loop, so no value changes between.  NULL if there is no usable token.
 */

static ngx_str_t *
ngx_violet_credential_value(ngx_violet_ctx_t *ctx, uintptr_t data)
{
    ngx_str_t                  *value;
    ngx_violet_app_t           *app;
    ngx_violet_exchange_t      *e;
    ngx_violet_own_request_t  *own_request;

    app = ctx->app;
    e = ctx->exchange;
    own_request = e ? e->own_request : NULL;

    if (!ctx->token_looked_up) {
        ctx->token_looked_up = 1;

        /* may copy a newer token, so it runs once, before the first length */

        (void) ngx_violet_credentials_ready(app);
    }

    switch (data) {

    case NGX_VIOLET_CREDENTIAL_ID:
        return &app->id_text;

    case NGX_VIOLET_CREDENTIAL_SECRET:
        ctx->used.secret = own_request ? own_request->secret
                                       : app->state->secret;

        return &app->secrets[ctx->used.secret]->value;

    default: /* NGX_VIOLET_CREDENTIAL_TOKEN */
        break;
    }

    if (own_request) {
        return &own_request->token;
    }

    if (app->renewal && !ngx_violet_token_usable(app->renewal)) {
        return NULL;
    }

    if (app->renewal) {
        ctx->used.token = app->renewal->generation;
        value = &app->renewal->value;

    } else {
        ctx->used.token = app->secrets[NGX_VIOLET_APP_TOKEN]->version;
        value = &app->secrets[NGX_VIOLET_APP_TOKEN]->value;
    }

    if (e) {
        e->used = ctx->used;
    }

    return value;
}


/*
 * Other modules make clones too (proxy_cache_background_update, slice), which
 * begin after the PRECONTENT phase.  A clone of an approved request on a
 * streamed route is approved.  Any other clone is refused: proxy_pass would
 * send it without credentials.
 */

static ngx_violet_ctx_t *
ngx_violet_credentials_inherit(ngx_http_request_t *r)
{
    ngx_violet_ctx_t  *ctx, *parent;

    if (r->upstream == NULL || r->upstream->state != NULL) {
        return NULL;
    }

    parent = (r == r->main) ? NULL
                            : ngx_http_get_module_ctx(r->parent,
                                                      ngx_violet_module);

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_violet_ctx_t));

    if (ctx == NULL || parent == NULL || !parent->credentials
        || parent->exchange || parent->route.id != VIOLET_ROUTE_OTHER)
    {
        (void) ngx_violet_refuse(r, NGX_VIOLET_REFUSED_UNCHECKED);
        return NULL;
    }

    ctx->app = parent->app;
    ctx->route = parent->route;
    ctx->routed = 1;
    ctx->credentials = 1;
    ctx->seen.age = -1;

    ngx_http_set_ctx(r, ctx, ngx_violet_module);

    return ctx;
}


/* True only while proxy_pass builds an approved request. */

static ngx_uint_t
ngx_violet_credentials_open(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    return ctx != NULL
           && ctx->credentials
           && !ctx->refused
           && ctx->app != NULL
           && r->upstream != NULL
           && r->upstream->state == NULL;
}


ngx_violet_app_t *
ngx_violet_credentials_find(ngx_array_t *apps, ngx_str_t *name)
{
    ngx_uint_t          i;
    ngx_violet_app_t  **app;

    app = apps->elts;

    for (i = 0; i < apps->nelts; i++) {
        if (app[i]->name.len == name->len
            && ngx_memcmp(app[i]->name.data, name->data, name->len) == 0)
        {
            return app[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_violet_credentials_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *value, ngx_str_t *secret)
{
    ngx_violet_secret_t  *s;

    s = ngx_violet_secret_read(cf, name, value);
    if (s == NULL) {
        return NGX_ERROR;
    }

    *secret = s->value;

    return NGX_OK;
}

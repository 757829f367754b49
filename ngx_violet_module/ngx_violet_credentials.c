
/*
 * The apps and their secrets.  What is read lives in the configuration's
 * pool.  The three headers are ordinary proxy_set_header lines with
 * variables of our own: proxy_pass then drops a caller's copies by itself,
 * and nothing edits the request.
 *
 * The names of the variables end in a random suffix that is made at each
 * load of the configuration and they cannot be looked up by name at run
 * time, so nothing that an operator or a caller writes can name them.  They
 * answer only while proxy_pass builds a request that the PRECONTENT handler
 * has approved, or one of our own exchanges.
 */


#include "ngx_violet_module.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_guard.h"

#include <sys/random.h>


#define NGX_VIOLET_CREDENTIALS  3
#define NGX_VIOLET_MAX_SECRET   65536


struct ngx_violet_credentials_s {
    ngx_str_t           names[NGX_VIOLET_CREDENTIALS];  /* with the "$" */
};


typedef struct {
    ngx_str_t           header;
    ngx_str_t           variable;
    size_t              offset;       /* of the value in ngx_violet_app_t */
} ngx_violet_credential_t;


static ngx_int_t ngx_violet_credential_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_violet_ctx_t *ngx_violet_credentials_inherit(
    ngx_http_request_t *r);
static ngx_uint_t ngx_violet_credentials_open(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_credentials_read_file(ngx_conf_t *cf,
    ngx_str_t *name, ngx_str_t *path, ngx_str_t *secret);
static ngx_int_t ngx_violet_credentials_read_fd(ngx_conf_t *cf,
    ngx_str_t *name, ngx_str_t *path, ngx_fd_t fd, ngx_str_t *secret);
static ngx_int_t ngx_violet_credentials_check(ngx_conf_t *cf,
    ngx_str_t *name, ngx_str_t *secret);


static ngx_violet_credential_t  ngx_violet_credential_headers[] = {

    { ngx_string("X-Violet-App-Id"),
      ngx_string("violet_app_id"),
      offsetof(ngx_violet_app_t, id_text) },

    { ngx_string("X-Violet-App-Secret"),
      ngx_string("violet_app_secret"),
      offsetof(ngx_violet_app_t, secret) },

    { ngx_string("X-Violet-Token"),
      ngx_string("violet_token"),
      offsetof(ngx_violet_app_t, token) }
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

    if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
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


/* As the parser would, on reading three lines in this location. */

ngx_int_t
ngx_violet_credentials_set_headers(ngx_conf_t *cf,
    ngx_violet_credentials_t *credentials)
{
    void           *conf;
    char           *rv;
    ngx_str_t      *value;
    ngx_uint_t      i;
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

    for (i = 0; i < NGX_VIOLET_CREDENTIALS; i++) {

        args = cf->args;

        cf->args = ngx_array_create(cf->pool, 3, sizeof(ngx_str_t));
        if (cf->args == NULL) {
            cf->args = args;
            return NGX_ERROR;
        }

        value = ngx_array_push_n(cf->args, 3);

        value[0] = cmd->name;
        value[1] = ngx_violet_credential_headers[i].header;
        value[2] = credentials->names[i];

        rv = cmd->set(cf, cmd, conf);

        cf->args = args;

        if (rv != NGX_CONF_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
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

    /*
     * Never valid, so never kept in the request: it is asked for again, and
     * the door is looked at again, each time.
     */

    v->valid = 0;
    v->no_cacheable = 1;
    v->not_found = 0;
    v->len = 0;
    v->data = (u_char *) "";

    vlcf = ngx_http_get_module_loc_conf(r, ngx_violet_module);
    ctx = ngx_http_get_module_ctx(r, ngx_violet_module);

    if (ctx == NULL && vlcf->app_name) {
        ctx = ngx_violet_credentials_inherit(r);
    }

    if (!ngx_violet_credentials_open(r, ctx)) {
        v->not_found = 1;
        return NGX_OK;
    }

    ctx->refused = ngx_violet_guard(r, ctx->exchange,
                                    vlcf->unverified_upstream);

    if (ctx->refused) {
        if (ctx->exchange) {
            ctx->exchange->refused = ctx->refused;
        }

        v->not_found = 1;
        return NGX_OK;
    }

    value = (ngx_str_t *) ((u_char *) ctx->app
                           + ngx_violet_credential_headers[data].offset);

    v->len = value->len;
    v->data = value->data;

    return NGX_OK;
}


/*
 * Other modules make clones, too (proxy_cache_background_update, slice), and
 * those begin behind the PRECONTENT phase.  One of a request that was
 * approved to be streamed is approved with it; any other goes nowhere, since
 * proxy_pass would send it without credentials.
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
        (void) ngx_violet_guard_refuse(r, NGX_VIOLET_REFUSED_UNCHECKED);
        return NULL;
    }

    ctx->app = parent->app;
    ctx->route = parent->route;
    ctx->routed = 1;
    ctx->credentials = 1;
    ctx->age = -1;

    ngx_http_set_ctx(r, ctx, ngx_violet_module);

    return ctx;
}


/* Only while an approved request to the upstream is being built. */

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
    char       *env;
    ngx_str_t   source;

    if (value->len >= 5 && ngx_strncmp(value->data, "file:", 5) == 0) {
        source.data = value->data + 5;
        source.len = value->len - 5;

        if (ngx_conf_full_name(cf->cycle, &source, 1) != NGX_OK
            || ngx_violet_credentials_read_file(cf, name, &source, secret)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else if (value->len >= 4 && ngx_strncmp(value->data, "env:", 4) == 0) {
        source.data = value->data + 4;
        source.len = value->len - 4;

        /* the parser ends its strings with a NUL */

        env = getenv((char *) source.data);

        if (env == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "environment variable \"%V\" of \"%V\" is "
                               "not set, set it where nginx is started",
                               &source, name);
            return NGX_ERROR;
        }

        source.data = (u_char *) env;
        source.len = ngx_strlen(env);

        secret->data = ngx_pstrdup(cf->pool, &source);
        if (secret->data == NULL) {
            return NGX_ERROR;
        }

        secret->len = source.len;

    } else {
        *secret = *value;
    }

    return ngx_violet_credentials_check(cf, name, secret);
}


static ngx_int_t
ngx_violet_credentials_read_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *path, ngx_str_t *secret)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot open file \"%V\" of \"%V\", it must be "
                           "there and readable by who starts nginx",
                           path, name);
        return NGX_ERROR;
    }

    rc = ngx_violet_credentials_read_fd(cf, name, path, fd, secret);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", path);
    }

    return rc;
}


static ngx_int_t
ngx_violet_credentials_read_fd(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *path, ngx_fd_t fd, ngx_str_t *secret)
{
    ssize_t          n;
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" of \"%V\" failed",
                           path, name);
        return NGX_ERROR;
    }

    if (!ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"%V\" is not a regular file, put the "
                           "value into one", path, name);
        return NGX_ERROR;
    }

    if (ngx_file_size(&fi) > NGX_VIOLET_MAX_SECRET) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "file \"%V\" of \"%V\" is longer than %d bytes",
                           path, name, NGX_VIOLET_MAX_SECRET);
        return NGX_ERROR;
    }

    if (ngx_file_access(&fi) & S_IROTH) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "file \"%V\" of \"%V\" is readable by every "
                           "user, remove that right with \"chmod o-r\"",
                           path, name);
    }

    secret->data = ngx_pnalloc(cf->pool, (size_t) ngx_file_size(&fi) + 1);
    if (secret->data == NULL) {
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, secret->data, (size_t) ngx_file_size(&fi));

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" of \"%V\" failed",
                           path, name);
        return NGX_ERROR;
    }

    secret->len = n;

    if (n && secret->data[n - 1] == LF) {
        secret->len--;

        if (secret->len && secret->data[secret->len - 1] == CR) {
            secret->len--;
        }
    }

    return NGX_OK;
}


/* What would break the header line is no secret that anybody meant. */

static ngx_int_t
ngx_violet_credentials_check(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *secret)
{
    size_t  i;

    if (secret->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is empty, give it a value", name);
        return NGX_ERROR;
    }

    for (i = 0; i < secret->len; i++) {
        if (secret->data[i] < 0x20 || secret->data[i] == 0x7f) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" has a control character or a line "
                               "break in its value, which no header can "
                               "carry: remove it", name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * The name of a Violet, made from the configuration: the Host line of
 * proxy_set_header without variables, else proxy_ssl_name, else host and port
 * of proxy_pass; then the part of its URI before "v1".  Names live in the
 * configuration's pool.
 */


#include "ngx_violet_conf_env.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_cart_record.h"


static ngx_int_t ngx_violet_conf_env_name(ngx_conf_t *cf,
    ngx_violet_proxy_pass_t *pass, ngx_str_t *env);
static size_t ngx_violet_conf_env_split(ngx_conf_t *cf, ngx_str_t *url,
    ngx_str_t *host, ngx_str_t *uri);
static void ngx_violet_conf_env_host(ngx_conf_t *cf, ngx_str_t *host);
static void ngx_violet_conf_env_port(ngx_str_t *host, char *port);
static void ngx_violet_conf_env_path(ngx_str_t *uri);
static ngx_int_t ngx_violet_conf_env_use(ngx_conf_t *cf,
    ngx_violet_proxy_pass_t *pass, ngx_violet_app_t *app, ngx_str_t *env);
static ngx_uint_t ngx_violet_conf_env_valid(ngx_str_t *env, char *others);
static void ngx_violet_conf_env_zone(ngx_cycle_t *cycle,
    ngx_violet_main_conf_t *before, ngx_violet_main_conf_t *vmcf);
static ngx_violet_main_conf_t *ngx_violet_conf_env_before(
    ngx_cycle_t *cycle);
static ngx_uint_t ngx_violet_conf_env_has(ngx_violet_main_conf_t *vmcf,
    ngx_uint_t n, ngx_str_t *names);


char *
ngx_violet_conf_environment(ngx_conf_t *cf, ngx_violet_app_t *app,
    ngx_str_t *value)
{
    if (app->keys.env.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"environment\" is duplicate in \"violet_app\" "
                           "\"%V\", remove one", &app->name);
        return NGX_CONF_ERROR;
    }

    if (value->len > NGX_VIOLET_KEYS_ENV) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"environment\" of \"violet_app\" \"%V\" is "
                           "longer than %d bytes, shorten it",
                           &app->name, NGX_VIOLET_KEYS_ENV);
        return NGX_CONF_ERROR;
    }

    if (!ngx_violet_conf_env_valid(value, "_.-")) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"environment\" of "
                           "\"violet_app\" \"%V\", use letters, digits, "
                           "\"_\", \".\" and \"-\"", value, &app->name);
        return NGX_CONF_ERROR;
    }

    app->keys.env = *value;
    app->environment = 1;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_violet_conf_env(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf,
    ngx_violet_loc_conf_t *vlcf)
{
    ngx_str_t                  env;
    ngx_uint_t                 i;
    ngx_violet_app_t         **app;
    ngx_violet_proxy_pass_t   *pass;

    pass = ngx_violet_conf_proxy_pass(cf, vmcf);

    /* "if" and "limit_except" inherit a proxy_pass that has been checked */

    if (pass == NULL) {
        return NGX_OK;
    }

    if (ngx_violet_conf_env_name(cf, pass, &env) != NGX_OK) {
        return NGX_ERROR;
    }

    if (vlcf->app) {
        return ngx_violet_conf_env_use(cf, pass, vlcf->app, &env);
    }

    app = vmcf->apps.elts;

    for (i = 0; i < vmcf->apps.nelts; i++) {
        if (ngx_violet_conf_env_use(cf, pass, app[i], &env) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Empty if proxy_pass has variables. */

static ngx_int_t
ngx_violet_conf_env_name(ngx_conf_t *cf, ngx_violet_proxy_pass_t *pass,
    ngx_str_t *env)
{
    u_char     *p;
    size_t      i, scheme;
    ngx_str_t   host, uri;

    ngx_str_null(env);

    if (ngx_http_script_variables_count(&pass->url)) {
        return NGX_OK;
    }

    scheme = ngx_violet_conf_env_split(cf, &pass->url, &host, &uri);

    ngx_violet_conf_env_host(cf, &host);
    ngx_violet_conf_env_port(&host, scheme == sizeof("https://") - 1
                                    ? ":443" : ":80");
    ngx_violet_conf_env_path(&uri);

    p = ngx_pnalloc(cf->pool, host.len + uri.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    env->data = p;

    p = ngx_cpymem(p, host.data, host.len);
    p = ngx_cpymem(p, uri.data, uri.len);

    env->len = p - env->data;

    ngx_strlow(env->data, env->data, env->len);

    for (i = 0; i < env->len; i++) {
        if (env->data[i] == ':') {
            env->data[i] = '_';
        }
    }

    return NGX_OK;
}


/* The length of the scheme; nginx has parsed this URL without an error. */

static size_t
ngx_violet_conf_env_split(ngx_conf_t *cf, ngx_str_t *url, ngx_str_t *host,
    ngx_str_t *uri)
{
    u_char                    *p, *last;
    size_t                     scheme;
    ngx_http_upstream_conf_t  *uconf;

    scheme = ngx_strncasecmp(url->data, (u_char *) "https://", 8) == 0 ? 8 : 7;

    p = url->data + scheme;
    last = url->data + url->len;

    host->data = p;

    if (ngx_strncasecmp(p, (u_char *) "unix:", 5) == 0) {

        /* the first member of the proxy module's own structure */

        uconf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);

        *host = uconf->upstream->host;
        p += sizeof("unix:") - 1 + host->len;

        if (p < last) {
            p++;
        }

    } else {

        while (p < last && *p != '/' && *p != '?') {
            p++;
        }

        host->len = p - host->data;
    }

    uri->data = p;
    uri->len = last - p;

    return scheme;
}


/* Sets the Host line or proxy_ssl_name without variables, if any. */

static void
ngx_violet_conf_env_host(ngx_conf_t *cf, ngx_str_t *host)
{
    ngx_str_t                 *line;
#if (NGX_HTTP_SSL || NGX_COMPAT)
    ngx_http_upstream_conf_t  *uconf;

    uconf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);

    if (uconf->ssl_name && uconf->ssl_name->value.len
        && uconf->ssl_name->lengths == NULL)
    {
        *host = uconf->ssl_name->value;
    }

#endif

    line = ngx_violet_conf_sets_header(cf, "Host");

    if (line && ngx_http_script_variables_count(line) == 0) {
        *host = *line;
    }
}


static void
ngx_violet_conf_env_port(ngx_str_t *host, char *port)
{
    size_t  len;

    len = ngx_strlen(port);

    if (host->len > len
        && ngx_memcmp(host->data + host->len - len, port, len) == 0)
    {
        host->len -= len;
    }
}


/* "/shop/v1/" gives "/shop"; "/v1/" and "/" give "". */

static void
ngx_violet_conf_env_path(ngx_str_t *uri)
{
    u_char  *p, *last, *end;

    last = uri->data + uri->len;

    for (p = uri->data; p + sizeof("/v1") - 1 <= last; p++) {

        end = p + sizeof("/v1") - 1;

        if (ngx_memcmp(p, "/v1", sizeof("/v1") - 1) == 0
            && (end == last || *end == '/'))
        {
            last = p;
            break;
        }
    }

    while (last > uri->data && *(last - 1) == '/') {
        last--;
    }

    uri->len = last - uri->data;
}


static ngx_int_t
ngx_violet_conf_env_use(ngx_conf_t *cf, ngx_violet_proxy_pass_t *pass,
    ngx_violet_app_t *app, ngx_str_t *env)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (app->environment) {
        return NGX_OK;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (env->len == 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"proxy_pass\" in location \"%V\" has variables, so "
                      "nobody can tell which Violet the app \"%V\" talks to, "
                      "add \"environment NAME\" to its \"violet_app\", in "
                      "%s:%ui", &clcf->name, &app->name, pass->file,
                      pass->line);
        return NGX_ERROR;
    }

    if (env->len > NGX_VIOLET_KEYS_ENV
        || !ngx_violet_conf_env_valid(env, "_.-/[]~"))
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "location \"%V\" leads the app \"%V\" to \"%V\", which "
                      "is too long or has characters that cannot be in "
                      "a key, add \"environment NAME\" to its "
                      "\"violet_app\", in %s:%ui", &clcf->name, &app->name,
                      env, pass->file, pass->line);
        return NGX_ERROR;
    }

    if (app->keys.env.len == 0) {
        app->keys.env = *env;
        app->location = clcf->name;
        return NGX_OK;
    }

    if (app->keys.env.len == env->len
        && ngx_memcmp(app->keys.env.data, env->data, env->len) == 0)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "location \"%V\" leads the app \"%V\" to \"%V\", and "
                  "location \"%V\" leads it to \"%V\": use one "
                  "\"violet_app\" for each Violet, or add \"environment "
                  "NAME\" to this one if they are the same, in %s:%ui",
                  &clcf->name, &app->name, env, &app->location,
                  &app->keys.env, pass->file, pass->line);

    return NGX_ERROR;
}


/* True if the name is not empty and has only letters, digits and "others". */

static ngx_uint_t
ngx_violet_conf_env_valid(ngx_str_t *env, char *others)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < env->len; i++) {
        ch = env->data[i];

        if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z')
            && (ch < '0' || ch > '9')
            && (ch == '\0' || ngx_strchr(others, ch) == NULL))
        {
            return 0;
        }
    }

    return env->len > 0;
}


/*
 * The record of a submit that is in doubt or was made keeps its cart from
 * being ordered twice.  Two apps with one environment and id share records.
 */

void
ngx_violet_conf_env_changed(ngx_cycle_t *cycle, ngx_violet_main_conf_t *vmcf)
{
    u_char                    buf[2][NGX_VIOLET_KEYS_NAME];
    ngx_str_t                 names, now;
    ngx_uint_t                i, n;
    ngx_violet_app_t        **apps, *app;
    ngx_violet_main_conf_t   *before;

    before = ngx_violet_conf_env_before(cycle);

    if (before == NULL || vmcf->zone == NULL) {
        return;
    }

    ngx_violet_conf_env_zone(cycle, before, vmcf);

    names.data = buf[0];
    now.data = buf[1];

    apps = before->apps.elts;

    for (i = 0; i < before->apps.nelts; i++) {

        app = ngx_violet_credentials_find(&vmcf->apps, &apps[i]->name);

        if (app == NULL || apps[i]->keys.env.len == 0) {
            continue;
        }

        ngx_violet_record_names(ngx_violet_submit_redis(before),
                                &apps[i]->keys, &names);
        ngx_violet_record_names(ngx_violet_submit_redis(vmcf), &app->keys,
                                &now);

        if (ngx_violet_conf_env_has(vmcf, vmcf->apps.nelts, &names)
            || ngx_violet_conf_env_has(before, i, &names))
        {
            continue;
        }

        n = ngx_violet_record_count(vmcf->zone, &names);

        if (n) {
            ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                          "violet: %ui records of submits no longer count, "
                          "and their carts can be submitted again: those of "
                          "the app \"%V\" were named \"%V...\" and are "
                          "named \"%V...\" from now on",
                          n, &app->name, &names, &now);
        }
    }
}


/*
 * Another size of the zone is another zone.  The old one is still there, until
 * its workers have ended.
 */

static void
ngx_violet_conf_env_zone(ngx_cycle_t *cycle, ngx_violet_main_conf_t *before,
    ngx_violet_main_conf_t *vmcf)
{
    ngx_uint_t  n;

    if (before->zone == NULL
        || before->zone->shm.addr == vmcf->zone->shm.addr
        || ngx_violet_submit_redis(vmcf))
    {
        return;
    }

    n = ngx_violet_record_count_doubts(before->zone);

    if (n) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "violet: %ui records of submits are in doubt or in "
                      "flight and are forgotten now, since \"violet_zone\" "
                      "has another size and there is no Redis: read their "
                      "carts before they are submitted again", n);
    }
}


/* The configuration that this one replaces, or NULL. */

static ngx_violet_main_conf_t *
ngx_violet_conf_env_before(ngx_cycle_t *cycle)
{
    ngx_uint_t    i;
    ngx_cycle_t  *old;

    old = cycle->old_cycle;

    if (old == NULL || old->conf_ctx == NULL || old->modules == NULL) {
        return NULL;
    }

    /* nginx may have run without this module, or with another build of it */

    for (i = 0; old->modules[i]; i++) {
        if (old->modules[i] == &ngx_violet_module) {
            return ngx_http_cycle_get_module_main_conf(old,
                                                       ngx_violet_module);
        }
    }

    return NULL;
}


/* True if the names of the records of one of the first n apps begin so. */

static ngx_uint_t
ngx_violet_conf_env_has(ngx_violet_main_conf_t *vmcf, ngx_uint_t n,
    ngx_str_t *names)
{
    u_char              buf[NGX_VIOLET_KEYS_NAME];
    ngx_str_t           other;
    ngx_uint_t          i;
    ngx_violet_app_t  **app;

    app = vmcf->apps.elts;
    other.data = buf;

    for (i = 0; i < n; i++) {

        ngx_violet_record_names(ngx_violet_submit_redis(vmcf), &app[i]->keys,
                                &other);

        if (other.len == names->len
            && ngx_memcmp(other.data, names->data, names->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}

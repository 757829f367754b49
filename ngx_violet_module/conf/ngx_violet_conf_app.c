
/*
 * The violet_app block: an app and its secrets; and how an app that renews its
 * token gets it: the location for the calls, and the zone that the workers
 * share.  All of it lives in the configuration's pool.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_conf_env.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_token.h"


/* bytes of the name of an app at most */

#define NGX_VIOLET_APP_NAME_LEN  64


typedef char *(*ngx_violet_app_set_pt)(ngx_conf_t *cf,
    ngx_violet_app_t *app, ngx_str_t *value);


typedef struct {
    ngx_str_t               name;
    ngx_uint_t              args;
    ngx_uint_t              secret;
    ngx_violet_app_set_pt   set;        /* NULL for a secret */
} ngx_violet_app_parameter_t;


static char *ngx_violet_conf_app_parameter(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_violet_conf_app_id(ngx_conf_t *cf, ngx_violet_app_t *app,
    ngx_str_t *value);
static char *ngx_violet_conf_app_secret(ngx_conf_t *cf,
    ngx_violet_app_t *app, ngx_violet_app_parameter_t *p);
static char *ngx_violet_conf_app_check(ngx_conf_t *cf,
    ngx_violet_app_t *app);
static ngx_int_t ngx_violet_conf_name_valid(ngx_str_t *name);


static ngx_violet_app_parameter_t  ngx_violet_app_parameters[] = {
    { ngx_string("app_id"), 1, 0, ngx_violet_conf_app_id },
    { ngx_string("environment"), 1, 0, ngx_violet_conf_environment },
    { ngx_string("app_secret"), 1, NGX_VIOLET_APP_SECRET, NULL },
    { ngx_string("token"), 1, NGX_VIOLET_APP_TOKEN, NULL },
    { ngx_string("refresh_token"), 1, NGX_VIOLET_APP_REFRESH_TOKEN, NULL },
    { ngx_string("login"), 2, NGX_VIOLET_APP_USERNAME, NULL },
    { ngx_null_string, 0, 0, NULL }
};


char *
ngx_violet_conf_app(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_main_conf_t  *vmcf = conf;

    char               *rv;
    ngx_str_t          *value;
    ngx_conf_t          save;
    ngx_violet_app_t   *app, **appp;

    value = cf->args->elts;

    if (ngx_violet_conf_name_valid(&value[1]) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name \"%V\" in \"violet_app\", use "
                           "letters, digits, \"_\" and \"-\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (value[1].len > NGX_VIOLET_APP_NAME_LEN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a name of \"violet_app\" is longer than %d "
                           "bytes, shorten it: \"%V\"",
                           NGX_VIOLET_APP_NAME_LEN, &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_violet_credentials_find(&vmcf->apps, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate \"violet_app\" \"%V\", give each app "
                           "a name of its own", &value[1]);
        return NGX_CONF_ERROR;
    }

    app = ngx_pcalloc(cf->pool, sizeof(ngx_violet_app_t));
    if (app == NULL) {
        return NGX_CONF_ERROR;
    }

    app->name = value[1];
    app->file = cf->conf_file->file.name.data;
    app->line = cf->conf_file->line;

    appp = ngx_array_push(&vmcf->apps);
    if (appp == NULL) {
        return NGX_CONF_ERROR;
    }

    *appp = app;

    save = *cf;
    cf->handler = ngx_violet_conf_app_parameter;
    cf->handler_conf = (void *) app;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_violet_conf_app_check(cf, app);
}


static char *
ngx_violet_conf_app_parameter(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    ngx_str_t                   *value;
    ngx_violet_app_t            *app;
    ngx_violet_app_parameter_t  *p;

    app = cf->handler_conf;
    value = cf->args->elts;

    for (p = ngx_violet_app_parameters; p->name.len; p++) {
        if (p->name.len == value[0].len
            && ngx_strncmp(p->name.data, value[0].data, p->name.len) == 0)
        {
            break;
        }
    }

    if (p->name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown directive \"%V\" in \"violet_app\", use "
                           "one of \"app_id\", \"environment\", "
                           "\"app_secret\", \"token\", \"refresh_token\" "
                           "and \"login\"", &value[0]);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts != 1 + p->args) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"%V\" of "
                           "\"violet_app\", it takes %s", &value[0],
                           p->args == 1 ? "one" : "two");
        return NGX_CONF_ERROR;
    }

    if (p->set) {
        return p->set(cf, app, &value[1]);
    }

    return ngx_violet_conf_app_secret(cf, app, p);
}


/* One secret or two in a row; app_secret may come twice. */

static char *
ngx_violet_conf_app_secret(ngx_conf_t *cf, ngx_violet_app_t *app,
    ngx_violet_app_parameter_t *p)
{
    ngx_str_t             *value;
    ngx_uint_t             i, n;
    ngx_violet_secret_t  **secret;

    value = cf->args->elts;
    n = p->secret;

    if (n == NGX_VIOLET_APP_SECRET && app->secrets[n]) {
        n++;
    }

    if (app->secrets[n]) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is duplicate in \"violet_app\" \"%V\", "
                           "remove one%s", &value[0], &app->name,
                           n == NGX_VIOLET_APP_SECRET + 1
                           ? ": there may be two, the new one and the old"
                           : "");
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < p->args; i++) {
        secret = &app->secrets[n + i];

        *secret = ngx_violet_secret_read(cf, &value[0], &value[1 + i]);
        if (*secret == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_app_id(ngx_conf_t *cf, ngx_violet_app_t *app,
    ngx_str_t *value)
{
    ngx_int_t  id;

    if (app->id) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"app_id\" is duplicate in \"violet_app\" "
                           "\"%V\", remove one", &app->name);
        return NGX_CONF_ERROR;
    }

    id = ngx_atoi(value->data, value->len);

    if (id == NGX_ERROR || id <= 0 || id > 2147483647
        || value->data[0] == '0')
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"app_id\", it must be "
                           "a number from 1 to 2147483647", value);
        return NGX_CONF_ERROR;
    }

    app->id = id;
    app->id_text = *value;
    app->keys.app_id = id;

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_app_check(ngx_conf_t *cf, ngx_violet_app_t *app)
{
    char                 *missing, *or;
    ngx_uint_t            sources;
    ngx_violet_secret_t  *refresh;

    refresh = app->secrets[NGX_VIOLET_APP_REFRESH_TOKEN];

    sources = (app->secrets[NGX_VIOLET_APP_TOKEN] != NULL)
              + (refresh != NULL)
              + (app->secrets[NGX_VIOLET_APP_USERNAME] != NULL);

    missing = NULL;
    or = "";

    if (app->id == 0) {
        missing = "app_id";

    } else if (app->secrets[NGX_VIOLET_APP_SECRET] == NULL) {
        missing = "app_secret";

    } else if (sources == 0) {
        missing = "token";
        or = " or \"refresh_token\" or \"login\"";
    }

    if (missing) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"%s\" in \"violet_app\" \"%V\", add it%s: "
                           "no request goes to Violet without all "
                           "credentials", missing, &app->name, or);
        return NGX_CONF_ERROR;
    }

    if (sources > 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than one of \"token\", \"refresh_token\" "
                           "and \"login\" in \"violet_app\" \"%V\", keep "
                           "only one", &app->name);
        return NGX_CONF_ERROR;
    }

    if (refresh && refresh->value.len > VIOLET_REFRESH_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"refresh_token\" in \"violet_app\" \"%V\" is "
                           "longer than %d bytes, check it",
                           &app->name, VIOLET_REFRESH_MAX);
        return NGX_CONF_ERROR;
    }

    app->state = ngx_pcalloc(cf->pool, sizeof(ngx_violet_app_state_t));
    if (app->state == NULL) {
        return NGX_CONF_ERROR;
    }

    if (app->secrets[NGX_VIOLET_APP_TOKEN]) {
        return NGX_CONF_OK;
    }

    app->renewal = ngx_pcalloc(cf->pool, sizeof(ngx_violet_token_t));
    if (app->renewal == NULL) {
        return NGX_CONF_ERROR;
    }

    app->renewal->app = app;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_violet_conf_name_valid(ngx_str_t *name)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z')
            && (ch < '0' || ch > '9') && ch != '_' && ch != '-')
        {
            return NGX_ERROR;
        }
    }

    return name->len ? NGX_OK : NGX_ERROR;
}


/*
 * Takes the first location that names the app and whose proxy_pass has no
 * variables.  Its prefix must end where the API path begins, since proxy_pass
 * may replace the prefix by another path.
 */

void
ngx_violet_conf_token_route(ngx_conf_t *cf, ngx_violet_loc_conf_t *vlcf)
{
    u_char                     *v1;
    ngx_str_t                  *name;
    ngx_http_conf_ctx_t        *ctx;
    ngx_violet_token_route_t   *route;
    ngx_http_core_loc_conf_t   *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (vlcf->app == NULL || vlcf->app->renewal == NULL
        || vlcf->upstream.len == 0 || clcf->noname)
    {
        return;
    }

    route = &vlcf->app->renewal->route;

    if (route->location.content_handler) {
        return;
    }

    name = &clcf->name;
    v1 = ngx_strnstr(name->data, "/v1/", name->len);

    if (v1 && v1 + 4 != name->data + name->len) {
        return;
    }

    ctx = cf->ctx;

    route->location.srv_conf = ctx->srv_conf;
    route->location.loc_conf = ctx->loc_conf;
    route->location.content_handler = clcf->handler;
    route->location.valid_location = 1;

    route->prefix = *name;
    route->check = (v1 == NULL);

    vlcf->app->renewal->upstream = vlcf->upstream;
}


ngx_int_t
ngx_violet_conf_check_apps(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    ngx_uint_t           i, n;
    ngx_violet_app_t   **app;

    app = vmcf->apps.elts;

    for (i = 0, n = 0; i < vmcf->apps.nelts; i++) {

        if (app[i]->renewal == NULL) {

            if (!app[i]->used && !vmcf->any_app) {
                ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                              "no location uses \"violet_app\" \"%V\", name "
                              "it in one by \"violet %V\" or remove it, in "
                              "%s:%ui", &app[i]->name, &app[i]->name,
                              app[i]->file, app[i]->line);
            }

            continue;
        }

        n++;

        if (app[i]->renewal->route.location.content_handler == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no location through which \"violet_app\" \"%V\" "
                          "could get its tokens, add one such as "
                          "\"location /v1/\" with \"violet %V\" and a "
                          "\"proxy_pass\" without variables, in %s:%ui",
                          &app[i]->name, &app[i]->name, app[i]->file,
                          app[i]->line);
            return NGX_ERROR;
        }
    }

    if (n == 0) {
        return NGX_OK;
    }

    vmcf->tokens = ngx_violet_token_zone_add(cf, n, &ngx_violet_module);
    if (vmcf->tokens == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < vmcf->apps.nelts; i++) {
        if (app[i]->renewal
            && ngx_violet_token_init(cf, app[i]->renewal, vmcf->tokens)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

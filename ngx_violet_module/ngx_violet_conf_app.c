
/*
 * The violet_app block: an app and its secrets.  What is parsed lives in
 * the configuration's pool.
 */


#include "ngx_violet_module.h"


static char *ngx_violet_conf_app_parameter(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_violet_conf_app_id(ngx_conf_t *cf, ngx_violet_app_t *app,
    ngx_str_t *value);
static char *ngx_violet_conf_app_check(ngx_conf_t *cf,
    ngx_violet_app_t *app);
static ngx_int_t ngx_violet_conf_name_valid(ngx_str_t *name);


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
    ngx_violet_app_t  *app;

    ngx_str_t  *value, *secret;

    app = cf->handler_conf;
    value = cf->args->elts;

    secret = NULL;

    if (ngx_strcmp(value[0].data, "app_secret") == 0) {
        secret = &app->secret;

    } else if (ngx_strcmp(value[0].data, "token") == 0) {
        secret = &app->token;

    } else if (ngx_strcmp(value[0].data, "app_id") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown directive \"%V\" in \"violet_app\", it "
                           "knows \"app_id\", \"app_secret\" and \"token\"",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts != 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"%V\" of "
                           "\"violet_app\", it takes one", &value[0]);
        return NGX_CONF_ERROR;
    }

    if (secret == NULL) {
        return ngx_violet_conf_app_id(cf, app, &value[1]);
    }

    if (secret->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is duplicate in \"violet_app\" \"%V\", "
                           "remove one",
                           &value[0], &app->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_violet_credentials_read(cf, &value[0], &value[1], secret)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
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

    return NGX_CONF_OK;
}


static char *
ngx_violet_conf_app_check(ngx_conf_t *cf, ngx_violet_app_t *app)
{
    char  *missing;

    missing = NULL;

    if (app->id == 0) {
        missing = "app_id";

    } else if (app->secret.data == NULL) {
        missing = "app_secret";

    } else if (app->token.data == NULL) {
        missing = "token";
    }

    if (missing) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"%s\" in \"violet_app\" \"%V\", add it: no "
                           "request goes to Violet without all credentials",
                           missing, &app->name);
        return NGX_CONF_ERROR;
    }

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


/*
 * How apps that renew their tokens get them: the location for the calls, and
 * the zone that the workers share.  The routes point into the configuration
 * and live as long as it does.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_token.h"


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

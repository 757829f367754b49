
/*
 * The parts that all operations share: their place in the configuration, the
 * check of their apps, answers that each of them needs.
 */


#include "ngx_violet_operation.h"
#include "ngx_violet_credentials.h"


static ngx_str_t  ngx_violet_operation_json_type =
    ngx_string("application/json");


ngx_violet_operation_t *
ngx_violet_operation_add(ngx_conf_t *cf, ngx_violet_loc_conf_t *vlcf,
    ngx_violet_step_pt handler)
{
    ngx_str_t                *value;
    ngx_violet_operation_t   *operation, **listed;
    ngx_violet_main_conf_t   *vmcf;

    value = cf->args->elts;

    if (vlcf->operation) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" and \"%V\" in one location, give each a "
                           "location of its own",
                           &vlcf->operation->name, &value[0]);
        return NULL;
    }

    operation = ngx_pcalloc(cf->pool, sizeof(ngx_violet_operation_t));
    if (operation == NULL) {
        return NULL;
    }

    operation->name = value[0];
    operation->handler = handler;
    operation->file = cf->conf_file->file.name.data;
    operation->line = cf->conf_file->line;

    vlcf->operation = operation;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_violet_module);
    vmcf->used = 1;

    listed = ngx_array_push(&vmcf->operations);
    if (listed == NULL) {
        return NULL;
    }

    *listed = operation;

    return operation;
}


ngx_int_t
ngx_violet_operation_alone(ngx_conf_t *cf, ngx_violet_loc_conf_t *vlcf)
{
    ngx_violet_operation_t  *operation;

    operation = vlcf->operation;

    if (operation == NULL || vlcf->app_name == NULL) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"violet\" and \"%V\" in one location, give each a "
                  "location of its own, in %s:%ui",
                  &operation->name, operation->file, operation->line);

    return NGX_ERROR;
}


/* The keys of an app that no location uses may lack their environment. */

ngx_int_t
ngx_violet_operations_check(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    ngx_uint_t                i;
    ngx_violet_operation_t  **operations, *operation;

    operations = vmcf->operations.elts;

    for (i = 0; i < vmcf->operations.nelts; i++) {

        operation = operations[i];

        if (operation->app_name.len == 0) {
            continue;
        }

        operation->app = ngx_violet_credentials_find(&vmcf->apps,
                                                     &operation->app_name);

        if (operation->app == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown app \"%V\" in \"%V\", define it with "
                          "\"violet_app %V { ... }\", in %s:%ui",
                          &operation->app_name, &operation->name,
                          &operation->app_name, operation->file,
                          operation->line);
            return NGX_ERROR;
        }

        if (operation->app->keys.env.len == 0) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no location uses the app \"%V\" of \"%V\", so its "
                          "keys are not known: name it in a location by "
                          "\"violet %V\", or add \"environment NAME\" to its "
                          "\"violet_app\", in %s:%ui",
                          &operation->app_name, &operation->name,
                          &operation->app_name, operation->file,
                          operation->line);
            return NGX_ERROR;
        }

        operation->app->used = 1;
    }

    return NGX_OK;
}


ngx_int_t
ngx_violet_operation_method(ngx_http_request_t *r, char *allow)
{
    ngx_str_t  value, detail;

    value.data = (u_char *) allow;
    value.len = ngx_strlen(allow);

    if (ngx_violet_answer_header(r, "Allow", &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    detail.data = ngx_pnalloc(r->pool, sizeof("the methods here are ")
                                       + value.len);
    if (detail.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    detail.len = ngx_sprintf(detail.data, "the methods here are %V", &value)
                 - detail.data;

    return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_METHOD, 0,
                                     &detail);
}


ngx_int_t
ngx_violet_operation_json(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *text)
{
    ngx_str_t  no_store;

    ngx_str_set(&no_store, "no-store");

    if (ngx_violet_answer_header(r, "Cache-Control", &no_store) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_violet_answer_set(r, status, &ngx_violet_operation_json_type, text);

    return NGX_DECLINED;
}

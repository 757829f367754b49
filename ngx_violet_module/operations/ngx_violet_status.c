
/*
 * violet_status: what the gateway has counted.  The format is that of the
 * directive, else of the argument "format", else the one that Accept wants.
 */


#include "ngx_violet_count.h"
#include "ngx_violet_header.h"
#include "ngx_violet_operation.h"
#include "ngx_violet_status.h"
#include "ngx_violet_status_page.h"

#include "violet_accept.h"


static ngx_int_t ngx_violet_status_zone(ngx_conf_t *cf, ngx_str_t *size);
static ngx_int_t ngx_violet_status_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_violet_status_format_e ngx_violet_status_named(ngx_str_t *name);
static ngx_violet_status_format_e ngx_violet_status_accepted(
    ngx_http_request_t *r);


/* by ngx_violet_status_format_e */

static ngx_str_t  ngx_violet_status_formats[] = {
    ngx_string("prometheus"),
    ngx_string("json"),
    ngx_string("html"),
    ngx_null_string
};


char *
ngx_violet_status_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    ngx_str_t                *value, size;
    ngx_uint_t                i;
    ngx_violet_main_conf_t   *vmcf;
    ngx_violet_operation_t   *operation;

    operation = ngx_violet_operation_add(cf, vlcf, ngx_violet_status_handler);
    if (operation == NULL) {
        return NGX_CONF_ERROR;
    }

    operation->conf = &ngx_violet_status_formats[NGX_VIOLET_STATUS_ANY];

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_violet_module);

    if (vmcf->counts == NULL) {
        vmcf->counts = ngx_pcalloc(cf->pool, sizeof(ngx_violet_counts_t));
        if (vmcf->counts == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "zone=", 5) == 0) {
            size.data = value[i].data + 5;
            size.len = value[i].len - 5;

            if (ngx_violet_status_zone(cf, &size) != NGX_OK) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (i > 1
            || ngx_violet_status_named(&value[i]) == NGX_VIOLET_STATUS_ANY)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in "
                               "\"violet_status\", use \"html\", \"json\" or "
                               "\"prometheus\" first, then \"zone=\" with a "
                               "size", &value[i]);
            return NGX_CONF_ERROR;
        }

        operation->conf = &ngx_violet_status_formats[
                                        ngx_violet_status_named(&value[i])];
    }

    return NGX_CONF_OK;
}


/* All locations show the same counters, so they have one zone. */

static ngx_int_t
ngx_violet_status_zone(ngx_conf_t *cf, ngx_str_t *text)
{
    ssize_t                  size;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_violet_module);

    size = ngx_parse_size(text);

    if (size <= 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\" in \"zone=\" of "
                           "\"violet_status\", use a size such as \"1m\"",
                           text);
        return NGX_ERROR;
    }

    if (vmcf->counts->size && vmcf->counts->size != (size_t) size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"zone=%V\" of \"violet_status\" differs from "
                           "that of another location, which has %uz bytes: "
                           "all locations show one zone, keep only one size",
                           text, vmcf->counts->size);
        return NGX_ERROR;
    }

    vmcf->counts->size = (size_t) size;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_status_handler(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                    rc;
    ngx_str_t                    name, detail, *named;
    ngx_violet_status_format_e   format;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_violet_operation_method(r, "GET, HEAD");
    }

    named = ngx_violet_loc_conf(r)->operation->conf;
    format = ngx_violet_status_named(named);

    if (ngx_http_arg(r, (u_char *) "format", 6, &name) == NGX_OK) {

        if (ngx_violet_status_named(&name) == NGX_VIOLET_STATUS_ANY) {
            ngx_str_set(&detail, "\"format\" is html, json or "
                                 "prometheus");

            return ngx_violet_answer_problem(r,
                                        NGX_VIOLET_PROBLEM_INVALID_REQUEST,
                                             0, &detail);
        }

        if (format == NGX_VIOLET_STATUS_ANY) {
            format = ngx_violet_status_named(&name);
        }
    }

    if (format == NGX_VIOLET_STATUS_ANY) {
        format = ngx_violet_status_accepted(r);
    }

    return format == NGX_VIOLET_STATUS_HTML
           ? ngx_violet_status_page(r, ctx)
           : ngx_violet_status_send(r, ctx, format);
}


/* ANY if no format has that name. */

static ngx_violet_status_format_e
ngx_violet_status_named(ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_VIOLET_STATUS_ANY; i++) {

        if (name->len == ngx_violet_status_formats[i].len
            && ngx_strncmp(name->data, ngx_violet_status_formats[i].data,
                           name->len)
               == 0)
        {
            break;
        }
    }

    return i;
}


/* A caller who wants none of them gets Prometheus's. */

static ngx_violet_status_format_e
ngx_violet_status_accepted(ngx_http_request_t *r)
{
    int               best;
    violet_text_t     accept;
    ngx_table_elt_t  *h;

    /* by ngx_violet_status_format_e */

    static const char *const  types[] = {
        "text/plain", "application/json", "text/html", NULL
    };

    h = ngx_violet_header_find(&r->headers_in.headers, "Accept");

    if (h == NULL) {
        return NGX_VIOLET_STATUS_PROMETHEUS;
    }

    accept.data = (char *) h->value.data;
    accept.len = h->value.len;

    best = violet_accept(accept, types);

    return best == -1 ? NGX_VIOLET_STATUS_PROMETHEUS
                      : (ngx_violet_status_format_e) best;
}

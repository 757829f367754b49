
/*
 * Functions of the root's own files: the handler of the PRECONTENT phase, the
 * filters, the variables and the directives.  ngx_violet_module.c registers
 * them.
 */

#ifndef NGX_VIOLET_HANDLER_H
#define NGX_VIOLET_HANDLER_H


#include "ngx_violet.h"


/* the PRECONTENT handler, ngx_violet_handler.c */

ngx_int_t ngx_violet_handler(ngx_http_request_t *r);


/* The route of a request.  Without an app any app_id argument is invalid. */

violet_route_status_t ngx_violet_match_route(ngx_http_request_t *r,
    ngx_violet_app_t *app, violet_route_t *route);


/* ngx_violet_variables.c, ngx_violet_filter.c, ngx_violet_directives.c */

ngx_int_t ngx_violet_add_variables(ngx_conf_t *cf);
ngx_int_t ngx_violet_init_filters(ngx_conf_t *cf);

extern ngx_command_t  ngx_violet_commands[];


/*
 * ngx_violet_request_counts.c: adds the zone of the counters and the handler of
 * the log phase to a configuration; and, in a worker that starts, says where
 * the worker and its Redis clients count.  Without vmcf->counts they do
 * nothing.
 */

ngx_int_t ngx_violet_add_counts(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);
void ngx_violet_start_counts(ngx_violet_main_conf_t *vmcf);


#endif /* NGX_VIOLET_HANDLER_H */

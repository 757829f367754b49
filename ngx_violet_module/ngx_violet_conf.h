
/*
 * What the files that read the configuration share: what proxy_pass was
 * given in each location, and the checks that need to know it.  All of it
 * lives in the configuration's pool.
 */

#ifndef NGX_VIOLET_CONF_H
#define NGX_VIOLET_CONF_H


#include "ngx_violet_module.h"


/* a proxy_pass, where it stands and as it is written */

typedef struct {
    void                         *conf;     /* the proxy module's, of its
                                               location */
    ngx_str_t                     url;
    u_char                       *file;
    ngx_uint_t                    line;
} ngx_violet_proxy_pass_t;


/*
 * From the first to the second of these each proxy_pass that is read is
 * noted.  NGX_OK or NGX_ERROR.  Releasing twice does nothing.
 */

ngx_int_t ngx_violet_conf_proxy_watch(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);
void ngx_violet_conf_proxy_release(ngx_violet_main_conf_t *vmcf);


/*
 * The proxy_pass of the location that is merged; NULL if it has none of its
 * own.
 */

ngx_violet_proxy_pass_t *ngx_violet_conf_proxy_pass(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);


/*
 * A module's own among the configurations of a location, or NULL.  By its
 * name, since a build without the module has no such symbol.
 */

void *ngx_violet_conf_of(ngx_conf_t *cf, void **confs, char *module);


/* Is there such a proxy_set_header line, with a value? */

ngx_uint_t ngx_violet_conf_sets_header(ngx_conf_t *cf, char *name);


/*
 * Where proxy_pass of a violet location leads: an error or warnings for what
 * people get wrong.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_violet_conf_check_upstream(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf, ngx_violet_loc_conf_t *vlcf);


/*
 * Does an upstream, or a URL with variables whatever they are, lead to this
 * machine alone?  The URL is without its scheme.
 */

ngx_uint_t ngx_violet_conf_is_local(ngx_http_upstream_srv_conf_t *us);
ngx_uint_t ngx_violet_conf_is_local_url(ngx_conf_t *cf, ngx_str_t *url);


/* Warns, once for a block, of servers whose addresses never change. */

ngx_int_t ngx_violet_conf_check_names(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf, ngx_http_upstream_srv_conf_t *us);


/*
 * Warns of a location within a violet one, whose configuration is "outer",
 * that has no violet and sends its requests to nowhere good.
 */

void ngx_violet_conf_check_inner(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf, ngx_violet_loc_conf_t *outer);


#endif /* NGX_VIOLET_CONF_H */

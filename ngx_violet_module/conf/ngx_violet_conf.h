
/*
 * The parsers of directives, the checks of a configuration, and the arguments
 * of proxy_pass in each location.  All of it lives in the configuration's
 * pool.  Every error is logged with the directive, the value and the remedy.
 */

#ifndef NGX_VIOLET_CONF_H
#define NGX_VIOLET_CONF_H


#include "ngx_violet.h"


/* How the value of a bounded directive is written and stored. */

typedef enum {
    NGX_VIOLET_CONF_SEC = 0,  /* a time, stored as time_t in seconds */
    NGX_VIOLET_CONF_MSEC,     /* a time, stored as ngx_msec_t in ms */
    NGX_VIOLET_CONF_SIZE,     /* a size, stored as size_t in bytes */
    NGX_VIOLET_CONF_ZONE      /* the same, its minimum counts pages */
} ngx_violet_conf_kind_e;


/* The bounds of a time, in seconds, or of a size, in bytes. */

typedef struct {
    ngx_violet_conf_kind_e    kind;
    ngx_int_t                 min;
    ngx_int_t                 max;
    ngx_int_t                 on;       /* value of "on"; 0: "on" is invalid */
    ngx_uint_t                off;      /* 1: "off" is valid and means 0 */
    char                     *example;
} ngx_violet_conf_bounds_t;


/*
 * Parsers in ngx_violet_conf*.c, for the table of directives.  "post" of
 * ngx_violet_conf_bounded() is a ngx_violet_conf_bounds_t.
 */

char *ngx_violet_conf_app(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_violet(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_bounded(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_health_stale(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_violet_conf_submit_guard(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
ngx_int_t ngx_violet_conf_check_parameter(ngx_conf_t *cf, ngx_uint_t n);
char *ngx_violet_conf_enum(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_refresh_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_violet_conf_cart_reason(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* Merges violet_refresh_limit; NGX_CONF_OK or NGX_CONF_ERROR. */

char *ngx_violet_conf_merge_limit(ngx_conf_t *cf, ngx_violet_loc_conf_t *prev,
    ngx_violet_loc_conf_t *conf);


/*
 * Completes violet_redis and violet_submit_redis once the whole configuration
 * is read: resolves their names.  NGX_OK, or NGX_ERROR, which is logged.
 */

ngx_int_t ngx_violet_conf_redis_complete(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);


/* Checks a violet location once it is merged; NGX_OK or NGX_ERROR. */

ngx_int_t ngx_violet_conf_check_location(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf, ngx_violet_loc_conf_t *vlcf);


/*
 * The location through which an app gets its tokens, ngx_violet_conf_app.c.
 * _token_route(): makes a merged location that of its app, if it is suitable
 * and the app has none yet.  _check_apps(): checks that every app that renews
 * its token has one, and adds the zone for the tokens; NGX_OK or NGX_ERROR.
 */

void ngx_violet_conf_token_route(ngx_conf_t *cf,
    ngx_violet_loc_conf_t *vlcf);
ngx_int_t ngx_violet_conf_check_apps(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);


/* the argument of a proxy_pass, and where the line is */

typedef struct {
    void                         *conf;     /* the proxy module's, of its
                                               location */
    ngx_str_t                     url;
    u_char                       *file;
    ngx_uint_t                    line;
} ngx_violet_proxy_pass_t;


/*
 * Each proxy_pass that nginx reads between these two calls is recorded.
 * NGX_OK or NGX_ERROR.  A second release does nothing.
 */

ngx_int_t ngx_violet_conf_proxy_watch(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);
void ngx_violet_conf_proxy_release(ngx_violet_main_conf_t *vmcf);


/*
 * The proxy_pass of the location that is being merged; NULL if it has none of
 * its own.
 */

ngx_violet_proxy_pass_t *ngx_violet_conf_proxy_pass(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);


/*
 * The configuration of a module in a location; NULL if nginx was built without
 * the module.  It is found by name, since such a build lacks its symbol.
 */

void *ngx_violet_conf_of(ngx_conf_t *cf, void **confs, char *module);


/*
 * The proxy_set_header lines in force in the location that is merged, as an
 * array of ngx_keyval_t: those of the location, or the inherited ones.  NULL if
 * there are none.
 */

ngx_array_t *ngx_violet_conf_header_lines(ngx_conf_t *cf);


/* The value of the proxy_set_header line of that name, or NULL. */

ngx_str_t *ngx_violet_conf_sets_header(ngx_conf_t *cf, char *name);


/*
 * Checks where proxy_pass of a violet location leads; logs an error or
 * warnings.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_violet_conf_check_upstream(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf, ngx_violet_loc_conf_t *vlcf);


/*
 * True if all servers of an upstream are on this machine, or if a URL leads to
 * this machine whatever the values of its variables.  The URL has no scheme.
 */

ngx_uint_t ngx_violet_conf_is_local(ngx_http_upstream_srv_conf_t *us);
ngx_uint_t ngx_violet_conf_is_local_url(ngx_conf_t *cf, ngx_str_t *url);


/* Warns, once for a block, of server names that are resolved once. */

ngx_int_t ngx_violet_conf_check_names(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf, ngx_http_upstream_srv_conf_t *us);


/*
 * Warns of an inner location without "violet" whose requests go to Violet
 * without credentials, or to files.  "outer" is the violet location around it.
 */

void ngx_violet_conf_check_inner(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf, ngx_violet_loc_conf_t *outer);


/* nginx's headers do not declare it */

extern ngx_module_t  ngx_http_try_files_module;


#endif /* NGX_VIOLET_CONF_H */


/*
 * Which Violet an app talks to, a part of all keys: the "environment" of its
 * violet_app block, else a name made from where its locations lead.
 */

#ifndef NGX_VIOLET_CONF_ENV_H
#define NGX_VIOLET_CONF_ENV_H


#include "ngx_violet_conf.h"


/* Reads "environment" of a violet_app block. */

char *ngx_violet_conf_environment(ngx_conf_t *cf, ngx_violet_app_t *app,
    ngx_str_t *value);


/*
 * Records where a merged location leads its app, or all apps if it names the
 * app by a variable.  NGX_OK, or NGX_ERROR, logged, if that is unknown or
 * differs from another location of the app.
 */

ngx_int_t ngx_violet_conf_env(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf,
    ngx_violet_loc_conf_t *vlcf);


/*
 * After a reload: logs the apps whose records of submits have other names
 * now, and so no longer count.
 */

void ngx_violet_conf_env_changed(ngx_cycle_t *cycle,
    ngx_violet_main_conf_t *vmcf);


#endif /* NGX_VIOLET_CONF_ENV_H */

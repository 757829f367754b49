
/*
 * The apps and what opens Violet's door: id, secret, token.  They are read
 * while the configuration is read and live as long as it does; they leave
 * it only through the three headers that proxy_pass builds.
 */

#ifndef NGX_VIOLET_CREDENTIALS_H
#define NGX_VIOLET_CREDENTIALS_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct {
    ngx_str_t      name;
    ngx_int_t      id;          /* int32; 0 while unset */
    ngx_str_t      id_text;
    ngx_str_t      secret;
    ngx_str_t      token;
} ngx_violet_app_t;


typedef struct ngx_violet_credentials_s  ngx_violet_credentials_t;


/*
 * Makes the three variables behind the headers, under names that no
 * configuration can know.  NULL if it cannot; that is logged.
 */

ngx_violet_credentials_t *ngx_violet_credentials_create(ngx_conf_t *cf);


/*
 * Gives the current location the three proxy_set_header lines.  NGX_OK, or
 * NGX_ERROR, which is logged.
 */

ngx_int_t ngx_violet_credentials_set_headers(ngx_conf_t *cf,
    ngx_violet_credentials_t *credentials);


/* A directive of the proxy module, to be run as the parser would; or NULL. */

ngx_command_t *ngx_violet_credentials_proxy_command(char *name);


/*
 * Reads a secret, which is "file:PATH", "env:NAME" or the value itself.
 * "name" is the directive's, for the messages.  NGX_OK, or NGX_ERROR, which
 * is logged with the reason and never with the value.
 */

ngx_int_t ngx_violet_credentials_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *value, ngx_str_t *secret);


/* The app of that name, or NULL. */

ngx_violet_app_t *ngx_violet_credentials_find(ngx_array_t *apps,
    ngx_str_t *name);


#endif /* NGX_VIOLET_CREDENTIALS_H */

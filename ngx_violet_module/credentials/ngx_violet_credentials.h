
/*
 * The apps and what opens Violet's door: id, secret, token.  The apps are
 * made with the configuration and live as long as it does; where their
 * secrets come from is in ngx_violet_secret.c, tokens are renewed in
 * ngx_violet_token.c.  They leave only through the three headers that
 * proxy_pass builds.
 */

#ifndef NGX_VIOLET_CREDENTIALS_H
#define NGX_VIOLET_CREDENTIALS_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_violet.h"
#include "ngx_violet_secret.h"


/* no header of nginx declares it */

extern ngx_module_t  ngx_http_proxy_module;


/* a wait for credentials is over: see whether they are there */

typedef void (*ngx_violet_credentials_handler_pt)(void *data);


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


/* Is it one of these three lines? */

ngx_uint_t ngx_violet_credentials_own_header(
    ngx_violet_credentials_t *credentials, ngx_keyval_t *line);


/* A directive of the proxy module, to be run as the parser would; or NULL. */

ngx_command_t *ngx_violet_credentials_proxy_command(char *name);


/*
 * Reads a secret that is not an app's and is not read again, see
 * ngx_violet_secret_read().  NGX_OK, or NGX_ERROR, which is logged.
 */

ngx_int_t ngx_violet_credentials_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *value, ngx_str_t *secret);


/* The app of that name, or NULL. */

ngx_violet_app_t *ngx_violet_credentials_find(ngx_array_t *apps,
    ngx_str_t *name);


/* True if nothing is missing to send a request of the app now. */

ngx_uint_t ngx_violet_credentials_ready(ngx_violet_app_t *app);


/*
 * Waits until that may have changed: the handler is called once, later, and
 * after 5 seconds at most.  "used" is what a request was refused with; NULL
 * if none was sent.  NGX_OK, or NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_credentials_wait(ngx_violet_app_t *app,
    ngx_violet_used_t *used, ngx_violet_credentials_handler_pt handler,
    void *data);


/*
 * The same for a request, which is parked: NGX_AGAIN; NGX_OK if there is
 * another token already; or NGX_ERROR.
 */

ngx_int_t ngx_violet_credentials_park(ngx_http_request_t *r,
    ngx_violet_app_t *app, ngx_violet_used_t *used);


/*
 * Takes note of what the status of Violet's answer says of the credentials.
 * After 401, or 403 from where the app_secret has not just been right, what
 * can be done is begun: another token, the other app_secret.  Returns NGX_OK
 * if a repeat would be sent with something else, NGX_AGAIN if that may be so
 * after a wait, NGX_DECLINED if not.
 */

ngx_int_t ngx_violet_credentials_feedback(ngx_violet_app_t *app,
    ngx_violet_used_t *used, ngx_uint_t status);


/*
 * True if a request would now be sent with another token; or with another
 * token or app_secret.
 */

ngx_uint_t ngx_violet_credentials_token_differs(ngx_violet_app_t *app,
    ngx_violet_used_t *used);
ngx_uint_t ngx_violet_credentials_differ(ngx_violet_app_t *app,
    ngx_violet_used_t *used);


/*
 * The life of a worker, ngx_violet_app.c: tokens are renewed
 * and files looked at from start to stop, which also wipes what the worker
 * has.
 */

void ngx_violet_credentials_start(ngx_violet_main_conf_t *vmcf);
void ngx_violet_credentials_stop(ngx_violet_main_conf_t *vmcf);


#endif /* NGX_VIOLET_CREDENTIALS_H */

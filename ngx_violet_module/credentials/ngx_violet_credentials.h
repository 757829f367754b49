
/*
 * The apps and their credentials: id, secret, token.  The apps are made with
 * the configuration and live as long as it does.  ngx_violet_secret.c reads
 * secrets, ngx_violet_token.c renews tokens.  Credentials leave nginx only in
 * the three headers that proxy_pass builds.
 */

#ifndef NGX_VIOLET_CREDENTIALS_H
#define NGX_VIOLET_CREDENTIALS_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_violet.h"
#include "ngx_violet_secret.h"


/* nginx declares it in no header file */

extern ngx_module_t  ngx_http_proxy_module;


/* called when a wait is over; must check whether there are credentials */

typedef void (*ngx_violet_credentials_handler_pt)(void *data);


typedef struct ngx_violet_credentials_s  ngx_violet_credentials_t;


/*
 * Makes the three variables of the headers, whose names end in a random
 * suffix.  Returns NULL on failure, which is logged.
 */

ngx_violet_credentials_t *ngx_violet_credentials_create(ngx_conf_t *cf);


/*
 * Gives the current location the three proxy_set_header lines.  NGX_OK, or
 * NGX_ERROR, which is logged.
 */

ngx_int_t ngx_violet_credentials_set_headers(ngx_conf_t *cf,
    ngx_violet_credentials_t *credentials);


/* True if the line is one of these three. */

ngx_uint_t ngx_violet_credentials_own_header(
    ngx_violet_credentials_t *credentials, ngx_keyval_t *line);


/* The command of a directive of nginx's proxy module, or NULL. */

ngx_command_t *ngx_violet_credentials_proxy_command(char *name);


/*
 * Reads a secret that belongs to no app and is not read again, see
 * ngx_violet_secret_read().  NGX_OK, or NGX_ERROR, which is logged.
 */

ngx_int_t ngx_violet_credentials_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *value, ngx_str_t *secret);


/* The app of that name, or NULL. */

ngx_violet_app_t *ngx_violet_credentials_find(ngx_array_t *apps,
    ngx_str_t *name);


/* True if there are all credentials to send a request of the app now. */

ngx_uint_t ngx_violet_credentials_ready(ngx_violet_app_t *app);


/*
 * Waits for a token.  The handler is called once, later, after 5 s at most.
 * "used" are the credentials that Violet refused, or NULL if no request was
 * sent.  NGX_OK, or NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_credentials_wait(ngx_violet_app_t *app,
    ngx_violet_used_t *used, ngx_violet_credentials_handler_pt handler,
    void *data);


/*
 * The same for a request.  NGX_AGAIN if the request is parked, NGX_OK if
 * there is another token already, NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_credentials_park(ngx_http_request_t *r,
    ngx_violet_app_t *app, ngx_violet_used_t *used);


/*
 * To be called with the status of every answer of Violet's.  After a 401, or
 * a 403 unless the app_secret was right less than 10 s ago, starts a renewal
 * of the token or changes to the other app_secret.  Returns NGX_OK if a repeat
 * would be sent with other credentials, NGX_AGAIN if there may be others
 * after a wait, NGX_DECLINED if not.
 */

ngx_int_t ngx_violet_credentials_feedback(ngx_violet_app_t *app,
    ngx_violet_used_t *used, ngx_uint_t status);


/*
 * _token_differs(): true if a request would now be sent with another token
 * than "used".  _differ(): with another token or app_secret.
 */

ngx_uint_t ngx_violet_credentials_token_differs(ngx_violet_app_t *app,
    ngx_violet_used_t *used);
ngx_uint_t ngx_violet_credentials_differ(ngx_violet_app_t *app,
    ngx_violet_used_t *used);


/*
 * ms since the epoch: when the app's access token ends, by the renewal or by
 * the token itself (a JWT); -1 if that is not known.
 */

int64_t ngx_violet_credentials_expiry(ngx_violet_app_t *app);


/*
 * Start and stop, in a worker, the renewals of tokens and the checks of the
 * secrets' files.  _stop() also wipes the worker's secrets and tokens.
 */

void ngx_violet_credentials_start(ngx_violet_main_conf_t *vmcf);
void ngx_violet_credentials_stop(ngx_violet_main_conf_t *vmcf);


#endif /* NGX_VIOLET_CREDENTIALS_H */

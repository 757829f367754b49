
/*
 * An app of Violet's: its id, its secrets, and what this worker has learned
 * of them.  Apps are made while the configuration is read and live as long
 * as it does; they are read-only after that, but for "state".  Secrets and
 * tokens are opaque here, see credentials/.
 */

#ifndef NGX_VIOLET_APP_H
#define NGX_VIOLET_APP_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_keys.h"
#include "ngx_violet_tell.h"


#define NGX_VIOLET_APP_SECRET         0     /* and 1 */
#define NGX_VIOLET_APP_TOKEN          2
#define NGX_VIOLET_APP_REFRESH_TOKEN  3
#define NGX_VIOLET_APP_USERNAME       4
#define NGX_VIOLET_APP_PASSWORD       5
#define NGX_VIOLET_APP_SECRETS        6


/* what a worker has learned of an app; its own */

typedef struct {
    ngx_uint_t               secret;    /* which one is right */
    ngx_uint_t               refused;   /* which ones were not, as bits */
    ngx_msec_t               doubted;   /* when the first of them was */
    ngx_uint_t               proven;    /* the last that was right, plus 1 */
    ngx_msec_t               worked;    /* when it was */
    ngx_violet_told_t        told;      /* in the error log */
} ngx_violet_app_state_t;


typedef struct {
    ngx_str_t                name;
    ngx_int_t                id;        /* int32; 0 while unset */
    ngx_str_t                id_text;
    ngx_violet_keys_t        keys;
    ngx_str_t                location;  /* that says its <env>, if it must */
    unsigned                 environment:1;

    u_char                  *file;      /* where violet_app stands */
    ngx_uint_t               line;
    unsigned                 used:1;    /* by some location */

    /* NULL where not given; a second app_secret, one of three for tokens */
    struct ngx_violet_secret_s  *secrets[NGX_VIOLET_APP_SECRETS];

    struct ngx_violet_token_s  *renewal;   /* NULL: somebody else renews it */
    ngx_violet_app_state_t  *state;
} ngx_violet_app_t;


/* what a request was sent with */

typedef struct {
    ngx_uint_t               token;     /* its generation; 0: none */
    ngx_uint_t               secret;
} ngx_violet_used_t;


#endif /* NGX_VIOLET_APP_H */

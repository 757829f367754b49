
/*
 * An app of Violet's: its id, its secrets, and the worker's state of them.
 * Apps are created while the configuration is read and live as long as the
 * configuration.  At run time only "state" changes.  Secrets and tokens are
 * opaque here, see credentials/.
 */

#ifndef NGX_VIOLET_APP_H
#define NGX_VIOLET_APP_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_keys.h"
#include "ngx_violet_log_limit.h"

#include "violet_counters.h"


#define NGX_VIOLET_APP_SECRET         0     /* 1 is the second app_secret */
#define NGX_VIOLET_APP_TOKEN          2
#define NGX_VIOLET_APP_REFRESH_TOKEN  3
#define NGX_VIOLET_APP_USERNAME       4
#define NGX_VIOLET_APP_PASSWORD       5
#define NGX_VIOLET_APP_SECRETS        6


/*
 * When all reports of an app were dropped last, as far as a worker knows, see
 * ngx_violet_health_epoch.h.
 */

typedef struct {
    uint32_t                 group;     /* of the app's reports in memory */
    int64_t                  at;        /* Unix time in ms, by Redis's clock;
                                           0: never */
    uint64_t                 epoch;     /* of the group, when Redis was
                                           asked */
    ngx_uint_t               generation;  /* of the zone, at the same time */
    unsigned                 named:1;   /* "group" is set */
    unsigned                 known:1;   /* "at" is set */
} ngx_violet_app_purged_t;


/* the state of an app, in one worker */

typedef struct {
    ngx_uint_t               secret;    /* the app_secret in use, 0 or 1 */
    ngx_uint_t               refused;   /* app_secrets that Violet refused,
                                           as bits */
    ngx_msec_t               doubted;   /* time of the first refusal */
    ngx_uint_t               proven;    /* the app_secret that Violet accepted
                                           last, plus 1 */
    ngx_msec_t               worked;    /* time at which Violet accepted it */
    ngx_uint_t               unauthorized;  /* version of the fixed token that
                                           Violet refused last; 0: of none */
    ngx_violet_log_limit_t   logged;    /* lines in the error log */
    ngx_violet_app_purged_t  purged;
} ngx_violet_app_state_t;


typedef struct {
    ngx_str_t                name;
    ngx_int_t                id;        /* int32; 0 while unset */
    ngx_str_t                id_text;
    ngx_violet_keys_t        keys;
    ngx_str_t                location;  /* from which <env> is taken */
    unsigned                 environment:1;  /* <env> is configured */

    u_char                  *file;      /* of the violet_app block */
    ngx_uint_t               line;
    unsigned                 used:1;    /* by some location */
    void                    *loc_conf;  /* ngx_violet_loc_conf_t of the first
                                           location, or NULL */

    /* NULL if not configured */
    struct ngx_violet_secret_s  *secrets[NGX_VIOLET_APP_SECRETS];

    struct ngx_violet_token_s  *renewal;   /* NULL: not renewed */
    ngx_violet_app_state_t  *state;

    violet_counters_of_t     counts;    /* where this worker counts, see
                                           ngx_violet_count.h */
    int                      counted;   /* the app's place in the zone */
} ngx_violet_app_t;


/* the credentials that a request was sent with */

typedef struct {
    ngx_uint_t               token;     /* its generation; 0: no token */
    ngx_uint_t               secret;    /* 0 or 1 */
} ngx_violet_used_t;


#endif /* NGX_VIOLET_APP_H */

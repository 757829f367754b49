
/*
 * What the files of the module share: the configuration, which is read-only
 * once it is read, and the context of a request, which lives in the
 * request's pool and is made by the PRECONTENT handler.
 */

#ifndef NGX_VIOLET_MODULE_H
#define NGX_VIOLET_MODULE_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_violet_answer.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_exchange.h"
#include "ngx_violet_guard.h"
#include "ngx_violet_limit.h"
#include "ngx_violet_redis.h"
#include "ngx_violet_redis_link.h"
#include "ngx_violet_store.h"
#include "ngx_violet_submit.h"
#include "ngx_violet_wait.h"

#include "violet_cart.h"
#include "violet_reason.h"
#include "violet_route.h"


#define NGX_VIOLET_AUTH_BLOCK  0
#define NGX_VIOLET_AUTH_PASS   1

#define NGX_VIOLET_CART_OFF          0
#define NGX_VIOLET_CART_ON           1
#define NGX_VIOLET_CART_SUBMIT_ONLY  2


/* what runs a directive, as nginx's ngx_command_t has it */

typedef char *(*ngx_violet_conf_set_pt)(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


typedef struct {
    ngx_array_t                   apps;       /* of ngx_violet_app_t * */
    ngx_violet_credentials_t     *credentials;
    ngx_violet_redis_t           *redis;      /* NULL: no violet_redis */
    ngx_violet_redis_link_t      *link;       /* NULL: the same */
    ngx_shm_zone_t               *zone;
    ngx_shm_zone_t               *tokens;     /* NULL: none is renewed */
    size_t                        zone_size;
    violet_reasons_t             *reasons;    /* NULL: none */
    ngx_queue_t                   flights;    /* this worker's */
    ngx_queue_t                   submits;    /* sent, this worker's */
    ngx_event_t                   look;       /* at files, this worker's */
    ngx_http_handler_pt           proxy_handler; /* NULL: no proxy_pass */

    /* while the configuration is read, see ngx_violet_conf.h */
    ngx_violet_conf_set_pt        proxy_pass;    /* the proxy module's */
    ngx_array_t                   proxy_passes;  /* that were read */
    ngx_array_t                   checked;       /* upstream blocks */
    unsigned                      any_app:1;     /* may be a request's */

    ngx_int_t                     request_id; /* the variable's index */
    unsigned                      patterns:1; /* the built-in ones */
    unsigned                      used:1;     /* by some location */
    unsigned                      started:1;  /* in this worker */
} ngx_violet_main_conf_t;


typedef struct {
    u_char                       *file;       /* where violet stands */
    ngx_uint_t                    line;
    void                        **confs;      /* all modules', of there */

    ngx_violet_app_t             *app;        /* NULL: see app_name */
    ngx_http_complex_value_t     *app_name;   /* NULL: not a violet one */
    ngx_str_t                     upstream;   /* for keys; empty if it
                                                 depends on the request */

    ngx_flag_t                    health_cache;
    time_t                        health_ttl;
    time_t                        health_stale;
    time_t                        health_memory;  /* 0: off */
    ngx_msec_t                    patience;   /* what proxy_pass may take */
    ngx_violet_limit_conf_t      *limit;      /* NULL: off */
    ngx_uint_t                    cart_errors;
    ngx_uint_t                    cart_partial_status;
    ngx_msec_t                    submit_guard; /* 0: off */
    ngx_uint_t                    auth_routes;
    size_t                        buffer_limit;
    ngx_flag_t                    unverified_upstream;
    unsigned                      accept_encoding:1;  /* the operator sets
                                                         it */
} ngx_violet_loc_conf_t;


typedef enum {
    NGX_VIOLET_CACHE_NONE = 0,
    NGX_VIOLET_CACHE_HIT,
    NGX_VIOLET_CACHE_MISS,
    NGX_VIOLET_CACHE_EXPIRED,
    NGX_VIOLET_CACHE_STALE,
    NGX_VIOLET_CACHE_REFRESH,
    NGX_VIOLET_CACHE_JOINED,
    NGX_VIOLET_CACHE_BYPASS,
    NGX_VIOLET_CACHE_LIMITED
} ngx_violet_cache_status_e;


typedef enum {
    NGX_VIOLET_REFRESH_NONE = 0,
    NGX_VIOLET_REFRESH_GRANTED,
    NGX_VIOLET_REFRESH_JOINED,
    NGX_VIOLET_REFRESH_LIMITED,
    NGX_VIOLET_REFRESH_DRY_RUN
} ngx_violet_refresh_e;


typedef struct ngx_violet_ctx_s  ngx_violet_ctx_t;

/* a step of a request's way, run by the PRECONTENT handler */

typedef ngx_int_t (*ngx_violet_step_pt)(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


struct ngx_violet_ctx_s {
    violet_route_t                route;
    ngx_violet_app_t             *app;

    /* what runs when the phases come by again */
    ngx_violet_step_pt            next;

    ngx_violet_answer_t           answer;
    ngx_violet_exchange_t        *exchange;
    ngx_violet_guard_t           *guard;        /* of r->upstream */
    ngx_violet_refusal_e          refused;
    ngx_violet_used_t             used;         /* to send it */

    /* connection health */
    ngx_str_t                     key;
    ngx_msec_t                    redis_left;   /* to wait for Redis */
    ngx_msec_t                    redis_asked;  /* when it was */
    ngx_violet_report_t           report;       /* from the store */
    void                         *flight;       /* what it waits for */
    ngx_violet_limit_result_t     limit;

    /* cart submit */
    ngx_violet_submit_t          *submit;       /* NULL: not guarded */
    ngx_violet_exchange_t        *submitted;    /* once it has ended */
    ngx_violet_exchange_t        *fetched;      /* a read of the cart */
    violet_cart_verdict_t         verdict;
    ngx_str_t                     problem;      /* empty: Violet's answer */

    /* for variables */
    ngx_violet_cache_status_e     cache_status;
    ngx_violet_refresh_e          refresh;
    ngx_violet_redis_status_e     redis;
    ngx_str_t                     merchant_state;
    ngx_int_t                     age;          /* seconds, -1: none */
    ngx_violet_tier_e             tier;

    unsigned                      routed:1;
    unsigned                      waiting:1;
    unsigned                      credentials:1;  /* may be given */
    unsigned                      settled:1;      /* which ones */
    unsigned                      joined:1;
    unsigned                      looked_up:1;
    unsigned                      judged:1;
    unsigned                      waited:1;       /* for credentials */
    unsigned                      repeated:1;     /* so is the submit */
};


/* parsers of directives, ngx_violet_conf.c */

char *ngx_violet_conf_app(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_violet(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_time(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_health_memory(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
ngx_int_t ngx_violet_conf_check_parameter(ngx_conf_t *cf, ngx_uint_t n);
char *ngx_violet_conf_enum(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_violet_conf_refresh_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_violet_conf_cart_reason(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_violet_conf_submit_guard(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_violet_conf_buffer_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* checks of a violet location once all is merged; NGX_OK or NGX_ERROR */

ngx_int_t ngx_violet_conf_check_location(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf, ngx_violet_loc_conf_t *vlcf);


/*
 * How tokens are got, ngx_violet_conf_token.c.  In turn: a location that is
 * merged may be the one for its app; every app that renews its token has one
 * and a place in the zone for it, NGX_OK or NGX_ERROR.
 */

void ngx_violet_conf_token_route(ngx_conf_t *cf,
    ngx_violet_loc_conf_t *vlcf);
ngx_int_t ngx_violet_conf_check_apps(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);


/*
 * The life of a worker, ngx_violet_credentials_state.c: tokens are renewed
 * and files looked at from start to stop, which also wipes what the worker
 * has.
 */

void ngx_violet_credentials_start(ngx_violet_main_conf_t *vmcf);
void ngx_violet_credentials_stop(ngx_violet_main_conf_t *vmcf);


/* the PRECONTENT handler, ngx_violet_handler.c */

ngx_int_t ngx_violet_handler(ngx_http_request_t *r);


/*
 * The flows, entered by the handler on their routes.  They return
 * NGX_DECLINED to go on (to proxy_pass, or to the answer they have set),
 * NGX_AGAIN if the request waits, or an HTTP status.
 */

ngx_int_t ngx_violet_health_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
ngx_int_t ngx_violet_report_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
ngx_int_t ngx_violet_cart_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/* A read of a cart or an order, which may clear up what became of a submit. */

ngx_int_t ngx_violet_cart_read_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/*
 * The outcome of a submit that stayed here, for the header, the variable and
 * the error log, which is told why.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_cart_not_sent(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *why);


/* The worker ends at once: submits under way have their line in the log. */

void ngx_violet_cart_stop(ngx_violet_main_conf_t *vmcf);


/*
 * Parts of the health flow that its report shares, ngx_violet_refresh.c.
 * In turn: a configuration that cannot be served gets its problem; the key
 * of a limit; what the limiter said is noted, with its headers; Retry-After,
 * and the 429 problem unless a cached report is sent with it.
 */

ngx_int_t ngx_violet_health_check_upstream(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
void ngx_violet_refresh_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_limit_key_t *key);
ngx_int_t ngx_violet_refresh_note(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_limit_result_t *limit);
ngx_int_t ngx_violet_refresh_limited(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_uint_t cached);


/* ngx_violet_variables.c, ngx_violet_filter.c */

ngx_int_t ngx_violet_add_variables(ngx_conf_t *cf);
ngx_int_t ngx_violet_init_filters(ngx_conf_t *cf);


/* The route of a request; without an app no app_id argument is right. */

violet_route_status_t ngx_violet_match_route(ngx_http_request_t *r,
    ngx_violet_app_t *app, violet_route_t *route);


extern ngx_module_t  ngx_violet_module;

/* no header of nginx declares them */

extern ngx_module_t  ngx_http_proxy_module;
extern ngx_module_t  ngx_http_try_files_module;


#endif /* NGX_VIOLET_MODULE_H */

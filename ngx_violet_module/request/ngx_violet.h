
/*
 * The types that all folders share: the configuration, which lives as long as
 * the cycle and is read-only at run time, and the context of a request, which
 * the PRECONTENT handler allocates in the request's pool.  A member that
 * belongs to one folder is a pointer to a type of that folder.
 */

#ifndef NGX_VIOLET_H
#define NGX_VIOLET_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_violet_answer.h"
#include "ngx_violet_app.h"

#include "violet_reason.h"
#include "violet_route.h"


#define NGX_VIOLET_AUTH_BLOCK  0
#define NGX_VIOLET_AUTH_PASS   1

#define NGX_VIOLET_CART_OFF          0
#define NGX_VIOLET_CART_ON           1
#define NGX_VIOLET_CART_SUBMIT_ONLY  2


/* the function that runs a directive, as in ngx_command_t */

typedef char *(*ngx_violet_conf_set_pt)(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


typedef struct {
    ngx_array_t                        apps;      /* of ngx_violet_app_t * */
    struct ngx_violet_credentials_s   *credentials;
    struct ngx_violet_redis_s         *redis;     /* NULL: no violet_redis */
    struct ngx_violet_redis_s         *submit_redis;  /* NULL: no
                                                     violet_submit_redis */
    struct ngx_violet_tracking_s      *tracking;  /* of notices; NULL: no
                                                     violet_redis */
    struct ngx_violet_records_s       *records;   /* of submits */
    struct ngx_violet_counts_s        *counts;    /* NULL: no violet_status */
    ngx_shm_zone_t                    *zone;
    ngx_shm_zone_t                    *tokens;    /* NULL: no app renews */
    size_t                             zone_size;
    violet_reasons_t                  *reasons;   /* NULL: no patterns */

    /* of this worker */
    ngx_queue_t                        flights;
    ngx_uint_t                         updates;   /* flights in the
                                                     background */
    ngx_queue_t                        submits;   /* that were sent */
    ngx_event_t                        look;      /* timer that checks the
                                                     files of secrets */

    ngx_http_handler_pt                proxy_handler;  /* NULL: there is no
                                                         proxy_pass */

    /* while the configuration is read, see ngx_violet_conf.h */
    ngx_violet_conf_set_pt             proxy_pass;   /* the proxy module's */
    struct ngx_violet_ready_s         *ready;        /* NULL: no violet_ready
                                                     waits for Redis */
    ngx_array_t                        operations;   /* of
                                                     ngx_violet_operation_t * */
    ngx_array_t                        proxy_passes;  /* that were read */
    ngx_array_t                        checked;      /* upstream blocks */
    unsigned                           any_app:1;    /* a location has
                                                        "violet $variable" */

    ngx_int_t                          request_id;  /* the variable's index */
    unsigned                           patterns:1;  /* the built-in ones are
                                                       compiled */
    unsigned                           used:1;    /* some location has
                                                     "violet" or an operation */
    unsigned                           guarded:1;  /* some location has the
                                                     submit guard on */
    unsigned                           started:1;  /* this worker has run
                                                      init_process */
} ngx_violet_main_conf_t;


typedef struct {
    u_char                           *file;       /* of the directive */
    ngx_uint_t                        line;
    void                            **confs;      /* of all modules, in this
                                                     location */

    ngx_violet_app_t                 *app;        /* NULL: see app_name */
    ngx_http_complex_value_t         *app_name;   /* NULL: not a violet one */
    ngx_str_t                         upstream;   /* empty if it depends on
                                                     the request */
    struct ngx_violet_operation_s    *operation;  /* NULL: not one of an
                                                     operation */

    ngx_flag_t                        health_cache;
    time_t                            health_ttl;
    time_t                            health_stale;
    ngx_flag_t                        health_updating;  /* a stale report is
                                                     served at once */
    time_t                            health_memory;  /* 0: off */
    ngx_msec_t                        upstream_timeout;  /* ms, the sum of
                                                     proxy_*_timeout */
    ngx_msec_t                        read_timeout;  /* ms, of proxy_pass */
    struct ngx_violet_limit_conf_s   *limit;      /* NULL: off */
    ngx_uint_t                        cart_errors;
    ngx_uint_t                        cart_partial_status;
    ngx_msec_t                        submit_guard; /* 0: off */
    ngx_flag_t                        submit_refuse;  /* no submit is sent
                                                     without Redis */
    ngx_uint_t                        auth_routes;
    size_t                            buffer_limit;
    ngx_flag_t                        unverified_upstream;

    /* headers that the operator sets by proxy_set_header */
    unsigned                          accept_encoding:1;
    unsigned                          request_id:1;  /* X-Request-Id */
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
    NGX_VIOLET_CACHE_LIMITED,
    NGX_VIOLET_CACHE_UPDATING
} ngx_violet_cache_status_e;


typedef enum {
    NGX_VIOLET_REFRESH_NONE = 0,
    NGX_VIOLET_REFRESH_GRANTED,
    NGX_VIOLET_REFRESH_JOINED,
    NGX_VIOLET_REFRESH_LIMITED,
    NGX_VIOLET_REFRESH_DRY_RUN
} ngx_violet_refresh_e;


typedef struct ngx_violet_ctx_s  ngx_violet_ctx_t;

/* a step of a flow, run by the PRECONTENT handler */

typedef ngx_int_t (*ngx_violet_step_pt)(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


/* values of variables and of the log; set by the flows */

typedef struct {
    ngx_violet_cache_status_e     cache_status;
    ngx_violet_refresh_e          refresh;
    ngx_uint_t                    redis;        /* an
                                                   ngx_violet_redis_status_e */
    ngx_uint_t                    tier;         /* an ngx_violet_tier_e */
    ngx_int_t                     age;          /* seconds, -1: no report */
    ngx_str_t                     merchant_state;
    ngx_str_t                     request_id;   /* that Violet got with a
                                                   flight */
    unsigned                      held:1;       /* the answer is held, and
                                                   Violet was not asked */
} ngx_violet_seen_t;


struct ngx_violet_ctx_s {
    violet_route_t                   route;
    ngx_violet_app_t                *app;

    /* the step that the PRECONTENT handler runs next */
    ngx_violet_step_pt               next;

    ngx_violet_answer_t              answer;
    ngx_violet_seen_t                seen;

    struct ngx_violet_exchange_s    *exchange;  /* of a clone, or NULL */
    struct ngx_violet_check_s       *check;     /* of r->upstream */
    struct ngx_violet_health_ctx_s  *health;    /* NULL on other routes */
    struct ngx_violet_cart_ctx_s    *cart;      /* NULL on other routes */
    void                            *operation;  /* context of an operation, or
                                                    NULL */

    ngx_violet_refusal_e             refused;
    ngx_violet_used_t                used;      /* credentials it was sent
                                                   with */

    unsigned                         routed:1;    /* "route" is valid */
    unsigned                         waiting:1;   /* no step is due */
    unsigned                         credentials:1;  /* proxy_pass may send
                                                     them */
    unsigned                         token_looked_up:1;  /* shared memory was
                                                         asked for a newer
                                                         one */
    unsigned                         waited:1;    /* has waited for
                                                     credentials */
};


extern ngx_module_t  ngx_violet_module;


/* The configurations and the context of a request; the context may be NULL. */

static ngx_inline ngx_violet_main_conf_t *
ngx_violet_main_conf(ngx_http_request_t *r)
{
    return ngx_http_get_module_main_conf(r, ngx_violet_module);
}


static ngx_inline ngx_violet_loc_conf_t *
ngx_violet_loc_conf(ngx_http_request_t *r)
{
    return ngx_http_get_module_loc_conf(r, ngx_violet_module);
}


static ngx_inline ngx_violet_ctx_t *
ngx_violet_ctx(ngx_http_request_t *r)
{
    return ngx_http_get_module_ctx(r, ngx_violet_module);
}


/* The Redis that keeps the records of submits, or NULL. */

static ngx_inline struct ngx_violet_redis_s *
ngx_violet_submit_redis(ngx_violet_main_conf_t *vmcf)
{
    return vmcf->submit_redis ? vmcf->submit_redis : vmcf->redis;
}


#endif /* NGX_VIOLET_H */

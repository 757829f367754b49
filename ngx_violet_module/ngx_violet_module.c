
/*
 * ngx_violet_module: one nginx location fronts Violet, the commerce API.
 *
 * This file holds the directive table, the creation and inheritance of the
 * configuration, and the registration with nginx; the parsers of directives
 * are in ngx_violet_conf.c.  Configurations live in the pool of the cycle
 * and are read-only once nginx runs, except for the data of one worker: the
 * Redis client, the queue of flights, secrets and tokens.
 */


#include "ngx_violet_cart.h"
#include "ngx_violet_conf.h"
#include "ngx_violet_conf_env.h"
#include "ngx_violet_count.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_health_limit.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_handler.h"
#include "ngx_violet_cart_record.h"
#include "ngx_violet_health_tracking.h"
#include "ngx_violet_operation.h"
#include "ngx_violet_ready.h"
#include "ngx_violet_version.h"

#include "violet_json.h"


#define NGX_VIOLET_ZONE_SIZE  (16 * 1024 * 1024)


static ngx_int_t ngx_violet_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_violet_postconfiguration(ngx_conf_t *cf);
static void *ngx_violet_create_main_conf(ngx_conf_t *cf);
static char *ngx_violet_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_violet_create_loc_conf(ngx_conf_t *cf);
static char *ngx_violet_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_violet_main_conf_cleanup(void *data);
static ngx_int_t ngx_violet_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_violet_init_process(ngx_cycle_t *cycle);
static void ngx_violet_exit_process(ngx_cycle_t *cycle);


static ngx_http_module_t  ngx_violet_module_ctx = {
    ngx_violet_preconfiguration,           /* preconfiguration */
    ngx_violet_postconfiguration,          /* postconfiguration */

    ngx_violet_create_main_conf,           /* create main configuration */
    ngx_violet_init_main_conf,             /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_violet_create_loc_conf,            /* create location configuration */
    ngx_violet_merge_loc_conf              /* merge location configuration */
};


ngx_module_t  ngx_violet_module = {
    NGX_MODULE_V1,
    &ngx_violet_module_ctx,                /* module context */
    ngx_violet_commands,                   /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_violet_init_module,                /* init module */
    ngx_violet_init_process,               /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_violet_exit_process,               /* exit process */
    ngx_violet_cart_exit_master,           /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_violet_preconfiguration(ngx_conf_t *cf)
{
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_violet_module);

    violet_json_init();

    if (violet_reasons_init() != 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "violet: the built-in patterns cannot be compiled");
        return NGX_ERROR;
    }

    vmcf->patterns = 1;

    vmcf->credentials = ngx_violet_credentials_create(cf);
    if (vmcf->credentials == NULL
        || ngx_violet_conf_proxy_watch(cf, vmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_violet_add_variables(cf);
}


/*
 * The phase is PRECONTENT and not ACCESS: handlers of a dynamic module run
 * first in their phase, and access control must come before.
 */

static ngx_int_t
ngx_violet_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_violet_main_conf_t     *vmcf;
    ngx_http_core_main_conf_t  *cmcf;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_violet_module);

    /* operations use apps, so they come before the check of the apps */

    if (ngx_violet_operations_check(cf, vmcf) != NGX_OK
        || ngx_violet_conf_check_apps(cf, vmcf) != NGX_OK
        || ngx_violet_ready_check_redis(cf, vmcf) != NGX_OK
        || ngx_violet_conf_redis_complete(cf, vmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!vmcf->used) {
        return NGX_OK;
    }

    vmcf->zone = ngx_violet_memory_add(cf, vmcf->zone_size,
                                       &ngx_violet_module);
    if (vmcf->zone == NULL || ngx_violet_tracking_create(cf, vmcf) != NGX_OK
        || ngx_violet_add_counts(cf, vmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (vmcf->redis) {
        ngx_violet_redis_conf(vmcf->redis)->zone = vmcf->zone;
    }

    if (vmcf->submit_redis) {
        ngx_violet_redis_conf(vmcf->submit_redis)->zone = vmcf->zone;
    }

    vmcf->records = ngx_violet_records_create(cf->pool,
                                              ngx_violet_submit_redis(vmcf),
                                              vmcf->zone, &vmcf->apps);
    if (vmcf->records == NULL) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_violet_handler;

    return ngx_violet_init_filters(cf);
}


static void *
ngx_violet_create_main_conf(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t      *cln;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_pcalloc(cf->pool, sizeof(ngx_violet_main_conf_t));
    if (vmcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     vmcf->credentials = NULL;
     *     vmcf->redis = NULL;
     *     vmcf->submit_redis = NULL;
     *     vmcf->tracking = NULL;
     *     vmcf->zone = NULL;
     *     vmcf->counts = NULL;
     *     vmcf->tokens = NULL;
     *     vmcf->look = { 0 };
     *     vmcf->reasons = NULL;
     *     vmcf->patterns = 0;
     *     vmcf->used = 0;
     *     vmcf->guarded = 0;
     *     vmcf->started = 0;
     *     vmcf->proxy_pass = NULL;
     *     vmcf->proxy_passes = { NULL };
     *     vmcf->any_app = 0;
     */

    vmcf->zone_size = NGX_CONF_UNSET_SIZE;

    ngx_queue_init(&vmcf->flights);
    ngx_queue_init(&vmcf->submits);

    if (ngx_array_init(&vmcf->apps, cf->pool, 4, sizeof(ngx_violet_app_t *))
        != NGX_OK
        || ngx_array_init(&vmcf->operations, cf->pool, 4, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&vmcf->checked, cf->pool, 1, sizeof(void *))
           != NGX_OK)
    {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_violet_main_conf_cleanup;
    cln->data = vmcf;

    return vmcf;
}


static char *
ngx_violet_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_violet_main_conf_t  *vmcf = conf;

    ngx_conf_init_size_value(vmcf->zone_size, NGX_VIOLET_ZONE_SIZE);

    ngx_violet_conf_proxy_release(vmcf);

    return NGX_CONF_OK;
}


static void *
ngx_violet_create_loc_conf(ngx_conf_t *cf)
{
    ngx_violet_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_violet_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->app = NULL;
     *     conf->app_name = NULL;
     *     conf->upstream = { 0, NULL };
     *     conf->operation = NULL;
     */

    conf->health_cache = NGX_CONF_UNSET;
    conf->health_ttl = NGX_CONF_UNSET;
    conf->health_stale = NGX_CONF_UNSET;
    conf->health_updating = NGX_CONF_UNSET;
    conf->health_memory = NGX_CONF_UNSET;
    conf->limit = NGX_CONF_UNSET_PTR;
    conf->cart_errors = NGX_CONF_UNSET_UINT;
    conf->cart_partial_status = NGX_CONF_UNSET_UINT;
    conf->submit_guard = NGX_CONF_UNSET_MSEC;
    conf->submit_refuse = NGX_CONF_UNSET;
    conf->auth_routes = NGX_CONF_UNSET_UINT;
    conf->buffer_limit = NGX_CONF_UNSET_SIZE;
    conf->unverified_upstream = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_violet_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_violet_loc_conf_t *prev = parent;
    ngx_violet_loc_conf_t *conf = child;

    ngx_violet_main_conf_t    *vmcf;
    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_value(conf->health_cache, prev->health_cache, 1);
    ngx_conf_merge_sec_value(conf->health_ttl, prev->health_ttl, 86400);
    ngx_conf_merge_sec_value(conf->health_stale, prev->health_stale, 0);
    ngx_conf_merge_value(conf->health_updating, prev->health_updating, 0);
    ngx_conf_merge_sec_value(conf->health_memory, prev->health_memory, 60);
    ngx_conf_merge_uint_value(conf->cart_errors, prev->cart_errors,
                              NGX_VIOLET_CART_ON);
    ngx_conf_merge_uint_value(conf->cart_partial_status,
                              prev->cart_partial_status, 422);
    ngx_conf_merge_msec_value(conf->submit_guard, prev->submit_guard,
                              NGX_VIOLET_RECORD_TIME);
    ngx_conf_merge_value(conf->submit_refuse, prev->submit_refuse, 0);
    ngx_conf_merge_uint_value(conf->auth_routes, prev->auth_routes,
                              NGX_VIOLET_AUTH_BLOCK);
    ngx_conf_merge_size_value(conf->buffer_limit, prev->buffer_limit,
                              4 * 1024 * 1024);
    ngx_conf_merge_value(conf->unverified_upstream,
                         prev->unverified_upstream, 0);

    if (ngx_violet_conf_merge_limit(cf, prev, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    /* as with proxy_pass, only "if" and "limit_except" inherit the app */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname) {
        conf->operation = prev->operation;
    }

    if (clcf->noname && conf->app_name == NULL) {
        conf->app = prev->app;
        conf->app_name = prev->app_name;
        conf->file = prev->file;
        conf->line = prev->line;
    }

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_violet_module);

    if (conf->app_name == NULL) {

        if (prev->app_name && conf->operation == NULL) {
            ngx_violet_conf_check_inner(cf, vmcf, prev);
        }

        return NGX_CONF_OK;
    }

    if (ngx_violet_operation_alone(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (vmcf->redis) {
        ngx_violet_redis_allow(vmcf->redis, conf->buffer_limit);
    }

    if (ngx_violet_conf_check_location(cf, vmcf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    vmcf->guarded |= (conf->submit_guard != 0);

    return NGX_CONF_OK;
}


/* Frees PCRE2's memory and a timer, which the pool does not. */

static void
ngx_violet_main_conf_cleanup(void *data)
{
    ngx_violet_main_conf_t  *vmcf = data;

    ngx_violet_conf_proxy_release(vmcf);

    if (vmcf->look.timer_set) {
        ngx_del_timer(&vmcf->look);
    }

    violet_reasons_destroy(vmcf->reasons);

    if (vmcf->patterns) {
        violet_reasons_cleanup();
    }
}


/* Runs in the master and for "nginx -t", once the configuration is read. */

static ngx_int_t
ngx_violet_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t                i, n;
    ngx_violet_app_t        **app;
    ngx_violet_main_conf_t   *vmcf;

    if (!ngx_test_config) {
        ngx_violet_version_log(cycle->log);
    }

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_violet_module);

    if (vmcf == NULL) {
        return NGX_OK;
    }

    app = vmcf->apps.elts;

    for (i = 0; i < vmcf->apps.nelts; i++) {
        for (n = 0; n < NGX_VIOLET_APP_SECRETS; n++) {
            if (app[i]->secrets[n]) {
                ngx_violet_secret_warn(cycle, app[i]->secrets[n]);
            }
        }
    }

    ngx_violet_conf_env_changed(cycle, vmcf);

    return NGX_OK;
}


static ngx_int_t
ngx_violet_init_process(ngx_cycle_t *cycle)
{
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_violet_module);

    /* cache manager and cache loader send nothing to Violet */

    if (vmcf && vmcf->used
        && (ngx_process == NGX_PROCESS_WORKER
            || ngx_process == NGX_PROCESS_SINGLE))
    {
        ngx_violet_start_counts(vmcf);
        ngx_violet_tracking_start(vmcf);
        ngx_violet_records_start(vmcf->records);
        ngx_violet_credentials_start(vmcf);
        ngx_violet_ready_start(vmcf);
    }

    return NGX_OK;
}


static void
ngx_violet_exit_process(ngx_cycle_t *cycle)
{
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_violet_module);

    if (vmcf == NULL) {
        return;
    }

    ngx_violet_cart_stop(vmcf);
    ngx_violet_tracking_close(vmcf);
    ngx_violet_credentials_stop(vmcf);
    ngx_violet_counts_stop(vmcf);
}


/*
 * The table of directives, with the words and bounds of their values.  Parsers
 * are in conf/ and operations/.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_cart_record.h"
#include "ngx_violet_handler.h"
#include "ngx_violet_operation.h"


static ngx_conf_enum_t  ngx_violet_auth_routes[] = {
    { ngx_string("block"), NGX_VIOLET_AUTH_BLOCK },
    { ngx_string("pass"), NGX_VIOLET_AUTH_PASS },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_violet_cart_errors[] = {
    { ngx_string("on"), NGX_VIOLET_CART_ON },
    { ngx_string("off"), NGX_VIOLET_CART_OFF },
    { ngx_string("submit-only"), NGX_VIOLET_CART_SUBMIT_ONLY },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_violet_partial_status[] = {
    { ngx_string("200"), 200 },
    { ngx_string("207"), 207 },
    { ngx_string("422"), 422 },
    { ngx_null_string, 0 }
};


/* nginx's slab allocator needs some pages for itself */

static ngx_violet_conf_bounds_t  ngx_violet_zone_bounds = {
    NGX_VIOLET_CONF_ZONE, 8, NGX_MAX_INT_T_VALUE, 0, 0, "16m"
};


/* not 0: to cache no report there is "violet_health_cache off" */

static ngx_violet_conf_bounds_t  ngx_violet_ttl_bounds = {
    NGX_VIOLET_CONF_SEC, 1, 366 * 86400, 0, 0, "24h"
};


static ngx_violet_conf_bounds_t  ngx_violet_stale_bounds = {
    NGX_VIOLET_CONF_SEC, 0, 366 * 86400, 0, 0, "24h"
};


static ngx_violet_conf_bounds_t  ngx_violet_memory_bounds = {
    NGX_VIOLET_CONF_SEC, 1, 366 * 86400, 0, 1, "60s"
};


static ngx_violet_conf_bounds_t  ngx_violet_guard_bounds = {
    NGX_VIOLET_CONF_MSEC, 1, 86400, NGX_VIOLET_RECORD_TIME / 1000, 1, "24h"
};


static ngx_violet_conf_bounds_t  ngx_violet_buffer_bounds = {
    NGX_VIOLET_CONF_SIZE, 4 * 1024, 256 * 1024 * 1024, 0, 0, "4m"
};


ngx_command_t  ngx_violet_commands[] = {

    { ngx_string("violet_app"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_violet_conf_app,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("violet"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_violet_conf_violet,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("violet_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_violet_conf_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_violet_main_conf_t, redis),
      NULL },

    { ngx_string("violet_submit_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_violet_conf_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_violet_main_conf_t, submit_redis),
      NULL },

    { ngx_string("violet_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_violet_conf_bounded,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_violet_main_conf_t, zone_size),
      &ngx_violet_zone_bounds },

    { ngx_string("violet_health_cache"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_violet_loc_conf_t, health_cache),
      NULL },

    { ngx_string("violet_health_ttl"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_violet_conf_bounded,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_violet_loc_conf_t, health_ttl),
      &ngx_violet_ttl_bounds },

    { ngx_string("violet_health_stale"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_violet_conf_health_stale,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_violet_loc_conf_t, health_stale),
      &ngx_violet_stale_bounds },

    { ngx_string("violet_health_memory"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_violet_conf_bounded,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_violet_loc_conf_t, health_memory),
      &ngx_violet_memory_bounds },

    { ngx_string("violet_refresh_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_violet_conf_refresh_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("violet_cart_errors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_violet_conf_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_violet_loc_conf_t, cart_errors),
      ngx_violet_cart_errors },

    { ngx_string("violet_cart_partial_status"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_violet_conf_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_violet_loc_conf_t, cart_partial_status),
      ngx_violet_partial_status },

    { ngx_string("violet_submit_guard"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_violet_conf_submit_guard,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_violet_loc_conf_t, submit_guard),
      &ngx_violet_guard_bounds },

    { ngx_string("violet_cart_reason"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE23,
      ngx_violet_conf_cart_reason,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("violet_auth_routes"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_violet_conf_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_violet_loc_conf_t, auth_routes),
      ngx_violet_auth_routes },

    { ngx_string("violet_buffer_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_violet_conf_bounded,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_violet_loc_conf_t, buffer_limit),
      &ngx_violet_buffer_bounds },

    { ngx_string("violet_unverified_upstream"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_violet_loc_conf_t, unverified_upstream),
      NULL },

    { ngx_string("violet_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE12,
      ngx_violet_status_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("violet_ready"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE12,
      ngx_violet_ready_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("violet_purge"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_violet_purge_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("violet_webhook"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_violet_webhook_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


/*
 * Where a Redis is and how it is asked: the result of a violet_redis or
 * violet_submit_redis directive.  It lives in the configuration's pool and is
 * read-only once nginx runs.
 */

#ifndef NGX_VIOLET_REDIS_CONF_H
#define NGX_VIOLET_REDIS_CONF_H


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_str_t                text;       /* as written; it has no secret */
    ngx_str_t                host;       /* without brackets; empty: a
                                            socket */
    in_port_t                port;
    ngx_addr_t              *addrs;
    ngx_uint_t               naddrs;     /* 0: the name is not resolved */
    unsigned                 is_name:1;  /* the host is no address */
} ngx_violet_redis_url_t;


typedef struct {
    ngx_str_t                directive;  /* its name, and where it stands */
    u_char                  *file;
    ngx_uint_t               line;

    ngx_violet_redis_url_t  *urls;
    ngx_uint_t               nurls;

    ngx_str_t                url;        /* all URLs, for the log */
    ngx_resolver_t          *resolver;   /* NULL: a name keeps its
                                            addresses */
    ngx_msec_t               resolver_timeout;

    ngx_uint_t               db;
    ngx_str_t                prefix;
    ngx_str_t                username;
    ngx_str_t                password;
    ngx_msec_t               connect_timeout;
    ngx_msec_t               timeout;

    ngx_ssl_t               *ssl;        /* NULL: without TLS */
    ngx_str_t                ssl_name;   /* empty: the host of the URL */

    ngx_str_t                sentinel;   /* name of the master; empty: the
                                            URLs are no sentinels */
    ngx_str_t                sentinel_username;
    ngx_str_t                sentinel_password;

    ngx_str_t                slot_key;   /* of a cluster: a key without a
                                            value, in the slot of all keys,
                                            that any user may read */

    ngx_shm_zone_t          *zone;       /* by which one worker of the host
                                            logs a change of the master */

    unsigned                 tls:1;
    unsigned                 cluster:1;  /* the URLs are nodes of one */
    unsigned                 records:1;  /* of submits are kept here */
} ngx_violet_redis_conf_t;


#endif /* NGX_VIOLET_REDIS_CONF_H */

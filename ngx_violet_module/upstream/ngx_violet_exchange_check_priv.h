
/*
 * Shared by the parts of a check alone: the steps in
 * ngx_violet_exchange_check.c, the peers in ngx_violet_exchange_check_peer.c,
 * the built request in ngx_violet_exchange_check_built.c.
 */

#ifndef NGX_VIOLET_EXCHANGE_CHECK_PRIV_H
#define NGX_VIOLET_EXCHANGE_CHECK_PRIV_H


#include "ngx_violet_exchange.h"


/* the check of one request that proxy_pass builds, in the request's pool */

typedef struct ngx_violet_check_s {
    ngx_http_request_t             *request;
    ngx_http_upstream_t            *proxied;
    ngx_violet_exchange_t          *exchange;  /* NULL: a streamed route */

    /* the members of r->upstream that the check replaces */
    ngx_http_upstream_conf_t       *original;
    ngx_http_upstream_srv_conf_t   *block;     /* NULL: no upstream block */
    ngx_http_upstream_resolved_t   *resolved;  /* NULL: no variables */

    u_char                         *uri;       /* address of the URI before
                                                  proxy_pass built it */
    ngx_uint_t                      asked;     /* credentials that were
                                                  asked for, as bits */

    /* the handlers of the balancer, where peers are checked */
    ngx_event_get_peer_pt           get;
    ngx_event_free_peer_pt          free;
    ngx_event_notify_peer_pt        notify;
#if (NGX_VIOLET_PEER_CONNECT)
    ngx_event_connect_peer_pt       connect;
#endif
#if (NGX_SSL || NGX_COMPAT)
    ngx_event_set_peer_session_pt   set_session;
    ngx_event_save_peer_session_pt  save_session;
#endif
    void                           *data;

    ngx_str_t                       name;      /* in the certificate */

    unsigned                        plain:1;   /* http */
    unsigned                        verified:1;  /* https */
    unsigned                        hooked:1;  /* peer.init is replaced */

    /* what nginx uses in the place of "block" and "original" */
    ngx_http_upstream_srv_conf_t    upstream;
    ngx_http_upstream_conf_t        conf;
} ngx_violet_check_t;


/*
 * Checks each peer before nginx connects to it, and each connection that was
 * kept alive before nginx uses it.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_violet_check_watch(ngx_violet_check_t *check);


/*
 * Check a request that proxy_pass has built.  _look_uri(): its URI must be
 * the one that was matched.  _look_head(): its head must say how long the
 * body is.
 */

ngx_violet_refusal_e ngx_violet_check_look_uri(ngx_violet_check_t *check);
ngx_violet_refusal_e ngx_violet_check_look_head(ngx_violet_check_t *check);


#endif /* NGX_VIOLET_EXCHANGE_CHECK_PRIV_H */

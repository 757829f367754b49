
/*
 * The last check of a request of a violet location, after proxy_pass has
 * built it and before nginx connects: whether the request may carry secrets,
 * and whether it is the one that the PRECONTENT handler approved.
 */

#ifndef NGX_VIOLET_EXCHANGE_CHECK_H
#define NGX_VIOLET_EXCHANGE_CHECK_H


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
 * Checks whether the request that proxy_pass is building may carry
 * credentials.  Call it for each value of a credential that proxy_pass asks
 * for; "header" is the number of the credential.  The first call adapts the
 * upstream configuration of an exchange and replaces peer.init, so that the
 * request is checked again when it is built.  After a refusal the request
 * fails before nginx connects.
 */

ngx_violet_refusal_e ngx_violet_check(ngx_http_request_t *r,
    ngx_uint_t header);


/*
 * Makes a request that proxy_pass is building fail before nginx connects, and
 * logs the reason.  Returns "refused".
 */

ngx_violet_refusal_e ngx_violet_check_refuse(ngx_http_request_t *r,
    ngx_violet_refusal_e refused);


/*
 * Stores the reason of a refusal for the answer to the caller, and logs it.
 * "peer" may be NULL.
 */

void ngx_violet_check_set_refused(ngx_http_request_t *r,
    ngx_violet_refusal_e refused, ngx_str_t *peer);


/*
 * Checks each peer before nginx connects to it, and each connection that was
 * kept alive before nginx uses it.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_violet_check_watch(ngx_violet_check_t *check);


/* True for an address of the loopback network, and for a unix socket. */

ngx_uint_t ngx_violet_check_is_local(struct sockaddr *sa);


/*
 * Check a request that proxy_pass has built.  _look_uri(): its URI must be
 * the one that was matched.  _look_head(): its head must say how long the
 * body is.
 */

ngx_violet_refusal_e ngx_violet_check_look_uri(ngx_violet_check_t *check);
ngx_violet_refusal_e ngx_violet_check_look_head(ngx_violet_check_t *check);


#endif /* NGX_VIOLET_EXCHANGE_CHECK_H */


/*
 * The last look at a request of a violet location, after proxy_pass has
 * built it and before it connects: may it carry secrets, and is it the
 * request that was matched.
 */

#ifndef NGX_VIOLET_EXCHANGE_CHECK_H
#define NGX_VIOLET_EXCHANGE_CHECK_H


#include "ngx_violet_exchange.h"


/* one request that proxy_pass builds; lives in the request's pool */

typedef struct ngx_violet_check_s {
    ngx_http_request_t             *request;
    ngx_http_upstream_t            *proxied;
    ngx_violet_exchange_t          *exchange;  /* NULL: a streamed route */

    /* what nginx would have used */
    ngx_http_upstream_conf_t       *original;
    ngx_http_upstream_srv_conf_t   *block;     /* NULL: none has the name */
    ngx_http_upstream_resolved_t   *resolved;  /* NULL: no variables */

    u_char                         *uri;       /* before it is built */
    ngx_uint_t                      asked;     /* credentials, as bits */

    /* of the balancer, where peers are looked at */
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
    unsigned                        hooked:1;  /* peer.init is the guard's */

    /* what nginx uses in their places */
    ngx_http_upstream_srv_conf_t    upstream;
    ngx_http_upstream_conf_t        conf;
} ngx_violet_check_t;


/*
 * To be called for each value of a credential that proxy_pass asks for while
 * it builds a request; "header" is the number of the credential.  Makes an
 * exchange's upstream configuration safe, puts the guard between proxy_pass
 * and its peers, and says whether the request may carry credentials.  A
 * refusal is final: the request fails before it connects.
 */

ngx_violet_refusal_e ngx_violet_check(ngx_http_request_t *r,
    ngx_uint_t header);


/*
 * Makes a request that proxy_pass is building fail before it connects, and
 * says why in the log.  Returns what it was given.
 */

ngx_violet_refusal_e ngx_violet_check_refuse(ngx_http_request_t *r,
    ngx_violet_refusal_e refused);


/*
 * Keeps why a request is refused for the part that answers the caller, and
 * writes it to the log.  "peer" may be NULL.
 */

void ngx_violet_check_note(ngx_http_request_t *r, ngx_violet_refusal_e refused,
    ngx_str_t *peer);


/*
 * Looks at each peer before it is connected to, and at each connection that
 * was kept alive before it is used.
 */

ngx_int_t ngx_violet_check_watch(ngx_violet_check_t *g);


/* True for an address of the loopback network, and for a unix socket. */

ngx_uint_t ngx_violet_check_is_local(struct sockaddr *sa);


/*
 * Looks at what proxy_pass has built, for the guard.  In turn: the URI, which
 * may differ from the one that was matched; the head, which must say how long
 * the body is.
 */

ngx_violet_refusal_e ngx_violet_check_look_uri(ngx_violet_check_t *g);
ngx_violet_refusal_e ngx_violet_check_look_head(ngx_violet_check_t *g);


#endif /* NGX_VIOLET_EXCHANGE_CHECK_H */

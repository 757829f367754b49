
/*
 * One whole request to Violet, captured: the location's own proxy_pass run
 * in a cloned subrequest, whose header and body never reach a client.
 */

#ifndef NGX_VIOLET_EXCHANGE_H
#define NGX_VIOLET_EXCHANGE_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_violet.h"
#include "ngx_violet_exchange_gunzip.h"
#include "ngx_violet_trace.h"

#include "violet_route.h"


typedef struct ngx_violet_exchange_s  ngx_violet_exchange_t;


typedef enum {
    NGX_VIOLET_EXCHANGE_ANSWERED = 0,    /* a whole answer */
    NGX_VIOLET_EXCHANGE_UNREACHABLE,     /* nothing was sent to any peer */
    NGX_VIOLET_EXCHANGE_TIMEOUT,         /* something sent, no answer */
    NGX_VIOLET_EXCHANGE_CUT,             /* cut off, or no valid HTTP */
    NGX_VIOLET_EXCHANGE_TOO_LARGE,       /* over violet_buffer_limit */
    NGX_VIOLET_EXCHANGE_REFUSED          /* not tried, see "refused" */
} ngx_violet_exchange_result_e;


typedef void (*ngx_violet_exchange_handler_pt)(void *data,
    ngx_violet_exchange_t *exchange);


/* a request that the gateway itself makes, for a token */

typedef struct {
    ngx_str_t                        token;     /* X-Violet-Token; empty:
                                                   the header is not sent */
    ngx_uint_t                       secret;    /* which app_secret */
    ngx_str_t                        body;      /* JSON; empty: a GET */
    ngx_msec_t                       timeout;   /* ms, of each step at most */

    /* not empty: the URI of proxy_pass must end in "/v1/" and this path */
    ngx_str_t                        path;
} ngx_violet_own_request_t;


struct ngx_violet_exchange_s {

    /* set before ngx_violet_exchange_start() */

    ngx_http_request_t              *carrier;
    ngx_violet_app_t                *app;
    ngx_str_t                        uri;       /* decoded, canonical */
    ngx_str_t                        args;
    size_t                           limit;     /* of the body, in bytes */
    ngx_msec_t                       timeout;   /* ms, for a whole answer */
    ngx_violet_exchange_handler_pt   handler;
    void                            *data;
    ngx_uint_t                       route;     /* a violet_count_route_t, for
                                                   the counters */
    ngx_violet_own_request_t        *own_request;   /* NULL: a caller's */
    ngx_violet_trace_t              *trace;     /* headers that are sent if
                                                   "headers" is not set; or
                                                   NULL */

    /* what is sent of the carrier: its body, its headers; GET as its method */
    unsigned                         body:1;
    unsigned                         headers:1;
    unsigned                         get:1;

    unsigned                         no_retry_timeout:1;  /* after a time-out
                                                   no other peer is asked */

    /* the outcome, allocated from the carrier's pool */

    ngx_violet_exchange_result_e     result;
    ngx_violet_refusal_e             refused;
    ngx_violet_used_t                used;
    ngx_uint_t                       status;
    ngx_str_t                        content;
    ngx_http_headers_out_t          *headers_out;   /* if answered */
    ngx_array_t                     *states;        /* upstream states */
    unsigned                         encoded:1;     /* the body has a content
                                                       coding other than gzip
                                                       and cannot be read */

    /* private */

    ngx_http_request_t              *subrequest;
    ngx_violet_gunzip_t             *inflate;      /* NULL: no coding */
    ngx_event_t                      deadline;
    ngx_msec_t                       started;
    size_t                           received;
    size_t                           allocated;
    unsigned                         complete:1;
    unsigned                         too_large:1;
    unsigned                         failed:1;
    unsigned                         late:1;        /* past its deadline */
    unsigned                         done:1;
};


/*
 * Makes the URI of an exchange on a captured route: the part of the caller's
 * URI that precedes the API path, and the canonical path.  It lies in the
 * request's pool.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_exchange_uri(ngx_http_request_t *r,
    violet_route_t *route, ngx_str_t *uri);


/*
 * Starts an exchange.  The structure is the caller's and lives in the
 * carrier's pool.  The handler is called once, from within the end of the
 * subrequest.  After NGX_ERROR it is not called, nothing was sent, and the
 * carrier is as it was.
 */

ngx_int_t ngx_violet_exchange_start(ngx_violet_exchange_t *exchange);


/* True if no byte was sent to any of the peers that were tried. */

ngx_uint_t ngx_violet_exchange_unsent(ngx_array_t *states);


/*
 * Appends copies of the upstream states "from" to "*to", which is made if it
 * is NULL.  The access log of a request reads $upstream_* from its states.
 * NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_exchange_copy_states(ngx_pool_t *pool,
    ngx_array_t **to, ngx_array_t *from);


/*
 * Start and stop the timer of an exchange's deadline.  NGX_ERROR if memory
 * runs out.
 */

ngx_int_t ngx_violet_exchange_set_deadline(ngx_violet_exchange_t *exchange);
void ngx_violet_exchange_drop_deadline(void *exchange);


/*
 * Gives the clone the body and the headers to send; NGX_OK, or NGX_ERROR if
 * memory runs out.  For ngx_violet_exchange_start().
 */

ngx_int_t ngx_violet_exchange_set_request(ngx_violet_exchange_t *exchange,
    ngx_http_request_t *sr);


/*
 * Enlarges the buffers in an exchange's copy of the upstream configuration to
 * hold a response header of 32 KB, by nginx's rules for these sizes.
 */

void ngx_violet_exchange_set_buffers(ngx_http_upstream_conf_t *conf);


/* Capture, called by the module's filters; NGX_OK or NGX_ERROR. */

ngx_int_t ngx_violet_exchange_header(ngx_violet_exchange_t *exchange,
    ngx_http_request_t *r);
ngx_int_t ngx_violet_exchange_body(ngx_violet_exchange_t *exchange,
    ngx_http_request_t *r, ngx_chain_t *in);


#endif /* NGX_VIOLET_EXCHANGE_H */


/*
 * A request without a client.  It carries an exchange that must outlive the
 * caller's request, or that no caller caused.  It holds nothing of a caller:
 * no headers, no body, no address.
 */

#ifndef NGX_VIOLET_CLIENTLESS_H
#define NGX_VIOLET_CLIENTLESS_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* the configuration of a location, in which such a request runs */

typedef struct {
    ngx_http_conf_ctx_t        *conf_ctx;      /* of the http block */
    void                      **srv_conf;
    void                      **loc_conf;
    ngx_http_handler_pt         content_handler;
    ngx_http_addr_conf_t       *addr_conf;
    ngx_listening_t            *listening;
    unsigned                    valid_location:1;
} ngx_violet_location_t;


/* Copies the location of a request. */

void ngx_violet_location_of(ngx_http_request_t *r,
    ngx_violet_location_t *location);


/*
 * Makes a request in a location: method GET, the given URI, no arguments.
 * The URI is copied.  The request is not written to an access log; error log
 * lines show its URI.
 *
 * Returns NULL if memory runs out.
 */

ngx_http_request_t *ngx_violet_clientless_create(
    ngx_violet_location_t *location, ngx_str_t *uri);


/*
 * Destroys the request (NULL: does nothing) and its pool.  Must not be called
 * from a handler of this request: post an event.
 */

void ngx_violet_clientless_destroy(ngx_http_request_t *r);


/*
 * Completes a location that was not copied from a request: the http block's
 * configuration, and any address that nginx listens on.
 */

void ngx_violet_clientless_listen(ngx_violet_location_t *location);


#endif /* NGX_VIOLET_CLIENTLESS_H */


/*
 * A request without a client: it carries an exchange that must outlive
 * whoever caused it, or that nobody caused.  Nothing of any caller is in
 * it: no headers, no body, no address.
 */

#ifndef NGX_VIOLET_CLIENTLESS_H
#define NGX_VIOLET_CLIENTLESS_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* where such a request runs: the configuration of a location */

typedef struct {
    ngx_http_conf_ctx_t        *conf_ctx;      /* of the http block */
    void                      **srv_conf;
    void                      **loc_conf;
    ngx_http_handler_pt         content_handler;
    ngx_http_addr_conf_t       *addr_conf;
    ngx_listening_t            *listening;
    unsigned                    valid_location:1;
} ngx_violet_location_t;


/* Notes the location that a request is in. */

void ngx_violet_location_of(ngx_http_request_t *r,
    ngx_violet_location_t *location);


/*
 * Makes a request in a location: method GET, the given URI and request
 * line (for the log), no arguments.  All of it is copied.  Its pool is
 * r->pool, and it is never logged.
 *
 * Returns NULL if memory runs out.
 */

ngx_http_request_t *ngx_violet_clientless_create(
    ngx_violet_location_t *location, ngx_str_t *uri);


/*
 * Destroys the request, if any, with all that belongs to it.  Not from
 * within one of its own handlers: post an event.
 */

void ngx_violet_clientless_destroy(ngx_http_request_t *r);


/*
 * Completes a location with what a request without a client needs of a
 * connection: any address that nginx listens on does.
 */

void ngx_violet_clientless_listen(ngx_violet_location_t *location);


#endif /* NGX_VIOLET_CLIENTLESS_H */

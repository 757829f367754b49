
/*
 * Lines in the error log about requests: at most one a minute for each app
 * and cause, and with the request's id.
 */

#ifndef NGX_VIOLET_TELL_H
#define NGX_VIOLET_TELL_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* causes that are logged once a minute for each app */

typedef enum {
    NGX_VIOLET_TELL_UNAUTHORIZED = 0,    /* Violet's 401 */
    NGX_VIOLET_TELL_REDIRECT,            /* Violet's 3xx on health */
    NGX_VIOLET_TELL_LIMITED,             /* Violet's 429 on health */
    NGX_VIOLET_TELL_FAILED,              /* Violet's 5xx on health */
    NGX_VIOLET_TELL_TOO_LARGE,           /* over violet_buffer_limit */
    NGX_VIOLET_TELL_VARIABLES,           /* proxy_pass with variables */
    NGX_VIOLET_TELL_CAUSES
} ngx_violet_tell_e;


/* the causes that a worker has logged for an app; zeroed at first */

typedef struct {
    ngx_msec_t   at[NGX_VIOLET_TELL_CAUSES];  /* time of the last line */
    ngx_uint_t   causes;                 /* logged before, as bits */
} ngx_violet_told_t;


/*
 * True if a line about the cause may be written now; the line then counts as
 * written.  At most one a minute.
 */

ngx_uint_t ngx_violet_tell(ngx_violet_told_t *told, ngx_violet_tell_e cause);


/*
 * Adds $request_id to each line about the request from now on, also to lines
 * of nginx.  If memory runs out, the lines have no id.
 */

void ngx_violet_tell_id(ngx_http_request_t *r);


#endif /* NGX_VIOLET_TELL_H */


/*
 * What is common to the module's lines in the error log that are about
 * requests.
 */

#ifndef NGX_VIOLET_TELL_H
#define NGX_VIOLET_TELL_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* causes of which an operator is told for each app, but not each time */

typedef enum {
    NGX_VIOLET_TELL_UNAUTHORIZED = 0,    /* Violet's 401 */
    NGX_VIOLET_TELL_REDIRECT,            /* Violet's 3xx on health */
    NGX_VIOLET_TELL_LIMITED,             /* Violet's 429 on health */
    NGX_VIOLET_TELL_FAILED,              /* Violet's 5xx on health */
    NGX_VIOLET_TELL_TOO_LARGE,           /* over violet_buffer_limit */
    NGX_VIOLET_TELL_VARIABLES,           /* proxy_pass with variables */
    NGX_VIOLET_TELL_CAUSES
} ngx_violet_tell_e;


/* what a worker has told of an app; all zeroes: nothing */

typedef struct {
    ngx_msec_t   at[NGX_VIOLET_TELL_CAUSES];
    ngx_uint_t   causes;                 /* those told before, as bits */
} ngx_violet_told_t;


/*
 * True if there is to be a line about the cause now, which then counts as
 * written: at most one a minute.
 */

ngx_uint_t ngx_violet_tell(ngx_violet_told_t *told, ngx_violet_tell_e cause);


/*
 * From here on each line about the request, nginx's own too, has its
 * $request_id.  If memory runs out, the lines go without it.
 */

void ngx_violet_tell_id(ngx_http_request_t *r);


#endif /* NGX_VIOLET_TELL_H */


/*
 * Lines in the error log that would come with every request: each worker
 * writes at most one a minute for each app and cause.
 */

#ifndef NGX_VIOLET_LOG_LIMIT_H
#define NGX_VIOLET_LOG_LIMIT_H


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_VIOLET_CAUSE_UNAUTHORIZED = 0,   /* Violet's 401 */
    NGX_VIOLET_CAUSE_REDIRECT,           /* Violet's 3xx on health */
    NGX_VIOLET_CAUSE_LIMITED,            /* Violet's 429 on health */
    NGX_VIOLET_CAUSE_FAILED,             /* Violet's 5xx on health */
    NGX_VIOLET_CAUSE_TOO_LARGE,          /* over violet_buffer_limit */
    NGX_VIOLET_CAUSE_VARIABLES,          /* proxy_pass with variables */
    NGX_VIOLET_CAUSE_UNSIGNED,           /* an event without a signature */
    NGX_VIOLET_CAUSE_NO_TOPIC,           /* an event without a name */
    NGX_VIOLET_CAUSES
} ngx_violet_log_cause_e;


/* the causes that a worker has logged for an app; zeroed at first */

typedef struct {
    ngx_msec_t   at[NGX_VIOLET_CAUSES];  /* time of the last line */
    ngx_uint_t   causes;                 /* logged before, as bits */
} ngx_violet_log_limit_t;


/*
 * True if a line about the cause is to be written now.  The line then counts
 * as written, so the caller must write it.
 */

ngx_uint_t ngx_violet_log_due(ngx_violet_log_limit_t *limit,
    ngx_violet_log_cause_e cause);


#endif /* NGX_VIOLET_LOG_LIMIT_H */

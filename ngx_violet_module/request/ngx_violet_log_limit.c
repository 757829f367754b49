
/*
 * Each worker counts by itself.  Nothing is allocated: the structure is part
 * of the worker's state of an app.
 */


#include "ngx_violet_log_limit.h"


/* ms during which a cause is not logged again */
#define NGX_VIOLET_LOG_INTERVAL  60000


ngx_uint_t
ngx_violet_log_due(ngx_violet_log_limit_t *limit,
    ngx_violet_log_cause_e cause)
{
    ngx_uint_t  bit;

    bit = (ngx_uint_t) 1 << cause;

    if ((limit->causes & bit)
        && ngx_current_msec - limit->at[cause] < NGX_VIOLET_LOG_INTERVAL)
    {
        return 0;
    }

    limit->causes |= bit;
    limit->at[cause] = ngx_current_msec;

    return 1;
}

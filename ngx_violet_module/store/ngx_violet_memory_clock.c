
/*
 * Where ngx_msec_t has 32 bits, ngx_current_msec wraps every 49.7 days.  The
 * system's clock, of which it is a cached copy, gives the upper bits.
 */


#include "ngx_violet_memory_clock.h"


int64_t
ngx_violet_epoch(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}


#if (NGX_PTR_SIZE != 8)

int64_t
ngx_violet_clock(void)
{
    int64_t          near;

#if (NGX_HAVE_CLOCK_MONOTONIC)

    struct timespec  ts;

    ts.tv_sec = 0;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    near = (int64_t) ts.tv_sec * 1000;

#else

    near = (int64_t) ngx_time() * 1000;

#endif

    return violet_clock_extend(ngx_current_msec, near);
}

#endif

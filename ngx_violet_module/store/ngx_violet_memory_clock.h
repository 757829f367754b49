
/*
 * The clock of all instants that outlive a request or are read by another
 * process: nginx's cached monotonic milliseconds, the same in every process
 * of a host, as a signed number of 64 bits on every platform.
 */

#ifndef NGX_VIOLET_MEMORY_CLOCK_H
#define NGX_VIOLET_MEMORY_CLOCK_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "violet_clock.h"


#if (NGX_PTR_SIZE == 8)

#define ngx_violet_clock()  ((int64_t) ngx_current_msec)

#else

int64_t ngx_violet_clock(void);

#endif


/* ms since the epoch, by nginx's cached time */

int64_t ngx_violet_epoch(void);


/* ms since an instant; 0 if it is in the future. */

#define ngx_violet_clock_since(then)                                          \
    violet_clock_since(then, ngx_violet_clock())


#endif /* NGX_VIOLET_MEMORY_CLOCK_H */

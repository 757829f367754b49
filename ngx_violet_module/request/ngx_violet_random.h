
/*
 * Random bytes that no other process or host has: for tokens and names that
 * nobody may guess or repeat.  nginx's ngx_random() is for jitter: it may
 * return the same numbers in a worker of another host.
 */

#ifndef NGX_VIOLET_RANDOM_H
#define NGX_VIOLET_RANDOM_H


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Fills "bytes" with "n" random bytes, at most 256.  Never waits: NGX_ERROR if
 * the kernel has not gathered enough randomness since the boot.
 */

ngx_int_t ngx_violet_random(u_char *bytes, size_t n);


#endif /* NGX_VIOLET_RANDOM_H */

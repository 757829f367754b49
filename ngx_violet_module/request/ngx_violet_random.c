
/*
 * The kernel gives 256 bytes at once, which a process hands out: a system call
 * for each number was a tenth of the cost of a guarded submit.  Bytes that were
 * handed out are erased.  A process that was forked takes bytes of its own.
 */


#include "ngx_violet_random.h"

#include <sys/random.h>


/* bytes that getrandom() gives at once and that no signal interrupts */
#define NGX_VIOLET_RANDOM_BYTES  256


typedef struct {
    u_char      bytes[NGX_VIOLET_RANDOM_BYTES];
    size_t      left;
    ngx_pid_t   pid;
} ngx_violet_random_t;


static ngx_violet_random_t  ngx_violet_random_kept;


ngx_int_t
ngx_violet_random(u_char *bytes, size_t n)
{
    ngx_violet_random_t  *kept;

    kept = &ngx_violet_random_kept;

    if (kept->pid != ngx_pid || kept->left < n) {
        kept->left = 0;

        if (n > NGX_VIOLET_RANDOM_BYTES
            || getrandom(kept->bytes, NGX_VIOLET_RANDOM_BYTES, GRND_NONBLOCK)
               != NGX_VIOLET_RANDOM_BYTES)
        {
            return NGX_ERROR;
        }

        kept->left = NGX_VIOLET_RANDOM_BYTES;
        kept->pid = ngx_pid;
    }

    kept->left -= n;

    ngx_memcpy(bytes, kept->bytes + kept->left, n);
    ngx_explicit_memzero(kept->bytes + kept->left, n);

    return NGX_OK;
}

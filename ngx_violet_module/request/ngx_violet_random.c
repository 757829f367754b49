
/*
 * getrandom() gives up to 256 bytes at once, and no signal interrupts it.
 */


#include "ngx_violet_random.h"

#include <sys/random.h>


ngx_int_t
ngx_violet_random(u_char *bytes, size_t n)
{
    return getrandom(bytes, n, GRND_NONBLOCK) == (ssize_t) n ? NGX_OK
                                                             : NGX_ERROR;
}

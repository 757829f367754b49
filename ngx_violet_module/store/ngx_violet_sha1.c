
/*
 * nginx's SHA-1, for a text in one piece.
 */


#include "ngx_violet_sha1.h"

#include <ngx_sha1.h>


void
ngx_violet_sha1(ngx_str_t *text, u_char *digest)
{
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, text->data, text->len);
    ngx_sha1_final(digest, &sha1);
}


u_char *
ngx_violet_sha1_hex(ngx_str_t *text, u_char *hex)
{
    u_char  digest[NGX_VIOLET_SHA1];

    ngx_violet_sha1(text, digest);

    return ngx_hex_dump(hex, digest, NGX_VIOLET_SHA1);
}

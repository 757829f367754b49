
/*
 * SHA-1 of a text in one piece.  OpenSSL uses the instructions that a processor
 * has for it, which takes a quarter of the time for 4 MB, but it allocates
 * memory for each text; nginx's own SHA-1 cannot fail.  A build without
 * libcrypto has nginx's own only.
 */


#include "ngx_violet_sha1.h"

#include <ngx_sha1.h>

#if (NGX_VIOLET_CRYPTO)
#include <openssl/err.h>
#include <openssl/evp.h>
#endif


/* bytes from which on OpenSSL is faster */
#define NGX_VIOLET_SHA1_LONG  16384


void
ngx_violet_sha1(ngx_str_t *text, u_char *digest)
{
    ngx_sha1_t  sha1;

#if (NGX_VIOLET_CRYPTO)
    if (text->len >= NGX_VIOLET_SHA1_LONG) {
        if (EVP_Digest(text->data, text->len, digest, NULL, EVP_sha1(), NULL)
            == 1)
        {
            return;
        }

        /* nginx would log what is left here as an error of its next TLS call */

        ERR_clear_error();
    }
#endif

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


/*
 * The SHA-1 of a text: the name of a script in Redis, the ETag of a report,
 * the digest of an Idempotency-Key.  Nothing secret depends on it.
 */

#ifndef NGX_VIOLET_SHA1_H
#define NGX_VIOLET_SHA1_H


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_VIOLET_SHA1  20    /* bytes; twice as many in hex */


/* Writes the digest, NGX_VIOLET_SHA1 bytes. */

void ngx_violet_sha1(ngx_str_t *text, u_char *digest);


/* Writes the digest in hex, lower case.  Returns the byte after it. */

u_char *ngx_violet_sha1_hex(ngx_str_t *text, u_char *hex);


#endif /* NGX_VIOLET_SHA1_H */

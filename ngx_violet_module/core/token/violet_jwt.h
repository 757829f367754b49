
/*
 * When an access token of Violet's expires.  It is a JWT (RFC 7519), signed
 * with a key that only Violet has: the signature is not verified, and only
 * "exp" is read.
 */

#ifndef VIOLET_JWT_H
#define VIOLET_JWT_H


#include <stddef.h>
#include <stdint.h>


/* bytes of a whole token at most */

#define VIOLET_JWT_MAX  8192


/*
 * The instant at which a token expires, in milliseconds since the epoch.
 * RFC 7519, section 2: a number of seconds, which may have a fraction.
 *
 * Returns 0, or -1 if the text is no JWT, is longer than VIOLET_JWT_MAX, or
 * has no "exp" that is a number above 0 and not after the year 9999.
 */

int violet_jwt_expiry(const char *data, size_t len, int64_t *expires);


#endif /* VIOLET_JWT_H */

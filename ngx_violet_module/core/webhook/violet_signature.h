
/*
 * The text of a signature: HMAC-SHA256 as Violet may write it.  No official
 * text says which form that is, so both usual ones are read, by their length.
 */

#ifndef VIOLET_SIGNATURE_H
#define VIOLET_SIGNATURE_H


#include "violet_text.h"


/* bytes of a signature */

#define VIOLET_SIGNATURE  32


/*
 * Reads 64 hexadecimal digits, in any letter case, or 44 characters of Base64
 * (RFC 4648, section 4, with its "=").  Returns 0 with the bytes, or -1 if the
 * text is anything else.
 */

int violet_signature_parse(violet_text_t text,
    unsigned char bytes[VIOLET_SIGNATURE]);


#endif /* VIOLET_SIGNATURE_H */

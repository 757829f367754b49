
/*
 * Reads the text of a signature.  Each signature has one text of each form: the
 * bits of Base64 that stand for nothing must be zero.
 */

#include "violet_signature.h"


#define VIOLET_SIGNATURE_HEX     64
#define VIOLET_SIGNATURE_BASE64  44


static int violet_signature_hex(const char *p, unsigned char *bytes);
static int violet_signature_base64(const char *p, unsigned char *bytes);
static int violet_signature_sextet(char c);


int
violet_signature_parse(violet_text_t text,
    unsigned char bytes[VIOLET_SIGNATURE])
{
    if (text.data == NULL) {
        return -1;
    }

    switch (text.len) {

    case VIOLET_SIGNATURE_HEX:
        return violet_signature_hex(text.data, bytes);

    case VIOLET_SIGNATURE_BASE64:
        return violet_signature_base64(text.data, bytes);

    default:
        return -1;
    }
}


static int
violet_signature_hex(const char *p, unsigned char *bytes)
{
    int     high, low;
    size_t  i;

    for (i = 0; i < VIOLET_SIGNATURE; i++) {

        high = violet_text_hex(p[2 * i]);
        low = violet_text_hex(p[2 * i + 1]);

        if (high < 0 || low < 0) {
            return -1;
        }

        bytes[i] = (unsigned char) (high * 16 + low);
    }

    return 0;
}


static int
violet_signature_base64(const char *p, unsigned char *bytes)
{
    int       value;
    size_t    i, n;
    unsigned  bits, have;

    if (p[VIOLET_SIGNATURE_BASE64 - 1] != '=') {
        return -1;
    }

    bits = 0;
    have = 0;
    n = 0;

    for (i = 0; i < VIOLET_SIGNATURE_BASE64 - 1; i++) {

        value = violet_signature_sextet(p[i]);

        if (value < 0) {
            return -1;
        }

        bits = (bits << 6 | (unsigned) value) & 0xffff;
        have += 6;

        if (have >= 8) {
            have -= 8;
            bytes[n++] = (unsigned char) (bits >> have);
        }
    }

    /* 43 characters are 258 bits */

    return (bits & 0x3) ? -1 : 0;
}


static int
violet_signature_sextet(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

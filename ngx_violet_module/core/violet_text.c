
/*
 * Comparisons of texts and the bytes of a character.  They own nothing and
 * keep nothing; letter case is that of ASCII, whatever the locale.
 */

#include "violet_text.h"


static char violet_text_upper(char c);


int
violet_text_is(violet_text_t text, const char *word)
{
    size_t  i;

    if (text.data == NULL || text.len != strlen(word)) {
        return 0;
    }

    for (i = 0; i < text.len; i++) {

        if (violet_text_upper(text.data[i]) != violet_text_upper(word[i])) {
            return 0;
        }
    }

    return 1;
}


static char
violet_text_upper(char c)
{
    return (char) (c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}


int
violet_text_any(violet_text_t text, const char *const *words)
{
    for ( /* void */ ; *words; words++) {

        if (violet_text_is(text, *words)) {
            return 1;
        }
    }

    return 0;
}


int
violet_text_same(violet_text_t one, violet_text_t other)
{
    if (one.data == NULL || other.data == NULL) {
        return one.data == other.data;
    }

    return one.len == other.len
           && memcmp(one.data, other.data, one.len) == 0;
}


int
violet_text_same_secret(violet_text_t one, violet_text_t other)
{
    size_t                  i;
    volatile unsigned char  differ;

    if (one.data == NULL || other.data == NULL || one.len != other.len) {
        return 0;
    }

    for (i = 0, differ = 0; i < one.len; i++) {
        differ |= (unsigned char) (one.data[i] ^ other.data[i]);
    }

    return differ == 0;
}


const char *
violet_text_utf8(const char *p, const char *last)
{
    unsigned       i, n;
    unsigned char  c, low, high;

    c = (unsigned char) *p;

    if (c < 0x80) {
        return p + 1;
    }

    /* the first byte bounds the second one, RFC 3629, section 4 */

    low = 0x80;
    high = 0xbf;

    if (c >= 0xc2 && c <= 0xdf) {
        n = 1;

    } else if (c >= 0xe0 && c <= 0xef) {
        n = 2;
        low = c == 0xe0 ? 0xa0 : 0x80;
        high = c == 0xed ? 0x9f : 0xbf;

    } else if (c >= 0xf0 && c <= 0xf4) {
        n = 3;
        low = c == 0xf0 ? 0x90 : 0x80;
        high = c == 0xf4 ? 0x8f : 0xbf;

    } else {
        return NULL;
    }

    if ((size_t) (last - p) <= n) {
        return NULL;
    }

    for (i = 1; i <= n; i++) {
        c = (unsigned char) p[i];

        if (c < low || c > high) {
            return NULL;
        }

        low = 0x80;
        high = 0xbf;
    }

    return p + n + 1;
}


int
violet_text_number(violet_text_t text, uint64_t *number)
{
    size_t    i;
    uint64_t  n, digit;

    if (text.len == 0 || text.len > VIOLET_TEXT_DIGITS
        || (text.data[0] == '0' && text.len > 1))
    {
        return -1;
    }

    n = 0;

    for (i = 0; i < text.len; i++) {
        digit = (unsigned char) text.data[i] - (uint64_t) '0';

        if (digit > 9) {
            return -1;
        }

        n = n * 10 + digit;
    }

    *number = n;

    return 0;
}


char *
violet_text_print(char *p, int64_t number)
{
    char      digits[VIOLET_TEXT_NUMBER];
    size_t    i;
    uint64_t  n;

    n = (uint64_t) number;

    if (number < 0) {
        *p++ = '-';
        n = -n;
    }

    i = sizeof(digits);

    do {
        digits[--i] = (char) ('0' + n % 10);
        n /= 10;
    } while (n);

    memcpy(p, digits + i, sizeof(digits) - i);

    return p + sizeof(digits) - i;
}


int
violet_text_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }

    return -1;
}


size_t
violet_text_shown(const char *data, size_t len, char *buf)
{
    char           *p, *last;
    size_t          i;
    unsigned        plain;
    unsigned char   c;

    static const char  hex[] = "0123456789ABCDEF";

    p = buf;
    last = buf + VIOLET_TEXT_SHOWN - 3;

    for (i = 0; i < len; i++) {
        c = (unsigned char) data[i];

        plain = (c >= 0x20 && c <= 0x7e && c != '"' && c != '\\');

        if (last - p < (plain ? 1 : 4)) {
            memcpy(p, "...", 3);
            p += 3;
            break;
        }

        if (plain) {
            *p++ = (char) c;

        } else {
            *p++ = '\\';
            *p++ = 'x';
            *p++ = hex[c >> 4];
            *p++ = hex[c & 0xf];
        }
    }

    return (size_t) (p - buf);
}


/*
 * Commands in Redis's protocol.
 */


#include <string.h>

#include "violet_resp_command.h"


/* bytes of a line with a number at most: "*", 20 digits, "\r\n" */
#define VIOLET_RESP_NUMBER  23


static size_t violet_resp_number_len(size_t n);
static char *violet_resp_number_line(char *p, char type, size_t n);


size_t
violet_resp_command_len(int argc, const size_t *lens)
{
    int     i;
    size_t  len;

    len = violet_resp_number_len((size_t) argc);

    for (i = 0; i < argc; i++) {
        len += violet_resp_command_word_len(lens[i]);
    }

    return len;
}


char *
violet_resp_command(char *p, int argc, const char *const *argv,
    const size_t *lens)
{
    int  i;

    p = violet_resp_number_line(p, '*', (size_t) argc);

    for (i = 0; i < argc; i++) {
        p = violet_resp_command_word(p, lens[i]);

        if (lens[i]) {
            memcpy(p, argv[i], lens[i]);
            p += lens[i];
        }

        *p++ = '\r';
        *p++ = '\n';
    }

    return p;
}


size_t
violet_resp_command_word_len(size_t len)
{
    return violet_resp_number_len(len) + len + 2;
}


char *
violet_resp_command_word(char *p, size_t len)
{
    return violet_resp_number_line(p, '$', len);
}


/* The bytes of a line with a number: its type, its digits, its end. */

static size_t
violet_resp_number_len(size_t n)
{
    size_t  len;

    for (len = 4; n > 9; n /= 10) {
        len++;
    }

    return len;
}


static char *
violet_resp_number_line(char *p, char type, size_t n)
{
    char    digits[VIOLET_RESP_NUMBER];
    size_t  i;

    i = sizeof(digits);

    digits[--i] = '\n';
    digits[--i] = '\r';

    do {
        digits[--i] = (char) ('0' + n % 10);
        n /= 10;
    } while (n);

    *p++ = type;

    memcpy(p, digits + i, sizeof(digits) - i);

    return p + sizeof(digits) - i;
}


/*
 * Commands in Redis's protocol.  hiredis has a function for this, too, which
 * prints each length with sprintf(): a fifth of all instructions of a report
 * that is read from Redis.
 */


#include <string.h>

#include "violet_resp_command.h"


/* bytes of a line with a number at most: "*", 20 digits, "\r\n" */
#define VIOLET_RESP_NUMBER  23


static char *violet_resp_number_line(char *p, char type, size_t n);


size_t
violet_resp_command_len(int argc, const size_t *lens)
{
    int     i;
    char    line[VIOLET_RESP_NUMBER];
    size_t  len;

    len = (size_t) (violet_resp_number_line(line, '*', (size_t) argc) - line);

    for (i = 0; i < argc; i++) {
        len += (size_t) (violet_resp_number_line(line, '$', lens[i]) - line)
               + lens[i] + 2;
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
        p = violet_resp_number_line(p, '$', lens[i]);

        if (lens[i]) {
            memcpy(p, argv[i], lens[i]);
            p += lens[i];
        }

        *p++ = '\r';
        *p++ = '\n';
    }

    return p;
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

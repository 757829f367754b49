
/*
 * Commands in Redis's protocol: an array of strings.  The caller has the
 * bytes.
 */

#ifndef VIOLET_RESP_COMMAND_H
#define VIOLET_RESP_COMMAND_H


#include <stddef.h>


/* How many bytes a command of these words has. */

size_t violet_resp_command_len(int argc, const size_t *lens);


/*
 * Writes the command to "p", which has room for all its bytes.  Returns the
 * end of what was written.
 */

char *violet_resp_command(char *p, int argc, const char *const *argv,
    const size_t *lens);


#endif /* VIOLET_RESP_COMMAND_H */


/*
 * Commands in Redis's protocol: an array of strings.  The caller owns the
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


/*
 * The same for one word of "len" bytes.  The first returns how many bytes the
 * word takes in a command.  The second writes what stands before the word and
 * returns the place at which the caller writes the word and "\r\n".
 */

size_t violet_resp_command_word_len(size_t len);
char *violet_resp_command_word(char *p, size_t len);


#endif /* VIOLET_RESP_COMMAND_H */

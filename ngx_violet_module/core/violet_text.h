
/*
 * A counted piece of text, as the core passes it around: it is not
 * NUL-terminated, it is never owned by the structure that points to it, and
 * a null "data" says that there is no such text (an empty one has a length
 * of zero and some pointer).
 */

#ifndef VIOLET_TEXT_H
#define VIOLET_TEXT_H


#include <stddef.h>
#include <string.h>
#include <strings.h>


typedef struct {
    const char  *data;
    size_t       len;
} violet_text_t;


#define violet_text(literal)  { literal, sizeof(literal) - 1 }
#define violet_text_null      { NULL, 0 }


/* Is the text this word, in whatever letter case?  Null is no word. */

static inline int
violet_text_is(violet_text_t text, const char *word)
{
    return text.data != NULL
           && text.len == strlen(word)
           && strncasecmp(text.data, word, text.len) == 0;
}


#endif /* VIOLET_TEXT_H */

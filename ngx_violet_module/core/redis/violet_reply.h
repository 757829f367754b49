
/*
 * A reply of Redis as a tree, in nodes of the caller's.  Each string stays
 * where it was received, so the tree lasts as long as the bytes and the nodes.
 */

#ifndef VIOLET_REPLY_H
#define VIOLET_REPLY_H


#include <stddef.h>
#include <stdint.h>


typedef enum {
    VIOLET_REPLY_NIL = 0,
    VIOLET_REPLY_STATUS,
    VIOLET_REPLY_ERROR,
    VIOLET_REPLY_INTEGER,
    VIOLET_REPLY_STRING,
    VIOLET_REPLY_ARRAY
} violet_reply_e;


typedef struct violet_reply_s  violet_reply_t;

struct violet_reply_s {
    violet_reply_e      type;
    int                 cut;          /* a NIL that stands for a string that
                                         was too long, or for a nil array */
    size_t              len;          /* bytes of a text */
    char               *str;          /* a text: STATUS, ERROR, STRING */
    int64_t             integer;
    size_t              elements;     /* of an array */
    violet_reply_t     *element;      /* side by side; NULL if it is empty */
};


/*
 * Builds the tree of a whole reply: its bytes, for which violet_resp_read()
 * has returned VIOLET_RESP_WHOLE, and one node more than resp->elements.  The
 * first node is the reply.  The byte behind each text becomes a zero.
 */

void violet_reply_build(violet_reply_t *nodes, char *bytes);


#endif /* VIOLET_REPLY_H */

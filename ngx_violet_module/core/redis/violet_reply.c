
/*
 * The tree of a reply.  The bytes have been checked by violet_resp: every line
 * has its end, every number is in range, and no array is deeper than
 * VIOLET_RESP_DEPTH.  So nothing here can fail.
 *
 * The nodes of an array's elements are side by side.  They are taken when the
 * array begins, and filled as its elements come.
 */


#include "violet_reply.h"
#include "violet_resp.h"


/* an array that is being filled */

typedef struct {
    violet_reply_t  *next;
    size_t           left;
} violet_reply_open_t;


static char *violet_reply_text(violet_reply_t *node, char *p);
static char *violet_reply_number(char *p, int64_t *n);


void
violet_reply_build(violet_reply_t *nodes, char *bytes)
{
    char                 *p, type;
    size_t                depth;
    int64_t               n;
    violet_reply_t       *node, *unused;
    violet_reply_open_t   open[VIOLET_RESP_DEPTH + 1];

    p = bytes;
    depth = 0;
    unused = nodes + 1;

    open[0].next = nodes;
    open[0].left = 1;

    for ( ;; ) {

        while (open[depth].left == 0) {

            if (depth-- == 0) {
                return;
            }
        }

        node = open[depth].next++;
        open[depth].left--;

        *node = (violet_reply_t) { 0 };

        type = *p++;

        if (type == '+' || type == '-') {
            node->type = (type == '+') ? VIOLET_REPLY_STATUS
                                       : VIOLET_REPLY_ERROR;
            p = violet_reply_text(node, p);
            continue;
        }

        p = violet_reply_number(p, &n);

        if (type == ':') {
            node->type = VIOLET_REPLY_INTEGER;
            node->integer = n;
            continue;
        }

        /* the length of nil is -1 */

        if (n < 0) {
            node->cut = (type == '*');
            continue;
        }

        if (type == '$') {
            node->type = VIOLET_REPLY_STRING;
            node->str = p;
            node->len = (size_t) n;

            p[n] = '\0';
            p += n + 2;
            continue;
        }

        node->type = VIOLET_REPLY_ARRAY;

        if (n > 0) {
            node->elements = (size_t) n;
            node->element = unused;

            depth++;

            open[depth].next = unused;
            open[depth].left = (size_t) n;

            unused += n;
        }
    }
}


/* Returns what is behind the line. */

static char *
violet_reply_text(violet_reply_t *node, char *p)
{
    node->str = p;

    while (*p != '\r') {
        p++;
    }

    node->len = (size_t) (p - node->str);

    *p = '\0';

    return p + 2;
}


static char *
violet_reply_number(char *p, int64_t *n)
{
    int      minus;
    int64_t  value;

    minus = (*p == '-');
    p += minus;

    for (value = 0; *p != '\r'; p++) {
        value = value * 10 + (*p - '0');
    }

    *n = minus ? -value : value;

    return p + 2;
}


/*
 * Where a node of Redis is, as sentinels and nodes of a cluster say it: host
 * and port, the slot of a key, and the redirection MOVED.  All of it is read
 * strictly: it comes from the network.
 *
 * Source: https://redis.io/docs/reference/cluster-spec/
 */

#ifndef VIOLET_NODE_H
#define VIOLET_NODE_H


#include "violet_text.h"


/* bytes of a host at most */
#define VIOLET_NODE_HOST   253

/* slots of a cluster */
#define VIOLET_NODE_SLOTS  16384


typedef struct {
    violet_text_t   host;      /* in the caller's bytes; empty: the host of
                                  the node that said it */
    int             port;
} violet_node_t;


/*
 * Reads a host, that is a name or an address, and a port.  0, or -1 if one of
 * them is invalid.  An empty host is valid.
 */

int violet_node_read(violet_node_t *node, violet_text_t host,
    violet_text_t port);


/*
 * Reads an error reply such as "MOVED 3999 127.0.0.1:6381".  0, or -1 if it is
 * another or names no node.
 */

int violet_node_moved(violet_node_t *node, violet_text_t error);


/*
 * The slot of the keys with a prefix such as "{violet}:": that of the text
 * between the braces.  Without braces, or with nothing between them, it is
 * that of the whole prefix.
 */

int violet_node_slot(violet_text_t prefix);


#endif /* VIOLET_NODE_H */

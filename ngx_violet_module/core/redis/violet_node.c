
/*
 * Nodes of Redis.  A host is not resolved here, only looked at: it has the
 * bytes of names and addresses and no others, so that it may be logged.
 */


#include "violet_node.h"


#define VIOLET_NODE_PORT  65535


static int violet_node_host(violet_text_t host);
static uint16_t violet_node_crc(violet_text_t text);


int
violet_node_read(violet_node_t *node, violet_text_t host, violet_text_t port)
{
    uint64_t  n;

    if (violet_node_host(host) != 0 || violet_text_number(port, &n) != 0
        || n == 0 || n > VIOLET_NODE_PORT)
    {
        return -1;
    }

    node->host = host;
    node->port = (int) n;

    return 0;
}


/* Letters, digits, dots, dashes, "_", and ":" of IPv6. */

static int
violet_node_host(violet_text_t host)
{
    char    c;
    size_t  i;

    if (host.data == NULL || host.len > VIOLET_NODE_HOST) {
        return -1;
    }

    for (i = 0; i < host.len; i++) {
        c = host.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '.' || c == '-' || c == '_' || c == ':'))
        {
            return -1;
        }
    }

    return 0;
}


int
violet_node_moved(violet_node_t *node, violet_text_t error)
{
    size_t         i, colon;
    uint64_t       slot;
    violet_text_t  part, port;

    static const char  moved[] = "MOVED ";

    if (error.data == NULL || error.len < sizeof(moved) - 1
        || memcmp(error.data, moved, sizeof(moved) - 1) != 0)
    {
        return -1;
    }

    part.data = error.data + sizeof(moved) - 1;
    error.len -= sizeof(moved) - 1;

    for (i = 0; i < error.len && part.data[i] != ' '; i++) {
        /* the slot */
    }

    part.len = i;

    if (i == error.len || violet_text_number(part, &slot) != 0
        || slot >= VIOLET_NODE_SLOTS)
    {
        return -1;
    }

    part.data += i + 1;
    part.len = error.len - i - 1;

    /* the last colon: those before it are of an address of IPv6 */

    colon = part.len;

    for (i = 0; i < part.len; i++) {
        if (part.data[i] == ':') {
            colon = i;
        }
    }

    if (colon == part.len) {
        return -1;
    }

    port.data = part.data + colon + 1;
    port.len = part.len - colon - 1;
    part.len = colon;

    return violet_node_read(node, part, port);
}


int
violet_node_slot(violet_text_t prefix)
{
    const char     *open, *close;
    violet_text_t   tag;

    tag = prefix;

    open = memchr(prefix.data, '{', prefix.len);

    if (open) {
        open++;
        close = memchr(open, '}', prefix.data + prefix.len - open);

        if (close && close > open) {
            tag.data = open;
            tag.len = close - open;
        }
    }

    return violet_node_crc(tag) % VIOLET_NODE_SLOTS;
}


/* CRC-16/XMODEM: polynomial 0x1021, begins with 0. */

static uint16_t
violet_node_crc(violet_text_t text)
{
    int       bit;
    size_t    i;
    uint32_t  crc;

    crc = 0;

    for (i = 0; i < text.len; i++) {
        crc ^= (uint32_t) (unsigned char) text.data[i] << 8;

        for (bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
        }

        crc &= 0xffff;
    }

    return (uint16_t) crc;
}


/*
 * The tree of a reply.  hiredis's reader calls the functions below for each
 * part, and they take the next node of the block, which has room for the
 * whole reply before the reader begins.  So nothing can fail half-way, and
 * nothing is freed node by node.
 *
 * The reader of hiredis 0.14 ends the process if it frees a large buffer and
 * has no memory for a small one.  So it frees none (maxbuf is 0); a reader
 * that has grown is replaced if there is memory for another.
 */


#include "ngx_violet_redis_reply.h"


/* bytes and nodes that are kept between two replies */
#define NGX_VIOLET_REDIS_REPLY_KEEP   65536
#define NGX_VIOLET_REDIS_REPLY_NODES  64


static redisReader *ngx_violet_redis_reply_reader(void);
static ngx_int_t ngx_violet_redis_reply_room(
    ngx_violet_redis_replies_t *replies, ngx_uint_t elements);
static redisReply *ngx_violet_redis_reply_node(const redisReadTask *task);
static void *ngx_violet_redis_reply_string(const redisReadTask *task,
    char *str, size_t len);
static void *ngx_violet_redis_reply_integer(const redisReadTask *task,
    long long value);
static void *ngx_violet_redis_reply_nil(const redisReadTask *task);
static void ngx_violet_redis_reply_keep(void *reply);

#if (HIREDIS_MAJOR > 0)
static void *ngx_violet_redis_reply_array(const redisReadTask *task,
    size_t elements);
static void *ngx_violet_redis_reply_double(const redisReadTask *task,
    double value, char *str, size_t len);
static void *ngx_violet_redis_reply_bool(const redisReadTask *task,
    int value);
#else
static void *ngx_violet_redis_reply_array(const redisReadTask *task,
    int elements);
#endif


static redisReplyObjectFunctions  ngx_violet_redis_reply_functions = {
    .createString = ngx_violet_redis_reply_string,
    .createArray = ngx_violet_redis_reply_array,
    .createInteger = ngx_violet_redis_reply_integer,
#if (HIREDIS_MAJOR > 0)
    .createDouble = ngx_violet_redis_reply_double,
    .createBool = ngx_violet_redis_reply_bool,
#endif
    .createNil = ngx_violet_redis_reply_nil,
    .freeObject = ngx_violet_redis_reply_keep
};


redisReply *
ngx_violet_redis_reply_build(ngx_violet_redis_replies_t *replies,
    u_char *bytes, size_t len, ngx_uint_t elements)
{
    void         *reply;
    redisReader  *reader;

    if (ngx_violet_redis_reply_room(replies, elements) != NGX_OK) {
        return NULL;
    }

    reader = replies->reader;

    if (redisReaderFeed(reader, (char *) bytes, len) != REDIS_OK) {
        goto failed;
    }

    reader->privdata = replies;

    replies->nnodes = 0;
    replies->nelements = 0;
    replies->bytes = bytes;
    replies->copy = reader->buf + reader->pos;
    replies->largest = ngx_max(replies->largest, len);

    if (redisReaderGetReply(reader, &reply) == REDIS_OK && reply
        && reader->pos == reader->len)
    {
        return reply;
    }

failed:

    /* a reader is of no use after an error */

    redisReaderFree(reader);
    replies->reader = NULL;

    return NULL;
}


static redisReader *
ngx_violet_redis_reply_reader(void)
{
    redisReader  *reader;

    reader = redisReaderCreateWithFunctions(&ngx_violet_redis_reply_functions);

    if (reader) {
        reader->maxbuf = 0;
    }

    return reader;
}


/* A reader, and a node for each part of the reply. */

static ngx_int_t
ngx_violet_redis_reply_room(ngx_violet_redis_replies_t *replies,
    ngx_uint_t elements)
{
    void        *block;
    ngx_uint_t   n;

    if (replies->reader == NULL) {
        replies->reader = ngx_violet_redis_reply_reader();

        if (replies->reader == NULL) {
            return NGX_ERROR;
        }
    }

    n = elements + 1;

    if (n <= replies->room) {
        return NGX_OK;
    }

    n = ngx_max(n, NGX_VIOLET_REDIS_REPLY_NODES);

    block = ngx_alloc(n * (sizeof(redisReply) + sizeof(redisReply *)),
                      ngx_cycle->log);
    if (block == NULL) {
        return NGX_ERROR;
    }

    if (replies->nodes) {
        ngx_free(replies->nodes);
    }

    replies->nodes = block;
    replies->elements = (redisReply **) (replies->nodes + n);
    replies->room = n;

    return NGX_OK;
}


void
ngx_violet_redis_reply_shrink(ngx_violet_redis_replies_t *replies)
{
    redisReader  *reader;

    if (replies->room > NGX_VIOLET_REDIS_REPLY_NODES) {
        ngx_free(replies->nodes);

        replies->nodes = NULL;
        replies->room = 0;
    }

    if (replies->largest <= NGX_VIOLET_REDIS_REPLY_KEEP) {
        return;
    }

    reader = ngx_violet_redis_reply_reader();

    if (reader) {
        redisReaderFree(replies->reader);

        replies->reader = reader;
        replies->largest = 0;
    }
}


void
ngx_violet_redis_reply_free(ngx_violet_redis_replies_t *replies)
{
    if (replies->nodes) {
        ngx_free(replies->nodes);
    }

    if (replies->reader) {
        redisReaderFree(replies->reader);
    }

    ngx_memzero(replies, sizeof(ngx_violet_redis_replies_t));
}


/* The next node, in its place in the array that it belongs to. */

static redisReply *
ngx_violet_redis_reply_node(const redisReadTask *task)
{
    redisReply                  *node, *parent;
    ngx_violet_redis_replies_t  *replies;

    replies = task->privdata;

    if (replies->nnodes == replies->room) {
        return NULL;
    }

    node = &replies->nodes[replies->nnodes++];

    ngx_memzero(node, sizeof(redisReply));

    node->type = task->type;

    if (task->parent) {
        parent = task->parent->obj;
        parent->element[task->idx] = node;
    }

    return node;
}


static void *
ngx_violet_redis_reply_string(const redisReadTask *task, char *str, size_t len)
{
    redisReply                  *node;
    ngx_violet_redis_replies_t  *replies;

    node = ngx_violet_redis_reply_node(task);
    if (node == NULL) {
        return NULL;
    }

    replies = task->privdata;

    node->str = (char *) replies->bytes + (str - replies->copy);
    node->len = len;

    /* the line's end */

    node->str[len] = '\0';

    return node;
}


/* hiredis asks for no element of an empty array. */

static void *
#if (HIREDIS_MAJOR > 0)
ngx_violet_redis_reply_array(const redisReadTask *task, size_t elements)
#else
ngx_violet_redis_reply_array(const redisReadTask *task, int elements)
#endif
{
    redisReply                  *node;
    ngx_violet_redis_replies_t  *replies;

    replies = task->privdata;

    if ((ngx_uint_t) elements > replies->room - replies->nelements) {
        return NULL;
    }

    node = ngx_violet_redis_reply_node(task);
    if (node == NULL) {
        return NULL;
    }

    node->elements = elements;
    node->element = replies->elements + replies->nelements;

    replies->nelements += elements;

    return node;
}


static void *
ngx_violet_redis_reply_integer(const redisReadTask *task, long long value)
{
    redisReply  *node;

    node = ngx_violet_redis_reply_node(task);

    if (node) {
        node->integer = value;
    }

    return node;
}


static void *
ngx_violet_redis_reply_nil(const redisReadTask *task)
{
    redisReply  *node;

    node = ngx_violet_redis_reply_node(task);

    if (node) {
        node->type = REDIS_REPLY_NIL;
    }

    return node;
}


#if (HIREDIS_MAJOR > 0)

/* Types of RESP3, which violet_resp lets none through. */

static void *
ngx_violet_redis_reply_double(const redisReadTask *task, double value,
    char *str, size_t len)
{
    return NULL;
}


static void *
ngx_violet_redis_reply_bool(const redisReadTask *task, int value)
{
    return NULL;
}

#endif


/* The reader frees a tree that it gives up; this one has no parts to free. */

static void
ngx_violet_redis_reply_keep(void *reply)
{
}


/*
 * libFuzzer target of replies: the same bytes mean the same however they are
 * cut, and where a reply is whole hiredis reads all of it, no more, and the
 * same tree.  The first byte is the length of the pieces.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <hiredis/hiredis.h>

#include "violet_reply.h"
#include "violet_resp.h"


#define FUZZ_RESP_ELEMENTS  16


int fuzz_resp(const uint8_t *data, size_t size);


static violet_resp_e
fuzz_resp_read(violet_resp_t *resp, const uint8_t *data, size_t size,
    size_t step, char *copy)
{
    size_t         n, sent, have;
    violet_resp_e  rc;

    static const violet_resp_limits_t  limits = { 512,
                                                      FUZZ_RESP_ELEMENTS };

    violet_resp_init(resp, &limits);

    rc = VIOLET_RESP_MORE;
    have = 0;

    for (sent = 0; sent < size && rc == VIOLET_RESP_MORE; sent += n) {
        n = step < size - sent ? step : size - sent;

        memcpy(copy + have, data + sent, n);
        have += n;

        rc = violet_resp_read(resp, copy, &have);

        if (rc == VIOLET_RESP_MORE
            && (violet_resp_at_least(resp) <= have
                || violet_resp_at_least(resp) > limits.total + 1))
        {
            abort();
        }
    }

    if (rc == VIOLET_RESP_WHOLE
        && (resp->len > have || resp->len > limits.total))
    {
        abort();
    }

    return rc;
}


static void
fuzz_resp_same(const violet_reply_t *ours, const redisReply *theirs)
{
    size_t  i;

    static const int  types[] = {
        REDIS_REPLY_NIL, REDIS_REPLY_STATUS, REDIS_REPLY_ERROR,
        REDIS_REPLY_INTEGER, REDIS_REPLY_STRING, REDIS_REPLY_ARRAY
    };

    if (types[ours->type] != theirs->type
        || ours->integer != theirs->integer
        || ours->elements != theirs->elements)
    {
        abort();
    }

    /* the byte behind a text is a zero */

    if (ours->str != NULL
        && (ours->len != theirs->len
            || memcmp(ours->str, theirs->str, ours->len + 1) != 0))
    {
        abort();
    }

    for (i = 0; i < ours->elements; i++) {
        fuzz_resp_same(&ours->element[i], theirs->element[i]);
    }
}


static void
fuzz_resp_tree(char *bytes, const violet_resp_t *resp)
{
    void            *theirs;
    redisReader     *reader;
    violet_reply_t   ours[FUZZ_RESP_ELEMENTS + 1];

    reader = redisReaderCreate();
    theirs = NULL;

    if (reader == NULL
        || redisReaderFeed(reader, bytes, resp->len) != REDIS_OK
        || redisReaderGetReply(reader, &theirs) != REDIS_OK
        || theirs == NULL || reader->pos != reader->len)
    {
        abort();
    }

    violet_reply_build(ours, bytes);

    fuzz_resp_same(ours, theirs);

    freeReplyObject(theirs);
    redisReaderFree(reader);
}


int
fuzz_resp(const uint8_t *data, size_t size)
{
    char           *copy[2];
    size_t          step;
    violet_resp_e   rc;
    violet_resp_t   resp[2];

    if (size == 0) {
        return 0;
    }

    step = (size_t) data[0] % 16 + 1;

    data++;
    size--;

    copy[0] = malloc(size + 1);
    copy[1] = malloc(size + 1);

    if (copy[0] == NULL || copy[1] == NULL) {
        abort();
    }

    rc = fuzz_resp_read(&resp[0], data, size, size, copy[0]);

    if (fuzz_resp_read(&resp[1], data, size, step, copy[1]) != rc) {
        abort();
    }

    if (rc == VIOLET_RESP_WHOLE) {

        if (resp[0].len != resp[1].len
            || memcmp(copy[0], copy[1], resp[0].len) != 0)
        {
            abort();
        }

        fuzz_resp_tree(copy[0], &resp[0]);
    }

    free(copy[0]);
    free(copy[1]);

    return 0;
}

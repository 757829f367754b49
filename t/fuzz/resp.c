
/*
 * libFuzzer target of the bounds of a reply: the same bytes mean the same
 * however they are cut, and where a reply is whole hiredis reads all of it
 * and no more.  The first byte is the length of the pieces.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <hiredis/hiredis.h>

#include "violet_resp.h"


int fuzz_resp(const uint8_t *data, size_t size);


static violet_resp_e
fuzz_resp_read(violet_resp_t *resp, const uint8_t *data, size_t size,
    size_t step, char *copy)
{
    size_t         n, sent, have;
    violet_resp_e  rc;

    static const violet_resp_limits_t  limits = { 512, 16 };

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
fuzz_resp_hiredis(const char *bytes, size_t len)
{
    void         *reply;
    redisReader  *reader;

    reader = redisReaderCreate();
    reply = NULL;

    if (reader == NULL
        || redisReaderFeed(reader, bytes, len) != REDIS_OK
        || redisReaderGetReply(reader, &reply) != REDIS_OK
        || reply == NULL || reader->pos != reader->len)
    {
        abort();
    }

    freeReplyObject(reply);
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

        fuzz_resp_hiredis(copy[0], resp[0].len);
    }

    free(copy[0]);
    free(copy[1]);

    return 0;
}

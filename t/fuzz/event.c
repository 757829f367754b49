
/*
 * libFuzzer target of the events of webhooks: the same bytes mean the same
 * however they are cut, what counts as JSON is what jansson takes, and its
 * merchant_id is the one that is found.  The first byte is the length of the
 * pieces.  The rest is read as a signature, too.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "violet_event.h"
#include "violet_signature.h"


int fuzz_event(const uint8_t *data, size_t size);


static int
fuzz_event_scan(const uint8_t *data, size_t size, size_t step,
    violet_event_body_t *body)
{
    char                 *copy;
    size_t                i, n;
    violet_event_scan_t   scan;

    violet_event_scan_start(&scan);

    for (i = 0; i < size; i += n) {
        n = step < size - i ? step : size - i;

        /* of its own, so that a look behind a piece is seen */

        copy = malloc(n);

        if (copy == NULL) {
            abort();
        }

        memcpy(copy, data + i, n);
        violet_event_scan(&scan, copy, n);
        free(copy);
    }

    memset(body, 0, sizeof(violet_event_body_t));

    return violet_event_scan_end(&scan, body);
}


/*
 * jansson takes no byte that is not UTF-8, no escaped NUL in a name, and no
 * number that is too large: what it takes must be taken here, but for a NUL
 * after a number, which it passes over.
 */

static void
fuzz_event_jansson(const uint8_t *data, size_t size, int valid,
    const violet_event_body_t *body)
{
    json_t        *json, *merchant;
    json_error_t   error;

    json = memchr(data, '\0', size)
           ? NULL : json_loadb((const char *) data, size,
                               JSON_REJECT_DUPLICATES, &error);

    if (json == NULL || !json_is_object(json)) {
        json_decref(json);
        return;
    }

    if (!valid) {
        abort();
    }

    merchant = json_object_get(json, "merchant_id");

    if (json_is_integer(merchant) && body->merchant_id > 0
        && json_object_get(json, "merchantId") == NULL
        && json_integer_value(merchant) != body->merchant_id)
    {
        abort();
    }

    json_decref(json);
}


int
fuzz_event(const uint8_t *data, size_t size)
{
    int                   valid;
    int32_t               merchant;
    violet_text_t         text;
    unsigned char         bytes[VIOLET_SIGNATURE];
    violet_event_body_t   body, other;

    if (size == 0) {
        return 0;
    }

    valid = fuzz_event_scan(data + 1, size - 1, size, &body);

    if (fuzz_event_scan(data + 1, size - 1, data[0] % 16 + 1, &other) != valid
        || memcmp(&body, &other, sizeof(violet_event_body_t)) != 0)
    {
        abort();
    }

    merchant = violet_event_merchant(&body, violet_event_shape(&body));

    if (merchant < 0 || (valid != 0 && merchant != 0)) {
        abort();
    }

    /* jansson has a depth of 2048 of its own */

    if (size < 200) {
        fuzz_event_jansson(data + 1, size - 1, valid == 0, &body);
    }

    text.data = (const char *) data + 1;
    text.len = size - 1;

    (void) violet_signature_parse(text, bytes);
    (void) violet_event_kind(text);

    return 0;
}

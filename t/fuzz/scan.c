
/*
 * libFuzzer target of the scan: what it proves is JSON, and the judge says it
 * as well, unless a name occurs twice.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "violet_cart_body.h"
#include "violet_order.h"
#include "violet_scan.h"


int fuzz_scan(const uint8_t *data, size_t size);


int
fuzz_scan(const uint8_t *data, size_t size)
{
    violet_cart_body_t    body;
    violet_cart_answer_t  answer;

    if (!violet_scan_completed((const char *) data, size)) {
        return 0;
    }

    memset(&answer, 0, sizeof(answer));

    answer.status = 200;
    answer.body.data = (const char *) data;
    answer.body.len = size;

    violet_cart_body_init(&body, &answer);

    if (violet_cart_body_read(&body, &answer) == 0
        && (body.root == NULL
            || (!body.twice
                && (body.kind != VIOLET_BODY_ORDER
                    || violet_order_judge(&body.order)
                       != VIOLET_ORDER_COMPLETED))))
    {
        abort();
    }

    violet_cart_body_free(&body);

    return 0;
}


/*
 * The body of a payment is read by its outline, which has only the members that
 * are picked here; the whole text is parsed only if there is no outline of it.
 * An order is read by the judge.
 */

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "violet_cart_read.h"
#include "violet_json.h"
#include "violet_json_outline.h"
#include "violet_text.h"


/* the members that are read of the body of a payment */

static const violet_json_pick_t  violet_cart_read_payment_picks[] = {
    { violet_text("complete_checkout"), NULL },
    { violet_text("completeCheckout"), NULL },
    { violet_text_null, NULL }
};


int
violet_cart_read_completes(const char *data, size_t len)
{
    int                  completes;
    json_t              *root, *value;
    violet_text_t        text;
    violet_json_error_t  error;

    if (len == 0) {
        return 0;
    }

    root = violet_json_outline(data, len, violet_cart_read_payment_picks);

    if (root == NULL) {
        root = violet_json_parse(data, len, &error);
    }

    if (root == NULL) {
        return 1;
    }

    value = violet_json_get(root, "complete_checkout", "completeCheckout");
    text = violet_json_to_text(value);

    completes = value != NULL
                && !json_is_false(value)
                && !(json_is_integer(value) && json_integer_value(value) == 0)
                && !(text.data && text.len == 0)
                && !violet_text_is(text, "false");

    json_decref(root);

    return completes;
}


int
violet_cart_judge_read(const violet_cart_answer_t *answer, int64_t id,
    violet_cart_verdict_t *verdict)
{
    int  rc;

    rc = violet_cart_judge(answer, verdict);

    if (rc == 0
        && answer->transport == VIOLET_CART_ANSWERED
        && answer->status == 200
        && verdict->seen.order
        && verdict->seen.id.known
        && verdict->seen.id.value == id)
    {
        return 1;
    }

    free(verdict->problem);
    memset(verdict, 0, sizeof(violet_cart_verdict_t));

    return rc;
}

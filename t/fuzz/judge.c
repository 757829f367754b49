
/*
 * libFuzzer target of the judge: any status and any bytes give a verdict, and
 * a problem that is JSON.  The first byte chooses the status.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "violet_cart.h"
#include "violet_json.h"
#include "violet_json_lexeme.h"
#include "violet_reason.h"


int fuzz_judge(const uint8_t *data, size_t size);

static void fuzz_verdict(const violet_cart_answer_t *answer,
    const violet_cart_verdict_t *verdict);


/*
 * What holds of every verdict: the pairs of outcome and retry, and evidence
 * that does not contradict the outcome.
 */

static void
fuzz_verdict(const violet_cart_answer_t *answer,
    const violet_cart_verdict_t *verdict)
{
    int                        wrong;
    const violet_cart_seen_t  *seen;

    seen = &verdict->seen;
    wrong = (verdict->problem == NULL)
            != (verdict->outcome < VIOLET_CART_FAILED);

    switch (verdict->outcome) {

    case VIOLET_CART_COMPLETED:
        wrong |= answer->status > 299 || !seen->order || seen->failed
                 || seen->unknown || (!seen->made && !seen->ordered)
                 || seen->not_submitted;
        break;

    case VIOLET_CART_PENDING:
        wrong |= answer->status > 299 || seen->failed || seen->unknown
                 || verdict->nfailed;
        break;

    case VIOLET_CART_REQUIRES_ACTION:
        wrong |= answer->status > 299 || seen->failed || seen->unknown;
        break;

    case VIOLET_CART_FAILED:
        wrong |= seen->order && (seen->made || seen->accepted);
        wrong |= verdict->retry > VIOLET_CART_RETRY_NEW_CART;
        break;

    case VIOLET_CART_PARTIAL:
        wrong |= !seen->accepted || !seen->made || seen->not_submitted;
        wrong |= verdict->retry < VIOLET_CART_RETRY_NEW_CART_FOR_FAILED_BAGS;
        break;

    default: /* VIOLET_CART_UNKNOWN */
        wrong |= verdict->retry != VIOLET_CART_RETRY_MANUAL
                 && (verdict->retry != VIOLET_CART_RETRY_LATER
                     || !answer->guarded);
    }

    if (wrong) {
        abort();
    }
}


int
fuzz_judge(const uint8_t *data, size_t size)
{
    int                     twice;
    json_t                 *root;
    const char             *last;
    violet_text_t           text;
    violet_json_error_t     error;
    violet_cart_answer_t    answer;
    violet_cart_verdict_t   verdict;

    static const char         none[] = ",\"order\":null}";
    static const char *const  names[] = { NULL };

    static const unsigned  statuses[] = {
        200, 400, 422, 403, 404, 412, 409, 401, 202, 500, 302, 429, 418
    };

    if (size == 0) {
        return 0;
    }

    memset(&answer, 0, sizeof(answer));

    answer.status = statuses[data[0] % (sizeof(statuses)
                                        / sizeof(statuses[0]))];
    answer.body.data = (const char *) data + 1;
    answer.body.len = size - 1;
    answer.cart_id = 1;
    answer.request_id.data = "id";
    answer.request_id.len = 2;
    answer.partial_status = 422;
    answer.guarded = data[0] < 128;

    if (violet_cart_judge(&answer, &verdict) != 0) {
        return 0;
    }

    fuzz_verdict(&answer, &verdict);

    if (verdict.problem == NULL) {
        return 0;
    }

    /* what is embedded is JSON, whatever jansson says */

    text = violet_json_trim(answer.body);
    last = text.data + text.len;

    if (violet_json_value(text.data, last, VIOLET_JSON_MAX_DEPTH) != last
        && (verdict.problem_len < sizeof(none)
            || memcmp(verdict.problem + verdict.problem_len - sizeof(none) + 1,
                      none, sizeof(none) - 1)
               != 0))
    {
        abort();
    }

    /* the order within is Violet's bytes, and may be what jansson dislikes */

    root = violet_json_parse_loose(verdict.problem, verdict.problem_len,
                                   names, 0, &twice, &error);

    /* one level is the problem's own */

    if (root == NULL
        && strcmp(error.reason, "nested too deep") != 0
        && strcmp(error.reason, "too many values") != 0
        && strcmp(error.reason, "too large to be parsed") != 0)
    {
        abort();
    }

    json_decref(root);
    free(verdict.problem);

    return 0;
}

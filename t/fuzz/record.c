
/*
 * libFuzzer target of the record of a submit.  The first bytes are a question
 * and what a read has shown, the rest is the text that Redis returns.
 *
 * A text that is read is printed again as the same record.  Whatever the text
 * is, the decision sends a submit only from a record without doubt, after a
 * read that shows "not submitted", or if somebody wants it again.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "violet_cart_decision.h"
#include "violet_cart_record.h"


#define FUZZ_RECORD_FORM   2
#define FUZZ_RECORD_BYTES  6


int fuzz_record(const uint8_t *data, size_t size);


static void
fuzz_record_text(const violet_cart_record_t *record)
{
    char                  text[2][VIOLET_RECORD_TEXT];
    size_t                len[2];
    violet_cart_record_t  again;

    len[0] = violet_cart_record_print(record, FUZZ_RECORD_FORM, text[0]);

    if (len[0] > VIOLET_RECORD_TEXT
        || violet_cart_record_parse(&again, FUZZ_RECORD_FORM, text[0], len[0])
           != 0)
    {
        abort();
    }

    len[1] = violet_cart_record_print(&again, FUZZ_RECORD_FORM, text[1]);

    if (len[1] != len[0] || memcmp(text[0], text[1], len[0]) != 0) {
        abort();
    }
}


static void
fuzz_record_decide(const violet_cart_record_t *record, const uint8_t *data)
{
    violet_cart_ask_t       ask;
    violet_cart_shown_t     shown;
    violet_cart_decision_t  decision;

    static const unsigned char  body[VIOLET_RECORD_DIGEST];

    memset(&ask, 0, sizeof(violet_cart_ask_t));
    memset(&shown, 0, sizeof(violet_cart_shown_t));

    ask.question = data[0] & 1;
    ask.again = (data[0] >> 1) & 1;
    ask.key = (data[0] >> 2) & 1;
    ask.unshared = (data[0] >> 3) & 1;
    ask.refuse = (data[0] >> 4) & 1;
    ask.body = body;
    ask.settle = violet_cart_settle_first((int64_t) data[1] * 1000);

    shown.state = data[2] % (VIOLET_READ_ORDER + 1);

    if (shown.state == VIOLET_READ_ORDER) {
        shown.outcome = data[3] % (VIOLET_CART_UNKNOWN + 1);
        shown.seen = data[4];
    }

    violet_cart_decide(record, &shown, &ask, &decision);

    if (decision.action != VIOLET_DECISION_SEND) {
        return;
    }

    if (ask.question || (ask.unshared && ask.refuse)
        || record->state == VIOLET_RECORD_IN_FLIGHT
        || record->state == VIOLET_RECORD_COMPLETED
        || record->state == VIOLET_RECORD_PARTIAL)
    {
        abort();
    }

    if (record->evidence == 0
        && (record->state == VIOLET_RECORD_NONE
            || record->state == VIOLET_RECORD_FAILED
            || record->state == VIOLET_RECORD_REQUIRES_ACTION)
        && (!ask.unshared || shown.state == VIOLET_READ_IMPOSSIBLE))
    {
        return;
    }

    if (!ask.again
        && (shown.state != VIOLET_READ_ORDER
            || !(shown.seen & VIOLET_SEEN_OPEN) || record->evidence))
    {
        abort();
    }

    if (ask.again && (shown.seen & VIOLET_SEEN_EVIDENCE)
        && !(shown.seen & VIOLET_SEEN_OPEN))
    {
        abort();
    }
}


int
fuzz_record(const uint8_t *data, size_t size)
{
    violet_cart_record_t  record;

    if (size < FUZZ_RECORD_BYTES) {
        return 0;
    }

    if (violet_cart_record_parse(&record, FUZZ_RECORD_FORM,
                                 (const char *) data + FUZZ_RECORD_BYTES,
                                 size - FUZZ_RECORD_BYTES)
        == 0)
    {
        fuzz_record_text(&record);

    } else if (record.state != VIOLET_RECORD_UNKNOWN) {
        abort();
    }

    fuzz_record_decide(&record, data);

    violet_cart_record_pass(&record, (int64_t) data[5] << (data[1] % 48));

    fuzz_record_decide(&record, data);

    return 0;
}

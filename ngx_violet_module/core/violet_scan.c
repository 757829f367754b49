
/*
 * A walk over the order, its bags and its payments; what else there is need
 * only be JSON.  Of the values that decide, it accepts what is known to be
 * harmless and nothing else; names beside them that are spelled with escapes,
 * or are there twice, prove nothing.  It allocates nothing.
 */

#include <string.h>

#include "violet_json_lexeme.h"
#include "violet_order.h"
#include "violet_scan.h"
#include "violet_text.h"


/*
 * Reads one value and the white space after it; returns what follows, or
 * NULL if it proves nothing.
 */

typedef const char *(*violet_scan_pt)(const char *p, const char *last);


typedef struct {
    violet_text_t         name;
    violet_scan_pt        value;
} violet_scan_name_t;


static const char *violet_scan_object(const char *p, const char *last,
    const violet_scan_name_t *names, unsigned room, unsigned *seen);
static const violet_scan_name_t *violet_scan_find(
    const violet_scan_name_t *names, const violet_text_t *name);
static const char *violet_scan_array(const char *p, const char *last,
    violet_scan_pt item, int empty, size_t max);
static const char *violet_scan_bags(const char *p, const char *last);
static const char *violet_scan_bag(const char *p, const char *last);
static const char *violet_scan_bag_status(const char *p, const char *last);
static const char *violet_scan_errors(const char *p, const char *last);
static const char *violet_scan_payments(const char *p, const char *last);
static const char *violet_scan_payment(const char *p, const char *last);
static const char *violet_scan_payment_status(const char *p,
    const char *last);
static const char *violet_scan_status(const char *p, const char *last);
static const char *violet_scan_text(const char *p, const char *last,
    violet_text_t *text);
static const char *violet_scan_null(const char *p, const char *last);
static int violet_scan_is(violet_text_t text, const char *const *words);


#define VIOLET_SCAN_BAGS  1    /* in what was seen of an order */


static const violet_scan_name_t  violet_scan_order_names[] = {
    { violet_text("bags"), violet_scan_bags },
    { violet_text("status"), violet_scan_status },
    { violet_text("payment_status"), violet_scan_status },
    { violet_text("paymentStatus"), violet_scan_status },
    { violet_text("errors"), violet_scan_errors },
    { violet_text("payment_transactions"), violet_scan_payments },
    { violet_text("paymentTransactions"), violet_scan_payments },
    { violet_text_null, NULL }
};


static const violet_scan_name_t  violet_scan_bag_names[] = {
    { violet_text("status"), violet_scan_bag_status },
    { violet_text_null, NULL }
};


static const violet_scan_name_t  violet_scan_payment_names[] = {
    { violet_text("status"), violet_scan_payment_status },
    { violet_text("capture_status"), violet_scan_payment_status },
    { violet_text("captureStatus"), violet_scan_payment_status },
    { violet_text_null, NULL }
};


static const char *const  violet_scan_accepted[] = {
    "SUBMITTED",
    "ACCEPTED",
    "COMPLETED",
    "BACKORDERED",
    "PARTIALLY_REFUNDED",
    "REFUNDED",
    NULL
};


static const char *const  violet_scan_paid[] = {
    "PROCESSING",
    "CAPTURED",
    "BYPASSED",
    "AUTHORIZED",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    NULL
};


int
violet_scan_completed(const char *data, size_t len)
{
    unsigned     seen;
    const char  *p, *last;

    if (len == 0) {
        return 0;
    }

    p = data;
    last = data + len;

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    p = violet_json_space(p, last);

    return violet_scan_object(p, last, violet_scan_order_names,
                              VIOLET_JSON_MAX_DEPTH - 1, &seen) == last
           && (seen & VIOLET_SCAN_BAGS);
}


/*
 * An object in which these names decide; "seen" gets a bit for each of them
 * that it has.  What else is in it has room for so many levels.
 */

static const char *
violet_scan_object(const char *p, const char *last,
    const violet_scan_name_t *names, unsigned room, unsigned *seen)
{
    int                        plain;
    unsigned                   bit;
    violet_text_t              name;
    const violet_scan_name_t  *decides;

    *seen = 0;

    if (p == last || *p != '{') {
        return NULL;
    }

    p = violet_json_space(p + 1, last);

    if (p < last && *p == '}') {
        return violet_json_space(p + 1, last);
    }

    for ( ;; ) {
        p = violet_json_name(p, last, &name, &plain);

        /* one that decides may hide behind escapes */

        if (p == NULL || !plain) {
            return NULL;
        }

        decides = violet_scan_find(names, &name);

        if (decides) {
            bit = 1u << (decides - names);

            if (*seen & bit) {
                return NULL;
            }

            *seen |= bit;
            p = decides->value(p, last);

        } else {
            p = violet_json_value(p, last, room);
        }

        if (p == NULL || p == last) {
            return NULL;
        }

        if (*p == '}') {
            return violet_json_space(p + 1, last);
        }

        if (*p != ',') {
            return NULL;
        }

        p = violet_json_space(p + 1, last);
    }
}


static const violet_scan_name_t *
violet_scan_find(const violet_scan_name_t *names, const violet_text_t *name)
{
    for ( /* void */ ; names->value; names++) {

        if (names->name.len == name->len
            && memcmp(names->name.data, name->data, name->len) == 0)
        {
            return names;
        }
    }

    return NULL;
}


/* Of nothing but such items, "max" at most; "empty" is whether it may be. */

static const char *
violet_scan_array(const char *p, const char *last, violet_scan_pt item,
    int empty, size_t max)
{
    if (p == last || *p != '[') {
        return NULL;
    }

    p = violet_json_space(p + 1, last);

    if (p < last && *p == ']') {
        return empty ? violet_json_space(p + 1, last) : NULL;
    }

    for ( /* void */ ; max; max--) {
        p = item(p, last);

        if (p == NULL || p == last) {
            return NULL;
        }

        if (*p == ']') {
            return violet_json_space(p + 1, last);
        }

        if (*p != ',') {
            return NULL;
        }

        p = violet_json_space(p + 1, last);
    }

    return NULL;
}


static const char *
violet_scan_bags(const char *p, const char *last)
{
    return violet_scan_array(p, last, violet_scan_bag, 0,
                             VIOLET_ORDER_MAX_BAGS);
}


/* Only one name decides in a bag, and it must be there. */

static const char *
violet_scan_bag(const char *p, const char *last)
{
    unsigned  seen;

    p = violet_scan_object(p, last, violet_scan_bag_names,
                           VIOLET_JSON_MAX_DEPTH - 3, &seen);

    return seen ? p : NULL;
}


static const char *
violet_scan_bag_status(const char *p, const char *last)
{
    violet_text_t  text;

    p = violet_scan_text(p, last, &text);

    return violet_scan_is(text, violet_scan_accepted) ? p : NULL;
}


static const char *
violet_scan_errors(const char *p, const char *last)
{
    return p < last && *p == 'n' ? violet_scan_null(p, last)
                                 : violet_scan_array(p, last, NULL, 1, 0);
}


static const char *
violet_scan_payments(const char *p, const char *last)
{
    return p < last && *p == 'n'
           ? violet_scan_null(p, last)
           : violet_scan_array(p, last, violet_scan_payment, 1,
                               (size_t) -1);
}


static const char *
violet_scan_payment(const char *p, const char *last)
{
    unsigned  seen;

    return violet_scan_object(p, last, violet_scan_payment_names,
                              VIOLET_JSON_MAX_DEPTH - 3, &seen);
}


static const char *
violet_scan_payment_status(const char *p, const char *last)
{
    violet_text_t  text;

    if (p < last && *p == 'n') {
        return violet_scan_null(p, last);
    }

    p = violet_scan_text(p, last, &text);

    return violet_scan_is(text, violet_scan_paid) ? p : NULL;
}


/* Of the order, or of its payment. */

static const char *
violet_scan_status(const char *p, const char *last)
{
    violet_text_t  text;

    if (p < last && *p == 'n') {
        return violet_scan_null(p, last);
    }

    p = violet_scan_text(p, last, &text);

    return violet_text_is(text, "REQUIRES_ACTION") ? NULL : p;
}


/* A string that stands for itself; else the text is null, too. */

static const char *
violet_scan_text(const char *p, const char *last, violet_text_t *text)
{
    int  plain;

    if (p < last && *p == '"') {
        p = violet_json_string(p, last, text, &plain);

        if (p && plain) {
            return violet_json_space(p, last);
        }
    }

    text->data = NULL;
    text->len = 0;

    return NULL;
}


/* As good as none. */

static const char *
violet_scan_null(const char *p, const char *last)
{
    p = violet_json_word(p, last, "null");

    return p ? violet_json_space(p, last) : NULL;
}


static int
violet_scan_is(violet_text_t text, const char *const *words)
{
    for ( /* void */ ; *words; words++) {

        if (violet_text_is(text, *words)) {
            return 1;
        }
    }

    return 0;
}

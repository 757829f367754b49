
/*
 * A validator of JSON with a stack of bits, which knows at each value whose
 * it is.  Of the values that decide, it accepts what is known to be harmless
 * and nothing else; keys and values that are spelled with escapes, or are
 * there twice, prove nothing.  It allocates nothing and recurses nowhere.
 */

#include <string.h>

#include "violet_json_lexeme.h"
#include "violet_order.h"
#include "violet_scan.h"
#include "violet_text.h"


/* whose value it is: a key that decides, in an object that does */

typedef enum {
    VIOLET_SCAN_ANY = 0,
    VIOLET_SCAN_STATUS,            /* of the order, or of its payment */
    VIOLET_SCAN_BAGS,
    VIOLET_SCAN_ERRORS,
    VIOLET_SCAN_PAYMENTS,
    VIOLET_SCAN_BAG_STATUS,
    VIOLET_SCAN_PAYMENT_STATUS
} violet_scan_role_t;


typedef struct {
    violet_text_t         name;
    violet_scan_role_t    role;
} violet_scan_key_t;


typedef struct {
    const char           *p;
    const char           *last;

    unsigned              depth;
    unsigned char         object[VIOLET_JSON_MAX_DEPTH + 1];

    violet_scan_role_t    role;       /* of the value to come */
    violet_scan_role_t    within;     /* of the array of the order's */
    unsigned              seen;       /* keys, a bit for each */

    size_t                bags;
    unsigned              has_status:1;   /* the bag at hand */
} violet_scan_t;


static int violet_scan_value(violet_scan_t *s);
static int violet_scan_open(violet_scan_t *s, int object);
static int violet_scan_close(violet_scan_t *s);
static int violet_scan_next(violet_scan_t *s);
static int violet_scan_key(violet_scan_t *s);
static int violet_scan_role(violet_scan_t *s, const violet_text_t *key);
static int violet_scan_word(violet_scan_t *s, const char *word);
static int violet_scan_judge(violet_scan_t *s, const violet_text_t *text,
    int plain);
static int violet_scan_is(const violet_text_t *text,
    const char *const *words);


static const violet_scan_key_t  violet_scan_order_keys[] = {
    { violet_text("status"), VIOLET_SCAN_STATUS },
    { violet_text("payment_status"), VIOLET_SCAN_STATUS },
    { violet_text("paymentStatus"), VIOLET_SCAN_STATUS },
    { violet_text("bags"), VIOLET_SCAN_BAGS },
    { violet_text("errors"), VIOLET_SCAN_ERRORS },
    { violet_text("payment_transactions"), VIOLET_SCAN_PAYMENTS },
    { violet_text("paymentTransactions"), VIOLET_SCAN_PAYMENTS },
    { { NULL, 0 }, VIOLET_SCAN_ANY }
};


static const violet_scan_key_t  violet_scan_bag_keys[] = {
    { violet_text("status"), VIOLET_SCAN_BAG_STATUS },
    { { NULL, 0 }, VIOLET_SCAN_ANY }
};


static const violet_scan_key_t  violet_scan_payment_keys[] = {
    { violet_text("status"), VIOLET_SCAN_PAYMENT_STATUS },
    { violet_text("capture_status"), VIOLET_SCAN_PAYMENT_STATUS },
    { violet_text("captureStatus"), VIOLET_SCAN_PAYMENT_STATUS },
    { { NULL, 0 }, VIOLET_SCAN_ANY }
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
    violet_scan_t  s;

    memset(&s, 0, sizeof(violet_scan_t));

    s.p = data;
    s.last = data + len;

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        s.p += 3;
    }

    s.p = violet_json_space(s.p, s.last);

    if (s.p == s.last || *s.p != '{' || !violet_scan_value(&s)) {
        return 0;
    }

    while (s.depth) {

        if (!violet_scan_next(&s)) {
            return 0;
        }
    }

    s.p = violet_json_space(s.p, s.last);

    return s.p == s.last && s.bags > 0 && s.bags <= VIOLET_ORDER_MAX_BAGS;
}


/* One value; of an array or object its opening alone. */

static int
violet_scan_value(violet_scan_t *s)
{
    int            plain, real;
    violet_text_t  text;

    s->p = violet_json_space(s->p, s->last);

    if (s->p == s->last) {
        return 0;
    }

    switch (*s->p) {

    case '{':
        return violet_scan_open(s, 1);

    case '[':
        return violet_scan_open(s, 0);

    case '"':
        s->p = violet_json_string(s->p, s->last, &text, &plain);

        return s->p != NULL && violet_scan_judge(s, &text, plain);

    case 'n':

        /* a null is as good as none, but for bags and their status */

        return s->role != VIOLET_SCAN_BAGS
               && s->role != VIOLET_SCAN_BAG_STATUS
               && !(s->depth == 2 && s->within != VIOLET_SCAN_ANY
                    && !s->object[2])
               && violet_scan_word(s, "null");
    }

    /* what is neither text nor null proves nothing where it decides */

    if (s->role != VIOLET_SCAN_ANY
        || (s->depth == 2 && s->within != VIOLET_SCAN_ANY && !s->object[2]))
    {
        return 0;
    }

    switch (*s->p) {

    case 't':
        return violet_scan_word(s, "true");

    case 'f':
        return violet_scan_word(s, "false");

    default:
        s->p = violet_json_number(s->p, s->last, &real);

        return s->p != NULL;
    }
}


static int
violet_scan_open(violet_scan_t *s, int object)
{
    if (s->depth == VIOLET_JSON_MAX_DEPTH) {
        return 0;
    }

    s->p++;

    if (s->depth == 2 && s->within != VIOLET_SCAN_ANY && !s->object[2]) {

        /* an item of the bags, the payments or the errors */

        if (!object || s->within == VIOLET_SCAN_ERRORS) {
            return 0;
        }

        s->bags += (s->within == VIOLET_SCAN_BAGS);
        s->has_status = 0;
        s->seen &= 0xff;

    } else if (s->role != VIOLET_SCAN_ANY) {

        if (object || s->role == VIOLET_SCAN_STATUS
            || s->role == VIOLET_SCAN_BAG_STATUS
            || s->role == VIOLET_SCAN_PAYMENT_STATUS)
        {
            return 0;
        }

        s->within = s->role;

    } else if (s->depth == 1) {
        s->within = VIOLET_SCAN_ANY;
    }

    s->object[++s->depth] = (unsigned char) object;
    s->role = VIOLET_SCAN_ANY;

    s->p = violet_json_space(s->p, s->last);

    if (s->p < s->last && *s->p == (object ? '}' : ']')) {
        return violet_scan_close(s);
    }

    return object ? violet_scan_key(s) : violet_scan_value(s);
}


static int
violet_scan_close(violet_scan_t *s)
{
    s->p++;

    if (s->depth == 3 && s->within == VIOLET_SCAN_BAGS && !s->object[2]
        && !s->has_status)
    {
        return 0;
    }

    s->depth--;
    s->role = VIOLET_SCAN_ANY;

    return 1;
}


/* After a value: another one, or the end of what it is in. */

static int
violet_scan_next(violet_scan_t *s)
{
    int  object;

    object = s->object[s->depth];

    s->p = violet_json_space(s->p, s->last);

    if (s->p == s->last) {
        return 0;
    }

    if (*s->p == (object ? '}' : ']')) {
        return violet_scan_close(s);
    }

    if (*s->p != ',') {
        return 0;
    }

    s->p++;
    s->role = VIOLET_SCAN_ANY;

    return object ? violet_scan_key(s) : violet_scan_value(s);
}


static int
violet_scan_key(violet_scan_t *s)
{
    int            plain;
    violet_text_t  key;

    s->p = violet_json_space(s->p, s->last);

    if (s->p == s->last || *s->p != '"') {
        return 0;
    }

    s->p = violet_json_string(s->p, s->last, &key, &plain);

    if (s->p == NULL) {
        return 0;
    }

    /* a key that decides may hide behind escapes */

    if (!plain && s->depth <= 3) {
        return 0;
    }

    if (!violet_scan_role(s, &key)) {
        return 0;
    }

    s->p = violet_json_space(s->p, s->last);

    if (s->p == s->last || *s->p != ':') {
        return 0;
    }

    s->p++;

    return violet_scan_value(s);
}


static int
violet_scan_role(violet_scan_t *s, const violet_text_t *key)
{
    unsigned                  i, bit;
    const violet_scan_key_t  *keys;

    s->role = VIOLET_SCAN_ANY;

    if (s->depth == 1) {
        keys = violet_scan_order_keys;

    } else if (s->depth == 3 && !s->object[2]
               && s->within == VIOLET_SCAN_BAGS)
    {
        keys = violet_scan_bag_keys;

    } else if (s->depth == 3 && !s->object[2]
               && s->within == VIOLET_SCAN_PAYMENTS)
    {
        keys = violet_scan_payment_keys;

    } else {
        return 1;
    }

    for (i = 0; keys[i].name.data; i++) {

        if (keys[i].name.len != key->len
            || memcmp(keys[i].name.data, key->data, key->len) != 0)
        {
            continue;
        }

        bit = 1u << (i + (s->depth == 1 ? 0 : 8));

        if (s->seen & bit) {
            return 0;
        }

        s->seen |= bit;
        s->role = keys[i].role;

        break;
    }

    return 1;
}


static int
violet_scan_word(violet_scan_t *s, const char *word)
{
    size_t  len;

    len = strlen(word);

    if ((size_t) (s->last - s->p) < len || memcmp(s->p, word, len) != 0) {
        return 0;
    }

    s->p += len;

    return 1;
}


/* A text where one decides: known to be harmless, or no proof. */

static int
violet_scan_judge(violet_scan_t *s, const violet_text_t *text, int plain)
{
    switch (s->role) {

    case VIOLET_SCAN_ANY:
        return !(s->depth == 2 && s->within != VIOLET_SCAN_ANY
                 && !s->object[2]);

    case VIOLET_SCAN_STATUS:
        return plain && !violet_text_is(*text, "REQUIRES_ACTION");

    case VIOLET_SCAN_BAG_STATUS:
        s->has_status = 1;
        return violet_scan_is(text, violet_scan_accepted);

    case VIOLET_SCAN_PAYMENT_STATUS:
        return violet_scan_is(text, violet_scan_paid);

    default:
        return 0;
    }
}


static int
violet_scan_is(const violet_text_t *text, const char *const *words)
{
    for ( /* void */ ; *words; words++) {

        if (violet_text_is(*text, *words)) {
            return 1;
        }
    }

    return 0;
}

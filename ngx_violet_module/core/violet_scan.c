
/*
 * A validator of JSON with a stack of bits, which knows at each value whose
 * it is.  Of the values that decide, it accepts what is known to be harmless
 * and nothing else; keys and values that are spelled with escapes, or are
 * there twice, prove nothing.  It allocates nothing and recurses nowhere.
 */

#include <string.h>

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
    const char           *name;
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
static int violet_scan_string(violet_scan_t *s, violet_text_t *text,
    int *plain);
static int violet_scan_escape(violet_scan_t *s);
static int violet_scan_utf8(violet_scan_t *s);
static int violet_scan_number(violet_scan_t *s);
static int violet_scan_digits(violet_scan_t *s);
static int violet_scan_word(violet_scan_t *s, const char *word);
static int violet_scan_judge(violet_scan_t *s, const violet_text_t *text,
    int plain);
static int violet_scan_is(const violet_text_t *text,
    const char *const *words);
static void violet_scan_space(violet_scan_t *s);


static const violet_scan_key_t  violet_scan_order_keys[] = {
    { "status", VIOLET_SCAN_STATUS },
    { "payment_status", VIOLET_SCAN_STATUS },
    { "paymentStatus", VIOLET_SCAN_STATUS },
    { "bags", VIOLET_SCAN_BAGS },
    { "errors", VIOLET_SCAN_ERRORS },
    { "payment_transactions", VIOLET_SCAN_PAYMENTS },
    { "paymentTransactions", VIOLET_SCAN_PAYMENTS },
    { NULL, VIOLET_SCAN_ANY }
};


static const violet_scan_key_t  violet_scan_bag_keys[] = {
    { "status", VIOLET_SCAN_BAG_STATUS },
    { NULL, VIOLET_SCAN_ANY }
};


static const violet_scan_key_t  violet_scan_payment_keys[] = {
    { "status", VIOLET_SCAN_PAYMENT_STATUS },
    { "capture_status", VIOLET_SCAN_PAYMENT_STATUS },
    { "captureStatus", VIOLET_SCAN_PAYMENT_STATUS },
    { NULL, VIOLET_SCAN_ANY }
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

    violet_scan_space(&s);

    if (s.p == s.last || *s.p != '{' || !violet_scan_value(&s)) {
        return 0;
    }

    while (s.depth) {

        if (!violet_scan_next(&s)) {
            return 0;
        }
    }

    violet_scan_space(&s);

    return s.p == s.last && s.bags > 0 && s.bags <= VIOLET_ORDER_MAX_BAGS;
}


/* One value; of an array or object its opening alone. */

static int
violet_scan_value(violet_scan_t *s)
{
    int            plain;
    violet_text_t  text;

    violet_scan_space(s);

    if (s->p == s->last) {
        return 0;
    }

    switch (*s->p) {

    case '{':
        return violet_scan_open(s, 1);

    case '[':
        return violet_scan_open(s, 0);

    case '"':
        return violet_scan_string(s, &text, &plain)
               && violet_scan_judge(s, &text, plain);

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
        return violet_scan_number(s);
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

    violet_scan_space(s);

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

    violet_scan_space(s);

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

    violet_scan_space(s);

    if (s->p == s->last || *s->p != '"'
        || !violet_scan_string(s, &key, &plain))
    {
        return 0;
    }

    /* a key that decides may hide behind escapes */

    if (!plain && s->depth <= 3) {
        return 0;
    }

    if (!violet_scan_role(s, &key)) {
        return 0;
    }

    violet_scan_space(s);

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

    for (i = 0; keys[i].name; i++) {

        if (strlen(keys[i].name) != key->len
            || memcmp(keys[i].name, key->data, key->len) != 0)
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


/* A string and whether it is plain: without escapes. */

static int
violet_scan_string(violet_scan_t *s, violet_text_t *text, int *plain)
{
    unsigned char  c;

    s->p++;

    text->data = s->p;
    *plain = 1;

    while (s->p < s->last) {
        c = (unsigned char) *s->p;

        if (c == '"') {
            text->len = (size_t) (s->p - text->data);
            s->p++;
            return 1;
        }

        if (c < 0x20) {
            return 0;
        }

        if (c == '\\') {
            *plain = 0;

            if (!violet_scan_escape(s)) {
                return 0;
            }

        } else if (c < 0x80) {
            s->p++;

        } else if (!violet_scan_utf8(s)) {
            return 0;
        }
    }

    return 0;
}


static int
violet_scan_escape(violet_scan_t *s)
{
    unsigned  i;

    if (s->last - s->p < 2) {
        return 0;
    }

    if (s->p[1] != 'u') {
        if (s->p[1] == '\0' || strchr("\"\\/bfnrt", s->p[1]) == NULL) {
            return 0;
        }

        s->p += 2;
        return 1;
    }

    if (s->last - s->p < 6) {
        return 0;
    }

    for (i = 2; i < 6; i++) {
        if (s->p[i] == '\0'
            || strchr("0123456789abcdefABCDEF", s->p[i]) == NULL)
        {
            return 0;
        }
    }

    s->p += 6;

    return 1;
}


/* RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF. */

static int
violet_scan_utf8(violet_scan_t *s)
{
    unsigned       i, n;
    unsigned char  c, low, high;

    c = (unsigned char) *s->p;
    low = 0x80;
    high = 0xbf;

    if (c >= 0xc2 && c <= 0xdf) {
        n = 1;

    } else if (c >= 0xe0 && c <= 0xef) {
        n = 2;
        low = c == 0xe0 ? 0xa0 : 0x80;
        high = c == 0xed ? 0x9f : 0xbf;

    } else if (c >= 0xf0 && c <= 0xf4) {
        n = 3;
        low = c == 0xf0 ? 0x90 : 0x80;
        high = c == 0xf4 ? 0x8f : 0xbf;

    } else {
        return 0;
    }

    if ((size_t) (s->last - s->p) <= n) {
        return 0;
    }

    for (i = 1; i <= n; i++) {
        c = (unsigned char) s->p[i];

        if (c < low || c > high) {
            return 0;
        }

        low = 0x80;
        high = 0xbf;
    }

    s->p += n + 1;

    return 1;
}


static int
violet_scan_number(violet_scan_t *s)
{
    if (*s->p == '-') {
        s->p++;
    }

    if (s->p < s->last && *s->p == '0') {
        s->p++;

    } else if (!violet_scan_digits(s)) {
        return 0;
    }

    if (s->p < s->last && *s->p == '.') {
        s->p++;

        if (!violet_scan_digits(s)) {
            return 0;
        }
    }

    if (s->p < s->last && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;

        if (s->p < s->last && (*s->p == '+' || *s->p == '-')) {
            s->p++;
        }

        return violet_scan_digits(s);
    }

    return 1;
}


static int
violet_scan_digits(violet_scan_t *s)
{
    const char  *start;

    start = s->p;

    while (s->p < s->last && *s->p >= '0' && *s->p <= '9') {
        s->p++;
    }

    return s->p > start;
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


static void
violet_scan_space(violet_scan_t *s)
{
    while (s->p < s->last
           && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n'
               || *s->p == '\r'))
    {
        s->p++;
    }
}

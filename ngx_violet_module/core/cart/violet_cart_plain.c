
/*
 * One walk over the lexemes of the text.  Each object has a table of the names
 * that the judge reads there, and gives up on a value that needs a closer look,
 * on a name that it has twice, and on a name with escapes.
 */

#include "violet_bags.h"
#include "violet_cart_plain.h"
#include "violet_json.h"
#include "violet_json_lexeme.h"
#include "violet_json_repair.h"
#include "violet_order.h"


typedef struct violet_plain_s  violet_plain_t;


/* a name, and what reads its value; both casings of a name have one bit */

typedef struct {
    violet_text_t     name;
    unsigned          bit;
    const char     *(*read)(violet_plain_t *plain, const char *p,
                            unsigned room);
} violet_plain_name_t;


struct violet_plain_s {
    const char       *last;
    int64_t           id;
    size_t            nbags;
};


static const char *violet_plain_object(violet_plain_t *plain, const char *p,
    unsigned room, const violet_plain_name_t *names, unsigned needed);
static violet_json_names_t violet_plain_known(
    const violet_plain_name_t *names);
static const char *violet_plain_member(violet_plain_t *plain, const char *p,
    unsigned room, const violet_plain_name_t *names,
    const violet_json_names_t *known, unsigned *found);
static const char *violet_plain_array(violet_plain_t *plain, const char *p,
    unsigned room, const violet_plain_name_t *names, unsigned needed);
static const char *violet_plain_text(violet_plain_t *plain, const char *p,
    violet_text_t *text);

static const char *violet_plain_id(violet_plain_t *plain, const char *p,
    unsigned room);
static const char *violet_plain_status(violet_plain_t *plain, const char *p,
    unsigned room);
static const char *violet_plain_bags(violet_plain_t *plain, const char *p,
    unsigned room);
static const char *violet_plain_bag_status(violet_plain_t *plain,
    const char *p, unsigned room);
static const char *violet_plain_payments(violet_plain_t *plain,
    const char *p, unsigned room);
static const char *violet_plain_paid(violet_plain_t *plain, const char *p,
    unsigned room);
static const char *violet_plain_any(violet_plain_t *plain, const char *p,
    unsigned room);
static const char *violet_plain_none(violet_plain_t *plain, const char *p,
    unsigned room);
static const char *violet_plain_null(violet_plain_t *plain, const char *p,
    unsigned room);


/* a bit for each name, in both casings */

enum {
    VIOLET_PLAIN_ID = 0x0001,
    VIOLET_PLAIN_STATUS = 0x0002,
    VIOLET_PLAIN_BAGS = 0x0004,
    VIOLET_PLAIN_ERRORS = 0x0008,
    VIOLET_PLAIN_PAYMENTS = 0x0010,
    VIOLET_PLAIN_PAYMENT = 0x0020,
    VIOLET_PLAIN_CAPTURE = 0x0040,
    VIOLET_PLAIN_RELATED = 0x0080,
    VIOLET_PLAIN_INTENT = 0x0100,
    VIOLET_PLAIN_WALLET = 0x0200,
    VIOLET_PLAIN_BAG_ID = 0x0400,
    VIOLET_PLAIN_FINANCIAL = 0x0800,
    VIOLET_PLAIN_EXTERNAL = 0x1000,
    VIOLET_PLAIN_EXTERNAL_ORDER = 0x2000,
    VIOLET_PLAIN_SUBMITTED = 0x4000,
    VIOLET_PLAIN_BAG_STATUS = 0x8000,
    VIOLET_PLAIN_CODE = 0x10000,
    VIOLET_PLAIN_ERROR = 0x20000,
    VIOLET_PLAIN_ERROR_CODE = 0x40000,
    VIOLET_PLAIN_MESSAGE = 0x80000
};


static const violet_plain_name_t  violet_plain_order[] = {
    { violet_text("id"), VIOLET_PLAIN_ID, violet_plain_id },
    { violet_text("status"), VIOLET_PLAIN_STATUS, violet_plain_status },
    { violet_text("bags"), VIOLET_PLAIN_BAGS, violet_plain_bags },
    { violet_text("errors"), VIOLET_PLAIN_ERRORS, violet_plain_none },
    { violet_text("payment_transactions"), VIOLET_PLAIN_PAYMENTS,
      violet_plain_payments },
    { violet_text("paymentTransactions"), VIOLET_PLAIN_PAYMENTS,
      violet_plain_payments },
    { violet_text("payment_status"), VIOLET_PLAIN_PAYMENT, violet_plain_paid },
    { violet_text("paymentStatus"), VIOLET_PLAIN_PAYMENT, violet_plain_paid },
    { violet_text("intent_based_checkout"), VIOLET_PLAIN_INTENT,
      violet_plain_any },
    { violet_text("intentBasedCheckout"), VIOLET_PLAIN_INTENT,
      violet_plain_any },
    { violet_text("wallet_based_checkout"), VIOLET_PLAIN_WALLET,
      violet_plain_any },
    { violet_text("walletBasedCheckout"), VIOLET_PLAIN_WALLET,
      violet_plain_any },

    /* of an API exception */
    { violet_text("code"), VIOLET_PLAIN_CODE, violet_plain_null },
    { violet_text("error"), VIOLET_PLAIN_ERROR, violet_plain_null },
    { violet_text("error_code"), VIOLET_PLAIN_ERROR_CODE, violet_plain_null },
    { violet_text("message"), VIOLET_PLAIN_MESSAGE, violet_plain_null },
    { violet_text_null, 0, NULL }
};


static const violet_plain_name_t  violet_plain_bag[] = {
    { violet_text("status"), VIOLET_PLAIN_STATUS, violet_plain_bag_status },
    { violet_text("id"), VIOLET_PLAIN_ID, violet_plain_any },
    { violet_text("bag_id"), VIOLET_PLAIN_BAG_ID, violet_plain_any },
    { violet_text("bagId"), VIOLET_PLAIN_BAG_ID, violet_plain_any },
    { violet_text("bag_status"), VIOLET_PLAIN_BAG_STATUS, violet_plain_any },
    { violet_text("bagStatus"), VIOLET_PLAIN_BAG_STATUS, violet_plain_any },
    { violet_text("financial_status"), VIOLET_PLAIN_FINANCIAL,
      violet_plain_any },
    { violet_text("financialStatus"), VIOLET_PLAIN_FINANCIAL,
      violet_plain_any },
    { violet_text("external_id"), VIOLET_PLAIN_EXTERNAL, violet_plain_any },
    { violet_text("externalId"), VIOLET_PLAIN_EXTERNAL, violet_plain_any },
    { violet_text("external_order_id"), VIOLET_PLAIN_EXTERNAL_ORDER,
      violet_plain_any },
    { violet_text("externalOrderId"), VIOLET_PLAIN_EXTERNAL_ORDER,
      violet_plain_any },
    { violet_text("date_submitted"), VIOLET_PLAIN_SUBMITTED,
      violet_plain_any },
    { violet_text("dateSubmitted"), VIOLET_PLAIN_SUBMITTED,
      violet_plain_any },
    { violet_text_null, 0, NULL }
};


static const violet_plain_name_t  violet_plain_payment[] = {
    { violet_text("status"), VIOLET_PLAIN_STATUS, violet_plain_paid },
    { violet_text("capture_status"), VIOLET_PLAIN_CAPTURE, violet_plain_paid },
    { violet_text("captureStatus"), VIOLET_PLAIN_CAPTURE, violet_plain_paid },
    { violet_text("errors"), VIOLET_PLAIN_ERRORS, violet_plain_none },
    { violet_text("related_bags"), VIOLET_PLAIN_RELATED, violet_plain_any },
    { violet_text("relatedBags"), VIOLET_PLAIN_RELATED, violet_plain_any },
    { violet_text_null, 0, NULL }
};


static const char *const  violet_plain_paid_words[] = {
    "CAPTURED",
    "AUTHORIZED",
    "BYPASSED",
    NULL
};


int
violet_cart_is_plain(violet_text_t text, int64_t *id)
{
    const char      *p;
    violet_plain_t   plain;

    if (text.len == 0) {
        return 0;
    }

    plain.last = text.data + text.len;
    plain.id = 0;
    plain.nbags = 0;

    p = violet_plain_object(&plain, text.data, VIOLET_JSON_MAX_DEPTH,
                            violet_plain_order,
                            VIOLET_PLAIN_ID|VIOLET_PLAIN_STATUS
                            |VIOLET_PLAIN_BAGS);

    *id = plain.id;

    return p == plain.last && plain.nbags > 0;
}


/*
 * This function and the next ones read what begins at "p".  They return the
 * byte after it and the white space that follows, or NULL if they give up.
 */

static const char *
violet_plain_object(violet_plain_t *plain, const char *p, unsigned room,
    const violet_plain_name_t *names, unsigned needed)
{
    int                  ended;
    char                 next;
    unsigned             found;
    violet_json_names_t  known;

    if (room == 0 || *p != '{') {
        return NULL;
    }

    found = 0;
    known = violet_plain_known(names);
    p = violet_json_space(p + 1, plain->last);

    do {
        p = violet_json_members(p, plain->last, &known, &ended);

        if (!ended) {
            p = violet_plain_member(plain, p, room - 1, names, &known,
                                    &found);
        }

        if (p == NULL || p == plain->last) {
            return NULL;
        }

        next = *p;
        p = violet_json_space(p + 1, plain->last);

    } while (next == ',');

    return next == '}' && (found & needed) == needed ? p : NULL;
}


/* Most other members are not of this set, and compared with no name. */

static violet_json_names_t
violet_plain_known(const violet_plain_name_t *names)
{
    violet_json_names_t  known = { 0, 0 };

    for ( /* void */ ; names->name.data; names++) {
        violet_json_add_name(&known, names->name.data, names->name.len);
    }

    return known;
}


static const char *
violet_plain_member(violet_plain_t *plain, const char *p, unsigned room,
    const violet_plain_name_t *names, const violet_json_names_t *known,
    unsigned *found)
{
    int            as_is;
    violet_text_t  name;

    p = violet_json_name(p, plain->last, &name, &as_is);

    if (p == NULL || p == plain->last || !as_is) {
        return NULL;
    }

    if (!violet_json_may_be(known, name.data, name.len)) {
        return violet_json_value(p, plain->last, room);
    }

    for ( /* void */ ; names->name.data; names++) {

        if (names->name.len != name.len
            || names->name.data[0] != name.data[0]
            || memcmp(names->name.data, name.data, name.len) != 0)
        {
            continue;
        }

        if (*found & names->bit) {
            return NULL;
        }

        *found |= names->bit;

        return names->read(plain, p, room);
    }

    return violet_json_value(p, plain->last, room);
}


/* an array of objects, which may be empty */

static const char *
violet_plain_array(violet_plain_t *plain, const char *p, unsigned room,
    const violet_plain_name_t *names, unsigned needed)
{
    char  next;

    if (room == 0 || *p != '[') {
        return NULL;
    }

    p = violet_json_space(p + 1, plain->last);

    if (p < plain->last && *p == ']') {
        return violet_json_space(p + 1, plain->last);
    }

    do {
        p = p < plain->last
            ? violet_plain_object(plain, p, room - 1, names, needed) : NULL;

        if (p == NULL || p == plain->last) {
            return NULL;
        }

        next = *p;
        p = violet_json_space(p + 1, plain->last);

    } while (next == ',');

    return next == ']' ? p : NULL;
}


static const char *
violet_plain_text(violet_plain_t *plain, const char *p, violet_text_t *text)
{
    int  known;

    if (*p != '"') {
        return NULL;
    }

    p = violet_json_string(p, plain->last, text, &known);

    return p && known ? violet_json_space(p, plain->last) : NULL;
}


static const char *
violet_plain_id(violet_plain_t *plain, const char *p, unsigned room)
{
    int          real;
    const char  *end;

    (void) room;

    end = violet_json_number(p, plain->last, &real);

    if (end == NULL || real
        || violet_json_integer(p, (size_t) (end - p), &plain->id) != 0)
    {
        return NULL;
    }

    return violet_json_space(end, plain->last);
}


static const char *
violet_plain_status(violet_plain_t *plain, const char *p, unsigned room)
{
    violet_text_t  text;

    (void) room;

    p = violet_plain_text(plain, p, &text);

    return p && violet_order_is_accepted(text) ? p : NULL;
}


static const char *
violet_plain_bags(violet_plain_t *plain, const char *p, unsigned room)
{
    return violet_plain_array(plain, p, room, violet_plain_bag,
                              VIOLET_PLAIN_STATUS);
}


static const char *
violet_plain_bag_status(violet_plain_t *plain, const char *p, unsigned room)
{
    violet_text_t  text;

    (void) room;

    p = violet_plain_text(plain, p, &text);

    if (p == NULL
        || !violet_bag_is_accepted(text)
        || plain->nbags++ == VIOLET_BAGS_MAX)
    {
        return NULL;
    }

    return p;
}


static const char *
violet_plain_payments(violet_plain_t *plain, const char *p, unsigned room)
{
    return violet_plain_array(plain, p, room, violet_plain_payment, 0);
}


static const char *
violet_plain_paid(violet_plain_t *plain, const char *p, unsigned room)
{
    violet_text_t  text;

    (void) room;

    p = violet_plain_text(plain, p, &text);

    return p && violet_text_any(text, violet_plain_paid_words) ? p : NULL;
}


/* The value of such a name changes nothing, unless the name is there twice. */

static const char *
violet_plain_any(violet_plain_t *plain, const char *p, unsigned room)
{
    return violet_json_value(p, plain->last, room);
}


/* null, or an empty array */

static const char *
violet_plain_none(violet_plain_t *plain, const char *p, unsigned room)
{
    if (*p != '[') {
        return violet_plain_null(plain, p, room);
    }

    p = violet_json_space(p + 1, plain->last);

    return p < plain->last && *p == ']'
           ? violet_json_space(p + 1, plain->last) : NULL;
}


static const char *
violet_plain_null(violet_plain_t *plain, const char *p, unsigned room)
{
    (void) room;

    p = violet_json_word(p, plain->last, "null");

    return p ? violet_json_space(p, plain->last) : NULL;
}

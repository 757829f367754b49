
/*
 * One walk over the lexemes of the text.  Each object has a table of the names
 * that matter, and gives up on a value that needs a closer look, on a name
 * that it has twice, and on a name with escapes.
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
static uint64_t violet_plain_known(const violet_plain_name_t *names);
static const char *violet_plain_member(violet_plain_t *plain, const char *p,
    unsigned room, const violet_plain_name_t *names, uint64_t known,
    unsigned *found);
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
static const char *violet_plain_none(violet_plain_t *plain, const char *p,
    unsigned room);
static const char *violet_plain_null(violet_plain_t *plain, const char *p,
    unsigned room);


#define violet_plain_bit(name)                                                \
    (UINT64_C(1) << (((unsigned char) (name).data[0] + (name).len) & 63))


#define VIOLET_PLAIN_ID        0x01
#define VIOLET_PLAIN_STATUS    0x02
#define VIOLET_PLAIN_BAGS      0x04
#define VIOLET_PLAIN_ERRORS    0x08
#define VIOLET_PLAIN_PAYMENTS  0x10
#define VIOLET_PLAIN_PAYMENT   0x20
#define VIOLET_PLAIN_CAPTURE   0x40


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

    /* of an API exception */
    { violet_text("code"), 0, violet_plain_null },
    { violet_text("error"), 0, violet_plain_null },
    { violet_text("error_code"), 0, violet_plain_null },
    { violet_text("message"), 0, violet_plain_null },
    { violet_text_null, 0, NULL }
};


static const violet_plain_name_t  violet_plain_bag[] = {
    { violet_text("status"), VIOLET_PLAIN_STATUS, violet_plain_bag_status },
    { violet_text_null, 0, NULL }
};


static const violet_plain_name_t  violet_plain_payment[] = {
    { violet_text("status"), VIOLET_PLAIN_STATUS, violet_plain_paid },
    { violet_text("capture_status"), VIOLET_PLAIN_CAPTURE, violet_plain_paid },
    { violet_text("captureStatus"), VIOLET_PLAIN_CAPTURE, violet_plain_paid },
    { violet_text("errors"), VIOLET_PLAIN_ERRORS, violet_plain_none },
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
    char      next;
    unsigned  found;
    uint64_t  known;

    if (room == 0 || *p != '{') {
        return NULL;
    }

    found = 0;
    known = violet_plain_known(names);
    p = violet_json_space(p + 1, plain->last);

    do {
        p = violet_plain_member(plain, p, room - 1, names, known, &found);

        if (p == NULL || p == plain->last) {
            return NULL;
        }

        next = *p;
        p = violet_json_space(p + 1, plain->last);

    } while (next == ',');

    return next == '}' && (found & needed) == needed ? p : NULL;
}


/*
 * A bit for each name, by its first byte and its length.  Most members have
 * none of these bits, and are not compared with each name of the table.
 */

static uint64_t
violet_plain_known(const violet_plain_name_t *names)
{
    uint64_t  known;

    for (known = 0; names->name.data; names++) {
        known |= violet_plain_bit(names->name);
    }

    return known;
}


static const char *
violet_plain_member(violet_plain_t *plain, const char *p, unsigned room,
    const violet_plain_name_t *names, uint64_t known, unsigned *found)
{
    int            as_is;
    violet_text_t  name;

    p = violet_json_name(p, plain->last, &name, &as_is);

    if (p == NULL || p == plain->last || !as_is) {
        return NULL;
    }

    if (!(known & violet_plain_bit(name))) {
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

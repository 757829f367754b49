
/*
 * Reads a body of JSON in pieces: one state for each place in the grammar
 * (RFC 8259), and one bit for each open object or array.  It allocates nothing
 * and never looks back.
 */

#include "violet_event.h"
#include "violet_event_priv.h"


enum {
    VIOLET_SCAN_VALUE = 0,      /* before a value */
    VIOLET_SCAN_FIRST,          /* after "[": a value or "]" */
    VIOLET_SCAN_OPEN,           /* after "{": a name or "}" */
    VIOLET_SCAN_NAME,           /* after "," of an object */
    VIOLET_SCAN_COLON,
    VIOLET_SCAN_NEXT,           /* after a value: "," or the end */
    VIOLET_SCAN_STRING,
    VIOLET_SCAN_ESCAPE,
    VIOLET_SCAN_UNICODE,
    VIOLET_SCAN_LITERAL,
    VIOLET_SCAN_MINUS,
    VIOLET_SCAN_ZERO,
    VIOLET_SCAN_INTEGER,
    VIOLET_SCAN_POINT,
    VIOLET_SCAN_FRACTION,
    VIOLET_SCAN_E,
    VIOLET_SCAN_SIGN,
    VIOLET_SCAN_EXPONENT,
    VIOLET_SCAN_END,            /* the object is whole */
    VIOLET_SCAN_INVALID
};


static const char *violet_event_scan_string(violet_event_scan_t *scan,
    const char *p, const char *last);
static void violet_event_scan_char(violet_event_scan_t *scan, char c);
static void violet_event_scan_place(violet_event_scan_t *scan, char c);
static void violet_event_scan_value(violet_event_scan_t *scan, char c);
static void violet_event_scan_escape(violet_event_scan_t *scan, char c);
static int violet_event_scan_number(violet_event_scan_t *scan, char c);
static void violet_event_scan_begin(violet_event_scan_t *scan, int array);
static void violet_event_scan_close(violet_event_scan_t *scan, int array);
static void violet_event_scan_word(violet_event_scan_t *scan, unsigned name);
static void violet_event_scan_keep(violet_event_scan_t *scan, char c);
static void violet_event_scan_named(violet_event_scan_t *scan);
static void violet_event_scan_done(violet_event_scan_t *scan, int number);
static int violet_event_scan_in_array(const violet_event_scan_t *scan);


void
violet_event_scan_start(violet_event_scan_t *scan)
{
    memset(scan, 0, sizeof(violet_event_scan_t));
}


void
violet_event_scan(violet_event_scan_t *scan, const char *data, size_t len)
{
    const char  *p, *last;

    p = data;
    last = data + len;

    while (p < last && scan->state != VIOLET_SCAN_INVALID) {

        if (scan->state == VIOLET_SCAN_STRING) {
            p = violet_event_scan_string(scan, p, last);
            continue;
        }

        violet_event_scan_char(scan, *p++);
    }
}


int
violet_event_scan_end(violet_event_scan_t *scan, violet_event_body_t *body)
{
    if (scan->state != VIOLET_SCAN_END) {
        return -1;
    }

    *body = scan->body;

    return 0;
}


/* Most of a body is text in strings. */

static const char *
violet_event_scan_string(violet_event_scan_t *scan, const char *p,
    const char *last)
{
    for ( /* void */ ; p < last; p++) {

        if (*p == '"') {

            if (scan->name) {
                violet_event_scan_named(scan);
                scan->state = VIOLET_SCAN_COLON;

            } else {
                violet_event_scan_done(scan, 1);
            }

            return p + 1;
        }

        if (*p == '\\') {

            /* no name and no number that is wanted has an escape */

            scan->keep = 0;
            scan->state = VIOLET_SCAN_ESCAPE;

            return p + 1;
        }

        if ((unsigned char) *p < 0x20) {
            scan->state = VIOLET_SCAN_INVALID;
            return last;
        }

        if (scan->keep) {
            violet_event_scan_keep(scan, *p);
        }
    }

    return last;
}


static void
violet_event_scan_char(violet_event_scan_t *scan, char c)
{
    switch (scan->state) {

    case VIOLET_SCAN_ESCAPE:
    case VIOLET_SCAN_UNICODE:
        violet_event_scan_escape(scan, c);
        return;

    case VIOLET_SCAN_LITERAL:
        if (c != *scan->literal) {
            scan->state = VIOLET_SCAN_INVALID;
            return;
        }

        if (*++scan->literal == '\0') {
            violet_event_scan_done(scan, 0);
        }

        return;

    default:
        break;
    }

    if (scan->state >= VIOLET_SCAN_MINUS
        && scan->state <= VIOLET_SCAN_EXPONENT
        && violet_event_scan_number(scan, c))
    {
        return;
    }

    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        return;
    }

    violet_event_scan_place(scan, c);
}


/* A character between two lexemes. */

static void
violet_event_scan_place(violet_event_scan_t *scan, char c)
{
    switch (scan->state) {

    case VIOLET_SCAN_FIRST:
        if (c == ']') {
            violet_event_scan_close(scan, 1);
            return;
        }

        /* fall through */

    case VIOLET_SCAN_VALUE:
        violet_event_scan_value(scan, c);
        return;

    case VIOLET_SCAN_OPEN:
        if (c == '}') {
            violet_event_scan_close(scan, 0);
            return;
        }

        /* fall through */

    case VIOLET_SCAN_NAME:
        if (c == '"') {
            violet_event_scan_word(scan, 1);
            scan->state = VIOLET_SCAN_STRING;
            return;
        }

        break;

    case VIOLET_SCAN_COLON:
        if (c == ':') {
            scan->state = VIOLET_SCAN_VALUE;
            return;
        }

        break;

    case VIOLET_SCAN_NEXT:
        if (c == ',') {
            scan->state = violet_event_scan_in_array(scan)
                          ? VIOLET_SCAN_VALUE : VIOLET_SCAN_NAME;
            return;
        }

        if (c == ']' || c == '}') {
            violet_event_scan_close(scan, c == ']');
            return;
        }

        break;

    default: /* a number that is cut off, or text after the object */
        break;
    }

    scan->state = VIOLET_SCAN_INVALID;
}


static void
violet_event_scan_value(violet_event_scan_t *scan, char c)
{
    /* the whole must be an object */

    if (scan->depth == 0 && c != '{') {
        scan->state = VIOLET_SCAN_INVALID;
        return;
    }

    switch (c) {

    case '{':
    case '[':
        violet_event_scan_begin(scan, c == '[');
        return;

    case '"':
        violet_event_scan_word(scan, 0);
        scan->state = VIOLET_SCAN_STRING;
        return;

    case 't':
    case 'f':
    case 'n':
        scan->literal = c == 't' ? "rue" : c == 'f' ? "alse" : "ull";
        scan->state = VIOLET_SCAN_LITERAL;
        return;

    default:
        break;
    }

    violet_event_scan_word(scan, 0);
    violet_event_scan_keep(scan, c);

    scan->state = c == '-' ? VIOLET_SCAN_MINUS
                  : c == '0' ? VIOLET_SCAN_ZERO
                  : c >= '1' && c <= '9' ? VIOLET_SCAN_INTEGER
                                         : VIOLET_SCAN_INVALID;
}


static void
violet_event_scan_escape(violet_event_scan_t *scan, char c)
{
    if (scan->state == VIOLET_SCAN_UNICODE) {

        if (violet_text_hex(c) < 0) {
            scan->state = VIOLET_SCAN_INVALID;

        } else if (--scan->digits == 0) {
            scan->state = VIOLET_SCAN_STRING;
        }

        return;
    }

    if (c == 'u') {
        scan->digits = 4;
        scan->state = VIOLET_SCAN_UNICODE;

    } else {
        scan->state = c != '\0' && strchr("\"\\/bfnrt", c)
                      ? VIOLET_SCAN_STRING : VIOLET_SCAN_INVALID;
    }
}


/* Returns 0 if the number has ended before this character. */

static int
violet_event_scan_number(violet_event_scan_t *scan, char c)
{
    int       digit;
    unsigned  state;

    digit = (c >= '0' && c <= '9');
    state = VIOLET_SCAN_INVALID;

    switch (scan->state) {

    case VIOLET_SCAN_MINUS:
        state = c == '0' ? VIOLET_SCAN_ZERO
                : digit ? VIOLET_SCAN_INTEGER : VIOLET_SCAN_INVALID;
        break;

    case VIOLET_SCAN_ZERO:
    case VIOLET_SCAN_INTEGER:
        state = c == '.' ? VIOLET_SCAN_POINT
                : c == 'e' || c == 'E' ? VIOLET_SCAN_E
                : digit && scan->state == VIOLET_SCAN_INTEGER
                  ? VIOLET_SCAN_INTEGER : VIOLET_SCAN_NEXT;
        break;

    case VIOLET_SCAN_POINT:
    case VIOLET_SCAN_FRACTION:
        state = digit ? VIOLET_SCAN_FRACTION
                : scan->state == VIOLET_SCAN_POINT ? VIOLET_SCAN_INVALID
                : c == 'e' || c == 'E' ? VIOLET_SCAN_E : VIOLET_SCAN_NEXT;
        break;

    case VIOLET_SCAN_E:
        state = c == '+' || c == '-' ? VIOLET_SCAN_SIGN
                : digit ? VIOLET_SCAN_EXPONENT : VIOLET_SCAN_INVALID;
        break;

    default: /* VIOLET_SCAN_SIGN, VIOLET_SCAN_EXPONENT */
        state = digit ? VIOLET_SCAN_EXPONENT
                : scan->state == VIOLET_SCAN_SIGN ? VIOLET_SCAN_INVALID
                                                  : VIOLET_SCAN_NEXT;
    }

    if (state == VIOLET_SCAN_NEXT) {
        violet_event_scan_done(scan, 1);
        return 0;
    }

    violet_event_scan_keep(scan, c);
    scan->state = state;

    return 1;
}


static void
violet_event_scan_begin(violet_event_scan_t *scan, int array)
{
    unsigned char  bit;

    if (scan->depth == VIOLET_EVENT_DEPTH) {
        scan->state = VIOLET_SCAN_INVALID;
        return;
    }

    /* an id is no object */

    if (scan->depth == 1 && scan->wanted) {
        *scan->wanted = -1;
        scan->wanted = NULL;
    }

    bit = (unsigned char) (1 << scan->depth % 8);

    if (array) {
        scan->arrays[scan->depth / 8] |= bit;

    } else {
        scan->arrays[scan->depth / 8] &= (unsigned char) ~bit;
    }

    scan->depth++;
    scan->state = array ? VIOLET_SCAN_FIRST : VIOLET_SCAN_OPEN;
}


static void
violet_event_scan_close(violet_event_scan_t *scan, int array)
{
    if (violet_event_scan_in_array(scan) != array) {
        scan->state = VIOLET_SCAN_INVALID;
        return;
    }

    scan->depth--;
    scan->state = scan->depth ? VIOLET_SCAN_NEXT : VIOLET_SCAN_END;
}


static int
violet_event_scan_in_array(const violet_event_scan_t *scan)
{
    unsigned  n;

    n = scan->depth - 1;

    return scan->arrays[n / 8] >> n % 8 & 1;
}


/* A name, a string or a number begins; it is kept at the top only. */

static void
violet_event_scan_word(violet_event_scan_t *scan, unsigned name)
{
    scan->name = name;
    scan->len = 0;
    scan->keep = (scan->depth == 1 && (name || scan->wanted));
}


static void
violet_event_scan_keep(violet_event_scan_t *scan, char c)
{
    if (scan->len == VIOLET_EVENT_WORD) {
        scan->keep = 0;
    }

    if (scan->keep) {
        scan->word[scan->len++] = c;
    }
}


static void
violet_event_scan_named(violet_event_scan_t *scan)
{
    violet_text_t         name;
    violet_event_body_t  *body;

    static const char *const  merchant[] = { "merchant_id", "merchantId",
                                             NULL };
    static const char *const  app[] = { "app_id", "appId", NULL };
    static const char *const  payout[] = { "payment_provider_account_id",
                                           "paymentProviderAccountId",
                                           "payment_provider_account",
                                           "paymentProviderAccount", NULL };
    static const char *const  sync[] = { "total_products_synced",
                                         "totalProductsSynced", NULL };
    static const char *const  store[] = { "store_url", "storeUrl", NULL };

    scan->wanted = NULL;

    if (!scan->keep) {
        return;
    }

    name = (violet_text_t) { scan->word, scan->len };
    body = &scan->body;

    if (violet_text_equal(name, "id")) {
        scan->wanted = &body->id;

    } else if (violet_text_any(name, merchant)) {
        scan->wanted = &body->merchant_id;

    } else if (violet_text_any(name, app)) {
        scan->wanted = &body->app_id;

    } else if (violet_text_any(name, payout)) {
        body->shapes |= VIOLET_EVENT_HAS_PAYOUT;

    } else if (violet_text_any(name, sync)) {
        body->shapes |= VIOLET_EVENT_HAS_SYNC;

    } else if (violet_text_any(name, store)) {
        body->shapes |= VIOLET_EVENT_HAS_STORE;
    }
}


/*
 * A value has ended.  An id is a positive number, perhaps as a string; null is
 * as good as none.
 */

static void
violet_event_scan_done(violet_event_scan_t *scan, int number)
{
    uint64_t       id;
    violet_text_t  word;

    scan->state = VIOLET_SCAN_NEXT;

    if (scan->depth != 1 || scan->wanted == NULL) {
        return;
    }

    word = (violet_text_t) { scan->word, scan->len };

    if (!number) {
        id = (scan->literal[-1] == 'l') ? 0 : UINT64_MAX;

    } else if (!scan->keep || violet_text_number(word, &id) != 0 || id == 0) {
        id = UINT64_MAX;
    }

    if (id) {
        *scan->wanted = (*scan->wanted == 0 && id != UINT64_MAX)
                        ? (int64_t) id : -1;
    }

    scan->wanted = NULL;
}


/*
 * An event of Violet's webhooks: its name, and the merchant it is about.  The
 * body is read in pieces as they come, in a memory of fixed size: only numbers
 * at the top of the object count, everything below is passed over.
 */

#ifndef VIOLET_EVENT_H
#define VIOLET_EVENT_H


#include <stddef.h>
#include <stdint.h>

#include "violet_text.h"


/* objects and arrays within each other, at most */

#define VIOLET_EVENT_DEPTH  256

/* bytes of a name or a number that are kept; a longer one is passed over */

#define VIOLET_EVENT_WORD   32


typedef enum {
    VIOLET_EVENT_OTHER = 0,    /* says nothing about connection health */
    VIOLET_EVENT_MERCHANT,     /* MERCHANT_CONNECTED and its like */
    VIOLET_EVENT_PAYOUT,       /* MERCHANT_PAYOUT_ACCOUNT_... */
    VIOLET_EVENT_SYNC          /* PRODUCT_SYNC_COMPLETED, _FAILED */
} violet_event_kind_t;


/* an id that is absent is 0, one that is invalid or there twice is -1 */

typedef struct {
    int64_t    id;
    int64_t    merchant_id;
    int64_t    app_id;
    unsigned   shapes;         /* which names the body has, as bits */
} violet_event_body_t;


/* the state between two pieces; a caller reads nothing of it */

typedef struct {
    violet_event_body_t   body;
    unsigned              state;
    unsigned              depth;
    unsigned char         arrays[VIOLET_EVENT_DEPTH / 8];  /* as bits */
    const char           *literal;      /* what is left of true, false, null */
    int64_t              *wanted;       /* where the next value belongs */
    size_t                len;
    char                  word[VIOLET_EVENT_WORD];
    unsigned              digits;       /* of a \u escape, that are missing */
    unsigned              name:1;       /* the string is a name */
    unsigned              keep:1;       /* the word is kept */
} violet_event_scan_t;


/*
 * Start a body, take its next piece, and end it.  violet_event_scan_end()
 * returns 0 and sets *body if the whole body was one JSON object, else -1.
 * Text in strings need not be UTF-8.
 */

void violet_event_scan_start(violet_event_scan_t *scan);
void violet_event_scan(violet_event_scan_t *scan, const char *data,
    size_t len);
int violet_event_scan_end(violet_event_scan_t *scan,
    violet_event_body_t *body);


/* The kind of an event by its name, in any letter case. */

violet_event_kind_t violet_event_kind(violet_text_t name);


/* The kind of an event without a name, by the members of its body. */

violet_event_kind_t violet_event_shape(const violet_event_body_t *body);


/*
 * The merchant of an event, or 0 if it names none: "merchant_id", else "id" of
 * an event of a merchant, which is not one of a payout account.
 */

int32_t violet_event_merchant(const violet_event_body_t *body,
    violet_event_kind_t kind);


#endif /* VIOLET_EVENT_H */

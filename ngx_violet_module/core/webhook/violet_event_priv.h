
/*
 * Shared by violet_event.c, which finds the members of a body, and
 * violet_event_name.c, which knows what they mean.
 */

#ifndef VIOLET_EVENT_PRIV_H
#define VIOLET_EVENT_PRIV_H


/* bits of violet_event_body_t.shapes */

enum {
    VIOLET_EVENT_HAS_PAYOUT = 0x1,     /* payment_provider_account_... */
    VIOLET_EVENT_HAS_SYNC = 0x2,       /* total_products_synced */
    VIOLET_EVENT_HAS_STORE = 0x4       /* store_url */
};


#endif /* VIOLET_EVENT_PRIV_H */

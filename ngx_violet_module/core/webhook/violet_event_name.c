
/*
 * The kinds of events: by name, or by the shape of the body.
 */

#include "violet_event.h"
#include "violet_event_priv.h"


violet_event_kind_t
violet_event_kind(violet_text_t name)
{
    violet_text_t  head;

    static const char  payout[] = "MERCHANT_PAYOUT_ACCOUNT_";

    static const char *const  merchant[] = {
        "MERCHANT_CONNECTED", "MERCHANT_DISCONNECTED", "MERCHANT_ENABLED",
        "MERCHANT_DISABLED", "MERCHANT_NEEDS_ATTENTION", "MERCHANT_COMPLETE",
        NULL
    };

    static const char *const  sync[] = {
        "PRODUCT_SYNC_COMPLETED", "PRODUCT_SYNC_FAILED", NULL
    };

    if (violet_text_any(name, merchant)) {
        return VIOLET_EVENT_MERCHANT;
    }

    if (violet_text_any(name, sync)) {
        return VIOLET_EVENT_SYNC;
    }

    head.data = name.data;
    head.len = sizeof(payout) - 1;

    if (name.len > head.len && violet_text_is(head, payout)) {
        return VIOLET_EVENT_PAYOUT;
    }

    return VIOLET_EVENT_OTHER;
}


/*
 * A payout account and a sync name their merchant beside members that nothing
 * else has.  A merchant has an id, a store and no merchant_id.
 */

violet_event_kind_t
violet_event_shape(const violet_event_body_t *body)
{
    if (body->merchant_id > 0) {
        return (body->shapes & VIOLET_EVENT_HAS_PAYOUT) ? VIOLET_EVENT_PAYOUT
               : (body->shapes & VIOLET_EVENT_HAS_SYNC) ? VIOLET_EVENT_SYNC
                                                        : VIOLET_EVENT_OTHER;
    }

    if (body->merchant_id == 0 && body->id > 0
        && (body->shapes & VIOLET_EVENT_HAS_STORE))
    {
        return VIOLET_EVENT_MERCHANT;
    }

    return VIOLET_EVENT_OTHER;
}


int32_t
violet_event_merchant(const violet_event_body_t *body,
    violet_event_kind_t kind)
{
    int64_t  id;

    if (kind == VIOLET_EVENT_OTHER) {
        return 0;
    }

    id = body->merchant_id;

    if (id == 0 && kind == VIOLET_EVENT_MERCHANT) {
        id = body->id;
    }

    return id > 0 && id <= INT32_MAX ? (int32_t) id : 0;
}

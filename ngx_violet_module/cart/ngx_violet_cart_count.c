
/*
 * The counts of submits.  Each outcome is counted once, when it is known, and
 * each decision of the guard.  A replay is counted by the guard alone.  A
 * submit whose "violet $variable" names no app is not counted.
 */


#include "ngx_violet.h"
#include "ngx_violet_cart.h"
#include "ngx_violet_cart_record_priv.h"
#include "ngx_violet_count.h"


static violet_count_guard_t ngx_violet_cart_guard_result(
    ngx_violet_ctx_t *ctx);


void
ngx_violet_cart_count(ngx_violet_ctx_t *ctx)
{
    if (ctx->cart->counted || ctx->app == NULL) {
        return;
    }

    ctx->cart->counted = 1;

    ngx_violet_count(ctx->app, submits[ctx->cart->verdict.outcome]);

    ngx_violet_cart_count_reason(ctx);
}


void
ngx_violet_cart_count_reason(ngx_violet_ctx_t *ctx)
{
    if (ctx->cart->verdict.has_reason && ctx->app) {
        ngx_violet_count(ctx->app, submit_errors[ctx->cart->verdict.reason]);
    }
}


/* A question is no submit. */

void
ngx_violet_cart_count_guard(ngx_violet_ctx_t *ctx)
{
    if (!ctx->cart->question && ctx->app) {
        ngx_violet_count(ctx->app, guards[ngx_violet_cart_guard_result(ctx)]);
    }
}


static violet_count_guard_t
ngx_violet_cart_guard_result(ngx_violet_ctx_t *ctx)
{
    violet_cart_decision_t  *decision;

    decision = &ctx->cart->decision;

    switch (decision->action) {

    case VIOLET_DECISION_SEND:
        return decision->again ? VIOLET_COUNT_GUARD_AGAIN
                               : VIOLET_COUNT_GUARD_SENT;

    case VIOLET_DECISION_SHOWN:
        return VIOLET_COUNT_GUARD_RESOLVED;

    case VIOLET_DECISION_RECORDED:
        return VIOLET_COUNT_GUARD_REPLAYED;

    default:
        break;
    }

    switch (decision->refusal) {

    case VIOLET_CART_REFUSAL_IN_FLIGHT:
        return VIOLET_COUNT_GUARD_IN_PROGRESS;

    case VIOLET_CART_REFUSAL_OTHER_BODY:
        return VIOLET_COUNT_GUARD_KEY_REUSED;

    case VIOLET_CART_REFUSAL_NO_GUARD:
        return VIOLET_COUNT_GUARD_UNAVAILABLE;

    default:
        return VIOLET_COUNT_GUARD_UNRESOLVED;
    }
}


/*
 * A submit that is pending is no doubt: Violet works on it.  A flight whose
 * worker died is one from the instant at which its lease has run out.
 */

void
ngx_violet_record_count_doubt(violet_counters_doubts_t *doubts,
    ngx_violet_record_slot_t *slot, int n)
{
    if (doubts == NULL) {
        return;
    }

    if (slot->record.state == VIOLET_RECORD_UNKNOWN) {
        violet_count_end(&doubts->ends, slot->at + slot->record.kept, n);

    } else if (slot->record.state == VIOLET_RECORD_IN_FLIGHT) {
        violet_count_end(&doubts->lapses, slot->at + slot->record.left, n);
    }
}


violet_counters_doubts_t *
ngx_violet_record_doubts_of(ngx_violet_records_t *records, ngx_str_t *name)
{
    ngx_str_t           names;
    ngx_uint_t          i;
    ngx_violet_app_t  **app;
    u_char              buf[NGX_VIOLET_KEYS_NAME];

    app = records->apps->elts;

    for (i = 0; i < records->apps->nelts; i++) {

        if (app[i]->counts.doubts == NULL) {
            continue;
        }

        names.data = buf;
        ngx_violet_record_names(records->redis, &app[i]->keys, &names);

        if (name->len > names.len
            && ngx_memcmp(name->data, names.data, names.len) == 0)
        {
            return app[i]->counts.doubts;
        }
    }

    return NULL;
}

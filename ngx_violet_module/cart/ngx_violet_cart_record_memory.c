
/*
 * The submit guard's records in shared memory: one small value for each,
 * changed under the zone's lock.  It is kept as long as it says something,
 * and is not dropped for what somebody else wants to store.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_cart_record_priv.h"


static int64_t ngx_violet_submit_update(void *data, u_char *value);
static void ngx_violet_submit_apply(ngx_violet_submit_update_t *u,
    violet_submit_claim_t *claim, violet_submit_record_t *record);
static ngx_uint_t ngx_violet_submit_is_ours(violet_submit_record_t *record,
    violet_submit_claim_t *claim);
static ngx_uint_t ngx_violet_submit_counts(u_char *value, size_t len);


ngx_int_t
ngx_violet_submit_memory(ngx_violet_submit_update_t *update,
    ngx_violet_submit_t *submit, ngx_violet_submit_op_e op)
{
    ngx_str_t  name;

    update->submit = submit;
    update->op = op;

    submit->claim.now = ngx_violet_clock();

    name.data = submit->name;
    name.len = submit->name_len;

    return ngx_violet_memory_update(submit->zone, &name, 1,
                                    sizeof(violet_submit_record_t),
                                    ngx_violet_submit_update, update);
}


static int64_t
ngx_violet_submit_update(void *data, u_char *value)
{
    ngx_violet_submit_update_t  *u = data;

    violet_submit_claim_t   *claim;
    violet_submit_record_t   record;

    claim = &u->submit->claim;

    ngx_memcpy(&record, value, sizeof(violet_submit_record_t));

    if (violet_submit_state(&record, claim->now) == VIOLET_SUBMIT_NONE) {
        ngx_memzero(&record, sizeof(violet_submit_record_t));
    }

    ngx_violet_submit_apply(u, claim, &record);

    ngx_memcpy(value, &record, sizeof(violet_submit_record_t));

    return ngx_max(record.expires - claim->now, 0);
}


static void
ngx_violet_submit_apply(ngx_violet_submit_update_t *u,
    violet_submit_claim_t *claim, violet_submit_record_t *record)
{
    switch (u->op) {

    case NGX_VIOLET_SUBMIT_CLAIM:
        u->record = *record;
        u->verdict = violet_submit_claim(record, claim);
        break;

    case NGX_VIOLET_SUBMIT_LOOK:
        u->record = *record;
        break;

    case NGX_VIOLET_SUBMIT_RENEW:
        (void) violet_submit_renew(record, claim);
        break;

    case NGX_VIOLET_SUBMIT_SETTLE:
        (void) violet_submit_settle(record, claim, u->state, u->status);
        break;

    case NGX_VIOLET_SUBMIT_CANCEL:
        (void) violet_submit_cancel(record, claim);
        break;

    case NGX_VIOLET_SUBMIT_FREE:
        (void) violet_submit_free(record, claim);
        break;

    case NGX_VIOLET_SUBMIT_SHARE:

        if (record->state != VIOLET_SUBMIT_NONE
            && ngx_violet_submit_is_ours(record, claim))
        {
            record->flags |= VIOLET_SUBMIT_SHARED;
        }

        break;

    case NGX_VIOLET_SUBMIT_ADOPT:

        /* what this host learned by itself in the meantime stays */

        if (record->state == VIOLET_SUBMIT_NONE
            || (record->flags & VIOLET_SUBMIT_SHARED)
            || ngx_violet_submit_is_ours(record, claim))
        {
            /* what goes with the claim, Redis does not say */

            if (ngx_memcmp(record->token, u->record.token,
                           VIOLET_SUBMIT_DIGEST)
                == 0)
            {
                u->record.flags |= record->flags & (VIOLET_SUBMIT_AGAIN
                                                    |VIOLET_SUBMIT_DOUBT);
            }

            *record = u->record;
        }

        break;
    }
}


static ngx_uint_t
ngx_violet_submit_is_ours(violet_submit_record_t *record,
    violet_submit_claim_t *claim)
{
    return ngx_memcmp(record->token, claim->token, VIOLET_SUBMIT_DIGEST) == 0;
}


ngx_uint_t
ngx_violet_submit_count(ngx_shm_zone_t *zone, ngx_str_t *names)
{
    return ngx_violet_memory_count(zone, names, ngx_violet_submit_counts);
}


static ngx_uint_t
ngx_violet_submit_counts(u_char *value, size_t len)
{
    violet_submit_record_t  record;

    if (len != sizeof(violet_submit_record_t)) {
        return 0;
    }

    ngx_memcpy(&record, value, sizeof(violet_submit_record_t));

    return record.state != VIOLET_SUBMIT_NONE
           && record.state != VIOLET_SUBMIT_OPEN;
}

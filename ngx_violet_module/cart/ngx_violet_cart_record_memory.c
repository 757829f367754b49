
/*
 * The submit guard's records in shared memory: one value for each record,
 * changed under the zone's lock.  A value is kept until it expires; it is
 * never evicted for another one.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_cart_record_priv.h"


static int64_t ngx_violet_record_update(void *data, u_char *value);
static void ngx_violet_record_apply(ngx_violet_record_update_t *u,
    violet_record_claim_t *claim, violet_record_t *record);
static ngx_uint_t ngx_violet_record_is_ours(violet_record_t *record,
    violet_record_claim_t *claim);
static ngx_uint_t ngx_violet_record_counts(u_char *value, size_t len);


ngx_int_t
ngx_violet_record_memory(ngx_violet_record_update_t *update,
    ngx_violet_record_t *submit, ngx_violet_record_op_e op)
{
    ngx_str_t  name;

    update->submit = submit;
    update->op = op;

    submit->claim.now = ngx_violet_clock();

    name.data = submit->name;
    name.len = submit->name_len;

    return ngx_violet_memory_update(submit->zone, &name, 1,
                                    sizeof(violet_record_t),
                                    ngx_violet_record_update, update);
}


static int64_t
ngx_violet_record_update(void *data, u_char *value)
{
    ngx_violet_record_update_t  *u = data;

    violet_record_claim_t   *claim;
    violet_record_t   record;

    claim = &u->submit->claim;

    ngx_memcpy(&record, value, sizeof(violet_record_t));

    if (violet_record_state(&record, claim->now) == VIOLET_RECORD_NONE) {
        ngx_memzero(&record, sizeof(violet_record_t));
    }

    ngx_violet_record_apply(u, claim, &record);

    ngx_memcpy(value, &record, sizeof(violet_record_t));

    return ngx_max(record.expires - claim->now, 0);
}


static void
ngx_violet_record_apply(ngx_violet_record_update_t *u,
    violet_record_claim_t *claim, violet_record_t *record)
{
    switch (u->op) {

    case NGX_VIOLET_RECORD_CLAIM:
        u->record = *record;
        u->verdict = violet_record_claim(record, claim);
        break;

    case NGX_VIOLET_RECORD_LOOK:
        u->record = *record;
        break;

    case NGX_VIOLET_RECORD_RENEW:
        (void) violet_record_renew(record, claim);
        break;

    case NGX_VIOLET_RECORD_SETTLE:
        (void) violet_record_settle(record, claim, u->state, u->status);
        break;

    case NGX_VIOLET_RECORD_CANCEL:
        (void) violet_record_cancel(record, claim);
        break;

    case NGX_VIOLET_RECORD_REOPEN:
        (void) violet_record_reopen(record, claim);
        break;

    case NGX_VIOLET_RECORD_SHARE:

        if (record->state != VIOLET_RECORD_NONE
            && ngx_violet_record_is_ours(record, claim))
        {
            record->flags |= VIOLET_RECORD_SHARED;
        }

        break;

    case NGX_VIOLET_RECORD_ADOPT:

        /* a record that this host has settled meanwhile stays */

        if (record->state == VIOLET_RECORD_NONE
            || (record->flags & VIOLET_RECORD_SHARED)
            || ngx_violet_record_is_ours(record, claim))
        {
            /* Redis does not return OVERRIDE and DOUBT: keep ours */

            if (ngx_memcmp(record->token, u->record.token,
                           VIOLET_RECORD_DIGEST)
                == 0)
            {
                u->record.flags |= record->flags & (VIOLET_RECORD_OVERRIDE
                                                    |VIOLET_RECORD_DOUBT);
            }

            *record = u->record;
        }

        break;
    }
}


static ngx_uint_t
ngx_violet_record_is_ours(violet_record_t *record,
    violet_record_claim_t *claim)
{
    return ngx_memcmp(record->token, claim->token, VIOLET_RECORD_DIGEST) == 0;
}


ngx_uint_t
ngx_violet_record_count(ngx_shm_zone_t *zone, ngx_str_t *names)
{
    return ngx_violet_memory_count(zone, names, ngx_violet_record_counts);
}


static ngx_uint_t
ngx_violet_record_counts(u_char *value, size_t len)
{
    violet_record_t  record;

    if (len != sizeof(violet_record_t)) {
        return 0;
    }

    ngx_memcpy(&record, value, sizeof(violet_record_t));

    return record.state != VIOLET_RECORD_NONE
           && record.state != VIOLET_RECORD_OPEN;
}

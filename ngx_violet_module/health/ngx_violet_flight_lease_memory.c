
/*
 * Leases on this host, in the shared memory zone.  Each report has one counter
 * with two slots, for the flight of plain reads and the flight of refreshes.
 * A slot has the token of the flight and the end of its lease; it is free in
 * another epoch of the app's reports.  A result has a node of its own, under
 * the token of its flight.
 */


#include "ngx_violet_flight_lease.h"
#include "ngx_violet_health_epoch.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_random.h"

#include "violet_backoff.h"


/* slot 0 is for plain reads, slot 1 for refreshes */

typedef struct {
    u_char                token[NGX_VIOLET_LEASE_TOKEN];
    int64_t               until;          /* end, of ngx_violet_clock() */
    uint64_t              followed;
    uint64_t              epoch;          /* in which it was taken */
} ngx_violet_lease_slot_t;


/* the head before a result */

typedef struct {
    int64_t               until;          /* end of the hold */
    uint64_t              span;           /* ms of a failure, or 0 */
    uint64_t              epoch;          /* when Violet was asked */
} ngx_violet_lease_head_t;


typedef enum {
    NGX_VIOLET_LEASE_TAKE = 0,
    NGX_VIOLET_LEASE_KEEP,
    NGX_VIOLET_LEASE_LEAVE,
    NGX_VIOLET_LEASE_REVOKE,
    NGX_VIOLET_LEASE_END
} ngx_violet_lease_act_e;


typedef struct {
    ngx_violet_lease_t       *lease;
    ngx_violet_lease_act_e    act;
    ngx_uint_t                held;       /* the lease is or was ours */
    ngx_uint_t                followed;   /* by flights of this host */
} ngx_violet_lease_update_t;


static ngx_int_t ngx_violet_lease_update(ngx_violet_lease_t *lease,
    ngx_str_t *key, ngx_violet_lease_update_t *update);
static int64_t ngx_violet_lease_update_slots(void *data, u_char *value);
static void ngx_violet_lease_take_slot(ngx_violet_lease_update_t *u,
    ngx_violet_lease_slot_t *slots);
static ngx_uint_t ngx_violet_lease_slot_taken(ngx_violet_lease_slot_t *slot);
static ngx_uint_t ngx_violet_lease_slot_is(ngx_violet_lease_slot_t *slot,
    u_char *token);
static ngx_int_t ngx_violet_lease_find(ngx_violet_lease_t *lease,
    ngx_pool_t *pool, u_char *token, ngx_str_t *result, uint64_t *left);
static void ngx_violet_lease_leave_result(ngx_violet_lease_t *lease,
    u_char *token, ngx_str_t *result, uint64_t ttl, uint64_t span);
static void ngx_violet_lease_hold_failure(ngx_violet_lease_t *lease,
    ngx_str_t *result);
static void ngx_violet_lease_result(ngx_violet_lease_t *lease, u_char *token,
    ngx_violet_key_t *key);


ngx_int_t
ngx_violet_lease_init(ngx_violet_lease_t *lease)
{
    u_char  random[NGX_VIOLET_LEASE_TOKEN / 2];

    if (ngx_violet_random(random, sizeof(random)) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_hex_dump(lease->token, random, sizeof(random));

    return NGX_OK;
}


ngx_violet_lease_e
ngx_violet_lease_on_host(ngx_violet_lease_t *lease, ngx_pool_t *pool,
    ngx_str_t *result, uint64_t *left)
{
    ngx_violet_lease_update_t  update;

    *left = 0;

    lease->store.epoch = ngx_violet_health_epoch(lease->store.zone,
                                                 lease->store.app);

    if (lease->follows
        && ngx_violet_lease_find(lease, pool, lease->followed, result, left)
           == NGX_OK)
    {
        return NGX_VIOLET_LEASE_RESULT;
    }

    if (ngx_violet_lease_find(lease, pool, NULL, result, left) == NGX_OK) {
        return NGX_VIOLET_LEASE_HELD;
    }

    update.act = NGX_VIOLET_LEASE_TAKE;

    if (ngx_violet_lease_update(lease, &lease->store.key, &update) != NGX_OK)
    {
        return NGX_VIOLET_LEASE_OURS;
    }

    if (!update.held) {
        return NGX_VIOLET_LEASE_THEIRS;
    }

    lease->on_host = 1;

    return NGX_VIOLET_LEASE_OURS;
}


ngx_int_t
ngx_violet_lease_held_on_host(ngx_violet_lease_t *lease, ngx_pool_t *pool,
    ngx_str_t *result, uint64_t *left)
{
    lease->alone = 1;

    return ngx_violet_lease_find(lease, pool, NULL, result, left);
}


ngx_uint_t
ngx_violet_lease_is_live(ngx_violet_lease_t *lease)
{
    ngx_violet_key_t          key;
    ngx_violet_lease_slot_t   slots[2];

    if (!lease->on_host && !lease->follows) {

        /* not asked for yet, or there was no room for it */

        return 1;
    }

    ngx_violet_keys_flight(&key, &lease->store.key, NULL);

    if (lease->store.epoch != ngx_violet_health_epoch(lease->store.zone,
                                                      lease->store.app)
        || ngx_violet_memory_read(lease->store.zone, &key.name,
                                  (u_char *) slots, sizeof(slots))
           != NGX_OK)
    {
        return 0;
    }

    if (lease->on_host) {
        return ngx_violet_lease_slot_is(&slots[lease->refresh], lease->token);
    }

    return ngx_violet_lease_slot_is(&slots[0], lease->followed)
           || ngx_violet_lease_slot_is(&slots[1], lease->followed);
}


ngx_uint_t
ngx_violet_lease_renew_on_host(ngx_violet_lease_t *lease)
{
    ngx_violet_lease_update_t  update;

    if (!lease->on_host) {
        return 0;
    }

    update.act = NGX_VIOLET_LEASE_KEEP;

    return ngx_violet_lease_update(lease, &lease->store.key, &update)
           == NGX_OK
           && update.held;
}


void
ngx_violet_lease_land_on_host(ngx_violet_lease_t *lease,
    ngx_violet_landing_t *landing)
{
    ngx_uint_t                 i;
    ngx_violet_key_t           held;
    ngx_violet_lease_update_t  update;

    if (landing->hold) {
        ngx_violet_lease_leave_result(lease, NULL, &landing->result,
                                      landing->hold, 0);

    } else if (landing->failed) {
        ngx_violet_lease_hold_failure(lease, &landing->result);

    } else if (landing->report || landing->dropped) {
        ngx_violet_keys_held(&held, &lease->store.key);
        (void) ngx_violet_memory_forget(lease->store.zone, &held.name);
    }

    /* plain reads under way bring older reports, which must not be stored */

    update.act = NGX_VIOLET_LEASE_REVOKE;

    if (lease->refresh && (landing->report || landing->gone)) {
        (void) ngx_violet_lease_update(lease, &lease->store.key, &update);
    }

    if ((lease->refresh && landing->report) || landing->dropped) {

        for (i = 0; i < NGX_VIOLET_LEASE_DROPS; i++) {
            (void) ngx_violet_memory_forget(lease->store.zone,
                                            &lease->drops[i]);

            (void) ngx_violet_lease_update(lease, &lease->drops[i], &update);
        }
    }

    if (!lease->on_host) {
        return;
    }

    lease->on_host = 0;

    update.act = NGX_VIOLET_LEASE_LEAVE;

    if (ngx_violet_lease_update(lease, &lease->store.key, &update) == NGX_OK
        && update.followed && landing->result.len)
    {
        ngx_violet_lease_leave_result(lease, lease->token, &landing->result,
                                      NGX_VIOLET_LEASE_RESULT_TTL, 0);
    }
}


void
ngx_violet_lease_end_on_host(ngx_shm_zone_t *zone, ngx_str_t *report)
{
    ngx_violet_lease_t         lease;
    ngx_violet_lease_update_t  update;

    ngx_memzero(&lease, sizeof(ngx_violet_lease_t));

    lease.store.zone = zone;
    update.act = NGX_VIOLET_LEASE_END;

    (void) ngx_violet_lease_update(&lease, report, &update);
}


static ngx_int_t
ngx_violet_lease_update(ngx_violet_lease_t *lease, ngx_str_t *key,
    ngx_violet_lease_update_t *update)
{
    ngx_violet_key_t  slots;

    update->lease = lease;
    update->held = 0;
    update->followed = 0;

    ngx_violet_keys_flight(&slots, key, NULL);

    /* counters, unlike reports, are not dropped to make room */

    return ngx_violet_memory_update(lease->store.zone, &slots.name, 1,
                                    2 * sizeof(ngx_violet_lease_slot_t),
                                    ngx_violet_lease_update_slots, update);
}


static int64_t
ngx_violet_lease_update_slots(void *data, u_char *value)
{
    ngx_violet_lease_update_t  *u = data;

    ngx_uint_t                i;
    ngx_violet_lease_t       *lease;
    ngx_violet_lease_slot_t   slots[2];

    ngx_memcpy(slots, value, sizeof(slots));

    lease = u->lease;

    switch (u->act) {

    case NGX_VIOLET_LEASE_TAKE:
        ngx_violet_lease_take_slot(u, slots);
        break;

    case NGX_VIOLET_LEASE_REVOKE:
        ngx_memzero(&slots[0], sizeof(ngx_violet_lease_slot_t));
        break;

    case NGX_VIOLET_LEASE_END:
        ngx_memzero(slots, sizeof(slots));
        break;

    default:
        i = lease->refresh;

        if (!ngx_violet_lease_slot_is(&slots[i], lease->token)) {
            break;
        }

        u->held = 1;
        u->followed = slots[i].followed;

        if (u->act == NGX_VIOLET_LEASE_LEAVE) {
            ngx_memzero(&slots[i], sizeof(ngx_violet_lease_slot_t));

        } else {
            slots[i].until = ngx_violet_clock() + NGX_VIOLET_LEASE_TIME;
        }
    }

    for (i = 0; i < 2; i++) {
        if (!ngx_violet_lease_slot_taken(&slots[i])) {
            ngx_memzero(&slots[i], sizeof(ngx_violet_lease_slot_t));
        }
    }

    ngx_memcpy(value, slots, sizeof(slots));

    return NGX_VIOLET_LEASE_TIME;
}


static void
ngx_violet_lease_take_slot(ngx_violet_lease_update_t *u,
    ngx_violet_lease_slot_t *slots)
{
    ngx_uint_t           i;
    ngx_violet_lease_t  *lease;

    lease = u->lease;

    for (i = 2; i-- > lease->refresh; /* void */) {

        if (!ngx_violet_lease_slot_taken(&slots[i])
            || slots[i].epoch != lease->store.epoch)
        {
            continue;
        }

        slots[i].followed = 1;

        ngx_memcpy(lease->followed, slots[i].token, NGX_VIOLET_LEASE_TOKEN);
        lease->follows = 1;

        return;
    }

    i = lease->refresh;

    ngx_memcpy(slots[i].token, lease->token, NGX_VIOLET_LEASE_TOKEN);
    slots[i].until = ngx_violet_clock() + NGX_VIOLET_LEASE_TIME;
    slots[i].followed = 0;
    slots[i].epoch = lease->store.epoch;

    u->held = 1;
}


static ngx_uint_t
ngx_violet_lease_slot_taken(ngx_violet_lease_slot_t *slot)
{
    return slot->until > ngx_violet_clock();
}


static ngx_uint_t
ngx_violet_lease_slot_is(ngx_violet_lease_slot_t *slot, u_char *token)
{
    return ngx_memcmp(slot->token, token, NGX_VIOLET_LEASE_TOKEN) == 0;
}


/*
 * Finds the result of a flight by its token, or the held result if "token" is
 * NULL.  A failure is held only for callers who have an old report.  While no
 * notices come, another host may have dropped what is held: Redis knows.
 */

static ngx_int_t
ngx_violet_lease_find(ngx_violet_lease_t *lease, ngx_pool_t *pool,
    u_char *token, ngx_str_t *result, uint64_t *left)
{
    int64_t                  now;
    ngx_str_t                value;
    ngx_uint_t               covered;
    ngx_violet_key_t         key;
    ngx_violet_lease_head_t  head;

    ngx_violet_lease_result(lease, token, &key);

    if (ngx_violet_memory_get(lease->store.zone, &key.name, pool, &value,
                              &covered)
        != NGX_OK
        || value.len < sizeof(ngx_violet_lease_head_t))
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(&head, value.data, sizeof(ngx_violet_lease_head_t));

    if (token == NULL) {

        if (head.epoch != lease->store.epoch) {
            return NGX_DECLINED;
        }

        lease->span = head.span;
    }

    now = ngx_violet_clock();

    if (head.until <= now || (head.span && !lease->stale)) {
        return NGX_DECLINED;
    }

    if (token == NULL && lease->store.redis && !covered && !lease->alone) {
        return NGX_DECLINED;
    }

    *left = (uint64_t) (head.until - now);

    result->data = value.data + sizeof(ngx_violet_lease_head_t);
    result->len = value.len - sizeof(ngx_violet_lease_head_t);

    return NGX_OK;
}


/*
 * Holds a failure for twice as long as the last one, see lease->span.  With
 * Redis, the script of the landing does the same for all hosts.
 */

static void
ngx_violet_lease_hold_failure(ngx_violet_lease_t *lease, ngx_str_t *result)
{
    uint64_t  span;

    span = violet_backoff_next(lease->span, NGX_VIOLET_LEASE_HOLD,
                               NGX_VIOLET_LEASE_MAX_HOLD);

    ngx_violet_lease_leave_result(lease, NULL, result, span, span);
}


/* If there is no room for the result, followers ask Violet themselves. */

static void
ngx_violet_lease_leave_result(ngx_violet_lease_t *lease, u_char *token,
    ngx_str_t *result, uint64_t ttl, uint64_t span)
{
    ngx_str_t                bytes;
    ngx_violet_key_t         key;
    ngx_violet_lease_head_t  head;

    ngx_violet_lease_result(lease, token, &key);

    head.until = ngx_violet_clock() + (int64_t) ttl;
    head.span = span;
    head.epoch = lease->store.epoch;

    bytes.data = (u_char *) &head;
    bytes.len = sizeof(ngx_violet_lease_head_t);

    if (span) {
        ttl += NGX_VIOLET_LEASE_NEXT;
    }

    (void) ngx_violet_memory_set(lease->store.zone, &key.name, &bytes, result,
                                 ttl);
}


uint64_t
ngx_violet_lease_noticed(ngx_violet_lease_t *lease)
{
    ngx_violet_key_t  held;

    ngx_violet_keys_held(&held, &lease->store.key);

    return ngx_violet_memory_noticed(lease->store.zone, &lease->store.key)
           + ngx_violet_memory_noticed(lease->store.zone, &held.name)
           + ngx_violet_health_epoch(lease->store.zone, lease->store.app);
}


static void
ngx_violet_lease_result(ngx_violet_lease_t *lease, u_char *token,
    ngx_violet_key_t *key)
{
    ngx_str_t  word;

    if (token == NULL) {
        ngx_violet_keys_held(key, &lease->store.key);
        return;
    }

    word.data = token;
    word.len = NGX_VIOLET_LEASE_TOKEN;

    ngx_violet_keys_flight(key, &lease->store.key, &word);
}


/*
 * Tokens in shared memory.  A slot belongs to the app whose key, a digest, it
 * holds.  The key is compared under the lock each time: a reload may give the
 * slot to another app while old workers still run.  A slot holds no pointer
 * and nothing of a configuration.
 *
 * A worker may be killed at any point.  The length of a token is zero while
 * the token is being replaced, so no other worker reads half a token or the
 * times of another one; a slot without a token is renewed.
 */


#include "ngx_violet_memory_barrier.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_token_zone.h"

#include <signal.h>


/* ms after which a lease ends, if its worker hangs; a renewal takes less */
#define NGX_VIOLET_TOKEN_LEASE      60000

/* ms without a refusal after which the count of refusals starts anew */
#define NGX_VIOLET_TOKEN_FORGIVEN   (2 * VIOLET_SCHEDULE_MAX_PAUSE)

/* ms between two checks of a slot at most, whatever the clocks say */
#define NGX_VIOLET_TOKEN_LOOK       1000

/* ms by which the cached times of two workers may differ */
#define NGX_VIOLET_TOKEN_SLACK      100

/* the number of slots is a multiple of this: few reloads resize the zone */
#define NGX_VIOLET_TOKEN_SLOTS      8


struct ngx_violet_token_zone_s {
    u_char             key[NGX_VIOLET_TOKEN_KEY];
    ngx_uint_t         taken;
    int64_t            used;          /* when a worker last took the slot */

    ngx_atomic_t       changes;       /* never decreases */
    ngx_uint_t         generation;    /* differs if the token's bytes do */
    violet_schedule_t  schedule;
    uint32_t           secret;        /* hash of the app_secret */

    ngx_pid_t          holder;        /* of the lease; 0: no worker */
    int64_t            lease_until;

    int64_t            retry;         /* no renewal before this instant */
    ngx_uint_t         failures;      /* in a row */
    ngx_uint_t         reason;        /* of the last failure */

    ngx_uint_t         renew_wanted;  /* Violet refused the token */
    ngx_uint_t         refusals;
    int64_t            refused;       /* instant of the last refusal */
    ngx_atomic_t       refusals_logged;  /* the line that a new token was
                                            refused too is in the log */

    size_t             len;
    size_t             refresh_len;
    u_char             token[VIOLET_TOKEN_MAX];
    u_char             refresh[VIOLET_REFRESH_MAX];
};


typedef struct {
    ngx_uint_t                 n;
    ngx_violet_token_zone_t    slots[1];
} ngx_violet_token_shared_t;


static ngx_int_t ngx_violet_token_zone_init(ngx_shm_zone_t *zone, void *data);
static ngx_slab_pool_t *ngx_violet_token_zone_pool(
    ngx_violet_token_place_t *place);
static ngx_violet_token_zone_t *ngx_violet_token_zone_lock(
    ngx_violet_token_place_t *place);
static ngx_violet_token_zone_t *ngx_violet_token_zone_lock_leased(
    ngx_violet_token_place_t *place);
static void ngx_violet_token_zone_unlock(ngx_violet_token_place_t *place);
static ngx_uint_t ngx_violet_token_zone_held(ngx_violet_token_zone_t *slot);
static void ngx_violet_token_zone_pause(ngx_violet_token_zone_t *slot,
    ngx_uint_t n);


ngx_shm_zone_t *
ngx_violet_token_zone_add(ngx_conf_t *cf, ngx_uint_t apps, void *tag)
{
    size_t           size;
    ngx_str_t        name;
    ngx_uint_t       n;
    ngx_shm_zone_t  *zone;

    ngx_str_set(&name, "violet_tokens");

    /* the slots of an old configuration are kept beside those of a new one */

    n = ngx_align(2 * apps, NGX_VIOLET_TOKEN_SLOTS);

    size = sizeof(ngx_violet_token_shared_t)
           + n * sizeof(ngx_violet_token_zone_t);

    /* the slab pool needs room for itself and for each of its pages */

    size = ngx_align(size + size / 64, ngx_pagesize) + 8 * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, &name, size, tag);
    if (zone == NULL) {
        return NULL;
    }

    zone->init = ngx_violet_token_zone_init;

    /* nginx does not read this pointer: it holds the number of slots */

    zone->data = (void *) n;

    return zone;
}


static ngx_int_t
ngx_violet_token_zone_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_uint_t                  n;
    ngx_slab_pool_t            *shpool;
    ngx_violet_token_shared_t  *sh;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data || zone->shm.exists) {
        return NGX_OK;
    }

    n = (ngx_uint_t) zone->data;

    sh = ngx_slab_calloc(shpool, sizeof(ngx_violet_token_shared_t)
                                 + n * sizeof(ngx_violet_token_zone_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    sh->n = n;
    shpool->data = sh;

    return NGX_OK;
}


static ngx_slab_pool_t *
ngx_violet_token_zone_pool(ngx_violet_token_place_t *place)
{
    return (ngx_slab_pool_t *) place->zone->shm.addr;
}


/* Locks the zone.  Returns the slot, or NULL if another app has it now. */

static ngx_violet_token_zone_t *
ngx_violet_token_zone_lock(ngx_violet_token_place_t *place)
{
    ngx_violet_token_zone_t  *slot;

    ngx_shmtx_lock(&ngx_violet_token_zone_pool(place)->mutex);

    slot = place->slot;

    return slot && ngx_memcmp(slot->key, place->key, NGX_VIOLET_TOKEN_KEY) == 0
           ? slot : NULL;
}


/*
 * Returns NULL also if this worker's lease has run out: another worker may
 * hold the lease now, and the result of the renewal is ignored.
 */

static ngx_violet_token_zone_t *
ngx_violet_token_zone_lock_leased(ngx_violet_token_place_t *place)
{
    ngx_violet_token_zone_t  *slot;

    slot = ngx_violet_token_zone_lock(place);

    return slot && slot->holder == ngx_pid ? slot : NULL;
}


static void
ngx_violet_token_zone_unlock(ngx_violet_token_place_t *place)
{
    ngx_shmtx_unlock(&ngx_violet_token_zone_pool(place)->mutex);
}


void
ngx_violet_token_zone_take(ngx_violet_token_place_t *place)
{
    ngx_uint_t                  i;
    ngx_violet_token_zone_t    *slot, *free;
    ngx_violet_token_shared_t  *sh;

    sh = ngx_violet_token_zone_pool(place)->data;

    /* there is at least one */

    free = sh->slots;

    ngx_shmtx_lock(&ngx_violet_token_zone_pool(place)->mutex);

    for (i = 0; i < sh->n; i++) {
        slot = &sh->slots[i];

        if (slot->taken
            && ngx_memcmp(slot->key, place->key, NGX_VIOLET_TOKEN_KEY) == 0)
        {
            free = slot;
            break;
        }

        if (slot->taken < free->taken
            || (slot->taken && slot->used < free->used))
        {
            free = slot;
        }
    }

    slot = free;

    if (i == sh->n) {
        slot->len = 0;
        slot->refresh_len = 0;
        ngx_violet_barrier();

        explicit_bzero(slot->token, VIOLET_TOKEN_MAX);
        explicit_bzero(slot->refresh, VIOLET_REFRESH_MAX);

        slot->changes++;
        slot->generation++;
        slot->secret = 0;
        slot->holder = 0;
        slot->failures = 0;
        slot->reason = 0;
        slot->renew_wanted = 0;
        slot->refusals = 0;
        slot->refusals_logged = 0;

        ngx_violet_barrier();
        ngx_memcpy(slot->key, place->key, NGX_VIOLET_TOKEN_KEY);

        ngx_violet_barrier();
        slot->taken = 1;
    }

    slot->used = ngx_violet_clock();
    place->slot = slot;

    ngx_violet_token_zone_unlock(place);
}


ngx_uint_t
ngx_violet_token_zone_changes(ngx_violet_token_place_t *place)
{
    return place->slot ? place->slot->changes : 0;
}


ngx_int_t
ngx_violet_token_zone_copy(ngx_violet_token_place_t *place,
    ngx_violet_token_copy_t *copy)
{
    ngx_int_t                 rc;
    ngx_violet_token_zone_t  *slot;

    rc = NGX_DECLINED;
    slot = ngx_violet_token_zone_lock(place);

    if (slot) {
        copy->failures = slot->failures;
        copy->reason = slot->reason;
        copy->refused = slot->refusals_logged
                        || (slot->renew_wanted && slot->failures);
    }

    if (slot && slot->len) {
        copy->changes = slot->changes;
        copy->generation = slot->generation;
        copy->schedule = slot->schedule;
        copy->secret = slot->secret;
        copy->len = slot->len;
        ngx_memcpy(copy->data, slot->token, slot->len);

        rc = NGX_OK;
    }

    ngx_violet_token_zone_unlock(place);

    return rc;
}


size_t
ngx_violet_token_zone_refresh(ngx_violet_token_place_t *place,
    u_char *refresh)
{
    size_t                    len;
    ngx_violet_token_zone_t  *slot;

    len = 0;
    slot = ngx_violet_token_zone_lock(place);

    if (slot) {
        len = slot->refresh_len;
        ngx_memcpy(refresh, slot->refresh, len);
    }

    ngx_violet_token_zone_unlock(place);

    return len;
}


ngx_int_t
ngx_violet_token_zone_lease(ngx_violet_token_place_t *place, ngx_msec_t *wait,
    ngx_uint_t *pause)
{
    int64_t                   left;
    ngx_int_t                 rc;
    ngx_violet_token_zone_t  *slot;

    rc = NGX_DECLINED;
    *wait = NGX_VIOLET_TOKEN_LOOK;
    *pause = 0;

    slot = ngx_violet_token_zone_lock(place);

    if (slot == NULL || ngx_violet_token_zone_held(slot)) {
        goto done;
    }

    if (slot->len && !slot->renew_wanted) {
        left = slot->schedule.renew - ngx_violet_epoch();

        if (left > 0) {
            *wait = (ngx_msec_t) ngx_min(left, NGX_VIOLET_TOKEN_LOOK);
            goto done;
        }
    }

    left = slot->retry - ngx_violet_clock();

    if ((slot->failures || slot->refusals) && left > NGX_VIOLET_TOKEN_SLACK) {
        *wait = (ngx_msec_t) left;
        *pause = 1;
        goto done;
    }

    slot->holder = ngx_pid;
    slot->lease_until = ngx_violet_clock() + NGX_VIOLET_TOKEN_LEASE;

    rc = NGX_OK;

done:

    ngx_violet_token_zone_unlock(place);

    return rc;
}


/* True if another worker that is alive holds the lease. */

static ngx_uint_t
ngx_violet_token_zone_held(ngx_violet_token_zone_t *slot)
{
    if (slot->holder == 0 || slot->holder == ngx_pid
        || slot->lease_until <= ngx_violet_clock())
    {
        return 0;
    }

    return kill(slot->holder, 0) == 0 || ngx_errno != ESRCH;
}


ngx_int_t
ngx_violet_token_zone_renewed(ngx_violet_token_place_t *place,
    ngx_violet_token_copy_t *copy, u_char *refresh, size_t refresh_len)
{
    ngx_int_t                 rc;
    ngx_uint_t                same;
    ngx_violet_token_zone_t  *slot;

    rc = 0;
    slot = ngx_violet_token_zone_lock_leased(place);

    if (slot == NULL) {
        goto done;
    }

    same = (slot->len == copy->len
            && ngx_memcmp(slot->token, copy->data, copy->len) == 0);

    if (same && slot->renew_wanted) {
        rc = NGX_DECLINED;
        goto done;
    }

    rc = slot->failures;

    slot->len = 0;

    if (refresh) {
        slot->refresh_len = 0;
        ngx_violet_barrier();

        explicit_bzero(slot->refresh, VIOLET_REFRESH_MAX);
        ngx_memcpy(slot->refresh, refresh, refresh_len);

        ngx_violet_barrier();
        slot->refresh_len = refresh_len;
    }

    ngx_violet_barrier();

    explicit_bzero(slot->token, VIOLET_TOKEN_MAX);
    ngx_memcpy(slot->token, copy->data, copy->len);

    slot->schedule = copy->schedule;
    slot->secret = copy->secret;
    slot->failures = 0;
    slot->reason = 0;
    slot->renew_wanted = 0;
    slot->generation += !same;
    slot->changes++;

    ngx_violet_barrier();
    slot->len = copy->len;

    ngx_violet_barrier();
    slot->holder = 0;

done:

    ngx_violet_token_zone_unlock(place);

    return rc;
}


ngx_uint_t
ngx_violet_token_zone_failed(ngx_violet_token_place_t *place,
    ngx_uint_t reason)
{
    ngx_uint_t                changed;
    ngx_violet_token_zone_t  *slot;

    changed = 0;
    slot = ngx_violet_token_zone_lock_leased(place);

    if (slot) {
        changed = (slot->reason != reason);

        slot->holder = 0;
        slot->reason = reason;
        slot->failures++;

        ngx_violet_token_zone_pause(slot, slot->failures);
    }

    ngx_violet_token_zone_unlock(place);

    return changed;
}


void
ngx_violet_token_zone_forget(ngx_violet_token_place_t *place)
{
    ngx_violet_token_zone_t  *slot;

    slot = ngx_violet_token_zone_lock_leased(place);

    if (slot) {
        slot->refresh_len = 0;
        explicit_bzero(slot->refresh, VIOLET_REFRESH_MAX);
    }

    ngx_violet_token_zone_unlock(place);
}


ngx_int_t
ngx_violet_token_zone_refused(ngx_violet_token_place_t *place,
    ngx_uint_t generation, ngx_uint_t *refused_again)
{
    ngx_int_t                 rc;
    ngx_violet_token_zone_t  *slot;

    rc = NGX_DECLINED;
    *refused_again = 0;
    slot = ngx_violet_token_zone_lock(place);

    if (slot == NULL) {
        goto done;
    }

    if (slot->generation != generation) {
        rc = NGX_OK;
        goto done;
    }

    if (!slot->renew_wanted) {
        slot->renew_wanted = 1;

        if (ngx_violet_clock() - slot->refused > NGX_VIOLET_TOKEN_FORGIVEN) {
            slot->refusals = 0;
        }

        if (slot->failures == 0) {
            ngx_violet_token_zone_pause(slot, slot->refusals);
        }

        slot->refusals++;

        if (slot->refusals == 2 && !slot->refusals_logged) {
            slot->refusals_logged = 1;
            *refused_again = 1;
        }
    }

    slot->refused = ngx_violet_clock();

    if (slot->retry - ngx_violet_clock() <= NGX_VIOLET_TOKEN_SLACK) {
        rc = NGX_OK;
    }

done:

    ngx_violet_token_zone_unlock(place);

    return rc;
}


ngx_uint_t
ngx_violet_token_zone_accepted(ngx_violet_token_place_t *place,
    ngx_uint_t generation)
{
    ngx_uint_t                over;
    ngx_violet_token_zone_t  *slot;

    if (place->slot == NULL || !place->slot->refusals_logged) {
        return 0;
    }

    over = 0;
    slot = ngx_violet_token_zone_lock(place);

    if (slot && slot->refusals_logged && slot->generation == generation
        && !slot->renew_wanted
        && (slot->refusals == 0
            || ngx_violet_clock() - slot->refused > NGX_VIOLET_TOKEN_FORGIVEN))
    {
        slot->refusals_logged = 0;
        slot->refusals = 0;
        over = 1;
    }

    ngx_violet_token_zone_unlock(place);

    return over;
}


void
ngx_violet_token_zone_retry(ngx_violet_token_place_t *place)
{
    ngx_violet_token_zone_t  *slot;

    slot = ngx_violet_token_zone_lock(place);

    if (slot) {
        slot->retry = ngx_violet_clock();
        slot->refusals = 0;
    }

    ngx_violet_token_zone_unlock(place);
}


/* Sets the time of the next renewal, after "n" failures or refusals. */

static void
ngx_violet_token_zone_pause(ngx_violet_token_zone_t *slot, ngx_uint_t n)
{
    slot->retry = ngx_violet_clock()
                  + violet_schedule_pause(n, (uint32_t) ngx_random());
}

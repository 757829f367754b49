
/*
 * Tokens in shared memory.  A slot belongs to the app whose key, a digest,
 * it bears; the key is looked at under the lock each time, since a reload
 * may give the slot to another app while old workers still run.  Nothing of
 * a configuration is in it, and no pointer.
 *
 * A worker may be killed at any point.  The length of what it replaces is zero
 * from before the first write to after the last: nobody finds half a token or
 * the dates of another, and a slot without a token is renewed.
 */


#include "ngx_violet_memory_barrier.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_token_zone.h"

#include <signal.h>


/* ms; longer than a renewal takes, for a worker that is alive but stuck */
#define NGX_VIOLET_TOKEN_LEASE      60000

/* ms; without a refusal for so long the next one is the first again */
#define NGX_VIOLET_TOKEN_FORGIVEN   (2 * VIOLET_SCHEDULE_MAX_PAUSE)

/* ms; how long nobody looks again, whatever the clocks say */
#define NGX_VIOLET_TOKEN_LOOK       1000

/* ms; by so much the cached times of two workers may differ */
#define NGX_VIOLET_TOKEN_SLACK      100

/* slots come in so many, that a reload seldom changes the zone's size */
#define NGX_VIOLET_TOKEN_SLOTS      8


struct ngx_violet_token_zone_s {
    u_char             key[NGX_VIOLET_TOKEN_KEY];
    ngx_uint_t         taken;
    int64_t            used;          /* when a worker started with it */

    ngx_atomic_t       changes;       /* none goes back */
    ngx_uint_t         generation;    /* of the token's bytes */
    violet_schedule_t  schedule;
    uint32_t           secret;

    ngx_pid_t          holder;        /* of the lease; 0: nobody */
    int64_t            lease;         /* when it ends */

    int64_t            retry;         /* no renewal before, if it failed */
    ngx_uint_t         failures;      /* in a row */
    ngx_uint_t         reason;        /* of the last */

    ngx_uint_t         wanted;        /* it was refused, so renew it */
    ngx_uint_t         refusals;
    int64_t            refused;       /* when the last was */
    ngx_atomic_t       told;          /* that a new token was refused, too */

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
static int64_t ngx_violet_token_zone_now(void);


ngx_shm_zone_t *
ngx_violet_token_zone_zone(ngx_conf_t *cf, ngx_uint_t apps, void *tag)
{
    size_t           size;
    ngx_str_t        name;
    ngx_uint_t       n;
    ngx_shm_zone_t  *zone;

    ngx_str_set(&name, "violet_tokens");

    /* those of an old configuration stay beside those of a new one */

    n = ngx_align(2 * apps, NGX_VIOLET_TOKEN_SLOTS);

    size = sizeof(ngx_violet_token_shared_t)
           + n * sizeof(ngx_violet_token_zone_t);

    /* what the slab pool needs for itself, and for each of its pages */

    size = ngx_align(size + size / 64, ngx_pagesize) + 8 * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, &name, size, tag);
    if (zone == NULL) {
        return NULL;
    }

    zone->init = ngx_violet_token_zone_init;

    /* the number, not a pointer to it */

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


/* The slot, if it is still the app's; locked either way. */

static ngx_violet_token_zone_t *
ngx_violet_token_zone_lock(ngx_violet_token_place_t *place)
{
    ngx_violet_token_zone_t  *slot;

    ngx_shmtx_lock(&ngx_violet_token_zone_pool(place)->mutex);

    slot = place->slot;

    return slot && ngx_memcmp(slot->key, place->key, NGX_VIOLET_TOKEN_KEY) == 0
           ? slot : NULL;
}


/* What a renewal has to say that took too long nobody wants to hear. */

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
    free = NULL;

    ngx_shmtx_lock(&ngx_violet_token_zone_pool(place)->mutex);

    for (i = 0; i < sh->n; i++) {
        slot = &sh->slots[i];

        if (slot->taken
            && ngx_memcmp(slot->key, place->key, NGX_VIOLET_TOKEN_KEY) == 0)
        {
            free = slot;
            break;
        }

        if (free == NULL || slot->taken < free->taken
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
        slot->wanted = 0;
        slot->refusals = 0;
        slot->told = 0;

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

    if (slot->len && !slot->wanted) {
        left = slot->schedule.renew - ngx_violet_token_zone_now();

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
    slot->lease = ngx_violet_clock() + NGX_VIOLET_TOKEN_LEASE;

    rc = NGX_OK;

done:

    ngx_violet_token_zone_unlock(place);

    return rc;
}


/* A worker that was killed holds nothing. */

static ngx_uint_t
ngx_violet_token_zone_held(ngx_violet_token_zone_t *slot)
{
    if (slot->holder == 0 || slot->holder == ngx_pid
        || slot->lease <= ngx_violet_clock())
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

    if (same && slot->wanted) {
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
    slot->wanted = 0;
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
    ngx_uint_t generation, ngx_uint_t *again)
{
    ngx_int_t                 rc;
    ngx_violet_token_zone_t  *slot;

    rc = NGX_DECLINED;
    *again = 0;
    slot = ngx_violet_token_zone_lock(place);

    if (slot == NULL) {
        goto done;
    }

    if (slot->generation != generation) {
        rc = NGX_OK;
        goto done;
    }

    if (!slot->wanted) {
        slot->wanted = 1;

        if (ngx_violet_clock() - slot->refused > NGX_VIOLET_TOKEN_FORGIVEN) {
            slot->refusals = 0;
        }

        if (slot->failures == 0) {
            ngx_violet_token_zone_pause(slot, slot->refusals);
        }

        slot->refusals++;

        if (slot->refusals == 2 && !slot->told) {
            slot->told = 1;
            *again = 1;
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

    if (place->slot == NULL || !place->slot->told) {
        return 0;
    }

    over = 0;
    slot = ngx_violet_token_zone_lock(place);

    if (slot && slot->told && slot->generation == generation
        && !slot->wanted
        && (slot->refusals == 0
            || ngx_violet_clock() - slot->refused > NGX_VIOLET_TOKEN_FORGIVEN))
    {
        slot->told = 0;
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


/* Failures back off, and so do refusals. */

static void
ngx_violet_token_zone_pause(ngx_violet_token_zone_t *slot, ngx_uint_t n)
{
    slot->retry = ngx_violet_clock()
                  + violet_schedule_pause(n, (uint32_t) ngx_random());
}


static int64_t
ngx_violet_token_zone_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}

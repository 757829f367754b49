
/*
 * The records in shared memory: one value for each, changed under the zone's
 * lock.  A value is kept until it expires.  If there is no room, records of
 * failed submits go first, then those of orders that Redis has; a doubt never
 * goes.
 */


#include "ngx_violet_memory.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_cart_record_priv.h"
#include "ngx_violet_random.h"


/* records that are deleted at once to make room */
#define NGX_VIOLET_RECORD_ROOM   64

/* ms after which nobody is about to tell Redis a record that is owed */
#define NGX_VIOLET_RECORD_STALE  3000


typedef struct {
    const violet_cart_record_t   *expected;
    ngx_violet_record_slot_t      slot;
    violet_cart_host_store_t      rc;
    violet_counters_doubts_t     *doubts;     /* NULL: they are not counted */
} ngx_violet_record_store_t;


typedef struct {
    const violet_cart_record_t   *record;
    uint32_t                      epoch;
    int64_t                       now;
} ngx_violet_record_share_t;


typedef struct {
    ngx_violet_records_t         *records;
    u_char                       *names;
    u_char                       *last;
    ngx_uint_t                    more;
    ngx_uint_t                    full;
} ngx_violet_record_scan_t;


static void ngx_violet_record_load(void *data, violet_cart_held_t *held);
static violet_cart_host_store_t ngx_violet_record_store(void *data,
    const violet_cart_record_t *expected, const violet_cart_held_t *held);
static int64_t ngx_violet_record_update(void *data, u_char *value);
static void ngx_violet_record_shared(void *data,
    const violet_cart_record_t *record);
static int64_t ngx_violet_record_share(void *data, u_char *value);
static uint32_t ngx_violet_record_stamp(void *data);
static ngx_uint_t ngx_violet_record_is_owed(ngx_violet_records_t *records,
    ngx_violet_record_slot_t *slot);
static ngx_uint_t ngx_violet_record_has_failed(void *data, ngx_str_t *key,
    u_char *value, size_t len);
static ngx_uint_t ngx_violet_record_is_shared(void *data, ngx_str_t *key,
    u_char *value, size_t len);
static ngx_uint_t ngx_violet_record_scan(void *data, ngx_str_t *key,
    u_char *value, size_t len);
static ngx_uint_t ngx_violet_record_counts(void *data, ngx_str_t *key,
    u_char *value, size_t len);
static ngx_uint_t ngx_violet_record_doubts(void *data, ngx_str_t *key,
    u_char *value, size_t len);


void
ngx_violet_record_memory(ngx_violet_record_t *record)
{
    record->host.data = record;
    record->host.load = ngx_violet_record_load;
    record->host.store = ngx_violet_record_store;
    record->host.shared = ngx_violet_record_shared;
    record->host.random = ngx_violet_record_stamp;
}


static void
ngx_violet_record_load(void *data, violet_cart_held_t *held)
{
    ngx_violet_record_t  *record = data;

    ngx_str_t                 name;
    ngx_violet_record_slot_t  slot;

    name = ngx_violet_record_name_of(record);

    if (ngx_violet_memory_read(record->records->zone, &name, (u_char *) &slot,
                               sizeof(ngx_violet_record_slot_t))
        != NGX_OK)
    {
        return;
    }

    held->record = slot.record;
    held->owed = ngx_violet_record_is_owed(record->records, &slot);
    held->own = slot.own;

    violet_cart_record_pass(&held->record, ngx_violet_clock() - slot.at);
}


static violet_cart_host_store_t
ngx_violet_record_store(void *data, const violet_cart_record_t *expected,
    const violet_cart_held_t *held)
{
    ngx_violet_record_t  *record = data;

    ngx_str_t                  name;
    ngx_shm_zone_t            *zone;
    ngx_violet_record_store_t  store;

    zone = record->records->zone;
    name = ngx_violet_record_name_of(record);

    ngx_memzero(&store, sizeof(ngx_violet_record_store_t));

    store.expected = expected;
    store.slot.record = held->record;
    store.slot.at = ngx_violet_clock();
    store.slot.epoch = record->records->epoch;
    store.slot.owed = held->owed;
    store.slot.own = held->own;
    store.doubts = record->doubts;

    for ( ;; ) {

        if (ngx_violet_memory_update(zone, &name, 1,
                                     sizeof(ngx_violet_record_slot_t),
                                     ngx_violet_record_update, &store)
            == NGX_OK)
        {
            return store.rc;
        }

        /* there was no room for it */

        ngx_violet_record_count_doubt(store.doubts, &store.slot, -1);

        if (ngx_violet_memory_make_room(zone, ngx_violet_record_has_failed,
                                        NULL, NGX_VIOLET_RECORD_ROOM)
            == 0
            && ngx_violet_memory_make_room(zone, ngx_violet_record_is_shared,
                                           record->records,
                                           NGX_VIOLET_RECORD_ROOM)
               == 0)
        {
            return VIOLET_HOST_FULL;
        }
    }
}


static int64_t
ngx_violet_record_update(void *data, u_char *value)
{
    ngx_violet_record_store_t  *store = data;

    int64_t                     ttl;
    ngx_violet_record_slot_t    slot;

    ngx_memcpy(&slot, value, sizeof(ngx_violet_record_slot_t));

    if (slot.record.state == VIOLET_RECORD_NONE
        ? store->expected->state != VIOLET_RECORD_NONE
        : (store->expected->state == VIOLET_RECORD_NONE
           || !violet_cart_record_same(&slot.record, store->expected)))
    {
        store->rc = VIOLET_HOST_CHANGED;

        ttl = slot.at + slot.record.kept - store->slot.at;

    } else {
        store->rc = VIOLET_HOST_STORED;

        ngx_violet_record_count_doubt(store->doubts, &slot, -1);

        slot = store->slot;
        ttl = slot.record.kept;

        ngx_violet_record_count_doubt(store->doubts, &slot, 1);

        ngx_memcpy(value, &slot, sizeof(ngx_violet_record_slot_t));
    }

    return ngx_max(ttl, 0);
}


static void
ngx_violet_record_shared(void *data, const violet_cart_record_t *shared)
{
    ngx_violet_record_t  *record = data;

    ngx_str_t                  name;
    ngx_violet_record_share_t  share;

    name = ngx_violet_record_name_of(record);

    share.record = shared;
    share.epoch = record->records->epoch;
    share.now = ngx_violet_clock();

    (void) ngx_violet_memory_update(record->records->zone, &name, 1,
                                    sizeof(ngx_violet_record_slot_t),
                                    ngx_violet_record_share, &share);
}


static int64_t
ngx_violet_record_share(void *data, u_char *value)
{
    ngx_violet_record_share_t  *share = data;

    int64_t                     ttl;
    ngx_violet_record_slot_t    slot;

    ngx_memcpy(&slot, value, sizeof(ngx_violet_record_slot_t));

    if (slot.record.state != VIOLET_RECORD_NONE
        && violet_cart_record_same(&slot.record, share->record))
    {
        slot.owed = 0;
        slot.epoch = share->epoch;

        ngx_memcpy(value, &slot, sizeof(ngx_violet_record_slot_t));
    }

    ttl = slot.at + slot.record.kept - share->now;

    return ngx_max(ttl, 0);
}


static uint32_t
ngx_violet_record_stamp(void *data)
{
    uint32_t  stamp;

    if (ngx_violet_random((u_char *) &stamp, sizeof(uint32_t)) != NGX_OK) {
        stamp = (uint32_t) ngx_random();
    }

    return stamp;
}


static ngx_uint_t
ngx_violet_record_is_owed(ngx_violet_records_t *records,
    ngx_violet_record_slot_t *slot)
{
    return records->redis != NULL
           && (slot->owed || slot->epoch != records->epoch);
}


static ngx_uint_t
ngx_violet_record_has_failed(void *data, ngx_str_t *key, u_char *value,
    size_t len)
{
    ngx_violet_record_slot_t  slot;

    if (len != sizeof(ngx_violet_record_slot_t)) {
        return 0;
    }

    ngx_memcpy(&slot, value, sizeof(ngx_violet_record_slot_t));

    return slot.record.state == VIOLET_RECORD_FAILED
           || slot.record.state == VIOLET_RECORD_REQUIRES_ACTION;
}


static ngx_uint_t
ngx_violet_record_is_shared(void *data, ngx_str_t *key, u_char *value,
    size_t len)
{
    ngx_violet_records_t      *records = data;

    ngx_violet_record_slot_t   slot;

    if (records->redis == NULL || len != sizeof(ngx_violet_record_slot_t)) {
        return 0;
    }

    ngx_memcpy(&slot, value, sizeof(ngx_violet_record_slot_t));

    return violet_cart_record_ordered(&slot.record)
           && !ngx_violet_record_is_owed(records, &slot);
}


ngx_uint_t
ngx_violet_record_owed(ngx_violet_records_t *records, u_char *names,
    size_t size, ngx_uint_t *more, ngx_uint_t *full)
{
    ngx_uint_t                n;
    ngx_violet_record_scan_t  scan;

    scan.records = records;
    scan.names = names;
    scan.last = names + size;
    scan.more = 0;
    scan.full = 0;

    n = ngx_violet_memory_count(records->zone, ngx_violet_record_scan, &scan);

    *more = scan.more || scan.full;
    *full = scan.full;

    return n;
}


static ngx_uint_t
ngx_violet_record_scan(void *data, ngx_str_t *key, u_char *value, size_t len)
{
    ngx_violet_record_scan_t  *scan = data;

    ngx_violet_record_slot_t   slot;

    if (len != sizeof(ngx_violet_record_slot_t)) {
        return 0;
    }

    ngx_memcpy(&slot, value, sizeof(ngx_violet_record_slot_t));

    if (!ngx_violet_record_is_owed(scan->records, &slot)) {
        return 0;
    }

    /* the one that was just written may be about to be told */

    if (ngx_violet_clock() - slot.at < NGX_VIOLET_RECORD_STALE) {
        scan->more = 1;
        return 0;
    }

    if (scan->last - scan->names < (ssize_t) key->len + 1) {
        scan->full = 1;
        return 0;
    }

    scan->names = ngx_cpymem(scan->names, key->data, key->len);
    *scan->names++ = '\0';

    return 1;
}


ngx_uint_t
ngx_violet_record_count(ngx_shm_zone_t *zone, ngx_str_t *names)
{
    return ngx_violet_memory_count(zone, ngx_violet_record_counts, names);
}


static ngx_uint_t
ngx_violet_record_counts(void *data, ngx_str_t *key, u_char *value,
    size_t len)
{
    ngx_str_t                 *names = data;

    ngx_violet_record_slot_t   slot;

    if (len != sizeof(ngx_violet_record_slot_t) || key->len < names->len
        || ngx_memcmp(key->data, names->data, names->len) != 0)
    {
        return 0;
    }

    ngx_memcpy(&slot, value, sizeof(ngx_violet_record_slot_t));

    return slot.record.state > VIOLET_RECORD_REQUIRES_ACTION;
}


ngx_uint_t
ngx_violet_record_count_doubts(ngx_shm_zone_t *zone)
{
    return ngx_violet_memory_count(zone, ngx_violet_record_doubts, NULL);
}


static ngx_uint_t
ngx_violet_record_doubts(void *data, ngx_str_t *key, u_char *value,
    size_t len)
{
    ngx_violet_record_slot_t  slot;

    if (len != sizeof(ngx_violet_record_slot_t)) {
        return 0;
    }

    ngx_memcpy(&slot, value, sizeof(ngx_violet_record_slot_t));

    return violet_cart_record_in_doubt(&slot.record)
           || slot.record.state == VIOLET_RECORD_IN_FLIGHT;
}

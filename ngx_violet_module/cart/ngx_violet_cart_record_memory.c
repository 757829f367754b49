
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

/* ms after which nobody is about to tell Redis an unsaved record */
#define NGX_VIOLET_RECORD_STALE  3000

/* pieces of the zone that a look for unsaved records reads at most */
#define NGX_VIOLET_RECORD_PIECES 64


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
    ngx_uint_t                    found;
    ngx_uint_t                    piece;      /* of these, in this piece */
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
static ngx_uint_t ngx_violet_record_is_unsaved(ngx_violet_records_t *records,
    ngx_violet_record_slot_t *slot);
static ngx_uint_t ngx_violet_record_make_room(ngx_violet_records_t *records);
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
    held->unsaved = ngx_violet_record_is_unsaved(record->records, &slot);
    held->own = slot.own;
    held->undecided = slot.undecided;

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
    store.slot.unsaved = held->unsaved;
    store.slot.own = held->own;
    store.slot.undecided = held->undecided;
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

        if (ngx_violet_record_make_room(record->records) == 0) {
            return VIOLET_HOST_FULL;
        }
    }
}


/*
 * A look for failed submits reads many records that are in no cache of the CPU.
 * If it found none in a large zone, the next ones would read the same records:
 * they are left out until those are gone.  Beside each record that is deleted,
 * two go to the other end of the queue when one is made.
 */

static ngx_uint_t
ngx_violet_record_make_room(ngx_violet_records_t *records)
{
    ngx_uint_t  gone, looked, left_out;

    left_out = (records->no_failed >= 3 * NGX_VIOLET_RECORD_ROOM);

    if (left_out) {
        records->no_failed -= 3 * NGX_VIOLET_RECORD_ROOM;

    } else {
        gone = ngx_violet_memory_make_room(records->zone,
                                           ngx_violet_record_has_failed, NULL,
                                           NGX_VIOLET_RECORD_ROOM, &looked);
        records->no_failed = gone ? 0 : looked;

        if (gone) {
            return gone;
        }
    }

    gone = ngx_violet_memory_make_room(records->zone,
                                       ngx_violet_record_is_shared, records,
                                       NGX_VIOLET_RECORD_ROOM, &looked);

    if (gone == 0 && left_out) {
        records->no_failed = 0;
        return ngx_violet_record_make_room(records);
    }

    return gone;
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
        slot.unsaved = 0;
        slot.undecided = 0;
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
ngx_violet_record_is_unsaved(ngx_violet_records_t *records,
    ngx_violet_record_slot_t *slot)
{
    return records->redis != NULL
           && (slot->unsaved || slot->epoch != records->epoch);
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
           && !ngx_violet_record_is_unsaved(records, &slot);
}


ngx_uint_t
ngx_violet_record_unsaved(ngx_violet_records_t *records, u_char *names,
    size_t size, ngx_uint_t *more, ngx_uint_t *full)
{
    ngx_uint_t                i, tree;
    ngx_violet_record_scan_t  scan;

    ngx_memzero(&scan, sizeof(ngx_violet_record_scan_t));

    scan.records = records;
    scan.names = names;
    scan.last = names + size;

    /* Redis takes none of those that there was room for: it may never */

    records->passed = records->heard_of ? 0
                                        : records->passed + records->tried;
    records->tried = 0;

    for (i = 0; i < NGX_VIOLET_RECORD_PIECES; i++) {
        tree = records->tree;
        scan.piece = 0;

        ngx_violet_memory_walk_on(records->zone, &tree,
                                  ngx_violet_record_scan, &scan);

        /* where there was no room, the next look begins again */

        if (scan.full) {
            records->tried = scan.piece - records->passed;
            break;
        }

        records->tree = tree;
        records->passed = 0;

        if (tree == 0) {
            break;
        }
    }

    *more = scan.more;
    *full = scan.full || records->tree != 0;

    return scan.found;
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

    if (!ngx_violet_record_is_unsaved(scan->records, &slot)) {
        return 0;
    }

    if (scan->records->orders && !ngx_violet_record_is_by_key(key)) {
        scan->more = 1;
        return 0;
    }

    /*
     * The one that was just written may be about to be told; but what was
     * written before Redis lost its data was told to that Redis.
     */

    if (slot.epoch == scan->records->epoch
        && ngx_violet_clock() - slot.at < NGX_VIOLET_RECORD_STALE)
    {
        scan->more = 1;
        return 0;
    }

    if (scan->full) {
        return 0;
    }

    if (scan->piece < scan->records->passed) {
        scan->piece++;
        return 0;
    }

    if (scan->last - scan->names < (ssize_t) key->len + 1) {
        scan->full = 1;
        return 0;
    }

    scan->names = ngx_cpymem(scan->names, key->data, key->len);
    *scan->names++ = '\0';
    scan->found++;
    scan->piece++;

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

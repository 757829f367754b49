
/*
 * The layout of the memory: a header, a slot for each worker, the counters of
 * the host by lane, and a place for each app with its counters by lane, its
 * submits in flight by slot, and its doubts.  Places are never moved while
 * workers count; an app that is no longer configured keeps its place until
 * another app needs it.
 */


#include "violet_counters.h"


typedef struct {
    char                      name[VIOLET_COUNTERS_NAME];
    uint32_t                  len;         /* of the whole name; 0: free */
    uint64_t                  hash;
    unsigned long             configured;  /* number of the configuration */
} violet_counters_name_t;


typedef struct {
    alignas(VIOLET_COUNTERS_LINE)
    violet_counters_app_t     counters;
} violet_counters_app_lane_t;

typedef struct {
    alignas(VIOLET_COUNTERS_LINE)
    violet_counters_host_t    counters;
} violet_counters_host_lane_t;


typedef struct {
    violet_counters_app_lane_t  lanes[VIOLET_COUNTERS_LANES];
    violet_gauge_t              in_flight[VIOLET_COUNTERS_SLOTS];
    violet_counters_doubts_t    doubts;
    violet_counters_known_t     known;
    violet_counters_name_t      name;
} violet_counters_place_t;


struct violet_counters_s {
    size_t                       apps;
    unsigned long                configured;
    violet_counters_worker_t     workers[VIOLET_COUNTERS_SLOTS];
    violet_counters_host_lane_t  lanes[VIOLET_COUNTERS_LANES];
    violet_counters_place_t      places[];
};


static int violet_counters_is(const violet_counters_name_t *name,
    violet_text_t text);
static uint64_t violet_counters_hash(violet_text_t text);
static void violet_counters_copy_ends(violet_counters_ends_t *to,
    const violet_counters_ends_t *from);
static void violet_counters_add(void *to, const void *from, size_t size);
static uint64_t violet_counters_load(const void *lane, size_t offset);


const unsigned  violet_counters_ms[VIOLET_COUNTERS_MS] = {
    5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000
};

const unsigned  violet_counters_us[VIOLET_COUNTERS_US] = {
    100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000
};


size_t
violet_counters_size(size_t apps)
{
    return sizeof(violet_counters_t) + apps * sizeof(violet_counters_place_t);
}


violet_counters_t *
violet_counters_create(void *memory, size_t size, size_t apps)
{
    violet_counters_t  *counters;

    if (size < violet_counters_size(apps)) {
        return NULL;
    }

    counters = memory;

    memset(counters, 0, violet_counters_size(apps));

    counters->apps = apps;

    return counters;
}


void
violet_counters_configure(violet_counters_t *counters)
{
    counters->configured++;
}


/*
 * Workers of an older configuration may still count for an app whose place is
 * given away; those numbers are lost.  So the place that was not used for the
 * longest time goes first.
 */

int
violet_counters_app(violet_counters_t *counters, violet_text_t text)
{
    size_t                    i, best;
    violet_counters_name_t   *name;
    violet_counters_place_t  *place;

    best = counters->apps;

    for (i = 0; i < counters->apps; i++) {
        name = &counters->places[i].name;

        if (violet_counters_is(name, text)) {
            name->configured = counters->configured;
            return (int) i;
        }

        if (name->configured != counters->configured
            && (best == counters->apps
                || name->configured < counters->places[best].name.configured))
        {
            best = i;
        }
    }

    if (best == counters->apps) {
        return -1;
    }

    place = &counters->places[best];

    memset(place, 0, sizeof(violet_counters_place_t));

    name = &place->name;

    name->len = (uint32_t) text.len;
    name->hash = violet_counters_hash(text);
    name->configured = counters->configured;
    memcpy(name->name, text.data, text.len < VIOLET_COUNTERS_NAME
                                  ? text.len : VIOLET_COUNTERS_NAME);

    return (int) best;
}


static int
violet_counters_is(const violet_counters_name_t *name, violet_text_t text)
{
    return name->len == text.len
           && name->hash == violet_counters_hash(text)
           && memcmp(name->name, text.data,
                     text.len < VIOLET_COUNTERS_NAME ? text.len
                                                     : VIOLET_COUNTERS_NAME)
              == 0;
}


/* FNV-1a; names are the operator's, nobody looks for collisions */

static uint64_t
violet_counters_hash(violet_text_t text)
{
    size_t    i;
    uint64_t  hash;

    hash = 0xcbf29ce484222325;

    for (i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char) text.data[i]) * 0x100000001b3;
    }

    return hash;
}


void
violet_counters_copy(violet_counters_t *to, const violet_counters_t *from)
{
    size_t                          i, j, lane;
    violet_counters_place_t        *target;
    const violet_counters_place_t  *source;

    for (lane = 0; lane < VIOLET_COUNTERS_LANES; lane++) {
        violet_counters_add(&to->lanes[lane], &from->lanes[lane],
                            sizeof(violet_counters_host_t));
    }

    for (i = 0; i < to->apps; i++) {
        target = &to->places[i];

        for (j = 0; j < from->apps && target->name.len; j++) {
            source = &from->places[j];

            if (source->name.len != target->name.len
                || source->name.hash != target->name.hash)
            {
                continue;
            }

            for (lane = 0; lane < VIOLET_COUNTERS_LANES; lane++) {
                violet_counters_add(&target->lanes[lane],
                                    &source->lanes[lane],
                                    sizeof(violet_counters_app_t));
            }

            violet_counters_copy_ends(&target->doubts.ends,
                                      &source->doubts.ends);
            violet_counters_copy_ends(&target->doubts.lapses,
                                      &source->doubts.lapses);
            violet_gauge_set(&target->known.budget,
                             atomic_load(&source->known.budget));
            break;
        }
    }
}


/* The target is new: nobody counts there yet. */

static void
violet_counters_copy_ends(violet_counters_ends_t *to,
    const violet_counters_ends_t *from)
{
    size_t  i;

    for (i = 0; i < VIOLET_COUNTERS_PERIODS; i++) {
        atomic_store(&to->periods[i], atomic_load(&from->periods[i]));
    }
}


/* Both are counters and nothing else. */

static void
violet_counters_add(void *to, const void *from, size_t size)
{
    size_t             i;
    violet_counter_t  *target;

    target = to;

    for (i = 0; i < size / sizeof(violet_counter_t); i++) {
        atomic_fetch_add_explicit(&target[i],
                                  (unsigned long) violet_counters_load(from,
                                            i * sizeof(violet_counter_t)),
                                  memory_order_relaxed);
    }
}


int
violet_counters_enter(violet_counters_t *counters, long pid,
    int (*alive)(long pid))
{
    int                        i;
    long                       found;
    size_t                     app;
    violet_counters_worker_t  *worker;

    for (i = 0; i < VIOLET_COUNTERS_SLOTS; i++) {
        worker = &counters->workers[i];

        found = atomic_load(&worker->pid);

        if ((found && found != pid && alive(found))
            || !atomic_compare_exchange_strong(&worker->pid, &found, pid))
        {
            continue;
        }

        violet_gauge_set(&worker->flights, 0);
        violet_gauge_set(&worker->waiters, 0);
        violet_gauge_set(&worker->redis_up[0], 0);
        violet_gauge_set(&worker->redis_up[1], 0);

        for (app = 0; app < counters->apps; app++) {
            violet_gauge_set(&counters->places[app].in_flight[i], 0);
        }

        return i;
    }

    return -1;
}


void
violet_counters_leave(violet_counters_t *counters, int slot)
{
    if (slot != -1) {
        atomic_store(&counters->workers[slot].pid, 0);
    }
}


void
violet_counters_of(violet_counters_t *counters, int app, unsigned worker,
    int slot, violet_counters_of_t *of)
{
    violet_counters_place_t  *place;

    place = &counters->places[app];

    of->counters = &place->lanes[worker % VIOLET_COUNTERS_LANES].counters;
    of->in_flight = slot == -1 ? NULL : &place->in_flight[slot];
    of->doubts = &place->doubts;
    of->known = &place->known;
}


violet_counters_host_t *
violet_counters_host(violet_counters_t *counters, unsigned worker)
{
    return &counters->lanes[worker % VIOLET_COUNTERS_LANES].counters;
}


violet_counters_worker_t *
violet_counters_worker(violet_counters_t *counters, int slot)
{
    return slot == -1 ? NULL : &counters->workers[slot];
}


void
violet_counters_of_redis(violet_counters_t *counters, int submit,
    unsigned worker, int slot, violet_counters_of_redis_t *of)
{
    of->counters = &violet_counters_host(counters, worker)->redis[submit];
    of->up = slot == -1 ? NULL : &counters->workers[slot].redis_up[submit];
}


void
violet_count_ms(violet_count_ms_t *histogram, uint64_t ms)
{
    unsigned  i;

    for (i = 0; i < VIOLET_COUNTERS_MS && ms > violet_counters_ms[i]; i++) {
        /* void */
    }

    violet_count(&histogram->buckets[i]);

    if (ms) {
        atomic_fetch_add_explicit(&histogram->sum, (unsigned long) ms,
                                  memory_order_relaxed);
    }
}


void
violet_count_us(violet_count_us_t *histogram, uint64_t us)
{
    unsigned  i;

    for (i = 0; i < VIOLET_COUNTERS_US && us > violet_counters_us[i]; i++) {
        /* void */
    }

    violet_count(&histogram->buckets[i]);

    atomic_fetch_add_explicit(&histogram->sum, (unsigned long) us,
                              memory_order_relaxed);
}


/* The order is that of the names in violet_metrics.c. */

unsigned
violet_count_status(unsigned status)
{
    unsigned  i;

    static const unsigned short  statuses[VIOLET_COUNT_STATUSES - 1] = {
        200, 304, 207, 400, 401, 403, 404, 409, 410, 412, 422, 429, 499, 500,
        502, 503, 504
    };

    for (i = 0; i < VIOLET_COUNT_STATUSES - 1; i++) {
        if (status == statuses[i]) {
            break;
        }
    }

    return i;
}


violet_count_upstream_t
violet_count_upstream(unsigned status)
{
    if (status == 401) {
        return VIOLET_COUNT_UPSTREAM_401;
    }

    if (status == 429) {
        return VIOLET_COUNT_UPSTREAM_429;
    }

    switch (status / 100) {

    case 2:
        return VIOLET_COUNT_UPSTREAM_2XX;

    case 3:
        return VIOLET_COUNT_UPSTREAM_3XX;

    case 4:
        return VIOLET_COUNT_UPSTREAM_4XX;

    case 5:
        return VIOLET_COUNT_UPSTREAM_5XX;

    default:
        return VIOLET_COUNT_UPSTREAM_CUT;
    }
}


static uint64_t
violet_counters_load(const void *lane, size_t offset)
{
    return atomic_load_explicit((const violet_counter_t *)
                                ((const char *) lane + offset),
                                memory_order_relaxed);
}


uint64_t
violet_counters_read_app(violet_counters_t *counters, int app, size_t offset)
{
    unsigned                  lane;
    uint64_t                  sum;
    violet_counters_place_t  *place;

    sum = 0;
    place = &counters->places[app];

    for (lane = 0; lane < VIOLET_COUNTERS_LANES; lane++) {
        sum += violet_counters_load(&place->lanes[lane], offset);
    }

    return sum;
}


uint64_t
violet_counters_read_host(violet_counters_t *counters, size_t offset)
{
    unsigned  lane;
    uint64_t  sum;

    sum = 0;

    for (lane = 0; lane < VIOLET_COUNTERS_LANES; lane++) {
        sum += violet_counters_load(&counters->lanes[lane], offset);
    }

    return sum;
}


long
violet_counters_read_workers(violet_counters_t *counters, size_t offset,
    int (*alive)(long pid))
{
    int   i;
    long  sum, pid, n;

    sum = 0;

    for (i = 0; i < VIOLET_COUNTERS_SLOTS; i++) {
        pid = atomic_load(&counters->workers[i].pid);

        if (pid == 0) {
            continue;
        }

        n = (long) violet_counters_load(&counters->workers[i], offset);

        if (n && alive(pid)) {
            sum += n;
        }
    }

    return sum;
}


long
violet_counters_read_in_flight(violet_counters_t *counters, int app,
    int (*alive)(long pid))
{
    int   i;
    long  sum, pid, n;

    sum = 0;

    for (i = 0; i < VIOLET_COUNTERS_SLOTS; i++) {
        pid = atomic_load(&counters->workers[i].pid);
        n = atomic_load_explicit(&counters->places[app].in_flight[i],
                                 memory_order_relaxed);

        if (pid && n && alive(pid)) {
            sum += n;
        }
    }

    return sum;
}


/* A flight that nobody has renewed in time is a doubt, too. */

long
violet_counters_read_in_doubt(violet_counters_t *counters, int app,
    int64_t now)
{
    violet_counters_doubts_t  *doubts;

    doubts = &counters->places[app].doubts;

    return violet_count_not_ended(&doubts->ends, now)
           + violet_count_ended(&doubts->lapses, now);
}

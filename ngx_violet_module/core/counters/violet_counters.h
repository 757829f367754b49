
/*
 * Counters, histograms and gauges in memory that is handed in: one piece that
 * all workers of the host share.  No lock guards it: every number is a C11
 * atomic of its own, and a worker that is killed leaves no number half
 * written.  Series are bounded by the apps of the configuration; no label is a
 * text of a caller or of Violet's.
 *
 * Workers add to different lanes, so that they seldom write to the same line
 * of the CPU's cache; a reader adds the lanes up.  A gauge has a slot for each
 * worker, and a slot of a worker that has died does not count.
 */

#ifndef VIOLET_COUNTERS_H
#define VIOLET_COUNTERS_H


#include <stddef.h>
#include <stdint.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "violet_cart_words.h"
#include "violet_text.h"


/* copies of each counter; workers are spread over them */
#define VIOLET_COUNTERS_LANES  8

/* workers that have gauges, those of an older configuration included */
#define VIOLET_COUNTERS_SLOTS  256

/* bytes of a line of the CPU's cache */
#define VIOLET_COUNTERS_LINE   64

/* bytes of an app's name that are compared; its length and hash are, too */
#define VIOLET_COUNTERS_NAME   48

/* upper bounds of the buckets, in ms and in us, see violet_counters.c */
#define VIOLET_COUNTERS_MS     13
#define VIOLET_COUNTERS_US     11

/* ms, and how many of them: more than the 24 hours that a doubt is kept */
#define VIOLET_COUNTERS_PERIOD   60000
#define VIOLET_COUNTERS_PERIODS  2048


typedef atomic_ulong  violet_counter_t;
typedef atomic_long   violet_gauge_t;


/* the first values are those of violet_route_id_t */

typedef enum {
    VIOLET_COUNT_ROUTE_OTHER = 0,
    VIOLET_COUNT_ROUTE_AUTH = 8,
    VIOLET_COUNT_ROUTE_CART_READ,       /* the gateway's own */
    VIOLET_COUNT_ROUTES
} violet_count_route_t;


#define VIOLET_COUNT_STATUSES  18


typedef enum {
    VIOLET_COUNT_CACHE_HIT_MEMORY = 0,
    VIOLET_COUNT_CACHE_HIT_REDIS,
    VIOLET_COUNT_CACHE_MISS,
    VIOLET_COUNT_CACHE_EXPIRED,
    VIOLET_COUNT_CACHE_STALE,
    VIOLET_COUNT_CACHE_UPDATING,
    VIOLET_COUNT_CACHE_REFRESH,
    VIOLET_COUNT_CACHE_JOINED,
    VIOLET_COUNT_CACHE_BYPASS,
    VIOLET_COUNT_CACHE_LIMITED,
    VIOLET_COUNT_CACHE_HELD,
    VIOLET_COUNT_CACHES
} violet_count_cache_t;


typedef enum {
    VIOLET_COUNT_UPSTREAM_2XX = 0,
    VIOLET_COUNT_UPSTREAM_3XX,
    VIOLET_COUNT_UPSTREAM_401,
    VIOLET_COUNT_UPSTREAM_429,
    VIOLET_COUNT_UPSTREAM_4XX,
    VIOLET_COUNT_UPSTREAM_5XX,
    VIOLET_COUNT_UPSTREAM_TIMEOUT,
    VIOLET_COUNT_UPSTREAM_UNREACHABLE,
    VIOLET_COUNT_UPSTREAM_CUT,
    VIOLET_COUNT_UPSTREAM_TOO_LARGE,
    VIOLET_COUNT_UPSTREAMS
} violet_count_upstream_t;


typedef enum {
    VIOLET_COUNT_REFRESH_GRANTED = 0,
    VIOLET_COUNT_REFRESH_JOINED,
    VIOLET_COUNT_REFRESH_LIMITED,
    VIOLET_COUNT_REFRESH_DRY_RUN,
    VIOLET_COUNT_REFRESHES
} violet_count_refresh_t;


typedef enum {
    VIOLET_COUNT_GUARD_SENT = 0,
    VIOLET_COUNT_GUARD_IN_PROGRESS,
    VIOLET_COUNT_GUARD_REPLAYED,
    VIOLET_COUNT_GUARD_RESOLVED,
    VIOLET_COUNT_GUARD_UNRESOLVED,
    VIOLET_COUNT_GUARD_AGAIN,
    VIOLET_COUNT_GUARD_KEY_REUSED,
    VIOLET_COUNT_GUARD_UNAVAILABLE,
    VIOLET_COUNT_GUARDS
} violet_count_guard_t;


typedef enum {
    VIOLET_COUNT_RENEWAL_OK = 0,
    VIOLET_COUNT_RENEWAL_FAILED,
    VIOLET_COUNT_RENEWAL_REFUSED,
    VIOLET_COUNT_RENEWALS
} violet_count_renewal_t;


typedef enum {
    VIOLET_COUNT_WEBHOOK_ACCEPTED = 0,
    VIOLET_COUNT_WEBHOOK_IGNORED,
    VIOLET_COUNT_WEBHOOK_UNSIGNED,
    VIOLET_COUNT_WEBHOOK_NO_TOPIC,
    VIOLET_COUNT_WEBHOOK_FAILED,
    VIOLET_COUNT_WEBHOOKS
} violet_count_webhook_t;


typedef enum {
    VIOLET_COUNT_COMMAND_OK = 0,
    VIOLET_COUNT_COMMAND_ERROR,
    VIOLET_COUNT_COMMAND_TIMEOUT,
    VIOLET_COUNT_COMMAND_REFUSED,      /* not sent: Redis is away */
    VIOLET_COUNT_COMMANDS
} violet_count_command_t;


#define VIOLET_COUNT_OUTCOMES  (VIOLET_CART_UNKNOWN + 1)
#define VIOLET_COUNT_REASONS   (VIOLET_REASON_OTHER + 1)


/* the last bucket has no bound; "sum" is in the unit of the bounds */

typedef struct {
    violet_counter_t    buckets[VIOLET_COUNTERS_MS + 1];
    violet_counter_t    sum;
} violet_count_ms_t;

typedef struct {
    violet_counter_t    buckets[VIOLET_COUNTERS_US + 1];
    violet_counter_t    sum;
} violet_count_us_t;


/* the counters of an app, in one lane */

typedef struct {
    violet_counter_t    requests[VIOLET_COUNT_ROUTES][VIOLET_COUNT_STATUSES];
    violet_count_ms_t   request_time[VIOLET_COUNT_ROUTES];
    violet_counter_t    caches[VIOLET_COUNT_CACHES];
    violet_counter_t    upstreams[VIOLET_COUNT_ROUTES][VIOLET_COUNT_UPSTREAMS];
    violet_count_ms_t   upstream_time[VIOLET_COUNT_ROUTES];
    violet_counter_t    refreshes[VIOLET_COUNT_REFRESHES];
    violet_counter_t    submits[VIOLET_COUNT_OUTCOMES];
    violet_counter_t    submit_errors[VIOLET_COUNT_REASONS];
    violet_counter_t    guards[VIOLET_COUNT_GUARDS];
    violet_counter_t    renewals[VIOLET_COUNT_RENEWALS];
    violet_counter_t    secret_errors;
    violet_counter_t    webhooks[VIOLET_COUNT_WEBHOOKS];
} violet_counters_app_t;


/*
 * The counters of a Redis, in one lane.  "evicts" is a number that is set, in
 * the first lane alone.
 */

typedef struct {
    violet_counter_t    commands[VIOLET_COUNT_COMMANDS];
    violet_count_us_t   time;
    violet_counter_t    reconnects;
    violet_counter_t    failovers;
    violet_gauge_t      evicts;
} violet_counters_redis_t;


/* the counters of the host, in one lane; [1] is violet_submit_redis */

typedef struct {
    violet_counters_redis_t  redis[2];
    violet_counter_t         evictions;
} violet_counters_host_t;


/* the gauges of a worker */

typedef struct {
    alignas(VIOLET_COUNTERS_LINE)
    violet_gauge_t      pid;            /* 0: the slot is free */
    violet_gauge_t      flights;
    violet_gauge_t      waiters;
    violet_gauge_t      redis_up[2];
} violet_counters_worker_t;


/* how many of something end in each minute, see violet_counters_ends.c */

typedef struct {
    _Atomic uint64_t    periods[VIOLET_COUNTERS_PERIODS];
} violet_counters_ends_t;


/*
 * The records of an app's submits: doubts, by the end of their time, and
 * flights, by the instant at which they become doubts if nobody renews them.
 */

typedef struct {
    violet_counters_ends_t  ends;
    violet_counters_ends_t  lapses;
} violet_counters_doubts_t;


/* numbers of an app that are set; a number is its value plus 1, 0: not known */

typedef struct {
    violet_gauge_t          budget;         /* refreshes left */
} violet_counters_known_t;


typedef struct violet_counters_s  violet_counters_t;


/* where one worker counts for one app; all null: nobody reads the counters */

typedef struct {
    violet_counters_app_t     *counters;
    violet_gauge_t            *in_flight;      /* submits; NULL: no slot */
    violet_counters_doubts_t  *doubts;
    violet_counters_known_t   *known;
} violet_counters_of_t;


/* where one worker counts for a Redis; all null: nobody reads the counters */

typedef struct {
    violet_counters_redis_t   *counters;
    violet_gauge_t            *up;             /* NULL: no slot */
} violet_counters_of_redis_t;


/* Bytes for the counters of that many apps. */

size_t violet_counters_size(size_t apps);


/*
 * Makes counters for that many apps in memory of that size, which begins on a
 * line of the cache.  NULL if the memory is too small.
 */

violet_counters_t *violet_counters_create(void *memory, size_t size,
    size_t apps);


/*
 * Begins a new configuration: apps that are not asked for after this may be
 * replaced by apps that are.  Called by one process at a time.
 */

void violet_counters_configure(violet_counters_t *counters);


/*
 * The place of the app of that name.  An app that had one keeps it, and with
 * it its values.  -1 if there is no room.
 */

int violet_counters_app(violet_counters_t *counters, violet_text_t name);


/*
 * Adds all values of "from" to those of the apps of the same names, and of the
 * host, in "to".  Gauges are not copied.
 */

void violet_counters_copy(violet_counters_t *to,
    const violet_counters_t *from);


/*
 * The slot of a worker with that pid: a free one, or one whose worker has
 * died.  "alive" says whether a pid is one of a process.  -1 if all are taken:
 * the gauges of this worker are not counted then.
 */

int violet_counters_enter(violet_counters_t *counters, long pid,
    int (*alive)(long pid));
void violet_counters_leave(violet_counters_t *counters, int slot);


/* Where a worker of that number counts for an app; slot may be -1. */

void violet_counters_of(violet_counters_t *counters, int app, unsigned worker,
    int slot, violet_counters_of_t *of);
violet_counters_host_t *violet_counters_host(violet_counters_t *counters,
    unsigned worker);
violet_counters_worker_t *violet_counters_worker(violet_counters_t *counters,
    int slot);
void violet_counters_of_redis(violet_counters_t *counters, int submit,
    unsigned worker, int slot, violet_counters_of_redis_t *of);


/* Adds to a counter; the functions below need no pointer that is not null. */

static inline void
violet_count(violet_counter_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}


static inline void
violet_gauge_add(violet_gauge_t *gauge, long n)
{
    atomic_fetch_add_explicit(gauge, n, memory_order_relaxed);
}


static inline void
violet_gauge_set(violet_gauge_t *gauge, long n)
{
    atomic_store_explicit(gauge, n, memory_order_relaxed);
}


/* Adds a duration to a histogram. */

void violet_count_ms(violet_count_ms_t *histogram, uint64_t ms);
void violet_count_us(violet_count_us_t *histogram, uint64_t us);


/* The place of a status in "requests", and of a status of Violet's. */

unsigned violet_count_status(unsigned status);
violet_count_upstream_t violet_count_upstream(unsigned status);


/*
 * Adds n (-1 or 1) to what ends at that instant, in ms of a clock that all
 * workers share; instants before its zero are not counted.
 */

void violet_count_end(violet_counters_ends_t *ends, int64_t end, int n);


/* How many have not ended, and how many have in the last 24 hours. */

long violet_count_not_ended(violet_counters_ends_t *ends, int64_t now);
long violet_count_ended(violet_counters_ends_t *ends, int64_t now);


/*
 * Read one number: of all lanes, for a counter that lies "offset" bytes into
 * violet_counters_app_t or violet_counters_host_t; of all workers that are
 * alive, for a gauge that lies "offset" bytes into violet_counters_worker_t,
 * or for an app's submits in flight.
 */

uint64_t violet_counters_read_app(violet_counters_t *counters, int app,
    size_t offset);
uint64_t violet_counters_read_host(violet_counters_t *counters, size_t offset);
long violet_counters_read_workers(violet_counters_t *counters, size_t offset,
    int (*alive)(long pid));
long violet_counters_read_in_flight(violet_counters_t *counters, int app,
    int (*alive)(long pid));
long violet_counters_read_in_doubt(violet_counters_t *counters, int app,
    int64_t now);


/* The upper bounds of the buckets, in ms and in us. */

extern const unsigned  violet_counters_ms[VIOLET_COUNTERS_MS];
extern const unsigned  violet_counters_us[VIOLET_COUNTERS_US];


#endif /* VIOLET_COUNTERS_H */

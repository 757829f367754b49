
/*
 * All series that the gateway has, as one table, and their text for Prometheus
 * and as JSON.  Both texts are written piece by piece, from where the last
 * piece ended; a piece reads the counters when it is written.  The same series
 * are always there, whatever was counted: their number depends on the
 * configuration alone.
 */

#ifndef VIOLET_METRICS_H
#define VIOLET_METRICS_H


#include "violet_counters.h"


/* the value of a gauge that is not known: it has no series */
#define VIOLET_METRIC_UNKNOWN  INT64_MIN


/* gauges whose values the caller knows, by what they belong to */

typedef enum {
    VIOLET_HOST_BUILD = 0,          /* 1 */
    VIOLET_HOST_LOADED,             /* s since the epoch */
    VIOLET_HOST_FLIGHTS,
    VIOLET_HOST_WAITERS,
    VIOLET_HOST_BYTES_USED,
    VIOLET_HOST_BYTES_FREE,
    VIOLET_HOST_ENTRIES_REPORT,
    VIOLET_HOST_ENTRIES_FLIGHT,
    VIOLET_HOST_ENTRIES_LIMIT,
    VIOLET_HOST_ENTRIES_SUBMIT,
    VIOLET_HOST_ENTRIES_EVENT,
    VIOLET_HOST_VALUES
} violet_host_value_t;


typedef enum {
    VIOLET_REDIS_UP = 0,
    VIOLET_REDIS_LINK_UP,
    VIOLET_REDIS_EVICTS,
    VIOLET_REDIS_VALUES
} violet_redis_value_t;


typedef enum {
    VIOLET_APP_BUDGET_LEFT = 0,
    VIOLET_APP_IN_FLIGHT,
    VIOLET_APP_IN_DOUBT,
    VIOLET_APP_TOKEN_EXPIRY,        /* s since the epoch */
    VIOLET_APP_VALUES
} violet_app_value_t;


typedef struct {
    violet_text_t   name;
    int             place;          /* in the counters */
    int64_t         values[VIOLET_APP_VALUES];
} violet_metrics_app_t;


typedef struct {
    unsigned        configured:1;
    int64_t         values[VIOLET_REDIS_VALUES];
} violet_metrics_redis_t;


/* Where the texts come from; it must live until the last piece. */

typedef struct {
    violet_counters_t       *counters;
    const char              *version;       /* of the module */
    const char              *nginx;
    int64_t                  values[VIOLET_HOST_VALUES];
    violet_metrics_redis_t   redis[2];      /* violet_redis, and
                                               violet_submit_redis */
    violet_metrics_app_t    *apps;
    size_t                   napps;
} violet_metrics_source_t;


/* How far a text is written.  All zeroes: it begins. */

typedef struct {
    unsigned        scope;          /* of JSON: the host, each Redis, each
                                       app */
    size_t          owner;          /* which app or Redis */
    unsigned        metric;
    unsigned        row;
    unsigned        headed:1;       /* the metric has its head */
    unsigned        comma:1;        /* the next member needs one */
    unsigned        done:1;
} violet_metrics_cursor_t;


/* Bytes that a piece needs at least. */

size_t violet_metrics_piece(const violet_metrics_source_t *source);


/*
 * Writes the next piece to a buffer of that size, at least as above.  Returns
 * its length; the text ends with the piece after which cursor->done is set.
 */

size_t violet_metrics_prometheus(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, char *buf, size_t size);
size_t violet_metrics_json(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, char *buf, size_t size);


#endif /* VIOLET_METRICS_H */

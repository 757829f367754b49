
/*
 * The table of metrics, for the two files that write it: how a metric is
 * named, whose it is, its labels, and where its numbers are.
 */

#ifndef VIOLET_METRICS_TABLE_H
#define VIOLET_METRICS_TABLE_H


#include "violet_metrics.h"


typedef enum {
    VIOLET_METRIC_COUNTER = 0,
    VIOLET_METRIC_GAUGE,
    VIOLET_METRIC_MS,               /* a histogram, in ms */
    VIOLET_METRIC_US                /* a histogram, in us */
} violet_metric_type_t;


typedef enum {
    VIOLET_METRIC_HOST = 0,
    VIOLET_METRIC_REDIS,
    VIOLET_METRIC_APP
} violet_metric_scope_t;


typedef const char *(*violet_metric_name_pt)(unsigned value);

typedef struct {
    const char             *name;   /* NULL: the metric has no such label */
    violet_metric_name_pt   value;
    unsigned                count;
} violet_metric_label_t;


/*
 * "place" is the offset of the first number in the counters of the scope, or
 * the index of the first value of a gauge.  The numbers of the second label lie
 * beside each other.
 */

typedef struct {
    const char             *name;   /* without "violet_", and without "redis_"
                                       of a Redis's */
    const char             *help;
    violet_metric_type_t    type;
    violet_metric_scope_t   scope;
    size_t                  place;
    violet_metric_label_t   labels[2];
} violet_metric_t;


#define VIOLET_METRICS  30

extern const violet_metric_t  violet_metrics[VIOLET_METRICS];


/* the texts of the buckets' bounds, in seconds; the last one is "+Inf" */

extern const char *const  violet_metrics_ms[VIOLET_COUNTERS_MS + 1];
extern const char *const  violet_metrics_us[VIOLET_COUNTERS_US + 1];

/* "cache" and "submit" */

extern const char *const  violet_metrics_redis[2];


/* Rows of a metric: values of its first label if it has two, or buckets. */

unsigned violet_metric_rows(const violet_metric_t *metric);


/*
 * True if the owner (an app, a Redis, or 0) has this metric at all; a gauge
 * that is not known has none.
 */

int violet_metric_has(const violet_metrics_source_t *source,
    const violet_metric_t *metric, size_t owner);

size_t violet_metric_owners(const violet_metrics_source_t *source,
    violet_metric_scope_t scope);


/* The number at that place of a row, in the unit in which it is kept. */

int64_t violet_metric_read(const violet_metrics_source_t *source,
    const violet_metric_t *metric, size_t owner, unsigned row,
    unsigned column);


/* a histogram, read once, so that its numbers belong together */

typedef struct {
    uint64_t            buckets[VIOLET_COUNTERS_MS + 1];   /* cumulative */
    uint64_t            sum;
    unsigned            count;                             /* of buckets */
    const char *const  *bounds;
    unsigned            unit;                              /* of a second */
    unsigned            digits;
} violet_metric_histogram_t;

void violet_metric_histogram(const violet_metrics_source_t *source,
    const violet_metric_t *metric, size_t owner, unsigned row,
    violet_metric_histogram_t *histogram);


/* A text in a buffer.  A part that does not fit sets "full" instead. */

typedef struct {
    char       *data;
    size_t      len;
    size_t      size;
    unsigned    full:1;
} violet_metrics_text_t;

void violet_metrics_print(violet_metrics_text_t *text, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;


/* The same for a value between quotes: quotes, backslashes, control bytes. */

void violet_metrics_escape(violet_metrics_text_t *text, const char *data,
    size_t len);


#endif /* VIOLET_METRICS_TABLE_H */

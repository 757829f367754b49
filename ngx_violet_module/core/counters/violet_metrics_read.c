
/*
 * How the numbers of a metric are read, and how texts are put into a buffer.
 */


#include "violet_metrics_table.h"

#include <stdarg.h>
#include <stdio.h>


static size_t violet_metric_offset(const violet_metric_t *metric, size_t owner,
    size_t place);
static uint64_t violet_metric_number(const violet_metrics_source_t *source,
    const violet_metric_t *metric, size_t owner, size_t place);


/* A row of the longest metric, with its head, and twice that to be safe. */

size_t
violet_metrics_piece(const violet_metrics_source_t *source)
{
    size_t  i, name;

    name = strlen(source->version) + strlen(source->nginx);

    for (i = 0; i < source->napps; i++) {
        if (source->apps[i].name.len > name) {
            name = source->apps[i].name.len;
        }
    }

    return (VIOLET_COUNT_REASONS + 4) * (256 + 2 * name);
}


unsigned
violet_metric_rows(const violet_metric_t *metric)
{
    return metric->labels[1].name || metric->type >= VIOLET_METRIC_MS
           ? metric->labels[0].count : 1;
}


size_t
violet_metric_owners(const violet_metrics_source_t *source,
    violet_metric_scope_t scope)
{
    switch (scope) {

    case VIOLET_METRIC_APP:
        return source->napps;

    case VIOLET_METRIC_REDIS:
        return 2;

    default:
        return 1;
    }
}


int
violet_metric_has(const violet_metrics_source_t *source,
    const violet_metric_t *metric, size_t owner)
{
    if (metric->scope == VIOLET_METRIC_REDIS
        && !source->redis[owner].configured)
    {
        return 0;
    }

    return metric->type != VIOLET_METRIC_GAUGE
           || violet_metric_read(source, metric, owner, 0, 0)
              != VIOLET_METRIC_UNKNOWN;
}


int64_t
violet_metric_read(const violet_metrics_source_t *source,
    const violet_metric_t *metric, size_t owner, unsigned row,
    unsigned column)
{
    size_t          index;
    const int64_t  *values;

    index = metric->labels[1].name
            ? (size_t) row * metric->labels[1].count + column : column;

    if (metric->type != VIOLET_METRIC_GAUGE) {
        return (int64_t) violet_metric_number(source, metric, owner,
                             metric->place + index * sizeof(violet_counter_t));
    }

    switch (metric->scope) {

    case VIOLET_METRIC_APP:
        values = source->apps[owner].values;
        break;

    case VIOLET_METRIC_REDIS:
        values = source->redis[owner].values;
        break;

    default:
        values = source->values;
    }

    return values[metric->place + index];
}


static size_t
violet_metric_offset(const violet_metric_t *metric, size_t owner,
    size_t place)
{
    return metric->scope == VIOLET_METRIC_REDIS
           ? offsetof(violet_counters_host_t, redis)
             + owner * sizeof(violet_counters_redis_t) + place
           : place;
}


static uint64_t
violet_metric_number(const violet_metrics_source_t *source,
    const violet_metric_t *metric, size_t owner, size_t place)
{
    size_t  offset;

    offset = violet_metric_offset(metric, owner, place);

    if (metric->scope == VIOLET_METRIC_APP) {
        return violet_counters_read_app(source->counters,
                                        source->apps[owner].place, offset);
    }

    return violet_counters_read_host(source->counters, offset);
}


void
violet_metric_histogram(const violet_metrics_source_t *source,
    const violet_metric_t *metric, size_t owner, unsigned row,
    violet_metric_histogram_t *h)
{
    size_t    place;
    unsigned  i;
    uint64_t  count;

    if (metric->type == VIOLET_METRIC_MS) {
        h->count = VIOLET_COUNTERS_MS + 1;
        h->bounds = violet_metrics_ms;
        h->unit = 1000;
        h->digits = 3;
        place = metric->place + row * sizeof(violet_count_ms_t);

    } else {
        h->count = VIOLET_COUNTERS_US + 1;
        h->bounds = violet_metrics_us;
        h->unit = 1000000;
        h->digits = 6;
        place = metric->place + row * sizeof(violet_count_us_t);
    }

    count = 0;

    for (i = 0; i < h->count; i++) {
        count += violet_metric_number(source, metric, owner,
                                      place + i * sizeof(violet_counter_t));
        h->buckets[i] = count;
    }

    /* the sum follows the buckets */

    h->sum = violet_metric_number(source, metric, owner,
                                  place + i * sizeof(violet_counter_t));
}


void
violet_metrics_print(violet_metrics_text_t *text, const char *format, ...)
{
    int      n;
    size_t   left;
    va_list  args;

    left = text->size - text->len;

    va_start(args, format);
    n = vsnprintf(text->data + text->len, left, format, args);
    va_end(args);

    if (n < 0 || (size_t) n >= left) {
        text->full = 1;
        return;
    }

    text->len += (size_t) n;
}


/* A control byte is written as a question mark: JSON has none. */

void
violet_metrics_escape(violet_metrics_text_t *text, const char *data,
    size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {

        if (text->size - text->len < 3) {
            text->full = 1;
            return;
        }

        if (data[i] == '"' || data[i] == '\\') {
            text->data[text->len++] = '\\';
        }

        text->data[text->len++] = (unsigned char) data[i] < 0x20 ? '?'
                                                                 : data[i];
    }
}

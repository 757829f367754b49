
/*
 * The text format of Prometheus, version 0.0.4: all series of a metric stand
 * together, below its HELP and TYPE.
 */


#include "violet_metrics_table.h"

#include <inttypes.h>


static int violet_prometheus_row(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, violet_metrics_text_t *text);
static void violet_prometheus_head(const violet_metric_t *metric,
    violet_metrics_text_t *text);
static void violet_prometheus_numbers(const violet_metrics_source_t *source,
    const violet_metric_t *metric, const violet_metrics_cursor_t *cursor,
    violet_metrics_text_t *text);
static void violet_prometheus_histogram(const violet_metrics_source_t *source,
    const violet_metric_t *metric, const violet_metrics_cursor_t *cursor,
    violet_metrics_text_t *text);
static void violet_prometheus_name(const violet_metric_t *metric,
    const char *suffix, violet_metrics_text_t *text);
static void violet_prometheus_labels(const violet_metrics_source_t *source,
    const violet_metric_t *metric, const violet_metrics_cursor_t *cursor,
    unsigned column, const char *bound, violet_metrics_text_t *text);
static void violet_prometheus_label(const char *name, const char *value,
    size_t len, unsigned *labels, violet_metrics_text_t *text);
static void violet_prometheus_next(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor);


size_t
violet_metrics_prometheus(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, char *buf, size_t size)
{
    violet_metrics_text_t  text;

    text.data = buf;
    text.len = 0;
    text.size = size;
    text.full = 0;

    while (!cursor->done) {

        if (violet_prometheus_row(source, cursor, &text) != 0) {
            break;
        }

        violet_prometheus_next(source, cursor);
    }

    return text.len;
}


/* -1 if the row does not fit: it is written to the next piece. */

static int
violet_prometheus_row(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, violet_metrics_text_t *text)
{
    size_t                  before;
    unsigned                headed;
    const violet_metric_t  *metric;

    metric = &violet_metrics[cursor->metric];

    if (cursor->owner >= violet_metric_owners(source, metric->scope)
        || !violet_metric_has(source, metric, cursor->owner))
    {
        return 0;
    }

    before = text->len;
    headed = cursor->headed;

    if (!headed) {
        violet_prometheus_head(metric, text);
        cursor->headed = 1;
    }

    if (metric->type >= VIOLET_METRIC_MS) {
        violet_prometheus_histogram(source, metric, cursor, text);

    } else {
        violet_prometheus_numbers(source, metric, cursor, text);
    }

    if (text->full) {
        text->len = before;
        cursor->headed = headed;

        return -1;
    }

    return 0;
}


static void
violet_prometheus_head(const violet_metric_t *metric,
    violet_metrics_text_t *text)
{
    static const char *const  types[] = {
        "counter", "gauge", "histogram", "histogram"
    };

    violet_metrics_print(text, "# HELP ");
    violet_prometheus_name(metric, "", text);
    violet_metrics_print(text, " %s\n# TYPE ", metric->help);
    violet_prometheus_name(metric, "", text);
    violet_metrics_print(text, " %s\n", types[metric->type]);
}


static void
violet_prometheus_numbers(const violet_metrics_source_t *source,
    const violet_metric_t *metric, const violet_metrics_cursor_t *cursor,
    violet_metrics_text_t *text)
{
    unsigned  column, columns;

    columns = metric->labels[metric->labels[1].name ? 1 : 0].count;

    for (column = 0; column < columns; column++) {
        violet_prometheus_name(metric, "", text);
        violet_prometheus_labels(source, metric, cursor, column, NULL, text);
        violet_metrics_print(text, " %" PRId64 "\n",
                             violet_metric_read(source, metric, cursor->owner,
                                                cursor->row, column));
    }
}


static void
violet_prometheus_histogram(const violet_metrics_source_t *source,
    const violet_metric_t *metric, const violet_metrics_cursor_t *cursor,
    violet_metrics_text_t *text)
{
    unsigned                   i;
    violet_metric_histogram_t  h;

    violet_metric_histogram(source, metric, cursor->owner, cursor->row, &h);

    for (i = 0; i < h.count; i++) {
        violet_prometheus_name(metric, "_bucket", text);
        violet_prometheus_labels(source, metric, cursor, 0, h.bounds[i], text);
        violet_metrics_print(text, " %" PRIu64 "\n", h.buckets[i]);
    }

    violet_prometheus_name(metric, "_sum", text);
    violet_prometheus_labels(source, metric, cursor, 0, NULL, text);
    violet_metrics_print(text, " %" PRIu64 ".%0*" PRIu64 "\n", h.sum / h.unit,
                         (int) h.digits, h.sum % h.unit);

    violet_prometheus_name(metric, "_count", text);
    violet_prometheus_labels(source, metric, cursor, 0, NULL, text);
    violet_metrics_print(text, " %" PRIu64 "\n", h.buckets[h.count - 1]);
}


static void
violet_prometheus_name(const violet_metric_t *metric, const char *suffix,
    violet_metrics_text_t *text)
{
    violet_metrics_print(text, "violet_%s%s%s",
                         metric->scope == VIOLET_METRIC_REDIS ? "redis_" : "",
                         metric->name, suffix);
}


static void
violet_prometheus_labels(const violet_metrics_source_t *source,
    const violet_metric_t *metric, const violet_metrics_cursor_t *cursor,
    unsigned column, const char *bound, violet_metrics_text_t *text)
{
    unsigned              i, labels;
    const char           *value;
    const violet_text_t  *app;

    labels = 0;

    if (metric->scope == VIOLET_METRIC_APP) {
        app = &source->apps[cursor->owner].name;
        violet_prometheus_label("app", app->data, app->len, &labels, text);

    } else if (metric->scope == VIOLET_METRIC_REDIS) {
        value = violet_metrics_redis[cursor->owner];
        violet_prometheus_label("redis", value, strlen(value), &labels, text);

    } else if (metric->type == VIOLET_METRIC_GAUGE
               && metric->place == VIOLET_HOST_BUILD)
    {
        violet_prometheus_label("version", source->version,
                                strlen(source->version), &labels, text);
        violet_prometheus_label("nginx", source->nginx, strlen(source->nginx),
                                &labels, text);
    }

    for (i = 0; i < 2 && metric->labels[i].name; i++) {
        value = metric->labels[i].value(
                    i == 0 && violet_metric_rows(metric) > 1 ? cursor->row
                                                             : column);
        violet_prometheus_label(metric->labels[i].name, value, strlen(value),
                                &labels, text);
    }

    if (bound) {
        violet_prometheus_label("le", bound, strlen(bound), &labels, text);
    }

    if (labels) {
        violet_metrics_print(text, "}");
    }
}


static void
violet_prometheus_label(const char *name, const char *value, size_t len,
    unsigned *labels, violet_metrics_text_t *text)
{
    violet_metrics_print(text, "%s%s=\"", (*labels)++ ? "," : "{", name);
    violet_metrics_escape(text, value, len);
    violet_metrics_print(text, "\"");
}


static void
violet_prometheus_next(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor)
{
    const violet_metric_t  *metric;

    metric = &violet_metrics[cursor->metric];

    if (++cursor->row < violet_metric_rows(metric)) {
        return;
    }

    cursor->row = 0;

    if (++cursor->owner < violet_metric_owners(source, metric->scope)) {
        return;
    }

    cursor->owner = 0;
    cursor->headed = 0;

    if (++cursor->metric == VIOLET_METRICS) {
        cursor->done = 1;
    }
}

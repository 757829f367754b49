
/*
 * The same as JSON, nested: an object with the metrics of the host, "redis"
 * with an object for each Redis, and "apps" with an object for each app.  A
 * label is an object whose members are its values.
 */


#include "violet_metrics_table.h"

#include <inttypes.h>


static int violet_json_metrics_step(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, violet_metrics_text_t *text);
static void violet_json_metrics_row(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, violet_metrics_text_t *text);
static void violet_json_metrics_numbers(const violet_metrics_source_t *source,
    const violet_metric_t *metric, const violet_metrics_cursor_t *cursor,
    violet_metrics_text_t *text);
static void violet_json_metrics_histogram(
    const violet_metrics_source_t *source, const violet_metric_t *metric,
    const violet_metrics_cursor_t *cursor, violet_metrics_text_t *text);
static void violet_json_metrics_open(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, violet_metrics_text_t *text);
static void violet_json_metrics_close(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, violet_metrics_text_t *text);
static void violet_json_metrics_build(const violet_metrics_source_t *source,
    violet_metrics_text_t *text);
static int violet_json_metrics_owned(const violet_metrics_source_t *source,
    const violet_metrics_cursor_t *cursor);


size_t
violet_metrics_json(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, char *buf, size_t size)
{
    violet_metrics_text_t  text;

    text.data = buf;
    text.len = 0;
    text.size = size;
    text.full = 0;

    while (!cursor->done) {

        if (violet_json_metrics_step(source, cursor, &text) != 0) {
            break;
        }
    }

    return text.len;
}


/*
 * Writes a row, and what opens before it or closes after it.  -1 if that does
 * not fit: it is written to the next piece.
 */

static int
violet_json_metrics_step(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, violet_metrics_text_t *text)
{
    size_t                   before;
    const violet_metric_t   *metric;
    violet_metrics_cursor_t  saved;

    saved = *cursor;
    before = text->len;
    metric = &violet_metrics[cursor->metric];

    if (cursor->metric == 0 && cursor->row == 0) {
        violet_json_metrics_open(source, cursor, text);
    }

    if ((unsigned) metric->scope == cursor->scope
        && violet_json_metrics_owned(source, cursor)
        && violet_metric_has(source, metric, cursor->owner))
    {
        violet_json_metrics_row(source, cursor, text);

    } else {
        cursor->row = violet_metric_rows(metric) - 1;
    }

    if (++cursor->row == violet_metric_rows(metric)) {
        cursor->row = 0;
        cursor->metric++;
    }

    if (cursor->metric == VIOLET_METRICS) {
        violet_json_metrics_close(source, cursor, text);
    }

    if (text->full) {
        text->len = before;
        *cursor = saved;

        return -1;
    }

    return 0;
}


/* Without an app there is no owner, and yet a list of apps. */

static int
violet_json_metrics_owned(const violet_metrics_source_t *source,
    const violet_metrics_cursor_t *cursor)
{
    if (cursor->scope == VIOLET_METRIC_REDIS) {
        return source->redis[cursor->owner].configured;
    }

    return cursor->scope == VIOLET_METRIC_HOST
           || cursor->owner < source->napps;
}


static void
violet_json_metrics_row(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, violet_metrics_text_t *text)
{
    unsigned                rows;
    const violet_metric_t  *metric;

    metric = &violet_metrics[cursor->metric];
    rows = violet_metric_rows(metric);

    if (cursor->row == 0) {
        violet_metrics_print(text, "%s\"%s\":", cursor->comma ? "," : "",
                             metric->name);
    }

    if (rows > 1) {
        violet_metrics_print(text, "%s\"%s\":", cursor->row ? "," : "{",
                             metric->labels[0].value(cursor->row));
    }

    if (metric->type >= VIOLET_METRIC_MS) {
        violet_json_metrics_histogram(source, metric, cursor, text);

    } else if (metric->type == VIOLET_METRIC_GAUGE
               && metric->scope == VIOLET_METRIC_HOST
               && metric->place == VIOLET_HOST_BUILD)
    {
        violet_json_metrics_build(source, text);

    } else {
        violet_json_metrics_numbers(source, metric, cursor, text);
    }

    if (rows > 1 && cursor->row == rows - 1) {
        violet_metrics_print(text, "}");
    }

    cursor->comma = 1;
}


static void
violet_json_metrics_numbers(const violet_metrics_source_t *source,
    const violet_metric_t *metric, const violet_metrics_cursor_t *cursor,
    violet_metrics_text_t *text)
{
    unsigned                      column;
    const violet_metric_label_t  *label;

    label = &metric->labels[metric->labels[1].name ? 1 : 0];

    for (column = 0; column < label->count; column++) {

        if (label->name) {
            violet_metrics_print(text, "%s\"%s\":", column ? "," : "{",
                                 label->value(column));
        }

        violet_metrics_print(text, "%" PRId64,
                             violet_metric_read(source, metric, cursor->owner,
                                                cursor->row, column));
    }

    if (label->name) {
        violet_metrics_print(text, "}");
    }
}


static void
violet_json_metrics_histogram(const violet_metrics_source_t *source,
    const violet_metric_t *metric, const violet_metrics_cursor_t *cursor,
    violet_metrics_text_t *text)
{
    unsigned                   i;
    violet_metric_histogram_t  h;

    violet_metric_histogram(source, metric, cursor->owner, cursor->row, &h);

    violet_metrics_print(text, "{\"count\":%" PRIu64 ",\"sum\":%" PRIu64
                               ".%0*" PRIu64 ",\"buckets\":{",
                         h.buckets[h.count - 1], h.sum / h.unit,
                         (int) h.digits, h.sum % h.unit);

    for (i = 0; i < h.count; i++) {
        violet_metrics_print(text, "%s\"%s\":%" PRIu64, i ? "," : "",
                             h.bounds[i], h.buckets[i]);
    }

    violet_metrics_print(text, "}}");
}


static void
violet_json_metrics_build(const violet_metrics_source_t *source,
    violet_metrics_text_t *text)
{
    violet_metrics_print(text, "{\"version\":\"");
    violet_metrics_escape(text, source->version, strlen(source->version));
    violet_metrics_print(text, "\",\"nginx\":\"");
    violet_metrics_escape(text, source->nginx, strlen(source->nginx));
    violet_metrics_print(text, "\"}");
}


/* Before the first metric of an owner. */

static void
violet_json_metrics_open(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, violet_metrics_text_t *text)
{
    static const char *const  scopes[] = {
        "{", ",\"redis\":{", ",\"apps\":{"
    };

    if (cursor->owner == 0) {
        violet_metrics_print(text, "%s", scopes[cursor->scope]);
        cursor->comma = 0;
    }

    if (cursor->scope == VIOLET_METRIC_HOST
        || !violet_json_metrics_owned(source, cursor))
    {
        return;
    }

    violet_metrics_print(text, "%s\"", cursor->comma ? "," : "");

    if (cursor->scope == VIOLET_METRIC_REDIS) {
        violet_metrics_print(text, "%s", violet_metrics_redis[cursor->owner]);

    } else {
        violet_metrics_escape(text, source->apps[cursor->owner].name.data,
                              source->apps[cursor->owner].name.len);
    }

    violet_metrics_print(text, "\":{");

    cursor->comma = 0;
}


/* After the last metric of an owner: moves on to the next one. */

static void
violet_json_metrics_close(const violet_metrics_source_t *source,
    violet_metrics_cursor_t *cursor, violet_metrics_text_t *text)
{
    cursor->metric = 0;

    if (cursor->scope != VIOLET_METRIC_HOST) {

        if (violet_json_metrics_owned(source, cursor)) {
            violet_metrics_print(text, "}");
            cursor->comma = 1;
        }

        if (++cursor->owner < violet_metric_owners(source,
                                  (violet_metric_scope_t) cursor->scope))
        {
            return;
        }

        violet_metrics_print(text, "}");
    }

    cursor->owner = 0;

    if (cursor->scope++ == VIOLET_METRIC_APP) {
        violet_metrics_print(text, "}\n");
        cursor->done = 1;
    }
}

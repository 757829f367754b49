
/*
 * The outcome of a flight as it is told to other processes: a line of
 * numbers, and after it the strings one behind the other.  It lies in shared
 * memory or in Redis for seconds, and is not believed when it comes back.
 */


#include "ngx_violet_fetch_result.h"
#include "ngx_violet_keys.h"


#define NGX_VIOLET_FETCH_NUMBERS  22
#define NGX_VIOLET_FETCH_STRINGS  7

/* bytes, of what goes into a header or into a problem */
#define NGX_VIOLET_FETCH_MAX_TEXT  8192

/* milliseconds, twice 366 days: more than any time to live or period */
#define NGX_VIOLET_FETCH_MAX_TIME  63244800000ULL


static void ngx_violet_fetch_result_strings(ngx_violet_fetch_result_t *fetched,
    ngx_str_t **strings);
static ngx_int_t ngx_violet_fetch_result_numbers(ngx_str_t *packed,
    uint64_t *numbers, u_char **rest);
static ngx_int_t ngx_violet_fetch_result_vet(
    ngx_violet_fetch_result_t *fetched);


ngx_int_t
ngx_violet_fetch_result_pack(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_str_t *packed)
{
    u_char                     *p;
    size_t                      len;
    uint64_t                    numbers[NGX_VIOLET_FETCH_NUMBERS];
    ngx_str_t                  *strings[NGX_VIOLET_FETCH_STRINGS];
    ngx_uint_t                  i;
    ngx_violet_limit_result_t  *limit;

    limit = &fetched->limit;

    ngx_violet_fetch_result_strings(fetched, strings);

    numbers[0] = NGX_VIOLET_FORM_RESULT;
    numbers[1] = fetched->kind;
    numbers[2] = fetched->status;
    numbers[3] = fetched->stored;
    numbers[4] = fetched->report.state;
    numbers[5] = fetched->refused;
    numbers[6] = limit->asked;
    numbers[7] = limit->allowed;
    numbers[8] = limit->by_app;
    numbers[9] = limit->in_memory;
    numbers[10] = limit->remaining;
    numbers[11] = limit->wait;
    numbers[12] = fetched->report.age;

    len = NGX_VIOLET_FETCH_NUMBERS * (NGX_INT64_LEN + 1) + 1;

    numbers[13] = fetched->held;
    numbers[14] = fetched->hold;

    for (i = 0; i < NGX_VIOLET_FETCH_STRINGS; i++) {
        numbers[15 + i] = strings[i]->len;
        len += strings[i]->len;
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    packed->data = p;

    for (i = 0; i < NGX_VIOLET_FETCH_NUMBERS; i++) {
        p = ngx_sprintf(p, "%uL ", numbers[i]);
    }

    for (i = 0; i < NGX_VIOLET_FETCH_STRINGS; i++) {
        p = ngx_cpymem(p, strings[i]->data, strings[i]->len);
    }

    packed->len = p - packed->data;

    return NGX_OK;
}


ngx_int_t
ngx_violet_fetch_result_unpack(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_str_t *packed, size_t limit)
{
    u_char      *p;
    size_t       left;
    uint64_t     numbers[NGX_VIOLET_FETCH_NUMBERS];
    ngx_str_t   *strings[NGX_VIOLET_FETCH_STRINGS];
    ngx_uint_t   i;

    if (ngx_violet_fetch_result_numbers(packed, numbers, &p) != NGX_OK) {
        return NGX_DECLINED;
    }

    left = packed->data + packed->len - p;

    ngx_violet_fetch_result_strings(fetched, strings);

    for (i = 0; i < NGX_VIOLET_FETCH_STRINGS; i++) {

        if (numbers[15 + i] > ngx_min(left, limit)) {
            return NGX_DECLINED;
        }

        strings[i]->len = (size_t) numbers[15 + i];
        strings[i]->data = ngx_pnalloc(pool, strings[i]->len + 1);

        if (strings[i]->data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(strings[i]->data, p, strings[i]->len);

        p += strings[i]->len;
        left -= strings[i]->len;
    }

    fetched->kind = (ngx_violet_fetch_result_e) numbers[1];
    fetched->status = (ngx_uint_t) numbers[2];
    fetched->stored = (numbers[3] == 1);
    fetched->report.state = (violet_report_state_t) numbers[4];
    fetched->refused = (ngx_violet_refusal_e) numbers[5];
    fetched->limit.asked = (numbers[6] == 1);
    fetched->limit.allowed = (numbers[7] == 1);
    fetched->limit.by_app = (numbers[8] == 1);
    fetched->limit.in_memory = (numbers[9] == 1);
    fetched->limit.remaining = (ngx_uint_t) numbers[10];
    fetched->limit.wait = numbers[11];
    fetched->report.age = numbers[12];
    fetched->held = (numbers[13] == 1);
    fetched->hold = numbers[14];

    if (left) {
        return NGX_DECLINED;
    }

    return ngx_violet_fetch_result_vet(fetched);
}


static void
ngx_violet_fetch_result_strings(ngx_violet_fetch_result_t *fetched,
    ngx_str_t **strings)
{
    strings[0] = &fetched->report.body;
    strings[1] = &fetched->report.etag;
    strings[2] = &fetched->content_type;
    strings[3] = &fetched->content_encoding;
    strings[4] = &fetched->content;
    strings[5] = &fetched->retry_after;
    strings[6] = &fetched->detail;
}


static ngx_int_t
ngx_violet_fetch_result_numbers(ngx_str_t *packed, uint64_t *numbers,
    u_char **rest)
{
    off_t        n;
    u_char      *p, *space, *last;
    ngx_uint_t   i;

    p = packed->data;
    last = p + packed->len;

    for (i = 0; i < NGX_VIOLET_FETCH_NUMBERS; i++) {

        space = ngx_strlchr(p, last, ' ');
        if (space == NULL) {
            return NGX_DECLINED;
        }

        n = ngx_atoof(p, space - p);
        if (n == NGX_ERROR) {
            return NGX_DECLINED;
        }

        numbers[i] = (uint64_t) n;
        p = space + 1;
    }

    *rest = p;

    return numbers[0] == NGX_VIOLET_FORM_RESULT ? NGX_OK : NGX_DECLINED;
}


/* What would end up in a header must be fit for one. */

static ngx_int_t
ngx_violet_fetch_result_vet(ngx_violet_fetch_result_t *fetched)
{
    size_t       i;
    ngx_str_t   *strings[NGX_VIOLET_FETCH_STRINGS], *s;
    ngx_uint_t   n;

    ngx_violet_fetch_result_strings(fetched, strings);

    for (n = 1; n < NGX_VIOLET_FETCH_STRINGS; n++) {

        s = strings[n];

        if (s == &fetched->content) {
            continue;
        }

        if (s->len > NGX_VIOLET_FETCH_MAX_TEXT) {
            return NGX_DECLINED;
        }

        for (i = 0; i < s->len; i++) {
            if ((s->data[i] < 0x20 && s->data[i] != '\t')
                || s->data[i] == 0x7f)
            {
                return NGX_DECLINED;
            }
        }
    }

    if (fetched->report.state > VIOLET_REPORT_BLOCKED
        || fetched->refused
        || fetched->report.age > NGX_VIOLET_FETCH_MAX_TIME
        || fetched->hold > NGX_VIOLET_FETCH_MAX_TIME
        || fetched->limit.wait > NGX_VIOLET_FETCH_MAX_TIME)
    {
        return NGX_DECLINED;
    }

    switch (fetched->kind) {

    case NGX_VIOLET_FETCH_REPORT:
        return fetched->report.body.len && fetched->report.etag.len
               ? NGX_OK : NGX_DECLINED;

    case NGX_VIOLET_FETCH_OTHER:
        return fetched->status >= 200 && fetched->status < 600
               && fetched->status / 100 != 3
               ? NGX_OK : NGX_DECLINED;

    case NGX_VIOLET_FETCH_FAILED:
        return fetched->status == NGX_HTTP_BAD_GATEWAY
               || fetched->status == NGX_HTTP_GATEWAY_TIME_OUT
               || fetched->status == NGX_HTTP_TOO_MANY_REQUESTS
               ? NGX_OK : NGX_DECLINED;

    case NGX_VIOLET_FETCH_LIMITED:
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


/*
 * The result of a flight, as other processes read it: the number of the form,
 * then each member of the table below, a number followed by a space or a
 * string after its length.  It is kept in shared memory or in Redis, for
 * seconds, and is checked when it is read.
 */


#include "ngx_violet_fetch_result.h"
#include "ngx_violet_keys.h"


/* bytes, of a string that becomes a header field or part of a problem */
#define NGX_VIOLET_FETCH_MAX_TEXT  8192

/* milliseconds, twice 366 days: more than any time to live or period */
#define NGX_VIOLET_FETCH_MAX_TIME  63244800000ULL


typedef struct {
    size_t     offset;    /* of the member, in ngx_violet_fetch_result_t */
    size_t     size;      /* of a number, 4 or 8 bytes; 0: a string */
    uint64_t   max;       /* of a number, or bytes of a string */
} ngx_violet_fetch_member_t;


#define ngx_violet_fetch_number(member, max)                                  \
    { offsetof(ngx_violet_fetch_result_t, member),                            \
      sizeof(((ngx_violet_fetch_result_t *) NULL)->member), max }

#define ngx_violet_fetch_string(member, max)                                  \
    { offsetof(ngx_violet_fetch_result_t, member), 0, max }

#define NGX_VIOLET_FETCH_MEMBERS                                              \
    (sizeof(ngx_violet_fetch_members) / sizeof(ngx_violet_fetch_members[0]))


static ngx_int_t ngx_violet_fetch_result_read(u_char **pos, u_char *last,
    uint64_t *number);
static ngx_uint_t ngx_violet_fetch_result_is_text(ngx_str_t *s);
static ngx_int_t ngx_violet_fetch_result_vet(
    ngx_violet_fetch_result_t *fetched);


/* A change of this table needs a new NGX_VIOLET_FORM_RESULT. */

static ngx_violet_fetch_member_t  ngx_violet_fetch_members[] = {
    ngx_violet_fetch_number(kind, NGX_VIOLET_FETCH_LIMITED),
    ngx_violet_fetch_number(status, 599),
    ngx_violet_fetch_number(stored, 1),
    ngx_violet_fetch_number(report.state, VIOLET_REPORT_BLOCKED),
    ngx_violet_fetch_number(refused, 0),
    ngx_violet_fetch_number(limit.asked, 1),
    ngx_violet_fetch_number(limit.allowed, 1),
    ngx_violet_fetch_number(limit.by_app, 1),
    ngx_violet_fetch_number(limit.in_memory, 1),
    ngx_violet_fetch_number(limit.remaining, NGX_MAX_UINT32_VALUE),
    ngx_violet_fetch_number(limit.wait, NGX_VIOLET_FETCH_MAX_TIME),
    ngx_violet_fetch_number(report.age, NGX_VIOLET_FETCH_MAX_TIME),
    ngx_violet_fetch_number(held, 1),
    ngx_violet_fetch_number(hold, NGX_VIOLET_FETCH_MAX_TIME),
    ngx_violet_fetch_string(report.body, NGX_MAX_SIZE_T_VALUE),
    ngx_violet_fetch_string(report.etag, NGX_VIOLET_FETCH_MAX_TEXT),
    ngx_violet_fetch_string(content_type, NGX_VIOLET_FETCH_MAX_TEXT),
    ngx_violet_fetch_string(content_encoding, NGX_VIOLET_FETCH_MAX_TEXT),
    ngx_violet_fetch_string(content, NGX_MAX_SIZE_T_VALUE),
    ngx_violet_fetch_string(retry_after, NGX_VIOLET_FETCH_MAX_TEXT),
    ngx_violet_fetch_string(detail, NGX_VIOLET_FETCH_MAX_TEXT),
    ngx_violet_fetch_string(request_id, NGX_VIOLET_FETCH_MAX_TEXT)
};


ngx_int_t
ngx_violet_fetch_result_pack(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_str_t *packed)
{
    u_char                     *p, *at;
    size_t                      len;
    uint64_t                    n;
    ngx_str_t                  *s;
    ngx_uint_t                  i;
    ngx_violet_fetch_member_t  *m;

    len = (NGX_VIOLET_FETCH_MEMBERS + 1) * (NGX_INT64_LEN + 1);

    for (i = 0; i < NGX_VIOLET_FETCH_MEMBERS; i++) {
        m = &ngx_violet_fetch_members[i];

        if (m->size == 0) {
            s = (ngx_str_t *) ((u_char *) fetched + m->offset);
            len += s->len;
        }
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    packed->data = p;

    p = ngx_sprintf(p, "%d ", NGX_VIOLET_FORM_RESULT);

    for (i = 0; i < NGX_VIOLET_FETCH_MEMBERS; i++) {
        m = &ngx_violet_fetch_members[i];
        at = (u_char *) fetched + m->offset;

        if (m->size == 0) {
            s = (ngx_str_t *) at;
            p = ngx_sprintf(p, "%uz %V", s->len, s);

        } else {
            n = (m->size == sizeof(uint32_t)) ? *(uint32_t *) at
                                              : *(uint64_t *) at;
            p = ngx_sprintf(p, "%uL ", n);
        }
    }

    packed->len = p - packed->data;

    return NGX_OK;
}


ngx_int_t
ngx_violet_fetch_result_unpack(ngx_violet_fetch_result_t *fetched,
    ngx_pool_t *pool, ngx_str_t *packed, size_t limit)
{
    u_char                     *p, *at, *last;
    uint64_t                    n;
    ngx_str_t                  *s;
    ngx_uint_t                  i;
    ngx_violet_fetch_member_t  *m;

    p = packed->data;
    last = p + packed->len;

    if (ngx_violet_fetch_result_read(&p, last, &n) != NGX_OK
        || n != NGX_VIOLET_FORM_RESULT)
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < NGX_VIOLET_FETCH_MEMBERS; i++) {
        m = &ngx_violet_fetch_members[i];
        at = (u_char *) fetched + m->offset;

        if (ngx_violet_fetch_result_read(&p, last, &n) != NGX_OK
            || n > m->max)
        {
            return NGX_DECLINED;
        }

        if (m->size == sizeof(uint32_t)) {
            *(uint32_t *) at = (uint32_t) n;
            continue;
        }

        if (m->size) {
            *(uint64_t *) at = n;
            continue;
        }

        if (n > ngx_min((size_t) (last - p), limit)) {
            return NGX_DECLINED;
        }

        s = (ngx_str_t *) at;

        s->len = (size_t) n;
        s->data = ngx_pnalloc(pool, s->len + 1);

        if (s->data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(s->data, p, s->len);
        p += s->len;

        if (m->max == NGX_VIOLET_FETCH_MAX_TEXT
            && !ngx_violet_fetch_result_is_text(s))
        {
            return NGX_DECLINED;
        }
    }

    return (p == last) ? ngx_violet_fetch_result_vet(fetched) : NGX_DECLINED;
}


/* Reads a number and the space after it. */

static ngx_int_t
ngx_violet_fetch_result_read(u_char **pos, u_char *last, uint64_t *number)
{
    off_t    n;
    u_char  *space;

    space = ngx_strlchr(*pos, last, ' ');
    if (space == NULL) {
        return NGX_DECLINED;
    }

    n = ngx_atoof(*pos, space - *pos);
    if (n == NGX_ERROR) {
        return NGX_DECLINED;
    }

    *number = (uint64_t) n;
    *pos = space + 1;

    return NGX_OK;
}


/* True if the string may stand in a header field. */

static ngx_uint_t
ngx_violet_fetch_result_is_text(ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if ((s->data[i] < 0x20 && s->data[i] != '\t') || s->data[i] == 0x7f) {
            return 0;
        }
    }

    return 1;
}


/* Checks the members that a result of this kind needs. */

static ngx_int_t
ngx_violet_fetch_result_vet(ngx_violet_fetch_result_t *fetched)
{
    switch (fetched->kind) {

    case NGX_VIOLET_FETCH_REPORT:
        return fetched->report.body.len && fetched->report.etag.len
               ? NGX_OK : NGX_DECLINED;

    case NGX_VIOLET_FETCH_OTHER:
        return fetched->status >= 200 && fetched->status / 100 != 3
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


/*
 * The headers traceparent, tracestate and X-Request-Id of a caller.  They are
 * copied, since the caller may leave before Violet is asked.
 */


#include "ngx_violet.h"
#include "ngx_violet_header.h"
#include "ngx_violet_trace.h"

#include "violet_trace.h"


static ngx_str_t ngx_violet_trace_header(ngx_http_request_t *r, char *name);
static void ngx_violet_trace_join(ngx_http_request_t *r, char *name,
    ngx_pool_t *pool, ngx_str_t *joined);
static void ngx_violet_trace_dup(ngx_pool_t *pool, ngx_str_t *to,
    ngx_str_t *from);
static violet_text_t ngx_violet_trace_text(ngx_str_t *s);


void
ngx_violet_trace_copy(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_violet_trace_t *trace)
{
    ngx_str_t  parent, id, own_id;

    ngx_memzero(trace, sizeof(ngx_violet_trace_t));

    parent = ngx_violet_trace_header(r, "traceparent");

    /* a tracestate without a valid traceparent has no meaning */

    if (violet_trace_is_parent(ngx_violet_trace_text(&parent))) {
        ngx_violet_trace_dup(pool, &trace->parent, &parent);
        ngx_violet_trace_join(r, "tracestate", pool, &trace->state);
    }

    ngx_violet_answer_request_id(r, &own_id);
    ngx_violet_trace_dup(pool, &trace->own_id, &own_id);

    id = ngx_violet_trace_header(r, "X-Request-Id");

    if (violet_trace_is_id(ngx_violet_trace_text(&id))) {
        ngx_violet_trace_dup(pool, &trace->id, &id);

    } else {
        trace->id = trace->own_id;
    }
}


/* The value of a header that is given once, else an empty text. */

static ngx_str_t
ngx_violet_trace_header(ngx_http_request_t *r, char *name)
{
    ngx_str_t                  value;
    ngx_uint_t                 n;
    ngx_table_elt_t           *h;
    ngx_violet_header_iter_t   iter;

    n = 0;
    ngx_str_null(&value);

    ngx_violet_header_first(&iter, &r->headers_in.headers);

    while ((h = ngx_violet_header_next(&iter)) != NULL) {

        if (h->hash && ngx_violet_header_is(&h->key, name)) {
            value = h->value;
            n++;
        }
    }

    if (n != 1) {
        ngx_str_null(&value);
    }

    return value;
}


/* A tracestate may be given in several headers (W3C Trace Context, 3.3). */

static void
ngx_violet_trace_join(ngx_http_request_t *r, char *name, ngx_pool_t *pool,
    ngx_str_t *joined)
{
    u_char                    *p, *last;
    u_char                     buf[VIOLET_TRACE_STATE];
    ngx_str_t                  text;
    ngx_table_elt_t           *h;
    ngx_violet_header_iter_t   iter;

    p = buf;
    last = buf + VIOLET_TRACE_STATE;

    ngx_violet_header_first(&iter, &r->headers_in.headers);

    while ((h = ngx_violet_header_next(&iter)) != NULL) {

        if (!h->hash || h->value.len == 0
            || !ngx_violet_header_is(&h->key, name))
        {
            continue;
        }

        if (h->value.len + (p > buf) > (size_t) (last - p)) {
            return;
        }

        if (p > buf) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, h->value.data, h->value.len);
    }

    text.data = buf;
    text.len = p - buf;

    if (violet_trace_is_state(ngx_violet_trace_text(&text))) {
        ngx_violet_trace_dup(pool, joined, &text);
    }
}


static void
ngx_violet_trace_dup(ngx_pool_t *pool, ngx_str_t *to, ngx_str_t *from)
{
    to->data = ngx_pstrdup(pool, from);
    to->len = to->data ? from->len : 0;
}


static violet_text_t
ngx_violet_trace_text(ngx_str_t *s)
{
    return (violet_text_t) { (char *) s->data, s->len };
}


void
ngx_violet_trace_set_id(ngx_http_request_t *r, ngx_str_t *id)
{
    ngx_violet_main_conf_t     *vmcf;
    ngx_http_variable_value_t  *v;

    if (id->len == 0) {
        return;
    }

    vmcf = ngx_violet_main_conf(r);

    v = &r->variables[vmcf->request_id];

    v->data = id->data;
    v->len = id->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
}

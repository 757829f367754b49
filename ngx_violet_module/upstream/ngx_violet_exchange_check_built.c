
/*
 * Checks of a request that proxy_pass has built: of its URI and, in HTTP/1,
 * of its head.  Over HTTP/2 nginx shows neither; there the frames say where a
 * body ends.
 */


#include "ngx_violet.h"
#include "ngx_violet_exchange_check.h"
#include "ngx_violet_exchange_check_priv.h"
#include "ngx_violet_header.h"

#include "violet_trace.h"


static ngx_uint_t ngx_violet_check_shows_uri(ngx_violet_check_t *check);
static ngx_uint_t ngx_violet_check_is_api(ngx_str_t *uri, ngx_str_t *path);
static ngx_int_t ngx_violet_check_uri(ngx_http_request_t *r);
static ngx_uint_t ngx_violet_check_has_body(ngx_http_request_t *r);
static ngx_uint_t ngx_violet_check_has_line(ngx_buf_t *b, char *name);
static void ngx_violet_check_drop_lines(ngx_buf_t *b, char *name);
static u_char *ngx_violet_check_next_line(ngx_buf_t *b, u_char *line);
static ngx_uint_t ngx_violet_check_is_line(u_char *line, u_char *next,
    char *name);
static ngx_uint_t ngx_violet_check_is_sent(ngx_http_request_t *r);
static void ngx_violet_check_line_value(ngx_buf_t *b, char *name,
    ngx_str_t *value);


ngx_violet_refusal_e
ngx_violet_check_look_uri(ngx_violet_check_t *check)
{
    ngx_str_t            *path;
    ngx_http_upstream_t  *u;

    u = check->proxied;
    path = NULL;

    if (check->exchange && check->exchange->own_request
        && check->exchange->own_request->path.len)
    {
        path = &check->exchange->own_request->path;
    }

    if (check->resolved == NULL && path == NULL) {
        return NGX_VIOLET_NOT_REFUSED;
    }

    if (!ngx_violet_check_shows_uri(check)) {
        return NGX_VIOLET_REFUSED_UNSEEN;
    }

    if (check->resolved && ngx_violet_check_uri(check->request) != NGX_OK) {
        return NGX_VIOLET_REFUSED_URI;
    }

    if (path && !ngx_violet_check_is_api(&u->uri, path)) {
        return NGX_VIOLET_REFUSED_PATH;
    }

    return NGX_VIOLET_NOT_REFUSED;
}


/* True if proxy_pass has set the URI since it began to build: in HTTP/1. */

static ngx_uint_t
ngx_violet_check_shows_uri(ngx_violet_check_t *check)
{
    return check->proxied->uri.len && check->proxied->uri.data != check->uri;
}


/* True if the URI ends in "/v1/" and the path. */

static ngx_uint_t
ngx_violet_check_is_api(ngx_str_t *uri, ngx_str_t *path)
{
    u_char  *last;

    if (uri->len < 4 + path->len) {
        return 0;
    }

    last = uri->data + uri->len - path->len;

    return ngx_memcmp(last, path->data, path->len) == 0
           && ngx_memcmp(last - 4, "/v1/", 4) == 0;
}


/* Only a proxy_pass with variables can build another URI than was matched. */

static ngx_int_t
ngx_violet_check_uri(ngx_http_request_t *r)
{
    u_char     *p, *last;
    size_t      len;
    ngx_str_t  *built;
    uintptr_t   escape;

    escape = 0;

    if (r->quoted_uri || r->internal) {
        escape = ngx_escape_uri(NULL, r->uri.data, r->uri.len,
                                NGX_ESCAPE_URI);
    }

    len = r->uri.len + 2 * escape + (r->args.len ? 1 + r->args.len : 0);

    built = &r->upstream->uri;

    if (built->len != len) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (escape) {
        last = (u_char *) ngx_escape_uri(p, r->uri.data, r->uri.len,
                                         NGX_ESCAPE_URI);
    } else {
        last = ngx_cpymem(p, r->uri.data, r->uri.len);
    }

    if (r->args.len) {
        *last++ = '?';
        ngx_memcpy(last, r->args.data, r->args.len);
    }

    return ngx_memcmp(p, built->data, len) == 0 ? NGX_OK : NGX_DECLINED;
}


/*
 * The head lacks Content-Length if nginx has no memory for its digits, or if
 * a proxy_set_header line removes it.  Violet would then read the body as the
 * next request on the connection.
 */

ngx_violet_refusal_e
ngx_violet_check_look_head(ngx_violet_check_t *check)
{
    ngx_buf_t              *b;
    ngx_http_request_t     *r;
    ngx_violet_loc_conf_t  *vlcf;

    if (!ngx_violet_check_shows_uri(check)) {
        return NGX_VIOLET_NOT_REFUSED;
    }

    r = check->request;
    b = check->proxied->request_bufs->buf;

    if (ngx_violet_check_has_body(r)
        && !ngx_violet_check_has_line(b, "Content-Length:")
        && !ngx_violet_check_has_line(b, "Transfer-Encoding:"))
    {
        return NGX_VIOLET_REFUSED_LENGTH;
    }

    /* a proxy_set_header line is for all routes, but not for an exchange */

    vlcf = ngx_violet_loc_conf(r);

    if (check->exchange && vlcf->accept_encoding) {
        ngx_violet_check_drop_lines(b, "Accept-Encoding:");
    }

    return NGX_VIOLET_NOT_REFUSED;
}


static ngx_uint_t
ngx_violet_check_has_body(ngx_http_request_t *r)
{
    u_char       *line, *next;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    cl = r->upstream->request_bufs;
    b = cl->buf;

    for (cl = cl->next; cl; cl = cl->next) {
        if (ngx_buf_size(cl->buf) > 0) {
            return 1;
        }
    }

    /* proxy_set_body puts the body behind the empty line of the head */

    for (line = b->pos; /* void */ ; line = next) {
        next = ngx_violet_check_next_line(b, line);

        if (next == NULL) {
            break;
        }
    }

    if (b->last - line > 2) {
        return 1;
    }

    /* with proxy_request_buffering off the body comes later */

    return r->request_body_no_buffering
           && (r->reading_body
               || (r->request_body && r->request_body->bufs));
}


static ngx_uint_t
ngx_violet_check_has_line(ngx_buf_t *b, char *name)
{
    u_char  *line, *next;

    for (line = b->pos; /* void */ ; line = next) {

        next = ngx_violet_check_next_line(b, line);

        if (next == NULL) {
            return 0;
        }

        if (ngx_violet_check_is_line(line, next, name)) {
            return 1;
        }
    }
}


static void
ngx_violet_check_drop_lines(ngx_buf_t *b, char *name)
{
    u_char  *line, *next;

    for (line = b->pos; /* void */ ; line = next) {

        next = ngx_violet_check_next_line(b, line);

        if (next == NULL) {
            return;
        }

        if (ngx_violet_check_is_line(line, next, name)) {
            ngx_memmove(line, next, b->last - next);
            b->last -= next - line;
            next = line;
        }
    }
}


/* NULL for the empty line that ends the head; a body may follow it. */

static u_char *
ngx_violet_check_next_line(ngx_buf_t *b, u_char *line)
{
    u_char  *next;

    next = memchr(line, LF, b->last - line);

    if (next == NULL || ++next - line <= 2) {
        return NULL;
    }

    return next;
}


static ngx_uint_t
ngx_violet_check_is_line(u_char *line, u_char *next, char *name)
{
    size_t  len;

    if (ngx_tolower(*line) != ngx_tolower(*name)) {
        return 0;
    }

    len = ngx_strlen(name);

    return (size_t) (next - line) > len
           && ngx_strncasecmp(line, (u_char *) name, len) == 0;
}


/*
 * Over HTTP/2 the head cannot be read: the id is the one of the request, unless
 * a proxy_set_header line sets another.
 */

void
ngx_violet_check_sent_id(ngx_http_request_t *r, ngx_str_t *id)
{
    ngx_violet_ctx_t       *ctx;
    ngx_table_elt_t        *h;
    ngx_http_upstream_t    *u;
    ngx_violet_loc_conf_t  *vlcf;

    ngx_str_null(id);

    ctx = ngx_violet_ctx(r);
    u = r->upstream;

    if (ctx == NULL || u == NULL || ctx->check == NULL
        || ctx->check->proxied != u || u->request_bufs == NULL
        || !ngx_violet_check_is_sent(r))
    {
        return;
    }

    if (ngx_violet_check_shows_uri(ctx->check)) {
        ngx_violet_check_line_value(u->request_bufs->buf, "X-Request-Id:",
                                    id);

    } else {
        vlcf = ngx_violet_loc_conf(r);
        h = ngx_violet_header_find(&r->headers_in.headers, "X-Request-Id");

        if (h && !vlcf->request_id) {
            *id = h->value;
        }
    }

    if (!violet_trace_is_id((violet_text_t) { (char *) id->data, id->len })) {
        ngx_str_null(id);
    }
}


/* nginx writes "bytes_sent" when the request ends. */

static ngx_uint_t
ngx_violet_check_is_sent(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->upstream->peer.connection;

    return (c && c->sent) || !ngx_violet_exchange_unsent(r->upstream_states);
}


/* nginx moves "pos" over what was sent, and keeps "start". */

static void
ngx_violet_check_line_value(ngx_buf_t *b, char *name, ngx_str_t *value)
{
    u_char     *line, *next;
    ngx_buf_t   head;

    head = *b;
    head.pos = head.start;

    for (line = head.pos; /* void */ ; line = next) {

        next = ngx_violet_check_next_line(&head, line);

        if (next == NULL) {
            return;
        }

        if (ngx_violet_check_is_line(line, next, name)) {
            line += ngx_strlen(name);
            next--;

            while (line < next && *line == ' ') {
                line++;
            }

            while (next > line && (next[-1] == CR || next[-1] == ' ')) {
                next--;
            }

            value->data = line;
            value->len = next - line;

            return;
        }
    }
}


/*
 * Responses that the module sends itself.  The content phase sends them, since
 * no phase handler finalizes a request.  A body lives in the request's pool,
 * or longer.
 */


#include "ngx_violet.h"


/* s: Retry-After of a request that found no access token */
#define NGX_VIOLET_ANSWER_NO_TOKEN  "5"


typedef struct {
    ngx_str_t    type;
    ngx_str_t    title;
    ngx_uint_t   status;
} ngx_violet_problem_t;


static size_t ngx_violet_answer_escaped(ngx_str_t *text);
static void ngx_violet_answer_status_line(ngx_http_request_t *r);


static ngx_violet_problem_t  ngx_violet_problems[] = {

    { ngx_string("invalid-request"),
      ngx_string("The request is not valid"),
      NGX_HTTP_BAD_REQUEST },

    { ngx_string("route-blocked"),
      ngx_string("The route is blocked by this gateway"),
      NGX_HTTP_FORBIDDEN },

    { ngx_string("refresh-limited"),
      ngx_string("The refresh limit is reached"),
      NGX_HTTP_TOO_MANY_REQUESTS },

    { ngx_string("upstream-unavailable"),
      ngx_string("Violet cannot answer"),
      NGX_HTTP_BAD_GATEWAY },

    { ngx_string("credentials-unavailable"),
      ngx_string("The gateway has no credentials for Violet"),
      NGX_HTTP_SERVICE_UNAVAILABLE },

    { ngx_string("configuration"),
      ngx_string("The gateway is not configured for this"),
      NGX_HTTP_INTERNAL_SERVER_ERROR },

    { ngx_string("not-submitted"),
      ngx_string("The cart was not submitted"),
      NGX_HTTP_NOT_FOUND },

    { ngx_string("unauthorized"),
      ngx_string("The request is not authorized"),
      NGX_HTTP_UNAUTHORIZED },

    { ngx_string("method-not-allowed"),
      ngx_string("The method is not allowed here"),
      NGX_HTTP_NOT_ALLOWED },

    { ngx_string("too-large"),
      ngx_string("The request is too large"),
      NGX_HTTP_REQUEST_ENTITY_TOO_LARGE }
};


static ngx_str_t  ngx_violet_problem_type =
    ngx_string("application/problem+json");


static ngx_str_t  ngx_violet_refusals[] = {

    ngx_null_string,

    ngx_string("Violet's certificate would not be verified: add "
               "\"proxy_ssl_verify on\" and "
               "\"proxy_ssl_trusted_certificate\" to the location, or "
               "\"violet_unverified_upstream on\" to send secrets "
               "without it"),

    ngx_string("another location opened the connection, and may not verify "
               "certificates: give the locations with \"violet\" an upstream "
               "block of their own"),

    ngx_string("secrets would go by plain http to another machine: use "
               "https, an upstream on this machine, or "
               "\"violet_unverified_upstream on\" to send them nevertheless"),

    ngx_string("proxy_pass with variables made another URI than the one "
               "that was requested: leave the URI out of proxy_pass"),

    ngx_string("nginx does not show which URI proxy_pass builds for this "
               "version of HTTP: write the name of an upstream block into "
               "proxy_pass, without variables, or use "
               "\"proxy_http_version 1.1\""),

    ngx_string("the request has a body and does not say how long it is: "
               "remove a \"proxy_set_header\" line for Content-Length or "
               "Transfer-Encoding; if there is no such line, nginx is out of "
               "memory"),

    ngx_string("proxy_pass of the location could not make the request, the "
               "error log says why"),

    ngx_string("a subrequest of another nginx module reached proxy_pass "
               "without passing the violet checks"),

    ngx_string("the gateway has no access token for Violet at present"),

    ngx_string("proxy_pass does not lead to Violet's route for tokens"),

    ngx_string("the body is larger than client_max_body_size of this "
               "location")
};


void
ngx_violet_answer_set(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *content_type, ngx_str_t *content)
{
    ngx_violet_ctx_t  *ctx;

    ctx = ngx_violet_ctx(r);

    ctx->answer.status = status;
    ctx->answer.content_type = *content_type;
    ctx->answer.content_type_len = content_type->len;
    ctx->answer.content = *content;
    ctx->answer.is_set = 1;
}


ngx_int_t
ngx_violet_answer_problem(ngx_http_request_t *r, ngx_violet_problem_e type,
    ngx_uint_t status, ngx_str_t *detail)
{
    ngx_str_t  text;

    if (status == 0) {
        status = ngx_violet_problems[type].status;
    }

    if (ngx_violet_answer_problem_text(r, type, status, detail, &text)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_violet_answer_set(r, status, &ngx_violet_problem_type, &text);

    return NGX_DECLINED;
}


ngx_int_t
ngx_violet_answer_problem_text(ngx_http_request_t *r,
    ngx_violet_problem_e type, ngx_uint_t status, ngx_str_t *detail,
    ngx_str_t *text)
{
    u_char                *p;
    size_t                 len;
    ngx_str_t              id;
    ngx_violet_problem_t  *problem;

    problem = &ngx_violet_problems[type];

    ngx_violet_answer_request_id(r, &id);

    len = sizeof("{\"type\":\"urn:ngx-violet:\",\"title\":\"\",\"status\":,"
                 "\"detail\":\"\",\"request_id\":\"\"}\n")
          + problem->type.len + problem->title.len + NGX_INT_T_LEN
          + ngx_violet_answer_escaped(detail)
          + ngx_violet_answer_escaped(&id);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    p = ngx_sprintf(p, "{\"type\":\"urn:ngx-violet:%V\",\"title\":\"%V\","
                    "\"status\":%ui,\"detail\":\"",
                    &problem->type, &problem->title, status);
    p = (u_char *) ngx_escape_json(p, detail->data, detail->len);
    p = ngx_cpymem(p, "\",\"request_id\":\"", 16);
    p = (u_char *) ngx_escape_json(p, id.data, id.len);
    p = ngx_cpymem(p, "\"}\n", 3);

    text->len = p - text->data;

    return NGX_OK;
}


static size_t
ngx_violet_answer_escaped(ngx_str_t *text)
{
    return text->len + ngx_escape_json(NULL, text->data, text->len);
}


void
ngx_violet_answer_refusal(ngx_uint_t refusal, ngx_str_t *detail)
{
    *detail = ngx_violet_refusals[refusal];
}


ngx_int_t
ngx_violet_answer_refused(ngx_http_request_t *r, ngx_uint_t refusal)
{
    ngx_str_t             after;
    ngx_violet_problem_e  type;

    type = (refusal == NGX_VIOLET_REFUSED_TOO_LARGE)
           ? NGX_VIOLET_PROBLEM_TOO_LARGE : NGX_VIOLET_PROBLEM_CONFIGURATION;

    if (refusal == NGX_VIOLET_REFUSED_CREDENTIALS) {
        type = NGX_VIOLET_PROBLEM_CREDENTIALS_UNAVAILABLE;

        ngx_str_set(&after, NGX_VIOLET_ANSWER_NO_TOKEN);

        if (ngx_violet_answer_header(r, "Retry-After", &after) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_violet_answer_problem(r, type, 0,
                                     &ngx_violet_refusals[refusal]);
}


void
ngx_violet_answer_request_id(ngx_http_request_t *r, ngx_str_t *id)
{
    ngx_http_variable_value_t  *v;
    ngx_violet_main_conf_t     *vmcf;

    vmcf = ngx_violet_main_conf(r);

    v = ngx_http_get_indexed_variable(r, vmcf->request_id);

    if (v == NULL || v->not_found) {
        ngx_str_set(id, "");
        return;
    }

    id->data = v->data;
    id->len = v->len;
}


ngx_int_t
ngx_violet_answer_add(ngx_http_request_t *r, char *name, size_t len,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = len;
    h->value = *value;
    h->lowcase_key = NULL;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}


ngx_int_t
ngx_violet_answer_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_buf_t            *b;
    ngx_chain_t           out;
    ngx_violet_ctx_t     *ctx;
    ngx_violet_answer_t  *answer;

    ctx = ngx_violet_ctx(r);
    answer = &ctx->answer;

    if (r->request_body == NULL) {
        rc = ngx_http_discard_request_body(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    /*
     * no response of the module has a Last-Modified, so conditions by date
     * are ignored (RFC 9110, sections 13.1.3 and 13.1.4)
     */

    r->headers_in.if_modified_since = NULL;
    r->headers_in.if_unmodified_since = NULL;

    r->headers_out.status = answer->status;
    ngx_violet_answer_status_line(r);

    r->headers_out.content_length_n = answer->content.len;
    r->headers_out.content_type = answer->content_type;
    r->headers_out.content_type_len = answer->content_type_len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    if (answer->content.len) {
        b->pos = answer->content.data;
        b->last = answer->content.data + answer->content.len;
        b->memory = 1;
    }

    /* after a subrequest nginx sends the rest of the main response */

    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* Sets the status line of statuses for which nginx has no text. */

static void
ngx_violet_answer_status_line(ngx_http_request_t *r)
{
    switch (r->headers_out.status) {

    case 207:
        ngx_str_set(&r->headers_out.status_line, "207 Multi-Status");
        break;

    case 422:
        ngx_str_set(&r->headers_out.status_line, "422 Unprocessable Content");
        break;

    case 425:
        ngx_str_set(&r->headers_out.status_line, "425 Too Early");
        break;
    }
}

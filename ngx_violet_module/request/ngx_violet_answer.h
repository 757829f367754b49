
/*
 * Responses that the module sends itself: reports, problems (RFC 9457), and
 * captured answers of Violet.  A phase handler sets the answer, the content
 * phase sends it.
 */

#ifndef NGX_VIOLET_ANSWER_H
#define NGX_VIOLET_ANSWER_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef enum {
    NGX_VIOLET_PROBLEM_INVALID_REQUEST = 0,
    NGX_VIOLET_PROBLEM_ROUTE_BLOCKED,
    NGX_VIOLET_PROBLEM_REFRESH_LIMITED,
    NGX_VIOLET_PROBLEM_UPSTREAM_UNAVAILABLE,
    NGX_VIOLET_PROBLEM_CREDENTIALS_UNAVAILABLE,
    NGX_VIOLET_PROBLEM_CONFIGURATION,
    NGX_VIOLET_PROBLEM_NOT_SUBMITTED,
    NGX_VIOLET_PROBLEM_UNAUTHORIZED,
    NGX_VIOLET_PROBLEM_METHOD,
    NGX_VIOLET_PROBLEM_TOO_LARGE
} ngx_violet_problem_e;


/* why a request is not sent to Violet */

typedef enum {
    NGX_VIOLET_NOT_REFUSED = 0,
    NGX_VIOLET_REFUSED_UNVERIFIED,       /* https without verification */
    NGX_VIOLET_REFUSED_SHARED,           /* on an unverified connection */
    NGX_VIOLET_REFUSED_PLAIN,            /* http to another machine */
    NGX_VIOLET_REFUSED_URI,              /* proxy_pass built another URI */
    NGX_VIOLET_REFUSED_UNSEEN,           /* nginx does not show the URI */
    NGX_VIOLET_REFUSED_LENGTH,           /* a body without a length */
    NGX_VIOLET_REFUSED_INTERNAL,         /* proxy_pass failed */
    NGX_VIOLET_REFUSED_UNCHECKED,        /* it did not pass our handler */
    NGX_VIOLET_REFUSED_CREDENTIALS,      /* there is no access token */
    NGX_VIOLET_REFUSED_PATH,             /* see ngx_violet_own_request_t */
    NGX_VIOLET_REFUSED_TOO_LARGE         /* over client_max_body_size */
} ngx_violet_refusal_e;


typedef struct {
    ngx_uint_t                  status;
    ngx_str_t                   content_type;
    size_t                      content_type_len;   /* without charset */
    ngx_str_t                   content;
    ngx_uint_t                  is_set;
} ngx_violet_answer_t;


/*
 * Sets the request's answer; content_type and content must live as long as
 * the request.
 */

void ngx_violet_answer_set(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *content_type, ngx_str_t *content);


/*
 * Sets the request's answer to a problem document.  With status 0 the status
 * of the type is used.  The detail is a sentence for the caller.
 *
 * Returns NGX_DECLINED, for a phase handler to return, or
 * NGX_HTTP_INTERNAL_SERVER_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_answer_problem(ngx_http_request_t *r,
    ngx_violet_problem_e type, ngx_uint_t status, ngx_str_t *detail);


/* Writes a problem document into the request's pool. */

ngx_int_t ngx_violet_answer_problem_text(ngx_http_request_t *r,
    ngx_violet_problem_e type, ngx_uint_t status, ngx_str_t *detail,
    ngx_str_t *text);


/*
 * A request that was refused before it connected: the detail of its problem,
 * and the problem, set as by ngx_violet_answer_problem().  A request that lacks
 * credentials gets Retry-After as well.
 */

void ngx_violet_answer_refusal(ngx_uint_t refusal, ngx_str_t *detail);
ngx_int_t ngx_violet_answer_refused(ngx_http_request_t *r,
    ngx_uint_t refusal);


/* Adds a response header; the name is a literal.  NGX_OK or NGX_ERROR. */

#define ngx_violet_answer_header(r, name, value)                              \
    ngx_violet_answer_add(r, "" name, sizeof(name) - 1, value)

ngx_int_t ngx_violet_answer_add(ngx_http_request_t *r, char *name, size_t len,
    ngx_str_t *value);


/* The content handler that sends the answer. */

ngx_int_t ngx_violet_answer_handler(ngx_http_request_t *r);


/* $request_id, empty without memory for it. */

void ngx_violet_answer_request_id(ngx_http_request_t *r, ngx_str_t *id);


#endif /* NGX_VIOLET_ANSWER_H */

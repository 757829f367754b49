
/*
 * The page of violet_status, for somebody on call: what is wrong, what to do
 * about it, and the figures behind it.  Shared by its files:
 * ngx_violet_status_page.c (the page), _todo.c (what is wrong), _text.c (texts,
 * numbers, the style).  The page is one text in the request's pool.
 */

#ifndef NGX_VIOLET_STATUS_PAGE_H
#define NGX_VIOLET_STATUS_PAGE_H


#include "ngx_violet.h"
#include "ngx_violet_cart_doubts.h"
#include "ngx_violet_status.h"
#include "ngx_violet_token_state.h"


/* carts in doubt that are listed */
#define NGX_VIOLET_PAGE_DOUBTS  20


typedef enum {
    NGX_VIOLET_PAGE_GOOD = 0,
    NGX_VIOLET_PAGE_WARN,
    NGX_VIOLET_PAGE_BAD
} ngx_violet_page_e;


typedef struct {
    u_char                    *last;       /* of the text so far */
    u_char                    *end;        /* of its room */

    ngx_violet_main_conf_t    *vmcf;
    violet_metrics_source_t    source;
    ngx_violet_token_state_t  *tokens;     /* by app */
    ngx_violet_cart_doubt_t    doubts[NGX_VIOLET_PAGE_DOUBTS];
    ngx_uint_t                 listed;     /* of them */
    int64_t                    in_doubt;   /* of all apps */

    ngx_violet_page_e          worst;      /* of what is wrong */
    ngx_uint_t                 wrong;      /* how many things */
} ngx_violet_page_t;


/* The list of faults and remedies; sets page->worst and page->wrong. */

void ngx_violet_page_todo(ngx_violet_page_t *page);


/*
 * Add to the text, as much as there is room for: a format of ngx_sprintf(), a
 * text of others with its special characters escaped, a number with its
 * thousands apart, a time of so many seconds, an instant in s since the epoch,
 * bytes.
 */

void ngx_violet_page_print(ngx_violet_page_t *page, const char *fmt, ...);
void ngx_violet_page_text(ngx_violet_page_t *page, u_char *data, size_t len);
void ngx_violet_page_number(ngx_violet_page_t *page, int64_t n);
void ngx_violet_page_time(ngx_violet_page_t *page, int64_t seconds);
void ngx_violet_page_instant(ngx_violet_page_t *page, time_t instant);
void ngx_violet_page_bytes(ngx_violet_page_t *page, int64_t bytes);


/* The class of the page's style for a state: "good", "warn" or "bad". */

const char *ngx_violet_page_class(ngx_violet_page_e state);


extern const char  ngx_violet_page_style[];


/*
 * Sets the page as the answer of the request.  Returns as a step does.
 */

ngx_int_t ngx_violet_status_page(ngx_http_request_t *r, ngx_violet_ctx_t *ctx);


#endif /* NGX_VIOLET_STATUS_PAGE_H */


/*
 * Lines of the error log about a request: they have its id, and no control
 * characters in texts of callers, of Violet and of Redis.
 */

#ifndef NGX_VIOLET_LOG_H
#define NGX_VIOLET_LOG_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "violet_text.h"


/*
 * violet_text_shown() for an ngx_str_t.  The result lies in "buf", which
 * has room for NGX_VIOLET_LOG_TEXT bytes.
 */

#define NGX_VIOLET_LOG_TEXT  VIOLET_TEXT_SHOWN

ngx_str_t ngx_violet_log_text(ngx_str_t *text, u_char *buf);


/*
 * Adds $request_id to each line about the request from now on, also to lines
 * of nginx.  If memory runs out, the lines have no id.
 */

void ngx_violet_log_request_id(ngx_http_request_t *r);


/*
 * A handler of the log of a connection without a client, whose data are an
 * ngx_http_log_ctx_t: the action, and what the request's own handler adds.
 * Returns the end of the text in "buf", which has room for "len" bytes.
 */

u_char *ngx_violet_log_request(ngx_log_t *log, u_char *buf, size_t len);


#endif /* NGX_VIOLET_LOG_H */

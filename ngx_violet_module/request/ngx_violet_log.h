
/*
 * Texts of callers, Violet and Redis, made harmless for the error log.
 */

#ifndef NGX_VIOLET_LOG_H
#define NGX_VIOLET_LOG_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "violet_text.h"


/*
 * violet_text_shown() for an ngx_str_t.  The result lies in "buf", which
 * has room for NGX_VIOLET_LOG_TEXT bytes.
 */

#define NGX_VIOLET_LOG_TEXT  VIOLET_TEXT_SHOWN

ngx_str_t ngx_violet_log_text(ngx_str_t *text, u_char *buf);


#endif /* NGX_VIOLET_LOG_H */

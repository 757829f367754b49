
/*
 * Texts of somebody else's, made harmless for the error log.
 */

#ifndef NGX_VIOLET_LOG_H
#define NGX_VIOLET_LOG_H


#include <ngx_config.h>
#include <ngx_core.h>


/* how long such a text may become, in bytes */

#define NGX_VIOLET_LOG_TEXT  256


/*
 * A text that came from a caller, from Violet or from Redis, as a line of
 * the log may show it between quotes: what is no printable ASCII character,
 * a quote and a backslash become "\xHH", and a long one is cut, which three
 * dots at its end say.  The result lies in "buf", which has room for
 * NGX_VIOLET_LOG_TEXT bytes.
 */

ngx_str_t ngx_violet_log_text(ngx_str_t *text, u_char *buf);


#endif /* NGX_VIOLET_LOG_H */


/*
 * Nothing is allocated for a line of the log: what it shows lies on the
 * stack of the function that logs it.
 */


#include "ngx_violet_log.h"


ngx_str_t
ngx_violet_log_text(ngx_str_t *text, u_char *buf)
{
    u_char      ch, *p, *last;
    size_t      i;
    ngx_str_t   shown;
    ngx_uint_t  plain;

    p = buf;
    last = buf + NGX_VIOLET_LOG_TEXT - 3;

    for (i = 0; i < text->len; i++) {
        ch = text->data[i];

        plain = (ch >= 0x20 && ch <= 0x7e && ch != '"' && ch != '\\');

        if (last - p < (plain ? 1 : 4)) {
            p = ngx_cpymem(p, "...", 3);
            break;
        }

        if (plain) {
            *p++ = ch;

        } else {
            p = ngx_sprintf(p, "\\x%02Xd", ch);
        }
    }

    shown.data = buf;
    shown.len = p - buf;

    return shown;
}


/*
 * No memory is allocated for a line of the log: its texts are on the stack of
 * the function that writes it.
 */


#include "ngx_violet_log.h"


ngx_str_t
ngx_violet_log_text(ngx_str_t *text, u_char *buf)
{
    ngx_str_t  shown;

    shown.data = buf;
    shown.len = violet_text_shown((char *) text->data, text->len,
                                  (char *) buf);

    return shown;
}

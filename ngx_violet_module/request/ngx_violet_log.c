
/*
 * No memory is allocated while a line is written: its texts are on the stack
 * of the function that writes it, and the id of a request is made before the
 * first line about the request.
 */


#include "ngx_violet.h"
#include "ngx_violet_answer.h"
#include "ngx_violet_log.h"


static u_char *ngx_violet_log_handler(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);


/* nginx's own handler, which adds the server and the request to a line */

static ngx_http_log_handler_pt  ngx_violet_next_log_handler;


ngx_str_t
ngx_violet_log_text(ngx_str_t *text, u_char *buf)
{
    ngx_str_t  shown;

    shown.data = buf;
    shown.len = violet_text_shown((char *) text->data, text->len,
                                  (char *) buf);

    return shown;
}


void
ngx_violet_log_request_id(ngx_http_request_t *r)
{
    ngx_str_t  id;

    r = r->main;

    if (ngx_violet_next_log_handler == NULL) {
        ngx_violet_next_log_handler = r->log_handler;
    }

    /* not if it is ours already, or if another module has set its own */

    if (r->log_handler == ngx_violet_next_log_handler) {
        ngx_violet_answer_request_id(r, &id);
        r->log_handler = ngx_violet_log_handler;
    }
}


static u_char *
ngx_violet_log_handler(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char                     *p, *last;
    ngx_http_variable_value_t  *id;
    ngx_violet_main_conf_t     *vmcf;

    vmcf = ngx_violet_main_conf(r);

    id = &r->variables[vmcf->request_id];
    p = buf;

    if (id->valid) {
        p = ngx_snprintf(buf, len, ", id: %v", id);
    }

    last = ngx_violet_next_log_handler(r, sr, p, len - (p - buf));

    /* nginx writes header fields raw, and the URI of a subrequest decoded */

    for ( /* void */ ; p < last; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *p = '?';
        }
    }

    return last;
}


/*
 * The id of a request is made before a line about the request is written,
 * since no memory may be allocated while a line is written.
 */


#include "ngx_violet.h"
#include "ngx_violet_tell.h"


/* ms during which a cause is not logged again */
#define NGX_VIOLET_TELL_AGAIN  60000


static u_char *ngx_violet_tell_request(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);


/* nginx's own handler, which adds the server and the request to a line */

static ngx_http_log_handler_pt  ngx_violet_next_log_handler;


ngx_uint_t
ngx_violet_tell(ngx_violet_told_t *told, ngx_violet_tell_e cause)
{
    ngx_uint_t  bit;

    bit = (ngx_uint_t) 1 << cause;

    if ((told->causes & bit)
        && ngx_current_msec - told->at[cause] < NGX_VIOLET_TELL_AGAIN)
    {
        return 0;
    }

    told->causes |= bit;
    told->at[cause] = ngx_current_msec;

    return 1;
}


void
ngx_violet_tell_id(ngx_http_request_t *r)
{
    ngx_str_t  id;

    r = r->main;

    if (ngx_violet_next_log_handler == NULL) {
        ngx_violet_next_log_handler = r->log_handler;
    }

    /* false if it is set already, or if another module has set its own */

    if (r->log_handler == ngx_violet_next_log_handler) {
        ngx_violet_answer_request_id(r, &id);
        r->log_handler = ngx_violet_tell_request;
    }
}


static u_char *
ngx_violet_tell_request(ngx_http_request_t *r, ngx_http_request_t *sr,
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

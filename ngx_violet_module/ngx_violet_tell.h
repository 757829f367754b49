
/*
 * What is common to the module's lines in the error log that are about
 * requests.
 */

#ifndef NGX_VIOLET_TELL_H
#define NGX_VIOLET_TELL_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * From here on each line about the request, nginx's own too, has its
 * $request_id.  If memory runs out, the lines go without it.
 */

void ngx_violet_tell_id(ngx_http_request_t *r);


#endif /* NGX_VIOLET_TELL_H */

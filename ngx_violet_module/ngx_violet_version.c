
/*
 * The line of the error log that names the version.  It is one constant, so
 * that "strings ngx_violet_module.so" shows it, too.
 */


#include "ngx_violet_version.h"
#include "ngx_violet_keys.h"


static const char  ngx_violet_version[] =
    "violet: version " NGX_VIOLET_VERSION ", forms of values: "
    "report " ngx_value(NGX_VIOLET_FORM_REPORT) ", "
    "flight " ngx_value(NGX_VIOLET_FORM_FLIGHT) ", "
    "result " ngx_value(NGX_VIOLET_FORM_RESULT) ", "
    "limit " ngx_value(NGX_VIOLET_FORM_LIMIT) ", "
    "submit " ngx_value(NGX_VIOLET_FORM_SUBMIT) ", "
    "event " ngx_value(NGX_VIOLET_FORM_EVENT) ", "
    "purged " ngx_value(NGX_VIOLET_FORM_PURGED);


void
ngx_violet_version_log(ngx_log_t *log)
{
    ngx_log_error(NGX_LOG_NOTICE, log, 0, ngx_violet_version);
}


/*
 * The version of the module.  It is that of the file VERSION and of the first
 * entry of CHANGES; `config` compares them before each build.
 */

#ifndef NGX_VIOLET_VERSION_H
#define NGX_VIOLET_VERSION_H


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_VIOLET_VERSION  "0.9.0"


/*
 * Writes the version and the numbers of the forms of values in Redis to the
 * log.  Hosts that share a Redis read each other's values if these are equal.
 */

void ngx_violet_version_log(ngx_log_t *log);


#endif /* NGX_VIOLET_VERSION_H */

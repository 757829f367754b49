
/*
 * Operations: what operators ask of the gateway, and what Violet reports to it.
 * A location has one operation at most, and no "violet".  The structures live
 * in the configuration's pool.  The PRECONTENT handler runs the operation's
 * first step; a step returns as those of all flows do.
 */

#ifndef NGX_VIOLET_OPERATION_H
#define NGX_VIOLET_OPERATION_H


#include "ngx_violet.h"


typedef struct ngx_violet_operation_s {
    ngx_str_t                name;       /* of the directive */
    ngx_str_t                app_name;   /* empty: it is about no app */
    ngx_violet_app_t        *app;        /* set once all apps are known */
    ngx_violet_step_pt       handler;    /* the first step */
    void                    *conf;       /* of the directive, or NULL */
    u_char                  *file;       /* of the directive */
    ngx_uint_t               line;
} ngx_violet_operation_t;


/* Parsers, for the table of directives. */

char *ngx_violet_status_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_violet_ready_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_violet_purge_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_violet_webhook_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/*
 * Makes the operation of the location that is being read; its name is that of
 * the directive.  The caller sets "app_name" and "conf".  NULL after an error,
 * which is logged.
 */

ngx_violet_operation_t *ngx_violet_operation_add(ngx_conf_t *cf,
    ngx_violet_loc_conf_t *vlcf, ngx_violet_step_pt handler);


/* NGX_ERROR, which is logged, if a location has an operation and "violet". */

ngx_int_t ngx_violet_operation_alone(ngx_conf_t *cf,
    ngx_violet_loc_conf_t *vlcf);


/*
 * Finds the apps of all operations, once the configuration is read.  NGX_OK,
 * or NGX_ERROR, which is logged.
 */

ngx_int_t ngx_violet_operations_check(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);


/*
 * Sets the problem of a method that the operation does not have; "allow" is a
 * literal.  Returns as ngx_violet_answer_problem() does.
 */

ngx_int_t ngx_violet_operation_method(ngx_http_request_t *r, char *allow);


/* Sets an answer of JSON; the text must live as long as the request. */

ngx_int_t ngx_violet_operation_json(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *text);


#endif /* NGX_VIOLET_OPERATION_H */

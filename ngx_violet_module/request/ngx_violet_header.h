
/*
 * Lists of headers as nginx keeps them, of a request or of a response.
 */

#ifndef NGX_VIOLET_HEADER_H
#define NGX_VIOLET_HEADER_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* A position in a list of headers. */

typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        index;
} ngx_violet_header_iter_t;


/*
 * All headers of a list, deleted ones (hash 0) included:
 *
 *     ngx_violet_header_first(&iter, &r->headers_in.headers);
 *
 *     while ((h = ngx_violet_header_next(&iter)) != NULL) {
 *
 * ngx_violet_header_next() returns NULL after the last one.
 */

void ngx_violet_header_first(ngx_violet_header_iter_t *iter,
    ngx_list_t *headers);
ngx_table_elt_t *ngx_violet_header_next(ngx_violet_header_iter_t *iter);


/* The first header of that name that is not deleted, or NULL. */

ngx_table_elt_t *ngx_violet_header_find(ngx_list_t *headers, char *name);


/* True if the text is the word, in any letter case. */

ngx_uint_t ngx_violet_header_is(ngx_str_t *text, char *word);


#endif /* NGX_VIOLET_HEADER_H */

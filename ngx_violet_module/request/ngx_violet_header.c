
/*
 * Lists of headers: an iterator, and a finder for one name.
 */


#include "ngx_violet_header.h"


void
ngx_violet_header_first(ngx_violet_header_iter_t *iter, ngx_list_t *headers)
{
    iter->part = &headers->part;
    iter->index = 0;
}


ngx_table_elt_t *
ngx_violet_header_next(ngx_violet_header_iter_t *iter)
{
    ngx_table_elt_t  *h;

    while (iter->index >= iter->part->nelts) {

        if (iter->part->next == NULL) {
            return NULL;
        }

        iter->part = iter->part->next;
        iter->index = 0;
    }

    h = iter->part->elts;

    return &h[iter->index++];
}


ngx_table_elt_t *
ngx_violet_header_find(ngx_list_t *headers, char *name)
{
    ngx_table_elt_t           *h;
    ngx_violet_header_iter_t   iter;

    ngx_violet_header_first(&iter, headers);

    while ((h = ngx_violet_header_next(&iter)) != NULL) {

        if (h->hash && ngx_violet_header_is(&h->key, name)) {
            return h;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_violet_header_is(ngx_str_t *text, char *word)
{
    return text->len == ngx_strlen(word)
           && ngx_strncasecmp(text->data, (u_char *) word, text->len) == 0;
}


/*
 * The carts in doubt, for operators: those whose record in the memory of this
 * host says that nobody knows whether they were ordered.
 */

#ifndef NGX_VIOLET_CART_DOUBTS_H
#define NGX_VIOLET_CART_DOUBTS_H


#include "ngx_violet.h"


typedef struct {
    ngx_violet_app_t    *app;
    u_char               name[64];    /* the id of the cart, or "key" and the
                                         digest of an Idempotency-Key */
    size_t               len;
    int64_t              since;       /* ms since the epoch; 0: not known */
    ngx_uint_t           doubts;      /* submits that ended in doubt */
    unsigned             flight:1;    /* its worker died */
} ngx_violet_cart_doubt_t;


/*
 * Fills in the oldest "max" doubts, oldest first, and returns how many.  It
 * reads the zone in slices, and not all of it if it has very many entries; so
 * call it only if something is in doubt.
 */

ngx_uint_t ngx_violet_cart_doubts(ngx_violet_main_conf_t *vmcf,
    ngx_violet_cart_doubt_t *doubts, ngx_uint_t max);


#endif /* NGX_VIOLET_CART_DOUBTS_H */

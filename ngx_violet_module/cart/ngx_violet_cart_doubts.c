
/*
 * The carts in doubt.  Records are copied under the zone's lock, and the texts
 * are made after it.
 */


#include "ngx_violet_memory.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_cart_doubts.h"
#include "ngx_violet_cart_record_priv.h"


typedef struct {
    ngx_violet_main_conf_t    *vmcf;
    ngx_violet_cart_doubt_t   *doubts;
    ngx_uint_t                 n;
    ngx_uint_t                 max;
} ngx_violet_doubts_walk_t;


static ngx_uint_t ngx_violet_cart_doubts_look(void *data, ngx_str_t *key,
    u_char *value, size_t len);
static ngx_int_t ngx_violet_cart_doubts_name(ngx_violet_main_conf_t *vmcf,
    ngx_str_t *key, ngx_violet_cart_doubt_t *doubt);
static void ngx_violet_cart_doubts_insert(ngx_violet_doubts_walk_t *walk,
    ngx_violet_cart_doubt_t *doubt);


ngx_uint_t
ngx_violet_cart_doubts(ngx_violet_main_conf_t *vmcf,
    ngx_violet_cart_doubt_t *doubts, ngx_uint_t max)
{
    ngx_violet_doubts_walk_t  walk;

    walk.vmcf = vmcf;
    walk.doubts = doubts;
    walk.n = 0;
    walk.max = max;

    (void) ngx_violet_memory_walk(vmcf->zone, ngx_violet_cart_doubts_look,
                                  &walk);

    return walk.n;
}


/* As in ngx_violet_record_count_doubt(): a pending submit is no doubt. */

static ngx_uint_t
ngx_violet_cart_doubts_look(void *data, ngx_str_t *key, u_char *value,
    size_t len)
{
    ngx_violet_doubts_walk_t  *walk = data;

    int64_t                   left;
    ngx_violet_cart_doubt_t   doubt;
    ngx_violet_record_slot_t  slot;

    if (len != sizeof(ngx_violet_record_slot_t)) {
        return 0;
    }

    ngx_memcpy(&slot, value, sizeof(ngx_violet_record_slot_t));

    left = slot.at + slot.record.left - ngx_violet_clock();

    doubt.flight = (slot.record.state == VIOLET_RECORD_IN_FLIGHT && left < 0);

    if (!doubt.flight && slot.record.state != VIOLET_RECORD_UNKNOWN) {
        return 0;
    }

    if (ngx_violet_cart_doubts_name(walk->vmcf, key, &doubt) != NGX_OK) {
        return 0;
    }

    doubt.since = slot.record.sent;
    doubt.doubts = slot.record.doubts + doubt.flight;

    ngx_violet_cart_doubts_insert(walk, &doubt);

    return 0;
}


/* The key ends in the id of the cart, or in "key:" and a digest. */

static ngx_int_t
ngx_violet_cart_doubts_name(ngx_violet_main_conf_t *vmcf, ngx_str_t *key,
    ngx_violet_cart_doubt_t *doubt)
{
    ngx_str_t            names;
    ngx_uint_t           i;
    ngx_violet_app_t   **app;
    u_char               buf[NGX_VIOLET_KEYS_NAME];

    app = vmcf->apps.elts;

    for (i = 0; i < vmcf->apps.nelts; i++) {
        names.data = buf;
        ngx_violet_record_names(ngx_violet_submit_redis(vmcf),
                                &app[i]->keys, &names);

        if (key->len > names.len
            && key->len - names.len <= sizeof(doubt->name)
            && ngx_memcmp(key->data, names.data, names.len) == 0)
        {
            doubt->app = app[i];
            doubt->len = key->len - names.len;
            ngx_memcpy(doubt->name, key->data + names.len, doubt->len);

            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static void
ngx_violet_cart_doubts_insert(ngx_violet_doubts_walk_t *walk,
    ngx_violet_cart_doubt_t *doubt)
{
    ngx_uint_t  i;

    i = walk->n;

    if (walk->n == walk->max) {

        if (walk->max == 0
            || walk->doubts[walk->max - 1].since <= doubt->since)
        {
            return;
        }

        i--;

    } else {
        walk->n++;
    }

    for ( /* void */ ; i > 0; i--) {

        if (walk->doubts[i - 1].since <= doubt->since) {
            break;
        }

        walk->doubts[i] = walk->doubts[i - 1];
    }

    walk->doubts[i] = *doubt;
}

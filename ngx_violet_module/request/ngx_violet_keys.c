
/*
 * One function for each line of the table in ngx_violet_keys.h.  No key is too
 * long: <env> is bounded when the configuration is read, and the other parts
 * are numbers, words of the module or digests.
 */


#include "ngx_violet_keys.h"

#include "violet_text.h"


static void ngx_violet_keys_go_with(ngx_violet_key_t *key, ngx_str_t *report,
    char *name, char *list, ngx_str_t *word);
static ngx_uint_t ngx_violet_keys_begins(ngx_str_t *name, char *head,
    ngx_str_t *rest);


ngx_int_t
ngx_violet_keys_report(ngx_violet_keys_t *keys, ngx_pool_t *pool,
    int32_t merchant_id, ngx_str_t *key)
{
    u_char  *p;

    key->data = ngx_pnalloc(pool, NGX_VIOLET_KEYS_LEN);
    if (key->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(key->data, "health:", sizeof("health:") - 1);
    p = ngx_cpymem(p, keys->env.data, keys->env.len);
    *p++ = ':';
    p = (u_char *) violet_text_print((char *) p, keys->app_id);
    *p++ = ':';
    p = (u_char *) violet_text_print((char *) p, merchant_id);

    key->len = p - key->data;

    return NGX_OK;
}


ngx_int_t
ngx_violet_keys_list(ngx_violet_keys_t *keys, ngx_pool_t *pool,
    ngx_uint_t exclude_public, ngx_str_t *key)
{
    key->data = ngx_pnalloc(pool, NGX_VIOLET_KEYS_LEN);
    if (key->data == NULL) {
        return NGX_ERROR;
    }

    key->len = ngx_snprintf(key->data, NGX_VIOLET_KEYS_LEN,
                            "health-list:%V:%i:%s", &keys->env, keys->app_id,
                            exclude_public ? "true" : "false")
               - key->data;

    return NGX_OK;
}


void
ngx_violet_keys_flight(ngx_violet_key_t *key, ngx_str_t *report,
    ngx_str_t *word)
{
    ngx_violet_keys_go_with(key, report, "flight:", "flight-list:", word);
}


void
ngx_violet_keys_held(ngx_violet_key_t *key, ngx_str_t *report)
{
    ngx_violet_keys_go_with(key, report, "health-held:", "health-list-held:",
                            NULL);
}


void
ngx_violet_keys_ready(ngx_violet_key_t *key, uint32_t place)
{
    key->name.data = key->data;
    key->name.len = ngx_sprintf(key->data, "ready:%08xD", place) - key->data;
}


void
ngx_violet_keys_refreshed(ngx_violet_key_t *key, ngx_str_t *report)
{
    ngx_violet_keys_go_with(key, report, "refreshed:", "refreshed-list:",
                            NULL);
}


/* Both lists have one mark, with 0 in the place of a merchant. */

void
ngx_violet_keys_event(ngx_violet_key_t *key, ngx_str_t *report)
{
    ngx_str_t  rest, of;

    if (!ngx_violet_keys_begins(report, "health-list:", &rest)) {
        ngx_violet_keys_go_with(key, report, "event:", "event:", NULL);
        return;
    }

    ngx_violet_keys_of(&rest, &of);

    rest.len -= of.len;

    key->name.data = key->data;
    key->name.len = ngx_snprintf(key->data, NGX_VIOLET_KEYS_LEN, "event:%V0",
                                 &rest)
                    - key->data;
}


void
ngx_violet_keys_purged(ngx_violet_keys_t *keys, ngx_violet_key_t *key)
{
    key->name.data = key->data;
    key->name.len = ngx_snprintf(key->data, NGX_VIOLET_KEYS_LEN,
                                 NGX_VIOLET_KEYS_PURGED "%V:%i", &keys->env,
                                 keys->app_id)
                    - key->data;
}


void
ngx_violet_keys_limit(ngx_violet_keys_t *keys, int32_t merchant_id,
    ngx_violet_key_t *key)
{
    u_char  *p, *last;

    last = key->data + NGX_VIOLET_KEYS_LEN;

    p = ngx_slprintf(key->data, last, "limit:%V:%i", &keys->env,
                     keys->app_id);

    if (merchant_id) {
        p = ngx_slprintf(p, last, ":%D", merchant_id);
    }

    key->name.data = key->data;
    key->name.len = p - key->data;
}


void
ngx_violet_keys_submit(ngx_violet_keys_t *keys, int64_t cart_id,
    ngx_str_t *digest, ngx_violet_key_t *key)
{
    u_char  *p, *last;

    ngx_violet_keys_submits(keys, key);

    p = key->data + key->name.len;
    last = key->data + NGX_VIOLET_KEYS_LEN;

    if (cart_id) {
        p = ngx_slprintf(p, last, "%L", cart_id);

    } else {
        p = ngx_slprintf(p, last, "key:%V", digest);
    }

    key->name.len = p - key->data;
}


void
ngx_violet_keys_submits(ngx_violet_keys_t *keys, ngx_violet_key_t *key)
{
    key->name.data = key->data;
    key->name.len = ngx_snprintf(key->data, NGX_VIOLET_KEYS_LEN,
                                 NGX_VIOLET_KEYS_SUBMIT "%V:%i:", &keys->env,
                                 keys->app_id)
                    - key->data;
}


void
ngx_violet_keys_of(ngx_str_t *report, ngx_str_t *of)
{
    u_char  *p, *last;

    last = report->data + report->len;

    for (p = last; p > report->data && *(p - 1) != ':'; p--) {
        /* void */
    }

    of->data = p;
    of->len = last - p;
}


static void
ngx_violet_keys_go_with(ngx_violet_key_t *key, ngx_str_t *report, char *name,
    char *list, ngx_str_t *word)
{
    u_char     *p, *last;
    ngx_str_t   rest;

    if (ngx_violet_keys_begins(report, "health-list:", &rest)) {
        name = list;

    } else {
        (void) ngx_violet_keys_begins(report, "health:", &rest);
    }

    last = key->data + NGX_VIOLET_KEYS_LEN;

    p = ngx_slprintf(key->data, last, "%s%V", name, &rest);

    if (word) {
        p = ngx_slprintf(p, last, ":%V", word);
    }

    key->name.data = key->data;
    key->name.len = p - key->data;
}


/* "rest" is the whole name if it does not begin with "head". */

static ngx_uint_t
ngx_violet_keys_begins(ngx_str_t *name, char *head, ngx_str_t *rest)
{
    size_t  len;

    len = ngx_strlen(head);

    if (name->len < len || ngx_memcmp(name->data, head, len) != 0) {
        *rest = *name;
        return 0;
    }

    rest->data = name->data + len;
    rest->len = name->len - len;

    return 1;
}


/*
 * The name of a record, the token of a claim and the mark of a Redis.  A name
 * has only the digest of the Idempotency-Key.
 */


#include "ngx_violet_cart_record_priv.h"
#include "ngx_violet_random.h"
#include "ngx_violet_sha1.h"


void
ngx_violet_record_name(ngx_violet_record_t *record,
    ngx_violet_record_conf_t *conf)
{
    u_char            *p, hex[2 * VIOLET_RECORD_DIGEST];
    u_char             digest[VIOLET_RECORD_DIGEST];
    ngx_str_t          prefix, text;
    ngx_violet_key_t   key;

    ngx_str_null(&prefix);
    ngx_str_null(&text);

    if (record->records->redis) {
        prefix = ngx_violet_redis_conf(record->records->redis)->prefix;
    }

    if (conf->cart_id == 0) {
        ngx_violet_record_digest(digest, &conf->key);

        text.data = hex;
        text.len = ngx_hex_dump(hex, digest, VIOLET_RECORD_DIGEST) - hex;
    }

    ngx_violet_keys_submit(&conf->keys, conf->cart_id, &text, &key);

    p = ngx_snprintf(record->name, NGX_VIOLET_KEYS_NAME, "%V%V", &prefix,
                     &key.name);

    record->name_len = p - record->name;
}


ngx_str_t
ngx_violet_record_name_of(ngx_violet_record_t *record)
{
    ngx_str_t  name;

    name.data = record->name;
    name.len = record->name_len;

    return name;
}


void
ngx_violet_record_names(ngx_violet_redis_t *redis, ngx_violet_keys_t *keys,
    ngx_str_t *names)
{
    ngx_str_t          prefix;
    ngx_violet_key_t   key;

    ngx_str_null(&prefix);

    if (redis) {
        prefix = ngx_violet_redis_conf(redis)->prefix;
    }

    ngx_violet_keys_submits(keys, &key);

    names->len = ngx_snprintf(names->data, NGX_VIOLET_KEYS_NAME, "%V%V",
                              &prefix, &key.name)
                 - names->data;
}


void
ngx_violet_record_digest(u_char *digest, ngx_str_t *text)
{
    u_char  sum[NGX_VIOLET_SHA1];

    ngx_violet_sha1(text, sum);

    ngx_memcpy(digest, sum, VIOLET_RECORD_DIGEST);

    /* all zeroes stand for a missing digest */

    digest[0] |= 1;
}


ngx_uint_t
ngx_violet_record_is_by_key(ngx_str_t *name)
{
    return ngx_strlcasestrn(name->data, name->data + name->len,
                            (u_char *) ":key:", sizeof(":key:") - 2)
           != NULL;
}


ngx_int_t
ngx_violet_record_token(u_char *token)
{
    if (ngx_violet_random(token, VIOLET_RECORD_DIGEST) != NGX_OK) {
        return NGX_ERROR;
    }

    /* all zeroes stand for a missing token */

    token[0] |= 1;

    return NGX_OK;
}


ngx_int_t
ngx_violet_records_new_mark(u_char *mark)
{
    u_char  bytes[VIOLET_SERVER_MARK / 2];

    if (ngx_violet_random(bytes, sizeof(bytes)) != NGX_OK) {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(mark, bytes, sizeof(bytes));

    return NGX_OK;
}

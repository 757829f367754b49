
/*
 * The name of a record and the token of a claim.  A name has only the digest
 * of the Idempotency-Key.
 */


#include "ngx_violet_cart_record_priv.h"

#include <ngx_sha1.h>


void
ngx_violet_record_name(ngx_violet_record_t *submit,
    ngx_violet_record_conf_t *conf)
{
    u_char            *p, hex[NGX_VIOLET_RECORD_HEX];
    u_char             digest[VIOLET_RECORD_DIGEST];
    ngx_str_t          prefix, text;
    ngx_violet_key_t   key;

    ngx_str_null(&prefix);
    ngx_str_null(&text);

    if (conf->redis) {
        prefix = ngx_violet_redis_conf(conf->redis)->prefix;
    }

    if (conf->key.len) {
        ngx_violet_record_digest(digest, &conf->key);

        text.data = hex;
        text.len = ngx_hex_dump(hex, digest, VIOLET_RECORD_DIGEST) - hex;
    }

    ngx_violet_keys_submit(&conf->keys, conf->cart_id, &text, &key);

    p = ngx_snprintf(submit->name, NGX_VIOLET_KEYS_NAME, "%V%V", &prefix,
                     &key.name);

    submit->name_len = p - submit->name;
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
    u_char      sum[20];
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, text->data, text->len);
    ngx_sha1_final(sum, &sha1);

    ngx_memcpy(digest, sum, VIOLET_RECORD_DIGEST);

    /* a digest of all zeroes means that there is none */

    digest[0] |= 1;
}


/* A token that no other claim has, on this host or on others. */

void
ngx_violet_record_token(u_char *token)
{
    u_char         *p, buf[128];
    ngx_str_t       text;
    struct timeval  tv;

    static ngx_uint_t  n;

    ngx_gettimeofday(&tv);

    p = ngx_slprintf(buf, buf + sizeof(buf), "%V %P %ui %T.%06l %xD%xD",
                     &ngx_cycle->hostname, ngx_pid, n++, tv.tv_sec,
                     (long) tv.tv_usec, (uint32_t) ngx_random(),
                     (uint32_t) ngx_random());

    text.data = buf;
    text.len = p - buf;

    ngx_violet_record_digest(token, &text);
}

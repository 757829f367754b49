
/*
 * What a record of the submit guard and a claim are known by: the name of
 * the one, the token of the other.  Of a key and a body only digests are
 * kept.
 */


#include "ngx_violet_submit_record.h"

#include <ngx_sha1.h>


ngx_int_t
ngx_violet_submit_name(ngx_violet_submit_t *submit,
    ngx_violet_submit_conf_t *conf)
{
    u_char     *p, *last, digest[VIOLET_SUBMIT_DIGEST];
    ngx_str_t   prefix;

    ngx_str_null(&prefix);

    if (conf->redis) {
        prefix = ngx_violet_redis_conf(conf->redis)->prefix;
    }

    p = submit->name;
    last = p + NGX_VIOLET_SUBMIT_KEY_LEN;

    p = ngx_slprintf(p, last, "%Vsubmit:%V:%V:%i:", &prefix,
                     &conf->upstream, &conf->app_name, conf->app_id);

    if (conf->cart_id) {
        p = ngx_slprintf(p, last, "%L", conf->cart_id);

    } else {
        p = ngx_slprintf(p, last, "-");
    }

    if (conf->key.len) {

        if (last - p < (ssize_t) (NGX_VIOLET_SUBMIT_HEX + sizeof(":key:"))) {
            return NGX_ERROR;
        }

        ngx_violet_submit_digest(digest, &conf->key);

        p = ngx_cpymem(p, ":key:", sizeof(":key:") - 1);
        p = ngx_hex_dump(p, digest, VIOLET_SUBMIT_DIGEST);
    }

    if (p == last) {
        return NGX_ERROR;
    }

    submit->name_len = p - submit->name;

    return NGX_OK;
}


void
ngx_violet_submit_digest(u_char *digest, ngx_str_t *text)
{
    u_char      sum[20];
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, text->data, text->len);
    ngx_sha1_final(sum, &sha1);

    ngx_memcpy(digest, sum, VIOLET_SUBMIT_DIGEST);

    /* all zeroes would say that there is none */

    digest[0] |= 1;
}


/* Unlike any other on any host: a claim is known by it, nothing else is. */

void
ngx_violet_submit_token(u_char *token)
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

    ngx_violet_submit_digest(token, &text);
}

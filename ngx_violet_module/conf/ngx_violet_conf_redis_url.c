
/*
 * The URLs of violet_redis and violet_submit_redis.  Addresses are read with
 * the directive.  Names are resolved once the whole configuration is read,
 * since "resolver" may stand behind the directive.
 */


#include "ngx_violet_conf_redis.h"
#include "ngx_violet_redis.h"


#define NGX_VIOLET_REDIS_MAX_URLS         16

/* ms, the default of nginx's "resolver_timeout" */
#define NGX_VIOLET_REDIS_RESOLVER_TIME    30000

/* whether a resolver has servers: Angie keeps a list of them, nginx an array */

#if (NGX_VIOLET_RESOLVER_LIST)
#define ngx_violet_conf_redis_resolves(resolver)                              \
    ((resolver)->connections != NULL)
#else
#define ngx_violet_conf_redis_resolves(resolver)                              \
    ((resolver)->connections.nelts != 0)
#endif


/* an index of ngx_violet_redis_schemes */

typedef enum {
    NGX_VIOLET_REDIS_SCHEME_UNIX = 0,
    NGX_VIOLET_REDIS_SCHEME_TCP,
    NGX_VIOLET_REDIS_SCHEME_TLS,
    NGX_VIOLET_REDIS_SCHEMES          /* their number; as one: invalid */
} ngx_violet_redis_scheme_e;


static ngx_violet_redis_scheme_e ngx_violet_conf_redis_scheme(
    ngx_str_t *text);
static ngx_int_t ngx_violet_conf_redis_check_text(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_str_t *text);
static ngx_int_t ngx_violet_conf_redis_check_scheme(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_scheme_e scheme,
    ngx_str_t *text);
static ngx_int_t ngx_violet_conf_redis_url(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_url_t *url,
    ngx_violet_redis_scheme_e scheme);
static ngx_int_t ngx_violet_conf_redis_host(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_url_t *url,
    ngx_str_t *host);
static ngx_int_t ngx_violet_conf_redis_check_twice(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_uint_t n);
static ngx_int_t ngx_violet_conf_redis_join(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis);
static ngx_int_t ngx_violet_conf_redis_resolve(ngx_conf_t *cf,
    ngx_violet_redis_t *client);
static ngx_int_t ngx_violet_conf_redis_name(ngx_conf_t *cf,
    ngx_violet_redis_conf_t *redis, ngx_violet_redis_url_t *url);


static ngx_str_t  ngx_violet_redis_schemes[NGX_VIOLET_REDIS_SCHEMES] = {
    ngx_string("unix:"),
    ngx_string("redis://"),
    ngx_string("rediss://")
};


ngx_uint_t
ngx_violet_conf_redis_is_url(ngx_str_t *arg)
{
    u_char  *p, *last;

    if (ngx_strncmp(arg->data, "unix:", 5) == 0) {
        return 1;
    }

    last = arg->data + arg->len;
    p = ngx_strlchr(arg->data, last, ':');

    return p && last - p > 2 && p[1] == '/' && p[2] == '/'
           && ngx_strlchr(arg->data, p, '=') == NULL;
}


ngx_int_t
ngx_violet_conf_redis_urls(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf)
{
    ngx_uint_t                  i;
    ngx_violet_redis_url_t     *url;
    ngx_violet_redis_conf_t    *redis;
    ngx_violet_redis_scheme_e   scheme;

    redis = &conf->redis;

    if (redis->nurls == 0 || redis->nurls > NGX_VIOLET_REDIS_MAX_URLS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"%V\", give from 1 to %d such as "
                           "\"redis://host:port/db\"",
                           redis->nurls ? "too many URLs" : "no URL",
                           &redis->directive, NGX_VIOLET_REDIS_MAX_URLS);
        return NGX_ERROR;
    }

    for (i = 0; i < redis->nurls; i++) {
        url = &redis->urls[i];

        if (ngx_violet_conf_redis_check_text(cf, conf, &url->text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        scheme = ngx_violet_conf_redis_scheme(&url->text);

        if (ngx_violet_conf_redis_check_scheme(cf, conf, scheme, &url->text)
            != NGX_OK
            || ngx_violet_conf_redis_url(cf, conf, url, scheme) != NGX_OK
            || ngx_violet_conf_redis_check_twice(cf, conf, i) != NGX_OK)
        {
            return NGX_ERROR;
        }

        redis->tls = (scheme == NGX_VIOLET_REDIS_SCHEME_TLS);
    }

    return ngx_violet_conf_redis_join(cf, redis);
}


static ngx_violet_redis_scheme_e
ngx_violet_conf_redis_scheme(ngx_str_t *text)
{
    ngx_str_t   *scheme;
    ngx_uint_t   i;

    for (i = 0; i < NGX_VIOLET_REDIS_SCHEMES; i++) {
        scheme = &ngx_violet_redis_schemes[i];

        if (text->len > scheme->len
            && ngx_strncmp(text->data, scheme->data, scheme->len) == 0)
        {
            break;
        }
    }

    return i;
}


static ngx_int_t
ngx_violet_conf_redis_check_text(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_str_t *text)
{
    ngx_violet_redis_scheme_e  scheme;

    scheme = ngx_violet_conf_redis_scheme(text);

    /* first, so that no other error prints the credentials */

    if (scheme != NGX_VIOLET_REDIS_SCHEME_UNIX
        && ngx_strlchr(text->data, text->data + text->len, '@'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "credentials in the URL of \"%V\", use "
                           "\"username=\" and \"password=file:PATH\" "
                           "instead", &conf->redis.directive);
        return NGX_ERROR;
    }

    if (scheme == NGX_VIOLET_REDIS_SCHEMES) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URL \"%V\" in \"%V\", use "
                           "\"redis://host:port/db\", "
                           "\"rediss://host:port/db\" or \"unix:/path\"",
                           text, &conf->redis.directive);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_conf_redis_check_scheme(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_violet_redis_scheme_e scheme,
    ngx_str_t *text)
{
    ngx_str_t                *first;
    ngx_violet_redis_conf_t  *redis;

    redis = &conf->redis;
    first = &redis->urls[0].text;

    if (scheme != ngx_violet_conf_redis_scheme(first)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" and \"%V\" in \"%V\" have different "
                           "schemes, give all URLs the same one",
                           first, text, &redis->directive);
        return NGX_ERROR;
    }

    if (scheme == NGX_VIOLET_REDIS_SCHEME_UNIX
        && (redis->sentinel.len || redis->cluster))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" with \"%s\" in \"%V\", give a host and a "
                           "port: \"redis://host:port\"",
                           text, redis->cluster ? "cluster" : "sentinel",
                           &redis->directive);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* redis://host:port/db or unix:/path */

static ngx_int_t
ngx_violet_conf_redis_url(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    ngx_violet_redis_url_t *url, ngx_violet_redis_scheme_e scheme)
{
    u_char     *p, *last;
    ngx_str_t   host, db;

    if (scheme == NGX_VIOLET_REDIS_SCHEME_UNIX) {
        return ngx_violet_conf_redis_host(cf, conf, url, &url->text);
    }

    last = url->text.data + url->text.len;

    host.data = url->text.data + ngx_violet_redis_schemes[scheme].len;
    host.len = last - host.data;

    p = ngx_strlchr(host.data, last, '/');

    if (p) {
        host.len = p - host.data;

        db.data = p + 1;
        db.len = last - db.data;

        if (db.len
            && ngx_violet_conf_redis_database(cf, conf, &db, &url->text)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    last = host.data + host.len;
    p = ngx_strlchr(host.data, last, ':');

    if (p && host.data[0] != '[' && ngx_strlchr(p + 1, last, ':')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than one \":\" in the host of \"%V\" "
                           "\"%V\", write an IPv6 address in brackets, such "
                           "as \"redis://[::1]:6379/0\"",
                           &conf->redis.directive, &url->text);
        return NGX_ERROR;
    }

    return ngx_violet_conf_redis_host(cf, conf, url, &host);
}


static ngx_int_t
ngx_violet_conf_redis_host(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    ngx_violet_redis_url_t *url, ngx_str_t *host)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *host;
    u.no_resolve = 1;
    u.default_port = conf->redis.sentinel.len ? 26379 : 6379;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"%V\" \"%V\", use a host name or an "
                           "address, and a port from 1 to 65535",
                           u.err ? u.err : "invalid host",
                           &conf->redis.directive, &url->text);
        return NGX_ERROR;
    }

    url->addrs = u.addrs;
    url->naddrs = u.naddrs;

    if (u.family == AF_UNIX) {
        return NGX_OK;
    }

    url->host = u.host;
    url->port = u.port;
    url->is_name = (u.naddrs == 0);

    if (url->host.data[0] == '[') {
        url->host.data++;
        url->host.len -= 2;
    }

    return NGX_OK;
}


ngx_int_t
ngx_violet_conf_redis_database(ngx_conf_t *cf, ngx_violet_conf_redis_t *conf,
    ngx_str_t *text, ngx_str_t *from)
{
    ngx_int_t  n;

    n = ngx_atoi(text->data, text->len);

    if (n == NGX_ERROR || n > 65535) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid database \"%V\" in \"%V\" \"%V\", it "
                           "must be a number from 0 to 65535", text,
                           &conf->redis.directive, from);
        return NGX_ERROR;
    }

    if (conf->database.len && conf->redis.db != (ngx_uint_t) n) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" and \"%V\" in \"%V\" name different "
                           "databases, give one number",
                           &conf->database, from, &conf->redis.directive);
        return NGX_ERROR;
    }

    conf->database = *from;
    conf->redis.db = n;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_conf_redis_check_twice(ngx_conf_t *cf,
    ngx_violet_conf_redis_t *conf, ngx_uint_t n)
{
    ngx_str_t               *a, *b;
    ngx_uint_t               i;
    ngx_violet_redis_url_t  *url;

    url = conf->redis.urls;

    for (i = 0; i < n; i++) {

        /* of sockets the whole URL, of others host and port */

        a = url[n].host.len ? &url[n].host : &url[n].text;
        b = url[n].host.len ? &url[i].host : &url[i].text;

        if (url[i].port == url[n].port && a->len == b->len
            && ngx_strncasecmp(a->data, b->data, a->len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" and \"%V\" in \"%V\" are the same "
                               "address, remove one", &url[i].text,
                               &url[n].text, &conf->redis.directive);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_conf_redis_join(ngx_conf_t *cf, ngx_violet_redis_conf_t *redis)
{
    size_t       len;
    u_char      *p;
    ngx_uint_t   i;

    len = 0;

    for (i = 0; i < redis->nurls; i++) {
        len += redis->urls[i].text.len + 1;
    }

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    redis->url.data = p;
    redis->url.len = len - 1;

    for (i = 0; i < redis->nurls; i++) {
        p = ngx_cpymem(p, redis->urls[i].text.data, redis->urls[i].text.len);
        *p++ = ' ';
    }

    return NGX_OK;
}


ngx_int_t
ngx_violet_conf_redis_complete(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    ngx_violet_redis_t  *records;

    if (ngx_violet_conf_redis_resolve(cf, vmcf->redis) != NGX_OK
        || ngx_violet_conf_redis_resolve(cf, vmcf->submit_redis) != NGX_OK)
    {
        return NGX_ERROR;
    }

    records = ngx_violet_submit_redis(vmcf);

    if (records && vmcf->guarded) {
        ngx_violet_redis_conf(records)->records = 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_conf_redis_resolve(ngx_conf_t *cf, ngx_violet_redis_t *client)
{
    ngx_uint_t                 i;
    ngx_violet_redis_conf_t   *redis;
    ngx_http_core_loc_conf_t  *clcf;

    if (client == NULL) {
        return NGX_OK;
    }

    redis = ngx_violet_redis_conf(client);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* without a "resolver" nginx puts one without servers here */

    if (clcf->resolver && ngx_violet_conf_redis_resolves(clcf->resolver)) {
        redis->resolver = clcf->resolver;
        redis->resolver_timeout =
                        (clcf->resolver_timeout == NGX_CONF_UNSET_MSEC)
                        ? NGX_VIOLET_REDIS_RESOLVER_TIME
                        : clcf->resolver_timeout;
    }

    for (i = 0; i < redis->nurls; i++) {

        if (redis->urls[i].is_name
            && ngx_violet_conf_redis_name(cf, redis, &redis->urls[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * The host's own resolver is asked first, for /etc/hosts.  With "resolver" the
 * name need not resolve: nginx asks for it as long as it runs.
 */

static ngx_int_t
ngx_violet_conf_redis_name(ngx_conf_t *cf, ngx_violet_redis_conf_t *redis,
    ngx_violet_redis_url_t *url)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.host = url->host;
    u.port = url->port;

    if (ngx_inet_resolve_host(cf->pool, &u) != NGX_OK || u.naddrs == 0) {

        if (redis->resolver) {
            return NGX_OK;
        }

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "%s in \"%V\" \"%V\", use an address or a name that "
                      "this host can resolve, in %s:%ui",
                      u.err ? u.err : "no address", &redis->directive,
                      &url->text, redis->file, redis->line);
        return NGX_ERROR;
    }

    url->addrs = u.addrs;
    url->naddrs = u.naddrs;

    if (redis->resolver == NULL
        && !(url->host.len == 9
             && ngx_strncasecmp(url->host.data, (u_char *) "localhost", 9)
                == 0))
    {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"%V\" in \"%V\" has a name, whose addresses nginx "
                      "keeps until it is reloaded, since there is no "
                      "\"resolver\" in the \"http\" block, in %s:%ui",
                      &url->text, &redis->directive, redis->file,
                      redis->line);
    }

    return NGX_OK;
}

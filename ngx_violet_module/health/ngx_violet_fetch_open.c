
/*
 * The opening of a fetch: a request joins the flight for a report, or opens
 * one.  A flight of its own, in the background, renews an expired report.
 */


#include "ngx_violet_count.h"
#include "ngx_violet_fetch_priv.h"


static ngx_violet_flight_t *ngx_violet_fetch_find(
    ngx_violet_main_conf_t *vmcf, ngx_violet_fetch_conf_t *conf);
static ngx_violet_fetch_t *ngx_violet_fetch_open(ngx_http_request_t *r,
    ngx_violet_fetch_conf_t *conf);
static ngx_int_t ngx_violet_fetch_copy(ngx_violet_fetch_t *fetch);


ngx_int_t
ngx_violet_fetch(ngx_http_request_t *r, ngx_violet_fetch_conf_t *conf,
    ngx_violet_flight_t **flightp, ngx_uint_t *joined,
    ngx_violet_flight_t **left)
{
    ngx_msec_t               timeout;
    ngx_violet_fetch_t      *fetch;
    ngx_violet_flight_t     *flight;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);

    flight = ngx_violet_fetch_find(vmcf, conf);

    if (flight) {
        *flightp = flight;
        *joined = 1;

        /* a request leaves one flight at most: the second one has a deadline */

        timeout = conf->left ? 0 : conf->upstream_timeout
                                   + NGX_VIOLET_FETCH_LOOK_LAST;

        return ngx_violet_flight_join(flight, r, timeout, left) == NGX_OK
               ? NGX_AGAIN : NGX_ERROR;
    }

    fetch = ngx_violet_fetch_open(r, conf);
    if (fetch == NULL) {
        return NGX_ERROR;
    }

    flight = fetch->flight;

    if (ngx_violet_flight_join(flight, r, 0, NULL) != NGX_OK) {
        ngx_violet_flight_land(flight);
        return NGX_ERROR;
    }

    *flightp = flight;
    *joined = 0;

    /* posted, since the request must be parked before the flight can land */

    ngx_violet_fetch_post(fetch, ngx_violet_fetch_start);

    return NGX_AGAIN;
}


void
ngx_violet_fetch_update(ngx_http_request_t *r, ngx_violet_fetch_conf_t *conf)
{
    ngx_violet_fetch_t      *fetch;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);

    if (vmcf->updates >= NGX_VIOLET_FETCH_UPDATES
        || ngx_violet_fetch_find(vmcf, conf))
    {
        return;
    }

    fetch = ngx_violet_fetch_open(r, conf);

    if (fetch) {
        fetch->updates = &vmcf->updates;
        vmcf->updates++;

        ngx_violet_fetch_post(fetch, ngx_violet_fetch_start);
    }
}


ngx_violet_fetch_result_t *
ngx_violet_fetch_result(ngx_violet_flight_t *flight)
{
    return &((ngx_violet_fetch_t *) flight->data)->fetched;
}


/*
 * A flight that the request may join, or NULL.  The newest flight comes first.
 * If the report was dropped since it began, what it brings is too old for this
 * request, and so is what any older flight brings.
 */

static ngx_violet_flight_t *
ngx_violet_fetch_find(ngx_violet_main_conf_t *vmcf,
    ngx_violet_fetch_conf_t *conf)
{
    ngx_violet_fetch_t   *fetch;
    ngx_violet_flight_t  *flight;

    flight = ngx_violet_flight_find(&vmcf->flights, &conf->store.key,
                                    conf->refresh, conf->cached, conf->left,
                                    conf->upstream_timeout);

    if (flight == NULL || !conf->cached) {
        return flight;
    }

    fetch = flight->data;

    return ngx_violet_lease_is_live(&fetch->lease) ? flight : NULL;
}


/* Opens a flight and its fetch, which has not started; NULL without memory. */

static ngx_violet_fetch_t *
ngx_violet_fetch_open(ngx_http_request_t *r, ngx_violet_fetch_conf_t *conf)
{
    ngx_violet_fetch_t      *fetch;
    ngx_violet_flight_t     *flight;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);

    flight = ngx_violet_flight_open(&vmcf->flights, &conf->store.key,
                                    conf->refresh, conf->cached);
    if (flight == NULL) {
        return NULL;
    }

    if (vmcf->counts && vmcf->counts->worker) {
        flight->gauges = vmcf->counts->worker;
        violet_gauge_add(&flight->gauges->flights, 1);
    }

    if (conf->left) {

        /* the flight waits for no lease, see ngx_violet_fetch_follow() */

        flight->bounded = 1;
        flight->ends = ngx_current_msec + conf->upstream_timeout;
    }

    fetch = ngx_pcalloc(flight->pool, sizeof(ngx_violet_fetch_t));
    if (fetch == NULL) {
        ngx_violet_flight_land(flight);
        return NULL;
    }

    fetch->conf = *conf;
    fetch->flight = flight;
    fetch->opened_at = ngx_current_msec;

    flight->data = fetch;

    ngx_violet_fetch_prepare(fetch);

    if (ngx_violet_fetch_copy(fetch) != NGX_OK) {
        ngx_violet_flight_land(flight);
        return NULL;
    }

    ngx_violet_trace_copy(r, flight->pool, &fetch->trace);

    return fetch;
}


static ngx_int_t
ngx_violet_fetch_copy(ngx_violet_fetch_t *fetch)
{
    ngx_str_t   *s[4 + NGX_VIOLET_LEASE_DROPS];
    ngx_pool_t  *pool;
    ngx_uint_t   i;

    pool = fetch->flight->pool;

    s[0] = &fetch->conf.uri;
    s[1] = &fetch->conf.args;
    s[2] = &fetch->conf.store.key;
    s[3] = &fetch->conf.limit.keys.env;

    for (i = 0; i < NGX_VIOLET_LEASE_DROPS; i++) {
        s[4 + i] = &fetch->conf.drops[i];
    }

    for (i = 0; i < 4 + NGX_VIOLET_LEASE_DROPS; i++) {
        s[i]->data = ngx_pstrdup(pool, s[i]);
        if (s[i]->data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

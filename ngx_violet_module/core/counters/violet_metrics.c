
/*
 * The table of metrics.  docs/operations.md has a row for each of them, which
 * a test compares with the output.
 */


#include "violet_metrics_table.h"
#include "violet_route.h"


static const char *violet_metric_route(unsigned value);
static const char *violet_metric_status(unsigned value);
static const char *violet_metric_cache(unsigned value);
static const char *violet_metric_upstream(unsigned value);
static const char *violet_metric_refresh(unsigned value);
static const char *violet_metric_outcome(unsigned value);
static const char *violet_metric_reason(unsigned value);
static const char *violet_metric_guard(unsigned value);
static const char *violet_metric_renewal(unsigned value);
static const char *violet_metric_webhook(unsigned value);
static const char *violet_metric_command(unsigned value);
static const char *violet_metric_state(unsigned value);
static const char *violet_metric_kind(unsigned value);


#define violet_metric_of_app(member)    offsetof(violet_counters_app_t, member)
#define violet_metric_of_redis(member)                                        \
    offsetof(violet_counters_redis_t, member)

/* a caller's request has no route "cart_read" */

#define VIOLET_METRIC_ROUTES                                                  \
    { "route", violet_metric_route, VIOLET_COUNT_ROUTE_CART_READ }
#define VIOLET_METRIC_ALL_ROUTES                                              \
    { "route", violet_metric_route, VIOLET_COUNT_ROUTES }
#define VIOLET_METRIC_NO_LABEL  { NULL, NULL, 1 }


const violet_metric_t  violet_metrics[VIOLET_METRICS] = {

    { "build_info", "Versions of the module and of nginx, always 1.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_HOST, VIOLET_HOST_BUILD,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "config_load_timestamp_seconds",
      "When the configuration was read, in seconds since the epoch.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_HOST, VIOLET_HOST_LOADED,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "requests_total", "Requests of callers, by route and status.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_APP,
      violet_metric_of_app(requests),
      { VIOLET_METRIC_ROUTES,
        { "status", violet_metric_status, VIOLET_COUNT_STATUSES } } },

    { "request_duration_seconds", "How long requests of callers took.",
      VIOLET_METRIC_MS, VIOLET_METRIC_APP,
      violet_metric_of_app(request_time),
      { VIOLET_METRIC_ROUTES, VIOLET_METRIC_NO_LABEL } },

    { "health_cache_total",
      "Requests for connection health, by where the answer came from.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_APP, violet_metric_of_app(caches),
      { { "result", violet_metric_cache, VIOLET_COUNT_CACHES },
        VIOLET_METRIC_NO_LABEL } },

    { "upstream_requests_total", "Requests to Violet, by route and result.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_APP,
      violet_metric_of_app(upstreams),
      { VIOLET_METRIC_ALL_ROUTES,
        { "result", violet_metric_upstream, VIOLET_COUNT_UPSTREAMS } } },

    { "upstream_duration_seconds", "How long requests to Violet took.",
      VIOLET_METRIC_MS, VIOLET_METRIC_APP,
      violet_metric_of_app(upstream_time),
      { VIOLET_METRIC_ALL_ROUTES, VIOLET_METRIC_NO_LABEL } },

    { "refresh_total", "Requests with refresh=true, by what became of them.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_APP,
      violet_metric_of_app(refreshes),
      { { "result", violet_metric_refresh, VIOLET_COUNT_REFRESHES },
        VIOLET_METRIC_NO_LABEL } },

    { "refresh_budget_left",
      "Refreshes that were left when the limit was asked last.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_APP, VIOLET_APP_BUDGET_LEFT,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "submits_total", "Submits, by outcome.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_APP, violet_metric_of_app(submits),
      { { "outcome", violet_metric_outcome, VIOLET_COUNT_OUTCOMES },
        VIOLET_METRIC_NO_LABEL } },

    { "submit_errors_total",
      "Problems in answers to submits, by their first blocking reason.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_APP,
      violet_metric_of_app(submit_errors),
      { { "reason", violet_metric_reason, VIOLET_COUNT_REASONS },
        VIOLET_METRIC_NO_LABEL } },

    { "submit_guard_total", "Submits, by what the guard did with them.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_APP, violet_metric_of_app(guards),
      { { "result", violet_metric_guard, VIOLET_COUNT_GUARDS },
        VIOLET_METRIC_NO_LABEL } },

    { "submits_in_flight", "Submits of this host that Violet has now.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_APP, VIOLET_APP_IN_FLIGHT,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "submits_in_doubt",
      "Carts whose submit is in doubt, as far as this host knows.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_APP, VIOLET_APP_IN_DOUBT,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "flights", "Requests for reports to Violet that are under way.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_HOST, VIOLET_HOST_FLIGHTS,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "waiters", "Requests of callers that wait for a report.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_HOST, VIOLET_HOST_WAITERS,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "token_expiry_timestamp_seconds",
      "When the access token ends, in seconds since the epoch.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_APP, VIOLET_APP_TOKEN_EXPIRY,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "token_renewals_total", "Renewals of the access token, by result.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_APP,
      violet_metric_of_app(renewals),
      { { "result", violet_metric_renewal, VIOLET_COUNT_RENEWALS },
        VIOLET_METRIC_NO_LABEL } },

    { "secret_errors_total",
      "How often a worker could no longer read the file of a secret.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_APP,
      violet_metric_of_app(secret_errors),
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "webhook_events_total", "Webhooks of Violet, by result.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_APP,
      violet_metric_of_app(webhooks),
      { { "result", violet_metric_webhook, VIOLET_COUNT_WEBHOOKS },
        VIOLET_METRIC_NO_LABEL } },

    { "up", "1 if any worker is connected to Redis.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_REDIS, VIOLET_REDIS_UP,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "link_up",
      "1 if Redis tells this host which keys change, so that memory serves.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_REDIS, VIOLET_REDIS_LINK_UP,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "commands_total", "Commands to Redis, by result.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_REDIS,
      violet_metric_of_redis(commands),
      { { "result", violet_metric_command, VIOLET_COUNT_COMMANDS },
        VIOLET_METRIC_NO_LABEL } },

    { "duration_seconds", "How long commands to Redis took.",
      VIOLET_METRIC_US, VIOLET_METRIC_REDIS, violet_metric_of_redis(time),
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "reconnects_total", "Connections to Redis after a worker's first.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_REDIS,
      violet_metric_of_redis(reconnects),
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "failovers_total", "How often the master was at another address.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_REDIS,
      violet_metric_of_redis(failovers),
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "evicts", "1 if the Redis of submits may evict their records.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_REDIS, VIOLET_REDIS_EVICTS,
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } },

    { "zone_bytes", "Bytes of the shared memory zone.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_HOST, VIOLET_HOST_BYTES_USED,
      { { "state", violet_metric_state, 2 }, VIOLET_METRIC_NO_LABEL } },

    { "zone_entries", "Entries of the shared memory zone, by kind.",
      VIOLET_METRIC_GAUGE, VIOLET_METRIC_HOST, VIOLET_HOST_ENTRIES_REPORT,
      { { "kind", violet_metric_kind, 5 }, VIOLET_METRIC_NO_LABEL } },

    { "zone_evictions_total",
      "Reports that were evicted before their time, to make room.",
      VIOLET_METRIC_COUNTER, VIOLET_METRIC_HOST,
      offsetof(violet_counters_host_t, evictions),
      { VIOLET_METRIC_NO_LABEL, VIOLET_METRIC_NO_LABEL } }
};


const char *const  violet_metrics_ms[VIOLET_COUNTERS_MS + 1] = {
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5",
    "10", "30", "60", "+Inf"
};

const char *const  violet_metrics_us[VIOLET_COUNTERS_US + 1] = {
    "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01",
    "0.025", "0.05", "0.1", "0.25", "+Inf"
};

const char *const  violet_metrics_redis[2] = { "cache", "submit" };


static const char *
violet_metric_route(unsigned value)
{
    return value == VIOLET_COUNT_ROUTE_CART_READ
           ? "cart_read" : violet_route_name((violet_route_id_t) value);
}


/* The order is that of violet_count_status(). */

static const char *
violet_metric_status(unsigned value)
{
    static const char *const  names[VIOLET_COUNT_STATUSES] = {
        "200", "304", "207", "400", "401", "403", "404", "409", "410", "412",
        "422", "429", "499", "500", "502", "503", "504", "other"
    };

    return names[value];
}


static const char *
violet_metric_cache(unsigned value)
{
    static const char *const  names[VIOLET_COUNT_CACHES] = {
        "hit_memory", "hit_redis", "miss", "expired", "stale", "updating",
        "refresh", "joined", "bypass", "limited", "held"
    };

    return names[value];
}


static const char *
violet_metric_upstream(unsigned value)
{
    static const char *const  names[VIOLET_COUNT_UPSTREAMS] = {
        "2xx", "3xx", "401", "429", "4xx", "5xx", "timeout", "unreachable",
        "cut", "too_large"
    };

    return names[value];
}


static const char *
violet_metric_refresh(unsigned value)
{
    static const char *const  names[VIOLET_COUNT_REFRESHES] = {
        "granted", "joined", "limited", "dry_run"
    };

    return names[value];
}


static const char *
violet_metric_outcome(unsigned value)
{
    return violet_cart_outcome_name((violet_cart_outcome_t) value);
}


static const char *
violet_metric_reason(unsigned value)
{
    return violet_reason_name((violet_reason_t) value);
}


static const char *
violet_metric_guard(unsigned value)
{
    static const char *const  names[VIOLET_COUNT_GUARDS] = {
        "sent", "in_progress", "replayed", "resolved", "unresolved", "again",
        "key_reused", "unavailable"
    };

    return names[value];
}


static const char *
violet_metric_renewal(unsigned value)
{
    static const char *const  names[VIOLET_COUNT_RENEWALS] = {
        "ok", "failed", "refused"
    };

    return names[value];
}


static const char *
violet_metric_webhook(unsigned value)
{
    static const char *const  names[VIOLET_COUNT_WEBHOOKS] = {
        "accepted", "ignored", "unsigned", "no_topic", "failed"
    };

    return names[value];
}


static const char *
violet_metric_command(unsigned value)
{
    static const char *const  names[VIOLET_COUNT_COMMANDS] = {
        "ok", "error", "timeout", "refused"
    };

    return names[value];
}


static const char *
violet_metric_state(unsigned value)
{
    return value == 0 ? "used" : "free";
}


static const char *
violet_metric_kind(unsigned value)
{
    static const char *const  names[5] = {
        "report", "flight", "limit", "submit", "event"
    };

    return names[value];
}

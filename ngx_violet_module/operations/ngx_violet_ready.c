
/*
 * violet_ready: 503 until each app has had its first token (and Redis has
 * answered, with "redis"), then 200, with "warn" while something is wrong: a
 * host that is taken out for that would help nobody.  No one is asked: tokens
 * and the mark of Redis are read from the host's zones.
 */


#include "ngx_violet_keys.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_operation.h"
#include "ngx_violet_ready.h"
#include "ngx_violet_redis.h"
#include "ngx_violet_token_state.h"


/* ms between two looks of a worker whether Redis has answered */
#define NGX_VIOLET_READY_LOOK  500

/* ms for which the mark of Redis is kept without a look */
#define NGX_VIOLET_READY_MARK  31622400000

/* bytes of an app's check, or of Redis's, beside its name */
#define NGX_VIOLET_READY_CHECK  192


typedef enum {
    NGX_VIOLET_READY_PASS = 0,
    NGX_VIOLET_READY_WARN,
    NGX_VIOLET_READY_FAIL
} ngx_violet_ready_e;


/* of a location */

typedef struct {
    unsigned                  redis:1;
    unsigned                  details:1;
} ngx_violet_ready_conf_t;


/* of the configuration, and of this worker */

typedef struct ngx_violet_ready_s {
    ngx_violet_main_conf_t   *vmcf;
    ngx_violet_operation_t   *operation;  /* the first that waits for Redis */
    ngx_event_t               look;       /* timer */
} ngx_violet_ready_t;


/* the answer while it is written */

typedef struct {
    ngx_violet_ready_e        status;
    ngx_uint_t                details;
    ngx_uint_t                checks;     /* written so far */
    char                     *kind;       /* of the last one */
    u_char                   *last;
} ngx_violet_ready_answer_t;


static ngx_int_t ngx_violet_ready_parameters(ngx_conf_t *cf,
    ngx_violet_ready_conf_t *ready);
static ngx_int_t ngx_violet_ready_wait(ngx_conf_t *cf,
    ngx_violet_operation_t *operation);
static void ngx_violet_ready_stop(void *data);
static void ngx_violet_ready_look(ngx_event_t *ev);
static ngx_uint_t ngx_violet_ready_marked(ngx_violet_main_conf_t *vmcf,
    ngx_violet_redis_t *redis);
static void ngx_violet_ready_mark(ngx_violet_key_t *key,
    ngx_violet_redis_t *redis);
static int64_t ngx_violet_ready_set(void *data, u_char *value);
static ngx_int_t ngx_violet_ready_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_ready_apps(ngx_violet_main_conf_t *vmcf,
    ngx_violet_ready_answer_t *answer);
static void ngx_violet_ready_redis(ngx_violet_main_conf_t *vmcf,
    ngx_violet_ready_conf_t *conf, ngx_violet_redis_t *redis,
    ngx_violet_ready_answer_t *answer);
static void ngx_violet_ready_add(ngx_violet_ready_answer_t *answer,
    char *kind, ngx_str_t *name, ngx_violet_ready_e status, const char *text);
static ngx_int_t ngx_violet_ready_send(ngx_http_request_t *r,
    ngx_violet_ready_e status, ngx_str_t *text);


static ngx_str_t  ngx_violet_ready_type =
    ngx_string("application/health+json");

static char  *ngx_violet_ready_words[] = { "pass", "warn", "fail" };


char *
ngx_violet_ready_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    ngx_violet_operation_t   *operation;
    ngx_violet_ready_conf_t  *ready;

    operation = ngx_violet_operation_add(cf, vlcf, ngx_violet_ready_handler);
    if (operation == NULL) {
        return NGX_CONF_ERROR;
    }

    ready = ngx_pcalloc(cf->pool, sizeof(ngx_violet_ready_conf_t));
    if (ready == NULL) {
        return NGX_CONF_ERROR;
    }

    operation->conf = ready;

    if (ngx_violet_ready_parameters(cf, ready) != NGX_OK
        || (ready->redis && ngx_violet_ready_wait(cf, operation) != NGX_OK))
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_violet_ready_parameters(ngx_conf_t *cf, ngx_violet_ready_conf_t *ready)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "redis") == 0 && !ready->redis) {
            ready->redis = 1;
            continue;
        }

        if (ngx_strcmp(value[i].data, "details") == 0 && !ready->details) {
            ready->details = 1;
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"violet_ready\", "
                           "use \"redis\" and \"details\", each once or not "
                           "at all", &value[i]);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_ready_wait(ngx_conf_t *cf, ngx_violet_operation_t *operation)
{
    ngx_pool_cleanup_t      *cln;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_violet_module);

    if (vmcf->ready) {
        return NGX_OK;
    }

    vmcf->ready = ngx_pcalloc(cf->pool, sizeof(ngx_violet_ready_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (vmcf->ready == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    vmcf->ready->vmcf = vmcf;
    vmcf->ready->operation = operation;

    cln->handler = ngx_violet_ready_stop;
    cln->data = vmcf->ready;

    return NGX_OK;
}


ngx_int_t
ngx_violet_ready_check_redis(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    if (vmcf->ready == NULL || vmcf->redis || vmcf->submit_redis) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"redis\" in \"violet_ready\" without a Redis, add "
                  "\"violet_redis\" or remove the parameter, in %s:%ui",
                  vmcf->ready->operation->file, vmcf->ready->operation->line);

    return NGX_ERROR;
}


/* With master_process off no worker exits: the cycle's pool is destroyed. */

static void
ngx_violet_ready_stop(void *data)
{
    ngx_violet_ready_t  *ready = data;

    if (ready->look.timer_set) {
        ngx_del_timer(&ready->look);
    }
}


void
ngx_violet_ready_start(ngx_violet_main_conf_t *vmcf)
{
    ngx_violet_ready_t  *ready;

    ready = vmcf->ready;

    if (ready == NULL || ready->look.handler) {
        return;
    }

    ready->look.handler = ngx_violet_ready_look;
    ready->look.data = ready;
    ready->look.log = ngx_cycle->log;
    ready->look.cancelable = 1;

    ngx_violet_ready_look(&ready->look);
}


static void
ngx_violet_ready_look(ngx_event_t *ev)
{
    ngx_uint_t               missing;
    ngx_violet_ready_t      *ready;
    ngx_violet_main_conf_t  *vmcf;

    ready = ev->data;
    vmcf = ready->vmcf;

    missing = 0;

    if (vmcf->redis) {
        missing |= !ngx_violet_ready_marked(vmcf, vmcf->redis);
    }

    if (vmcf->submit_redis) {
        missing |= !ngx_violet_ready_marked(vmcf, vmcf->submit_redis);
    }

    if (missing) {
        ngx_add_timer(ev, NGX_VIOLET_READY_LOOK);
    }
}


/* True if Redis has answered this host; sets the mark if it answers now. */

static ngx_uint_t
ngx_violet_ready_marked(ngx_violet_main_conf_t *vmcf,
    ngx_violet_redis_t *redis)
{
    u_char            value;
    ngx_violet_key_t  key;

    ngx_violet_ready_mark(&key, redis);

    if (ngx_violet_memory_read(vmcf->zone, &key.name, &value, 1) == NGX_OK) {
        return 1;
    }

    if (!ngx_violet_redis_is_up(redis)) {
        return 0;
    }

    /* without room for the mark, Redis answers now all the same */

    (void) ngx_violet_memory_update(vmcf->zone, &key.name, 1, 1,
                                    ngx_violet_ready_set, NULL);

    return 1;
}


static int64_t
ngx_violet_ready_set(void *data, u_char *value)
{
    *value = 1;

    return NGX_VIOLET_READY_MARK;
}


/* Another Redis has another mark. */

static void
ngx_violet_ready_mark(ngx_violet_key_t *key, ngx_violet_redis_t *redis)
{
    uint32_t                  place;
    ngx_violet_redis_conf_t  *conf;

    conf = ngx_violet_redis_conf(redis);

    ngx_crc32_init(place);
    ngx_crc32_update(&place, conf->url.data, conf->url.len);
    ngx_crc32_update(&place, (u_char *) &conf->db, sizeof(conf->db));
    ngx_crc32_final(place);

    ngx_violet_keys_ready(key, place);
}


static ngx_int_t
ngx_violet_ready_handler(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    size_t                      size;
    ngx_int_t                   rc;
    ngx_str_t                   text;
    ngx_violet_main_conf_t     *vmcf;
    ngx_violet_ready_conf_t    *conf;
    ngx_violet_ready_answer_t   answer;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_violet_operation_method(r, "GET, HEAD");
    }

    vmcf = ngx_violet_main_conf(r);
    conf = ngx_violet_loc_conf(r)->operation->conf;

    size = NGX_VIOLET_READY_CHECK
           + (vmcf->apps.nelts + 2) * (2 * NGX_VIOLET_READY_CHECK);

    ngx_memzero(&answer, sizeof(ngx_violet_ready_answer_t));

    /* the status comes first in the text, and is known last */

    text.data = ngx_pnalloc(r->pool, size);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    answer.details = conf->details;
    answer.last = text.data + sizeof("{\"status\":\"pass\"") - 1;

    ngx_violet_ready_apps(vmcf, &answer);
    ngx_violet_ready_redis(vmcf, conf, vmcf->redis, &answer);
    ngx_violet_ready_redis(vmcf, conf, vmcf->submit_redis, &answer);

    if (answer.checks) {
        answer.last = ngx_cpymem(answer.last, "]}", 2);
    }

    answer.last = ngx_cpymem(answer.last, "}\n", 2);

    ngx_memcpy(text.data, "{\"status\":\"", 11);
    ngx_memcpy(text.data + 11, ngx_violet_ready_words[answer.status], 4);
    text.data[15] = '"';

    text.len = answer.last - text.data;

    return ngx_violet_ready_send(r, answer.status, &text);
}


static void
ngx_violet_ready_apps(ngx_violet_main_conf_t *vmcf,
    ngx_violet_ready_answer_t *answer)
{
    ngx_uint_t                 i;
    ngx_violet_app_t         **app;
    ngx_violet_token_state_t   token;

    /* by ngx_violet_token_state_e */

    static const struct {
        ngx_violet_ready_e   status;
        const char          *text;
    } states[] = {
        { NGX_VIOLET_READY_PASS, NULL },
        { NGX_VIOLET_READY_PASS, "the token is valid, its renewal fails" },
        { NGX_VIOLET_READY_WARN, "Violet refuses the token" },
        { NGX_VIOLET_READY_WARN, "the token has expired" },
        { NGX_VIOLET_READY_FAIL, "there has been no token yet" }
    };

    app = vmcf->apps.elts;

    for (i = 0; i < vmcf->apps.nelts; i++) {
        ngx_violet_token_state(app[i], &token);

        ngx_violet_ready_add(answer, "violet:token", &app[i]->name,
                               states[token.is].status,
                               states[token.is].text);
    }
}


static void
ngx_violet_ready_redis(ngx_violet_main_conf_t *vmcf,
    ngx_violet_ready_conf_t *conf, ngx_violet_redis_t *redis,
    ngx_violet_ready_answer_t *answer)
{
    ngx_str_t           *name;
    const char          *text;
    ngx_violet_ready_e   status;

    if (redis == NULL) {
        return;
    }

    name = &ngx_violet_redis_conf(redis)->directive;
    status = NGX_VIOLET_READY_PASS;
    text = NULL;

    if (conf->redis && !ngx_violet_ready_marked(vmcf, redis)) {
        status = NGX_VIOLET_READY_FAIL;
        text = "Redis has not answered this host yet";

    } else if (!ngx_violet_redis_is_up(redis)) {
        status = NGX_VIOLET_READY_WARN;
        text = "Redis is away";
    }

    ngx_violet_ready_add(answer, "redis", name, status, text);
}


/*
 * Names of apps and of directives need no escapes.  Checks of one kind follow
 * each other.
 */

static void
ngx_violet_ready_add(ngx_violet_ready_answer_t *answer, char *kind,
    ngx_str_t *name, ngx_violet_ready_e status, const char *text)
{
    u_char  *p;

    answer->status = ngx_max(answer->status, status);

    if (!answer->details) {
        return;
    }

    p = answer->last;

    if (answer->checks == 0) {
        p = ngx_sprintf(p, ",\"checks\":{\"%s\":[", kind);

    } else if (answer->kind != kind) {
        p = ngx_sprintf(p, "],\"%s\":[", kind);

    } else {
        *p++ = ',';
    }

    p = ngx_sprintf(p, "{\"componentId\":\"%V\",\"status\":\"%s\"", name,
                    ngx_violet_ready_words[status]);

    if (text) {
        p = ngx_sprintf(p, ",\"output\":\"%s\"", text);
    }

    *p++ = '}';

    answer->kind = kind;
    answer->last = p;
    answer->checks++;
}


static ngx_int_t
ngx_violet_ready_send(ngx_http_request_t *r, ngx_violet_ready_e status,
    ngx_str_t *text)
{
    ngx_str_t  no_store, after;

    ngx_str_set(&no_store, "no-store");
    ngx_str_set(&after, "1");

    if (ngx_violet_answer_header(r, "Cache-Control", &no_store) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (status != NGX_VIOLET_READY_FAIL) {
        ngx_violet_answer_set(r, NGX_HTTP_OK, &ngx_violet_ready_type, text);
        return NGX_DECLINED;
    }

    if (ngx_violet_answer_header(r, "Retry-After", &after) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_violet_answer_set(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                          &ngx_violet_ready_type, text);

    return NGX_DECLINED;
}


/*
 * The private header of violet_webhook: ngx_violet_webhook.c has the directive
 * and the steps of an event, ngx_violet_webhook_body.c reads the body in
 * pieces, for the signature and for the event.  The context lives in the
 * request's pool.
 */

#ifndef NGX_VIOLET_WEBHOOK_H
#define NGX_VIOLET_WEBHOOK_H


#include "ngx_violet_drop.h"
#include "ngx_violet_wait.h"

#include "violet_event.h"
#include "violet_signature.h"


typedef struct {
    ngx_str_t                    event;     /* empty: not configured */
    unsigned                     log:1;     /* action=log */
} ngx_violet_webhook_conf_t;


typedef struct ngx_violet_webhook_ctx_s  ngx_violet_webhook_ctx_t;

/* takes a piece of the body */

typedef void (*ngx_violet_webhook_take_pt)(ngx_violet_webhook_ctx_t *webhook,
    u_char *data, size_t len);


struct ngx_violet_webhook_ctx_s {
    ngx_violet_drop_t            drop;
    ngx_http_request_t          *request;
    u_char                       signature[VIOLET_SIGNATURE];
    void                        *hmac[2];   /* one for each app_secret */
    violet_event_scan_t          scan;

    /* the position in the body */
    ngx_chain_t                 *cl;
    off_t                        done;      /* bytes of the buffer *cl */
    u_char                      *buf;       /* a piece of a file, or NULL */

    /* the pause between two pieces */
    ngx_event_t                  event;
    ngx_violet_wait_t           *wait;

    violet_event_kind_t          kind;
    int32_t                      merchant_id;
    unsigned                     started:1; /* the position is valid */
    unsigned                     failed:1;  /* libcrypto did not hash all */
};


/*
 * Prepares the check of the signature, once the body is there.  NGX_ERROR if
 * memory runs out.
 */

ngx_int_t ngx_violet_webhook_open(ngx_http_request_t *r,
    ngx_violet_webhook_ctx_t *webhook, ngx_violet_app_t *app);


/*
 * Read the next piece of the body: for the signature, or for the event.  NGX_OK
 * at the end; NGX_AGAIN if the request is parked, and the phases run again for
 * the next piece; NGX_ERROR if the body cannot be read.
 */

ngx_int_t ngx_violet_webhook_hash(ngx_violet_webhook_ctx_t *webhook);
ngx_int_t ngx_violet_webhook_scan(ngx_violet_webhook_ctx_t *webhook);


/*
 * NGX_OK if the body was signed with a secret of the app, NGX_DECLINED if not,
 * NGX_ERROR if libcrypto has no memory to find out.  Called once, after the
 * whole body was read for the signature.
 */

ngx_int_t ngx_violet_webhook_signed(ngx_violet_webhook_ctx_t *webhook);


#endif /* NGX_VIOLET_WEBHOOK_H */

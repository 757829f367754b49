
/*
 * A secret and its source: a file, an environment variable, or the
 * configuration itself.  It is read with the configuration and lives as long
 * as that.  Each worker reads a file that has changed, and keeps the new
 * value in its own copy of the structure.
 */

#ifndef NGX_VIOLET_SECRET_H
#define NGX_VIOLET_SECRET_H


#include <ngx_config.h>
#include <ngx_core.h>


/* the attributes of a file by which a change is detected */

typedef struct {
    dev_t             device;
    ino_t             inode;
    off_t             size;
    struct timespec   modified;
    struct timespec   changed;
} ngx_violet_secret_state_t;


typedef struct ngx_violet_secret_s {
    ngx_str_t                   name;     /* of the directive */
    ngx_str_t                   value;

    ngx_str_t                   file;     /* ends in a NUL; empty: none */
    ngx_str_t                   env;      /* ends in a NUL; empty: none */

    /* of this worker */
    ngx_uint_t                  version;  /* of the value, from 1 on */
    ngx_violet_secret_state_t   state;    /* of the file that was read last */
    ngx_violet_secret_state_t   seen;     /* of the file at the last check */
    ngx_err_t                   error;    /* of the last check; 0: none */
    ngx_err_t                   refused;  /* of the file in "state"; 0: none */
    unsigned                    heap:1;   /* the value is on the heap */
    unsigned                    waiting:1;   /* "seen" is not read yet */
    unsigned                    found:1;     /* a check has found the file */
} ngx_violet_secret_t;


/*
 * Reads a secret: "value" is "file:PATH", "env:NAME" or the secret itself.
 * "name" is the name of the directive, for messages.  Both must live as long
 * as the configuration, at whose end the secret is wiped.
 *
 * Returns the secret.  Returns NULL on failure; the reason is logged, the
 * value never is.
 */

ngx_violet_secret_t *ngx_violet_secret_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *value);


/*
 * Warns of a file that the workers' user cannot read, or of an environment
 * variable that nginx does not pass on to a new binary.  Called in the
 * master, after the whole configuration is read.
 */

void ngx_violet_secret_warn(ngx_cycle_t *cycle, ngx_violet_secret_t *secret);


/*
 * Checks whether the file has changed.  A changed file is read after two
 * consecutive checks have found the same state, since it may be being
 * written.  If it cannot be read or its content is invalid, the old value is
 * kept, and one line is logged.
 *
 * Returns 1 if there is a new value; the old one is wiped.
 */

ngx_uint_t ngx_violet_secret_check(ngx_violet_secret_t *secret);


/* Wipes the value of a secret, which is empty after that. */

void ngx_violet_secret_wipe(ngx_violet_secret_t *secret);


#endif /* NGX_VIOLET_SECRET_H */


/*
 * A secret and where it comes from: a file, a variable of the environment,
 * or the configuration itself.  It is read with the configuration and lives
 * as long as that; what a file says later is taken up by each worker for
 * itself, in its own copy of the structure.
 */

#ifndef NGX_VIOLET_SECRET_H
#define NGX_VIOLET_SECRET_H


#include <ngx_config.h>
#include <ngx_core.h>


/* what tells one state of a file from another */

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
    ngx_str_t                   env;      /* the same */

    /* a worker's own */
    ngx_uint_t                  version;  /* from 1 on, of values */
    ngx_violet_secret_state_t   state;    /* that was read, or refused */
    ngx_violet_secret_state_t   seen;     /* that the last look found */
    ngx_err_t                   error;    /* why the last look failed */
    ngx_err_t                   refused;  /* what is wrong with "state" */
    unsigned                    heap:1;   /* so is the value */
    unsigned                    waiting:1;   /* "seen" is not read yet */
    unsigned                    found:1;     /* by some look */
} ngx_violet_secret_t;


/*
 * Reads a secret, which is "file:PATH", "env:NAME" or the value itself.
 * "name" is the directive's, for the messages; it and "value" live as long
 * as the configuration.  The value is wiped when the configuration ends.
 *
 * Returns the secret, or NULL, which is logged with the reason and never
 * with the value.
 */

ngx_violet_secret_t *ngx_violet_secret_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *value);


/*
 * Warns of a secret that will not follow its source: a file that the
 * workers' user cannot read, a variable that nginx does not hand on to a
 * new binary.  Called in the master, once the configuration is whole.
 */

void ngx_violet_secret_warn(ngx_cycle_t *cycle, ngx_violet_secret_t *secret);


/*
 * Looks whether the file has changed, and takes up what it says once two
 * looks in a row have found the same: a writer may be at it.  A file that
 * cannot be read or is empty leaves the old value, and is logged once.
 *
 * Returns 1 if there is a new value.  It replaces the old one, which is
 * wiped.
 */

ngx_uint_t ngx_violet_secret_check(ngx_violet_secret_t *secret);


/* Wipes what a worker has read by itself; the secret is empty then. */

void ngx_violet_secret_wipe(ngx_violet_secret_t *secret);


#endif /* NGX_VIOLET_SECRET_H */


/*
 * Secrets and their sources.  A value of the configuration or the environment
 * lives in the pool of the configuration, the content of a file on the heap.
 * Either is wiped before its memory is freed.
 *
 * A timer of the worker checks the files, not a request.  While nothing
 * changes a check is one stat() for each file.
 */


#include "ngx_violet_secret.h"


#define NGX_VIOLET_SECRET_MAX  65536


/* why a secret is refused: an errno, or one of these */

#define NGX_VIOLET_SECRET_NO_FILE    (-1)
#define NGX_VIOLET_SECRET_TOO_LONG   (-2)
#define NGX_VIOLET_SECRET_EMPTY      (-3)
#define NGX_VIOLET_SECRET_CONTROL    (-4)
#define NGX_VIOLET_SECRET_MARK       (-5)


static ngx_int_t ngx_violet_secret_source(ngx_conf_t *cf,
    ngx_violet_secret_t *secret, ngx_str_t *value);
static ngx_int_t ngx_violet_secret_literal(ngx_conf_t *cf,
    ngx_violet_secret_t *secret, ngx_str_t *value);
static ngx_int_t ngx_violet_secret_file(ngx_conf_t *cf,
    ngx_violet_secret_t *secret);
static ngx_int_t ngx_violet_secret_env(ngx_conf_t *cf,
    ngx_violet_secret_t *secret);
static ngx_err_t ngx_violet_secret_load(ngx_violet_secret_t *secret,
    ngx_str_t *value, ngx_file_info_t *fi);
static ngx_err_t ngx_violet_secret_load_fd(ngx_fd_t fd, ngx_str_t *value,
    ngx_file_info_t *fi);
static ngx_err_t ngx_violet_secret_valid(ngx_str_t *value);
static void ngx_violet_secret_refuse(ngx_conf_t *cf,
    ngx_violet_secret_t *secret, ngx_err_t err);
static void ngx_violet_secret_seen(ngx_violet_secret_state_t *state,
    ngx_file_info_t *fi);
static ngx_uint_t ngx_violet_secret_take(ngx_violet_secret_t *secret);
static void ngx_violet_secret_failed(ngx_violet_secret_t *secret,
    ngx_err_t err);
static char *ngx_violet_secret_reason(ngx_err_t err);
static void ngx_violet_secret_free(ngx_str_t *value);
static void ngx_violet_secret_cleanup(void *data);


ngx_violet_secret_t *
ngx_violet_secret_read(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *value)
{
    ngx_err_t             err;
    ngx_pool_cleanup_t   *cln;
    ngx_violet_secret_t  *secret;

    secret = ngx_pcalloc(cf->pool, sizeof(ngx_violet_secret_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (secret == NULL || cln == NULL) {
        return NULL;
    }

    secret->name = *name;
    secret->version = 1;

    cln->handler = ngx_violet_secret_cleanup;
    cln->data = secret;

    if (ngx_violet_secret_source(cf, secret, value) != NGX_OK) {
        return NULL;
    }

    err = ngx_violet_secret_valid(&secret->value);

    if (err) {
        ngx_violet_secret_refuse(cf, secret, err);
        return NULL;
    }

    return secret;
}


static ngx_int_t
ngx_violet_secret_source(ngx_conf_t *cf, ngx_violet_secret_t *secret,
    ngx_str_t *value)
{
    if (value->len >= 5 && ngx_strncmp(value->data, "file:", 5) == 0) {
        secret->file.data = value->data + 5;
        secret->file.len = value->len - 5;

        if (ngx_conf_full_name(cf->cycle, &secret->file, 1) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_violet_secret_file(cf, secret);
    }

    if (value->len >= 4 && ngx_strncmp(value->data, "env:", 4) == 0) {
        secret->env.data = value->data + 4;
        secret->env.len = value->len - 4;

        return ngx_violet_secret_env(cf, secret);
    }

    return ngx_violet_secret_literal(cf, secret, value);
}


/*
 * A value that begins like a path, a variable or a placeholder is refused: it
 * is most likely a mistake.  A secret that begins so can be put into a file.
 */

static ngx_int_t
ngx_violet_secret_literal(ngx_conf_t *cf, ngx_violet_secret_t *secret,
    ngx_str_t *value)
{
    char  *remedy;

    remedy = NULL;

    switch (value->len ? value->data[0] : 0) {

    case '/':
        remedy = "write \"file:\" before a path";
        break;

    case '$':
        remedy = "it takes no variables of nginx, use \"file:PATH\" or "
                 "\"env:NAME\"";
        break;

    case '<':
        remedy = "put your own in its place, best as \"file:PATH\"";
        break;
    }

    if (remedy) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the value of \"%V\" begins with \"%*s\", %s; a "
                           "secret that really begins so goes into a file",
                           &secret->name, (size_t) 1, value->data, remedy);
        return NGX_ERROR;
    }

    secret->value = *value;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_secret_file(ngx_conf_t *cf, ngx_violet_secret_t *secret)
{
    ngx_err_t        err;
    ngx_str_t        value;
    ngx_file_info_t  fi;

    err = ngx_violet_secret_load(secret, &value, &fi);

    if (value.data == NULL) {
        ngx_violet_secret_refuse(cf, secret, err);
        return NGX_ERROR;
    }

    if (ngx_file_access(&fi) & S_IROTH) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "file \"%V\" of \"%V\" is readable by every "
                           "user, remove that right with \"chmod o-r\"",
                           &secret->file, &secret->name);
    }

    ngx_violet_secret_seen(&secret->state, &fi);

    secret->value = value;
    secret->heap = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_secret_env(ngx_conf_t *cf, ngx_violet_secret_t *secret)
{
    char       *env;
    ngx_str_t   value;

    /* the parser ends its strings with a NUL */

    env = getenv((char *) secret->env.data);

    if (env == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "environment variable \"%V\" of \"%V\" is "
                           "not set, set it where nginx is started",
                           &secret->env, &secret->name);
        return NGX_ERROR;
    }

    value.data = (u_char *) env;
    value.len = ngx_strlen(env);

    secret->value.data = ngx_pstrdup(cf->pool, &value);
    if (secret->value.data == NULL) {
        return NGX_ERROR;
    }

    secret->value.len = value.len;

    return NGX_OK;
}


/*
 * Reads the file to the heap.  Returns 0; or an errno or a reason, and "value"
 * is empty then.
 */

static ngx_err_t
ngx_violet_secret_load(ngx_violet_secret_t *secret, ngx_str_t *value,
    ngx_file_info_t *fi)
{
    ngx_fd_t   fd;
    ngx_err_t  err;

    ngx_str_null(value);

    fd = ngx_open_file(secret->file.data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        return ngx_errno;
    }

    err = ngx_violet_secret_load_fd(fd, value, fi);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &secret->file);
    }

    return err;
}


static ngx_err_t
ngx_violet_secret_load_fd(ngx_fd_t fd, ngx_str_t *value, ngx_file_info_t *fi)
{
    ssize_t    n;
    ngx_err_t  err;

    if (ngx_fd_info(fd, fi) == NGX_FILE_ERROR) {
        return ngx_errno;
    }

    if (!ngx_is_file(fi)) {
        return NGX_VIOLET_SECRET_NO_FILE;
    }

    if (ngx_file_size(fi) > NGX_VIOLET_SECRET_MAX) {
        return NGX_VIOLET_SECRET_TOO_LONG;
    }

    value->data = ngx_alloc((size_t) ngx_file_size(fi) + 1, ngx_cycle->log);
    if (value->data == NULL) {
        return NGX_ENOMEM;
    }

    n = ngx_read_fd(fd, value->data, (size_t) ngx_file_size(fi));

    if (n == -1) {
        err = ngx_errno;
        ngx_violet_secret_free(value);
        return err;
    }

    value->len = n;

    if (n && value->data[n - 1] == LF) {
        value->len--;

        if (value->len && value->data[value->len - 1] == CR) {
            value->len--;
        }
    }

    err = ngx_violet_secret_valid(value);

    if (err) {
        ngx_violet_secret_free(value);
    }

    return err;
}


/* Refuses a value that is empty or cannot be the value of a header. */

static ngx_err_t
ngx_violet_secret_valid(ngx_str_t *value)
{
    size_t  i;

    if (value->len == 0) {
        return NGX_VIOLET_SECRET_EMPTY;
    }

    /* the byte order marks of UTF-8 and of both kinds of UTF-16 */

    if (value->len >= 2
        && (ngx_memcmp(value->data, "\xfe\xff", 2) == 0
            || ngx_memcmp(value->data, "\xff\xfe", 2) == 0
            || (value->len >= 3
                && ngx_memcmp(value->data, "\xef\xbb\xbf", 3) == 0)))
    {
        return NGX_VIOLET_SECRET_MARK;
    }

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
            return NGX_VIOLET_SECRET_CONTROL;
        }
    }

    return 0;
}


static void
ngx_violet_secret_refuse(ngx_conf_t *cf, ngx_violet_secret_t *secret,
    ngx_err_t err)
{
    switch (err) {

    case NGX_VIOLET_SECRET_EMPTY:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is empty, give it a value",
                           &secret->name);
        return;

    case NGX_VIOLET_SECRET_CONTROL:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has a control character or a line "
                           "break in its value, which no header can "
                           "carry: remove it", &secret->name);
        return;

    case NGX_VIOLET_SECRET_MARK:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the value of \"%V\" begins with a byte order "
                           "mark, save it without one, in a file for "
                           "\"file:PATH\"%s%V", &secret->name,
                           secret->file.len ? ": " : "", &secret->file);
        return;

    case NGX_VIOLET_SECRET_NO_FILE:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"%V\" is not a regular file, put the "
                           "value into one", &secret->file, &secret->name);
        return;

    case NGX_VIOLET_SECRET_TOO_LONG:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "file \"%V\" of \"%V\" is longer than %d bytes, "
                           "check it",
                           &secret->file, &secret->name,
                           NGX_VIOLET_SECRET_MAX);
        return;

    default:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                           "cannot open file \"%V\" of \"%V\", it must be "
                           "there and readable by the user that starts nginx",
                           &secret->file, &secret->name);
    }
}


static void
ngx_violet_secret_seen(ngx_violet_secret_state_t *state, ngx_file_info_t *fi)
{
    ngx_memzero(state, sizeof(ngx_violet_secret_state_t));

    state->device = fi->st_dev;
    state->inode = fi->st_ino;
    state->size = fi->st_size;
    state->modified = fi->st_mtim;
    state->changed = fi->st_ctim;
}


ngx_uint_t
ngx_violet_secret_check(ngx_violet_secret_t *secret)
{
    ngx_err_t                   err;
    ngx_file_info_t             fi;
    ngx_violet_secret_state_t   state;

    if (secret->file.len == 0) {
        return 0;
    }

    if (ngx_file_info(secret->file.data, &fi) == NGX_FILE_ERROR) {
        err = ngx_errno;

        /* the master has warned if workers cannot enter the folder */

        if (secret->found || err != NGX_EACCES) {
            ngx_violet_secret_failed(secret, err);
        }

        return 0;
    }

    secret->found = 1;

    ngx_violet_secret_seen(&state, &fi);

    if (ngx_memcmp(&state, &secret->state, sizeof(state)) == 0
        && secret->error == secret->refused)
    {
        secret->waiting = 0;
        return 0;
    }

    if (!secret->waiting
        || ngx_memcmp(&state, &secret->seen, sizeof(state)) != 0)
    {
        secret->seen = state;
        secret->waiting = 1;
        return 0;
    }

    secret->waiting = 0;

    return ngx_violet_secret_take(secret);
}


static ngx_uint_t
ngx_violet_secret_take(ngx_violet_secret_t *secret)
{
    ngx_err_t        err;
    ngx_str_t        value;
    ngx_file_info_t  fi;

    err = ngx_violet_secret_load(secret, &value, &fi);

    if (value.data == NULL) {

        /* another error, such as a lack of memory, may be temporary */

        if (ngx_violet_secret_reason(err) || err == NGX_EACCES) {
            secret->state = secret->seen;
            secret->refused = err;
        }

        ngx_violet_secret_failed(secret, err);
        return 0;
    }

    ngx_violet_secret_seen(&secret->state, &fi);

    secret->error = 0;
    secret->refused = 0;

    if (value.len == secret->value.len
        && ngx_memcmp(value.data, secret->value.data, value.len) == 0)
    {
        ngx_violet_secret_free(&value);
        return 0;
    }

    ngx_violet_secret_wipe(secret);

    secret->value = value;
    secret->heap = 1;
    secret->version++;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "violet: the new value of \"%V\" in \"%V\" is used",
                  &secret->name, &secret->file);

    return 1;
}


static void
ngx_violet_secret_failed(ngx_violet_secret_t *secret, ngx_err_t err)
{
    char  *reason;

    if (secret->error == err) {
        return;
    }

    secret->error = err;

    reason = ngx_violet_secret_reason(err);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, reason ? 0 : err,
                  "violet: file \"%V\" of \"%V\" %s, the old value is kept",
                  &secret->file, &secret->name,
                  reason ? reason
                  : err == NGX_EACCES ? "cannot be read by the workers' user"
                                      : "cannot be read");
}


static char *
ngx_violet_secret_reason(ngx_err_t err)
{
    switch (err) {

    case NGX_VIOLET_SECRET_NO_FILE:
        return "is not a regular file";

    case NGX_VIOLET_SECRET_TOO_LONG:
        return "is too long";

    case NGX_VIOLET_SECRET_EMPTY:
        return "is empty";

    case NGX_VIOLET_SECRET_CONTROL:
        return "has a control character or a line break in its value";

    case NGX_VIOLET_SECRET_MARK:
        return "begins with a byte order mark";

    default:
        return NULL;
    }
}


void
ngx_violet_secret_wipe(ngx_violet_secret_t *secret)
{
    if (secret->value.data == NULL) {
        return;
    }

    if (secret->heap) {
        ngx_violet_secret_free(&secret->value);
        secret->heap = 0;
        return;
    }

    explicit_bzero(secret->value.data, secret->value.len);

    ngx_str_null(&secret->value);
}


static void
ngx_violet_secret_free(ngx_str_t *value)
{
    explicit_bzero(value->data, value->len);
    ngx_free(value->data);

    ngx_str_null(value);
}


static void
ngx_violet_secret_cleanup(void *data)
{
    ngx_violet_secret_wipe(data);
}

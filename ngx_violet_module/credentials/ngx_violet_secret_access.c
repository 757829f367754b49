
/*
 * Warnings, when the configuration is read, about secrets whose changes the
 * workers or a new binary would not see.
 */


#include "ngx_violet_secret.h"

#include <grp.h>


#define NGX_VIOLET_SECRET_GROUPS  64


static void ngx_violet_secret_warn_env(ngx_cycle_t *cycle,
    ngx_core_conf_t *ccf, ngx_violet_secret_t *secret);
static ngx_int_t ngx_violet_secret_reachable(ngx_core_conf_t *ccf,
    char *path);
static ngx_uint_t ngx_violet_secret_allowed(ngx_core_conf_t *ccf,
    ngx_file_info_t *fi, ngx_uint_t right);


void
ngx_violet_secret_warn(ngx_cycle_t *cycle, ngx_violet_secret_t *secret)
{
    char             *path;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (secret->env.len) {
        ngx_violet_secret_warn_env(cycle, ccf, secret);
        return;
    }

    /* not started by root: workers run as the same user and can read it */

    if (secret->file.len == 0 || geteuid() != 0 || ccf->user == 0) {
        return;
    }

    path = realpath((char *) secret->file.data, NULL);

    if (path && ngx_violet_secret_reachable(ccf, path) != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "file \"%V\" of \"%V\" cannot be read by the workers' "
                      "user \"%s\": a change of it needs a reload, unless "
                      "you give the user's group the right to read it and "
                      "to enter its folders",
                      &secret->file, &secret->name, ccf->username);
    }

    free(path);
}


/* nginx passes on to a new binary only the variables that "env" names. */

static void
ngx_violet_secret_warn_env(ngx_cycle_t *cycle, ngx_core_conf_t *ccf,
    ngx_violet_secret_t *secret)
{
    ngx_str_t   *var;
    ngx_uint_t   i;

    var = ccf->env.elts;

    for (i = 0; i < ccf->env.nelts; i++) {
        if (var[i].len >= secret->env.len
            && ngx_strncmp(var[i].data, secret->env.data, secret->env.len)
               == 0
            && (var[i].len == secret->env.len
                || var[i].data[secret->env.len] == '='))
        {
            return;
        }
    }

    ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                  "environment variable \"%V\" of \"%V\" is lost when the "
                  "nginx binary is upgraded, add \"env %V;\" at the top of "
                  "the configuration",
                  &secret->env, &secret->name, &secret->env);
}


/* NGX_OK if the workers may enter all folders of the path and read the file. */

static ngx_int_t
ngx_violet_secret_reachable(ngx_core_conf_t *ccf, char *path)
{
    char             *p;
    ngx_file_info_t   fi;

    for (p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {

        *p = '\0';

        if (stat(path, &fi) == -1
            || !ngx_violet_secret_allowed(ccf, &fi, 1))
        {
            return NGX_DECLINED;
        }

        *p = '/';
    }

    if (stat(path, &fi) == -1 || !ngx_violet_secret_allowed(ccf, &fi, 4)) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* "right" is 4 (read), 2 (write) or 1 (execute), as in a file's mode. */

static ngx_uint_t
ngx_violet_secret_allowed(ngx_core_conf_t *ccf, ngx_file_info_t *fi,
    ngx_uint_t right)
{
    int     i, n;
    gid_t   groups[NGX_VIOLET_SECRET_GROUPS];

    if (fi->st_uid == ccf->user) {
        return (fi->st_mode & (right << 6)) != 0;
    }

    n = NGX_VIOLET_SECRET_GROUPS;

    if (getgrouplist(ccf->username, ccf->group, groups, &n) == -1) {
        n = NGX_VIOLET_SECRET_GROUPS;
    }

    for (i = 0; i < n; i++) {
        if (fi->st_gid == groups[i]) {
            return (fi->st_mode & (right << 3)) != 0;
        }
    }

    return (fi->st_mode & right) != 0;
}

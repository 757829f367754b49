
/*
 * The arguments of proxy_pass.  The proxy module keeps them in a structure of
 * its own, which differs from version to version.  So, while the http block
 * is read, the handler of the proxy_pass command is ngx_violet_conf_proxy_set:
 * it calls the proxy module's handler and stores the argument, the location,
 * the file and the line in the configuration's pool.  The old handler is put
 * back when the block has been read, or by a cleanup of that pool if the
 * configuration fails: the pool is destroyed before nginx unloads a module.
 */


#include "ngx_violet_conf.h"
#include "ngx_violet_credentials.h"


static char *ngx_violet_conf_proxy_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


ngx_int_t
ngx_violet_conf_proxy_watch(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    ngx_command_t  *cmd;

    if (ngx_array_init(&vmcf->proxy_passes, cf->pool, 8,
                       sizeof(ngx_violet_proxy_pass_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    cmd = ngx_violet_credentials_proxy_command("proxy_pass");

    if (cmd) {
        vmcf->proxy_pass = cmd->set;
        cmd->set = ngx_violet_conf_proxy_set;
    }

    return NGX_OK;
}


void
ngx_violet_conf_proxy_release(ngx_violet_main_conf_t *vmcf)
{
    ngx_command_t  *cmd;

    if (vmcf->proxy_pass == NULL) {
        return;
    }

    cmd = ngx_violet_credentials_proxy_command("proxy_pass");
    cmd->set = vmcf->proxy_pass;

    vmcf->proxy_pass = NULL;
}


static char *
ngx_violet_conf_proxy_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                      *rv;
    ngx_str_t                 *value;
    ngx_violet_main_conf_t    *vmcf;
    ngx_violet_proxy_pass_t   *pass;
    ngx_http_core_loc_conf_t  *clcf;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_violet_module);

    rv = vmcf->proxy_pass(cf, cmd, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    pass = ngx_array_push(&vmcf->proxy_passes);
    if (pass == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    pass->conf = conf;
    pass->url = value[1];
    pass->file = cf->conf_file->file.name.data;
    pass->line = cf->conf_file->line;

    /* the proxy module's content handler has no name outside of it */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    vmcf->proxy_handler = clcf->handler;

    return NGX_CONF_OK;
}


ngx_violet_proxy_pass_t *
ngx_violet_conf_proxy_pass(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    void                     *conf;
    ngx_uint_t                i;
    ngx_violet_proxy_pass_t  *pass;

    conf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);

    pass = vmcf->proxy_passes.elts;

    for (i = 0; i < vmcf->proxy_passes.nelts; i++) {
        if (pass[i].conf == conf) {
            return &pass[i];
        }
    }

    return NULL;
}


void *
ngx_violet_conf_of(ngx_conf_t *cf, void **confs, char *module)
{
    ngx_uint_t      i;
    ngx_module_t  **modules;

    modules = cf->cycle->modules;

    for (i = 0; modules[i]; i++) {
        if (ngx_strcmp(modules[i]->name, module) == 0) {
            return confs[modules[i]->ctx_index];
        }
    }

    return NULL;
}


ngx_array_t *
ngx_violet_conf_header_lines(ngx_conf_t *cf)
{
    u_char         *conf;
    ngx_command_t  *cmd;

    cmd = ngx_violet_credentials_proxy_command("proxy_set_header");
    conf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);

    return *(ngx_array_t **) (conf + cmd->offset);
}


ngx_str_t *
ngx_violet_conf_sets_header(ngx_conf_t *cf, char *name)
{
    ngx_uint_t      i;
    ngx_array_t    *lines;
    ngx_keyval_t   *line;

    lines = ngx_violet_conf_header_lines(cf);

    if (lines == NULL) {
        return NULL;
    }

    line = lines->elts;

    for (i = 0; i < lines->nelts; i++) {

        if (line[i].value.len && line[i].key.len == ngx_strlen(name)
            && ngx_strncasecmp(line[i].key.data, (u_char *) name,
                               line[i].key.len)
               == 0)
        {
            return &line[i].value;
        }
    }

    return NULL;
}

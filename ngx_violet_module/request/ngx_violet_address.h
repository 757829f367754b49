
/*
 * The address of a peer: whether it is on this machine.
 */

#ifndef NGX_VIOLET_ADDRESS_H
#define NGX_VIOLET_ADDRESS_H


#include <ngx_config.h>
#include <ngx_core.h>


/* True for an address of the loopback network, and for a unix socket. */

ngx_uint_t ngx_violet_is_local(struct sockaddr *sa);


#endif /* NGX_VIOLET_ADDRESS_H */

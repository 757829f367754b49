
/*
 * Keeps the compiler from moving a store over another one.  A process that is
 * killed stops between two instructions, so this order is all that matters
 * for what it leaves half made in shared memory: the kernel and nginx's master
 * see to the rest before they free its lock.
 */

#ifndef NGX_VIOLET_MEMORY_BARRIER_H
#define NGX_VIOLET_MEMORY_BARRIER_H


#define ngx_violet_barrier()  __atomic_signal_fence(__ATOMIC_SEQ_CST)


#endif /* NGX_VIOLET_MEMORY_BARRIER_H */


/*
 * Keeps the compiler from moving a store past another one.  A process that is
 * killed stops between two instructions, and its stores are visible to others
 * before nginx's master frees its lock.  So the order of the instructions
 * alone decides the state in which it leaves shared memory.
 */

#ifndef NGX_VIOLET_MEMORY_BARRIER_H
#define NGX_VIOLET_MEMORY_BARRIER_H


#define ngx_violet_barrier()  __atomic_signal_fence(__ATOMIC_SEQ_CST)


#endif /* NGX_VIOLET_MEMORY_BARRIER_H */

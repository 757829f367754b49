
/*
 * Measures how long the lock of the shared memory zone is held: bench/lock
 * includes this file before each source file of the zone.  The numbers lie in
 * the file $BENCH_LOCK, which all processes have mapped.
 */

#ifndef BENCH_LOCK_H
#define BENCH_LOCK_H


#include <ngx_config.h>
#include <ngx_core.h>

#include <time.h>


/* of 20 ns each; the last one has all longer holds */
#define BENCH_LOCK_STEPS  2000
#define BENCH_LOCK_STEP   20


typedef struct {
    uint64_t  holds[BENCH_LOCK_STEPS];
} bench_lock_t;


/* one for all source files */
bench_lock_t     *bench_lock_map __attribute__((weak));
struct timespec   bench_lock_begun __attribute__((weak));


static inline void
bench_lock(ngx_shmtx_t *mtx)
{
    ngx_shmtx_lock(mtx);

    (void) clock_gettime(CLOCK_MONOTONIC, &bench_lock_begun);
}


static inline void
bench_unlock(ngx_shmtx_t *mtx)
{
    uint64_t         step;
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    step = ((uint64_t) (ts.tv_sec - bench_lock_begun.tv_sec) * 1000000000
            + (uint64_t) ts.tv_nsec - (uint64_t) bench_lock_begun.tv_nsec)
           / BENCH_LOCK_STEP;

    if (bench_lock_map != NULL) {
        bench_lock_map->holds[ngx_min(step, BENCH_LOCK_STEPS - 1)]++;
    }

    ngx_shmtx_unlock(mtx);
}


__attribute__((constructor)) static void
bench_lock_open(void)
{
    int          fd;
    void        *map;
    const char  *name;

    name = getenv("BENCH_LOCK");

    if (name == NULL || bench_lock_map != NULL) {
        return;
    }

    fd = open(name, O_RDWR);

    if (fd == -1) {
        return;
    }

    map = mmap(NULL, sizeof(bench_lock_t), PROT_READ|PROT_WRITE, MAP_SHARED,
               fd, 0);

    if (map != MAP_FAILED) {
        bench_lock_map = map;
    }

    (void) close(fd);
}


#define ngx_shmtx_lock    bench_lock
#define ngx_shmtx_unlock  bench_unlock


#endif /* BENCH_LOCK_H */

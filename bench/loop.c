
/*
 * Records how long a worker of nginx works between two calls of epoll_wait():
 * meanwhile no other request of the worker makes progress.  Loaded by
 * LD_PRELOAD; the longest times lie in the file $BENCH_LOOP, which all
 * processes have mapped and whose reader sets them to 0.
 */

#define _GNU_SOURCE

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>


/* nanoseconds: of CPU time, and of the clock on the wall */

typedef struct {
    uint64_t  cpu;
    uint64_t  wall;
} loop_longest_t;


static volatile loop_longest_t  *loop_longest;
static uint64_t                  loop_cpu;
static uint64_t                  loop_wall;


static uint64_t
loop_now(clockid_t clock)
{
    struct timespec  ts;

    (void) clock_gettime(clock, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


static void
loop_record(void)
{
    uint64_t  cpu, wall;

    cpu = loop_now(CLOCK_THREAD_CPUTIME_ID) - loop_cpu;
    wall = loop_now(CLOCK_MONOTONIC) - loop_wall;

    if (cpu > loop_longest->cpu) {
        loop_longest->cpu = cpu;
    }

    if (wall > loop_longest->wall) {
        loop_longest->wall = wall;
    }
}


int
epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
    long  got;

    if (loop_longest != NULL && loop_cpu != 0) {
        loop_record();
    }

    got = syscall(SYS_epoll_wait, fd, events, n, timeout);

    loop_cpu = loop_now(CLOCK_THREAD_CPUTIME_ID);
    loop_wall = loop_now(CLOCK_MONOTONIC);

    return (int) got;
}


__attribute__((constructor)) static void
loop_open(void)
{
    int          fd;
    void        *map;
    const char  *name;

    name = getenv("BENCH_LOOP");

    if (name == NULL) {
        return;
    }

    fd = open(name, O_RDWR|O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    map = mmap(NULL, sizeof(loop_longest_t), PROT_READ|PROT_WRITE,
               MAP_SHARED, fd, 0);

    (void) close(fd);

    if (map != MAP_FAILED) {
        loop_longest = map;
    }
}

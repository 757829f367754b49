
/*
 * Clocks that a test moves.  Loaded before libc by LD_PRELOAD, it adds a number
 * of seconds from the file $LIVE_CLOCK to the time of day, and another number
 * to the monotonic clocks.  If a third number is not 0, the monotonic clocks
 * stand still at so many milliseconds.  Sleeps take real time.
 */

#define _GNU_SOURCE

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>


#define CLOCK_NUMBERS  3


static const int64_t           clock_none[CLOCK_NUMBERS];
static const volatile int64_t  *clock_ahead = clock_none;


/* Before main(): nginx takes its environment from its workers. */

__attribute__((constructor)) static void
clock_open(void)
{
    int          fd;
    void        *map;
    const char  *name;

    name = getenv("LIVE_CLOCK");

    if (name == NULL) {
        return;
    }

    fd = open(name, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    map = mmap(NULL, sizeof(clock_none), PROT_READ, MAP_SHARED, fd, 0);

    (void) close(fd);

    if (map != MAP_FAILED) {
        clock_ahead = map;
    }
}


static void
clock_monotonic(struct timespec *ts, int64_t ahead, int64_t held)
{
    if (held) {
        ts->tv_sec = held / 1000;
        ts->tv_nsec = held % 1000 * 1000000;
        return;
    }

    ts->tv_sec += ahead;
}


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    if (syscall(SYS_clock_gettime, id, ts) == -1) {
        return -1;
    }

    switch (id) {

    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        ts->tv_sec += clock_ahead[0];
        break;

    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
        clock_monotonic(ts, clock_ahead[1], clock_ahead[2]);
        break;
    }

    return 0;
}


int
gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec  ts;

    (void) tz;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;

    return 0;
}


/* OpenSSL's clock, by which a certificate expires */

time_t
time(time_t *t)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    if (t) {
        *t = ts.tv_sec;
    }

    return ts.tv_sec;
}


/*
 * Kills an nginx worker after a chosen change of a shared memory zone, while
 * it holds the lock of the zone, or stops it before it takes the lock for the
 * n-th time.  Loaded before libc by LD_PRELOAD.
 *
 * A breakpoint at ngx_shmtx_lock() begins to trace the worker from within: the
 * trap flag of the processor raises SIGTRAP after each instruction.  While the
 * worker has the lock, the handler compares the zone with a copy of it.  Each
 * instruction that changed the zone counts, except one that continues at the
 * byte behind the last change, as the copy of a text does.  The handler reads
 * its orders in the file $LIVE_KILLER, which all processes have mapped.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>


#define KILLER_TRAP_FLAG  0x100
#define KILLER_INT3       0xcc
#define KILLER_ZONES      32

/* bytes: what one instruction may change; and of the lock itself */
#define KILLER_STORE      64
#define KILLER_LOCK       16


typedef enum {
    KILLER_IDLE = 0,     /* the breakpoint is set */
    KILLER_OVER,         /* the instruction under it is run */
    KILLER_WAIT,         /* for the lock */
    KILLER_HELD
} killer_state_t;


/* see Live::Killer */

typedef struct {
    int64_t             armed;
    int64_t             size;         /* of the zone */
    int64_t             at;           /* which change or lock; 0: none */
    int64_t             counted;
    int64_t             killed;       /* the worker's pid */
    int64_t             stop;         /* SIGSTOP before a lock */
} killer_control_t;


typedef struct {
    void               *addr;
    size_t              size;
} killer_zone_t;


/* the beginning of nginx's ngx_shmtx_t */

typedef struct {
    volatile uint64_t  *lock;
} killer_mutex_t;


static volatile killer_control_t  *killer_control;
static killer_zone_t               killer_zones[KILLER_ZONES];
static unsigned                    killer_nzones;
static volatile uint8_t           *killer_code;
static uint8_t                     killer_byte;
static killer_state_t              killer_state;
static volatile uint64_t          *killer_lock;
static killer_zone_t              *killer_zone;
static uint8_t                    *killer_copy;
static size_t                      killer_last;


/* nginx gets its zones here. */

void *
mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
    void  *p;

    p = (void *) syscall(SYS_mmap, addr, size, prot, flags, fd, offset);

    if (p != MAP_FAILED && (flags & MAP_SHARED) && (flags & MAP_ANONYMOUS)
        && killer_nzones < KILLER_ZONES)
    {
        killer_zones[killer_nzones].addr = p;
        killer_zones[killer_nzones].size = size;
        killer_nzones++;
    }

    return p;
}


/* The same, where an offset has 64 bits by another name. */

void *
mmap64(void *addr, size_t size, int prot, int flags, int fd, off64_t offset)
{
    return mmap(addr, size, prot, flags, fd, offset);
}


/* Is it the lock of the zone? */

static int
killer_wanted(volatile uint64_t *lock)
{
    unsigned        i;
    killer_zone_t  *zone;

    if (!killer_control->armed) {
        return 0;
    }

    for (i = 0; i < killer_nzones; i++) {
        zone = &killer_zones[i];

        if (zone->addr == (void *) lock
            && zone->size == (size_t) killer_control->size)
        {
            killer_zone = zone;
            return 1;
        }
    }

    return 0;
}


/* Takes a copy of the zone; the worker has the lock by now. */

static void
killer_begin(void)
{
    void  *p;

    if (killer_copy == NULL) {
        p = mmap(NULL, killer_control->size, PROT_READ|PROT_WRITE,
                 MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED) {
            abort();
        }

        killer_copy = p;
    }

    memcpy(killer_copy, killer_zone->addr, killer_zone->size);
    killer_last = 0;
}


static void
killer_count(void)
{
    size_t          i, n, last;
    const uint8_t  *now;

    now = killer_zone->addr;
    n = killer_zone->size;

    if (memcmp(now + KILLER_LOCK, killer_copy + KILLER_LOCK, n - KILLER_LOCK)
        == 0)
    {
        return;
    }

    for (i = KILLER_LOCK; now[i] == killer_copy[i]; i++) {
        /* void */
    }

    last = killer_last;
    killer_last = i;

    n = (n - i < KILLER_STORE) ? n - i : KILLER_STORE;
    memcpy(killer_copy + i, now + i, n);

    if (i > last && i <= last + KILLER_STORE) {
        return;
    }

    killer_control->counted++;

    if (killer_control->counted == killer_control->at) {
        killer_control->armed = 0;
        killer_control->killed = getpid();

        (void) kill(getpid(), SIGKILL);
    }
}


/* Counts a lock of the zone that the worker is about to take. */

static void
killer_count_lock(void)
{
    killer_control->counted++;

    if (killer_control->counted == killer_control->at) {
        killer_control->armed = 0;
        killer_control->killed = getpid();

        (void) kill(getpid(), SIGSTOP);
    }
}


static void
killer_trap(int signo, siginfo_t *info, void *data)
{
    int         held;
    greg_t     *regs;

    (void) signo;
    (void) info;

    regs = ((ucontext_t *) data)->uc_mcontext.gregs;

    switch (killer_state) {

    case KILLER_IDLE:
        *killer_code = killer_byte;
        regs[REG_RIP]--;
        regs[REG_EFL] |= KILLER_TRAP_FLAG;

        killer_lock = ((killer_mutex_t *) regs[REG_RDI])->lock;
        killer_state = KILLER_OVER;

        if (killer_wanted(killer_lock)) {

            if (killer_control->stop) {
                killer_count_lock();

            } else {
                killer_state = KILLER_WAIT;
            }
        }

        return;

    case KILLER_OVER:
        break;

    default:
        held = (*killer_lock == (uint64_t) getpid());

        if (held && killer_state == KILLER_WAIT) {
            killer_state = KILLER_HELD;
            killer_begin();
        }

        if (held || killer_state == KILLER_WAIT) {

            if (held) {
                killer_count();
            }

            regs[REG_EFL] |= KILLER_TRAP_FLAG;
            return;
        }
    }

    regs[REG_EFL] &= ~KILLER_TRAP_FLAG;
    *killer_code = KILLER_INT3;
    killer_state = KILLER_IDLE;
}


__attribute__((constructor)) static void
killer_open(void)
{
    int                fd;
    void              *map;
    long               page;
    uintptr_t          start;
    const char        *name;
    struct sigaction   sa;

    name = getenv("LIVE_KILLER");
    killer_code = dlsym(RTLD_DEFAULT, "ngx_shmtx_lock");

    if (name == NULL || killer_code == NULL) {
        return;
    }

    fd = open(name, O_RDWR|O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    map = mmap(NULL, sizeof(killer_control_t), PROT_READ|PROT_WRITE,
               MAP_SHARED, fd, 0);

    (void) close(fd);

    if (map == MAP_FAILED) {
        return;
    }

    killer_control = map;

    sa.sa_sigaction = killer_trap;
    sa.sa_flags = SA_SIGINFO|SA_RESTART;
    (void) sigemptyset(&sa.sa_mask);

    page = sysconf(_SC_PAGESIZE);
    start = (uintptr_t) killer_code & ~((uintptr_t) page - 1);

    if (sigaction(SIGTRAP, &sa, NULL) == -1
        || mprotect((void *) start, page, PROT_READ|PROT_WRITE|PROT_EXEC)
           == -1)
    {
        return;
    }

    killer_byte = *killer_code;
    *killer_code = KILLER_INT3;
}

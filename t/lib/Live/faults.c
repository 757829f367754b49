
/*
 * Calls that fail when a test says so.  Loaded before libc by LD_PRELOAD, it
 * counts the calls of one kind in one process, and lets the call with the
 * test's number fail.  Test and process share the file $LIVE_FAULTS, which
 * needs no signal.
 *
 * Only reads and writes of sockets fail, so the logs are complete.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>


/* bytes for what dlsym() allocates while it looks for malloc() */
#define FAULTS_EARLY  4096


enum {
    FAULTS_MEMORY = 1,
    FAULTS_READ,
    FAULTS_WRITE,
    FAULTS_CONNECT,
    FAULTS_SOCKET,
    FAULTS_EPOLL
};


/* as Live::Faults packs it */

typedef struct {
    int64_t           pid;      /* of the process that is meant; 0: none */
    int64_t           kind;
    int64_t           first;    /* the call that fails, from 1; 0: none */
    int64_t           many;     /* as many in a row */
    int64_t           error;    /* errno */
    int64_t           seen;     /* calls since it was armed */
    int64_t           failed;
} faults_t;


static faults_t            faults_none;
static volatile faults_t  *faults = &faults_none;

static _Alignas(16) char   faults_early[FAULTS_EARLY];
static size_t              faults_early_used;


/* Before main(): nginx takes its environment from its workers. */

__attribute__((constructor)) static void
faults_open(void)
{
    int          fd;
    void        *map;
    const char  *name;

    name = getenv("LIVE_FAULTS");

    if (name == NULL) {
        return;
    }

    fd = open(name, O_RDWR|O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    map = mmap(NULL, sizeof(faults_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd,
               0);

    (void) close(fd);

    if (map != MAP_FAILED) {
        faults = map;
    }
}


static int
faults_hit(int kind)
{
    int64_t  n;

    if (faults->pid == 0 || faults->kind != kind || faults->pid != getpid()) {
        return 0;
    }

    n = ++faults->seen;

    if (faults->first == 0 || n < faults->first
        || n >= faults->first + faults->many)
    {
        return 0;
    }

    faults->failed++;
    errno = (int) faults->error;

    return 1;
}


static int
faults_hit_socket(int kind, int fd)
{
    struct stat  st;

    if (faults->pid == 0 || faults->kind != kind) {
        return 0;
    }

    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && faults_hit(kind);
}


static void *
faults_next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}


#define faults_find(pointer, name)                                            \
    if (pointer == NULL) {                                                    \
        pointer = (__typeof__(pointer)) faults_next(name);                    \
    }


/* --- memory --- */

static void *
faults_early_alloc(size_t size)
{
    void  *p;

    size = (size + 15) & ~(size_t) 15;

    if (size > FAULTS_EARLY - faults_early_used) {
        abort();
    }

    p = faults_early + faults_early_used;
    faults_early_used += size;

    return p;
}


void *
malloc(size_t size)
{
    static void  *(*next)(size_t);
    static int     looking;

    if (next == NULL) {

        if (looking) {
            return faults_early_alloc(size);
        }

        looking = 1;
        faults_find(next, "malloc");
    }

    return faults_hit(FAULTS_MEMORY) ? NULL : next(size);
}


void *
calloc(size_t n, size_t size)
{
    static void  *(*next)(size_t, size_t);
    static int     looking;

    if (next == NULL) {

        if (looking) {
            return faults_early_alloc(n * size);
        }

        looking = 1;
        faults_find(next, "calloc");
    }

    return faults_hit(FAULTS_MEMORY) ? NULL : next(n, size);
}


void *
realloc(void *p, size_t size)
{
    static void  *(*next)(void *, size_t);

    faults_find(next, "realloc");

    return faults_hit(FAULTS_MEMORY) ? NULL : next(p, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    static int  (*next)(void **, size_t, size_t);

    faults_find(next, "posix_memalign");

    return faults_hit(FAULTS_MEMORY) ? ENOMEM : next(p, alignment, size);
}


void
free(void *p)
{
    static void  (*next)(void *);
    static int     looking;

    if ((char *) p >= faults_early && (char *) p < faults_early + FAULTS_EARLY)
    {
        return;
    }

    if (next == NULL) {

        /* dlsym() frees the text of an error before it looks */

        if (looking) {
            return;
        }

        looking = 1;
        faults_find(next, "free");
    }

    next(p);
}


/* --- system calls --- */

ssize_t
read(int fd, void *buf, size_t size)
{
    static ssize_t  (*next)(int, void *, size_t);

    faults_find(next, "read");

    return faults_hit_socket(FAULTS_READ, fd) ? -1 : next(fd, buf, size);
}


ssize_t
recv(int fd, void *buf, size_t size, int flags)
{
    static ssize_t  (*next)(int, void *, size_t, int);

    faults_find(next, "recv");

    return faults_hit_socket(FAULTS_READ, fd) ? -1
                                              : next(fd, buf, size, flags);
}


ssize_t
readv(int fd, const struct iovec *iov, int n)
{
    static ssize_t  (*next)(int, const struct iovec *, int);

    faults_find(next, "readv");

    return faults_hit_socket(FAULTS_READ, fd) ? -1 : next(fd, iov, n);
}


ssize_t
write(int fd, const void *buf, size_t size)
{
    static ssize_t  (*next)(int, const void *, size_t);

    faults_find(next, "write");

    return faults_hit_socket(FAULTS_WRITE, fd) ? -1 : next(fd, buf, size);
}


ssize_t
send(int fd, const void *buf, size_t size, int flags)
{
    static ssize_t  (*next)(int, const void *, size_t, int);

    faults_find(next, "send");

    return faults_hit_socket(FAULTS_WRITE, fd) ? -1
                                               : next(fd, buf, size, flags);
}


ssize_t
writev(int fd, const struct iovec *iov, int n)
{
    static ssize_t  (*next)(int, const struct iovec *, int);

    faults_find(next, "writev");

    return faults_hit_socket(FAULTS_WRITE, fd) ? -1 : next(fd, iov, n);
}


int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
    static int  (*next)(int, const struct sockaddr *, socklen_t);

    faults_find(next, "connect");

    return faults_hit(FAULTS_CONNECT) ? -1 : next(fd, sa, len);
}


int
socket(int domain, int type, int protocol)
{
    static int  (*next)(int, int, int);

    faults_find(next, "socket");

    return faults_hit(FAULTS_SOCKET) ? -1 : next(domain, type, protocol);
}


int
epoll_ctl(int ep, int op, int fd, struct epoll_event *event)
{
    static int  (*next)(int, int, int, struct epoll_event *);

    faults_find(next, "epoll_ctl");

    return faults_hit(FAULTS_EPOLL) ? -1 : next(ep, op, fd, event);
}

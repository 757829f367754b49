
/*
 * Calls that fail when a test says so.  Loaded before libc by LD_PRELOAD, it
 * counts the calls of one kind in one process, and lets the call with the
 * test's number fail, or kills the process before or after that call.  It also
 * counts the blocks of memory that a process has.
 * Test and process share the file $LIVE_FAULTS, which needs no signal.
 *
 * Of the reads and writes only those of sockets fail, so the logs are complete,
 * unless the disk is to be full.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>


/* bytes for what dlsym() allocates while it looks for malloc() */
#define FAULTS_EARLY  4096

/* the pid of any process that was forked by the one which began */
#define FAULTS_CHILD  -1

/* the pid of the one which began */
#define FAULTS_FIRST  -2

/* bytes that are kept of what a call sends or has received */
#define FAULTS_TEXT  80

/* bytes of 20 headers of nginx, up to nginx 1.22 and from 1.23 on */
#define FAULTS_HEADERS_OLD  (20 * 48)
#define FAULTS_HEADERS_NEW  (20 * 56)


enum {
    FAULTS_MEMORY = 1,
    FAULTS_READ,
    FAULTS_WRITE,
    FAULTS_CONNECT,
    FAULTS_SOCKET,
    FAULTS_EPOLL,
    FAULTS_BEFORE,    /* the process is killed before a call about a socket */
    FAULTS_AFTER,     /* or after it */
    FAULTS_DISK,      /* a write to a file */
    FAULTS_CREATE,    /* a file is created */
    FAULTS_PREAD,     /* a read of a file */
    FAULTS_RANDOM,    /* the kernel has no random numbers */
    FAULTS_HEADERS,   /* nginx's list of headers needs room for 20 more */
    FAULTS_KINDS
};


/* as Live::Faults packs it */

typedef struct {
    int64_t           pid;      /* of the process that is meant, FAULTS_CHILD
                                   or FAULTS_FIRST; 0: none */
    int64_t           kind;
    int64_t           first;    /* the call that fails, from 1; 0: none */
    int64_t           many;     /* as many in a row */
    int64_t           error;    /* errno */
    int64_t           failed;
    int64_t           watched;  /* the process whose blocks are told; 0: none */
    int64_t           blocks;   /* allocated and not freed */
    int64_t           seen[FAULTS_KINDS];    /* calls since it was armed */

    /* the call at which the process was killed */

    int64_t           call;     /* FAULTS_READ and so on; 0: none */
    int64_t           port;     /* of the peer */
    char              text[FAULTS_TEXT];
} faults_t;


static faults_t            faults_none;
static volatile faults_t  *faults = &faults_none;

static _Alignas(16) char   faults_early[FAULTS_EARLY];
static size_t              faults_early_used;

static pid_t               faults_first;    /* the process that began */
static int64_t             faults_blocks;   /* of this process */


/* Before main(): nginx takes its environment from its workers. */

__attribute__((constructor)) static void
faults_open(void)
{
    int          fd;
    void        *map;
    const char  *name;

    faults_first = getpid();
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


/*
 * An nginx that counts its lines writes its counts when it ends, and crashes
 * if it cannot allocate then.
 */

_Noreturn void
exit(int status)
{
    void (*real_exit)(int) __attribute__((noreturn));

    faults = &faults_none;

    *(void **) &real_exit = dlsym(RTLD_NEXT, "exit");
    real_exit(status);
}


static int
faults_is_meant(void)
{
    int64_t  pid;

    pid = faults->pid;

    if (pid == FAULTS_CHILD || pid == FAULTS_FIRST) {
        return (getpid() == faults_first) == (pid == FAULTS_FIRST);
    }

    return pid == getpid();
}


static int
faults_hit(int kind)
{
    int64_t  n;

    if (faults->pid == 0 || !faults_is_meant()) {
        return 0;
    }

    n = ++faults->seen[kind];

    if (faults->kind != kind || faults->first == 0 || n < faults->first
        || n >= faults->first + faults->many)
    {
        return 0;
    }

    faults->failed++;
    errno = (int) faults->error;

    return 1;
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

static void
faults_count(int64_t n)
{
    faults_blocks += n;

    if (faults->watched != 0 && faults->watched == getpid()) {
        faults->blocks = faults_blocks;
    }
}


static void *
faults_counted(void *p)
{
    faults_count(p != NULL);

    return p;
}


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

    if ((size == FAULTS_HEADERS_OLD || size == FAULTS_HEADERS_NEW)
        && faults_hit(FAULTS_HEADERS))
    {
        return NULL;
    }

    return faults_hit(FAULTS_MEMORY) ? NULL : faults_counted(next(size));
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

    return faults_hit(FAULTS_MEMORY) ? NULL : faults_counted(next(n, size));
}


void *
realloc(void *p, size_t size)
{
    void           *grown;
    static void  *(*next)(void *, size_t);

    faults_find(next, "realloc");

    if (faults_hit(FAULTS_MEMORY)) {
        return NULL;
    }

    grown = next(p, size);

    faults_count((p == NULL && grown != NULL) - (p != NULL && size == 0));

    return grown;
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    int           rc;
    static int  (*next)(void **, size_t, size_t);

    faults_find(next, "posix_memalign");

    if (faults_hit(FAULTS_MEMORY)) {
        return ENOMEM;
    }

    rc = next(p, alignment, size);

    faults_count(rc == 0);

    return rc;
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

    faults_count(-(p != NULL));
    next(p);
}


/* --- system calls --- */

static void
faults_keep(const void *data, ssize_t size)
{
    volatile char  *to;
    const char     *from;

    to = faults->text;
    from = data;

    if (size > FAULTS_TEXT) {
        size = FAULTS_TEXT;
    }

    while (size-- > 0) {
        *to++ = *from++;
    }
}


static int64_t
faults_port(int fd, const struct sockaddr *sa)
{
    socklen_t                 len;
    struct sockaddr_storage   peer;
    const struct sockaddr_in *in;

    if (sa == NULL) {
        len = sizeof(peer);
        sa = (struct sockaddr *) &peer;

        if (getpeername(fd, (struct sockaddr *) &peer, &len) == -1) {
            return 0;
        }
    }

    in = (const struct sockaddr_in *) sa;

    return in->sin_family == AF_INET ? ntohs(in->sin_port) : 0;
}


/* Kills the process if it is its turn. */

static void
faults_step(int kind, int call, int fd, const struct sockaddr *sa,
    const void *data, ssize_t size)
{
    if (faults->pid == 0 || faults->kind != kind || !faults_is_meant()
        || ++faults->seen[kind] != faults->first)
    {
        return;
    }

    faults->call = call;
    faults->port = faults_port(fd, sa);
    faults_keep(data, size);
    faults->failed = 1;

    (void) kill(getpid(), SIGKILL);
}


/* A call about data, or about a peer. */

#define faults_data(call, fd, data, size, result)                             \
    ssize_t  rc;                                                              \
                                                                              \
    if (faults->pid == 0) {                                                   \
        return result;                                                        \
    }                                                                         \
                                                                              \
    if (!faults_is(fd, S_IFSOCK)) {                                           \
        return call == FAULTS_WRITE && faults_is_full(fd) ? -1 : result;      \
    }                                                                         \
                                                                              \
    if (faults_hit(call)) {                                                   \
        return -1;                                                            \
    }                                                                         \
                                                                              \
    faults_step(FAULTS_BEFORE, call, fd, NULL, data,                          \
                call == FAULTS_WRITE ? (ssize_t) (size) : 0);                 \
    rc = result;                                                              \
    faults_step(FAULTS_AFTER, call, fd, NULL, data,                           \
                rc < (ssize_t) (size) ? rc : (ssize_t) (size));               \
                                                                              \
    return rc;


static int
faults_is(int fd, mode_t type)
{
    struct stat  st;

    return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type;
}


/* Has the disk with this file no room? */

static int
faults_is_full(int fd)
{
    return faults->pid != 0 && faults_is(fd, S_IFREG)
           && faults_hit(FAULTS_DISK);
}


ssize_t
read(int fd, void *buf, size_t size)
{
    static ssize_t  (*next)(int, void *, size_t);

    faults_find(next, "read");

    if (faults->pid != 0 && faults_is(fd, S_IFREG)
        && faults_hit(FAULTS_PREAD))
    {
        return -1;
    }

    faults_data(FAULTS_READ, fd, buf, size, next(fd, buf, size));
}


ssize_t
recv(int fd, void *buf, size_t size, int flags)
{
    static ssize_t  (*next)(int, void *, size_t, int);

    faults_find(next, "recv");
    faults_data(FAULTS_READ, fd, buf, size, next(fd, buf, size, flags));
}


ssize_t
readv(int fd, const struct iovec *iov, int n)
{
    static ssize_t  (*next)(int, const struct iovec *, int);

    faults_find(next, "readv");
    faults_data(FAULTS_READ, fd, iov->iov_base, iov->iov_len,
                next(fd, iov, n));
}


ssize_t
write(int fd, const void *buf, size_t size)
{
    static ssize_t  (*next)(int, const void *, size_t);

    faults_find(next, "write");
    faults_data(FAULTS_WRITE, fd, buf, size, next(fd, buf, size));
}


ssize_t
send(int fd, const void *buf, size_t size, int flags)
{
    static ssize_t  (*next)(int, const void *, size_t, int);

    faults_find(next, "send");
    faults_data(FAULTS_WRITE, fd, buf, size, next(fd, buf, size, flags));
}


ssize_t
writev(int fd, const struct iovec *iov, int n)
{
    static ssize_t  (*next)(int, const struct iovec *, int);

    faults_find(next, "writev");
    faults_data(FAULTS_WRITE, fd, iov->iov_base, iov->iov_len,
                next(fd, iov, n));
}


/* Temporary files are read and written by these. */

ssize_t
pwrite64(int fd, const void *buf, size_t size, off64_t offset)
{
    static ssize_t  (*next)(int, const void *, size_t, off64_t);

    faults_find(next, "pwrite64");

    return faults_is_full(fd) ? -1 : next(fd, buf, size, offset);
}


ssize_t
pread64(int fd, void *buf, size_t size, off64_t offset)
{
    static ssize_t  (*next)(int, void *, size_t, off64_t);

    faults_find(next, "pread64");

    return faults_hit(FAULTS_PREAD) ? -1 : next(fd, buf, size, offset);
}


ssize_t
pwritev64(int fd, const struct iovec *iov, int n, off64_t offset)
{
    static ssize_t  (*next)(int, const struct iovec *, int, off64_t);

    faults_find(next, "pwritev64");

    return faults_is_full(fd) ? -1 : next(fd, iov, n, offset);
}


int
open64(const char *name, int flags, ...)
{
    int           mode;
    va_list       args;
    static int  (*next)(const char *, int, ...);

    faults_find(next, "open64");

    va_start(args, flags);
    mode = flags & O_CREAT ? va_arg(args, int) : 0;
    va_end(args);

    if ((flags & O_CREAT) && faults_hit(FAULTS_CREATE)) {
        return -1;
    }

    return next(name, flags, mode);
}


ssize_t
getrandom(void *bytes, size_t size, unsigned int flags)
{
    static ssize_t  (*next)(void *, size_t, unsigned int);

    faults_find(next, "getrandom");

    return faults_hit(FAULTS_RANDOM) ? -1 : next(bytes, size, flags);
}


int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
    int           rc;
    static int  (*next)(int, const struct sockaddr *, socklen_t);

    faults_find(next, "connect");

    if (faults_hit(FAULTS_CONNECT)) {
        return -1;
    }

    faults_step(FAULTS_BEFORE, FAULTS_CONNECT, fd, sa, "", 0);
    rc = next(fd, sa, len);
    faults_step(FAULTS_AFTER, FAULTS_CONNECT, fd, sa, "", 0);

    return rc;
}


int
socket(int domain, int type, int protocol)
{
    static int  (*next)(int, int, int);

    faults_find(next, "socket");

    return faults_hit(FAULTS_SOCKET) ? -1 : next(domain, type, protocol);
}


int
socketpair(int domain, int type, int protocol, int pair[2])
{
    static int  (*next)(int, int, int, int [2]);

    faults_find(next, "socketpair");

    return faults_hit(FAULTS_SOCKET) ? -1 : next(domain, type, protocol, pair);
}


int
epoll_ctl(int ep, int op, int fd, struct epoll_event *event)
{
    static int  (*next)(int, int, int, struct epoll_event *);

    faults_find(next, "epoll_ctl");

    return faults_hit(FAULTS_EPOLL) ? -1 : next(ep, op, fd, event);
}

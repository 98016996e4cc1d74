/* Preloaded into a process, this notes what the process does to the files below one folder, and does harm at one step.
 *
 * A step is a call that changes a file or a folder, or syncs one. Each is a line of the journal: number, call, path,
 * second path, separated by tabs. After a write the content of the file is kept beside the journal, under the number
 * of the step, so that the disk can be built again as it was at any step. fault_arm begins; before that nothing is
 * noted. From step `at` on, `mode` says what happens: 'k' the process is killed before the step; 't' a write is done by
 * half, then the process is killed; 'e' this step fails with `error`; 'd' this and every later step that needs space or
 * the right to write fails with `error`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 4096
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static char root[PATH_MAX], journal[PATH_MAX];
static int armed, journal_fd, step, at, error_number;
static char mode;
static char watched[MOST_FILES]; /* open for writing below the root */
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void fault_arm(const char *folder, const char *file, char what, int when, int number) {
    snprintf(root, sizeof root, "%s/", folder);
    snprintf(journal, sizeof journal, "%s", file);
    mode = what, at = when, error_number = number, step = 0;
    journal_fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    armed = 1;
}

void fault_disarm(void) { armed = 0; }

static int below(const char *path) {
    return strncmp(path, root, strlen(root)) == 0 || strncmp(path, root, strlen(root) - 1) == 0;
}

static const char *whole(int folder, const char *path, char *into) {
    char link[64], base[PATH_MAX] = "";
    if (path[0] == '/') return snprintf(into, PATH_MAX, "%s", path), into;
    if (folder == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) return "";
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        if (readlink(link, base, sizeof base - 1) < 0) return "";
    }
    if (snprintf(into, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return "";
    return into;
}

static const char *path_of(int fd, char *into) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, into, PATH_MAX - 1);
    into[length < 0 ? 0 : length] = 0;
    return into;
}

/* Begin a step. Returns 1 where it must fail; errno is set then. Does not return where the process is killed. */
static int begin(const char *call, const char *path, const char *other, int frees) {
    pthread_mutex_lock(&lock);
    step++;
    if (mode == 'k' && step == at) raise(SIGKILL);
    if ((mode == 'e' && step == at) || (mode == 'd' && step >= at && !frees)) {
        dprintf(journal_fd, "%d\t%s!\t%s\t%s\n", step, call, path, other);
        pthread_mutex_unlock(&lock);
        errno = error_number;
        return 1;
    }
    dprintf(journal_fd, "%d\t%s\t%s\t%s\n", step, call, path, other);
    return 0;
}

static void end(void) {
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
}

static void keep_content(const char *path) {
    int kept = errno;
    char name[PATH_MAX + 16];
    off_t offset = 0;
    snprintf(name, sizeof name, "%s.%d", journal, step);
    int from = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    int to = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    while (from >= 0 && syscall(SYS_sendfile, to, from, &offset, (size_t)1 << 24) > 0) {}
    syscall(SYS_close, from);
    syscall(SYS_close, to);
    errno = kept;
}

static int open_watched(int folder, const char *name, int flags, mode_t rights) {
    char path[PATH_MAX];
    struct stat about;
    int writes = (flags & O_ACCMODE) != O_RDONLY;
    if (!armed || !(writes || flags & O_CREAT) || !below(whole(folder, name, path)) || strstr(path, "/.locks/"))
        return syscall(SYS_openat, folder, name, flags, rights);
    int there = stat(path, &about) == 0;
    int changes = (flags & O_CREAT && !there) || (flags & O_TRUNC && there);
    if (changes && begin(there ? "truncate" : "create", path, "", 0)) return -1;
    int fd = syscall(SYS_openat, folder, name, flags, rights);
    if (fd >= 0 && fd < MOST_FILES) watched[fd] = 1;
    if (changes && fd < 0) dprintf(journal_fd, "%d\tfailed\t%s\t\n", step, path);
    if (changes) end();
    return fd;
}

#define OPEN(name)                                                  \
    int name(const char *path, int flags, ...) {                    \
        va_list rest;                                               \
        va_start(rest, flags);                                      \
        mode_t rights = va_arg(rest, mode_t);                       \
        va_end(rest);                                               \
        return open_watched(AT_FDCWD, path, flags, rights);         \
    }
#define OPENAT(name)                                                \
    int name(int folder, const char *path, int flags, ...) {        \
        va_list rest;                                               \
        va_start(rest, flags);                                      \
        mode_t rights = va_arg(rest, mode_t);                       \
        va_end(rest);                                               \
        return open_watched(folder, path, flags, rights);           \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    if (fd >= 0 && fd < MOST_FILES) watched[fd] = 0;
    return syscall(SYS_close, fd);
}

/* A write of any kind: `half` does half of it, where the process is killed in the middle. */
#define WRITE(call, fd, half, real)                                                           \
    do {                                                                                      \
        char path[PATH_MAX];                                                                  \
        if (!armed || fd < 0 || fd >= MOST_FILES || !watched[fd]) return real;                \
        if (begin("write", path_of(fd, path), "", 0)) return -1;                              \
        if (mode == 't' && step == at) half, raise(SIGKILL);                                  \
        ssize_t done = real;                                                                  \
        if (done >= 0) keep_content(path);                                                    \
        end();                                                                                \
        return done;                                                                          \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t size) {
    WRITE(write, fd, syscall(SYS_write, fd, bytes, size / 2), syscall(SYS_write, fd, bytes, size));
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    WRITE(pwrite64, fd, syscall(SYS_pwrite64, fd, bytes, size / 2, offset),
          syscall(SYS_pwrite64, fd, bytes, size, offset));
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    WRITE(writev, fd, syscall(SYS_writev, fd, parts, count / 2), syscall(SYS_writev, fd, parts, count));
}
ssize_t sendfile64(int fd, int from, off64_t *offset, size_t size) {
    WRITE(sendfile64, fd, syscall(SYS_sendfile, fd, from, offset, size / 2),
          syscall(SYS_sendfile, fd, from, offset, size));
}
ssize_t sendfile(int fd, int from, off_t *offset, size_t size) { return sendfile64(fd, from, offset, size); }
ssize_t copy_file_range(int from, off64_t *from_offset, int fd, off64_t *offset, size_t size, unsigned flags) {
    WRITE(copy_file_range, fd, syscall(SYS_copy_file_range, from, from_offset, fd, offset, size / 2, flags),
          syscall(SYS_copy_file_range, from, from_offset, fd, offset, size, flags));
}
int ftruncate64(int fd, off64_t size) {
    WRITE(ftruncate64, fd, (void)0, (int)syscall(SYS_ftruncate, fd, size));
}

static int synced(int fd, int call) {
    char path[PATH_MAX];
    if (!armed || !below(path_of(fd, path))) return syscall(call, fd);
    if (begin("sync", path, "", 0)) return -1;
    end(); /* the disk itself need not be waited for: what it holds is built from the journal */
    return 0;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

/* A call that changes a name. */
#define NAMES(call, first, second, frees, real)                                               \
    do {                                                                                      \
        char one[PATH_MAX], two[PATH_MAX] = "";                                               \
        first, second;                                                                        \
        if (!armed || !below(one) || strstr(one, "/.locks/")) return real;                    \
        if (begin(call, one, two, frees)) return -1;                                          \
        int done = real;                                                                      \
        if (done < 0) dprintf(journal_fd, "%d\tfailed\t%s\t%s\n", step, one, two);            \
        end();                                                                                \
        return done;                                                                          \
    } while (0)

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    NAMES("rename", whole(from, old, one), whole(to, new, two), 0, syscall(SYS_renameat2, from, old, to, new, flags));
}
int renameat(int from, const char *old, int to, const char *new) { return renameat2(from, old, to, new, 0); }
int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }
int linkat(int from, const char *old, int to, const char *new, int flags) {
    NAMES("link", whole(from, old, one), whole(to, new, two), 0, syscall(SYS_linkat, from, old, to, new, flags));
}
int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }
int unlinkat(int folder, const char *name, int flags) {
    NAMES("unlink", whole(folder, name, one), (void)0, 1, syscall(SYS_unlinkat, folder, name, flags));
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
int mkdirat(int folder, const char *name, mode_t rights) {
    NAMES("mkdir", whole(folder, name, one), (void)0, 0, syscall(SYS_mkdirat, folder, name, rights));
}
int mkdir(const char *name, mode_t rights) { return mkdirat(AT_FDCWD, name, rights); }

/* A disk that fails once: preloaded into a process, makes the k-th call that changes a
 * file in a folder fail with EIO.
 *
 *   FAULT_FOLDER  only files below it count
 *   FAULT_AT      which call fails, from 1
 *   FAULT_LOG     a file that gets a line when it does
 *   FAULT_DROP    if set, a failing fsync also loses what was written since the last one,
 *                 as a kernel may do that drops the pages it could not write
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define FILES 1024
static long calls;
static off_t written[FILES], synced[FILES];

static int below(const char *path) {
    const char *folder = getenv("FAULT_FOLDER");
    return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int counts(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0)
        return 0;
    path[size] = 0;
    return below(path);
}

static int fails(const char *call) {
    const char *at = getenv("FAULT_AT"), *log = getenv("FAULT_LOG");
    if (!at || __sync_add_and_fetch(&calls, 1) != atol(at))
        return 0;
    if (log) {
        FILE *file = fopen(log, "a");
        fprintf(file, "%d %s\n", getpid(), call);
        fclose(file);
    }
    return 1;
}

#define REAL(result, name, ...)                                                        \
    static result (*real_##name)(__VA_ARGS__);                                         \
    if (!real_##name)                                                                  \
        real_##name = dlsym(RTLD_NEXT, #name);

static void drop(int fd) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off_t)
    if (!getenv("FAULT_DROP") || fd >= FILES)
        return;
    for (off_t place = synced[fd]; place < written[fd]; place++)
        real_pwrite64(fd, "", 1, place);
}

static int sync_call(int fd, const char *name, int (*real)(int)) {
    if (counts(fd) && fails(name)) {
        drop(fd);
        errno = EIO;
        return -1;
    }
    off_t end = fd < FILES ? written[fd] : 0;
    int result = real(fd);
    if (result == 0 && fd < FILES)
        synced[fd] = end;
    return result;
}

int fsync(int fd) {
    REAL(int, fsync, int)
    return sync_call(fd, "fsync", real_fsync);
}

int fdatasync(int fd) {
    REAL(int, fdatasync, int)
    return sync_call(fd, "fdatasync", real_fdatasync);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off_t)
    if (counts(fd)) {
        if (fails("pwrite")) {
            errno = EIO;
            return -1;
        }
        if (fd < FILES && offset + (off_t)size > written[fd])
            written[fd] = offset + size;
    }
    return real_pwrite64(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    return pwrite64(fd, data, size, offset);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t)
    if (counts(fd) && fails("write")) {
        errno = EIO;
        return -1;
    }
    return real_write(fd, data, size);
}

int ftruncate64(int fd, off_t size) {
    REAL(int, ftruncate64, int, off_t)
    if (counts(fd) && fails("ftruncate")) {
        errno = EIO;
        return -1;
    }
    return real_ftruncate64(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int posix_fallocate64(int fd, off_t offset, off_t size) {
    REAL(int, posix_fallocate64, int, off_t, off_t)
    if (counts(fd) && fails("posix_fallocate"))
        return EIO;
    return real_posix_fallocate64(fd, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size) {
    return posix_fallocate64(fd, offset, size);
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *)
    if (below(to) && fails("rename")) {
        errno = EIO;
        return -1;
    }
    return real_rename(from, to);
}

int unlink(const char *path) {
    REAL(int, unlink, const char *)
    if (below(path) && fails("unlink")) {
        errno = EIO;
        return -1;
    }
    return real_unlink(path);
}

int open64(const char *path, int flags, ...) {
    REAL(int, open64, const char *, int, ...)
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    if ((flags & O_ACCMODE) != O_RDONLY && below(path) && fails("open")) {
        errno = EIO;
        return -1;
    }
    int fd = real_open64(path, flags, mode);
    if (fd >= 0 && fd < FILES)
        written[fd] = synced[fd] = 0;
    return fd;
}

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return open64(path, flags, mode);
}

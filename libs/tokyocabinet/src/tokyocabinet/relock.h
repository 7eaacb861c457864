/* Take the lock of an open file again.

   WHY: the C library copies a database by opening its file a second time. When a process
   closes a descriptor of a file, the kernel takes all its locks on that file away, also
   those of other descriptors; so a copy leaves the database open and unlocked. Between the
   two a process that waits for the lock can get it; then this fails. */

#ifndef TOKYOCABINET_RELOCK_H
#define TOKYOCABINET_RELOCK_H

#include <errno.h>
#include <fcntl.h>
#include <tchdb.h>
#include <unistd.h>

/* Return whether the lock is held again; file systems without locks count as well. */
static inline int relock_file(int fd, uint32_t omode) {
  struct flock lock = {.l_whence = SEEK_SET};
  lock.l_type = omode & HDBOWRITER ? F_WRLCK : F_RDLCK;
  if (fd < 0 || omode & HDBONOLCK) return 1;
  if (fcntl(fd, F_SETLK, &lock) == 0) return 1;
  return errno != EACCES && errno != EAGAIN;
}

#endif

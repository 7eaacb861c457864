/* Keep an open file locked while the C library copies it.

   WHY: the C library copies a database by opening its file a second time. When a process
   closes a descriptor of a file, the kernel takes all its locks on that file away, also
   those of other descriptors; so a process that waits would get the file in the middle of a
   copy. What stays is a lock of the open file itself (F_OFD_SETLK). The two kinds keep each
   other out, so that one cannot be had beside the other; hence for the time of the copy the
   first byte has the one and all others the other. Whoever asks for the whole file, as the C
   library does, has to wait for both.

   LIMIT: systems without F_OFD_SETLK, and file systems that refuse it, leave the gap. */

#ifndef TOKYOCABINET_FILE_LOCK_H
#define TOKYOCABINET_FILE_LOCK_H

#include <errno.h>
#include <fcntl.h>
#include <tchdb.h>
#include <unistd.h>

/* Lock or unlock `length` bytes (0: to the end); return whether nobody else holds them. */
static inline int file_lock_set(int fd, int how, int type, int from, int length) {
  struct flock lock = {.l_whence = SEEK_SET};
  lock.l_type = (short)type;
  lock.l_start = from;
  lock.l_len = length;
  return fcntl(fd, how, &lock) == 0;
}

static inline int file_lock_type(uint32_t omode) {
  return omode & HDBOWRITER ? F_WRLCK : F_RDLCK;
}

/* Make the lock of a file outlast other descriptors of the same file. */
static inline int file_lock_keep(int fd, uint32_t omode) {
#ifdef F_OFD_SETLK
  int type = file_lock_type(omode);
  if (fd < 0 || omode & HDBONOLCK) return 1;
  if (!file_lock_set(fd, F_SETLK, F_UNLCK, 0, 1)) return 1;
  if (!file_lock_set(fd, F_OFD_SETLK, type, 0, 1)) file_lock_set(fd, F_SETLK, type, 0, 1);
#endif
  return 1;
}

/* Take the lock again as the C library had it; return whether no other process was quicker.
   File systems without locks count as held. */
static inline int file_lock_again(int fd, uint32_t omode) {
  int type = file_lock_type(omode);
  if (fd < 0 || omode & HDBONOLCK) return 1;
  file_lock_set(fd, F_SETLK, type, 1, 0);
#ifdef F_OFD_SETLK
  file_lock_set(fd, F_OFD_SETLK, F_UNLCK, 0, 1);
#endif
  return file_lock_set(fd, F_SETLK, type, 0, 0) || (errno != EACCES && errno != EAGAIN);
}

#endif

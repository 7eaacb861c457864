/* Let files of the C library grow by blocks that the disk has.

   LIMIT: it lengthens a file by truncation and writes to it through a map. On a full disk that
   is a SIGBUS, which ends the process, at some later store or when a tree writes its pages at
   its close. Here the blocks are reserved as the file grows; where there are none, growing
   fails, and the C library says so. (`hash_room` and fixed_room.h see to it before a record is
   stored, so that nothing is half done; this is for pages of trees and of indexes.) */

#ifndef TOKYOCABINET_GROWTH_H
#define TOKYOCABINET_GROWTH_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "library_slot.h"

enum {
  GROWTH_KIND_AT = 32,  /* where a header says what kind of database it is */
  GROWTH_FIXED = 2      /* the kind whose files may have gaps */
};

/* Return whether a file is in memory. WHY: at its close the C library gives a file the length
   that it should have, also when it could not write the end; it has no map then, and a failure
   would make it write to the one it had. */
static int growth_is_mapped(ino_t inode) {
  char line[512];
  unsigned long long found;
  int mapped = 0;
  FILE *maps = fopen("/proc/self/maps", "re");
  if (maps == NULL) return 1;
  while (!mapped && fgets(line, sizeof line, maps) != NULL)
    mapped = sscanf(line, "%*s %*s %*s %*s %llu", &found) == 1 && found == inode;
  fclose(maps);
  return mapped;
}

static int growth_truncate(int fd, off_t length) {
  struct stat found;
  unsigned char kind;
  int failed;
  if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && length > found.st_size &&
      pread(fd, &kind, 1, GROWTH_KIND_AT) == 1 && kind != GROWTH_FIXED) {
    failed = posix_fallocate(fd, found.st_size, length - found.st_size);
    if (failed == 0) return 0;
    if ((failed == ENOSPC || failed == EDQUOT || failed == EFBIG) &&
        growth_is_mapped(found.st_ino)) {
      errno = failed;
      return -1;
    }
  }
  return ftruncate(fd, length);
}

static inline int growth_reserve(void) {
  int filled = slot_fill("ftruncate", (void *)growth_truncate);
  return filled + (sizeof(off_t) == 8 ? slot_fill("ftruncate64", (void *)growth_truncate) : 0);
}

#endif

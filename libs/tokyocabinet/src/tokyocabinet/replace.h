/* Let the C library put a rewritten file in the place of the old one in one step.

   LIMIT: it removes the old file and then renames the new one, which it has not synced. A
   process that is killed between the two leaves no file under the name, and a power cut after
   them one without its data. Here the old file stays until the rename, which replaces it, and
   the new one is synced before. (tree_rewrite.h does the same for trees.) */

#ifndef TOKYOCABINET_REPLACE_H
#define TOKYOCABINET_REPLACE_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "library_slot.h"

enum { REPLACE_LONGEST = 4096 };

/* Write the name under which the file at `path` is rewritten, and return whether there may be
   such a file. SPEC: the name, ".tmp." and the inode. */
static int replace_name(const char *path, char *fresh) {
  struct stat old;
  int length;
  if (lstat(path, &old) != 0 || !S_ISREG(old.st_mode)) return 0;
  length = snprintf(fresh, REPLACE_LONGEST, "%s.tmp.%" PRIu64, path, (uint64_t)old.st_ino);
  return length > 0 && length < REPLACE_LONGEST;
}

static int replace_unlink(const char *path) {
  char fresh[REPLACE_LONGEST];
  return replace_name(path, fresh) && access(fresh, F_OK) == 0 ? 0 : unlink(path);
}

static int replace_rename(const char *from, const char *path) {
  char fresh[REPLACE_LONGEST];
  if (replace_name(path, fresh) && strcmp(from, fresh) == 0) {
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    int synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    if (!synced) return -1;
  }
  return rename(from, path);
}

/* Return whether the library replaces files in this way from now on. */
static inline int replace_in_one_step(void) {
  return slot_fill("rename", (void *)replace_rename) > 0 &&
         slot_fill("unlink", (void *)replace_unlink) > 0;
}

#endif

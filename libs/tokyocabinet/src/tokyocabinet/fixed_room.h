/* Reserve disk for the records of a fixed-length database, and rewrite it safely.

   LIMIT: the C library lengthens the file by truncation and writes to it through a map. On a
   full disk that is a SIGBUS, which ends the process. With the blocks reserved here the map
   has them already. The array may have gaps, so what is reserved is known by the chunk. */

#ifndef TOKYOCABINET_FIXED_ROOM_H
#define TOKYOCABINET_FIXED_ROOM_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <tcfdb.h>
#include <unistd.h>

enum {
  FIXED_HEADER = 256,
  FIXED_CHUNK = 16,           /* a power of 2: 64 KiB are reserved at a time */
  FIXED_CHUNKS = 1 << 27,     /* remembered at most: 8 TiB of file in 16 MiB of memory */
  FIXED_WOULD_CUT = -1,       /* a value is longer than the new width */
  FIXED_NO_NUMBER = -2        /* the highest number lies behind the new limit */
};

/* Which chunks of which file have their blocks, a bit for each. */
typedef struct {
  unsigned char *chunks;
  uint64_t count;
  uint64_t inode;
  uint64_t size;
} FixedRoom;

static inline void fixed_room_forget(FixedRoom *room) {
  free(room->chunks);
  memset(room, 0, sizeof *room);
}

static inline int fixed_room_has(const FixedRoom *room, uint64_t chunk) {
  return chunk < room->count && room->chunks[chunk >> 3] >> (chunk & 7) & 1;
}

static inline void fixed_room_note(FixedRoom *room, uint64_t chunk) {
  if (chunk >= FIXED_CHUNKS) return;
  if (chunk >= room->count) {
    uint64_t count = (chunk * 2 + 1024) & ~(uint64_t)7;
    unsigned char *chunks = realloc(room->chunks, count >> 3);
    if (chunks == NULL) return;
    memset(chunks + (room->count >> 3), 0, (count - room->count) >> 3);
    room->chunks = chunks;
    room->count = count;
  }
  room->chunks[chunk >> 3] |= (unsigned char)(1 << (chunk & 7));
}

/* Reserve a part of a file without making it longer; return whether there is room.
   File systems that cannot reserve count as such that have it. */
static inline int fixed_reserve(int fd, uint64_t from, uint64_t length) {
#ifdef FALLOC_FL_KEEP_SIZE
  int failed;
  do {
    failed = fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)length);
  } while (failed && errno == EINTR);
  return !failed || (errno != ENOSPC && errno != EDQUOT && errno != EFBIG);
#else
  return 1;
#endif
}

/* Make the file as long as what is reserved. PERF: the C library lengthens it by 256 records
   at a time, which for values of 8 bytes is 28 system calls where this is one. It opens files
   of any length up to its limit; what fails here is left to it. */
static inline void fixed_lengthen(TCFDB *fdb, uint64_t size) {
  if (size > fdb->limsiz) size = fdb->limsiz;
  if (size > fdb->fsiz && ftruncate(fdb->fd, (off_t)size) == 0) fdb->fsiz = size;
}

/* Make sure that a record can be stored: 0, or the code of the error when there is no room.
   Numbers that the file has no place for are left to the C library, which refuses them.
   Without a `room` to look at, the system is asked each time. */
static inline int fixed_room(TCFDB *fdb, FixedRoom *room, int64_t id) {
  uint64_t from, first, last, chunk;
  if (fdb->fd < 0 || !(fdb->omode & FDBOWRITER)) return 0;
  if (id == FDBIDMIN) id = (int64_t)fdb->min;
  else if (id == FDBIDPREV) id = (int64_t)fdb->min - 1;
  else if (id == FDBIDMAX) id = (int64_t)fdb->max;
  else if (id == FDBIDNEXT) id = (int64_t)fdb->max + 1;
  if (id < 1 || (uint64_t)id > fdb->limid) return 0;
  from = FIXED_HEADER + (uint64_t)(id - 1) * fdb->rsiz;
  first = from >> FIXED_CHUNK;
  last = (from + fdb->rsiz - 1) >> FIXED_CHUNK;
  if (room != NULL) {
    /* Another file, or one that was cut short: an undone transaction, `vanish`. */
    if (room->inode != fdb->inode || room->size > fdb->fsiz) fixed_room_forget(room);
    room->inode = fdb->inode;
    room->size = fdb->fsiz;
    for (chunk = first; chunk <= last && fixed_room_has(room, chunk); chunk++) {}
    if (chunk > last) return 0;
  }
  if (!fixed_reserve(fdb->fd, first << FIXED_CHUNK, (last - first + 1) << FIXED_CHUNK))
    return fixed_reserve(fdb->fd, from, fdb->rsiz) ? 0 : TCEWRITE;
  if (room != NULL)
    for (chunk = first; chunk <= last; chunk++) fixed_room_note(room, chunk);
  fixed_lengthen(fdb, (last + 1) << FIXED_CHUNK);
  return 0;
}

/* Return whether the disk has room for a second file with all records. */
static inline int fixed_room_for_all(TCFDB *fdb, uint64_t rsiz) {
  struct statvfs disk;
  uint64_t dense = fdb->max * rsiz;
  uint64_t sparse = fdb->rnum * (rsiz + 2 * 4096);
  if (fstatvfs(fdb->fd, &disk) != 0) return 1;
  return (dense < sparse ? dense : sparse) + (1 << 16) <
         (uint64_t)disk.f_bavail * disk.f_frsize;
}

/* Rewrite the file with another width and limit; return 0, the code of an error, or one of
   the two codes above. LIMIT: where a record does not fit, the C library cuts it, or puts the
   half that it has written in the place of the file and stays with the old one; so it does
   with a file that has no records. So all that is seen before, and such a file gets one. */
static inline int fixed_optimize(TCFDB *fdb, int32_t width, int64_t limsiz) {
  uint64_t wide = width < 1 ? fdb->width : (uint64_t)width;
  uint64_t limit = limsiz < 1 ? fdb->limsiz : (uint64_t)limsiz;
  uint64_t rsiz = wide + (wide <= UINT8_MAX ? 1 : wide <= UINT16_MAX ? 2 : 4);
  int empty;
  if (fdb->fd >= 0 && fdb->omode & FDBOWRITER && !fdb->tran) {
    uint64_t id;
    limit = (limit + 4095) & ~(uint64_t)4095;
    if (limit < FIXED_HEADER + fdb->max * rsiz) return FIXED_NO_NUMBER;
    if (wide < fdb->width)
      for (id = fdb->min; id >= 1 && id <= fdb->max; id++)
        if (tcfdbvsiz(fdb, (int64_t)id) > (int)wide) return FIXED_WOULD_CUT;
    if (!fixed_room_for_all(fdb, rsiz)) return TCEWRITE;
  }
  empty = fdb->fd >= 0 && fdb->rnum == 0 && fdb->omode & FDBOWRITER && !fdb->tran;
  if (empty) {
    int code = fixed_room(fdb, NULL, 1);
    if (code != 0) return code;
    if (!tcfdbput(fdb, 1, "", 0)) return tcfdbecode(fdb);
  }
  if (!tcfdboptimize(fdb, width, limsiz)) return tcfdbecode(fdb);
  if (empty && !tcfdbout(fdb, 1)) return tcfdbecode(fdb);
  return 0;
}

#endif

/* Reads of a hash database where its records lie in the map: no copy on the way, no lock
   and no call of the C library, which takes and drops up to five locks for each read.

   Whatever is not as simple as that (packed values, records behind the map, records that
   wait in a buffer, a byte that should not be there) is left to the C library.

   SPEC: at 256 the buckets, 4 or 8 bytes each: offset of a record, divided by the
   alignment. Record: C8, hash, left and right (as in a bucket), padding (2), sizes of key
   and value (variable length), key, value. Buckets hold binary trees, ordered by the
   second hash, then by size and bytes of the key. */

#ifndef TOKYOCABINET_HASH_PEEK_H
#define TOKYOCABINET_HASH_PEEK_H

#include <endian.h>
#include <string.h>
#include <tchdb.h>

#include "residency.h"

enum { PEEK_MISSING = -1, PEEK_UNKNOWN = -2 };

enum {
  HASH_BUCKETS = 256,
  HASH_RECORD = 0xC8,
  HASH_HEAD = 32,           /* the longest head of a record */
  HASH_LONGEST_CHAIN = 256, /* LIMIT: of a file that was changed under us */
  HASH_LONGEST_KEPT = 1 << 16, /* the longest value to copy with the GIL held */
};

typedef struct {
  const uint8_t *map;
  uint64_t mapped; /* bytes of the map */
  uint64_t end;    /* bytes of it that hold data */
  uint64_t buckets;
  int width;       /* of an offset */
  int power;       /* of the alignment */
  bool big;        /* byte order of the file */
} HashView;

/* Look at the map of a database; false when records cannot be read there. */
static inline bool hash_view(const TCHDB *hdb, Residency *pages, HashView *view) {
  uint64_t count;
  view->map = (const uint8_t *)hdb->map;
  if (hdb->fd < 0 || !view->map || hdb->zmode || hdb->async || hdb->drpool) return false;
  view->mapped = hdb->xmsiz > hdb->msiz ? hdb->xmsiz : hdb->msiz;
  if (!(hdb->omode & HDBOWRITER) && view->mapped > hdb->fsiz) view->mapped = hdb->fsiz;
  view->end = view->mapped < hdb->fsiz ? view->mapped : hdb->fsiz;
  view->buckets = hdb->bnum;
  view->width = hdb->ba64 ? 8 : 4;
  view->power = hdb->apow;
  if (HASH_BUCKETS + view->buckets * (uint64_t)view->width > view->end) return false;
  if (pages && (!residency_begin(pages, hdb->map, view->mapped) ||
                !residency_has(pages, 0, HASH_BUCKETS)))
    return false;
  memcpy(&count, view->map + 40, sizeof(count));
  view->big = be64toh(count) == hdb->bnum;
  return view->big || le64toh(count) == hdb->bnum;
}

static inline uint64_t hash_offset(const HashView *view, const uint8_t *at) {
  uint64_t wide;
  uint32_t narrow;
  if (view->width == 8) {
    memcpy(&wide, at, sizeof(wide));
    return (view->big ? be64toh(wide) : le64toh(wide)) << view->power;
  }
  memcpy(&narrow, at, sizeof(narrow));
  return (uint64_t)(view->big ? be32toh(narrow) : le32toh(narrow)) << view->power;
}

/* Return where a key's bucket is, and the second hash. */
static inline uint64_t hash_bucket(
    const HashView *view, const char *kbuf, int ksiz, uint8_t *second) {
  uint64_t first = 19780211;
  uint32_t other = 751;
  for (int at = 0; at < ksiz; at++) {
    first = first * 37 + (uint8_t)kbuf[at];
    other = (other * 31) ^ (uint8_t)kbuf[ksiz - 1 - at];
  }
  *second = (uint8_t)other;
  return HASH_BUCKETS + first % view->buckets * (uint64_t)view->width;
}

static inline const uint8_t *hash_size(const uint8_t *at, uint64_t *size) {
  *size = 0;
  for (int step = 0; step < 35; step += 7, at++) {
    if (*at < 0x80) {
      *size += (uint64_t)*at << step;
      return at + 1;
    }
    *size += (uint64_t)(255 - *at) << step;
  }
  return NULL;
}

/* Walk the tree of a bucket from the record at `off`; the value's size or PEEK_…. */
static inline int hash_walk(
    const HashView *view, Residency *pages, uint64_t off, uint8_t second,
    const char *kbuf, int ksiz, const char **value) {
  for (int steps = 0; off; steps++) {
    if (off > view->end || view->end - off < HASH_HEAD || steps == HASH_LONGEST_CHAIN)
      return PEEK_UNKNOWN;
    if (pages && !residency_has(pages, off, HASH_HEAD)) return PEEK_UNKNOWN;
    const uint8_t *at = view->map + off;
    if (at[0] != HASH_RECORD) return PEEK_UNKNOWN;
    int side = (second < at[1]) - (second > at[1]);
    if (side == 0) {
      uint64_t key_size, value_size;
      const uint8_t *key = hash_size(at + 4 + 2 * view->width, &key_size);
      if (!key || !(key = hash_size(key, &value_size))) return PEEK_UNKNOWN;
      uint64_t place = (uint64_t)(key - view->map);
      if (key_size + value_size > view->end - place || value_size > INT32_MAX)
        return PEEK_UNKNOWN;
      side = ((uint64_t)ksiz < key_size) - ((uint64_t)ksiz > key_size);
      if (side == 0) {
        if (pages && (value_size > HASH_LONGEST_KEPT ||
                      !residency_has(pages, place, key_size + value_size + 1)))
          return PEEK_UNKNOWN;
        int order = memcmp(kbuf, key, (size_t)ksiz);
        if (order == 0) {
          *value = (const char *)key + key_size;
          return (int)value_size;
        }
        side = order < 0 ? 1 : -1;
      }
    }
    off = hash_offset(view, at + 2 + (side > 0 ? view->width : 0));
  }
  return PEEK_MISSING;
}

/* Find a record; `pages`: only where that needs no disk. */
static int hash_peek(
    void *db, const void *kbuf, int ksiz, Residency *pages, const char **value) {
  HashView view;
  uint8_t second;
  if (!hash_view((const TCHDB *)db, pages, &view)) return PEEK_UNKNOWN;
  uint64_t bucket = hash_bucket(&view, kbuf, ksiz, &second);
  if (pages && !residency_has(pages, bucket, (uint64_t)view.width)) return PEEK_UNKNOWN;
  int found = hash_walk(
      &view, pages, hash_offset(&view, view.map + bucket), second, kbuf, ksiz, value);
  if (found == PEEK_MISSING) ((TCHDB *)db)->ecode = TCENOREC; /* as the C library does */
  return found;
}

enum { HASH_LANES = 32 };

/* Find up to HASH_LANES records.

   PERF: each waits for memory twice, at its bucket and at its record. Asked for all at
   once these waits overlap. */
static void hash_peek_lanes(
    void *db, int count, const char **kbufs, const int *ksizs, const char **values,
    int *vsizs) {
  HashView view;
  uint64_t place[HASH_LANES];
  uint8_t second[HASH_LANES];
  if (!hash_view((const TCHDB *)db, NULL, &view)) {
    for (int lane = 0; lane < count; lane++) vsizs[lane] = PEEK_UNKNOWN;
    return;
  }
  for (int lane = 0; lane < count; lane++) {
    place[lane] = hash_bucket(&view, kbufs[lane], ksizs[lane], second + lane);
    __builtin_prefetch(view.map + place[lane]);
  }
  for (int lane = 0; lane < count; lane++) {
    place[lane] = hash_offset(&view, view.map + place[lane]);
    if (place[lane] < view.end) __builtin_prefetch(view.map + place[lane]);
  }
  for (int lane = 0; lane < count; lane++)
    vsizs[lane] = hash_walk(
        &view, NULL, place[lane], second[lane], kbufs[lane], ksizs[lane], values + lane);
}

/* Bring what stores of some keys are going to touch near to the processor. */
static void hash_warm(void *db, int count, const char **kbufs, const int *ksizs) {
  HashView view;
  uint64_t place[HASH_LANES];
  uint8_t second;
  if (!hash_view((const TCHDB *)db, NULL, &view)) return;
  for (int lane = 0; lane < count; lane++) {
    place[lane] = hash_bucket(&view, kbufs[lane], ksizs[lane], &second);
    __builtin_prefetch(view.map + place[lane], 1);
  }
  for (int lane = 0; lane < count; lane++) {
    place[lane] = hash_offset(&view, view.map + place[lane]);
    if (place[lane] && place[lane] < view.end) __builtin_prefetch(view.map + place[lane], 1);
  }
}

#endif

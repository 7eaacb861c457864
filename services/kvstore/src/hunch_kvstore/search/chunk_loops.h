/* The loops over a chunk, each made for every form of one (see chunk.py).

   PERF: what depends on the form is known outside of the loop; four gaps are added before
   anything hangs on their sum (2026-11).
   SAFETY: only for chunks whose form `_count` has looked at. */

#ifndef HUNCH_CHUNK_LOOPS_H
#define HUNCH_CHUNK_LOOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CHUNK_HEAD = 12, CHUNK_TIES = 0x10, CHUNK_TIE_BITS = 24 };

#define CHUNK_INLINE static inline __attribute__((always_inline))

/* A chunk that is gone through. `base` is the number at hand, or its moment if ties stand
   beside the gaps. */
typedef struct {
  const uint8_t *gaps;
  const uint8_t *ties;
  ptrdiff_t left; /* gaps */
  uint64_t first;
  uint64_t base;
  int shift;
} ChunkWalk;

CHUNK_INLINE ChunkWalk chunk_begin(
    const uint8_t *raw, ptrdiff_t count, int width, bool tied) {
  ChunkWalk walk = {.gaps = raw + CHUNK_HEAD, .left = count - 1, .shift = raw[2]};
  memcpy(&walk.first, raw + 4, 8);
  walk.ties = walk.gaps + walk.left * width;
  walk.base = tied ? walk.first >> CHUNK_TIE_BITS << CHUNK_TIE_BITS : walk.first;
  return walk;
}

CHUNK_INLINE uint64_t chunk_gap(const uint8_t *gaps, ptrdiff_t at, int width) {
  uint64_t wide;
  uint32_t middle;
  uint16_t narrow;
  if (width == 1) return gaps[at];
  if (width == 2) { memcpy(&narrow, gaps + 2 * at, 2); return narrow; }
  if (width == 4) { memcpy(&middle, gaps + 4 * at, 4); return middle; }
  memcpy(&wide, gaps + 8 * at, 8);
  return wide;
}

/* Return the number behind a gap. */
CHUNK_INLINE uint64_t chunk_next(ChunkWalk *walk, ptrdiff_t at, int width, bool tied) {
  walk->base += chunk_gap(walk->gaps, at, width) << walk->shift;
  return tied ? walk->base | walk->ties[at] : walk->base;
}

CHUNK_INLINE ptrdiff_t chunk_write(
    const uint8_t *raw, ptrdiff_t count, int width, bool tied, uint64_t *out) {
  ChunkWalk walk = chunk_begin(raw, count, width, tied);
  out[0] = walk.first;
  for (ptrdiff_t at = 0; at < walk.left; at++) out[at + 1] = chunk_next(&walk, at, width, tied);
  return count;
}

/* Write what a chunk shares with a few ascending numbers; how many that are. */
CHUNK_INLINE ptrdiff_t chunk_share(
    const uint8_t *raw, ptrdiff_t count, int width, bool tied, const uint64_t *few,
    ptrdiff_t stop, uint64_t *out) {
  ChunkWalk walk = chunk_begin(raw, count, width, tied);
  uint64_t now = walk.first;
  ptrdiff_t at = 0, found = 0, place = 0;
  for (;;) {
    const uint64_t wanted = few[place];
    if (now < wanted) {
      while (walk.left - at >= 4) {
        uint64_t sum = 0;
        for (int step = 0; step < 4; step++) sum += chunk_gap(walk.gaps, at + step, width);
        uint64_t ahead = walk.base + (sum << walk.shift);
        if ((tied ? ahead | walk.ties[at + 3] : ahead) >= wanted) break;
        walk.base = ahead;
        at += 4;
      }
      do {
        if (at == walk.left) return found;
        now = chunk_next(&walk, at++, width, tied);
      } while (now < wanted);
    }
    out[found] = now;
    found += now == wanted;
    do {
      if (++place == stop) return found;
    } while (few[place] < now);
  }
}

/* Write the numbers of a chunk that may be among some others; how many that are.
   PERF: nothing hangs on a guess, and what is written is a few of hundred. */
CHUNK_INLINE ptrdiff_t chunk_sift(
    const uint8_t *raw, ptrdiff_t count, int width, bool tied, const uint64_t *sieve,
    uint64_t mask, uint64_t *out) {
  ChunkWalk walk = chunk_begin(raw, count, width, tied);
  uint64_t now = walk.first;
  ptrdiff_t found = 0;
  for (ptrdiff_t at = 0;; at++) {
    uint64_t hole = (now ^ now >> CHUNK_TIE_BITS) & mask;
    out[found] = now;
    found += sieve[hole >> 6] >> (hole & 63) & 1;
    if (at == walk.left) return found;
    now = chunk_next(&walk, at, width, tied);
  }
}

#define CHUNK_EACH_FORM(LOOP, ...)                                      \
  switch (raw[3]) {                                                     \
    case 1: return LOOP(raw, count, 1, false, __VA_ARGS__);             \
    case 2: return LOOP(raw, count, 2, false, __VA_ARGS__);             \
    case 4: return LOOP(raw, count, 4, false, __VA_ARGS__);             \
    case CHUNK_TIES | 1: return LOOP(raw, count, 1, true, __VA_ARGS__); \
    case CHUNK_TIES | 2: return LOOP(raw, count, 2, true, __VA_ARGS__); \
    case CHUNK_TIES | 4: return LOOP(raw, count, 4, true, __VA_ARGS__); \
    default: return LOOP(raw, count, 8, false, __VA_ARGS__);            \
  }

static ptrdiff_t chunk_unpack(const uint8_t *raw, ptrdiff_t count, uint64_t *out) {
  CHUNK_EACH_FORM(chunk_write, out)
}

static ptrdiff_t chunk_meet(
    const uint8_t *raw, ptrdiff_t count, const uint64_t *few, ptrdiff_t stop,
    uint64_t *out) {
  CHUNK_EACH_FORM(chunk_share, few, stop, out)
}

static ptrdiff_t chunk_pass(
    const uint8_t *raw, ptrdiff_t count, const uint64_t *sieve, uint64_t mask,
    uint64_t *out) {
  CHUNK_EACH_FORM(chunk_sift, sieve, mask, out)
}

#endif

/* Which pages of a map are in memory: asked of the kernel, believed for a moment.

   WHY: giving up the GIL and taking it again costs more than reading a record that is in
   memory, and makes threads that read in turns wait for each other. But a read that may
   have to wait for the disk must give it up. So before a read the pages it is going to
   touch are looked up here, 512 at a time; what was found in memory is believed until the
   clock ticks, an eighth of a second at most.

   SAFETY: used with the GIL held only, so it needs no lock of its own. */

#ifndef TOKYOCABINET_RESIDENCY_H
#define TOKYOCABINET_RESIDENCY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGES_GROUP 512
#define PAGES_MOST (1ULL << 40) /* bytes; larger maps are not looked at */

typedef struct {
  bool trusted;       /* whether the kernel tells this process the truth */
  const char *map;    /* what the rest is about */
  uint64_t size;      /* bytes */
  int shift;          /* of a page's size */
  uint32_t tick;      /* now */
  uint32_t *asked;    /* tick of the answer, for each group of pages */
  uint64_t *present;  /* one bit for each page */
} Residency;

static inline void residency_forget(Residency *pages) {
  free(pages->asked);
  free(pages->present);
  pages->asked = NULL;
  pages->present = NULL;
  pages->map = NULL;
  pages->size = 0;
}

/* Begin a read of a map; false when nothing can be said about it. */
static inline bool residency_begin(Residency *pages, const char *map, uint64_t size) {
  struct timespec now;
  if (!pages->trusted) return false;
  if (pages->map != map || pages->size != size) {
    residency_forget(pages);
    if (size == 0 || size > PAGES_MOST) return false;
    pages->shift = __builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
    uint64_t groups = (size >> pages->shift) / PAGES_GROUP + 1;
    pages->asked = calloc(groups, sizeof(*pages->asked));
    pages->present = calloc(groups, PAGES_GROUP / 8);
    if (!pages->asked || !pages->present) {
      residency_forget(pages);
      return false;
    }
    pages->map = map;
    pages->size = size;
  }
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  pages->tick = (uint32_t)((uint64_t)now.tv_sec << 3 | (uint64_t)now.tv_nsec >> 27) | 1U << 31;
  return true;
}

/* Ask the kernel about one group of pages. */
static inline void residency_ask(Residency *pages, uint64_t group) {
  unsigned char answer[PAGES_GROUP];
  uint64_t begin = group * PAGES_GROUP << pages->shift;
  uint64_t size = pages->size - begin;
  uint64_t most = (uint64_t)PAGES_GROUP << pages->shift;
  uint64_t *present = pages->present + group * (PAGES_GROUP / 64);
  memset(present, 0, PAGES_GROUP / 8);
  pages->asked[group] = pages->tick;
  if (size > most) size = most;
  if (mincore((void *)(pages->map + begin), size, answer) != 0) return;
  int count = (int)((size + (1ULL << pages->shift) - 1) >> pages->shift);
  for (int page = 0; page < count; page++)
    present[page / 64] |= (uint64_t)(answer[page] & 1) << page % 64;
}

/* Return whether all pages of a piece of the map are in memory. */
static inline bool residency_has(Residency *pages, uint64_t at, uint64_t size) {
  uint64_t page = at >> pages->shift;
  uint64_t last = (at + size - 1) >> pages->shift;
  if (at + size > pages->size) return false;
  for (; page <= last; page++) {
    uint64_t group = page / PAGES_GROUP;
    if (pages->asked[group] != pages->tick) residency_ask(pages, group);
    if (!(pages->present[page / 64] >> page % 64 & 1)) return false;
  }
  return true;
}

#endif

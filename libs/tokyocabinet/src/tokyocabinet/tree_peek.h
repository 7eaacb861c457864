/* Reads of a B+ tree whose pages are in the C library's page cache.

   It knows the beginning of some structures that are private to tcbdb.c and tcutil.c, and
   believes in them only for the one version they were read in. A page that is not found
   in the cache is left to the C library, which fetches it from the file; so what is
   answered here never waits for the disk.

   SAFETY: needs the handle for itself: pages move within the cache when they are read. */

#ifndef TOKYOCABINET_TREE_PEEK_H
#define TOKYOCABINET_TREE_PEEK_H

#include <string.h>
#include <tcbdb.h>
#include <tcutil.h>

#include "residency.h"

typedef struct { int ksiz; int vsiz; TCLIST *rest; } TreeRecord;
typedef struct { uint64_t id; TCPTRLIST *recs; } TreeLeaf;
typedef struct { uint64_t pid; int ksiz; } TreeIndex;
typedef struct { uint64_t id; uint64_t heir; TCPTRLIST *idxs; } TreeNode;

#define TREE_INNER ((1LL << 48) + 1) /* numbers of inner pages are above it */

enum { TREE_LANES = 32, TREE_DEEPEST = 64, TREE_MISSING = -1, TREE_UNKNOWN = -2 };

static inline int tree_layout_known(void) { return strcmp(tcversion, "1.4.48") == 0; }

static inline int tree_record_size(const TreeRecord *rec) { return rec->ksiz; }

static inline const char *tree_key(const TreeRecord *rec) {
  return (const char *)rec + sizeof(*rec);
}

static inline const char *tree_first_value(const TreeRecord *rec) {
  return tree_key(rec) + rec->ksiz + TCALIGNPAD(rec->ksiz);
}

static inline int tree_compare(
    TCCMP cmp, const char *abuf, int asiz, const char *bbuf, int bsiz) {
  if (cmp != tccmplexical) return cmp(abuf, asiz, bbuf, bsiz, NULL);
  int order = memcmp(abuf, bbuf, (size_t)(asiz < bsiz ? asiz : bsiz));
  return order ? order : asiz - bsiz;
}

/* Where the page cache has the first record of a page's bucket.
   SPEC: the first hash of tcmapget, over the eight bytes of the page's number. */
static inline TCMAPREC **tree_slot(const TCMAP *map, uint64_t id) {
  uint32_t hash = 19780211;
  const unsigned char *at = (const unsigned char *)&id;
  for (size_t index = 0; index < sizeof(id); index++) hash = hash * 37 + at[index];
  return map->buckets + hash % map->bnum;
}

/* What stands in a record of the page cache. */
static inline const void *tree_page(const TCMAPREC *rec) {
  return (const char *)(rec + 1) + sizeof(uint64_t) + TCALIGNPAD(sizeof(uint64_t));
}

typedef struct {
  uint64_t page;
  TCMAPREC **slot;
  TCPTRLIST *list; /* of indexes or of records; NULL when the page is not there */
  int low, high;   /* the answer is in [low, high) */
  const char *at;  /* the index or record in the middle */
} TreeLane;

/* Find the pages that the lanes stand before. */
static inline void tree_load(TCMAP *cache, TreeLane *lanes, int count, bool inner, bool move) {
  for (int lane = 0; lane < count; lane++) {
    lanes[lane].slot = tree_slot(cache, lanes[lane].page);
    __builtin_prefetch(lanes[lane].slot);
  }
  for (int lane = 0; lane < count; lane++) {
    const char *rec = (const char *)*lanes[lane].slot;
    __builtin_prefetch(rec);
    __builtin_prefetch(rec + 64);
  }
  for (int lane = 0; lane < count; lane++) {
    const TCMAPREC *rec = *lanes[lane].slot;
    const void *found = rec ? tree_page(rec) : NULL;
    int size;
    if (move || (rec && *(const uint64_t *)found != lanes[lane].page)) {
      found = move ? tcmapget3(cache, &lanes[lane].page, sizeof(uint64_t), &size)
                   : tcmapget(cache, &lanes[lane].page, sizeof(uint64_t), &size);
    }
    lanes[lane].list = !found ? NULL
                       : inner ? ((const TreeNode *)found)->idxs
                               : ((const TreeLeaf *)found)->recs;
    if (!lanes[lane].list) continue;
    if (inner) lanes[lane].page = ((const TreeNode *)found)->heir;
    __builtin_prefetch(lanes[lane].list);
  }
}

/* Take one step of a search: the entry in the middle of what is left. */
static inline void tree_aim(TreeLane *lane) {
  if (lane->low < lane->high) {
    int middle = lane->low + (lane->high - lane->low) / 2;
    __builtin_prefetch(lane->list->array + lane->list->start + middle);
  }
}

static inline bool tree_fetch_middle(TreeLane *lane) {
  if (lane->low >= lane->high) return false;
  lane->at = TCPTRLISTVAL(lane->list, lane->low + (lane->high - lane->low) / 2);
  __builtin_prefetch(lane->at);
  return true;
}

/* Find up to TREE_LANES keys.

   PERF: a search waits for memory some thirty times, one after the other. All searches go
   down the tree in step here, each asking for its next piece of memory before the others
   take theirs, so that the waits overlap. */
static void tree_search(
    TCBDB *bdb, int count, const char **kbufs, const int *ksizs, const char **values,
    int *vsizs, bool move) {
  TreeLane lanes[TREE_LANES];
  TCCMP cmp = bdb->cmp;
  bool inner = (int64_t)bdb->root > TREE_INNER;
  for (int lane = 0; lane < count; lane++) {
    lanes[lane].page = bdb->root;
    vsizs[lane] = TREE_MISSING;
    __builtin_prefetch(kbufs[lane]);
  }
  for (int depth = 0; depth < TREE_DEEPEST; depth++) {
    bool busy = true;
    tree_load(inner ? bdb->nodec : bdb->leafc, lanes, count, inner, move);
    for (int lane = 0; lane < count; lane++) {
      TreeLane *each = lanes + lane;
      each->low = 0;
      each->high = each->list ? TCPTRLISTNUM(each->list) : 0;
      if (each->list) __builtin_prefetch(each->list->array + each->list->start);
      tree_aim(each);
    }
    while (busy) {
      busy = false;
      for (int lane = 0; lane < count; lane++) busy |= tree_fetch_middle(lanes + lane);
      for (int lane = 0; lane < count; lane++) {
        TreeLane *each = lanes + lane;
        if (each->low >= each->high) continue;
        int middle = each->low + (each->high - each->low) / 2;
        if (inner) {
          const TreeIndex *index = (const TreeIndex *)each->at;
          if (tree_compare(cmp, kbufs[lane], ksizs[lane], (const char *)(index + 1),
                           index->ksiz) < 0) {
            each->high = middle;
          } else {
            each->low = middle + 1;
            each->page = index->pid;
          }
        } else {
          const TreeRecord *rec = (const TreeRecord *)each->at;
          int order = tree_compare(
              cmp, kbufs[lane], ksizs[lane], tree_key(rec), rec->ksiz);
          if (order == 0) {
            vsizs[lane] = rec->vsiz;
            values[lane] = tree_first_value(rec);
            each->low = each->high;
          } else if (order < 0) {
            each->high = middle;
          } else {
            each->low = middle + 1;
          }
        }
        tree_aim(each);
      }
    }
    for (int lane = 0; lane < count; lane++)
      if (!lanes[lane].list) vsizs[lane] = TREE_UNKNOWN;
    if (!inner) return;
    /* All leaves are equally deep. */
    inner = false;
    for (int lane = 0; lane < count; lane++) {
      if (vsizs[lane] == TREE_UNKNOWN) lanes[lane].page = 0;
      else if ((int64_t)lanes[lane].page > TREE_INNER) inner = true;
    }
  }
}

static inline bool tree_peekable(const TCBDB *bdb) {
  return bdb->open && tree_layout_known() &&
         (bdb->cmp == tccmplexical || bdb->cmp == tccmpdecimal ||
          bdb->cmp == tccmpint32 || bdb->cmp == tccmpint64);
}

/* Whether pages have to go when others come, so that it matters which was read last. */
static inline bool tree_cramped(const TCBDB *bdb) {
  return bdb->lnum > bdb->lcnum || bdb->nnum > bdb->ncnum;
}

static void tree_peek_lanes(
    void *db, int count, const char **kbufs, const int *ksizs, const char **values,
    int *vsizs) {
  TCBDB *bdb = (TCBDB *)db;
  if (tree_peekable(bdb)) {
    tree_search(bdb, count, kbufs, ksizs, values, vsizs, tree_cramped(bdb));
  } else {
    for (int lane = 0; lane < count; lane++) vsizs[lane] = TREE_UNKNOWN;
  }
}

static int tree_peek(
    void *db, const void *kbuf, int ksiz, Residency *pages, const char **value) {
  int vsiz;
  const char *key = kbuf;
  (void)pages;
  tree_peek_lanes(db, 1, &key, &ksiz, value, &vsiz);
  if (vsiz == TREE_MISSING) ((TCBDB *)db)->hdb->ecode = TCENOREC; /* as the C library does */
  return vsiz;
}

/* Bring what stores of some keys are going to touch near to the processor.
   PERF: keys in ascending order mostly meet where the last one was, so they are not. */
static void tree_warm(void *db, int count, const char **kbufs, const int *ksizs) {
  TCBDB *bdb = (TCBDB *)db;
  const char *values[TREE_LANES];
  int vsizs[TREE_LANES];
  int up = 0;
  if (!tree_peekable(bdb)) return;
  for (int lane = 1; lane < count; lane++)
    up += tree_compare(
              bdb->cmp, kbufs[lane - 1], ksizs[lane - 1], kbufs[lane], ksizs[lane]) < 0;
  if (up < count - 1) tree_search(bdb, count, kbufs, ksizs, values, vsizs, false);
}

#endif

/* Reads that leave the page cache as it is: of one record from a leaf that is in it, or
   else from the leaf's page where it lies in the file; of many from the pages alone.

   WHY: a leaf that is fetched into the C library's cache is taken apart into some two
   hundred pieces, and another leaf is thrown out and its pieces are freed; that takes ten
   to twenty times as long as finding one record in it. Who looks records up all over a
   large file never sees a leaf again before it is thrown out.

   Only for files that are open for reading: what waits in a writer's cache is not in the
   file yet. Whatever is not simple (packed pages, other orders than the lexical one, inner
   pages that are not in the cache, a byte that should not be there) is left to the C
   library.

   SPEC: a leaf is a record of the hash database inside, under its number in hexadecimal:
   the leaves before and behind it, then for each record the sizes of key and value and the
   number of further values, the key, the value, and for each further value its size and
   itself. All numbers are of variable length. */

#ifndef TOKYOCABINET_TREE_LEAF_H
#define TOKYOCABINET_TREE_LEAF_H

#include <stdlib.h>
#include <unistd.h>

#include "hash_peek.h"
#include "tree_peek.h"

enum { LEAF_ROOM = 9216 }; /* what is read at once: a leaf of 8 KB and its head */

/* Room for a record of the file; the first piece needs no allocation. */
typedef struct {
  char *data;
  uint64_t size;
  char own[LEAF_ROOM];
} LeafRoom;

static inline void leaf_room_begin(LeafRoom *room) {
  room->data = room->own;
  room->size = LEAF_ROOM;
}

static inline void leaf_room_end(LeafRoom *room) {
  if (room->data != room->own) free(room->data);
}

/* Read `size` bytes of the file at `off`, or fewer at its end; how many, 0 = failed. */
static inline uint64_t leaf_fill(
    const TCHDB *hdb, uint64_t off, uint64_t size, LeafRoom *room) {
  uint64_t have = 0;
  if (off >= hdb->fsiz) return 0;
  if (size > hdb->fsiz - off) size = hdb->fsiz - off;
  if (size > room->size) {
    char *more = malloc(size);
    if (!more) return 0;
    leaf_room_end(room);
    room->data = more;
    room->size = size;
  }
  while (have < size) {
    ssize_t got = pread(hdb->fd, room->data + have, size - have, (off_t)(off + have));
    if (got <= 0) return 0; /* the C library meets the same, and reports it */
    have += (uint64_t)got;
  }
  return have;
}

/* Find a page of the tree in the hash database inside; NULL when that is not simple. */
static const uint8_t *leaf_find(
    const TCHDB *hdb, const char *kbuf, int ksiz, LeafRoom *room, uint64_t *size) {
  HashView view;
  uint8_t second;
  if (!hash_view(hdb, NULL, &view)) return NULL;
  uint64_t off = hash_offset(&view, view.map + hash_bucket(&view, kbuf, ksiz, &second));
  for (int steps = 0; off && steps < HASH_LONGEST_CHAIN; steps++) {
    uint64_t have = leaf_fill(hdb, off, LEAF_ROOM, room);
    if (have < HASH_HEAD) return NULL;
    const uint8_t *at = (const uint8_t *)room->data;
    if (at[0] != HASH_RECORD) return NULL;
    int side = (second < at[1]) - (second > at[1]);
    if (side == 0) {
      uint64_t key_size, value_size;
      const uint8_t *key = hash_size(at + 4 + 2 * view.width, &key_size);
      if (!key || !(key = hash_size(key, &value_size))) return NULL;
      side = ((uint64_t)ksiz < key_size) - ((uint64_t)ksiz > key_size);
      if (side == 0) {
        uint64_t head = (uint64_t)(key - at);
        if (value_size > INT32_MAX || head + key_size > have) return NULL;
        int order = memcmp(kbuf, key, (size_t)ksiz);
        if (order == 0) {
          uint64_t whole = head + key_size + value_size;
          if (whole > have && leaf_fill(hdb, off, whole, room) < whole) return NULL;
          *size = value_size;
          return (const uint8_t *)room->data + head + key_size;
        }
        side = order < 0 ? 1 : -1;
      }
    }
    off = hash_offset(&view, at + 2 + (side > 0 ? view.width : 0));
  }
  return NULL;
}

/* Return the number of the leaf that a key belongs to, 0 when the cache does not say. */
static uint64_t leaf_of(const TCBDB *bdb, const char *kbuf, int ksiz) {
  uint64_t page = bdb->root;
  for (int depth = 0; (int64_t)page > TREE_INNER; depth++) {
    int size;
    const TreeNode *node = tcmapget(bdb->nodec, &page, sizeof(page), &size);
    if (!node || depth == TREE_DEEPEST) return 0;
    int low = 0, high = TCPTRLISTNUM(node->idxs);
    page = node->heir;
    while (low < high) {
      int middle = low + (high - low) / 2;
      const TreeIndex *index = TCPTRLISTVAL(node->idxs, middle);
      if (tree_compare(tccmplexical, kbuf, ksiz, (const char *)(index + 1), index->ksiz) < 0) {
        high = middle;
      } else {
        page = index->pid;
        low = middle + 1;
      }
    }
  }
  return page;
}

/* Read a number; NULL when it goes on behind the end. */
static inline const uint8_t *leaf_number(
    const uint8_t *at, const uint8_t *end, uint64_t *number) {
  if (end - at >= 5) return hash_size(at, number);
  uint8_t last[5] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  memcpy(last, at, (size_t)(end - at));
  const uint8_t *next = hash_size(last, number);
  return next && next - last <= end - at ? at + (next - last) : NULL;
}

static inline const uint8_t *leaf_skip_number(const uint8_t *at, const uint8_t *end) {
  while (at < end && *at >= 0x80) at++;
  return at < end ? at + 1 : NULL;
}

/* Search a leaf for the (first) value of a key; its size, TREE_MISSING or TREE_UNKNOWN. */
static int leaf_search(
    const uint8_t *at, const uint8_t *end, const char *kbuf, int ksiz, const char **value) {
  if (!(at = leaf_skip_number(at, end)) || !(at = leaf_skip_number(at, end)))
    return TREE_UNKNOWN;
  while (at < end) {
    uint64_t key_size, value_size, more;
    if (!(at = leaf_number(at, end, &key_size)) || !(at = leaf_number(at, end, &value_size)) ||
        !(at = leaf_number(at, end, &more)) || key_size + value_size > (uint64_t)(end - at))
      return TREE_UNKNOWN;
    int order = tree_compare(tccmplexical, kbuf, ksiz, (const char *)at, (int)key_size);
    if (order < 0) return TREE_MISSING;
    at += key_size;
    if (order == 0) {
      *value = (const char *)at;
      return (int)value_size;
    }
    at += value_size;
    for (; more; more--) {
      if (!(at = leaf_number(at, end, &value_size)) || value_size > (uint64_t)(end - at))
        return TREE_UNKNOWN;
      at += value_size;
    }
  }
  return TREE_MISSING;
}

/* Search a leaf of the cache for the (first) value of a key. */
static int leaf_search_cached(
    const TreeLeaf *leaf, const char *kbuf, int ksiz, const char **value) {
  int low = 0, high = TCPTRLISTNUM(leaf->recs);
  while (low < high) {
    int middle = low + (high - low) / 2;
    const TreeRecord *rec = TCPTRLISTVAL(leaf->recs, middle);
    int order = tree_compare(tccmplexical, kbuf, ksiz, tree_key(rec), rec->ksiz);
    if (order == 0) {
      *value = tree_first_value(rec);
      return rec->vsiz;
    }
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return TREE_MISSING;
}

/* Whether leaves of this handle can be read where they lie in the file. */
static inline bool tree_leaves_readable(const TCBDB *bdb) {
  return !bdb->wmode && bdb->cmp == tccmplexical && tree_peekable(bdb) &&
         !(bdb->opts & (BDBTDEFLATE | BDBTBZIP | BDBTTCBS | BDBTEXCODEC));
}

/* Find the (first) value of a key in the cache, which stays as it is; its size,
   TREE_MISSING or TREE_UNKNOWN. Then `page` is the leaf to read, 0 when that is not simple.
   SAFETY: the value lies in the cache, and moves when the handle is used again.

   PERF: one way down the tree for a leaf that is in the cache and for one that is not; to
   look into the cache by `tree_peek` first was a sixth of a cold read. */
static int tree_look(
    const TCBDB *bdb, const char *kbuf, int ksiz, uint64_t *page, const char **value) {
  int size;
  *page = 0;
  if (!tree_leaves_readable(bdb)) return TREE_UNKNOWN;
  *page = leaf_of(bdb, kbuf, ksiz);
  if (*page == 0) return TREE_UNKNOWN;
  const TreeLeaf *leaf = tcmapget(bdb->leafc, page, sizeof(*page), &size);
  return leaf ? leaf_search_cached(leaf, kbuf, ksiz, value) : TREE_UNKNOWN;
}

/* Read the page of a leaf from the file; NULL when that is not simple. */
static const uint8_t *tree_leaf_page(
    const TCBDB *bdb, uint64_t page, LeafRoom *room, uint64_t *size) {
  char name[16];
  int digits = 0;
  for (int shift = 60; shift >= 0; shift -= 4)
    if (digits || page >> shift) name[digits++] = "0123456789abcdef"[page >> shift & 15];
  return leaf_find(bdb->hdb, name, digits, room, size);
}

/* Find the (first) value of a key in a leaf's page in the file. */
static int tree_read(
    const TCBDB *bdb, uint64_t page, const char *kbuf, int ksiz, LeafRoom *room,
    const char **value) {
  uint64_t size;
  const uint8_t *leaf = tree_leaf_page(bdb, page, room, &size);
  return leaf ? leaf_search(leaf, leaf + size, kbuf, ksiz, value) : TREE_UNKNOWN;
}

/* Read a number of any size; NULL when it goes on behind the end. */
static inline const uint8_t *leaf_wide_number(
    const uint8_t *at, const uint8_t *end, uint64_t *number) {
  *number = 0;
  for (int step = 0; at < end && step < 63; step += 7, at++) {
    if (*at < 0x80) {
      *number |= (uint64_t)*at << step;
      return at + 1;
    }
    *number |= (uint64_t)(255 - *at) << step;
  }
  return NULL;
}

/* A leaf that is read record by record. */
typedef struct {
  LeafRoom room;
  const uint8_t *at;
  const uint8_t *end;
  const char *key;
  const char *value;
  int key_size;
  int value_size;
} LeafWalk;

/* Take the next record of a leaf; false at its end. Only for one that `leaf_turn` took. */
static inline bool leaf_step(LeafWalk *walk) {
  uint64_t key_size, value_size, more;
  if (walk->at == walk->end) return false;
  const uint8_t *at = leaf_number(walk->at, walk->end, &key_size);
  at = leaf_number(at, walk->end, &value_size);
  at = leaf_number(at, walk->end, &more);
  walk->key = (const char *)at;
  walk->key_size = (int)key_size;
  walk->value = walk->key + key_size;
  walk->value_size = (int)value_size;
  walk->at = at + key_size + value_size;
  return true;
}

/* Read a leaf; which one comes after it (0: none) goes into `page`. False when it cannot
   be read, has several values under one key, or something in it that should not be there.
   SAFETY: all sizes are looked at here, once, so that `leaf_step` stays inside. */
static bool leaf_turn(const TCBDB *bdb, uint64_t *page, LeafWalk *walk) {
  uint64_t size, number;
  const uint8_t *at = tree_leaf_page(bdb, *page, &walk->room, &size);
  if (!at) return false;
  const uint8_t *end = at + size;
  if (!(at = leaf_wide_number(at, end, &number)) || !(at = leaf_wide_number(at, end, page)))
    return false;
  walk->at = at;
  walk->end = end;
  while (at < end) {
    uint64_t key_size, value_size, more;
    if (!(at = leaf_number(at, end, &key_size)) || !(at = leaf_number(at, end, &value_size)) ||
        !(at = leaf_number(at, end, &more)) || more ||
        key_size + value_size > (uint64_t)(end - at))
      return false;
    at += key_size + value_size;
  }
  return true;
}

static inline void leaf_walk_begin(LeafWalk *walk) {
  leaf_room_begin(&walk->room);
  walk->at = walk->end = NULL;
}

static inline void leaf_walk_end(LeafWalk *walk) { leaf_room_end(&walk->room); }

#endif

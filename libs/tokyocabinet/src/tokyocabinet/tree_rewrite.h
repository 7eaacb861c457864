/* Rewrite a tree without gaps, so that at every moment there is one whole file.

   LIMIT: tcbdboptimize removes the old file and puts the new one in its place also when that
   could not be written, on a full disk; and a process that ends between the two leaves no file
   under the name. Here the new file is written, synced and counted first, and takes the place
   of the old one in one step. */

#ifndef TOKYOCABINET_TREE_REWRITE_H
#define TOKYOCABINET_TREE_REWRITE_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tcbdb.h>
#include <unistd.h>

#include "library_slot.h"

enum { REWRITE_OPAQUE = 64 }; /* what a tree leaves of its header to the caller */

/* Where `tcbdboptimize` writes, too: "a.tcb" becomes "a.tcb.tmp.123". */
static inline char *rewrite_path(TCBDB *bdb) {
  return tcsprintf("%s.tmp.%" PRIu64, tcbdbpath(bdb), tchdbinode(bdb->hdb));
}

/* Return a closed tree with the order and the codec of another one. */
static inline TCBDB *rewrite_like(TCBDB *bdb) {
  TCCODEC enc, dec;
  void *encop, *decop;
  TCBDB *fresh = tcbdbnew();
  tcbdbsetcmpfunc(fresh, bdb->cmp, bdb->cmpop);
  tchdbcodecfunc(bdb->hdb, &enc, &encop, &dec, &decop);
  if (enc && dec) tcbdbsetcodecfunc(fresh, enc, encop, dec, decop);
  return fresh;
}

/* Store all records of a tree in another one, if that is given, and count them.
   Return 0 or the code of an error. */
static inline int rewrite_records(TCBDB *from, TCBDB *to, uint64_t *count) {
  TCXSTR *key = tcxstrnew();
  TCXSTR *value = tcxstrnew();
  BDBCUR *cursor = tcbdbcurnew(from);
  int code = 0;
  *count = 0;
  if (tcbdbcurfirst(cursor)) {
    do {
      if (!tcbdbcurrec(cursor, key, value)) break;
      ++*count;
      if (to && !tcbdbputdup(to, tcxstrptr(key), tcxstrsize(key), tcxstrptr(value),
                             tcxstrsize(value)))
        code = tcbdbecode(to);
    } while (code == 0 && tcbdbcurnext(cursor));
  }
  /* A cursor says in the same way that it is at the end and that a page is broken. */
  if (code == 0 && tcbdbecode(from) != TCENOREC) code = tcbdbecode(from);
  tcbdbcurdel(cursor);
  tcxstrdel(value);
  tcxstrdel(key);
  return code;
}

/* Write the new file; the arguments are those of `tcbdboptimize`. */
static inline int rewrite_file(TCBDB *bdb, const char *path, int32_t lmemb, int32_t nmemb,
                               int64_t bnum, int8_t apow, int8_t fpow, uint8_t opts) {
  TCBDB *fresh = rewrite_like(bdb);
  uint64_t count = 0;
  int code = 0;
  if (lmemb < 1) lmemb = (int32_t)bdb->lmemb;
  if (nmemb < 1) nmemb = (int32_t)bdb->nmemb;
  if (bnum < 1) bnum = (int64_t)tchdbrnum(bdb->hdb) * 2 + 1;
  if (apow < 0) apow = (int8_t)tclog2l((long)tchdbalign(bdb->hdb));
  if (fpow < 0) fpow = (int8_t)tclog2l((long)tchdbfbpmax(bdb->hdb));
  if (opts == UINT8_MAX) opts = bdb->opts;
  tcbdbtune(fresh, lmemb, nmemb, bnum, apow, fpow, opts);
  tcbdbsetcache(fresh, 1, 1); /* the least: what comes in order is not looked at again */
  tcbdbsetlsmax(fresh, bdb->lsmax);
  if (tcbdbopen(fresh, path, BDBOWRITER | BDBOCREAT | BDBOTRUNC)) {
    memcpy(tcbdbopaque(fresh), tcbdbopaque(bdb), REWRITE_OPAQUE);
    code = rewrite_records(bdb, fresh, &count);
    if (code == 0 && !tcbdbsync(fresh)) code = tcbdbecode(fresh);
    if (!tcbdbclose(fresh) && code == 0) code = tcbdbecode(fresh);
  } else {
    code = tcbdbecode(fresh);
  }
  tcbdbdel(fresh);
  if (code == 0 && count != bdb->rnum) code = TCERHEAD;
  return code;
}

/* Return 0 when a file holds so many records. WHY: a close may succeed whose last page found
   no room. */
static inline int rewrite_check(TCBDB *bdb, const char *path) {
  TCBDB *fresh = rewrite_like(bdb);
  uint64_t count = 0;
  int code = 0;
  if (tcbdbopen(fresh, path, BDBOREADER)) {
    code = rewrite_records(fresh, NULL, &count);
    if (code == 0 && count != bdb->rnum) code = TCEWRITE;
  } else {
    code = tcbdbecode(fresh);
  }
  tcbdbdel(fresh);
  return code;
}

/* What `tcbdboptimize` does; return 0 or the code of an error. Where `spoiled(op)`, an order or
   a codec has failed meanwhile, so that records may be in a wrong place: the old file stays. */
static inline int tree_rewrite(TCBDB *bdb, int32_t lmemb, int32_t nmemb, int64_t bnum,
                               int8_t apow, int8_t fpow, uint8_t opts,
                               int (*spoiled)(void *), void *op) {
  char *path, *fresh;
  int code, omode;
  if (!bdb->open || !bdb->wmode || bdb->tran) return TCEINVALID;
  fresh = rewrite_path(bdb);
  code = rewrite_file(bdb, fresh, lmemb, nmemb, bnum, apow, fpow, opts);
  if (code == 0) code = rewrite_check(bdb, fresh);
  if (code == 0 && spoiled != NULL && spoiled(op)) code = TCEMISC;
  if (code == 0 && rename(fresh, tcbdbpath(bdb)) != 0) code = TCERENAME;
  if (code != 0) {
    unlink(fresh);
    free(fresh);
    return code;
  }
  free(fresh);
  path = tcstrdup(tcbdbpath(bdb));
  omode = (int)tchdbomode(bdb->hdb) & ~(BDBOCREAT | BDBOTRUNC);
  tcbdbclose(bdb); /* whether the old file got its last pages no longer matters */
  if (!tcbdbopen(bdb, path, omode)) code = tcbdbecode(bdb);
  free(path);
  return code;
}

static bool rewrite_instead(TCBDB *bdb, int32_t lmemb, int32_t nmemb, int64_t bnum,
                            int8_t apow, int8_t fpow, uint8_t opts) {
  int code = tree_rewrite(bdb, lmemb, nmemb, bnum, apow, fpow, opts, NULL, NULL);
  if (code != 0) tcbdbsetecode(bdb, code, __FILE__, __LINE__, __func__);
  return code == 0;
}

/* Rewrite abstract databases and the indexes of tables in this way, too. */
static inline int rewrite_everywhere(void) {
  return slot_fill("tcbdboptimize", (void *)rewrite_instead);
}

#endif

/* A copy that fails is no fault of the database.

   WHY: the C library takes a copy that cannot be written, as on a full disk, for a fault of
   the database itself. It marks handle and file as broken and refuses transactions from then
   on. A tree, which copies itself inside one, cannot end that one: what is written afterwards
   is undone when the tree is closed. */

#ifndef TOKYOCABINET_COPY_FAULT_H
#define TOKYOCABINET_COPY_FAULT_H

#include <tcbdb.h>
#include <tcfdb.h>
#include <tchdb.h>

enum { COPY_FLAGS_AT = 33 };  /* where a header has the flags */

/* Each returns whether a file is marked as broken; to `mend` takes the mark away. */

static inline int copy_fault_hash(TCHDB *hdb, int mend) {
  int fault = hdb->fatal;
  if (fault && mend && hdb->map != NULL && hdb->omode & HDBOWRITER) {
    hdb->map[COPY_FLAGS_AT] &= ~HDBFFATAL;
    hdb->flags = (uint8_t)hdb->map[COPY_FLAGS_AT];
    hdb->fatal = false;
  }
  return fault;
}

static inline int copy_fault_tree(TCBDB *bdb, int mend) {
  int fault = copy_fault_hash(bdb->hdb, mend);
  if (mend && bdb->hdb->tran && !bdb->tran) tchdbtrancommit(bdb->hdb);
  return fault;
}

static inline int copy_fault_fixed(TCFDB *fdb, int mend) {
  int fault = fdb->fatal;
  if (fault && mend && fdb->map != NULL && fdb->omode & FDBOWRITER) {
    fdb->map[COPY_FLAGS_AT] &= ~FDBFFATAL;
    fdb->flags = (uint8_t)fdb->map[COPY_FLAGS_AT];
    fdb->fatal = false;
  }
  return fault;
}

#endif

/* Take out the calls of sched_yield() that the C library was built with.

   WHY: Debian builds it with --enable-uyield, "for detecting race conditions": each of its
   some 14,000 assertions counts, and every 32nd time gives the processor away. That is
   more than half the time of a store, and on a busy machine a turn of every other process
   at each few records. Nothing waits for these calls: a build without that option
   has none of them. PERF: a store in a tree 440 -> 250 ns of processor time (2026-11-27). */

#ifndef TOKYOCABINET_YIELDS_H
#define TOKYOCABINET_YIELDS_H

#include "library_slot.h"

static int yields_none(void) { return 0; }

static inline int yields_take_out(void) {
  return slot_fill("sched_yield", (void *)yields_none);
}

#endif

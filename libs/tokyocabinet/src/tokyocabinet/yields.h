/* Take out the calls of sched_yield() that the C library was built with.

   WHY: Debian builds it with --enable-uyield, "for detecting race conditions": each of its
   some 14,000 assertions counts, and every 32nd time gives the processor away. That is
   more than half the time of a store, and on a busy machine a turn of every other process
   at each few records. Nothing waits for these calls: a build without that option
   has none of them. PERF: a store in a tree 440 -> 250 ns of processor time (2026-11-27).

   How: the library calls through a slot in a table of its own, which the loader fills in.
   The slot gets a function that returns at once. SAFETY: only where the loader leaves the
   table writable; a table that it protects after filling it in (full RELRO) stays as it
   is, and so does everything else in the process that calls sched_yield(). */

#ifndef TOKYOCABINET_YIELDS_H
#define TOKYOCABINET_YIELDS_H

#include <stdint.h>
#include <string.h>
#include <tchdb.h>

#if defined(__linux__) && defined(__LP64__)

#include <link.h>

static int yields_none(void) { return 0; }

typedef struct {
  uintptr_t inside; /* an address in the library */
  int taken;        /* slots that were filled in anew */
} YieldSearch;

/* Addresses in the dynamic section: the loader may or may not have made them absolute. */
static inline uintptr_t yields_place(const struct dl_phdr_info *object, uintptr_t value) {
  return value < object->dlpi_addr ? value + object->dlpi_addr : value;
}

static int yields_visit(struct dl_phdr_info *object, size_t size, void *argument) {
  YieldSearch *search = argument;
  const ElfW(Dyn) *dynamic = NULL;
  uintptr_t guarded = 0, guarded_end = 0, symbols = 0, strings = 0, table = 0;
  size_t table_size = 0;
  bool is_library = false, with_addends = false;
  (void)size;
  for (int index = 0; index < object->dlpi_phnum; index++) {
    const ElfW(Phdr) *piece = object->dlpi_phdr + index;
    uintptr_t begin = object->dlpi_addr + piece->p_vaddr;
    if (piece->p_type == PT_LOAD)
      is_library |= search->inside - begin < piece->p_memsz;
    if (piece->p_type == PT_DYNAMIC) dynamic = (const ElfW(Dyn) *)begin;
    if (piece->p_type == PT_GNU_RELRO) {
      guarded = begin;
      guarded_end = begin + piece->p_memsz;
    }
  }
  if (!is_library || !dynamic) return 0;
  for (; dynamic->d_tag != DT_NULL; dynamic++) {
    uintptr_t value = dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) symbols = yields_place(object, value);
    if (dynamic->d_tag == DT_STRTAB) strings = yields_place(object, value);
    if (dynamic->d_tag == DT_JMPREL) table = yields_place(object, value);
    if (dynamic->d_tag == DT_PLTRELSZ) table_size = value;
    if (dynamic->d_tag == DT_PLTREL) with_addends = value == DT_RELA;
  }
  if (!symbols || !strings || !table || !with_addends) return 1;
  const ElfW(Rela) *entry = (const ElfW(Rela) *)table;
  const ElfW(Rela) *end = entry + table_size / sizeof(*entry);
  for (; entry < end; entry++) {
    const ElfW(Sym) *symbol = (const ElfW(Sym) *)symbols + ELF64_R_SYM(entry->r_info);
    uintptr_t slot = object->dlpi_addr + entry->r_offset;
    if (strcmp((const char *)strings + symbol->st_name, "sched_yield") != 0) continue;
    if (slot >= guarded && slot < guarded_end) continue;
    __atomic_store_n((uintptr_t *)slot, (uintptr_t)yields_none, __ATOMIC_RELAXED);
    search->taken++;
  }
  return 1;
}

static int yields_take_out(void) {
  YieldSearch search = {(uintptr_t)tchdbnew, 0};
  dl_iterate_phdr(yields_visit, &search);
  return search.taken;
}

#else

static int yields_take_out(void) { return 0; }

#endif

#endif

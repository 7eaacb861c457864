/* Give the C library another function in the place of one that it calls.

   How: the library calls what others define through a slot in a table of its own, which the
   loader fills in. The slot gets the other function. SAFETY: only where the loader leaves the
   table writable; a table that it protects after filling it in (full RELRO) stays as it is,
   and so does everything else in the process that calls the function. */

#ifndef TOKYOCABINET_LIBRARY_SLOT_H
#define TOKYOCABINET_LIBRARY_SLOT_H

#include <stdint.h>
#include <string.h>
#include <tchdb.h>

#if defined(__linux__) && defined(__LP64__)

#include <link.h>

typedef struct {
  uintptr_t inside; /* an address in the library */
  const char *name;
  void *function;
  int filled;       /* slots that were filled in anew */
} SlotSearch;

/* Addresses in the dynamic section: the loader may or may not have made them absolute. */
static inline uintptr_t slot_place(const struct dl_phdr_info *object, uintptr_t value) {
  return value < object->dlpi_addr ? value + object->dlpi_addr : value;
}

static int slot_visit(struct dl_phdr_info *object, size_t size, void *argument) {
  SlotSearch *search = argument;
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
    if (dynamic->d_tag == DT_SYMTAB) symbols = slot_place(object, value);
    if (dynamic->d_tag == DT_STRTAB) strings = slot_place(object, value);
    if (dynamic->d_tag == DT_JMPREL) table = slot_place(object, value);
    if (dynamic->d_tag == DT_PLTRELSZ) table_size = value;
    if (dynamic->d_tag == DT_PLTREL) with_addends = value == DT_RELA;
  }
  if (!symbols || !strings || !table || !with_addends) return 1;
  const ElfW(Rela) *entry = (const ElfW(Rela) *)table;
  const ElfW(Rela) *end = entry + table_size / sizeof(*entry);
  for (; entry < end; entry++) {
    const ElfW(Sym) *symbol = (const ElfW(Sym) *)symbols + ELF64_R_SYM(entry->r_info);
    uintptr_t slot = object->dlpi_addr + entry->r_offset;
    if (strcmp((const char *)strings + symbol->st_name, search->name) != 0) continue;
    if (slot >= guarded && slot < guarded_end) continue;
    __atomic_store_n((uintptr_t *)slot, (uintptr_t)search->function, __ATOMIC_RELAXED);
    search->filled++;
  }
  return 1;
}

/* Return how many slots of that name were filled in. */
static inline int slot_fill(const char *name, void *function) {
  SlotSearch search = {(uintptr_t)tchdbnew, name, function, 0};
  dl_iterate_phdr(slot_visit, &search);
  return search.filled;
}

#else

static inline int slot_fill(const char *name, void *function) {
  (void)name;
  (void)function;
  return 0;
}

#endif

#endif

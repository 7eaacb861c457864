/* The same loops in C, as the measure of what the binding costs.

   usage: loop KIND PATH COUNT MUTEX
   KIND: hdb, bdb (keys in order), bdbrandom, fdb. MUTEX: 0 or 1.
   Compiled with -DQUIET the library's calls of sched_yield() do nothing.
   Prints one line for each phase: its name and nanoseconds per operation. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tcbdb.h>
#include <tcfdb.h>
#include <tchdb.h>

#ifdef QUIET
/* What stands in the program comes before the system's own, for the library too. */
int sched_yield(void) { return 0; }
#endif

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static char *keys;
static int count;

static void fail(const char *what) {
  fprintf(stderr, "loop: %s failed\n", what);
  exit(1);
}

static void report(const char *phase, double began) {
  printf("%s %.1f\n", phase, (now() - began) / count);
}

static void make_keys(int random) {
  keys = malloc((size_t)count * 8 + 1);
  int *order = malloc(sizeof(int) * count);
  for (int i = 0; i < count; i++) order[i] = i;
  unsigned long long state = 20090228;
  for (int i = count - 1; random && i > 0; i--) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    int j = (int)((state >> 33) % (unsigned)(i + 1));
    int t = order[i]; order[i] = order[j]; order[j] = t;
  }
  for (int i = 0; i < count; i++) {
    char text[16];
    sprintf(text, "%08d", order[i]);
    memcpy(keys + (size_t)i * 8, text, 8);
  }
  free(order);
}

static void run_hdb(const char *path, int mutex) {
  TCHDB *db = tchdbnew();
  if (mutex) tchdbsetmutex(db);
  tchdbtune(db, count * 2LL, -1, -1, 0);
  tchdbsetxmsiz(db, 512LL << 20);
  if (!tchdbopen(db, path, HDBOWRITER | HDBOCREAT | HDBOTRUNC)) fail("open");
  double t = now();
  for (int i = 0; i < count; i++)
    if (!tchdbput(db, keys + (size_t)i * 8, 8, keys + (size_t)i * 8, 8)) fail("put");
  report("put", t);
  t = now();
  for (int i = 0; i < count; i++) {
    int size;
    void *value = tchdbget(db, keys + (size_t)i * 8, 8, &size);
    if (!value) fail("get");
    free(value);
  }
  report("get", t);
  t = now();
  TCXSTR *k = tcxstrnew(), *v = tcxstrnew();
  tchdbiterinit(db);
  int seen = 0;
  while (tchdbiternext3(db, k, v)) seen++;
  if (seen != count) fail("scan");
  report("scan", t);
  tcxstrdel(k);
  tcxstrdel(v);
  tchdbclose(db);
  tchdbdel(db);
}

/* Walk through RANGES pieces of the tree, SPAN records each. */
#define RANGES 1000
#define SPAN 500

static void run_ranges(TCBDB *db) {
  double t = now();
  TCXSTR *k = tcxstrnew(), *v = tcxstrnew();
  BDBCUR *cur = tcbdbcurnew(db);
  int seen = 0;
  for (long long n = 0; n < RANGES; n++) {
    char start[16];
    sprintf(start, "%08d", (int)(n * 1037389 % (count - SPAN)));
    bool on = tcbdbcurjump(cur, start, 8);
    for (int i = 0; on && i < SPAN; i++) {
      if (!tcbdbcurrec(cur, k, v)) break;
      seen++;
      on = tcbdbcurnext(cur);
    }
  }
  if (seen != RANGES * SPAN) fail("range");
  printf("range %.1f\n", (now() - t) / seen);
  tcbdbcurdel(cur);
  tcxstrdel(k);
  tcxstrdel(v);
}

static void run_bdb(const char *path, int mutex) {
  TCBDB *db = tcbdbnew();
  if (mutex) tcbdbsetmutex(db);
  tcbdbsetcache(db, 16384, 4096);
  tcbdbsetxmsiz(db, 512LL << 20);
  if (!tcbdbopen(db, path, BDBOWRITER | BDBOCREAT | BDBOTRUNC)) fail("open");
  double t = now();
  for (int i = 0; i < count; i++)
    if (!tcbdbput(db, keys + (size_t)i * 8, 8, keys + (size_t)i * 8, 8)) fail("put");
  report("put", t);
  t = now();
  for (int i = 0; i < count; i++) {
    int size;
    void *value = tcbdbget(db, keys + (size_t)i * 8, 8, &size);
    if (!value) fail("get");
    free(value);
  }
  report("get", t);
  t = now();
  TCXSTR *k = tcxstrnew(), *v = tcxstrnew();
  BDBCUR *cur = tcbdbcurnew(db);
  int seen = 0;
  for (bool on = tcbdbcurfirst(cur); on; on = tcbdbcurnext(cur)) {
    if (!tcbdbcurrec(cur, k, v)) break;
    seen++;
  }
  if (seen != count) fail("scan");
  report("scan", t);
  tcbdbcurdel(cur);
  tcxstrdel(k);
  tcxstrdel(v);
  run_ranges(db);
  tcbdbclose(db);
  tcbdbdel(db);
}

static void run_fdb(const char *path, int mutex) {
  TCFDB *db = tcfdbnew();
  if (mutex) tcfdbsetmutex(db);
  tcfdbtune(db, 8, 1LL << 30);
  if (!tcfdbopen(db, path, FDBOWRITER | FDBOCREAT | FDBOTRUNC)) fail("open");
  double t = now();
  for (int i = 0; i < count; i++)
    if (!tcfdbput(db, i + 1, keys + (size_t)i * 8, 8)) fail("put");
  report("put", t);
  t = now();
  for (int i = 0; i < count; i++) {
    int size;
    void *value = tcfdbget(db, i + 1, &size);
    if (!value) fail("get");
    free(value);
  }
  report("get", t);
  t = now();
  tcfdbiterinit(db);
  int seen = 0;
  for (uint64_t id; (id = tcfdbiternext(db)) != 0; seen++) {
    int size;
    void *value = tcfdbget(db, (int64_t)id, &size);
    if (!value) fail("scan");
    free(value);
  }
  if (seen != count) fail("scan");
  report("scan", t);
  tcfdbclose(db);
  tcfdbdel(db);
}

/* Random reads of a file that is there already; keys are its first COUNT numbers. */
static void run_read(const char *path, int mutex) {
  TCHDB *db = tchdbnew();
  if (mutex) tchdbsetmutex(db);
  tchdbsetxmsiz(db, 2048LL << 20);
  if (!tchdbopen(db, path, HDBOREADER)) fail("open");
  int records = count;
  count = 2000000;
  unsigned long long state = 20090228;
  double t = now();
  for (int i = 0; i < count; i++) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const char *key = keys + (size_t)((state >> 33) % (unsigned)records) * 8;
    int size;
    void *value = tchdbget(db, key, 8, &size);
    if (!value) fail("get");
    free(value);
  }
  report("get", t);
  tchdbclose(db);
  tchdbdel(db);
}

int main(int argc, char **argv) {
  if (argc != 5) fail("usage: loop KIND PATH COUNT MUTEX; starting");
  count = atoi(argv[3]);
  int mutex = atoi(argv[4]);
  make_keys(!strcmp(argv[1], "bdbrandom"));
  if (!strcmp(argv[1], "hdb")) run_hdb(argv[2], mutex);
  else if (!strcmp(argv[1], "fdb")) run_fdb(argv[2], mutex);
  else if (!strcmp(argv[1], "read")) run_read(argv[2], mutex);
  else run_bdb(argv[2], mutex);
  return 0;
}

"""The C API of Tokyo Cabinet 1.4.48, declared once; every function may run without the GIL.

Only what the binding calls is declared. The string variants (`tchdbput2` and the like)
are left out: they take the length from strlen and so cannot carry a NUL byte.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "stdbool.h" nogil:
    ctypedef bint boolean "bool"


cdef extern from "tcutil.h" nogil:
    ctypedef struct TCXSTR
    ctypedef struct TCLIST
    ctypedef struct TCMAP
    ctypedef int (*TCCMP)(const char *, int, const char *, int, void *) noexcept nogil
    ctypedef void *(*TCCODEC)(const void *, int, int *, void *) noexcept nogil
    ctypedef void *(*TCPDPROC)(const void *, int, int *, void *) noexcept nogil
    ctypedef boolean (*TCITER)(const void *, int, const void *, int, void *) noexcept nogil
    const char *tcversion
    enum:
        TCESUCCESS, TCELOCK, TCETHREAD, TCEINVALID, TCENOFILE, TCENOPERM, TCEMETA, TCERHEAD
        TCEOPEN, TCEWRITE, TCEKEEP, TCENOREC, TCEMISC
    void *tcmalloc(size_t size)
    void tcfree(void *ptr)
    TCXSTR *tcxstrnew()
    TCXSTR *tcxstrnew3(int asiz)
    void tcxstrdel(TCXSTR *xstr)
    void tcxstrcat(TCXSTR *xstr, const void *ptr, int size)
    const void *tcxstrptr(const TCXSTR *xstr)
    int tcxstrsize(const TCXSTR *xstr)
    void tcxstrclear(TCXSTR *xstr)
    TCLIST *tclistnew()
    TCLIST *tclistnew2(int anum)
    void tclistdel(TCLIST *list)
    int tclistnum(const TCLIST *list)
    const void *tclistval(const TCLIST *list, int index, int *sp)
    void tclistpush(TCLIST *list, const void *ptr, int size)
    uint64_t tcmapmsiz(const TCMAP *map)
    TCMAP *tcmapload(const void *ptr, int size)
    TCMAP *tcmapnew()
    TCMAP *tcmapnew2(uint32_t bnum)
    void tcmapdel(TCMAP *map)
    void tcmapput(TCMAP *map, const void *kbuf, int ksiz, const void *vbuf, int vsiz)
    boolean tcmapout(TCMAP *map, const void *kbuf, int ksiz)
    const void *tcmapget(const TCMAP *map, const void *kbuf, int ksiz, int *sp)
    void tcmapiterinit(TCMAP *map)
    const void *tcmapiternext(TCMAP *map, int *sp)
    uint64_t tcmaprnum(const TCMAP *map)
    void tcmapclear(TCMAP *map)
    const void *tcmapiterval(const void *kbuf, int *sp)
    void tcstrutftoucs(const char *str, uint16_t *ary, int *np)
    int tcstrucstoutf(const uint16_t *ary, int num, char *str)
    int tcstrucsnorm(uint16_t *ary, int num, int opts)
    const char *tcerrmsg(int ecode)
    int64_t tcatoi(const char *str)
    int tccmplexical(const char *aptr, int asiz, const char *bptr, int bsiz, void *op)
    int tccmpdecimal(const char *aptr, int asiz, const char *bptr, int bsiz, void *op)
    int tccmpint32(const char *aptr, int asiz, const char *bptr, int bsiz, void *op)
    int tccmpint64(const char *aptr, int asiz, const char *bptr, int bsiz, void *op)

cdef extern from "tchdb.h" nogil:
    ctypedef struct TCHDB:
        int fd
        uint64_t bnum
        uint64_t fsiz   # of the file, without what is reserved behind it
        uint64_t frec   # offset of the first record
        uint64_t iter   # offset of the iterator
        char *map       # the file's beginning in memory
        uint64_t msiz   # bytes mapped for the buckets
        uint64_t xmsiz  # bytes mapped at least
        uint64_t xfsiz  # the file's size, with what is reserved behind it
        uint8_t apow
        boolean async
        boolean zmode   # values are packed
        TCXSTR *drpool
        uint32_t omode
        boolean tran
    const char *tchdberrmsg(int ecode)
    TCHDB *tchdbnew()
    void tchdbsetecode(
        TCHDB *hdb, int ecode, const char *filename, int line, const char *func)
    char *tchdbopaque(TCHDB *hdb)
    void tchdbdel(TCHDB *hdb)
    int tchdbecode(TCHDB *hdb)
    boolean tchdbsetmutex(TCHDB *hdb)
    boolean tchdbtune(TCHDB *hdb, int64_t bnum, int8_t apow, int8_t fpow, uint8_t opts)
    boolean tchdbsetcache(TCHDB *hdb, int32_t rcnum)
    boolean tchdbsetxmsiz(TCHDB *hdb, int64_t xmsiz)
    boolean tchdbsetdfunit(TCHDB *hdb, int32_t dfunit)
    boolean tchdbopen(TCHDB *hdb, const char *path, int omode)
    boolean tchdbclose(TCHDB *hdb)
    boolean tchdbput(TCHDB *hdb, const void *kbuf, int ksiz, const void *vbuf, int vsiz)
    boolean tchdbputkeep(TCHDB *hdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tchdbputcat(TCHDB *hdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tchdbputasync(TCHDB *hdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tchdbout(TCHDB *hdb, const void *kbuf, int ksiz)
    void *tchdbget(TCHDB *hdb, const void *kbuf, int ksiz, int *sp)
    int tchdbget3(TCHDB *hdb, const void *kbuf, int ksiz, void *vbuf, int max)
    int tchdbvsiz(TCHDB *hdb, const void *kbuf, int ksiz)
    boolean tchdbiterinit(TCHDB *hdb)
    void *tchdbiternext(TCHDB *hdb, int *sp)
    boolean tchdbiternext3(TCHDB *hdb, TCXSTR *kxstr, TCXSTR *vxstr)
    TCLIST *tchdbfwmkeys(TCHDB *hdb, const void *pbuf, int psiz, int max)
    int tchdbaddint(TCHDB *hdb, const void *kbuf, int ksiz, int num)
    double tchdbadddouble(TCHDB *hdb, const void *kbuf, int ksiz, double num)
    boolean tchdbsync(TCHDB *hdb)
    boolean tchdboptimize(TCHDB *hdb, int64_t bnum, int8_t apow, int8_t fpow,
        uint8_t opts)
    boolean tchdbvanish(TCHDB *hdb)
    boolean tchdbcopy(TCHDB *hdb, const char *path)
    boolean tchdbtranbegin(TCHDB *hdb)
    boolean tchdbtrancommit(TCHDB *hdb)
    boolean tchdbtranabort(TCHDB *hdb)
    const char *tchdbpath(TCHDB *hdb)
    uint64_t tchdbrnum(TCHDB *hdb)
    uint64_t tchdbfsiz(TCHDB *hdb)
    uint64_t tchdbbnum(TCHDB *hdb)
    uint32_t tchdbalign(TCHDB *hdb)
    uint32_t tchdbfbpmax(TCHDB *hdb)
    uint64_t tchdbxmsiz(TCHDB *hdb)
    int tchdbomode(TCHDB *hdb)
    uint8_t tchdbtype(TCHDB *hdb)
    uint8_t tchdbflags(TCHDB *hdb)
    uint8_t tchdbopts(TCHDB *hdb)
    uint64_t tchdbbnumused(TCHDB *hdb)
    boolean tchdbsetcodecfunc(TCHDB *hdb, TCCODEC enc, void *encop, TCCODEC dec,
        void *decop)
    uint32_t tchdbdfunit(TCHDB *hdb)
    boolean tchdbdefrag(TCHDB *hdb, int64_t step)
    boolean tchdbcacheclear(TCHDB *hdb)
    boolean tchdbputproc(TCHDB *hdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz, TCPDPROC proc, void *op)
    void *tchdbgetnext(TCHDB *hdb, const void *kbuf, int ksiz, int *sp)
    char *tchdbgetnext3(TCHDB *hdb, const char *kbuf, int ksiz, int *sp,
        const char **vbp, int *vsp)
    boolean tchdbiterinit2(TCHDB *hdb, const void *kbuf, int ksiz)
    boolean tchdbforeach(TCHDB *hdb, TCITER iter, void *op)
    uint64_t tchdbinode(TCHDB *hdb)
    int64_t tchdbmtime(TCHDB *hdb)
    boolean tchdbtranvoid(TCHDB *hdb)

cdef extern from "tcbdb.h" nogil:
    ctypedef struct TCBDB:
        TCHDB *hdb
    ctypedef struct BDBCUR:
        uint64_t id     # leaf; 0 = not on a record
        int32_t kidx    # place of the key in the leaf
        int32_t vidx    # place of the value among the key's duplicates
    char *tcbdbopaque(TCBDB *bdb)
    uint64_t tcbdbinode(TCBDB *bdb)
    int64_t tcbdbmtime(TCBDB *bdb)
    const char *tcbdberrmsg(int ecode)
    TCBDB *tcbdbnew()
    void tcbdbsetecode(
        TCBDB *bdb, int ecode, const char *filename, int line, const char *func)
    TCCMP tcbdbcmpfunc(TCBDB *bdb)
    void *tcbdbcmpop(TCBDB *bdb)
    boolean tcbdbsetcmpfunc(TCBDB *bdb, TCCMP cmp, void *cmpop)
    void tcbdbdel(TCBDB *bdb)
    int tcbdbecode(TCBDB *bdb)
    boolean tcbdbsetmutex(TCBDB *bdb)
    boolean tcbdbtune(TCBDB *bdb, int32_t lmemb, int32_t nmemb, int64_t bnum,
        int8_t apow, int8_t fpow, uint8_t opts)
    boolean tcbdbsetcache(TCBDB *bdb, int32_t lcnum, int32_t ncnum)
    boolean tcbdbsetxmsiz(TCBDB *bdb, int64_t xmsiz)
    boolean tcbdbsetdfunit(TCBDB *bdb, int32_t dfunit)
    boolean tcbdbopen(TCBDB *bdb, const char *path, int omode)
    boolean tcbdbclose(TCBDB *bdb)
    boolean tcbdbput(TCBDB *bdb, const void *kbuf, int ksiz, const void *vbuf, int vsiz)
    boolean tcbdbputkeep(TCBDB *bdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tcbdbputcat(TCBDB *bdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tcbdbputdup(TCBDB *bdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tcbdbputdup3(TCBDB *bdb, const void *kbuf, int ksiz, const TCLIST *vals)
    boolean tcbdbout(TCBDB *bdb, const void *kbuf, int ksiz)
    boolean tcbdbout3(TCBDB *bdb, const void *kbuf, int ksiz)
    void *tcbdbget(TCBDB *bdb, const void *kbuf, int ksiz, int *sp)
    const void *tcbdbget3(TCBDB *bdb, const void *kbuf, int ksiz, int *sp)
    TCLIST *tcbdbget4(TCBDB *bdb, const void *kbuf, int ksiz)
    int tcbdbvnum(TCBDB *bdb, const void *kbuf, int ksiz)
    int tcbdbvsiz(TCBDB *bdb, const void *kbuf, int ksiz)
    TCLIST *tcbdbrange(TCBDB *bdb, const void *bkbuf, int bksiz, boolean binc,
        const void *ekbuf, int eksiz, boolean einc, int max)
    TCLIST *tcbdbfwmkeys(TCBDB *bdb, const void *pbuf, int psiz, int max)
    int tcbdbaddint(TCBDB *bdb, const void *kbuf, int ksiz, int num)
    double tcbdbadddouble(TCBDB *bdb, const void *kbuf, int ksiz, double num)
    boolean tcbdbsync(TCBDB *bdb)
    boolean tcbdbmemsync(TCBDB *bdb, boolean phys)
    boolean tcbdboptimize(TCBDB *bdb, int32_t lmemb, int32_t nmemb, int64_t bnum,
        int8_t apow, int8_t fpow, uint8_t opts)
    boolean tcbdbvanish(TCBDB *bdb)
    boolean tcbdbcopy(TCBDB *bdb, const char *path)
    boolean tcbdbtranbegin(TCBDB *bdb)
    boolean tcbdbtrancommit(TCBDB *bdb)
    boolean tcbdbtranabort(TCBDB *bdb)
    const char *tcbdbpath(TCBDB *bdb)
    uint64_t tcbdbrnum(TCBDB *bdb)
    uint64_t tcbdbfsiz(TCBDB *bdb)
    BDBCUR *tcbdbcurnew(TCBDB *bdb)
    void tcbdbcurdel(BDBCUR *cur)
    boolean tcbdbcurfirst(BDBCUR *cur)
    boolean tcbdbcurlast(BDBCUR *cur)
    boolean tcbdbcurjump(BDBCUR *cur, const void *kbuf, int ksiz)
    boolean tcbdbcurprev(BDBCUR *cur)
    boolean tcbdbcurnext(BDBCUR *cur)
    boolean tcbdbcurput(BDBCUR *cur, const void *vbuf, int vsiz, int cpmode)
    boolean tcbdbcurout(BDBCUR *cur)
    void *tcbdbcurkey(BDBCUR *cur, int *sp)
    const void *tcbdbcurkey3(BDBCUR *cur, int *sp)
    void *tcbdbcurval(BDBCUR *cur, int *sp)
    const void *tcbdbcurval3(BDBCUR *cur, int *sp)
    boolean tcbdbcurrec(BDBCUR *cur, TCXSTR *kxstr, TCXSTR *vxstr)
    uint32_t tcbdblmemb(TCBDB *bdb)
    uint32_t tcbdbnmemb(TCBDB *bdb)
    uint64_t tcbdblnum(TCBDB *bdb)
    uint64_t tcbdbnnum(TCBDB *bdb)
    uint64_t tcbdbbnum(TCBDB *bdb)
    uint32_t tcbdbalign(TCBDB *bdb)
    uint32_t tcbdbfbpmax(TCBDB *bdb)
    uint8_t tcbdbflags(TCBDB *bdb)
    uint8_t tcbdbopts(TCBDB *bdb)
    uint64_t tcbdbbnumused(TCBDB *bdb)
    boolean tcbdbsetlsmax(TCBDB *bdb, uint32_t lsmax)
    boolean tcbdbsetcapnum(TCBDB *bdb, uint64_t capnum)
    boolean tcbdbsetcodecfunc(TCBDB *bdb, TCCODEC enc, void *encop, TCCODEC dec,
        void *decop)
    uint32_t tcbdbdfunit(TCBDB *bdb)
    boolean tcbdbdefrag(TCBDB *bdb, int64_t step)
    boolean tcbdbcacheclear(TCBDB *bdb)
    boolean tcbdbputdupback(TCBDB *bdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tcbdbputproc(TCBDB *bdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz, TCPDPROC proc, void *op)
    boolean tcbdbcurjumpback(BDBCUR *cur, const void *kbuf, int ksiz)
    boolean tcbdbforeach(TCBDB *bdb, TCITER iter, void *op)

cdef extern from "tcfdb.h" nogil:
    ctypedef struct TCFDB:
        int fd                  # -1 when closed
        uint32_t width
        uint64_t fsiz
        uint32_t wsiz           # bytes before each value that tell its size
        uint32_t rsiz           # bytes of a record
        uint64_t limid
        uint64_t max
        unsigned char *array    # the records, in mapped memory
        char *map               # `limsiz` bytes for a writer, `fsiz` for a reader
        uint64_t limsiz
        uint32_t omode
    enum:
        FDBOWRITER, FDBIDMIN, FDBIDPREV, FDBIDMAX, FDBIDNEXT
    char *tcfdbopaque(TCFDB *fdb)
    uint64_t tcfdbinode(TCFDB *fdb)
    int64_t tcfdbmtime(TCFDB *fdb)
    const char *tcfdberrmsg(int ecode)
    TCFDB *tcfdbnew()
    void tcfdbsetecode(
        TCFDB *fdb, int ecode, const char *filename, int line, const char *func)
    void tcfdbdel(TCFDB *fdb)
    int tcfdbecode(TCFDB *fdb)
    boolean tcfdbsetmutex(TCFDB *fdb)
    boolean tcfdbtune(TCFDB *fdb, int32_t width, int64_t limsiz)
    boolean tcfdbopen(TCFDB *fdb, const char *path, int omode)
    boolean tcfdbclose(TCFDB *fdb)
    boolean tcfdbput(TCFDB *fdb, int64_t id, const void *vbuf, int vsiz)
    int64_t tcfdbkeytoid(const char *kbuf, int ksiz)
    boolean tcfdbput2(TCFDB *fdb, const void *kbuf, int ksiz, const void *vbuf, int vsiz)
    boolean tcfdbputkeep(TCFDB *fdb, int64_t id, const void *vbuf, int vsiz)
    boolean tcfdbputkeep2(TCFDB *fdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tcfdbputcat(TCFDB *fdb, int64_t id, const void *vbuf, int vsiz)
    boolean tcfdbputcat2(TCFDB *fdb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tcfdbout(TCFDB *fdb, int64_t id)
    boolean tcfdbout2(TCFDB *fdb, const void *kbuf, int ksiz)
    void *tcfdbget(TCFDB *fdb, int64_t id, int *sp)
    void *tcfdbget2(TCFDB *fdb, const void *kbuf, int ksiz, int *sp)
    int tcfdbget4(TCFDB *fdb, int64_t id, void *vbuf, int max)
    int tcfdbvsiz(TCFDB *fdb, int64_t id)
    int tcfdbvsiz2(TCFDB *fdb, const void *kbuf, int ksiz)
    boolean tcfdbiterinit(TCFDB *fdb)
    uint64_t tcfdbiternext(TCFDB *fdb)
    void *tcfdbiternext2(TCFDB *fdb, int *sp)
    uint64_t *tcfdbrange(TCFDB *fdb, int64_t lower, int64_t upper, int max, int *np)
    TCLIST *tcfdbrange2(TCFDB *fdb, const void *lbuf, int lsiz, const void *ubuf,
        int usiz, int max)
    TCLIST *tcfdbrange4(TCFDB *fdb, const void *ibuf, int isiz, int max)
    int tcfdbaddint(TCFDB *fdb, int64_t id, int num)
    double tcfdbadddouble(TCFDB *fdb, int64_t id, double num)
    boolean tcfdbsync(TCFDB *fdb)
    boolean tcfdboptimize(TCFDB *fdb, int32_t width, int64_t limsiz)
    boolean tcfdbvanish(TCFDB *fdb)
    boolean tcfdbcopy(TCFDB *fdb, const char *path)
    boolean tcfdbtranbegin(TCFDB *fdb)
    boolean tcfdbtrancommit(TCFDB *fdb)
    boolean tcfdbtranabort(TCFDB *fdb)
    const char *tcfdbpath(TCFDB *fdb)
    uint64_t tcfdbrnum(TCFDB *fdb)
    uint64_t tcfdbfsiz(TCFDB *fdb)
    uint64_t tcfdbmin(TCFDB *fdb)
    uint64_t tcfdbmax(TCFDB *fdb)
    uint32_t tcfdbwidth(TCFDB *fdb)
    uint64_t tcfdblimsiz(TCFDB *fdb)
    uint64_t tcfdblimid(TCFDB *fdb)
    int tcfdbomode(TCFDB *fdb)
    uint8_t tcfdbtype(TCFDB *fdb)
    uint8_t tcfdbflags(TCFDB *fdb)
    boolean tcfdbputproc(TCFDB *fdb, int64_t id, const void *vbuf, int vsiz,
        TCPDPROC proc, void *op)
    boolean tcfdbiterinit2(TCFDB *fdb, int64_t id)
    boolean tcfdbiterinit3(TCFDB *fdb, const void *kbuf, int ksiz)
    boolean tcfdbforeach(TCFDB *fdb, TCITER iter, void *op)
    int64_t tcfdbkeytoid(const char *kbuf, int ksiz)

cdef extern from "tctdb.h" nogil:
    ctypedef struct TDBCOND:
        int op
        char *expr
        int esiz
    ctypedef struct TDBIDX:
        char *name
        int type
        void *db                # a TCBDB
    ctypedef struct TCTDB:
        TCHDB *hdb
        TDBIDX *idxs
        int inum
    ctypedef struct TDBQRY:
        TDBCOND *conds
        int cnum
        char *oname
    enum:
        TDBQCSTRRX, TDBQCFTSAND, TDBQCFTSOR, TDBQCFTSEX, TDBQPPUT, TDBQPSTOP
        TDBITOPT, TDBITKEEP
    ctypedef int (*TDBQRYPROC)(const void *, int, TCMAP *, void *) noexcept nogil
    char *tctdbopaque(TCTDB *tdb)
    uint64_t tctdbinode(TCTDB *tdb)
    int64_t tctdbmtime(TCTDB *tdb)
    const char *tctdberrmsg(int ecode)
    TCTDB *tctdbnew()
    void tctdbsetecode(
        TCTDB *tdb, int ecode, const char *filename, int line, const char *func)
    void tctdbdel(TCTDB *tdb)
    int tctdbecode(TCTDB *tdb)
    boolean tctdbsetmutex(TCTDB *tdb)
    boolean tctdbtune(TCTDB *tdb, int64_t bnum, int8_t apow, int8_t fpow, uint8_t opts)
    boolean tctdbsetcache(TCTDB *tdb, int32_t rcnum, int32_t lcnum, int32_t ncnum)
    boolean tctdbsetxmsiz(TCTDB *tdb, int64_t xmsiz)
    boolean tctdbsetdfunit(TCTDB *tdb, int32_t dfunit)
    boolean tctdbopen(TCTDB *tdb, const char *path, int omode)
    boolean tctdbclose(TCTDB *tdb)
    boolean tctdbput(TCTDB *tdb, const void *pkbuf, int pksiz, TCMAP *cols)
    boolean tctdbput2(TCTDB *tdb, const void *pkbuf, int pksiz, const void *cbuf,
        int csiz)
    boolean tctdbputkeep(TCTDB *tdb, const void *pkbuf, int pksiz, TCMAP *cols)
    boolean tctdbputkeep2(TCTDB *tdb, const void *pkbuf, int pksiz, const void *cbuf,
        int csiz)
    boolean tctdbputcat(TCTDB *tdb, const void *pkbuf, int pksiz, TCMAP *cols)
    boolean tctdbputcat2(TCTDB *tdb, const void *pkbuf, int pksiz, const void *cbuf,
        int csiz)
    boolean tctdbout(TCTDB *tdb, const void *pkbuf, int pksiz)
    TCMAP *tctdbget(TCTDB *tdb, const void *pkbuf, int pksiz)
    char *tctdbget2(TCTDB *tdb, const void *pkbuf, int pksiz, int *sp)
    int tctdbvsiz(TCTDB *tdb, const void *pkbuf, int pksiz)
    boolean tctdbiterinit(TCTDB *tdb)
    void *tctdbiternext(TCTDB *tdb, int *sp)
    TCMAP *tctdbiternext3(TCTDB *tdb)
    TCLIST *tctdbfwmkeys(TCTDB *tdb, const void *pbuf, int psiz, int max)
    int tctdbaddint(TCTDB *tdb, const void *pkbuf, int pksiz, int num)
    double tctdbadddouble(TCTDB *tdb, const void *pkbuf, int pksiz, double num)
    boolean tctdbsync(TCTDB *tdb)
    boolean tctdboptimize(TCTDB *tdb, int64_t bnum, int8_t apow, int8_t fpow,
        uint8_t opts)
    boolean tctdbvanish(TCTDB *tdb)
    boolean tctdbcopy(TCTDB *tdb, const char *path)
    boolean tctdbtranbegin(TCTDB *tdb)
    boolean tctdbtrancommit(TCTDB *tdb)
    boolean tctdbtranabort(TCTDB *tdb)
    const char *tctdbpath(TCTDB *tdb)
    uint64_t tctdbrnum(TCTDB *tdb)
    uint64_t tctdbfsiz(TCTDB *tdb)
    boolean tctdbsetindex(TCTDB *tdb, const char *name, int type)
    int64_t tctdbgenuid(TCTDB *tdb)
    TDBQRY *tctdbqrynew(TCTDB *tdb)
    void tctdbqrydel(TDBQRY *qry)
    void tctdbqryaddcond(TDBQRY *qry, const char *name, int op, const char *expr)
    void tctdbqrysetorder(TDBQRY *qry, const char *name, int type)
    void tctdbqrysetlimit(TDBQRY *qry, int max, int skip)
    TCLIST *tctdbqrysearch(TDBQRY *qry)
    boolean tctdbqrysearchout(TDBQRY *qry)
    boolean tctdbqryproc(TDBQRY *qry, TDBQRYPROC proc, void *op)
    const char *tctdbqryhint(TDBQRY *qry)
    TCLIST *tctdbmetasearch(TDBQRY **qrys, int num, int type)
    uint64_t tctdbbnum(TCTDB *tdb)
    uint32_t tctdbalign(TCTDB *tdb)
    uint32_t tctdbfbpmax(TCTDB *tdb)
    uint8_t tctdbflags(TCTDB *tdb)
    uint8_t tctdbopts(TCTDB *tdb)
    uint64_t tctdbbnumused(TCTDB *tdb)
    int tctdbinum(TCTDB *tdb)
    int64_t tctdbuidseed(TCTDB *tdb)
    boolean tctdbsetuidseed(TCTDB *tdb, int64_t seed)
    boolean tctdbsetinvcache(TCTDB *tdb, int64_t iccmax, double iccsync)
    boolean tctdbsetcodecfunc(TCTDB *tdb, TCCODEC enc, void *encop, TCCODEC dec,
        void *decop)
    uint32_t tctdbdfunit(TCTDB *tdb)
    boolean tctdbdefrag(TCTDB *tdb, int64_t step)
    boolean tctdbcacheclear(TCTDB *tdb)
    boolean tctdbputproc(TCTDB *tdb, const void *pkbuf, int pksiz, const void *cbuf,
        int csiz, TCPDPROC proc, void *op)
    char *tctdbget4(TCTDB *tdb, const void *pkbuf, int pksiz, const void *nbuf,
        int nsiz, int *sp)
    boolean tctdbiterinit2(TCTDB *tdb, const void *pkbuf, int pksiz)
    boolean tctdbforeach(TCTDB *tdb, TCITER iter, void *op)
    boolean tctdbqryproc2(TDBQRY *qry, TDBQRYPROC proc, void *op)
    boolean tctdbqrysearchout2(TDBQRY *qry)
    int tctdbqrycount(TDBQRY *qry)
    TCLIST *tctdbqrykwic(TDBQRY *qry, TCMAP *cols, const char *name, int width, int opts)
    int tctdbqrystrtocondop(const char *str)
    int tctdbqrystrtoordertype(const char *str)

cdef extern from "tcadb.h" nogil:
    ctypedef struct TCADB
    enum:
        ADBOVOID, ADBOMDB, ADBONDB, ADBOHDB, ADBOBDB, ADBOFDB, ADBOTDB
    ctypedef boolean (*ADBMAPPROC)(
        void *, const char *, int, const char *, int, void *) noexcept nogil
    TCADB *tcadbnew()
    void tcadbdel(TCADB *adb)
    boolean tcadbopen(TCADB *adb, const char *name)
    boolean tcadbclose(TCADB *adb)
    boolean tcadbput(TCADB *adb, const void *kbuf, int ksiz, const void *vbuf, int vsiz)
    boolean tcadbputkeep(TCADB *adb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tcadbputcat(TCADB *adb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz)
    boolean tcadbout(TCADB *adb, const void *kbuf, int ksiz)
    void *tcadbget(TCADB *adb, const void *kbuf, int ksiz, int *sp)
    int tcadbvsiz(TCADB *adb, const void *kbuf, int ksiz)
    boolean tcadbiterinit(TCADB *adb)
    void *tcadbiternext(TCADB *adb, int *sp)
    TCLIST *tcadbfwmkeys(TCADB *adb, const void *pbuf, int psiz, int max)
    int tcadbaddint(TCADB *adb, const void *kbuf, int ksiz, int num)
    double tcadbadddouble(TCADB *adb, const void *kbuf, int ksiz, double num)
    boolean tcadbsync(TCADB *adb)
    boolean tcadboptimize(TCADB *adb, const char *params)
    boolean tcadbvanish(TCADB *adb)
    boolean tcadbcopy(TCADB *adb, const char *path)
    boolean tcadbtranbegin(TCADB *adb)
    boolean tcadbtrancommit(TCADB *adb)
    boolean tcadbtranabort(TCADB *adb)
    const char *tcadbpath(TCADB *adb)
    uint64_t tcadbrnum(TCADB *adb)
    uint64_t tcadbsize(TCADB *adb)
    TCLIST *tcadbmisc(TCADB *adb, const char *name, const TCLIST *args)
    int tcadbomode(TCADB *adb)
    void *tcadbreveal(TCADB *adb)
    boolean tcadbputproc(TCADB *adb, const void *kbuf, int ksiz, const void *vbuf,
        int vsiz, TCPDPROC proc, void *op)
    boolean tcadbforeach(TCADB *adb, TCITER iter, void *op)
    boolean tcadbmapbdb(TCADB *adb, TCLIST *keys, TCBDB *bdb, ADBMAPPROC proc,
        void *op, int64_t csiz)
    boolean tcadbmapbdbemit(void *map, const char *kbuf, int ksiz, const char *vbuf,
        int vsiz)

"""The constants of the C headers, under their C names, as plain integers."""

from typing import Final

# KWIC generator (tcutil.h)
TCKWMUTAB: Final = 1 << 0
TCKWMUCTRL: Final = 1 << 1
TCKWMUBRCT: Final = 1 << 2
TCKWNOOVER: Final = 1 << 24
TCKWPULEAD: Final = 1 << 25

# error codes (tcutil.h)
TCESUCCESS: Final = 0
TCETHREAD: Final = 1
TCEINVALID: Final = 2
TCENOFILE: Final = 3
TCENOPERM: Final = 4
TCEMETA: Final = 5
TCERHEAD: Final = 6
TCEOPEN: Final = 7
TCECLOSE: Final = 8
TCETRUNC: Final = 9
TCESYNC: Final = 10
TCESTAT: Final = 11
TCESEEK: Final = 12
TCEREAD: Final = 13
TCEWRITE: Final = 14
TCEMMAP: Final = 15
TCELOCK: Final = 16
TCEUNLINK: Final = 17
TCERENAME: Final = 18
TCEMKDIR: Final = 19
TCERMDIR: Final = 20
TCEKEEP: Final = 21
TCENOREC: Final = 22
TCEMISC: Final = 9999

# database type (tcutil.h)
TCDBTHASH: Final = 0
TCDBTBTREE: Final = 1
TCDBTFIXED: Final = 2
TCDBTTABLE: Final = 3

# additional flags (tchdb.h)
HDBFOPEN: Final = 1 << 0
HDBFFATAL: Final = 1 << 1

# tuning options (tchdb.h)
HDBTLARGE: Final = 1 << 0
HDBTDEFLATE: Final = 1 << 1
HDBTBZIP: Final = 1 << 2
HDBTTCBS: Final = 1 << 3
HDBTEXCODEC: Final = 1 << 4

# open modes (tchdb.h)
HDBOREADER: Final = 1 << 0
HDBOWRITER: Final = 1 << 1
HDBOCREAT: Final = 1 << 2
HDBOTRUNC: Final = 1 << 3
HDBONOLCK: Final = 1 << 4
HDBOLCKNB: Final = 1 << 5
HDBOTSYNC: Final = 1 << 6

# additional flags (tcbdb.h)
BDBFOPEN: Final = HDBFOPEN
BDBFFATAL: Final = HDBFFATAL

# tuning options (tcbdb.h)
BDBTLARGE: Final = 1 << 0
BDBTDEFLATE: Final = 1 << 1
BDBTBZIP: Final = 1 << 2
BDBTTCBS: Final = 1 << 3
BDBTEXCODEC: Final = 1 << 4

# open modes (tcbdb.h)
BDBOREADER: Final = 1 << 0
BDBOWRITER: Final = 1 << 1
BDBOCREAT: Final = 1 << 2
BDBOTRUNC: Final = 1 << 3
BDBONOLCK: Final = 1 << 4
BDBOLCKNB: Final = 1 << 5
BDBOTSYNC: Final = 1 << 6

# cursor put mode (tcbdb.h)
BDBCPCURRENT: Final = 0
BDBCPBEFORE: Final = 1
BDBCPAFTER: Final = 2

# additional flags (tcfdb.h)
FDBFOPEN: Final = 1 << 0
FDBFFATAL: Final = 1 << 1

# open modes (tcfdb.h)
FDBOREADER: Final = 1 << 0
FDBOWRITER: Final = 1 << 1
FDBOCREAT: Final = 1 << 2
FDBOTRUNC: Final = 1 << 3
FDBONOLCK: Final = 1 << 4
FDBOLCKNB: Final = 1 << 5
FDBOTSYNC: Final = 1 << 6

# ID constants (tcfdb.h)
FDBIDMIN: Final = -1
FDBIDPREV: Final = -2
FDBIDMAX: Final = -3
FDBIDNEXT: Final = -4

# additional flags (tctdb.h)
TDBFOPEN: Final = HDBFOPEN
TDBFFATAL: Final = HDBFFATAL

# tuning options (tctdb.h)
TDBTLARGE: Final = 1 << 0
TDBTDEFLATE: Final = 1 << 1
TDBTBZIP: Final = 1 << 2
TDBTTCBS: Final = 1 << 3
TDBTEXCODEC: Final = 1 << 4

# open modes (tctdb.h)
TDBOREADER: Final = 1 << 0
TDBOWRITER: Final = 1 << 1
TDBOCREAT: Final = 1 << 2
TDBOTRUNC: Final = 1 << 3
TDBONOLCK: Final = 1 << 4
TDBOLCKNB: Final = 1 << 5
TDBOTSYNC: Final = 1 << 6

# index types (tctdb.h)
TDBITLEXICAL: Final = 0
TDBITDECIMAL: Final = 1
TDBITTOKEN: Final = 2
TDBITQGRAM: Final = 3
TDBITOPT: Final = 9998
TDBITVOID: Final = 9999
TDBITKEEP: Final = 1 << 24

# query conditions (tctdb.h)
TDBQCSTREQ: Final = 0
TDBQCSTRINC: Final = 1
TDBQCSTRBW: Final = 2
TDBQCSTREW: Final = 3
TDBQCSTRAND: Final = 4
TDBQCSTROR: Final = 5
TDBQCSTROREQ: Final = 6
TDBQCSTRRX: Final = 7
TDBQCNUMEQ: Final = 8
TDBQCNUMGT: Final = 9
TDBQCNUMGE: Final = 10
TDBQCNUMLT: Final = 11
TDBQCNUMLE: Final = 12
TDBQCNUMBT: Final = 13
TDBQCNUMOREQ: Final = 14
TDBQCFTSPH: Final = 15
TDBQCFTSAND: Final = 16
TDBQCFTSOR: Final = 17
TDBQCFTSEX: Final = 18
TDBQCNEGATE: Final = 1 << 24
TDBQCNOIDX: Final = 1 << 25

# order types (tctdb.h)
TDBQOSTRASC: Final = 0
TDBQOSTRDESC: Final = 1
TDBQONUMASC: Final = 2
TDBQONUMDESC: Final = 3

# set operation types (tctdb.h)
TDBMSUNION: Final = 0
TDBMSISECT: Final = 1
TDBMSDIFF: Final = 2

# post treatments (tctdb.h)
TDBQPPUT: Final = 1 << 0
TDBQPOUT: Final = 1 << 1
TDBQPSTOP: Final = 1 << 24

# open modes (tcadb.h)
ADBOVOID: Final = 0
ADBOMDB: Final = 1
ADBONDB: Final = 2
ADBOHDB: Final = 3
ADBOBDB: Final = 4
ADBOFDB: Final = 5
ADBOTDB: Final = 6
ADBOSKEL: Final = 7

__all__ = [
    "ADBOBDB",
    "ADBOFDB",
    "ADBOHDB",
    "ADBOMDB",
    "ADBONDB",
    "ADBOSKEL",
    "ADBOTDB",
    "ADBOVOID",
    "BDBCPAFTER",
    "BDBCPBEFORE",
    "BDBCPCURRENT",
    "BDBFFATAL",
    "BDBFOPEN",
    "BDBOCREAT",
    "BDBOLCKNB",
    "BDBONOLCK",
    "BDBOREADER",
    "BDBOTRUNC",
    "BDBOTSYNC",
    "BDBOWRITER",
    "BDBTBZIP",
    "BDBTDEFLATE",
    "BDBTEXCODEC",
    "BDBTLARGE",
    "BDBTTCBS",
    "FDBFFATAL",
    "FDBFOPEN",
    "FDBIDMAX",
    "FDBIDMIN",
    "FDBIDNEXT",
    "FDBIDPREV",
    "FDBOCREAT",
    "FDBOLCKNB",
    "FDBONOLCK",
    "FDBOREADER",
    "FDBOTRUNC",
    "FDBOTSYNC",
    "FDBOWRITER",
    "HDBFFATAL",
    "HDBFOPEN",
    "HDBOCREAT",
    "HDBOLCKNB",
    "HDBONOLCK",
    "HDBOREADER",
    "HDBOTRUNC",
    "HDBOTSYNC",
    "HDBOWRITER",
    "HDBTBZIP",
    "HDBTDEFLATE",
    "HDBTEXCODEC",
    "HDBTLARGE",
    "HDBTTCBS",
    "TCDBTBTREE",
    "TCDBTFIXED",
    "TCDBTHASH",
    "TCDBTTABLE",
    "TCECLOSE",
    "TCEINVALID",
    "TCEKEEP",
    "TCELOCK",
    "TCEMETA",
    "TCEMISC",
    "TCEMKDIR",
    "TCEMMAP",
    "TCENOFILE",
    "TCENOPERM",
    "TCENOREC",
    "TCEOPEN",
    "TCEREAD",
    "TCERENAME",
    "TCERHEAD",
    "TCERMDIR",
    "TCESEEK",
    "TCESTAT",
    "TCESUCCESS",
    "TCESYNC",
    "TCETHREAD",
    "TCETRUNC",
    "TCEUNLINK",
    "TCEWRITE",
    "TCKWMUBRCT",
    "TCKWMUCTRL",
    "TCKWMUTAB",
    "TCKWNOOVER",
    "TCKWPULEAD",
    "TDBFFATAL",
    "TDBFOPEN",
    "TDBITDECIMAL",
    "TDBITKEEP",
    "TDBITLEXICAL",
    "TDBITOPT",
    "TDBITQGRAM",
    "TDBITTOKEN",
    "TDBITVOID",
    "TDBMSDIFF",
    "TDBMSISECT",
    "TDBMSUNION",
    "TDBOCREAT",
    "TDBOLCKNB",
    "TDBONOLCK",
    "TDBOREADER",
    "TDBOTRUNC",
    "TDBOTSYNC",
    "TDBOWRITER",
    "TDBQCFTSAND",
    "TDBQCFTSEX",
    "TDBQCFTSOR",
    "TDBQCFTSPH",
    "TDBQCNEGATE",
    "TDBQCNOIDX",
    "TDBQCNUMBT",
    "TDBQCNUMEQ",
    "TDBQCNUMGE",
    "TDBQCNUMGT",
    "TDBQCNUMLE",
    "TDBQCNUMLT",
    "TDBQCNUMOREQ",
    "TDBQCSTRAND",
    "TDBQCSTRBW",
    "TDBQCSTREQ",
    "TDBQCSTREW",
    "TDBQCSTRINC",
    "TDBQCSTROR",
    "TDBQCSTROREQ",
    "TDBQCSTRRX",
    "TDBQONUMASC",
    "TDBQONUMDESC",
    "TDBQOSTRASC",
    "TDBQOSTRDESC",
    "TDBQPOUT",
    "TDBQPPUT",
    "TDBQPSTOP",
    "TDBTBZIP",
    "TDBTDEFLATE",
    "TDBTEXCODEC",
    "TDBTLARGE",
    "TDBTTCBS",
]

"""Makes up commands, sensible and senseless, from a random source.

A few keys, fields and numbers are used over and over, so that commands meet: the same
key as string, hash and sorted set, scores that tie, ranges with both ends anywhere.
"""

from __future__ import annotations

KEYS = [b"a", b"b", b"c", b"{t}:d", b"\x00\xff", b"key:*?", b""]
FIELDS = [b"f", b"g", b"h", b"i", b"", b"\r\n", b"n" * 65]
MEMBERS = [b"a", b"b", b"c", b"d", b"e", b"aa", b"ab", b"\xff", b"", b"m" * 65]
VALUES = [
    *(b"", b"v", b"0", b"1", b"-1", b"10", b"007", b"+5", b" 1", b"1 ", b"3.0", b"1e3"),
    *(b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808"),
    *(b"3.25", b"-0.5", b"inf", b"-inf", b"nan", b"0x10", b"abc", b"x" * 70),
    *(b"line\r\nbreak", b"\x00\x01\xfe\xff", b"1.7976931348623157e308", b"5e-324"),
]
INTEGERS = [
    *(b"0", b"1", b"-1", b"2", b"3", b"-2", b"5", b"-5", b"10", b"100", b"-100"),
    *(b"9223372036854775807", b"-9223372036854775808", b"1.5", b"x", b"", b"01"),
]
SMALL = [b"0", b"1", b"-1", b"2", b"3", b"-2", b"-3", b"4", b"100", b"-100"]
SCORES = [
    *(b"0", b"1", b"1", b"2", b"2", b"3", b"-1", b"1.5", b"-2.25", b"1e10", b"0.1"),
    *(b"inf", b"-inf", b"+inf", b"-0", b"1e400", b"nan", b"x", b"", b"0x1p3"),
]
BOUNDS = [
    *(b"-inf", b"+inf", b"inf", b"0", b"1", b"(1", b"2", b"(2", b"-1", b"(-inf", b"3"),
    *(b"(1.5", b"x", b"(", b"", b"nan", b"(nan", b"1e400"),
]
LEX = [b"-", b"+", b"[a", b"(a", b"[b", b"(c", b"[", b"(", b"[e", b"x", b"", b"[aa"]
TTLS = [b"0", b"-1", b"x", b"9223372036854775807", b"", b"1.5"]
PATTERNS = [b"*", b"a*", b"?", b"[a-c]", b"[^a]", b"*b", b"\\*", b"{t}*", b"[", b"*:*"]


class Maker:
    """Draws commands; everything random comes from `rng`."""

    def __init__(self, rng):
        self.rng = rng
        self.members = MEMBERS
        self.has_long = False

    def batch(self, count):
        """Return commands for one empty store.

        A sorted set with a long member leaves Redis's compact encoding, after which
        ranges by name over mixed scores answer by chance; so a batch has the one or
        the other.
        """
        self.has_long = self.maybe()
        self.members = MEMBERS if self.has_long else MEMBERS[:-1]
        out = [self.command() for _ in range(count)]
        while self.has_long and any(map(is_by_name, out)):
            out = [words for words in out if not is_by_name(words)]
            out += [self.command() for _ in range(count - len(out))]
        return out

    def one(self, values):
        return values[self.rng.randrange(len(values))]

    def maybe(self, chance=0.5):
        return self.rng.random() < chance

    def many(self, values, most=3):
        return [self.one(values) for _ in range(self.rng.randint(1, most))]

    @property
    def key(self):
        return self.one(KEYS)

    @property
    def ttl_s(self):
        """Some number of seconds, most of them good.

        No two are alike: by how many milliseconds the servers are apart must not
        decide which of two is greater.
        """
        if self.maybe(0.2):
            return self.one(TTLS)
        return b"%d" % (7 * self.rng.randrange(200, 10**8))

    def pairs(self, first, second, most=3):
        return [
            word
            for _ in range(self.rng.randint(1, most))
            for word in (self.one(first), self.one(second))
        ]

    def command(self):
        """Return the words of one command, now and then spoilt."""
        words = self.one(MAKERS)(self)
        if words[0].startswith(b"B"):
            return words  # a spoilt timeout could wait for ever
        spoil = self.rng.random()
        if spoil < 0.02 and len(words) > 1:
            words = words[:-1]
        elif spoil < 0.04:
            words = [*words, self.one(VALUES)]
        elif spoil < 0.06:
            words = [words[0].swapcase(), *words[1:]]
        return words

    # -- strings ---------------------------------------------------------------------

    def set(self):
        words = [b"SET", self.key, self.one(VALUES)]
        if self.maybe(0.3):
            words.append(self.one([b"NX", b"XX", b"nx"]))
        if self.maybe(0.2):
            words.append(b"GET")
        if self.maybe(0.3):
            words += self.one([[b"KEEPTTL"], [b"EX", self.ttl_s], [b"PX", b"7654321"]])
        if self.maybe(0.05):
            words += [b"EXAT", b"33177117420"]
        return words

    def get_like(self):
        return [
            self.one([b"GET", b"STRLEN", b"GETDEL", b"GETEX", b"TYPE", b"EXISTS"]),
            self.key,
        ]

    def getex(self):
        how = [
            [b"EX", self.ttl_s],
            [b"PXAT", b"33177117420000"],
            [b"PERSIST"],
            [b"PERSIST", b"EX", b"1"],
            [b"NX"],
        ]
        return [b"GETEX", self.key, *self.one(how)]

    def set_like(self):
        return [self.one([b"SETNX", b"GETSET", b"APPEND"]), self.key, self.one(VALUES)]

    def setex(self):
        return [
            self.one([b"SETEX", b"PSETEX"]),
            self.key,
            self.ttl_s + (b"000" if self.maybe() else b""),
            self.one(VALUES),
        ]

    def mset(self):
        return [self.one([b"MSET", b"MSETNX"]), *self.pairs(KEYS, VALUES)]

    def mget(self):
        return [b"MGET", *self.many(KEYS, 4)]

    def range_(self):
        return [
            self.one([b"GETRANGE", b"SUBSTR"]),
            self.key,
            self.one(INTEGERS),
            self.one(INTEGERS),
        ]

    def setrange(self):
        return [
            b"SETRANGE",
            self.key,
            self.one([b"0", b"1", b"5", b"-1", b"x", b"600000000"]),
            self.one(VALUES),
        ]

    def incr(self):
        name = self.one([b"INCR", b"DECR"])
        return [name, self.key]

    def incrby(self):
        return [self.one([b"INCRBY", b"DECRBY"]), self.key, self.one(INTEGERS)]

    def incrbyfloat(self):
        return [
            b"INCRBYFLOAT",
            self.key,
            self.one([*SCORES, b"0.1", b"1e-5", b"3.0e3", b"1e20", b"-1.05"]),
        ]

    # -- keys ------------------------------------------------------------------------

    def keys_(self):
        return [
            self.one([b"DEL", b"UNLINK", b"EXISTS", b"TOUCH"]),
            *self.many(KEYS),
        ]

    def expire(self):
        words = self.one(
            [
                [b"EXPIRE", self.key, self.ttl_s],
                [b"PEXPIRE", self.key, self.ttl_s + b"000"],
            ]
        )
        if self.maybe(0.4):
            words += self.many([b"NX", b"XX", b"GT", b"LT", b"gt", b"ZZ"], 2)
        return words

    def expireat(self):
        return self.one(
            [
                [b"EXPIREAT", self.key, self.one([b"33177117420", b"1", b"x"])],
                [b"PEXPIREAT", self.key, self.one([b"33177117420123", b"1", b"-5"])],
            ]
        )

    def ttl(self):
        return [
            self.one([b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME", b"PERSIST"]),
            self.key,
        ]

    def rename(self):
        return [self.one([b"RENAME", b"RENAMENX"]), self.key, self.key]

    def copy(self):
        words = [b"COPY", self.key, self.key]
        if self.maybe(0.4):
            words.append(b"REPLACE")
        return words

    def enumerate_(self):
        return self.one(
            [
                [b"KEYS", self.one(PATTERNS)],
                [b"DBSIZE"],
                [b"SCAN", b"0", b"COUNT", b"1000"],
                [b"SCAN", b"0", b"MATCH", self.one(PATTERNS), b"COUNT", b"1000"],
                [b"SCAN", b"0", b"COUNT", b"1000", b"TYPE", b"hash"],
                [b"SCAN", self.one([b"x", b"", b"-", b"1x"])],
                [b"SCAN", b"0", self.one([b"COUNT", b"MATCH", b"ZZ"])],
                [b"SCAN", b"0", b"COUNT", self.one([b"0", b"-1", b"x"])],
                [b"OBJECT", b"ENCODING", self.key],
                [b"OBJECT", b"REFCOUNT", self.one([b"none"])],
            ]
        )

    # -- hashes ----------------------------------------------------------------------

    def hset(self):
        return [
            self.one([b"HSET", b"HSET", b"HMSET"]),
            self.key,
            *self.pairs(FIELDS, VALUES),
        ]

    def hget(self):
        name = self.one([b"HGET", b"HEXISTS", b"HSTRLEN"])
        return [name, self.key, self.one(FIELDS)]

    def hmany(self):
        return [self.one([b"HMGET", b"HDEL"]), self.key, *self.many(FIELDS)]

    def hall(self):
        return [self.one([b"HGETALL", b"HKEYS", b"HVALS", b"HLEN"]), self.key]

    def hsetnx(self):
        return [b"HSETNX", self.key, self.one(FIELDS), self.one(VALUES)]

    def hincr(self):
        return self.one(
            [
                [b"HINCRBY", self.key, self.one(FIELDS), self.one(INTEGERS)],
                [b"HINCRBYFLOAT", self.key, self.one(FIELDS), self.one(SCORES)],
            ]
        )

    def hscan(self):
        words = [b"HSCAN", self.key, b"0"]
        if self.maybe():
            words += [b"MATCH", self.one(PATTERNS)]
        if self.maybe(0.1):
            words += [b"COUNT", self.one(INTEGERS)]
        return words

    def hrandfield(self):
        return self.one(
            [
                [b"HRANDFIELD", self.key, b"100"],
                [b"HRANDFIELD", self.key, b"100", b"WITHVALUES"],
                [b"HRANDFIELD", self.key, b"0"],
                [b"HRANDFIELD", self.key, b"x"],
                [b"HRANDFIELD", self.key, b"100", b"ZZ"],
                [b"HRANDFIELD", self.key, b"-9223372036854775808", b"WITHVALUES"],
            ]
        )

    # -- sorted sets -----------------------------------------------------------------

    def zadd(self):
        words = [b"ZADD", self.key]
        if self.maybe(0.4):
            words += self.many([b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR", b"ch"])
        if self.maybe(0.8):
            plain = SCORES[:15]
            return [*words, *self.pairs(plain, self.members, 4)]
        return [*words, *self.pairs(SCORES, self.members, 2)]

    def zincrby(self):
        return [b"ZINCRBY", self.key, self.one(SCORES), self.one(self.members)]

    def zone(self):
        name = self.one([b"ZSCORE", b"ZRANK", b"ZREVRANK"])
        return [name, self.key, self.one(self.members)]

    def zmany(self):
        return [self.one([b"ZMSCORE", b"ZREM"]), self.key, *self.many(self.members)]

    def zcard(self):
        return [b"ZCARD", self.key]

    def zcount(self):
        return self.one(
            [
                [b"ZCOUNT", self.key, self.one(BOUNDS), self.one(BOUNDS)],
                [b"ZLEXCOUNT", self.key, self.one(LEX), self.one(LEX)],
            ]
        )

    def zrange(self):
        kind = self.rng.randrange(2 if self.has_long else 3)
        ends = (SMALL + INTEGERS, BOUNDS, LEX)[kind]
        words = [b"ZRANGE", self.key, self.one(ends), self.one(ends)]
        if kind:
            words.append((b"", b"BYSCORE", b"BYLEX")[kind])
        if self.maybe(0.4):
            words.append(b"REV")
        if self.maybe(0.3) and (kind or self.maybe(0.1)):
            offset = b"0" if kind == 2 else self.one(SMALL)
            words += [b"LIMIT", offset, self.one(SMALL)]
        if self.maybe(0.3) and (kind != 2 or self.maybe(0.1)):
            words.append(b"WITHSCORES")
        return words

    def zrange_old(self):
        kind = self.rng.randrange(2 if self.has_long else 3)
        ends = (SMALL, BOUNDS, LEX)[kind]
        names = (
            [b"ZREVRANGE", b"ZRANGE"],
            [b"ZRANGEBYSCORE", b"ZREVRANGEBYSCORE"],
            [b"ZRANGEBYLEX", b"ZREVRANGEBYLEX"],
        )[kind]
        words = [self.one(names), self.key, self.one(ends), self.one(ends)]
        if self.maybe(0.3) and kind != 2:
            words.append(b"WITHSCORES")
        if self.maybe(0.3) and kind:
            offset = b"0" if kind == 2 else self.one(SMALL)
            words += [b"LIMIT", offset, self.one(SMALL)]
        return words

    def zrangestore(self):
        words = self.zrange()
        return [b"ZRANGESTORE", self.key, *words[1:]]

    def zremrange(self):
        return self.one(
            [
                [b"ZREMRANGEBYRANK", self.key, self.one(SMALL), self.one(SMALL)],
                [b"ZREMRANGEBYSCORE", self.key, self.one(BOUNDS), self.one(BOUNDS)],
                [b"ZREMRANGEBYLEX", self.key, self.one(LEX), self.one(LEX)],
            ]
        )

    def algebra(self):
        name = self.one([b"ZUNION", b"ZINTER", b"ZDIFF", b"ZINTERCARD"])
        store = name != b"ZINTERCARD" and self.maybe(0.4)
        keys = self.many(KEYS)
        words = [name + b"STORE", self.key] if store else [name]
        count = len(keys) if self.maybe(0.95) else self.one([0, -1, 9, "x"])
        words += [str(count).encode(), *keys]
        if self.maybe(0.3):
            words += [b"WEIGHTS", *(self.one(SCORES) for _ in keys)]
        if self.maybe(0.3):
            words += [b"AGGREGATE", self.one([b"SUM", b"MIN", b"MAX", b"sum", b"ZZ"])]
        if self.maybe(0.3):
            words.append(b"WITHSCORES")
        if name == b"ZINTERCARD" and self.maybe():
            words += [b"LIMIT", self.one(INTEGERS)]
        return words

    def zpop(self):
        words = [self.one([b"ZPOPMIN", b"ZPOPMAX"]), self.key]
        if self.maybe():
            words.append(self.one(INTEGERS))
        return words

    def zmpop(self):
        name = self.one([b"ZMPOP", b"BZMPOP"])
        keys = self.many(KEYS)
        words = [
            name,
            str(len(keys)).encode(),
            *keys,
            self.one([b"MIN", b"MAX", b"ZZ"]),
        ]
        if name == b"BZMPOP":
            words.insert(1, b"0.001")
        if self.maybe(0.3):
            words += [b"COUNT", self.one(INTEGERS)]
        return words

    def bzpop(self):
        return [
            self.one([b"BZPOPMIN", b"BZPOPMAX"]),
            *self.many(KEYS),
            self.one([b"0.001", b"-1", b"x", b"inf", b"1e400"]),
        ]

    def zscan(self):
        words = [b"ZSCAN", self.key, b"0"]
        if self.maybe():
            words += [b"MATCH", self.one(PATTERNS)]
        return words

    def zrandmember(self):
        return self.one(
            [
                [b"ZRANDMEMBER", self.key, b"100"],
                [b"ZRANDMEMBER", self.key, b"100", b"WITHSCORES"],
                [b"ZRANDMEMBER", self.key, b"0"],
                [b"ZRANDMEMBER", self.key, b"9223372036854775807", b"WITHSCORES"],
            ]
        )

    # -- the rest --------------------------------------------------------------------

    def transaction(self):
        return [self.one([b"MULTI", b"EXEC", b"EXEC", b"DISCARD", b"UNWATCH"])]

    def watch(self):
        return [b"WATCH", self.key]

    def rare(self):
        return self.one(
            [
                [b"PING"],
                [b"PING", self.one(VALUES)],
                [b"ECHO", self.one(VALUES)],
                [b"SELECT", self.one([b"0", b"x", b"-1"])],
                [b"FLUSHDB", self.one([b"ASYNC", b"sync", b"ZZ"])],
                [b"FLUSHALL"],
                [b"NOSUCH", *self.many(VALUES)],
                [b"no\r\nsuch", b"x" * 200, b"y"],
                [b"LPUSH" + b"Q", b"a"],
                [b"CLIENT", b"NOSUCH"],
                [b"CLIENT"],
                [b"CLIENT", b"SETNAME", self.one([b"name", b"a b", b""])],
                [b"CLIENT", b"GETNAME"],
                [b"CLIENT", b"NO-EVICT", self.one([b"ON", b"off", b"x"])],
                [b"CONFIG", b"GET", b"maxmemory"],
                [b"CONFIG", b"SET", b"no-such", b"1"],
                [b"OBJECT", b"HELP2"],
                [b"WAIT", b"0", b"0"],
                [b"PUBLISH", b"channel", b"message"],
                [b"PUBSUB", b"NUMSUB", b"x"],
                [b"ACL", self.one([b"WHOAMI", b"LIST", b"USERS", b"CAT"])],
                [b"ACL", b"GETUSER", self.one([b"default", b"x"])],
                [b"ACL", b"DRYRUN", b"default", *self.many([b"GET", b"x", b"DEL"])],
                [b"SWAPDB", b"0", self.one([b"0", b"x", b"99"])],
                [b"LOLWUT"],
                [b"MEMORY", b"USAGE", b"none"],
                [b"OBJECT", b"FREQ", self.key],
                [b"CONFIG", b"GET", self.one([b"Timeout", b"time*", b"save"])],
                [b"AUTH", b"x"],
                [b"AUTH", b"default", b"x"],
                [b"AUTH", b"x", b"y"],
                [b"HELLO", b"9"],
                [b"HELLO", b"x"],
                [b"HELLO", b"2", b"ZZ"],
                [b"DISCARD"],
                [b"SLOWLOG", b"GET", b"-2"],
                [b"LATENCY", b"LATEST"],
            ]
        )


def is_by_name(words):
    """Tell whether a command ranges over members by their names."""
    return b"LEX" in words[0].upper() or b"BYLEX" in words


def _makers():
    weights = {
        Maker.set: 4,
        Maker.hset: 4,
        Maker.zadd: 8,
        Maker.zrange: 5,
        Maker.zrange_old: 4,
        Maker.algebra: 4,
        Maker.keys_: 2,
        Maker.enumerate_: 2,
        Maker.zrangestore: 2,
        Maker.zremrange: 2,
    }
    plain = [
        Maker.get_like,
        Maker.getex,
        Maker.set_like,
        Maker.setex,
        Maker.mset,
        Maker.mget,
        Maker.range_,
        Maker.setrange,
        Maker.incr,
        Maker.incrby,
        Maker.incrbyfloat,
        Maker.expire,
        Maker.expireat,
        Maker.ttl,
        Maker.rename,
        Maker.copy,
        Maker.hget,
        Maker.hmany,
        Maker.hall,
        Maker.hsetnx,
        Maker.hincr,
        Maker.hscan,
        Maker.hrandfield,
        Maker.zincrby,
        Maker.zone,
        Maker.zmany,
        Maker.zcard,
        Maker.zcount,
        Maker.zpop,
        Maker.zmpop,
        Maker.bzpop,
        Maker.zscan,
        Maker.zrandmember,
        Maker.transaction,
        Maker.watch,
        Maker.rare,
    ]
    return [*plain, *(make for make, times in weights.items() for _ in range(times))]


MAKERS = _makers()

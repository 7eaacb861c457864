"""The index against plain Python: the same documents, the same order, the same total.

Documents are written, changed and removed at random through the catalog, in transactions
of a real engine; queries are made at random together with what they mean, as a predicate
over dictionaries. The model knows nothing of posting lists.
"""

import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_kvstore.engine.store import Engine
from hunch_kvstore.search import definition, pending, request
from hunch_kvstore.search.catalog import Catalog
from hunch_kvstore.search.run import run
from hunch_kvstore.search.stemmer import stem
from hunch_kvstore.search.stopword import STOPWORDS

CREATE = (
    b"i ON HASH PREFIX 1 d: SCHEMA tags TAG kind TAG CASESENSITIVE SEPARATOR ; "
    b"body TEXT title TEXT NOSTEM published NUMERIC SORTABLE size NUMERIC"
).split()
NO_ORDER = (
    b"i PREFIX 1 d: SCHEMA tags TAG kind TAG CASESENSITIVE SEPARATOR ; "
    b"body TEXT title TEXT NOSTEM size NUMERIC"
).split()
WORDS = [
    "run",
    "running",
    "runs",
    "fox",
    "foxes",
    "quick",
    "the",
    "of",
    "brown",
    "lazy",
    "dog",
    "état",
    "cafe",
    "happiness",
]
RUNS = ["東京都", "京都", "東京", "都", "한국어", "สวัสดี", "国"]
TAGS = ["red", "Blue", "green sea", "c-d", "x"]
NEAR = 1_790_000_000_000_000
VALUES = ["1", "2", "2.5", "-7", "0", "-0", "1e300", "inf", "-inf", str(NEAR)]
VALUES += [str(NEAR + step) for step in (1, 2, 1000, 3_000_000, 9_000_000)]


@pytest.fixture(scope="module", autouse=True, params=[60, 1000, 1_000_000])
def generation(request):
    """Let generations be small, so that much is folded, or large as they are."""
    usual = pending.GENERATION_POSTINGS
    pending.GENERATION_POSTINGS = request.param
    yield request.param
    pending.GENERATION_POSTINGS = usual


@dataclass
class Model:
    documents: dict[bytes, dict[bytes, bytes]] = field(default_factory=dict)
    arrival: dict[bytes, int] = field(default_factory=dict)
    clock: int = 0

    def put(self, key, fields):
        self.clock += 1
        self.documents[key] = fields
        self.arrival[key] = self.clock

    def number(self, key, name):
        raw = self.documents[key].get(name)
        return None if raw is None else float(raw)


def tags_of(fields, name=b"tags", separator=",", lower=True):
    found = [tag.strip() for tag in fields.get(name, b"").decode().split(separator)]
    return {tag.lower() if lower else tag for tag in found if tag}


def words_of(fields, name):
    text = fields.get(name, b"").decode()
    return [w.replace("é", "e") for w in text.split() if w not in STOPWORDS]


def is_run(word):
    return ord(word[0]) > 0xE00


def word_in(words, word, stems):
    word = word.replace("é", "e")
    if is_run(word):
        return any(word in other for other in words if is_run(other))
    if word in words:
        return True
    if not stems:
        return False
    root = stem(word)
    roots = {stem(w) for w in words if len(w) >= 4 and stem(w) != w and not is_run(w)}
    return root in words or root in roots


def text_query(r, stems):
    """A query over TEXT fields and what it means."""
    fields, prefix = [b"body", b"title"], ""
    if r.random() < 0.5:
        fields = [r.choice(fields)]
        prefix = f"@{fields[0].decode()}:"
    kind = r.choice(["word", "word", "phrase", "prefix", "run"])
    if kind in ("word", "run"):
        word = r.choice([w for w in WORDS if w not in STOPWORDS])
        if kind == "run":
            word = r.choice(RUNS)

        def means(doc):
            # NOSTEM: a title is found by the stem itself, but keeps none of its own.
            return any(
                word_in(words_of(doc, f), word, stems)
                if f == b"body"
                else word_in(words_of(doc, f), word, False)
                or (stems and not is_run(word) and stem(word) in words_of(doc, f))
                for f in fields
            )

        return f"{prefix}({word})" if prefix else word, means
    if kind == "prefix":
        head = r.choice(["ru", "qu", "fox", "do", "etat", "ca"])
        return f"{prefix}{head}*", lambda doc: any(
            w.startswith(head)
            for f in fields
            for w in words_of(doc, f)
            if not is_run(w)
        )
    some = r.choices(WORDS + RUNS, k=r.choice([2, 2, 3]))
    wanted = [w.replace("é", "e") for w in some if w not in STOPWORDS]
    return f'{prefix}"{" ".join(some)}"', lambda doc: any(
        phrase_in(words_of(doc, f), wanted) for f in fields
    )


def phrase_in(words, wanted):
    """Neighbours in order; a run at an end of the phrase may be a part of one."""
    if not wanted:
        return False
    for at in range(len(words) - len(wanted) + 1):
        fits = True
        for i, (have, want) in enumerate(zip(words[at:], wanted, strict=False)):
            first, last = i == 0, i == len(wanted) - 1
            if not is_run(want):
                fits &= have == want
            elif first and last:
                fits &= want in have
            elif first:
                fits &= have.endswith(want)
            elif last:
                fits &= have.startswith(want)
            else:
                fits &= have == want
        if fits:
            return True
    return False


def tag_query(r):
    some = r.choices(TAGS, k=r.choice([1, 1, 2]))
    shown = "|".join(tag.replace("-", "\\-") for tag in some)
    if r.random() < 0.3:
        return f"@kind:{{{shown}}}", lambda doc: bool(
            set(some) & tags_of(doc, b"kind", ";", False)
        )
    return f"@tags:{{{shown}}}", lambda doc: bool(
        {t.lower() for t in some} & tags_of(doc)
    )


def range_query(r, names):
    name = r.choice(names)
    low, high = r.choice(VALUES), r.choice(VALUES)
    open_low, open_high = r.random() < 0.3, r.random() < 0.3

    def means(doc):
        raw = doc.get(name)
        if raw is None:
            return False
        value = float(raw)
        above = value > float(low) if open_low else value >= float(low)
        below = value < float(high) if open_high else value <= float(high)
        return above and below

    shown = f"{'(' * open_low}{low} {'(' * open_high}{high}"
    return f"@{name.decode()}:[{shown}]", means


def query(r, depth, stems, names):
    if depth == 0 or r.random() < 0.3:
        kind = r.random()
        if kind < 0.4:
            return text_query(r, stems)
        return tag_query(r) if kind < 0.7 else range_query(r, names)
    kind = r.choice(["and", "and", "or", "not", "maybe"])
    if kind in ("and", "or"):
        parts = [query(r, depth - 1, stems, names) for _ in range(r.choice([2, 2, 3]))]
        sign, every = (" ", all) if kind == "and" else ("|", any)
        text = "(" + sign.join(f"({part})" for part, _ in parts) + ")"
        return text, lambda doc: every(means(doc) for _, means in parts)
    text, means = query(r, depth - 1, False, names)
    if kind == "maybe":
        return f"(~({text}))", lambda doc: True
    return f"(-({text}))", lambda doc: not means(doc)


def fields_of(r):
    made = {}
    if r.random() < 0.9:
        made[b"tags"] = ",".join(r.choices(TAGS, k=r.randint(0, 3))).encode()
    if r.random() < 0.5:
        made[b"kind"] = ";".join(r.choices(TAGS, k=r.randint(1, 2))).encode()
    for name in (b"body", b"title"):
        if r.random() < 0.8:
            made[name] = " ".join(r.choices(WORDS + RUNS, k=r.randint(0, 8))).encode()
    for name in (b"published", b"size"):
        if r.random() < 0.9:
            made[name] = r.choice(VALUES).encode()
    return made


class Store:
    def __init__(self, folder, create, keys=60):
        self.keys = keys
        self.engine = Engine.open(folder)
        self.catalog = Catalog.load(self.engine)
        self.model = Model()
        if self.catalog.get("i") is None:
            self.create(create)

    def create(self, words):
        with self.engine.begin() as tx:
            schema, _ = definition.create(words, self.catalog.next_number(tx))
            self.catalog.put(tx, schema, sorted(self.model.documents.items()))
        for key in sorted(self.model.documents):  # filling is an arrival, in key order
            self.model.put(key, self.model.documents[key])

    def change(self, r, count):
        if r.random() < 0.3:
            self.abort(r, count)
        with self.engine.begin() as tx:
            for _ in range(count):
                key = b"d:%d" % r.randrange(self.keys)
                before = self.model.documents.get(key)
                if before is not None and r.random() < 0.3:
                    self.catalog.update(tx, key, before, None)
                    del self.model.documents[key]
                    continue
                now = fields_of(r)
                if before is not None and r.random() < 0.5:
                    now = {**before, **dict(list(now.items())[:2])}
                self.catalog.update(tx, key, before, now)
                self.model.put(key, now)

    def abort(self, r, count):
        """Change documents in a transaction that comes to nothing."""
        now = dict(self.model.documents)
        tx = self.engine.begin()
        for _ in range(count):
            key = b"d:%d" % r.randrange(self.keys)
            fields = None if key in now and r.random() < 0.3 else fields_of(r)
            self.catalog.update(tx, key, now.get(key), fields)
            now[key] = fields
        tx.abort()

    def search(self, text, *options):
        words = [b"i", text.encode(), b"NOCONTENT", b"DIALECT", b"2"]
        words += [str(option).encode() for option in options]
        answer = run(self.engine, self.catalog, request.read(words), self.fetch)
        return answer.total, [hit.key for hit, _ in answer.hits]

    def fetch(self, keys, names):
        return [self.model.documents.get(key) for key in keys]


def in_order(model, found, name, descending):
    sign = -1 if descending else 1
    some = [k for k in found if model.number(k, name) is not None]
    none = [k for k in found if model.number(k, name) is None]
    some.sort(key=lambda k: (sign * model.number(k, name), sign * model.arrival[k]))
    none.sort(key=lambda k: sign * model.arrival[k])
    return some + none


def check(store, r, names, count):
    model = store.model
    for _ in range(count):
        text, means = query(r, r.choice([0, 1, 2, 3]), True, names)
        found = {key for key, doc in model.documents.items() if means(doc)}
        for name in names:
            for way in ("DESC", "ASC"):
                wanted = in_order(model, found, name, way == "DESC")
                total, keys = store.search(
                    text, "SORTBY", name.decode(), way, "LIMIT", 0, 999
                )
                assert (total, keys) == (len(wanted), wanted), text
                first, size = r.randrange(5), r.randrange(1, 5)
                some = store.search(
                    text, "SORTBY", name.decode(), way, "LIMIT", first, size
                )
                assert some == (len(wanted), wanted[first : first + size]), text
        assert store.search(text, "LIMIT", 0, 0) == (len(found), [])
        total, keys = store.search(text, "LIMIT", 0, 999)
        assert (total, set(keys)) == (len(found), found), text


@pytest.mark.parametrize("create", [CREATE, NO_ORDER], ids=["ordered", "plain"])
@settings(deadline=None, max_examples=8)
@given(r=st.randoms(use_true_random=False))
def test_searches_find_what_plain_python_finds(create, r):
    folder = Path(tempfile.mkdtemp(prefix="kvstore-search-"))
    names = [b"size"] if create is not CREATE else [b"published", b"size"]
    try:
        store = Store(folder, create)
        with store.engine:
            for _ in range(3):
                store.change(r, r.choice([1, 10, 60]))
                check(store, r, names, 4)
            assert store.search("*", "LIMIT", 0, 0)[0] == len(store.model.documents)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("seed", range(3))
def test_a_long_life(tmp_path, seed):
    """Hundreds of changes, a restart, a second index filled from what is there."""
    r = random.Random(seed)
    store = Store(tmp_path, CREATE, 700)
    for _ in range(6):
        store.change(r, 250)
        check(store, r, [b"published", b"size"], 4)
        store.catalog = Catalog.load(store.engine)  # as after a crash
        check(store, r, [b"published", b"size"], 1)
    store.engine.close()
    again = Store(tmp_path, CREATE, 700)
    again.model = store.model
    with again.engine:
        check(again, r, [b"published", b"size"], 10)
        again.change(r, 50)
        check(again, r, [b"published", b"size"], 10)
        with again.engine.begin() as tx:
            again.catalog.drop(tx, "i")
        left = [key for key, _ in again.engine.scan(b"x", b"y")]
        assert left == [b"x#"], "a dropped index leaves nothing behind"
        again.create(CREATE)
        check(again, r, [b"published", b"size"], 20)
        again.change(r, 200)
        check(again, r, [b"published", b"size"], 20)
        gone = list(again.model.documents.items())
        with again.engine.begin() as tx:
            for key, fields in gone:
                again.catalog.update(tx, key, fields, None)
        index = again.catalog.get("i")
        counts = index.base + b"c"
        left = [key for key, _ in again.engine.scan(index.base, index.base + b"\xff")]
        state = index.base + b"f"
        assert left in ([counts], [counts, state]), "documents leave nothing behind"
        assert again.engine.get(counts)[:8] == bytes(8)


def test_a_document_whose_past_is_not_told_is_still_taken_out(tmp_path):
    store = Store(tmp_path, CREATE)
    r = random.Random(5)
    with store.engine:
        store.change(r, 60)
        for key in list(store.model.documents)[:20]:
            with store.engine.begin() as tx:
                store.catalog.update(tx, key, None, None)
            del store.model.documents[key]
        check(store, r, [b"published", b"size"], 20)


def test_an_aborted_transaction_leaves_no_trace(tmp_path):
    store = Store(tmp_path, CREATE)
    r = random.Random(6)
    with store.engine:
        store.change(r, 60)
        before = list(store.engine.scan(b"x", b"y"))
        tx = store.engine.begin()
        for key, fields in list(store.model.documents.items()):
            store.catalog.update(tx, key, fields, None)
        tx.abort()
        assert list(store.engine.scan(b"x", b"y")) == before
        check(store, r, [b"published", b"size"], 10)


def test_reading_stops_early(tmp_path):
    """Thirty of a hundred thousand: a chunk or two per list, and thirty documents."""
    engine = Engine.open(tmp_path)
    catalog = Catalog.load(engine)
    with engine, engine.begin() as tx:
        words = b"i PREFIX 1 d: SCHEMA t TAG at NUMERIC SORTABLE".split()
        schema, _ = definition.create(words, 1)
        catalog.put(
            tx,
            schema,
            (
                (
                    b"d:%d" % at,
                    {b"t": b"a,b" if at % 3 else b"a,c", b"at": b"%d000" % at},
                )
                for at in range(100_000)
            ),
        )
        read = []

        class Counting:
            def get(self, key):
                read.append(key)
                return tx.get(key)

            def get_many(self, keys):
                read.extend(keys)
                return tx.get_many(keys)

            def scan(self, start, stop=None, **how):
                for key, value in tx.scan(start, stop, **how):
                    read.append(key)
                    yield key, value

        text = "@t:{a} @t:{b} @at:[-inf (90000000]"
        words = f"i|{text}|NOCONTENT|SORTBY|at|DESC|LIMIT|0|30|WITHOUTCOUNT".encode()
        wanted = request.read(words.split(b"|"))
        answer = run(
            Counting(), catalog, wanted, lambda keys, names: [{} for _ in keys]
        )
    found = [hit.key for hit, _ in answer.hits]
    assert found == [b"d:%d" % at for at in range(89_999, 0, -1) if at % 3][:30]
    assert len(read) < 60, "thirty records and a few chunks"

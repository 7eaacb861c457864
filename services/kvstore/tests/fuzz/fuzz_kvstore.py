"""A fuzz target for atheris: everything that reads bytes from a wire or a disk.

    KVSTORE_FUZZ_SECONDS=60 python services/kvstore/tests/fuzz/fuzz_kvstore.py [CORPUS]

The first byte of an input chooses the reader. What must hold for any bytes:

* commands: `ProtocolError` is the only error, and one byte at a time gives the same
  commands and the same fault as all at once, for strangers too;
* fast lane: the same replies as the plain way;
* query: `SearchError` is the only error, and what was parsed can be explained;
* log: `StoreDamaged` is the only error; the frames found are whole, follow each other
  without a hole, and come out as they were written.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

sys.path[:0] = [
    str(Path(__file__).parents[1]),
    str(Path(__file__).parents[1] / "support"),
]

with atheris.instrument_imports(include=["hunch_kvstore"]):
    from test_kvstore_server_lane import HOT, Side

    from hunch_kvstore.engine import StoreDamaged, _frame
    from hunch_kvstore.engine.log import FORMAT, HEADER, MAGIC
    from hunch_kvstore.engine.replay import read_log
    from hunch_kvstore.resp.parser import Parser, ProtocolError
    from hunch_kvstore.search import definition
    from hunch_kvstore.search.error import SearchError
    from hunch_kvstore.search.explain import explain
    from hunch_kvstore.search.run import parse

SCHEMA, _ = definition.create(
    b"i PREFIX 1 d: SCHEMA t TEXT u TEXT NOSTEM g TAG n NUMERIC SORTABLE".split(), 1
)
SALT = 7
OWNER = b"o" * 16
CONTROL = {name.encode() for name in (*HOT, "DEL", "MULTI", "EXEC", "DISCARD")}
FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-kvstore-", dir=os.environ.get("TMPDIR")))
SIDES = [Side(FOLDER / name, name == "lane") for name in ("lane", "plain")]


def parsed(raw, step, *, trusted):
    """Return the commands in bytes that arrive in steps, and the fault that ends them."""
    parser, commands = Parser(trusted=trusted), []
    try:
        for at in range(0, len(raw), step):
            parser.take(raw[at : at + step], commands)
            assert parser.pending_bytes <= len(raw)
    except ProtocolError as error:
        return commands, str(error)
    return commands, None


def read_commands(raw):
    for trusted in (True, False):
        whole = parsed(raw, max(1, len(raw)), trusted=trusted)
        assert whole == parsed(raw, 1, trusted=trusted)


def run_lane(raw):
    commands, _ = parsed(raw, max(1, len(raw)), trusted=True)
    if any(words[0].upper() not in CONTROL or len(words) > 50 for words in commands):
        return  # what looks at the clock, and what fills the disk
    said = []
    for side in SIDES:
        side.meet()
        side.feed(b"FLUSHALL\r\n")
        side.feed(raw)
        said.append(side.said()[0])
    assert said[0] == said[1]


def read_query(raw):
    text = raw.decode("utf-8", "surrogateescape")
    try:
        node = parse(SCHEMA, text, {"p": "x"})
    except SearchError:
        return
    assert explain(node, SCHEMA).endswith("\n")


def sealed(payload, sequence):
    """Return a frame of any bytes with a checksum that holds."""
    rest = len(payload).to_bytes(4, "little") + sequence.to_bytes(8, "little")
    rest += (sequence - 1).to_bytes(8, "little") + payload
    return _frame.crc32c(rest, SALT).to_bytes(4, "little") + rest


def read_frames(raw):
    """Bytes as the tail of a log, and as what a good checksum covers."""
    points = {b"key": b"value", b"gone": None}
    good = _frame.encode(SALT, 1, 0, points, [(b"a", b"b")])
    head = HEADER.pack(MAGIC, FORMAT, SALT, OWNER, 1, 0)[:-4]
    head += _frame.crc32c(head).to_bytes(4, "little")
    path = FOLDER / "log-1.log"
    path.write_bytes(head + good + raw)
    try:
        log = read_log(path, OWNER, 0)
    except StoreDamaged:
        log = None
    if log is not None:
        assert [number for number, _, _ in log.frames] == [
            *range(1, len(log.frames) + 1)
        ]
        assert _frame.decode(log.data, *log.frames[0][1:]) == (points, [(b"a", b"b")])
    frame = sealed(raw, 2)
    assert _frame.read_frame(frame, 0, SALT) == (2, 1, len(frame))
    try:
        _frame.decode(frame, 0, len(frame))
    except ValueError:
        return


READERS = [read_commands, run_lane, read_query, read_frames]


def one_input(raw: bytes) -> None:
    """Try one input."""
    if raw:
        READERS[raw[0] % len(READERS)](raw[1:])


def seeds() -> list[bytes]:
    """Return inputs that are as they should be, for the fuzzer to begin with."""
    command = (
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\nxy\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
    )
    query = b"@t:(fox|\"a b\"=>{$slop:1})~x -@g:{a|b} @n:[(1 +inf] %%w%% pre* w'a?*' $p"
    frame = _frame.encode(SALT, 2, 1, {b"k": b"v"}, [(b"a", None)])
    return [
        b"\0" + command,
        b"\0SET a \"x\\x41\" 'y'\r\nPING\r\n",
        b"\x01"
        + command
        + b"*1\r\n$5\r\nMULTI\r\n"
        + command
        + b"*1\r\n$4\r\nEXEC\r\n",
        b"\x01*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$1\r\nf\r\n$1\r\nv\r\nZADD z 1 a\r\n",
        b"\x02" + query,
        b"\x03" + frame,
        b"\x03" + frame[_frame.HEADER_BYTES :],
    ]


def main() -> None:
    """Fuzz for as long as the environment says."""
    seconds = os.environ.get("KVSTORE_FUZZ_SECONDS", "60")
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds()):
        (corpus / str(number)).write_bytes(seed)
    arguments = [*sys.argv, f"-max_total_time={seconds}", "-max_len=1024"]
    # The first folder is where what is found goes; given ones come before ours.
    atheris.Setup([*arguments, str(corpus)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

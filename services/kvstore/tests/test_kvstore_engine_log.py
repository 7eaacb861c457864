"""Log frames and files: what is read back, what counts as torn, what as damage."""

import os
import random
import struct
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_kvstore.engine import StoreDamaged, _frame
from hunch_kvstore.engine.log import HEADER_BYTES, Log, log_path, pack_header
from hunch_kvstore.engine.replay import replay

OWNER = bytes(range(16))
CUT_BYTES = int(os.environ.get("KVSTORE_CUT_BYTES", "1500"))
FLIPS = int(os.environ.get("KVSTORE_FLIPS", "600"))


def bitwise_crc32c(data):
    """The definition, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_crc32c_of_the_standard_vectors():
    # RFC 3720, B.4
    assert _frame.crc32c(b"123456789") == 0xE3069283
    assert _frame.crc32c(bytes(32)) == 0x8A9136AA
    assert _frame.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert _frame.crc32c(bytes(range(32))) == 0x46DD794E
    assert _frame.crc32c(bytes(range(31, -1, -1))) == 0x113FDB5C


@given(st.binary(max_size=70), st.binary(max_size=70))
def test_crc32c_by_instruction_by_table_and_by_definition_agree(one, two):
    assert _frame.crc32c(one + two) == bitwise_crc32c(one + two)
    assert _frame.crc32c_table(one + two) == bitwise_crc32c(one + two)
    assert _frame.crc32c(two, _frame.crc32c(one)) == _frame.crc32c(one + two)


@given(
    salt=st.integers(0, 2**32 - 1),
    sequence=st.integers(1, 2**63),
    synced=st.integers(0, 2**63),
    points=st.dictionaries(
        st.binary(max_size=40), st.one_of(st.none(), st.binary(max_size=200))
    ),
    ranges=st.lists(st.tuples(st.binary(), st.one_of(st.none(), st.binary()))),
)
def test_a_frame_reads_back(salt, sequence, synced, points, ranges):
    frame = _frame.encode(salt, sequence, synced, points, ranges)
    data = b"before" + frame + b"behind"
    end = 6 + len(frame)
    assert _frame.read_frame(data, 6, salt) == (sequence, synced, end)
    assert _frame.decode(data, 6, end) == (points, ranges)
    assert _frame.read_frame(data, 6, salt ^ 1) is None
    assert _frame.read_frame(data[: end - 1], 6, salt) is None
    if synced <= sequence:
        assert _frame.find_frame(data, 0, salt, sequence) == 6


def test_a_commit_of_more_than_two_gib_is_refused():
    class Long(bytes):
        pass

    value = bytes(1 << 20)
    with pytest.raises(OverflowError, match="2 GiB"):
        _frame.encode(1, 1, 0, {b"%d" % n: value for n in range(2049)}, [])


def make_log(folder, commits, *, mark=True, serial=1, after=0, seed=1):
    """Write a log of `commits`; synced in the middle, marked at the end."""
    rng = random.Random(seed)
    log = Log(
        folder,
        serial,
        OWNER,
        chunk_bytes=1 << 16,
        reserve_bytes=0,
    )
    log.begin(after, after)
    written = []
    for number in range(after + 1, after + commits + 1):
        points = {
            b"key%d" % rng.randrange(50): rng.choice(
                [None, rng.randbytes(rng.randrange(60))]
            )
            for _ in range(rng.randrange(1, 4))
        }
        ranges = [(b"key3", b"key4")] if number % 7 == 0 else []
        log.append(number, points, ranges)
        written.append((number, points, ranges))
        log.write()
        if number == after + commits // 2:
            log.sync()
    if mark:
        log.sync()
        log.mark()
        log.write()
    log.trim()
    log.close()
    return written


def read(folder, serials=(1,)):
    return list(replay([log_path(folder, n) for n in serials], OWNER, 0))


@pytest.mark.parametrize("first", range(0, CUT_BYTES, 8192))
@pytest.mark.parametrize("filler", [b"", b"\0", b"\xa5"], ids=["end", "zeros", "junk"])
def test_a_log_cut_at_each_byte_gives_the_longest_prefix(tmp_path, filler, first):
    commits = max(8, CUT_BYTES // 60)
    written = make_log(tmp_path, commits, mark=False)
    path = log_path(tmp_path, 1)
    whole = path.read_bytes()
    ends = [HEADER_BYTES]
    salt = struct.unpack_from("<I", whole, 12)[0]
    while (frame := _frame.read_frame(whole, ends[-1], salt)) is not None:
        ends.append(frame[2])
    assert len(ends) == commits + 1
    last = min(first + 8192, CUT_BYTES, len(whole) - HEADER_BYTES)
    with path.open("r+b") as file:
        for cut in range(len(whole) - 1 - first, len(whole) - 1 - last, -1):
            file.truncate(cut)
            if filler:
                file.seek(cut)
                file.write(filler * 100)
                file.flush()
            kept = bisect_right(ends, cut) - 1
            # A frame that ends in what the filler is made of is whole all the same.
            while kept < commits and (filler * 100).startswith(
                whole[cut : ends[kept + 1]]
            ):
                kept += 1
            assert read(tmp_path) == written[:kept], cut


def test_zeros_written_ahead_change_nothing_that_is_read(tmp_path):
    plain = make_log(tmp_path, 40)
    log = Log(tmp_path, 2, OWNER, chunk_bytes=1 << 13, reserve_bytes=0)
    log.begin(40, 40)
    for sequence in range(41, 400):
        log.append(sequence, {b"k%d" % sequence: b"v" * (sequence % 97)}, [])
        if sequence % 3 == 0:
            log.blank_ahead()
            log.write()
            assert log.path.stat().st_size == log.room
    log.write()
    log.close()
    assert plain
    assert [found for found, _, _ in read(tmp_path, (1, 2))] == [*range(1, 400)]


def test_a_log_cut_in_its_header_is_an_empty_one(tmp_path):
    make_log(tmp_path, 5)
    path = log_path(tmp_path, 1)
    head = path.read_bytes()[:HEADER_BYTES]
    for cut in range(HEADER_BYTES):
        path.write_bytes(head[:cut] + bytes(200))
        assert read(tmp_path) == []


def test_a_flipped_bit_is_found_or_in_a_tail_that_was_never_synced(tmp_path):
    written = make_log(tmp_path, 60, mark=False)
    path = log_path(tmp_path, 1)
    whole = path.read_bytes()
    rng = random.Random(5)
    refused = 0
    for _ in range(FLIPS):
        bit = rng.randrange(len(whole) * 8)
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        found, damage = [], None
        try:
            found = read(tmp_path)
        except StoreDamaged as error:
            damage = error
        if damage is not None:
            refused += 1
            assert "hunch-kvstore repair" in str(damage) or "program" in str(damage)
            assert damage.offset is not None
            assert damage.offset <= bit // 8
        else:
            # Frames up to 30 were synced before the later ones were written.
            assert found == written[: len(found)]
            assert 30 <= len(found) < 60
    assert refused > FLIPS // 3


def test_after_a_mark_every_flipped_bit_before_it_is_found(tmp_path):
    written = make_log(tmp_path, 40)
    path = log_path(tmp_path, 1)
    whole = path.read_bytes()
    rng = random.Random(6)
    for _ in range(FLIPS):
        bit = rng.randrange(len(whole) * 8)
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        if bit // 8 >= len(whole) - _frame.HEADER_BYTES:
            assert read(tmp_path) == written  # only the mark itself is hurt
        else:
            with pytest.raises(StoreDamaged):
                read(tmp_path)


def test_a_missing_frame_in_the_middle_names_the_offset(tmp_path):
    make_log(tmp_path, 10)
    path = log_path(tmp_path, 1)
    whole = bytearray(path.read_bytes())
    salt = struct.unpack_from("<I", whole, 12)[0]
    first = _frame.read_frame(whole, HEADER_BYTES, salt)
    second = _frame.read_frame(whole, first[2], salt)
    whole[first[2] : second[2]] = bytes(second[2] - first[2])
    path.write_bytes(whole)
    with pytest.raises(StoreDamaged, match=f"offset {first[2]}: commit 2") as caught:
        read(tmp_path)
    assert caught.value.offset == first[2]


def test_a_file_missing_between_two_is_damage(tmp_path):
    make_log(tmp_path, 10, serial=1)
    make_log(tmp_path, 10, serial=2, after=10)
    make_log(tmp_path, 10, serial=3, after=20)
    assert len(read(tmp_path, (1, 2, 3))) == 30
    with pytest.raises(StoreDamaged, match="commit 11"):
        read(tmp_path, (1, 3))


def test_a_later_log_goes_on_after_a_torn_tail(tmp_path):
    written = make_log(tmp_path, 10, mark=False)
    path = log_path(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:-5])
    again = make_log(tmp_path, 6, serial=2, after=9, seed=2)
    assert read(tmp_path, (1, 2)) == written[:9] + again
    # and the frame that was torn does not come back if its tail turns up again
    assert read(tmp_path, (1, 2))[9] == again[0]


def test_an_unsynced_hole_before_a_later_file_ends_the_log(tmp_path):
    """A power cut may keep the newer of two unsynced files and lose the older's tail."""
    written = make_log(tmp_path, 10, mark=False)
    path = log_path(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:-5])
    log = Log(tmp_path, 2, OWNER, chunk_bytes=4096, reserve_bytes=0)
    log.begin(10, 5)
    log.append(11, {b"late": b"1"}, [])
    log.write()
    log.close()
    assert read(tmp_path, (1, 2)) == written[:9]
    more = make_log(tmp_path, 3, serial=3, after=9, seed=9)
    assert read(tmp_path, (1, 2, 3)) == written[:9] + more


def test_bytes_of_another_log_do_not_pass_for_frames(tmp_path):
    """A value may hold a whole log; its frames have another salt."""
    make_log(tmp_path, 5)
    inner = log_path(tmp_path, 1).read_bytes()
    log = Log(tmp_path, 2, OWNER, chunk_bytes=4096, reserve_bytes=0)
    log.append(1, {b"log": inner}, [])
    log.write()
    log.close()
    path = log_path(tmp_path, 2)
    data = bytearray(path.read_bytes())
    data[HEADER_BYTES + 1] ^= 1
    path.write_bytes(data)
    assert read(tmp_path, (2,)) == []


def test_another_stores_log_and_another_format_are_refused(tmp_path):
    make_log(tmp_path, 5)
    with pytest.raises(StoreDamaged, match="another store"):
        list(replay([log_path(tmp_path, 1)], bytes(16), 0))
    path = log_path(tmp_path, 1)
    data = bytearray(path.read_bytes())
    head = bytearray(pack_header(7, OWNER, 1))
    struct.pack_into("<I", head, 8, 99)
    struct.pack_into("<I", head, 60, _frame.crc32c(bytes(head[:60])))
    data[:HEADER_BYTES] = head
    path.write_bytes(data)
    with pytest.raises(StoreDamaged, match="format 99"):
        read(tmp_path)

"""The inner pages of a sealed tree: all of them have room in memory."""

import pytest

from hunch_kvstore.engine.segment import most_inner_pages, tree_path
from hunch_kvstore.engine.segment_build import Plan, build_segment, temporary
from tokyocabinet import BDB, BDBOREADER

SMALL, LARGE, HUGE = 40, 2000, 9000
SPARE = 16  # of the estimate; a small tree would hide behind it


@pytest.mark.parametrize(
    "sizes",
    [
        [SMALL] * 60_000,
        [LARGE] * 6_000,
        [SMALL] * 20_000 + [LARGE] * 4_000,
        [SMALL] * 9_000 + [HUGE] * 1_500,
    ],
    ids=["small", "large", "small and large", "small and huge"],
)
def test_there_is_room_for_every_inner_page(tmp_path, sizes):
    plan = Plan(
        folder=tmp_path,
        serial=1,
        store_id="store",
        first_sequence=1,
        last_sequence=1,
        ranges=[],
        records=len(sizes),
        payload_bytes=sum(sizes) + 12 * len(sizes),
    )
    points = ((b"%012d" % at, bytes(size)) for at, size in enumerate(sizes))
    entry = build_segment(plan, points)
    tree = BDB()
    tree.open(temporary(tree_path(tmp_path, 1)), BDBOREADER)
    pages = tree.inform()["nnum"]
    tree.close()
    assert pages <= most_inner_pages(entry.records, entry.size_bytes) - SPARE + 1

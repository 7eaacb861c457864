from hunch_kvstore.engine._bloom import Bloom
from hunch_kvstore.engine._layer import Layer, Missing, RangeSet
from hunch_kvstore.engine._merge import Readable
from hunch_kvstore.engine._page_cache import PageCache
from hunch_kvstore.engine._record_cache import RecordCache
from hunch_kvstore.engine.error import StoreDamaged, WritesRefused
from hunch_kvstore.engine.log import Log
from tokyocabinet import BDB

HALF_APPLIED: str

class Sealed:
    ranges: RangeSet
    _first: bytes | None
    _last: bytes | None
    _bloom: Bloom
    _tree: BDB
    def find(self, key: bytes) -> bytes | Missing | None: ...
    def unreadable(self, error: Exception) -> StoreDamaged: ...

class Front:
    refusal: WritesRefused | None
    sequence: int
    _active: Layer
    _older: list[Readable]
    _layers: list[Readable]
    _log: Log
    is_light: bool
    _slow_from: int
    _records: RecordCache
    _pages: PageCache
    def get(self, key: bytes) -> bytes | None: ...
    def get_many(self, keys: list[bytes]) -> list[bytes | None]: ...
    def _apply_points(self, points: dict[bytes, bytes | None]) -> None: ...

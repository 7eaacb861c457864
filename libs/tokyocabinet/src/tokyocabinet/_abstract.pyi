from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tokyocabinet._database import BulkDatabase, _Buffer, _Path
from tokyocabinet._tree import BDB

READ_WITHOUT_WAITING: Final[int]

class ADB(BulkDatabase):
    ADBOVOID: Final[int]
    ADBOMDB: Final[int]
    ADBONDB: Final[int]
    ADBOHDB: Final[int]
    ADBOBDB: Final[int]
    ADBOFDB: Final[int]
    ADBOTDB: Final[int]
    ADBOSKEL: Final[int]
    def __init__(
        self, name: _Path | None = None, *, mutex: bool = True, verify: bool = True
    ) -> None: ...
    def open(self, name: _Path) -> None: ...  # type: ignore[override]
    def size(self) -> int: ...
    def omode(self) -> int: ...
    def optimize(self, params: str = "") -> None: ...
    def misc(self, name: str, args: Iterable[_Buffer] = ()) -> list[bytes]: ...
    def mapbdb(
        self,
        target: BDB,
        function: Callable[[bytes, bytes], Iterable[tuple[_Buffer, _Buffer]] | None],
        keys: Iterable[_Buffer] | None = None,
        csiz: int = -1,
    ) -> None: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def iterkeys(self) -> Iterator[bytes]: ...
    def itervalues(self) -> Iterator[bytes]: ...
    def iteritems(self) -> Iterator[tuple[bytes, bytes]]: ...

def pairs(owner: ADB, keys: list[bytes]) -> Iterator[tuple[bytes, bytes]]: ...

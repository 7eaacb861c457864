class Rows:
    def __init__(
        self,
        order: dict[bytes, int],
        title: bytes | None = None,
        again: bytes | None = None,
    ) -> None: ...
    def one(self, record: bytes, at: int, is_map: bool) -> bytes: ...
    def all(
        self, begin: bytes, keys: list[bytes], records: list[bytes], places: list[int]
    ) -> bytes: ...

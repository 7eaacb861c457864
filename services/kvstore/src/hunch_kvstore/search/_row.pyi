def row(
    record: bytes,
    at: int,
    order: dict[bytes, int],
    first: bytes | None,
    title: bytes | None,
    is_map: bool,
) -> bytes: ...
def rows(
    keys: list[bytes],
    records: list[bytes],
    places: list[int],
    order: dict[bytes, int],
    first: bytes | None,
    title: bytes | None,
) -> bytes: ...

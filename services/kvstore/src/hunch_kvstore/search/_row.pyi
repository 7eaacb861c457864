def row(
    record: bytes,
    at: int,
    order: dict[bytes, int],
    first: bytes | None,
    title: bytes | None,
    is_map: bool,
) -> bytes: ...

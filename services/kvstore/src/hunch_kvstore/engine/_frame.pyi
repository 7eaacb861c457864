HEADER_BYTES: int
PUT: int
DELETE: int
RANGE: int
RANGE_TO_END: int
MAX_PAYLOAD_BYTES: int

_Buffer = bytes | bytearray | memoryview

def crc32c(data: _Buffer, value: int = 0) -> int: ...
def crc32c_table(data: _Buffer, value: int = 0) -> int: ...
def encode(
    salt: int,
    sequence: int,
    synced: int,
    points: dict[bytes, bytes | None],
    ranges: list[tuple[bytes, bytes | None]],
) -> bytes: ...
def read_frame(
    data: _Buffer, offset: int, salt: int
) -> tuple[int, int, int] | None: ...
def find_frame(data: _Buffer, offset: int, salt: int, sequence: int) -> int: ...
def is_blank(data: _Buffer, offset: int) -> bool: ...
def decode(
    data: _Buffer, offset: int, end: int
) -> tuple[dict[bytes, bytes | None], list[tuple[bytes, bytes | None]]]: ...

from hunch_kvstore.resp.parser import Parser
from hunch_kvstore.server.client import Client, Queue
from hunch_kvstore.server.core import Core

class Peer:
    parser: Parser
    queue: Queue | None
    blocked: object | None
    quiet: str | None
    socket: object
    channels: dict[bytes, None]
    patterns: dict[bytes, None]
    out: list[bytes]
    unacknowledged: list[int]
    last_command: str
    resp: int
    authenticated: bool
    closing: bool
    killed: bool
    is_midway: bool
    last_seen_s: float

class Lane:
    enabled: bool
    dirty: bool
    is_usual: bool
    slow_us: int
    def __init__(self, core: Core) -> None: ...
    def fold(self) -> None: ...
    def take(self, client: Client, data: bytes) -> int: ...

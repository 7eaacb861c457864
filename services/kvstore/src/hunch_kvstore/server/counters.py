"""What the server counts, for INFO and the metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hunch_kvstore.resp.reply import CommandError


@dataclass(slots=True)
class Counters:
    """Totals since the start, or since CONFIG RESETSTAT.

    Attributes:
        calls: Commands run.
        connections: Clients taken in.
        rejected: Clients turned away.
        net_in_bytes: Bytes read from clients.
        net_out_bytes: Bytes written to clients.
        reads: How often a socket was read.
        sends: How often one was written to.
        errors: Error replies by code.
    """

    calls: int = 0
    connections: int = 0
    rejected: int = 0
    net_in_bytes: int = 0
    net_out_bytes: int = 0
    reads: int = 0
    sends: int = 0
    errors: dict[str, int] = field(default_factory=dict)

    def error(self, error: CommandError) -> None:
        """Count an error reply by its code."""
        code = error.raw.split(b" ", 1)[0].decode("ascii", "replace")[:32]
        self.errors[code] = self.errors.get(code, 0) + 1

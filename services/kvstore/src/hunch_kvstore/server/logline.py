"""Log lines: one JSON object each, on standard output."""

from __future__ import annotations

import json
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Final, TextIO

LEVELS: Final = ("debug", "verbose", "notice", "warning")


class Log:
    """Writes events that are at least as grave as `level`.

    JSON escapes line breaks and control characters, so nothing a client sends can
    forge a line.
    """

    def __init__(self, level: str = "notice", stream: TextIO | None = None) -> None:
        self.level = level
        self._stream = stream or sys.stdout
        self._last_fault_s = -1.0
        self._faults_unsaid = 0

    def write(self, level: str, event: str, **fields: object) -> None:
        """Write one line, with the time in UTC."""
        if LEVELS.index(level) < LEVELS.index(self.level):
            return
        now = datetime.fromtimestamp(time.time(), UTC)
        line = {
            "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": level,
            "event": event,
            **fields,
        }
        try:
            self._stream.write(json.dumps(line, default=str) + "\n")
            self._stream.flush()
        except OSError:
            # WHY: a reader of the log that went away must not stop the store.
            return

    def notice(self, event: str, **fields: object) -> None:
        """Write what an operator wants to see."""
        self.write("notice", event, **fields)

    def warning(self, event: str, **fields: object) -> None:
        """Write what an operator should act on."""
        self.write("warning", event, **fields)

    def fault(self, error: BaseException, **fields: object) -> None:
        """Write an error nobody expected, with its traceback; one a second at most."""
        now = time.monotonic()
        if now - self._last_fault_s < 1:
            self._faults_unsaid += 1
            return
        trace = "".join(traceback.format_exception(error))
        more = self._faults_unsaid
        self.write(
            "warning", "fault", error=repr(error), trace=trace, more=more, **fields
        )
        self._last_fault_s = now
        self._faults_unsaid = 0

"""The same answers from Smisk's plain Application."""

from __future__ import annotations

import time
from typing import Any

from smisk import Application
from study.app import HELLO, PAGE, SLOW_S


class Answer(Application):
    """Answers every request alike."""

    def __init__(self, body: bytes, wait_s: float = 0.0) -> None:
        super().__init__()
        self._body = body
        self._wait_s = wait_s

    def service(self) -> None:
        """Write the answer."""
        if self._wait_s:
            time.sleep(self._wait_s)
        self.response.write(self._body)


def hello() -> Any:
    """Return the application of 12 bytes."""
    return Answer(HELLO)


def page() -> Any:
    """Return the application of 20 KB."""
    return Answer(PAGE)


def slow() -> Any:
    """Return the application that waits."""
    return Answer(HELLO, SLOW_S)

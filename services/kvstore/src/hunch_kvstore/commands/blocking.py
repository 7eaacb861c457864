"""Clients that wait until a key holds something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hunch_kvstore.resp.reply import Reply


@dataclass(slots=True)
class Blocked:
    """What one client waits for.

    Attributes:
        attempt: Tries again, in a transaction; None while there is nothing.
        until_s: When to give up, by the monotonic clock; 0 for never.
        on_timeout: The answer then.
    """

    attempt: Callable[[], Reply]
    until_s: float
    on_timeout: Reply

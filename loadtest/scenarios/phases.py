"""What each phase of a shape came to: where it bends, and whether it comes back."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any

from locust import events
from locust.runners import LocalRunner


@dataclass
class Phase:
    """A while with one number of users."""

    users: int
    began: float
    ended: float = 0.0
    failed: int = 0
    ms: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Return its figures as a line of the table."""
        order = sorted(self.ms)
        total = len(order) + self.failed
        seconds = max(1e-9, self.ended - self.began)
        p50, p95 = (
            order[min(len(order) - 1, int(share * len(order)))] if order else 0.0
            for share in (0.5, 0.95)
        )  # fmt: skip
        return (
            f"{self.users:>7,} {seconds:>8.1f} {total:>9,} {total / seconds:>11.1f} "
            f"{self.failed:>7,} {p50:>8.0f} {p95:>8.0f}"
        )


HEAD = f"{'users':>7} {'seconds':>8} {'requests':>9} {'requests/s':>11} {'failed':>7} {'p50 ms':>8} {'p95 ms':>8}"


class Phases:
    """Phases in their order; a request counts where its answer comes."""

    def __init__(self) -> None:
        self.all: list[Phase] = []

    def enter(self, number: int, users: int) -> None:
        """Say which phase it is; the numbers count from 0."""
        now = time.monotonic()
        if number >= len(self.all):
            self.end()
            self.all.append(Phase(users, now))

    def end(self) -> None:
        """The last one is over."""
        if self.all and not self.all[-1].ended:
            self.all[-1].ended = time.monotonic()

    def count(self, response_time: float, exception: Any, **_: Any) -> None:
        """Count a request."""
        if not self.all or self.all[-1].ended:
            return
        if exception is None:
            self.all[-1].ms.append(response_time)
        else:
            self.all[-1].failed += 1

    def table(self) -> str:
        """Return all of them."""
        self.end()
        return "\n".join([HEAD, *(phase.line() for phase in self.all)])


phases = Phases()
events.request.add_listener(phases.count)  # type: ignore[no-untyped-call]


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def show(environment: Any, **_: Any) -> None:
    """Show them; where others make the load, their requests are not seen here."""
    if isinstance(environment.runner, LocalRunner) and phases.all:
        sys.stderr.write(f"\n{phases.table()}\n")

"""Quiet, a crowd, quiet again: does it hold, and does it come back?

locust -f loadtest/locustfile.py,loadtest/shape_spike.py --headless --host …
--quiet-users 5 --spike-users 200 --quiet-seconds 10 --spike-seconds 10
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from locust import LoadTestShape, events

sys.path.insert(0, str(Path(__file__).parent))

from scenarios.phases import phases


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def options(parser: argparse.ArgumentParser) -> None:
    """Add our options to locust's."""
    parser.add_argument("--quiet-users", type=int, default=5, help="before, after (5)")
    parser.add_argument("--spike-users", type=int, default=200, help="then (200)")
    parser.add_argument(
        "--quiet-seconds", type=float, default=10, help="each time (10)"
    )
    parser.add_argument("--spike-seconds", type=float, default=10, help="so long (10)")


class Spike(LoadTestShape):
    """Quiet, a crowd, quiet again."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there are now."""
        assert self.runner is not None
        given = self.runner.environment.parsed_options
        assert given is not None
        now = float(self.get_run_time())  # type: ignore[no-untyped-call]
        quiet, spike = given.quiet_seconds, given.spike_seconds
        ends = (quiet, quiet + spike, 2 * quiet + spike)
        number = sum(now >= end for end in ends)
        if number == len(ends):
            phases.end()
            return None
        users = given.spike_users if number == 1 else given.quiet_users
        phases.enter(number, users)
        return users, float(given.spike_users)

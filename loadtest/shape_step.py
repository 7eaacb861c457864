"""A staircase: as many users more every while, to see where it bends.

locust -f loadtest/locustfile.py,loadtest/shape_step.py --headless --host …
--step-users 20 --step-seconds 10 --steps 5
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
    parser.add_argument(
        "--step-users", type=int, default=20, help="more each step (20)"
    )
    parser.add_argument("--step-seconds", type=float, default=10, help="of a step (10)")
    parser.add_argument("--steps", type=int, default=5, help="how many (5)")


class Step(LoadTestShape):
    """A staircase."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there are now."""
        assert self.runner is not None
        given = self.runner.environment.parsed_options
        assert given is not None
        now = float(self.get_run_time())  # type: ignore[no-untyped-call]
        step = int(now // given.step_seconds) + 1
        if step > given.steps:
            phases.end()
            return None
        phases.enter(step - 1, step * given.step_users)
        return step * given.step_users, float(given.step_users)

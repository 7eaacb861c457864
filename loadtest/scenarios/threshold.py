"""What a run must keep to: share of failed requests, and latency of the slow ones."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from locust import events
from locust.runners import WorkerRunner

from scenarios.limits import broken


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def options(parser: argparse.ArgumentParser) -> None:
    """Add our options to locust's."""
    group = parser.add_argument_group("Hunch")
    group.add_argument("--fail-ratio", type=float, default=0.01, metavar="SHARE",
                       help="more failed requests than this fail the run (0.01)")  # fmt: skip
    group.add_argument("--p95-ms", type=float, default=0.0, metavar="MS",
                       help="a 95 %% latency above this fails the run (0: any)")  # fmt: skip
    group.add_argument("--least-rate", type=float, default=0.0, metavar="RATE",
                       help="fewer requests per second fail the run")  # fmt: skip
    group.add_argument("--herd-seconds", type=float, default=5.0, metavar="S",
                       help="followers fetch within so many seconds (5)")  # fmt: skip


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def judge(environment: Any, **_: Any) -> None:
    """Fail the run if it has broken a limit."""
    if isinstance(environment.runner, WorkerRunner):
        return
    stats = environment.stats.total
    p95_ms = stats.get_response_time_percentile(0.95) or 0.0
    found = broken(
        stats.num_requests, stats.fail_ratio, p95_ms, stats.total_rps,
        environment.parsed_options,
    )  # fmt: skip
    for words in found:
        sys.stderr.write(f"FAILED: {words}\n")
    environment.process_exit_code = 1 if found else 0

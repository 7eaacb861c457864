"""When a run has not been good enough: no locust in here, only words."""

from __future__ import annotations

from typing import Any


def broken(
    total: int, fail_ratio: float, p95_ms: float, rate: float, limits: Any
) -> list[str]:
    """Return which limits a run has broken, in words."""
    found = []
    if total == 0:
        return ["there was no request"]
    if fail_ratio > limits.fail_ratio:
        found.append(f"{fail_ratio:.2%} failed; {limits.fail_ratio:.2%} may")
    if limits.p95_ms and p95_ms > limits.p95_ms:
        found.append(
            f"95 % within {p95_ms:.0f} ms; {limits.p95_ms:.0f} ms is the limit"
        )
    if rate < limits.least_rate:
        found.append(f"{rate:.1f} requests/s; {limits.least_rate:.1f} is the least")
    return found

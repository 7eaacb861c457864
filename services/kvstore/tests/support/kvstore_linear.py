"""Decides whether a history of concurrent operations is linearizable.

The search of Wing and Gong with Lowe's memory: take any operation that was called before
the first return still open as the next to happen; go back when the first return belongs
to an operation that has not happened; never enter the same (what has happened, state)
twice. An operation whose outcome is unknown returns never: it may happen at any time
after its call, also after everything else, which is as if it had not happened at all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

FOREVER = float("inf")


class Unknown:
    """The result of an operation nobody has heard of again."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(slots=True)
class Operation:
    """One operation of one client.

    Attributes:
        what: The call, as the model understands it.
        result: What it answered, or UNKNOWN.
        called: When, on any clock all clients share.
        returned: When, or FOREVER.
    """

    what: Any
    result: Any
    called: float
    returned: float = FOREVER


# Returns the state after an operation, or None where this result is impossible there.
Step = Callable[[Any, Any, Any], Hashable]


class _Event:
    """A call or a return in a list that events can leave and enter again."""

    __slots__ = ("after", "before", "number", "operation", "other")

    def __init__(self, number: int, operation: Operation, other: _Event | None) -> None:
        self.number = number
        self.operation = operation
        self.other = other  # a call's return; None for a return
        self.before: _Event | None = None
        self.after: _Event | None = None

    def leave(self) -> None:
        if self.before is not None:
            self.before.after = self.after
        if self.after is not None:
            self.after.before = self.before

    def enter(self) -> None:
        if self.before is not None:
            self.before.after = self
        if self.after is not None:
            self.after.before = self


def _events(history: Iterable[Operation]) -> _Event:
    """Return the head of the list of events in order of time."""
    timed: list[tuple[float, int, _Event]] = []
    for number, operation in enumerate(history):
        returned = _Event(number, operation, None)
        # A call at the moment of another's return may have been before it.
        timed.append((operation.called, 0, _Event(number, operation, returned)))
        timed.append((operation.returned, 1, returned))
    timed.sort(key=lambda row: row[:2])
    head = last = _Event(-1, Operation(None, None, 0), None)
    for _, _, event in timed:
        last.after, event.before = event, last
        last = event
    return head


def is_linearizable(history: Iterable[Operation], step: Step, start: Hashable) -> bool:
    """Tell whether some order of the operations explains every result.

    Args:
        history: The operations, in any order.
        step: The sequential model.
        start: Its first state.
    """
    head = _events(history)
    state, happened = start, 0
    entered: set[tuple[int, Hashable]] = set()
    chosen: list[tuple[_Event, Hashable]] = []
    event = head.after
    while head.after is not None:
        assert event is not None
        if event.other is not None:
            then = step(state, event.operation.what, event.operation.result)
            now = happened | 1 << event.number
            if then is not None and (now, then) not in entered:
                entered.add((now, then))
                chosen.append((event, state))
                state, happened = then, now
                event.leave()
                event.other.leave()
                event = head.after
            else:
                event = event.after
            continue
        if not chosen:
            return False
        event, state = chosen.pop()
        happened &= ~(1 << event.number)
        assert event.other is not None
        event.other.enter()
        event.enter()
        event = event.after
    return True


def first_broken(
    parts: dict[Any, list[Operation]], step: Step, start: Hashable
) -> Any | None:
    """Return the name of a part that is not linearizable by itself, None if all are.

    Operations of different parts touch different keys, so the whole is linearizable
    exactly when every part is (Herlihy and Wing's locality).
    """
    for name, history in parts.items():
        if not is_linearizable(history, step, start):
            return name
    return None

"""What is asked of the servers."""

from __future__ import annotations

from dataclasses import dataclass

from study.app import PAGE


@dataclass(frozen=True)
class Handler:
    """A kind of request.

    Attributes:
        name: What tables call it.
        about: What it is, in one line.
        path: What is asked for.
        contains: What a right answer contains.
        cold: Whether load begins together with the servers, without warm-up.
        connections: How many callers there are on a small machine.
    """

    name: str
    about: str
    contains: bytes
    path: str = "/"
    cold: bool = False
    connections: int = 32

    def callers(self, cores: int) -> int:
        """Return how many ask at once: enough to keep all cores of a big machine busy."""
        return self.connections * max(1, cores // 8)


HANDLERS: dict[str, Handler] = {
    handler.name: handler
    for handler in (
        Handler("hello", "12 bytes", b"Hello World\n"),
        Handler("page", "20 KB made beforehand", PAGE[-30:]),
        Handler("stream", "the site's front page, from the store", b"<main"),
        Handler("slow", "12 bytes after 50 ms of waiting", b"Hello World\n",
                connections=64),
        Handler("start", "12 bytes from an application whose import computes for 2 s, "
                "counted from the moment of its start", b"Hello World\n", cold=True),
    )
}  # fmt: skip

"""Noticing that source code changed, for development."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path


class Watch:
    """The source files of the modules that are loaded, and of their neighbours.

    Modules of Python itself and of installed packages are left out.
    """

    def __init__(self) -> None:
        self._seen = self._look()

    def changed(self) -> bool:
        """Return whether any file changed, came or went since the last call."""
        now = self._look()
        was, self._seen = self._seen, now
        return now != was

    def _look(self) -> dict[Path, int]:
        times = {}
        for folder in set(_folders(sys.modules.values())):
            for path in folder.glob("*.py"):
                try:
                    times[path] = path.stat().st_mtime_ns
                except OSError:
                    continue  # gone between the two calls
        return times


def _folders(modules: Iterable[object]) -> Iterator[Path]:
    installed = [Path(p).resolve() for p in {sys.prefix, sys.base_prefix}]
    for module in list(modules):
        name = getattr(module, "__file__", None)
        if not isinstance(name, str):
            continue
        path = Path(name).resolve()
        foreign = any(path.is_relative_to(prefix) for prefix in installed)
        if not foreign and "site-packages" not in path.parts:
            yield path.parent

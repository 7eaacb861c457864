"""Notices that the source of a running application, or its settings, changed."""

import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path


class Watcher(threading.Thread):
    """Looks at files every so often, and tells once when one changed.

    Args:
        changed: Called, in this thread, with the file.
        extra: Files to look at beside the source of loaded modules.
        interval_s: How often.
    """

    def __init__(
        self,
        changed: Callable[[Path], object],
        extra: Callable[[], Iterable[Path]] = tuple,
        interval_s: float = 1.0,
    ) -> None:
        super().__init__(name="smisk-autoreload", daemon=True)
        self._changed = changed
        self._extra = extra
        self._interval_s = interval_s
        self._times: dict[Path, int] = {}
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look, wait, look again."""
        self.look()
        while not self._stopped.wait(self._interval_s):
            for path in self.look():
                self._changed(path)

    def stop(self) -> None:
        """Stop looking."""
        self._stopped.set()

    def look(self) -> list[Path]:
        """Return the files that changed since the last look."""
        changed = []
        for path in {*module_files(), *self._extra()}:
            try:
                time = path.stat().st_mtime_ns
            except OSError:  # replaced right now, or gone: the next look will tell
                continue
            if self._times.setdefault(path, time) != time:
                self._times[path] = time
                changed.append(path)
        return changed


def module_files() -> list[Path]:
    """Return the source file of every loaded module."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return [Path(file) for file in files if file and file.endswith(".py")]

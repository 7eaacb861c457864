"""Notices that the source of a running application, or its settings, changed."""

import os
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
        self._stopped = threading.Event()
        self._times: dict[Path, int] = {}
        self._look()  # what changes from here on is noticed

    def run(self) -> None:
        """Wait, and look again."""
        while not self._stopped.wait(self._interval_s):
            for path in self._look():
                self._changed(path)

    def _look(self) -> list[Path]:
        """Return what changed since the last look."""
        changed = []
        for path in {*_module_files(), *self._extra()}:
            try:
                time = path.stat().st_mtime_ns
            except OSError:  # replaced right now, or gone: the next look will tell
                continue
            if self._times.setdefault(path, time) != time:
                self._times[path] = time
                changed.append(path)
        return changed

    def stop(self) -> None:
        """Stop looking."""
        self._stopped.set()


def restart_on_change() -> None:
    """Start this program again, in its place, when the source of it changes."""

    def restart(path: Path) -> None:
        sys.stderr.write(f"{path.name} changed\n")
        sys.stderr.flush()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - ourselves again

    Watcher(restart).start()


def _module_files() -> list[Path]:
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return [Path(file) for file in files if file and file.endswith(".py")]

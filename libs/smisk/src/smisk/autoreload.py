"""Notices that the source of a running application, or its settings, changed."""

import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
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


def restart_on_change(extra: Sequence[Path] = ()) -> None:
    """Start this program again, in its place, when its source or `extra` changes."""

    def restart(path: Path) -> None:
        sys.stderr.write(f"{path.name} changed\n")
        sys.stderr.flush()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - ourselves again

    Watcher(restart, lambda: extra).start()


def wait_for_change(error: Exception) -> None:
    """Show why this program cannot start, and start it again when that changes.

    WHY: what is being written is broken now and then, until it is saved again.
    """
    traceback.print_exception(error)
    names = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        names.append(error.filename)
    restart_on_change([Path(name) for name in names])
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def _module_files() -> list[Path]:
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return [Path(file) for file in files if file and file.endswith(".py")]

"""Where a running site keeps its things: one folder for data, one for sockets."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import pathlib
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "infra" / "demo"

# SPEC unix(7): sun_path holds 108 bytes with the closing NUL. Supervisor adds a suffix
# while it creates its socket, so some room is left.
_LONGEST_SOCKET = 90


@dataclasses.dataclass(frozen=True)
class Layout:
    """The folders and files of one running copy.

    Attributes:
        data: What must be kept: the store's files and the copied pictures.
        run: Sockets, rendered configuration, lock; made anew at each start.
        config: The owner's `hunch.toml`, or that of the demo.
        demo: Whether the demo's origin server runs beside the site.
        bind: Address of the edge.
        port: Port of the edge.
    """

    data: pathlib.Path
    run: pathlib.Path
    config: pathlib.Path
    demo: bool
    bind: str
    port: int

    @property
    def log(self) -> pathlib.Path:
        """One file for each part."""
        return self.data / "log"

    @property
    def store(self) -> pathlib.Path:
        """The store's own folder."""
        return self.data / "kvstore"

    @property
    def media(self) -> pathlib.Path:
        """Copies of pictures, served at /media/."""
        return self.data / "media"

    @property
    def origin_state(self) -> pathlib.Path:
        """What the demo's origin remembers between starts."""
        return self.data / "origin"

    @property
    def address(self) -> str:
        """What to open in a browser."""
        host = "localhost" if self.bind in {"127.0.0.1", "0.0.0.0"} else self.bind  # noqa: S104
        return f"http://{host}:{self.port}"

    def make(self) -> None:
        """Create the folders, readable by their owner alone."""
        for folder in (self.data, self.run, self.log, self.store, self.media):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def plan(config: str, data: str, bind: str, port: int) -> Layout:
    """Return the layout for what the user asked for; empty texts mean the default."""
    demo = not config
    config_path = DEMO / "hunch.toml" if demo else pathlib.Path(config).resolve()
    default = ROOT / "data" / ("demo" if demo else config_path.stem)
    data_path = pathlib.Path(data).resolve() if data else default
    return Layout(data_path, _run_folder(data_path), config_path, demo, bind, port)


def _run_folder(data: pathlib.Path) -> pathlib.Path:
    """Sockets stand beside the data, unless that path is too long for a socket."""
    run = data / "run"
    if len(os.fsencode(run / "supervisor.sock")) <= _LONGEST_SOCKET:
        return run
    short = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return pathlib.Path(tempfile.gettempdir()) / f"hunch-{os.getuid()}-{short}"

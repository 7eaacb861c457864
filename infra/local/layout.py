"""Where a running site keeps its things: one folder for data, one for sockets."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import pathlib
import socket
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
        config: The owner's `hunch.toml`, or the demo's as rendered for this copy.
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

    @property
    def origin_port(self) -> int:
        """Port of the demo's origin: chosen once, since pictures are named by it."""
        kept = self.origin_state / "port"
        if not kept.exists():
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                kept.write_text(str(probe.getsockname()[1]))
        return int(kept.read_text())

    def make(self) -> None:
        """Create the folders, readable by their owner alone, and the demo's config."""
        for folder in (self.data, self.run, self.log, self.store, self.media):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.demo:
            self.origin_state.mkdir(exist_ok=True)
            text = (DEMO / "hunch.toml").read_text(encoding="utf-8")
            text = text.replace("origin:8000", f"127.0.0.1:{self.origin_port}")
            text = text.replace("http://localhost:8080/", f"{self.address}/")
            self.config.write_text(text, encoding="utf-8")


def plan(config: str, data: str, bind: str, port: int) -> Layout:
    """Return the layout for what the user asked for; empty texts mean the default."""
    demo = not config
    own = pathlib.Path(config).resolve()
    default = ROOT / "data" / ("demo" if demo else own.stem)
    data_path = pathlib.Path(data).resolve() if data else default
    run = _run_folder(data_path)
    return Layout(data_path, run, run / "hunch.toml" if demo else own, demo, bind, port)


def _run_folder(data: pathlib.Path) -> pathlib.Path:
    """Sockets stand beside the data, unless that path is too long for a socket."""
    run = data / "run"
    if len(os.fsencode(run / "supervisor.sock")) <= _LONGEST_SOCKET:
        return run
    short = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return pathlib.Path(tempfile.gettempdir()) / f"hunch-{os.getuid()}-{short}"

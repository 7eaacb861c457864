"""Files that belong to the pages: style sheet, script, icon.

The edge serves the folder at `/static/`. Each address carries a hash of the content, so
that browsers may keep a file for ever and still get a new one at once.
"""

from __future__ import annotations

import hashlib
import pathlib

FOLDER = pathlib.Path(__file__).parent / "static"
TEMPLATES = pathlib.Path(__file__).parent / "templates"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}


class Assets:
    """The files of one folder, by name.

    Attributes:
        release: Changes with any file or template; part of every page's ETag.
    """

    def __init__(self, folder: pathlib.Path = FOLDER) -> None:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        self._bodies = {path.name: path.read_bytes() for path in files}
        self._hashes = {
            name: hashlib.sha256(body).hexdigest()[:10]
            for name, body in self._bodies.items()
        }
        parts = [*self._hashes.values()]
        parts += [path.read_text() for path in sorted(TEMPLATES.rglob("*.html"))]
        self.release = hashlib.sha256("".join(parts).encode()).hexdigest()[:8]

    def address(self, name: str) -> str:
        """Return where a file is, with the hash of its content."""
        return f"/static/{name}?v={self._hashes[name]}"

    def body(self, name: str) -> bytes | None:
        """Return a file's content, for where no edge stands in front."""
        return self._bodies.get(name)


def media_type(name: str) -> str:
    """Return the media type of a file that may be served, or an empty string."""
    return MEDIA_TYPES.get(pathlib.PurePosixPath(name).suffix.lower(), "")

"""Adds `[[source]]` tables to the end of hunch.toml, leaving the rest as it is."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from hunch_stream.config import Config, load
from hunch_stream.source import SourceConfig
from hunch_stream.url import slug_of


def source_text(source: SourceConfig) -> str:
    """Return the table of a source as it is written into the file."""
    lines = [
        "[[source]]",
        f"url = {_quoted(source.url)}",
        f"slug = {_quoted(source.slug)}",
    ]
    if source.title:
        lines.append(f"title = {_quoted(source.title)}")
    if source.type:
        lines.append(f"type = {_quoted(source.type)}")
    if source.tags:
        lines.append(f"tags = [{', '.join(_quoted(tag) for tag in source.tags)}]")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # SPEC TOML 1.0: basic strings escape as JSON does, but for the delete character
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def free_slug(url: str, taken: Iterable[str], wish: str = "") -> str:
    """Return a slug for an address that no other source has."""
    names = set(taken)
    wish = wish or slug_of(url)
    slug, number = wish, 2
    while slug in names:
        slug = f"{wish[:36]}-{number}"
        number += 1
    return slug


def append(path: Path, sources: Sequence[SourceConfig]) -> Config:
    """Write sources at the end of the file and return the configuration it makes.

    The file is replaced as a whole, and only if what it would hold is valid.

    Raises:
        ConfigError: If the result would be wrong; the file stays as it was.
        OSError: If it cannot be written.
    """
    text = path.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        text += "\n"
    text += "".join("\n" + source_text(source) for source in sources)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.chmod(path.stat().st_mode & 0o7777)
        # WHY: secrets by variable are not there to read; the check needs none
        config = load(draft, os.environ)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return config

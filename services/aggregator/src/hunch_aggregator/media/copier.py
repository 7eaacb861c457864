"""Copies pictures into the media folder, named by what is in them.

Readers then load them from the site itself: no third party learns who reads, and the
pictures outlive the service they came from. A picture that cannot be had is left as a
link; it never fails its item.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hunch_aggregator.fetch import (
    ACCEPT_PICTURE,
    Failed,
    Fetched,
    Fetcher,
    Limits,
    Why,
)
from hunch_aggregator.markup import with_copies
from hunch_aggregator.parse import ParsePool, Picture, PictureJob
from hunch_stream.item import Item, Media

log = logging.getLogger("hunch.media")
LARGEST_BYTES = 8 * 1024 * 1024
MOST_PER_ITEM = 12
_LIMITS = Limits(body_bytes=LARGEST_BYTES, total_s=20.0, connect_s=5.0, read_s=10.0)


# What may well succeed the next time; anything else is how the picture is.
_PASSING = frozenset(
    {
        Why.TIMEOUT,
        Why.UNREACHABLE,
        Why.BUSY,
        Why.RESTING,
        Why.SERVER,
        Why.BROKEN,
        Why.NOT_FOUND_HOST,
    }
)
_MOST_REMEMBERED = 2000


@dataclass(frozen=True, slots=True)
class Copied:
    """Items with their pictures.

    Attributes:
        items: In the order they were given.
        unfinished: Ids of items that lack a picture which may be had later.
        is_hurried: Whether some are unfinished only because time ran out.
    """

    items: list[Item]
    unfinished: frozenset[str]
    is_hurried: bool = False


@dataclass(frozen=True, slots=True)
class _Copy:
    path: str
    picture: Picture


class _Later(Exception):  # noqa: N818 - says when
    """The picture cannot be had now, but perhaps another time."""


class Copier:
    """Makes copies of items' pictures. Thread-safe.

    Args:
        folder: Where copies go; None copies nothing and leaves links.
        fetcher: The same guarded way out as for feeds.
        parser: Where pictures are measured.
        threads: Pictures fetched at the same time; one per host all the same.
    """

    def __init__(
        self, folder: Path | None, fetcher: Fetcher, parser: ParsePool, threads: int = 4
    ) -> None:
        self._folder = folder
        self._fetcher = fetcher
        self._parser = parser
        self._threads = threads
        # PERF: covers and avatars stand in every entry of a feed
        self._remembered: dict[str, _Copy] = {}

    def copied(self, items: Sequence[Item], budget_s: float = 90.0) -> Copied:
        """Return the items with their pictures copied and their HTML rewritten.

        Args:
            items: As decided, with pictures of third parties.
            budget_s: After this time what is not copied yet stays a link for now.
        """
        if self._folder is None or not any(item.media for item in items):
            return Copied([_rewritten(item) for item in items], frozenset())
        ends = time.monotonic() + budget_s
        with ThreadPoolExecutor(self._threads, "picture") as threads:
            done = list(threads.map(lambda item: self._one(item, ends), items))
        unfinished = frozenset(item.id for item, is_whole in done if not is_whole)
        is_hurried = bool(unfinished) and time.monotonic() > ends
        return Copied([item for item, _is_whole in done], unfinished, is_hurried)

    def photo(self, url: str) -> str:
        """Copy a single picture; returns its path in the folder, or an empty string."""
        if self._folder is None:
            return ""
        try:
            found = self._copy(url)
        except _Later:
            return ""
        return found.path if found else ""

    def _one(self, item: Item, ends: float) -> tuple[Item, bool]:
        media: list[Media] = []
        is_whole = True
        for place, one in enumerate(item.media):
            if place < MOST_PER_ITEM and not one.path:
                try:
                    if time.monotonic() > ends:
                        raise _Later
                    one = self._with_copy(one)
                except _Later:
                    is_whole = False
            media.append(one)
        return _rewritten(msgspec.structs.replace(item, media=tuple(media))), is_whole

    def _with_copy(self, media: Media) -> Media:
        """Return the medium with a copy of its picture, or of its poster."""
        is_picture = media.type.startswith("image/")
        sources = (media.url, media.thumbnail) if is_picture else (media.thumbnail,)
        for source in sources:
            if not source or (found := self._copy(source)) is None:
                continue
            if not is_picture:
                return msgspec.structs.replace(media, path=found.path)
            return msgspec.structs.replace(
                media,
                path=found.path,
                type=found.picture.type,
                width=found.picture.width,
                height=found.picture.height,
            )
        return media

    def _copy(self, url: str) -> _Copy | None:
        """Return our copy of a picture, or None if it is none.

        Raises:
            _Later: If it cannot be had now.
        """
        if (known := self._remembered.get(url)) is not None:
            return known
        got = self._fetcher.get(url, accept=ACCEPT_PICTURE, limits=_LIMITS)
        if isinstance(got, Failed) and got.why in _PASSING:
            raise _Later
        if not isinstance(got, Fetched):
            return None
        picture = self._parser.measure(PictureJob(got.body))
        if not isinstance(picture, Picture):
            return None
        digest = hashlib.sha256(got.body).hexdigest()
        path = f"{digest[:2]}/{digest}.{picture.extension}"
        try:
            self._write(path, got.body)
        except OSError as error:
            log.warning("a picture cannot be written: %s", error)
            raise _Later from error
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[url] = _Copy(path, picture)
        return self._remembered[url]

    def _write(self, path: str, body: bytes) -> None:
        assert self._folder is not None
        final = self._folder / path
        if final.exists():
            return
        final.parent.mkdir(parents=True, exist_ok=True)
        draft = final.with_name(f".{final.name}.{secrets.token_hex(4)}")
        try:
            with draft.open("xb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            draft.chmod(0o644)
            draft.replace(final)
        finally:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()


def _rewritten(item: Item) -> Item:
    if "<img" not in item.content_html:
        return item
    copies = {m.url: m.path for m in item.media if m.path}
    html = with_copies(item.content_html, copies)
    return msgspec.structs.replace(item, content_html=html)

"""CLIENT TRACKING: clients that keep what they read are told when it changes.

A client is remembered under every key it reads, or follows all keys of some prefixes
(BCAST). Messages leave after the reply to the command that changed the keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hunch_kvstore.commands.keys import KeysError, key_places
from hunch_kvstore.resp.reply import Push, Reply

if TYPE_CHECKING:
    from hunch_kvstore.commands.table import Command
    from hunch_kvstore.server.client import Client
    from hunch_kvstore.server.core import Core

_CHANNEL: Final = b"__redis__:invalidate"


@dataclass(slots=True)
class Tracker:
    """What one client asked for.

    Attributes:
        redirect: Number of the client that gets the messages; 0 for itself.
        modes: Of ``bcast``, ``optin``, ``optout``, ``noloop``.
        prefixes: Of keys it follows, under ``bcast``; an empty one is every key.
        is_caching: Whether CLIENT CACHING turned the next command's keys the other way.
        is_broken: Whether the client that gets the messages has gone.
    """

    redirect: int = 0
    modes: frozenset[str] = frozenset()
    prefixes: list[bytes] = field(default_factory=list)
    is_caching: bool = False
    is_broken: bool = False


def redirect_of(tracker: Tracker | None) -> int:
    """Return the number of who gets a client's messages: 0 is itself, -1 is nobody."""
    return -1 if tracker is None else tracker.redirect


class _EveryKey(dict[bytes, object]):
    """Says of every key that somebody watches it; holds those that WATCH names."""

    def __init__(self, watchers: dict[bytes, dict[Client, None]]) -> None:
        super().__init__()
        self._watchers = watchers

    def __contains__(self, _key: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._watchers)


class Tracking:
    """Who is to be told of which keys.

    Attributes:
        clients: Those that track.
        by_key: Who has read a key since it last changed.
        items: How many clients there are in it altogether.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.clients: dict[Client, None] = {}
        self.by_key: dict[bytes, dict[Client, None]] = {}
        self.items = 0
        self._changed: dict[bytes, Client | None] = {}  # not told of yet, and by whom
        self._is_emptied = False

    def join(self, client: Client, tracker: Tracker) -> None:
        """Begin to track for a client, or track in another way."""
        old = client.tracking
        if "bcast" in tracker.modes:
            more = tracker.prefixes or [b""]
            tracker.prefixes = sorted({*(old.prefixes if old else ()), *more})
        client.tracking = tracker
        self.clients[client] = None
        self._choose()

    def leave(self, client: Client) -> None:
        """Track for a client no more."""
        if client.tracking is None:
            return
        client.tracking = None
        del self.clients[client]
        if not self.clients:
            self._forget_all()
        self._choose()

    def _choose(self) -> None:
        """Let the keyspace tell of every change while anybody tracks."""
        core = self._core
        core.keys.watched = (
            _EveryKey(core.watchers) if self.clients else core.watching.as_watched
        )
        core.choose_lane()

    def _forget_all(self) -> None:
        self.by_key.clear()
        self.items = 0

    # -- reading ---------------------------------------------------------------------

    def remember(self, client: Client, row: Command, words: list[bytes]) -> None:
        """Note the keys a client has read."""
        tracker = client.tracking
        if tracker is None or "readonly" not in row.flags or "bcast" in tracker.modes:
            return
        if tracker.is_caching != ("optin" in tracker.modes):
            return
        try:
            places = key_places(row, words)
        except KeysError:
            return
        for place, _ in places:
            readers = self.by_key.setdefault(words[place], {})
            self.items += client not in readers
            readers[client] = None
        self._forget_some()

    def _forget_some(self) -> None:
        """Let clients forget keys while more are remembered than may be."""
        most = self._core.settings.integer("tracking-table-max-keys")
        while most and len(self.by_key) > most:
            self._tell_readers(next(iter(self.by_key)), None)

    def called(self, client: Client, row: Command) -> None:
        """End a command of a client: what CLIENT CACHING said was for this one."""
        self.tell()
        tracker = client.tracking
        if tracker is not None and row.name != "CLIENT|CACHING" and not client.queue:
            tracker.is_caching = False

    # -- changing --------------------------------------------------------------------

    def changed(self, keys: Iterable[bytes], author: Client | None) -> None:
        """Note keys that a command of `author` has changed."""
        for key in keys:
            self._changed[key] = author

    def emptied(self) -> None:
        """Note that there are no keys any more."""
        self._is_emptied = bool(self.clients)

    def tick(self) -> None:
        """Tell of keys that have expired; keep to a limit that has been lowered."""
        self._forget_some()
        self.tell()

    def tell(self) -> None:
        """Send what was noted; the replies to what caused it are before it."""
        changed, self._changed = self._changed, {}
        if self._is_emptied:
            self._is_emptied = False
            self._forget_all()
            for client in list(self.clients):
                self._send(client, None)
        for key, author in changed.items():
            self._tell_readers(key, author)
        for client in list(self.clients):
            tracker = client.tracking
            if tracker is None or not tracker.prefixes:
                continue
            for prefix in tracker.prefixes:
                keys: list[Reply] = [
                    key
                    for key, author in changed.items()
                    if key.startswith(prefix)
                    and not (author is client and "noloop" in tracker.modes)
                ]
                if keys:
                    self._send(client, keys)

    def _tell_readers(self, key: bytes, author: Client | None) -> None:
        readers = self.by_key.pop(key, {})
        self.items -= len(readers)
        for client in readers:
            tracker = client.tracking
            if tracker is None or "bcast" in tracker.modes:
                continue
            if author is not client or "noloop" not in tracker.modes:
                self._send(client, [key])

    def _send(self, client: Client, keys: list[Reply] | None) -> None:
        """Tell a client, or who gets its messages, to forget keys; None is all."""
        tracker = client.tracking
        assert tracker is not None
        target = client
        if tracker.redirect:
            found = self._core.clients.get(tracker.redirect)
            if found is None:
                tracker.is_broken = True
                if client.resp > 2:
                    client.send(Push((b"tracking-redir-broken", tracker.redirect)))
                    self._core.ready.add(client)
                return
            target = found
        if target.resp > 2:
            target.send(Push((b"invalidate", keys)))
        elif tracker.redirect and target.is_subscribed:
            target.send(Push((b"message", _CHANNEL, keys)))
        else:
            return
        self._core.ready.add(target)

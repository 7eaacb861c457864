"""The heart: runs commands against the engine, one at a time, for one client at a time.

It knows clients but no sockets; the loop feeds it commands and, once per round, asks it
to `flush` before any reply leaves.
"""

from __future__ import annotations

import os
import time
from itertools import islice
from typing import TYPE_CHECKING, Final, cast

from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.registry import load
from hunch_kvstore.commands.table import Command
from hunch_kvstore.engine import StoreFailed, Sync, WritesRefused
from hunch_kvstore.keyspace.compact import Compact
from hunch_kvstore.keyspace.encoding import EXPIRY, after
from hunch_kvstore.keyspace.expiry import date_of
from hunch_kvstore.keyspace.keyspace import Keyspace
from hunch_kvstore.resp.encoder import encode
from hunch_kvstore.resp.reply import NO_REPLY, CommandError, Reply, Simple
from hunch_kvstore.search.catalog import Catalog
from hunch_kvstore.search.refill import refold
from hunch_kvstore.server import tuning
from hunch_kvstore.server._lane import Lane
from hunch_kvstore.server.acl_log import AclLog
from hunch_kvstore.server.census import Census
from hunch_kvstore.server.client import Queue
from hunch_kvstore.server.counters import Counters
from hunch_kvstore.server.cursors import Cursors
from hunch_kvstore.server.expiration import Expiration
from hunch_kvstore.server.info import render
from hunch_kvstore.server.latency import Spikes
from hunch_kvstore.server.monitor import Monitors
from hunch_kvstore.server.process import resident_bytes
from hunch_kvstore.server.pubsub import PubSub
from hunch_kvstore.server.rates import Rates
from hunch_kvstore.server.refusal import checked, rejected, unknown
from hunch_kvstore.server.saves import Saves
from hunch_kvstore.server.slowlog import SlowLog, redacted
from hunch_kvstore.server.tracking import Tracking
from hunch_kvstore.server.waiting import Waiting
from hunch_kvstore.server.watching import Watching
from hunch_kvstore.server.work import REFUSED, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunch_kvstore.engine import Engine, Transaction
    from hunch_kvstore.server.client import Client
    from hunch_kvstore.server.logline import Log
    from hunch_kvstore.server.setting import Settings

COMPATIBLE_VERSION: Final = "7.0.15"  # the Redis whose answers these are
_IMMEDIATE: Final = frozenset(("EXEC", "DISCARD", "MULTI", "WATCH", "QUIT", "RESET"))
_HTTP_WORDS: Final = frozenset(
    (b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE", b"PATCH", b"CONNECT", b"HOST:")
)
_LAST_READS_S: Final = 0.5


class Core:
    """Everything that is one per process.

    Attributes:
        engine: The store underneath.
        settings: The values in force.
        keys: The typed keyspace.
        catalog: The search indexes.
        clients: By number, in the order they came.
        pubsub: Channels and their subscribers.
        cursors: Scans under way.
        lane: Runs the hot commands before they come here.
        monitors: Clients that are shown every command.
        tracking: Who is told when keys change.
        spikes: What took long enough for LATENCY.
        watching: Who watches which key.
        waiting: Clients that are blocked, or held back by CLIENT PAUSE.
        expiration: Deletes keys whose time is over.
        saves: What SAVE has done.
        work: The transaction under way.
        context: What the handler under way is given.
        ready: Clients with replies to send at the end of this round; always one set.
        stopping: Set when the process shall end.
    """

    def __init__(self, engine: Engine, settings: Settings, log: Log) -> None:
        self.engine = engine
        self.settings = settings
        self.log = log
        self.table = load()
        self.keys = Keyspace(cast("Transaction", engine))
        self.catalog = Catalog.load(engine)
        refold(self.catalog, self.keys, engine, self._say_refilled)
        self.keys.catalog = self.catalog
        self.clients: dict[int, Client] = {}
        self.pubsub = PubSub()
        self.cursors = Cursors()
        self.ready: set[Client] = set()
        self.watching = Watching(self.keys)
        self.watchers = self.watching.by_key
        self.keys.watched = self.watching.as_watched
        self.stopping = False
        self.started_s = time.time()
        self.startup_bytes = resident_bytes()
        self.saves = Saves(engine)
        self.run_id = os.urandom(20).hex()
        self.count = Counters()
        self.rates = Rates()
        self.slow = SlowLog()
        self.acl_log = AclLog()
        self.addresses: list[str] = []
        self.config_file = ""
        self._failed_s = 0.0
        self.compatible_version = COMPATIBLE_VERSION.encode()
        self.output_limits: dict[str, tuple[int, int, int]] = {}
        self.census = Census(self.keys)
        self._slow_us = 0
        self.context = Context()
        self.context.server = self
        self.context.keys = self.keys
        self.work = Work(self)
        self.lane = Lane(self)
        self.monitors = Monitors(self)
        self.tracking = Tracking(self)
        self.spikes = Spikes()
        self._spike_us = 0
        self.expiration = Expiration(self)
        self.waiting = Waiting(self)
        self.blocked = self.waiting.blocked
        self.serve_blocked = self.waiting.serve
        self.apply_settings()

    def apply_settings(self) -> None:
        """Take over values that are read on hot paths."""
        self._slow_us = self.settings.integer("slowlog-log-slower-than")
        self._spike_us = 1000 * self.settings.integer("latency-monitor-threshold") or -1
        slow = [us for us in (self._slow_us, self._spike_us) if us >= 0]
        self.lane.slow_us = min(slow, default=-1)
        self.keys.compact = tuning.compact(self.settings)
        self.lane.is_usual = self.keys.compact == Compact()
        self.slow.limit = self.settings.integer("slowlog-max-len")
        self.acl_log.limit = self.settings.integer("acllog-max-len")
        self.log.level = self.settings.text("loglevel")
        words = self.settings.text("client-output-buffer-limit").split()
        self.output_limits = {
            words[at]: (int(words[at + 1]), int(words[at + 2]), int(words[at + 3]))
            for at in range(0, len(words), 4)
        }
        self.engine.sync = Sync(self.settings.text("sync"))

    # -- clients ---------------------------------------------------------------------

    def welcome(self, client: Client) -> None:
        """Take a new client in."""
        self.count.connections += 1
        client.authenticated = not self.settings.text("requirepass")
        client.parser.trusted = client.authenticated
        client.parser.bulk_bytes = self.settings.integer("proto-max-bulk-len")
        self.clients[client.number] = client

    def farewell(self, client: Client) -> None:
        """Forget a client that went away."""
        self.clients.pop(client.number, None)
        self.ready.discard(client)
        self.pubsub.forget(client)
        self.watching.unwatch(client)
        self.waiting.forget(client)
        self.monitors.leave(client)
        self.tracking.leave(client)

    # -- commands --------------------------------------------------------------------

    def process(self, client: Client, words: list[bytes]) -> None:
        """Run one command of a client, or queue it; the reply goes to its buffer."""
        self.ready.add(client)
        if self.lane.dirty:
            self.lane.fold()
        if client.quiet is not None:
            client.next_of_quiet()
        name = words[0]
        row = self.table.get(name) or self.table.get(name.upper())
        try:
            if row is None:
                self._unknown(client, words)
                return
            row = checked(client, row, words)
            if self.waiting.paused_until_s and self.waiting.postpone(
                client, row, words
            ):
                return
            if client.queue is not None and row.name not in _IMMEDIATE:
                client.queue.take(row, words)
                client.send(Simple("QUEUED"))
                return
        except CommandError as error:
            if words[-1].startswith(b"HTTP/") and row is not None:
                self.suspect(client)  # GET / HTTP/1.1
                return
            if row is not None and row.name == "EXEC":
                self._break_off(client)
                error = CommandError(
                    b"EXECABORT Transaction discarded because of: "
                    + error.raw.removeprefix(b"ERR ")
                )
            elif client.queue is not None:
                client.queue.is_broken = True
            self.count.error(error)
            if row is not None:
                rejected(row, words).rejected += 1
            client.send(error)
            return
        self._call(client, row, words)

    def _break_off(self, client: Client) -> None:
        """Leave the transaction that an EXEC could not begin."""
        client.queue = None
        self.watching.unwatch(client)

    def perform(self, client: Client, commands: list[list[bytes]]) -> None:
        """Run commands of one client until it blocks or leaves."""
        process = self.process
        for place, words in enumerate(commands):
            process(client, words)
            if client.closing or client.killed:
                return
            if client.blocked is not None:
                client.waiting += commands[place + 1 :]
                return

    def _unknown(self, client: Client, words: list[bytes]) -> None:
        """Refuse a command that does not exist.

        LIMIT: a browser made to speak to the port sends HTTP; its verbs end the
        connection before the body of the request is read as commands.
        """
        if words[0].upper() in _HTTP_WORDS:
            self.suspect(client)
            return
        raise unknown(words)

    def suspect(self, client: Client) -> None:
        """End a connection that speaks HTTP, without an answer."""
        client.killed = True
        self.log.warning(
            "possible attack: HTTP on the store's port", peer=client.address
        )

    def _say_refilled(self, index: str, done: int, of: int) -> None:
        self.log.notice("index made anew", index=index, documents=done, of=of)

    def _call(self, client: Client, row: Command, words: list[bytes]) -> None:
        """Run a command that passed the checks and buffer its reply."""
        started = time.perf_counter_ns()
        try:
            reply = self.run(client, row, words)
        except CommandError as error:
            reply = error
            row.failed += 1
            self.count.error(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours, in one command
            # WHY: its transaction was aborted, so the store is whole; the other
            # clients are not to pay for it. The log has what is needed to mend it.
            row.failed += 1
            self.log.fault(error, command=row.name, peer=client.address)
            reply = CommandError("ERR internal error, see the server's log")
        if reply is not NO_REPLY:
            self.answer(client, reply)
        self.work.wrote = False
        self.called(client, row, words, time.perf_counter_ns() - started)
        if self.tracking.clients:
            self.tracking.called(client, row)
        client.last_command = row.name

    def answer(self, client: Client, reply: Reply) -> None:
        """Buffer a reply; if its command has written, it is void should the flush fail."""
        if not client.is_muted:
            if self.work.wrote:
                client.unacknowledged.append(len(client.out))
            client.out.append(encode(reply, client.resp))
        self.work.wrote = False

    def called(
        self, client: Client, row: Command, words: list[bytes], spent_ns: int
    ) -> None:
        """Count a call that is over, and show it to whom it may concern."""
        spent_us = spent_ns // 1000
        self.count.calls += 1
        row.calls += 1
        row.spent_us += spent_us
        row.durations.note(spent_ns)
        if spent_us >= self.lane.slow_us >= 0:
            self.note_slow(client, row, words, spent_us)
        if client.tracking is not None:
            self.tracking.remember(client, row, words)
        if self.monitors.clients:
            self.monitors.show(client, row, words)

    def note_slow(
        self, client: Client, row: Command, words: list[bytes], spent_us: int
    ) -> None:
        """Write a call into the slow log or among the spikes, or both."""
        if spent_us >= self._slow_us >= 0 and "skip_slowlog" not in row.flags:
            said = redacted(row.name, words)
            self.slow.note(said, spent_us, client.address, client.name)
        if spent_us >= self._spike_us >= 0:
            event = "fast-command" if "fast" in row.flags else "command"
            self.spikes.note(event, spent_us // 1000)

    def choose_lane(self) -> None:
        """Let all commands go the plain way while somebody looks at each of them."""
        self.lane.enabled = not (
            self.waiting.paused_until_s
            or self.monitors.clients
            or self.tracking.clients
        )

    def run(self, client: Client, row: Command, words: list[bytes]) -> Reply:
        """Call a handler, in a transaction of its own unless EXEC has one open.

        Raises:
            CommandError: What the handler answers with, or that no writes are taken.
        """
        context = self.context
        context.client = client
        keys = self.keys
        if "|" in row.name:
            context.said = words[1]
            args = words[2:]
        else:
            context.said = words[0]
            args = words[1:]
        if row.is_write and row.group == "search":
            self.work.schemas_at_risk = True
        keys.counting = row.is_read
        if self.work.tx is not None:
            return row.handler(context, args)
        context.now_ms = keys.now_ms = time.time_ns() // 1_000_000
        if not row.is_write:
            context.tx = keys.tx = cast("Transaction", self.engine)
            keys.writing = False
            reply = row.handler(context, args)
            if keys.expired:
                self.expiration.delete_found()
            return reply
        work = self.work
        work.begin()
        try:
            reply = row.handler(context, args)
        except BaseException:
            work.abort()
            raise
        work.commit()
        return reply

    # -- keys ------------------------------------------------------------------------

    def key_count(self) -> int:
        """Return the number of keys."""
        return self.census.total()

    def clear(self, context: Context) -> None:
        """Delete every key and every index."""
        context.keys.clear()
        self.work.schemas_at_risk = True
        self.catalog.clear(context.tx)
        self.census.emptied()
        self.tracking.emptied()

    def new_queue(self) -> Queue:
        """Return what MULTI collects commands in."""
        return Queue()

    @property
    def in_transaction(self) -> bool:
        """Whether the command under way is one of an EXEC."""
        return self.work.executing

    def publish(self, channel: bytes, message: bytes) -> int:
        """Send a message to all who listen; return how many got it."""
        reached = self.pubsub.publish(channel, message)
        self.ready.update(reached)
        return len(reached)

    def attempt(self, client: Client, run: Callable[[], Reply]) -> Reply:
        """Try for a blocked client what it waits for, in a transaction.

        Raises:
            CommandError: What it is answered instead.
        """
        self.context.client = client
        self.lane.fold()
        self.work.begin()
        try:
            reply = run()
        except CommandError:
            self.work.abort()
            raise
        self.work.commit()
        return reply

    # -- housekeeping ----------------------------------------------------------------

    def tick(self, now_s: float) -> None:
        """Do what time asks for: the engine's work, expiry, blocked clients.

        Args:
            now_s: By the monotonic clock.
        """
        self.lane.fold()
        count = self.count
        self.rates.take(now_s, count.calls, count.net_in_bytes, count.net_out_bytes)
        self.engine.tick(now_s)
        self.expiration.delete_due()
        self.tracking.tick()
        self.census.step()
        if isinstance(self.engine.refusal, StoreFailed):
            self._fail(now_s)
        self.waiting.serve()

    def _fail(self, now_s: float) -> None:
        """End soon after the disk has failed, unless we are to go on serving reads."""
        if not self._failed_s:
            self._failed_s = now_s
            self.log.warning("disk failure", error=str(self.engine.refusal))
        if (
            self.settings.text("disk-failure") == "exit"
            and now_s - self._failed_s > _LAST_READS_S
        ):
            self.stopping = True

    # -- about itself ----------------------------------------------------------------

    def info(self, wanted: set[str]) -> bytes:
        """Return the sections of INFO asked for."""
        return render(self, wanted)

    def due_dates(self) -> tuple[int, int]:
        """Return how many due dates there are and how far off on average, in ms.

        LIMIT: old dates of keys given another one are among them; it looks at the
        nearest 10,000, so that INFO takes no time.
        """
        now_ms = time.time_ns() // 1_000_000
        found = islice(self.engine.scan(EXPIRY, after(EXPIRY)), 10_000)
        left = [max(date_of(raw) - now_ms, 0) for raw, _ in found]
        return len(left), sum(left) // max(len(left), 1)

    def shown_settings(self) -> dict[str, str]:
        """Return every setting as CONFIG GET shows it."""
        return tuning.shown(self.settings, self.engine.folder, self.addresses)

    def change_settings(self, pairs: list[tuple[bytes, bytes]]) -> None:
        """Change settings as CONFIG SET does: all or none.

        Raises:
            CommandError: As Redis words it.
        """
        tuning.change(self.settings, pairs, self.shown_settings())
        self.apply_settings()

    def reset_statistics(self) -> None:
        """Begin to count anew."""
        self.count = Counters()
        self.keys.removed = self.keys.hits = self.keys.misses = 0
        self.expiration.forget_counts()
        for row in self.table.values():
            for command in (row, *row.subcommands.values()):
                command.forget_calls()

    def save(self) -> None:
        """Sync the log, whatever the policy.

        Raises:
            CommandError: If the disk does not take it.
        """
        try:
            self.saves.save()
        except WritesRefused as error:
            raise CommandError(f"{REFUSED}{error}") from error

    # -- the end of a round ----------------------------------------------------------

    def flush(self) -> None:
        """Make this round's writes durable; call before replies leave.

        If that fails, the replies that acknowledge them become errors: the writes are
        in doubt until a restart has read the log back.
        """
        try:
            self.engine.flush()
        except WritesRefused as error:
            refusal = b"-" + CommandError(f"{REFUSED}{error}").raw + b"\r\n"
            for client in self.ready:
                for place in client.unacknowledged:
                    client.out[place] = refusal
            self.log.warning("flush failed", error=str(error))
        for client in self.ready:
            if client.unacknowledged:
                client.unacknowledged.clear()

    def protocol_error(self, client: Client, what: str) -> None:
        """Answer a client that broke the protocol, and close."""
        self.ready.add(client)
        client.send(CommandError(f"ERR Protocol error: {what}"))
        client.closing = True
        self.log.write("verbose", "protocol error", what=what, peer=client.address)

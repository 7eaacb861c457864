"""Who listens to which channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunch_kvstore.keyspace.glob import matches
from hunch_kvstore.resp.reply import Push

if TYPE_CHECKING:
    from hunch_kvstore.server.client import Client


class PubSub:
    """Channels and patterns with their subscribers, in the order they came.

    Attributes:
        channels: Subscribers by channel.
        patterns: Subscribers by pattern.
    """

    def __init__(self) -> None:
        self.channels: dict[bytes, dict[Client, None]] = {}
        self.patterns: dict[bytes, dict[Client, None]] = {}

    def subscribe(self, client: Client, name: bytes, *, is_pattern: bool) -> int:
        """Add a subscription; return how many the client has."""
        rows = self.patterns if is_pattern else self.channels
        rows.setdefault(name, {})[client] = None
        (client.patterns if is_pattern else client.channels)[name] = None
        return len(client.channels) + len(client.patterns)

    def unsubscribe(self, client: Client, name: bytes, *, is_pattern: bool) -> int:
        """End a subscription, if there is one; return how many are left."""
        mine = client.patterns if is_pattern else client.channels
        if name in mine:
            del mine[name]
            rows = self.patterns if is_pattern else self.channels
            del rows[name][client]
            if not rows[name]:
                del rows[name]
        return len(client.channels) + len(client.patterns)

    def forget(self, client: Client) -> None:
        """End every subscription of a client."""
        for name in list(client.channels):
            self.unsubscribe(client, name, is_pattern=False)
        for name in list(client.patterns):
            self.unsubscribe(client, name, is_pattern=True)

    def publish(self, channel: bytes, message: bytes) -> list[Client]:
        """Hand a message to all who listen; return them, with repetitions."""
        reached: list[Client] = []
        for client in self.channels.get(channel, ()):
            client.send(Push((b"message", channel, message)))
            reached.append(client)
        for pattern, clients in self.patterns.items():
            if matches(pattern, channel):
                for client in clients:
                    client.send(Push((b"pmessage", pattern, channel, message)))
                    reached.append(client)
        return reached

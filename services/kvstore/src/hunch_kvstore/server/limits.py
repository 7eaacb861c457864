"""What one client may take: bytes it has sent, bytes it does not read, idle time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hunch_kvstore.server.client import Client
    from hunch_kvstore.server.core import Core

_UNAUTHENTICATED_BUFFER_BYTES: Final = 1024 * 1024  # LIMIT: as Redis
_UNAUTHENTICATED_OUTPUT_BYTES: Final = 16 * 1024  # LIMIT: errors nobody reads


def sends_too_much(core: Core, client: Client) -> bool:
    """Tell whether a client has sent more than may wait to be carried out.

    LIMIT: a transaction without end counts, too; Redis lets it grow.
    """
    queued = client.queue.size_bytes if client.queue is not None else 0
    if not client.authenticated:
        most = _UNAUTHENTICATED_BUFFER_BYTES
    else:
        most = core.settings.integer("client-query-buffer-limit")
    if client.parser.pending_bytes + queued <= most:
        return False
    core.log.warning("query buffer limit", peer=client.address)
    return True


def is_too_slow(core: Core, client: Client, waiting_bytes: int) -> bool:
    """Tell whether a client that does not read its replies must go."""
    kind = "pubsub" if client.is_subscribed else "normal"
    hard, soft, seconds = core.output_limits.get(kind, (0, 0, 0))
    if not client.authenticated:
        hard, soft, seconds = _UNAUTHENTICATED_OUTPUT_BYTES, 0, 0
    now = time.monotonic()
    if soft and waiting_bytes > soft:
        client.over_soft_since_s = client.over_soft_since_s or now
    else:
        client.over_soft_since_s = 0.0
    since = client.over_soft_since_s
    if (hard and waiting_bytes > hard) or (since and now - since > seconds):
        core.log.warning(
            "output buffer limit", peer=client.address, bytes=waiting_bytes
        )
        return True
    return False


def is_idle(client: Client, now_s: float, idle_s: int) -> bool:
    """Tell whether a client has said nothing for that long and waits for nothing.

    Args:
        client: Who.
        now_s: By the monotonic clock.
        idle_s: The setting ``timeout``; 0 is for ever.
    """
    return (
        idle_s > 0
        and now_s - client.last_seen_s > idle_s
        and not client.is_subscribed
        and client.blocked is None
    )

"""The connection to the store, and what can go wrong with it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


class StoreError(Exception):
    """The store refused or could not be understood; the root of this package's errors."""


class StoreUnavailable(StoreError):  # noqa: N818 - a state, not a mistake
    """The store does not answer (not up, restarting, or too slow)."""


class Connection:
    """A pool of connections to one store.

    Safe for several threads and after a fork: connections are opened on first use.
    """

    def __init__(self, url: str, *, timeout_s: float = 2.0) -> None:
        """Prepare the pool; nothing is opened yet.

        Args:
            url: `unix:///path/to/kvstore.sock` or `redis://[:password@]host:port/0`.
            timeout_s: Bound on connecting and on each reply.

        Raises:
            StoreError: If the address is none of those.
        """
        try:
            # WHY protocol=2: FT.SEARCH answers in one shape there on every server.
            # WHY no retry: a repeated EXEC could commit twice; callers decide.
            self.client: redis.Redis = redis.Redis.from_url(
                url,
                protocol=2,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise StoreError(f"{url!r} is no store address: {error}") from error

    def call(self, *args: Any) -> Any:
        """Send one command and return its reply."""
        with self.translated():
            return self.client.execute_command(*args)  # type: ignore[no-untyped-call]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[redis.client.Pipeline]:
        """Collect commands and send them as one MULTI … EXEC on leaving."""
        with self.translated(), self.client.pipeline(transaction=True) as pipeline:
            yield pipeline
            pipeline.execute()

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the client library's errors into ours."""
        try:
            yield
        except (
            redis.exceptions.ConnectionError,
            redis.exceptions.TimeoutError,
            redis.exceptions.BusyLoadingError,
        ) as error:
            raise StoreUnavailable(str(error)) from error
        except redis.exceptions.RedisError as error:
            raise StoreError(str(error)) from error

    def close(self) -> None:
        """Close every connection; the object may be used again."""
        self.client.close()

"""Every setting of the server, with its default and the reason for it."""

from dataclasses import dataclass, field

from fcgi.address import BACKLOG
from fcgi.errors import ConfigurationError
from fcgi.limits import DEFAULT, Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve. The command line has an option of the same name for each.

    Attributes:
        bind: Where to listen, see `address`; None takes over file descriptor 0, as
            lighttpd's bin-path and spawn-fcgi hand it over.
        processes: Worker processes; 0 serves in the calling process, without a parent.
        model: How a worker serves, see `models`.
        threads: Threads of a worker, for the models that have them.
        connections: Connections a worker may have open at once, for the models that
            have more than one; the others wait in the backlog.
        backlog: Connections that may wait; keep it at or above the edge's limit.
        mode: Permissions of a unix socket.
        group: Group id of a unix socket.
        max_requests: Requests after which a worker is replaced; 0 for never. Each
            worker adds up to a tenth by chance, so that they do not leave together.
        request_timeout_s: Seconds after which a worker that is still on the same
            request is killed; 0 for never.
        graceful_s: Seconds that running requests get when we stop.
        read_timeout_s: Seconds a peer may be silent in the middle of a request.
        keep_timeout_s: Seconds a connection is kept without a request on it.
        send_timeout_s: Seconds a thread waits for a peer that takes no output, in the
            models where threads do not write themselves.
        allow: Addresses of TCP peers that may connect; empty for all.
        mount: Where the application lives, if the web server's split of the path into
            SCRIPT_NAME and PATH_INFO is not to be trusted. "" is the root.
        reload: Watch the source of loaded modules and restart on a change.
        pure: Use plain Python where there is a compiled twin; for comparison.
        limits: What one connection may make us hold.
    """

    bind: str | None = None
    processes: int = 1
    model: str = "prefork"
    threads: int = 8
    connections: int = 1024
    backlog: int = BACKLOG
    mode: int = 0o660
    group: int | None = None
    max_requests: int = 0
    request_timeout_s: float = 0.0
    graceful_s: float = 10.0
    read_timeout_s: float = 10.0
    keep_timeout_s: float = 15.0
    send_timeout_s: float = 60.0
    allow: tuple[str, ...] = ()
    mount: str | None = None
    reload: bool = False
    pure: bool = False
    limits: Limits = field(default=DEFAULT)

    def __post_init__(self) -> None:
        if self.processes < 0 or self.threads < 1:
            msg = "processes must be 0 or more, threads 1 or more"
            raise ConfigurationError(msg)
        if self.mount is not None and self.mount[:1] not in ("", "/"):
            msg = f"mount: {self.mount!r} must begin with a slash or be empty"
            raise ConfigurationError(msg)

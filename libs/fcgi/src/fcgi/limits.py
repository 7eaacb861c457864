"""How much a peer may make us hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one connection can cost, each with its precedent.

    Attributes:
        params_size: Bytes of one request's PARAMS stream. lighttpd sends at most 64 KiB
            of them, php-fpm takes 64 KiB per record without end; 256 KiB is generous.
        requests: Requests active at once on one connection.
        body_size: Bytes of one request's body where a model must hold it all.
        spool_size: Bytes of a held body kept in memory; what is beyond goes to a file.
    """

    params_size: int = 256 * 1024
    requests: int = 256
    body_size: int = 1 << 30
    spool_size: int = 256 * 1024


DEFAULT = Limits()

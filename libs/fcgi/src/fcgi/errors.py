"""What can go wrong, under one root.

`ProtocolError` is split by whose fault it was, since the remedies differ: close the
connection when the peer broke the rules, fix the caller when we did.
"""


class Error(Exception):
    """Root of every error this package raises on its own."""


class ProtocolError(Error):
    """FastCGI's rules were broken; see the two subclasses for by whom."""


class LocalProtocolError(ProtocolError):
    """The caller asked for bytes the protocol forbids at this point."""


class RemoteProtocolError(ProtocolError):
    """The peer sent bytes the protocol forbids; the connection is of no more use."""


class RefusedError(Error):
    """A well-formed request that must not reach an application.

    Attributes:
        status: The HTTP status line to answer with.
    """

    def __init__(self, reason: str, status: str = "400 Bad Request") -> None:
        super().__init__(reason)
        self.status = status


class StreamError(Error, OSError):
    """Reading or writing a request's stream failed; the peer is most likely gone."""


class AbortedError(StreamError):
    """The web server aborted the request or hung up."""


class AcceptError(StreamError):
    """No further request can be accepted: the listening socket was shut down."""


class ConfigurationError(Error):
    """A setting that cannot work; the text names it and the remedy."""

"""The exchange: what belongs to the one request being answered right now.

Leaves, templates and serializers reach it through `current`, so nothing has to be
passed along. It is held in a context variable: threads and greenlets each have theirs.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smisk.core.application import Application
    from smisk.core.request import Request
    from smisk.core.response import Response
    from smisk.mvc.leaf import Leaf
    from smisk.serialization.serializer import Serializer


class Exchange:
    """A request, its response and who answers it."""

    def __init__(self, application: "Application", request: Any, response: Any) -> None:
        self.application = application
        self.request: Request = request
        self.response: Response = response
        self.charset: str = application.charset
        self.leaf: Leaf | None = None
        self.serializer: Serializer | None = None
        self.media_type: str | None = None
        #: What a body that named its leaf held besides.
        self.document: object = None
        #: Extension the URL asked for, None when it had none.
        self.extension: str | None = None
        #: The path without that extension.
        self.cn_path = ""
        #: The path from the root of the host as it stands in a URL.
        self.address = ""
        #: Whether Accept decided the format.
        self.negotiated = False
        #: Called when the request has ended.
        self.closers: tuple[Callable[[], object], ...] = ()

    def come_to(self, other: "Exchange") -> None:
        """Take over which leaf answers, and in what format."""
        self.leaf = other.leaf
        self.serializer = other.serializer
        self.media_type = other.media_type
        self.charset = other.charset
        self.extension = other.extension
        self.cn_path = other.cn_path
        self.address = other.address
        self.negotiated = other.negotiated

    @property
    def representation(self) -> str:
        """What tells this representation from the others of its resource."""
        if self.serializer is None:
            return ""
        usual = self.serializer.charset in (None, self.charset)
        charset = "" if usual else f".{self.charset}"
        return f".{self.serializer.extension}{charset}"


class InExchange:
    """What looks at the exchange being served, whichever that is."""

    @property
    def request(self) -> "Request":
        """The request being answered."""
        return current().request

    @property
    def response(self) -> "Response":
        """The response to it."""
        return current().response


exchange_var: ContextVar[Exchange] = ContextVar("smisk.exchange")


def current() -> Exchange:
    """Return the exchange of the request being answered.

    Raises:
        RuntimeError: Outside of a request.
    """
    try:
        return exchange_var.get()
    except LookupError:
        raise RuntimeError("there is no request being answered here") from None

"""Every HTTP status as something a leaf can raise: an error is a response.

``raise http.NotFound("No such item")`` ends the leaf; the application renders it in
the format the client asked for. Successes can be raised too (``http.Created``).
"""
# ruff: noqa: D101, E701, N818 - a status has the name and number it has: a table

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from smisk.error import Error

REASONS: dict[int, str] = {s.value: s.phrase for s in HTTPStatus}
REASONS.update({413: "Content Too Large", 422: "Unprocessable Content"})
STATUS_LINES: dict[int, str] = {s: f"{s} {phrase}" for s, phrase in REASONS.items()}
#: Answers that never have a body (RFC 9110 6.4.1).
BODILESS = frozenset({100, 101, 102, 103, 204, 205, 304})


def status_line(status: int) -> str:
    """Return ``404 Not Found`` for 404."""
    return STATUS_LINES.get(status) or f"{status} Unknown"


class HTTPError(Error):
    """An answer with a status, raised.

    Args:
        description: For people: what went wrong and what would help.
        headers: Sent with the answer.
    """

    status: int = 500

    def __init__(
        self, description: str = "", *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(description or REASONS.get(self.status, ""))
        self.description = description
        self.headers: dict[str, str] = dict(headers or {})
        self.traceback: str | None = None
        #: Addresses and names of other representations (300, 406).
        self.choices: list[tuple[str, str]] = []

    @property
    def title(self) -> str:
        """The name of the status: ``Not Found``."""
        return REASONS.get(self.status, "Unknown")

    def to_dict(self) -> dict[str, object]:
        """Return what serializers of plain data send."""
        error: dict[str, object] = {"status": self.status, "title": self.title}
        if self.description:
            error["description"] = self.description
        if self.traceback:
            error["traceback"] = self.traceback
        return error


class Redirect(HTTPError):
    """An answer with a Location; a relative one becomes absolute when sent.

    A location that starts with a slash always stays on this host, however many
    slashes or backslashes follow: ``//elsewhere.example`` is not a way out.
    """

    status = 302

    def __init__(
        self,
        location: str,
        description: str = "",
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(description, headers=headers)
        self.location = location


class MethodNotAllowed(HTTPError):
    """The leaf answers other verbs: those it answers are `allow`."""

    status = 405

    def __init__(
        self,
        description: str = "",
        *,
        allow: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(description, headers=headers)
        if allow:
            self.headers["Allow"] = ", ".join(allow)


# fmt: off
class Continue(HTTPError): status = 100
class SwitchingProtocols(HTTPError): status = 101
class OK(HTTPError): status = 200
class Created(HTTPError): status = 201
class Accepted(HTTPError): status = 202
class NonAuthoritativeInformation(HTTPError): status = 203
class NoContent(HTTPError): status = 204
class ResetContent(HTTPError): status = 205
class PartialContent(HTTPError): status = 206
class MultipleChoices(HTTPError): status = 300
class MovedPermanently(Redirect): status = 301
class Found(Redirect): status = 302
class SeeOther(Redirect): status = 303
class NotModified(HTTPError): status = 304
class UseProxy(Redirect): status = 305
class TemporaryRedirect(Redirect): status = 307
class PermanentRedirect(Redirect): status = 308
class BadRequest(HTTPError): status = 400
class Unauthorized(HTTPError): status = 401
class PaymentRequired(HTTPError): status = 402
class Forbidden(HTTPError): status = 403
class NotFound(HTTPError): status = 404
class NotAcceptable(HTTPError): status = 406
class ProxyAuthenticationRequired(HTTPError): status = 407
class RequestTimeout(HTTPError): status = 408
class Conflict(HTTPError): status = 409
class Gone(HTTPError): status = 410
class LengthRequired(HTTPError): status = 411
class PreconditionFailed(HTTPError): status = 412
class ContentTooLarge(HTTPError): status = 413
class URITooLong(HTTPError): status = 414
class UnsupportedMediaType(HTTPError): status = 415
class RangeNotSatisfiable(HTTPError): status = 416
class ExpectationFailed(HTTPError): status = 417
class MisdirectedRequest(HTTPError): status = 421
class UnprocessableContent(HTTPError): status = 422
class Locked(HTTPError): status = 423
class PreconditionRequired(HTTPError): status = 428
class TooManyRequests(HTTPError): status = 429
class RequestHeaderFieldsTooLarge(HTTPError): status = 431
class UnavailableForLegalReasons(HTTPError): status = 451
class InternalServerError(HTTPError): status = 500
class NotImplemented(HTTPError): status = 501
class BadGateway(HTTPError): status = 502
class ServiceUnavailable(HTTPError): status = 503
class GatewayTimeout(HTTPError): status = 504
class HTTPVersionNotSupported(HTTPError): status = 505
class InsufficientStorage(HTTPError): status = 507
# fmt: on

#: Every status by its number.
STATUSES: dict[int, type[HTTPError]] = {
    cls.status: cls
    for cls in (*HTTPError.__subclasses__(), *Redirect.__subclasses__())
    if cls is not Redirect
}

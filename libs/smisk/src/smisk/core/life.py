"""The life of one request: begun, served, prepared, answered, ended."""

import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from smisk import http
from smisk.core.exchange import Exchange, exchange_var
from smisk.core.request import Request
from smisk.core.response import Response, StartResponse

if TYPE_CHECKING:
    from smisk.core.application import Application

log = logging.getLogger("smisk.application")


def answer(
    application: "Application", environ: dict[str, Any], start_response: StartResponse
) -> Iterable[bytes]:
    """Answer one request (PEP 3333)."""
    request = application.request_class(
        environ, application.charset, application.tolerant, application.limits
    )
    response = application.response_class(application.charset)
    exchange = Exchange(application, request, response)
    response.exchange = exchange
    response._start_response = start_response
    token = exchange_var.set(exchange)
    try:
        try:
            application.service()
        except http.HTTPError as error:
            application._answer(error)
        except Exception as error:  # noqa: BLE001 - the top of the loop
            application._answer(application._unexpected(error))
        if not response.has_begun:
            try:
                prepare(application, response)
            except Exception as error:  # noqa: BLE001 - the top of the loop
                application._prepare_failed(response, error)
        chunks = response.finish(start_response)
        if type(chunks) is list or type(chunks) is tuple:
            end(exchange)
        else:
            chunks = Streamed(chunks, exchange)
        return chunks
    finally:
        exchange_var.reset(token)


def prepare(application: "Application", response: Response) -> None:
    """Give a complete response what every answer has."""
    request: Request = response.exchange.request
    if request._slot is not None:
        request._slot.save(response)
    lines = response.lines
    if "content-type" not in lines and response.status not in http.BODILESS:
        content_type = f"text/html; charset={application.charset}"
        lines["content-type"] = ("Content-Type", content_type)
    if application.signature:
        server = request.env.get("SERVER_SOFTWARE", "")
        response.headers["Server"] = f"{server} {application.signature}".strip()
    application.response_will_begin(response)


def end(exchange: Exchange) -> None:
    """Close what the request used; its answer is complete."""
    request: Request = exchange.request
    response: Response = exchange.response
    try:
        exchange.application.request_did_end(request, response)
    except Exception:  # the answer is out; only the log can still be told
        log.exception("request_did_end failed")
    request.close()
    for close in exchange.closers:
        close()
    # PERF: without this cycle nothing is left to the garbage collector.
    response.exchange = None  # type: ignore[assignment]


class Streamed:
    """A body on its way; the request lives until its last byte is out, or it is closed.

    WHY no generator: one that was closed before its first byte would clean up nothing.
    """

    def __init__(self, chunks: Iterable[bytes], exchange: Exchange) -> None:
        self._chunks = chunks
        self._iterator = iter(chunks)
        self._exchange: Exchange | None = exchange

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._iterator)
        except StopIteration:
            self.close()
            raise
        except Exception:
            if self._exchange is not None:
                log.exception("the body of %s broke off", self._exchange.request.path)
            raise

    def close(self) -> None:
        """End the exchange, once."""
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        try:
            if (close := getattr(self._chunks, "close", None)) is not None:
                close()
        finally:
            end(exchange)
